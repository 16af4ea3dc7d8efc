//! Containers and init containers.

use serde_json::Value;

use crate::api::decode::quantity::Quantity;
use crate::api::field::FieldError;
use crate::api::names;
use crate::api::validate::others::config_key;
use crate::api::validate::{list, not_negative, one_of, pod_spec, scheduling, security, text};

/// Every container of a Pod's spec.
pub fn all(spec: &Value, path: &str, errors: &mut Vec<FieldError>) {
    if list(spec, "containers").is_empty() {
        errors.push(FieldError::required(format!("{path}.containers"), ""));
    }
    let mut seen: Vec<&str> = Vec::new();
    for kind in ["containers", "initContainers"] {
        for (index, container) in list(spec, kind).iter().enumerate() {
            let path = format!("{path}.{kind}[{index}]");
            let name = text(container, "name");
            if name.is_empty() {
                errors.push(FieldError::required(format!("{path}.name"), ""));
            } else {
                for problem in names::dns_label(name) {
                    let problem = problem.replace("63 bytes", "63 characters");
                    errors.push(FieldError::invalid(format!("{path}.name"), name, problem));
                }
            }
            if seen.contains(&name) && !name.is_empty() {
                errors.push(FieldError::duplicate(format!("{path}.name"), name));
            }
            seen.push(name);
            one(spec, container, &path, errors);
            let sidecar = container["restartPolicy"] == "Always";
            if kind == "initContainers" && !sidecar {
                for forbidden in ["lifecycle", "livenessProbe", "readinessProbe", "startupProbe"] {
                    if !container[forbidden].is_null() {
                        let detail = "may not be set for init containers without restartPolicy=Always";
                        errors.push(FieldError::forbidden(format!("{path}.{forbidden}"), detail));
                    }
                }
            }
        }
    }
}

fn one(spec: &Value, container: &Value, path: &str, errors: &mut Vec<FieldError>) {
    let image = text(container, "image");
    if image.is_empty() {
        errors.push(FieldError::required(format!("{path}.image"), ""));
    } else if image.trim() != image {
        let detail = "must not have leading or trailing whitespace";
        errors.push(FieldError::invalid(format!("{path}.image"), image, detail));
    }
    one_of(
        container,
        "terminationMessagePolicy",
        path,
        &["File", "FallbackToLogsOnError"],
        errors,
    );
    one_of(
        container,
        "imagePullPolicy",
        path,
        &["Always", "IfNotPresent", "Never"],
        errors,
    );
    one_of(
        container,
        "restartPolicy",
        path,
        &["Always", "Never", "OnFailure"],
        errors,
    );
    ports(container, path, errors);
    environment(container, path, errors);
    env_from(container, path, errors);
    mounts(spec, container, path, errors);
    devices(spec, container, path, errors);
    resources(&container["resources"], &format!("{path}.resources"), errors);
    scheduling::container_claims(
        spec,
        &container["resources"],
        &format!("{path}.resources"),
        errors,
    );
    for probe in ["livenessProbe", "readinessProbe", "startupProbe"] {
        if !container[probe].is_null() {
            probe_rules(&container[probe], probe, &format!("{path}.{probe}"), errors);
        }
    }
    for hook in ["postStart", "preStop"] {
        if !container["lifecycle"][hook].is_null() {
            let path = format!("{path}.lifecycle.{hook}");
            handler(
                &container["lifecycle"][hook],
                &["exec", "httpGet", "tcpSocket", "sleep"],
                &path,
                errors,
            );
            let sleep = container["lifecycle"][hook]["sleep"]["seconds"].as_i64();
            let grace = spec["terminationGracePeriodSeconds"].as_i64().unwrap_or(30);
            if let Some(seconds) = sleep.filter(|seconds| !(0..=grace).contains(seconds)) {
                let detail =
                    format!("must be non-negative and less than terminationGracePeriodSeconds ({grace})");
                errors.push(FieldError::invalid(format!("{path}.sleep"), seconds, detail));
            }
        }
    }
    security::profiles(
        &container["securityContext"],
        &format!("{path}.securityContext"),
        errors,
    );
    let context = &container["securityContext"];
    pod_spec::ids(
        context,
        &["runAsUser", "runAsGroup"],
        &format!("{path}.securityContext"),
        errors,
    );
    one_of(
        context,
        "procMount",
        &format!("{path}.securityContext"),
        &["Default", "Unmasked"],
        errors,
    );
}

