//! Probes and lifecycle hooks (`validateProbe`, `validateLifecycle`, `validateHandler`).

use serde_json::Value;

use crate::machinery::detail;
use crate::machinery::names;
use crate::machinery::node::Node;
use crate::machinery::rule::Rule;

const STOP_SIGNALS_WINDOWS: [&str; 2] = ["SIGKILL", "SIGTERM"];

/// Returns the names of Linux signals; real-time ones are numbered from both ends.
fn stop_signals() -> Vec<String> {
    let named = [
        "ABRT", "ALRM", "BUS", "CHLD", "CLD", "CONT", "FPE", "HUP", "ILL", "INT", "IO", "IOT", "KILL",
        "PIPE", "POLL", "PROF", "PWR", "QUIT", "RTMAX", "RTMIN", "SEGV", "STKFLT", "STOP", "SYS", "TERM",
        "TRAP", "TSTP", "TTIN", "TTOU", "URG", "USR1", "USR2", "VTALRM", "WINCH", "XCPU", "XFSZ",
    ];
    let mut all: Vec<String> = named.iter().map(|name| format!("SIG{name}")).collect();
    all.extend((1..=14).map(|one| format!("SIGRTMAX-{one}")));
    all.extend((1..=15).map(|one| format!("SIGRTMIN+{one}")));
    all.sort();
    all
}

pub(super) fn lifecycle<'a>(pod: Node<'a>, container: Node<'a>) {
    let Some(lifecycle) = container.object("lifecycle") else {
        return;
    };
    for key in ["postStart", "preStop"] {
        if let Some(hook) = lifecycle.object(key) {
            handler(pod, hook, &["exec", "httpGet", "tcpSocket", "sleep"]);
        }
    }
    let Some(signal) = lifecycle.maybe_text("stopSignal") else {
        return;
    };
    let at = lifecycle.get("stopSignal");
    match pod.object("os").map(|os| os.text("name")) {
        None => at.forbidden(detail!("may not be set for containers with empty `spec.os.name`")),
        Some("windows") if !STOP_SIGNALS_WINDOWS.contains(&signal) => {
            at.unsupported(signal, &STOP_SIGNALS_WINDOWS);
        }
        Some("linux") => {
            let known = stop_signals();
            if !known.iter().any(|one| one == signal) {
                let known: Vec<&str> = known.iter().map(String::as_str).collect();
                at.unsupported(signal, &known);
            }
        }
        Some(_) => {}
    }
}

pub(super) fn probes(container: Node<'_>) {
    for key in ["livenessProbe", "readinessProbe", "startupProbe"] {
        if let Some(probe) = container.object(key) {
            self::probe(probe, key);
        }
    }
}

fn probe(probe: Node<'_>, kind: &str) {
    handler(probe, probe, &["exec", "httpGet", "tcpSocket", "grpc"]);
    for key in [
        "initialDelaySeconds",
        "timeoutSeconds",
        "periodSeconds",
        "successThreshold",
        "failureThreshold",
    ] {
        probe.not_negative(key);
    }
    let grace = probe.integer("terminationGracePeriodSeconds");
    let at = || probe.get("terminationGracePeriodSeconds");
    if let Some(grace) = grace.filter(|grace| *grace <= 0) {
        at().invalid(
            Rule::FieldMinimum,
            grace,
            &["1"],
            detail!("must be greater than 0"),
        );
    }
    if kind == "readinessProbe" {
        if let Some(grace) = grace {
            let detail = detail!("must not be set for readinessProbes");
            at().invalid(
                Rule::FieldForbidden,
                grace,
                &["terminationGracePeriodSeconds"],
                detail,
            );
        }
    } else if let Some(count) = probe.integer("successThreshold").filter(|count| *count != 1) {
        probe
            .get("successThreshold")
            .invalid(Rule::FieldRange, count, &["1", "1"], detail!("must be 1"));
    }
}

