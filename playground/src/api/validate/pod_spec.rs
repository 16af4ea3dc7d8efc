//! The spec of a Pod: containers, volumes, and what is about the whole.

use serde_json::Value;

use crate::api::decode::quantity::Quantity;
use crate::api::field::FieldError;
use crate::api::names;
use crate::api::validate::{container, list, meta, one_of, scheduling, security as profiles, text, volume};

/// `ValidatePodSpec` of core/v1.
pub fn validate(spec: &Value, path: &str, _creating: bool, errors: &mut Vec<FieldError>) {
    volume::all(spec, path, errors);
    container::all(spec, path, errors);
    one_of(
        spec,
        "restartPolicy",
        path,
        &["Always", "OnFailure", "Never"],
        errors,
    );
    one_of(
        spec,
        "dnsPolicy",
        path,
        &["ClusterFirstWithHostNet", "ClusterFirst", "Default", "None"],
        errors,
    );
    meta::labels(&spec["nodeSelector"], &format!("{path}.nodeSelector"), errors);
    for (name, check) in [
        ("serviceAccountName", names::subdomain as fn(&str) -> Vec<String>),
        ("nodeName", names::subdomain),
        ("runtimeClassName", names::subdomain),
        ("priorityClassName", names::subdomain),
        ("hostname", names::dns_label),
        ("subdomain", names::dns_label),
    ] {
        let value = text(spec, name);
        if !value.is_empty() {
            for problem in check(value) {
                errors.push(FieldError::invalid(format!("{path}.{name}"), value, problem));
            }
        }
    }
    one_of(
        spec,
        "preemptionPolicy",
        path,
        &["PreemptLowerPriority", "Never"],
        errors,
    );
    if let Some(seconds) = spec["activeDeadlineSeconds"].as_i64()
        && !(1..=i64::from(i32::MAX)).contains(&seconds)
    {
        let detail = "must be between 1 and 2147483647, inclusive";
        errors.push(FieldError::invalid(
            format!("{path}.activeDeadlineSeconds"),
            seconds,
            detail,
        ));
    }
    tolerations(spec, path, errors);
    gates(spec, path, errors);
    security(
        &spec["securityContext"],
        &format!("{path}.securityContext"),
        errors,
    );
    aliases(spec, path, errors);
    dns(spec, path, errors);
    node_affinity(
        &spec["affinity"]["nodeAffinity"],
        &format!("{path}.affinity.nodeAffinity"),
        errors,
    );
    scheduling::all(spec, path, errors);
    profiles::pod(spec, path, errors);
    for (name, amount) in spec["overhead"].as_object().into_iter().flatten() {
        let shown = amount.as_str().unwrap_or_default();
        if Quantity::parse(shown).is_ok_and(Quantity::is_negative) {
            let detail = "must be greater than or equal to 0";
            errors.push(FieldError::invalid(
                format!("{path}.overhead.limits[{name}]"),
                shown,
                detail,
            ));
        }
    }
}

fn tolerations(spec: &Value, path: &str, errors: &mut Vec<FieldError>) {
    for (index, one) in list(spec, "tolerations").iter().enumerate() {
        let path = format!("{path}.tolerations[{index}]");
        let key = text(one, "key");
        if !key.is_empty() {
            for problem in names::qualified_name(key) {
                errors.push(FieldError::invalid(format!("{path}.key"), key, problem));
            }
        }
        if key.is_empty() && one["operator"] != "Exists" {
            let detail =
                "operator must be Exists when `key` is empty, which means \"match all values and all keys\"";
            errors.push(FieldError::invalid(
                format!("{path}.operator"),
                text(one, "operator"),
                detail,
            ));
        }
        if !one["tolerationSeconds"].is_null() && one["effect"] != "NoExecute" {
            let detail = "effect must be 'NoExecute' when `tolerationSeconds` is set";
            errors.push(FieldError::invalid(
                format!("{path}.effect"),
                text(one, "effect"),
                detail,
            ));
        }
        if one["operator"] == "Exists" && !text(one, "value").is_empty() {
            let detail = "value must be empty when `operator` is 'Exists'";
            errors.push(FieldError::invalid(
                format!("{path}.operator"),
                text(one, "value"),
                detail,
            ));
        }
        one_of(one, "operator", &path, &["Equal", "Exists"], errors);
        one_of(
            one,
            "effect",
            &path,
            &["NoSchedule", "PreferNoSchedule", "NoExecute"],
            errors,
        );
    }
}

fn gates(spec: &Value, path: &str, errors: &mut Vec<FieldError>) {
    let mut seen: Vec<&str> = Vec::new();
    for (index, gate) in list(spec, "schedulingGates").iter().enumerate() {
        let path = format!("{path}.schedulingGates[{index}]");
        let name = text(gate, "name");
        for problem in names::qualified_name(name) {
            errors.push(FieldError::invalid(path.as_str(), name, problem));
        }
        if seen.contains(&name) {
            errors.push(FieldError::duplicate(path, name));
        }
        seen.push(name);
    }
    for (index, gate) in list(spec, "readinessGates").iter().enumerate() {
        let name = text(gate, "conditionType");
        for problem in names::qualified_name(name) {
            errors.push(FieldError::invalid(
                format!("{path}.readinessGates[{index}].conditionType"),
                name,
                problem,
            ));
        }
    }
}

/// Ids of users and groups, in a Pod or a container.
pub(super) fn ids(context: &Value, names: &[&str], path: &str, errors: &mut Vec<FieldError>) {
    for name in names {
        if let Some(id) = context[*name].as_i64()
            && !(0..=i64::from(i32::MAX)).contains(&id)
        {
            let detail = "must be between 0 and 2147483647, inclusive";
            errors.push(FieldError::invalid(format!("{path}.{name}"), id, detail));
        }
    }
}