fn port_number(value: &Value, path: String, errors: &mut Vec<FieldError>) {
    if let Some(number) = value.as_i64()
        && !(1..=65535).contains(&number)
    {
        errors.push(FieldError::invalid(
            path,
            number,
            "must be between 1 and 65535, inclusive",
        ));
    }
}

fn port_name(name: &str, path: &str, errors: &mut Vec<FieldError>) {
    let mut problem = |detail: &str| errors.push(FieldError::invalid(path, name, detail));
    if name.len() > 15 {
        problem("must be no more than 15 characters");
    }
    if !name
        .bytes()
        .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
    {
        problem("must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)");
    }
    if !name.bytes().any(|byte| byte.is_ascii_lowercase()) {
        problem("must contain at least one letter (a-z)");
    }
    if name.contains("--") {
        problem("must not contain consecutive hyphens");
    }
    if name.starts_with('-') || name.ends_with('-') {
        problem("must not begin or end with a hyphen");
    }
}

fn ports(container: &Value, path: &str, errors: &mut Vec<FieldError>) {
    let mut seen: Vec<&str> = Vec::new();
    for (index, port) in list(container, "ports").iter().enumerate() {
        let path = format!("{path}.ports[{index}]");
        let name = text(port, "name");
        if !name.is_empty() {
            port_name(name, &format!("{path}.name"), errors);
            if seen.contains(&name) {
                errors.push(FieldError::duplicate(format!("{path}.name"), name));
            }
            seen.push(name);
        }
        if port["containerPort"].as_i64().unwrap_or(0) == 0 {
            errors.push(FieldError::required(format!("{path}.containerPort"), ""));
        } else {
            port_number(&port["containerPort"], format!("{path}.containerPort"), errors);
        }
        if port["hostPort"].as_i64() != Some(0) {
            port_number(&port["hostPort"], format!("{path}.hostPort"), errors);
        }
        one_of(port, "protocol", &path, &["SCTP", "TCP", "UDP"], errors);
    }
}

fn environment(container: &Value, path: &str, errors: &mut Vec<FieldError>) {
    for (index, variable) in list(container, "env").iter().enumerate() {
        let path = format!("{path}.env[{index}]");
        let name = text(variable, "name");
        if name.is_empty() {
            errors.push(FieldError::required(format!("{path}.name"), ""));
        } else if name.contains('=') || !name.bytes().all(|byte| (0x20..0x7f).contains(&byte)) {
            let detail = "a valid environment variable name must consist only of printable ASCII characters other than '='";
            errors.push(FieldError::invalid(format!("{path}.name"), name, detail));
        }
        let source = &variable["valueFrom"];
        if source.is_null() {
            continue;
        }
        let path = format!("{path}.valueFrom");
        let kinds = [
            "fieldRef",
            "resourceFieldRef",
            "configMapKeyRef",
            "secretKeyRef",
            "fileKeyRef",
        ];
        let given = kinds.iter().filter(|kind| !source[**kind].is_null()).count();
        if given == 0 {
            let detail = "must specify one of: `fieldRef`, `resourceFieldRef`, `configMapKeyRef`, `secretKeyRef` or `fileKeyRef`";
            errors.push(FieldError::invalid(path.as_str(), "", detail));
        } else if !text(variable, "value").is_empty() {
            errors.push(FieldError::invalid(
                path.as_str(),
                "",
                "may not be specified when `value` is not empty",
            ));
        } else if given > 1 {
            errors.push(FieldError::invalid(
                path.as_str(),
                "",
                "may not have more than one field specified at a time",
            ));
        }
        source_rules(source, &path, errors);
    }
}

