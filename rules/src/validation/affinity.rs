//! Node affinity, Pod affinity and Pod anti-affinity (`validateAffinity`).

use super::{scheduling, selector};
use crate::machinery::detail;
use crate::machinery::names;
use crate::machinery::node::Node;
use crate::machinery::rule::Rule;

const REQUIRED: &str = "requiredDuringSchedulingIgnoredDuringExecution";
const PREFERRED: &str = "preferredDuringSchedulingIgnoredDuringExecution";

pub(super) fn affinity(pod: Node<'_>) {
    let Some(affinity) = pod.object("affinity") else {
        return;
    };
    if let Some(nodes) = affinity.object("nodeAffinity") {
        node_affinity(nodes);
    }
    for key in ["podAffinity", "podAntiAffinity"] {
        if let Some(pods) = affinity.object(key) {
            pod_affinity(pods);
        }
    }
}

fn node_affinity(affinity: Node<'_>) {
    if let Some(required) = affinity.object(REQUIRED) {
        let terms = required.structs("nodeSelectorTerms");
        let at = required.get("nodeSelectorTerms");
        if terms.is_empty() && (at.value.is_null() || at.value.is_array()) {
            let detail = detail!("must have at least one node selector term");
            at.required(Rule::FieldRequired, &["nodeSelectorTerms"], detail);
        }
        for one in terms {
            term(one, true);
        }
    }
    for weighted in affinity.structs(PREFERRED) {
        weight(weighted);
        term(weighted.get("preference"), false);
    }
}

fn weight(weighted: Node<'_>) {
    let weight = weighted.integer("weight");
    let is_mistyped = weight.is_none() && weighted.has("weight");
    let weight = weight.unwrap_or(0);
    if !(1..=100).contains(&weight) && !is_mistyped {
        let detail = detail!("must be in the range 1-100");
        weighted
            .get("weight")
            .invalid(Rule::FieldRange, weight, &["1", "100"], detail);
    }
}

/// Validates a term of a node selector. The values of a preferred term need not be label values.
fn term(term: Node<'_>, checks_values: bool) {
    for one in term.structs("matchExpressions") {
        let count = one.count("values");
        let values = one.get("values");
        match one.text("operator") {
            "In" | "NotIn" if count == 0 => {
                let detail = detail!("must be specified when `operator` is 'In' or 'NotIn'");
                values.required(Rule::FieldRequired, &["values"], detail);
            }
            "Exists" | "DoesNotExist" if count > 0 => {
                values.forbidden(detail!(
                    "may not be specified when `operator` is 'Exists' or 'DoesNotExist'"
                ));
            }
            "Gt" | "Lt" if count != 1 => {
                let detail = detail!("must be specified single value when `operator` is 'Lt' or 'Gt'");
                values.required(Rule::ListOne, &[], detail);
            }
            "In" | "NotIn" | "Exists" | "DoesNotExist" | "Gt" | "Lt" => {}
            other => selector::operator(one, other, "In, NotIn, Exists, DoesNotExist, Gt, Lt"),
        }
        selector::key(one, "key");
        if checks_values {
            selector::label_values(one);
        }
    }
    for one in term.structs("matchFields") {
        field(one);
    }
}

fn field(one: Node<'_>) {
    match one.text("operator") {
        "In" | "NotIn" => {
            if one.count("values") != 1 {
                let detail = detail!(
                    "must be only one value when `operator` is 'In' or 'NotIn' for node field selector"
                );
                one.get("values").required(Rule::ListOne, &[], detail);
            }
        }
        other => selector::operator(one, other, "In, NotIn"),
    }
    let key = one.text("key");
    if key == "metadata.name" {
        for value in one.items("values") {
            let text = value.as_text().unwrap_or_default();
            value.faults(Rule::FieldForm, text, &names::dns_subdomain(text));
        }
    } else if !one.is_mistyped_text("key") {
        let detail = detail!("not a valid field selector key");
        one.get("key")
            .invalid(Rule::FieldEnum, key, &[key, "metadata.name"], detail);
    }
}

fn pod_affinity(affinity: Node<'_>) {
    for one in affinity.structs(REQUIRED) {
        pod_term(one);
    }
    for weighted in affinity.structs(PREFERRED) {
        weight(weighted);
        pod_term(weighted.get("podAffinityTerm"));
    }
}

fn pod_term(term: Node<'_>) {
    selector::selector(term, "labelSelector");
    selector::selector(term, "namespaceSelector");
    for name in term.items("namespaces") {
        let text = name.as_text().unwrap_or_default();
        // The server's path has `namespace` in the singular.
        name.with_list_renamed("namespace")
            .name_faults(text, &names::dns_label(text));
    }
    scheduling::match_label_keys(term, &["matchLabelKeys", "mismatchLabelKeys"]);
    let key = term.text("topologyKey");
    if term.is_mistyped_text("topologyKey") {
        return;
    }
    if key.is_empty() {
        let detail = detail!("can not be empty");
        term.get("topologyKey")
            .required(Rule::FieldRequired, &["topologyKey"], detail);
    }
    selector::key(term, "topologyKey");
}