fn security(context: &Value, path: &str, errors: &mut Vec<FieldError>) {
    ids(context, &["runAsUser", "runAsGroup", "fsGroup"], path, errors);
    for (index, id) in list(context, "supplementalGroups")
        .iter()
        .filter_map(Value::as_i64)
        .enumerate()
    {
        if !(0..=i64::from(i32::MAX)).contains(&id) {
            let detail = "must be between 0 and 2147483647, inclusive";
            errors.push(FieldError::invalid(
                format!("{path}.supplementalGroups[{index}]"),
                id,
                detail,
            ));
        }
    }
    one_of(
        context,
        "fsGroupChangePolicy",
        path,
        &["Always", "OnRootMismatch"],
        errors,
    );
    one_of(
        context,
        "supplementalGroupsPolicy",
        path,
        &["Merge", "Strict"],
        errors,
    );
}

fn is_address(text: &str) -> bool {
    text.parse::<std::net::IpAddr>().is_ok()
}

const ADDRESS: &str = "must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)";

fn aliases(spec: &Value, path: &str, errors: &mut Vec<FieldError>) {
    for (index, alias) in list(spec, "hostAliases").iter().enumerate() {
        let path = format!("{path}.hostAliases[{index}]");
        if !is_address(text(alias, "ip")) {
            errors.push(FieldError::invalid(
                format!("{path}.ip"),
                text(alias, "ip"),
                ADDRESS,
            ));
        }
        for (at, name) in list(alias, "hostnames")
            .iter()
            .filter_map(Value::as_str)
            .enumerate()
        {
            for problem in names::subdomain(name) {
                errors.push(FieldError::invalid(
                    format!("{path}.hostnames[{at}]"),
                    name,
                    problem,
                ));
            }
        }
    }
}

fn dns(spec: &Value, path: &str, errors: &mut Vec<FieldError>) {
    let config = &spec["dnsConfig"];
    let path = format!("{path}.dnsConfig");
    if spec["dnsPolicy"] == "None" && config.is_null() {
        let detail = "must provide `dnsConfig` when `dnsPolicy` is None";
        errors.push(FieldError::required(path.as_str(), detail));
    }
    for (index, server) in list(config, "nameservers")
        .iter()
        .filter_map(Value::as_str)
        .enumerate()
    {
        if !is_address(server) {
            errors.push(FieldError::invalid(
                format!("{path}.nameservers[{index}]"),
                server,
                ADDRESS,
            ));
        }
    }
    if list(config, "searches").len() > 32 {
        let detail = "must not have more than 32 search paths";
        errors.push(FieldError::invalid(
            format!("{path}.searches"),
            config["searches"].clone(),
            detail,
        ));
    }
    for (index, option) in list(config, "options").iter().enumerate() {
        if text(option, "name").is_empty() {
            errors.push(FieldError::required(
                format!("{path}.options[{index}]"),
                "must not be empty",
            ));
        }
    }
}

fn node_affinity(affinity: &Value, path: &str, errors: &mut Vec<FieldError>) {
    let required = &affinity["requiredDuringSchedulingIgnoredDuringExecution"];
    let path = format!("{path}.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms");
    if required.is_object() && list(required, "nodeSelectorTerms").is_empty() {
        let detail = "must have at least one node selector term";
        errors.push(FieldError::required(path.as_str(), detail));
    }
    for (index, term) in list(required, "nodeSelectorTerms").iter().enumerate() {
        for (at, one) in list(term, "matchExpressions").iter().enumerate() {
            let path = format!("{path}[{index}].matchExpressions[{at}]");
            let values = list(one, "values");
            match text(one, "operator") {
                "In" | "NotIn" if values.is_empty() => {
                    errors.push(FieldError::required(
                        format!("{path}.values"),
                        "must be specified when `operator` is 'In' or 'NotIn'",
                    ));
                }
                "Exists" | "DoesNotExist" if !values.is_empty() => {
                    errors.push(FieldError::forbidden(
                        format!("{path}.values"),
                        "may not be specified when `operator` is 'Exists' or 'DoesNotExist'",
                    ));
                }
                "Gt" | "Lt" if values.len() != 1 => {
                    errors.push(FieldError::required(
                        format!("{path}.values"),
                        "must be specified single value when `operator` is 'Lt' or 'Gt'",
                    ));
                }
                "In" | "NotIn" | "Exists" | "DoesNotExist" | "Gt" | "Lt" => {}
                other => errors.push(FieldError::invalid(
                    format!("{path}.operator"),
                    other,
                    "not a valid selector operator",
                )),
            }
            for problem in names::qualified_name(text(one, "key")) {
                errors.push(FieldError::invalid(
                    format!("{path}.key"),
                    text(one, "key"),
                    problem,
                ));
            }
        }
        for (at, one) in list(term, "matchFields").iter().enumerate() {
            let path = format!("{path}[{index}].matchFields[{at}]");
            let key = text(one, "key");
            match text(one, "operator") {
                "In" | "NotIn" if list(one, "values").len() != 1 => errors.push(FieldError::required(
                    format!("{path}.values"),
                    "must be only one value when `operator` is 'In' or 'NotIn' for node field selector",
                )),
                "In" | "NotIn" => {}
                other => {
                    let detail = "not a valid selector operator";
                    errors.push(FieldError::invalid(format!("{path}.operator"), other, detail));
                }
            }
            if key != "metadata.name" {
                let detail = "not a valid field selector key";
                errors.push(FieldError::invalid(format!("{path}.key"), key, detail));
            }
        }
    }
}