fn source_rules(source: &Value, path: &str, errors: &mut Vec<FieldError>) {
    if !source["fieldRef"].is_null() {
        let field = text(&source["fieldRef"], "fieldPath");
        let here = format!("{path}.fieldRef.fieldPath");
        let known = [
            "metadata.name",
            "metadata.namespace",
            "metadata.uid",
            "spec.nodeName",
            "spec.serviceAccountName",
            "status.hostIP",
            "status.hostIPs",
            "status.podIP",
            "status.podIPs",
        ];
        let subscripted =
            field.starts_with("metadata.labels['") || field.starts_with("metadata.annotations['");
        let version = text(&source["fieldRef"], "apiVersion");
        if field.is_empty() {
            errors.push(FieldError::required(here, ""));
        } else if version != "v1" {
            let detail = format!("error converting fieldPath: unsupported pod version: {version}");
            errors.push(FieldError::invalid(here, field, detail));
        } else if !known.contains(&field) && !subscripted {
            let detail = format!("error converting fieldPath: field label not supported: {field}");
            errors.push(FieldError::invalid(here, field, detail));
        }
    }
    if !source["resourceFieldRef"].is_null() {
        let known = [
            "limits.cpu",
            "limits.ephemeral-storage",
            "limits.memory",
            "requests.cpu",
            "requests.ephemeral-storage",
            "requests.memory",
        ];
        let resource = text(&source["resourceFieldRef"], "resource");
        let here = format!("{path}.resourceFieldRef.resource");
        if resource.is_empty() {
            errors.push(FieldError::required(here, ""));
        } else if !known.contains(&resource) && !resource.contains("hugepages-") {
            errors.push(FieldError::not_supported(here, resource, &known));
        }
    }
    for kind in ["configMapKeyRef", "secretKeyRef"] {
        let reference = &source[kind];
        if reference.is_null() {
            continue;
        }
        let name = text(reference, "name");
        for problem in names::subdomain(name) {
            errors.push(FieldError::invalid(format!("{path}.{kind}.name"), name, problem));
        }
        let key = text(reference, "key");
        if key.is_empty() {
            errors.push(FieldError::required(format!("{path}.{kind}.key"), ""));
        } else {
            for problem in config_key(key) {
                errors.push(FieldError::invalid(format!("{path}.{kind}.key"), key, problem));
            }
        }
    }
}

fn env_from(container: &Value, path: &str, errors: &mut Vec<FieldError>) {
    for (index, source) in list(container, "envFrom").iter().enumerate() {
        let given: Vec<&str> = ["configMapRef", "secretRef"]
            .into_iter()
            .filter(|kind| !source[*kind].is_null())
            .collect();
        match given.as_slice() {
            [] => errors.push(FieldError::invalid(
                format!("{path}.envFrom"),
                "",
                "must specify one of: `configMapRef` or `secretRef`",
            )),
            [kind] => {
                if text(&source[*kind], "name").is_empty() {
                    errors.push(FieldError::required(
                        format!("{path}.envFrom[{index}].{kind}.name"),
                        "",
                    ));
                }
            }
            _ => errors.push(FieldError::invalid(
                format!("{path}.envFrom"),
                "",
                "may not have more than one field specified at a time",
            )),
        }
    }
}