/// Validates the action of a handler: exactly one of several kinds.
fn handler<'a>(pod: Node<'a>, holder: Node<'a>, kinds: &[&'a str]) {
    let mut given = 0;
    let mut is_mistyped = false;
    for kind in kinds {
        let Some(action) = holder.object(kind) else {
            is_mistyped |= holder.has(kind);
            continue;
        };
        given += 1;
        if given > 1 {
            let detail = detail!("may not specify more than 1 handler type");
            action.forbid(Rule::FieldOneOf, &[&kinds.join(", ")], detail);
            continue;
        }
        match *kind {
            "exec" => exec(action),
            "httpGet" => http_get(action),
            "tcpSocket" => port(action),
            "grpc" => grpc(action),
            _ => sleep(pod, action),
        }
    }
    if given == 0 && !is_mistyped {
        let detail = detail!("must specify a handler type");
        holder.required(Rule::FieldOneOf, &[&kinds.join(", ")], detail);
    }
}

fn exec(action: Node<'_>) {
    let command = action.items("command");
    if command.is_empty() && (!action.has("command") || action.get("command").value.is_array()) {
        action.get("command").require();
    }
    for word in command {
        word.as_text();
    }
}

fn http_get(action: Node<'_>) {
    action.required_text("path");
    port(action);
    let scheme = action.text("scheme");
    if !matches!(scheme, "HTTP" | "HTTPS") && !action.is_mistyped_text("scheme") {
        action.get("scheme").unsupported(scheme, &["HTTP", "HTTPS"]);
    }
    for header in action.structs("httpHeaders") {
        let name = header.text("name");
        header.text("value");
        if !header.is_mistyped_text("name") {
            // The server's path omits the index and the key.
            let at = header.without_index().omitted("name");
            at.faults(Rule::FieldForm, name, &names::header_name(name));
        }
    }
    let host = action.text("host");
    match action.maybe_text("protocol") {
        Some("HTTP2") if scheme != "HTTP" => {
            let detail = detail!("is only supported with HTTP (H2C)");
            action
                .get("protocol")
                .invalid(Rule::FieldConflict, "HTTP2", &["protocol", "scheme"], detail);
        }
        Some("HTTP2") if !host.is_empty() => {
            let detail = detail!("must be empty when `protocol` is \"HTTP2\"");
            action
                .get("host")
                .invalid(Rule::FieldConflict, host, &["host", "protocol"], detail);
        }
        None | Some("HTTP1" | "HTTP2") => {}
        Some(other) => action.get("protocol").unsupported(other, &["HTTP1", "HTTP2"]),
    }
}

/// Validates a port number or name.
fn port(action: Node<'_>) {
    let at = action.get("port");
    match at.value {
        Value::String(name) => at.faults(Rule::PortName, name, &names::port_name(name)),
        Value::Null => number(at, 0),
        _ => {
            if let Some(port) = at.as_integer() {
                number(at, port);
            }
        }
    }
}

fn number(at: Node<'_>, port: i64) {
    if !(1..=65_535).contains(&port) {
        let detail = detail!("must be between 1 and 65535, inclusive");
        at.invalid(Rule::PortRange, port, &[], detail);
    }
}

fn grpc(action: Node<'_>) {
    let at = action.get("port");
    if at.value.is_null() {
        number(at, 0);
    } else if let Some(port) = at.as_integer() {
        number(at, port);
    }
    action.maybe_text("service");
    action.one_of("mode", &["PLAINTEXT", "TLS"]);
}

fn sleep(pod: Node<'_>, action: Node<'_>) {
    let seconds = action.integer("seconds").unwrap_or(0);
    let Some(grace) = pod.integer("terminationGracePeriodSeconds") else {
        return;
    };
    if seconds < 0 || seconds > grace {
        let detail = detail!("must be non-negative and less than terminationGracePeriodSeconds ({grace})");
        action.invalid(Rule::FieldRange, seconds, &["0", &grace.to_string()], detail);
    }
}
