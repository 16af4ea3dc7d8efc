//! Where a Pod may run: affinity between Pods, spreading, claims of devices.

use serde_json::{Value, json};

use crate::api::field::FieldError;
use crate::api::names;
use crate::api::validate::{list, meta, one_of, text};

/// Everything of a Pod's spec that this module knows.
pub fn all(spec: &Value, path: &str, errors: &mut Vec<FieldError>) {
    for kind in ["podAffinity", "podAntiAffinity"] {
        pod_affinity(
            &spec["affinity"][kind],
            &format!("{path}.affinity.{kind}"),
            errors,
        );
    }
    spread(spec, path, errors);
    claims(spec, path, errors);
}

fn pod_affinity(affinity: &Value, path: &str, errors: &mut Vec<FieldError>) {
    let required = "requiredDuringSchedulingIgnoredDuringExecution";
    for (index, term) in list(affinity, required).iter().enumerate() {
        affinity_term(term, &format!("{path}.{required}[{index}]"), errors);
    }
    let preferred = "preferredDuringSchedulingIgnoredDuringExecution";
    for (index, one) in list(affinity, preferred).iter().enumerate() {
        let path = format!("{path}.{preferred}[{index}]");
        let weight = one["weight"].as_i64().unwrap_or(0);
        if !(1..=100).contains(&weight) {
            let detail = "must be in the range 1-100";
            errors.push(FieldError::invalid(format!("{path}.weight"), weight, detail));
        }
        affinity_term(
            &one["podAffinityTerm"],
            &format!("{path}.podAffinityTerm"),
            errors,
        );
    }
}

fn affinity_term(term: &Value, path: &str, errors: &mut Vec<FieldError>) {
    selector(&term["labelSelector"], &format!("{path}.labelSelector"), errors);
    selector(
        &term["namespaceSelector"],
        &format!("{path}.namespaceSelector"),
        errors,
    );
    for (index, namespace) in list(term, "namespaces")
        .iter()
        .filter_map(Value::as_str)
        .enumerate()
    {
        for problem in names::dns_label(namespace) {
            let at = format!("{path}.namespaces[{index}]");
            errors.push(FieldError::invalid(at, namespace, problem));
        }
    }
    let key = text(term, "topologyKey");
    let at = format!("{path}.topologyKey");
    if key.is_empty() {
        errors.push(FieldError::required(at.as_str(), "can not be empty"));
    }
    for problem in names::qualified_name(key) {
        errors.push(FieldError::invalid(at.as_str(), key, problem));
    }
}

/// `ValidateLabelSelector`.
pub fn selector(selector: &Value, path: &str, errors: &mut Vec<FieldError>) {
    meta::labels(&selector["matchLabels"], &format!("{path}.matchLabels"), errors);
    for (index, one) in list(selector, "matchExpressions").iter().enumerate() {
        let path = format!("{path}.matchExpressions[{index}]");
        let values = list(one, "values");
        match text(one, "operator") {
            "In" | "NotIn" => {
                if values.is_empty() {
                    let detail = "must be specified when `operator` is 'In' or 'NotIn'";
                    errors.push(FieldError::required(format!("{path}.values"), detail));
                }
            }
            "Exists" | "DoesNotExist" => {
                if !values.is_empty() {
                    let detail = "may not be specified when `operator` is 'Exists' or 'DoesNotExist'";
                    errors.push(FieldError::forbidden(format!("{path}.values"), detail));
                }
            }
            other => {
                let detail = "not a valid selector operator";
                errors.push(FieldError::invalid(format!("{path}.operator"), other, detail));
            }
        }
        for problem in names::qualified_name(text(one, "key")) {
            errors.push(FieldError::invalid(
                format!("{path}.key"),
                text(one, "key"),
                problem,
            ));
        }
        for (at, value) in values.iter().filter_map(Value::as_str).enumerate() {
            for problem in names::label_value(value) {
                errors.push(FieldError::invalid(
                    format!("{path}.values[{at}]"),
                    value,
                    problem,
                ));
            }
        }
    }
}