fn mounts(spec: &Value, container: &Value, path: &str, errors: &mut Vec<FieldError>) {
    let mut seen: Vec<&str> = Vec::new();
    for (index, mount) in list(container, "volumeMounts").iter().enumerate() {
        let here = format!("{path}.volumeMounts[{index}]");
        let loose = format!("{path}.volumeMounts");
        let name = text(mount, "name");
        if name.is_empty() {
            errors.push(FieldError::required(format!("{here}.name"), ""));
        } else if !list(spec, "volumes").iter().any(|volume| volume["name"] == name) {
            errors.push(FieldError::not_found(format!("{here}.name"), name, ""));
        }
        let at = text(mount, "mountPath");
        if at.is_empty() {
            errors.push(FieldError::required(format!("{here}.mountPath"), ""));
        } else if seen.contains(&at) {
            errors.push(FieldError::invalid(
                format!("{here}.mountPath"),
                at,
                "must be unique",
            ));
        }
        seen.push(at);
        for name in ["subPath", "subPathExpr"] {
            relative(text(mount, name), &format!("{loose}.{name}"), errors);
        }
        one_of(
            mount,
            "mountPropagation",
            &loose,
            &["Bidirectional", "HostToContainer", "None"],
            errors,
        );
        if matches!(text(mount, "recursiveReadOnly"), "IfPossible" | "Enabled") && mount["readOnly"] != true {
            let detail = "may only be specified when readOnly is true";
            errors.push(FieldError::forbidden(
                format!("{loose}.recursiveReadOnly"),
                detail,
            ));
        }
    }
}

/// Block devices: of volumes that can be one.
fn devices(spec: &Value, container: &Value, path: &str, errors: &mut Vec<FieldError>) {
    let mut seen: Vec<&str> = Vec::new();
    for (index, device) in list(container, "volumeDevices").iter().enumerate() {
        let here = format!("{path}.volumeDevices[{index}]");
        let (name, at) = (text(device, "name"), text(device, "devicePath"));
        let volume = list(spec, "volumes").iter().find(|volume| volume["name"] == name);
        if name.is_empty() {
            errors.push(FieldError::required(format!("{here}.name"), ""));
        } else if let Some(volume) = volume {
            if volume["persistentVolumeClaim"].is_null() && volume["ephemeral"].is_null() {
                let detail =
                    "can only use volume source type of PersistentVolumeClaim or Ephemeral for block mode";
                errors.push(FieldError::invalid(format!("{here}.name"), name, detail));
            }
        } else {
            errors.push(FieldError::not_found(format!("{here}.name"), name, ""));
        }
        if at.is_empty() {
            errors.push(FieldError::required(format!("{here}.devicePath"), ""));
        } else if seen.contains(&at) {
            errors.push(FieldError::invalid(
                format!("{here}.devicePath"),
                at,
                "must be unique",
            ));
        } else if at.split('/').any(|part| part == "..") {
            errors.push(FieldError::invalid(
                format!("{here}.devicePath"),
                at,
                "can not contain backsteps ('..')",
            ));
        }
        seen.push(at);
    }
}

/// A path inside a volume.
pub(super) fn relative(path: &str, field: &str, errors: &mut Vec<FieldError>) {
    if path.starts_with('/') {
        errors.push(FieldError::invalid(field, path, "must be a relative path"));
    }
    if path.split('/').any(|part| part == "..") {
        errors.push(FieldError::invalid(field, path, "must not contain '..'"));
    }
}

fn resources(resources: &Value, path: &str, errors: &mut Vec<FieldError>) {
    for kind in ["limits", "requests"] {
        for (name, amount) in resources[kind].as_object().into_iter().flatten() {
            let here = format!("{path}.{kind}[{name}]");
            let standard = matches!(name.as_str(), "cpu" | "memory" | "ephemeral-storage")
                || name.starts_with("hugepages-");
            for problem in names::qualified_name(name) {
                errors.push(FieldError::invalid(here.as_str(), name.as_str(), problem));
            }
            if !name.contains('/') && !standard {
                if name != "storage" {
                    let detail = "must be a standard resource type or fully qualified";
                    errors.push(FieldError::invalid(here.as_str(), name.as_str(), detail));
                }
                let detail = "must be a standard resource for containers";
                errors.push(FieldError::invalid(here.as_str(), name.as_str(), detail));
            } else if name.contains('/') && !names::qualified_name(&format!("requests.{name}")).is_empty() {
                let detail = "doesn't follow extended resource name standard";
                errors.push(FieldError::invalid(here.as_str(), name.as_str(), detail));
            }
            let shown = amount.as_str().unwrap_or_default();
            let Ok(amount) = Quantity::parse(shown) else {
                continue;
            };
            if amount.is_negative() {
                errors.push(FieldError::invalid(
                    here.as_str(),
                    shown,
                    "must be greater than or equal to 0",
                ));
            }
            if name.contains('/') && !amount.is_whole() {
                errors.push(FieldError::invalid(here, shown, "must be an integer"));
            }
        }
    }
    let amounts = |name: &str| {
        ["limits", "requests"]
            .iter()
            .any(|kind| !resources[*kind][name].is_null())
    };
    let huge = ["limits", "requests"].iter().any(|kind| {
        let names = resources[*kind].as_object().into_iter().flatten();
        names.into_iter().any(|(name, _)| name.starts_with("hugepages-"))
    });
    if huge && !amounts("cpu") && !amounts("memory") {
        errors.push(FieldError::forbidden(path, "HugePages require cpu or memory"));
    }
    for (name, request) in resources["requests"].as_object().into_iter().flatten() {
        let exact = name.contains('/') || name.starts_with("hugepages-");
        let shown = request.as_str().unwrap_or_default();
        let limit = text(&resources["limits"], name);
        if limit.is_empty() {
            if exact {
                let detail = "Limit must be set for non overcommitable resources";
                errors.push(FieldError::required(format!("{path}.limits"), detail));
            }
            continue;
        }
        let (Ok(asked), Ok(most)) = (Quantity::parse(shown), Quantity::parse(limit)) else {
            continue;
        };
        let here = format!("{path}.requests");
        if exact && asked != most {
            errors.push(FieldError::invalid(
                here,
                shown,
                format!("must be equal to {name} limit of {limit}"),
            ));
        } else if asked > most {
            errors.push(FieldError::invalid(
                here,
                shown,
                format!("must be less than or equal to {name} limit of {limit}"),
            ));
        }
    }
}

/// Exactly one way to act.
fn handler(object: &Value, kinds: &[&str], path: &str, errors: &mut Vec<FieldError>) {
    let mut given = 0;
    for kind in kinds.iter().filter(|kind| !object[**kind].is_null()) {
        given += 1;
        let here = format!("{path}.{kind}");
        let action = &object[*kind];
        if given > 1 {
            errors.push(FieldError::forbidden(
                here,
                "may not specify more than 1 handler type",
            ));
            continue;
        }
        match *kind {
            "exec" if list(action, "command").is_empty() => {
                errors.push(FieldError::required(format!("{here}.command"), ""));
            }
            "httpGet" => {
                probe_port(action, &here, errors);
                one_of(action, "scheme", &here, &["HTTP", "HTTPS"], errors);
            }
            "tcpSocket" | "grpc" => probe_port(action, &here, errors),
            _ => {}
        }
    }
    if given == 0 {
        errors.push(FieldError::required(path, "must specify a handler type"));
    }
}

fn probe_port(action: &Value, path: &str, errors: &mut Vec<FieldError>) {
    port_number(&action["port"], format!("{path}.port"), errors);
    if let Some(name) = action["port"].as_str() {
        port_name(name, &format!("{path}.port"), errors);
    }
}

fn probe_rules(probe: &Value, kind: &str, path: &str, errors: &mut Vec<FieldError>) {
    handler(probe, &["exec", "httpGet", "tcpSocket", "grpc"], path, errors);
    for name in [
        "initialDelaySeconds",
        "timeoutSeconds",
        "periodSeconds",
        "successThreshold",
        "failureThreshold",
    ] {
        not_negative(probe, name, path, errors);
    }
    if kind != "readinessProbe"
        && let Some(threshold) = probe["successThreshold"].as_i64()
        && threshold != 1
    {
        errors.push(FieldError::invalid(
            format!("{path}.successThreshold"),
            threshold,
            "must be 1",
        ));
    }
    let grace = &probe["terminationGracePeriodSeconds"];
    if kind == "readinessProbe" && !grace.is_null() {
        let here = format!("{path}.terminationGracePeriodSeconds");
        errors.push(FieldError::invalid(
            here,
            grace.clone(),
            "must not be set for readinessProbes",
        ));
    }
}