fn spread(spec: &Value, path: &str, errors: &mut Vec<FieldError>) {
    let constraints = list(spec, "topologySpreadConstraints");
    for (index, one) in constraints.iter().enumerate() {
        let path = format!("{path}.topologySpreadConstraints[{index}]");
        let skew = one["maxSkew"].as_i64().unwrap_or(0);
        if skew <= 0 {
            errors.push(FieldError::invalid(
                format!("{path}.maxSkew"),
                skew,
                "must be greater than zero",
            ));
        }
        let key = text(one, "topologyKey");
        if key.is_empty() {
            errors.push(FieldError::required(
                format!("{path}.topologyKey"),
                "can not be empty",
            ));
        } else {
            for problem in names::qualified_name(key) {
                errors.push(FieldError::invalid(format!("{path}.topologyKey"), key, problem));
            }
        }
        let when = text(one, "whenUnsatisfiable");
        if !matches!(when, "DoNotSchedule" | "ScheduleAnyway") {
            let allowed = ["DoNotSchedule", "ScheduleAnyway"];
            errors.push(FieldError::not_supported(
                format!("{path}.whenUnsatisfiable"),
                when,
                &allowed,
            ));
        }
        let same =
            |other: &Value| text(other, "topologyKey") == key && text(other, "whenUnsatisfiable") == when;
        if constraints[index + 1..].iter().any(same) {
            let at = format!("{path}.{{topologyKey, whenUnsatisfiable}}");
            errors.push(FieldError::duplicate(at, format!("{{{key}, {when}}}")));
        }
        if let Some(domains) = one["minDomains"].as_i64() {
            let at = format!("{path}.minDomains");
            if domains <= 0 {
                errors.push(FieldError::invalid(
                    at.as_str(),
                    domains,
                    "must be greater than zero",
                ));
            }
            if when != "DoNotSchedule" {
                let detail =
                    format!("can only use minDomains if whenUnsatisfiable=DoNotSchedule, not {when}");
                errors.push(FieldError::invalid(at, domains, detail));
            }
        }
        for name in ["nodeAffinityPolicy", "nodeTaintsPolicy"] {
            one_of(one, name, &path, &["Honor", "Ignore"], errors);
        }
        selector(&one["labelSelector"], &format!("{path}.labelSelector"), errors);
    }
}

fn claims(spec: &Value, path: &str, errors: &mut Vec<FieldError>) {
    let mut seen: Vec<&str> = Vec::new();
    for (index, claim) in list(spec, "resourceClaims").iter().enumerate() {
        let path = format!("{path}.resourceClaims[{index}]");
        let name = text(claim, "name");
        if name.is_empty() {
            errors.push(FieldError::required(format!("{path}.name"), ""));
        } else if seen.contains(&name) {
            errors.push(FieldError::duplicate(format!("{path}.name"), name));
        } else {
            for problem in names::dns_label(name) {
                errors.push(FieldError::invalid(format!("{path}.name"), name, problem));
            }
            seen.push(name);
        }
        let (claimed, template) = (&claim["resourceClaimName"], &claim["resourceClaimTemplateName"]);
        let shown =
            json!({"Name": name, "ResourceClaimName": claimed, "ResourceClaimTemplateName": template});
        if claimed.is_string() && template.is_string() {
            let detail = "at most one of `resourceClaimName` or `resourceClaimTemplateName` may be specified";
            errors.push(FieldError::invalid(path.as_str(), shown, detail));
        } else if claimed.is_null() && template.is_null() {
            let detail = "must specify one of: `resourceClaimName`, `resourceClaimTemplateName`";
            errors.push(FieldError::invalid(path.as_str(), shown, detail));
        }
        for name in ["resourceClaimName", "resourceClaimTemplateName"] {
            if let Some(value) = claim[name].as_str() {
                for problem in names::subdomain(value) {
                    errors.push(FieldError::invalid(format!("{path}.{name}"), value, problem));
                }
            }
        }
    }
}

/// The claims of one container: each one of the Pod's, and once.
pub fn container_claims(spec: &Value, resources: &Value, path: &str, errors: &mut Vec<FieldError>) {
    let known: Vec<&str> = list(spec, "resourceClaims")
        .iter()
        .map(|one| text(one, "name"))
        .collect();
    let mut seen: Vec<(&str, &str)> = Vec::new();
    for (index, claim) in list(resources, "claims").iter().enumerate() {
        let path = format!("{path}.claims[{index}]");
        let (name, request) = (text(claim, "name"), text(claim, "request"));
        if name.is_empty() {
            errors.push(FieldError::required(format!("{path}.name"), ""));
            continue;
        }
        if seen.contains(&(name, request)) {
            let shown = if request.is_empty() {
                name.to_owned()
            } else {
                format!("{name}/{request}")
            };
            errors.push(FieldError::duplicate(path.as_str(), shown));
        }
        seen.push((name, request));
        if !known.contains(&name) {
            let which = if known.is_empty() { " which is empty" } else { "" };
            let detail = format!("must be one of the names in pod.spec.resourceClaims{which}");
            errors.push(FieldError::not_found(path, name, detail));
        }
    }
}
