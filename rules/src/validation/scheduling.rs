//! Tolerations, scheduling gates, topology spread (`ValidateTolerations`, `validateTopologySpreadConstraints` …).

use std::collections::HashSet;

use super::selector;
use crate::features::Feature;
use crate::machinery::detail;
use crate::machinery::names;
use crate::machinery::node::Node;
use crate::machinery::report::sentence;
use crate::machinery::rule::Rule;

const EFFECTS: [&str; 3] = ["NoSchedule", "PreferNoSchedule", "NoExecute"];

pub(super) fn tolerations(pod: Node<'_>) {
    for one in pod.structs("tolerations") {
        toleration(one);
    }
}

fn toleration(one: Node<'_>) {
    let (key, value) = (one.text("key"), one.text("value"));
    let (operator, effect) = (one.text("operator"), one.text("effect"));
    let operator_at = one.get("operator");
    if !key.is_empty() {
        one.get("key")
            .faults(Rule::LabelKey, key, &names::qualified_name(key));
    }
    if key.is_empty() && operator != "Exists" && !one.is_mistyped_text("key") {
        let detail = detail!(
            "operator must be Exists when `key` is empty, which means \"match all values and all keys\""
        );
        operator_at.invalid(Rule::TolerationKey, operator, &[], detail);
    }
    if one.integer("tolerationSeconds").is_some() && effect != "NoExecute" {
        let detail = detail!("effect must be 'NoExecute' when `tolerationSeconds` is set");
        one.get("effect")
            .invalid(Rule::TolerationSeconds, effect, &[], detail);
    }
    match operator {
        "" | "Equal" => {
            let faults = names::label_value(value);
            if !faults.is_empty() {
                let sentences: Vec<_> = faults.iter().map(|fault| sentence(*fault)).collect();
                let detail = detail!("{}", sentences.join(";"));
                operator_at.invalid(Rule::LabelValue, value, &[value], detail);
            }
        }
        "Exists" => {
            if !value.is_empty() {
                let detail = detail!("value must be empty when `operator` is 'Exists'");
                operator_at.invalid(Rule::TolerationValue, value, &[value], detail);
            }
        }
        "Lt" | "Gt" => {
            if Feature::TaintTolerationComparisonOperators.is_on(one.options().minor) {
                if value.parse::<i64>().is_err() {
                    let detail = detail!("must be a valid decimal integer in canonical form");
                    one.get("value").invalid(Rule::FieldForm, value, &[value], detail);
                }
            } else {
                // The server lists Lt and Gt although it does not accept them.
                operator_at.unsupported(operator, &["Equal", "Exists", "Lt", "Gt"]);
            }
        }
        other => operator_at.unsupported(other, &["Equal", "Exists"]),
    }
    if !effect.is_empty() {
        one.one_of("effect", &EFFECTS);
    }
}

/// Validates scheduling gates and readiness gates.
pub(super) fn gates(pod: Node<'_>) {
    for gate in pod.structs("readinessGates") {
        let kind = gate.text("conditionType");
        if !gate.is_mistyped_text("conditionType") {
            gate.get("conditionType")
                .faults(Rule::FieldForm, kind, &names::qualified_name(kind));
        }
    }
    let mut seen = HashSet::new();
    for gate in pod.structs("schedulingGates") {
        // The server reports the cause at the gate, not at its name.
        let name = gate.text("name");
        if gate.is_mistyped_text("name") {
            continue;
        }
        gate.faults(Rule::FieldForm, name, &names::qualified_name(name));
        if !seen.insert(name) {
            gate.duplicate(Rule::NameDuplicate, name, &[name]);
        }
    }
}

pub(super) fn spread(pod: Node<'_>) {
    let constraints = pod.structs("topologySpreadConstraints");
    for (index, one) in constraints.iter().enumerate() {
        positive(*one, "maxSkew", one.integer("maxSkew").unwrap_or(0));
        let key = one.text("topologyKey");
        if key.is_empty() && !one.is_mistyped_text("topologyKey") {
            let detail = detail!("can not be empty");
            one.get("topologyKey")
                .required(Rule::FieldRequired, &["topologyKey"], detail);
        }
        let action = one.text("whenUnsatisfiable");
        if !matches!(action, "DoNotSchedule" | "ScheduleAnyway") && !one.is_mistyped_text("whenUnsatisfiable")
        {
            one.get("whenUnsatisfiable")
                .unsupported(action, &["DoNotSchedule", "ScheduleAnyway"]);
        }
        let is_repeated = constraints[index + 1..]
            .iter()
            .any(|other| other.text("topologyKey") == key && other.text("whenUnsatisfiable") == action);
        if is_repeated {
            let shown = format!("{{{key}, {action}}}");
            one.added("{topologyKey, whenUnsatisfiable}").duplicate(
                Rule::NameDuplicate,
                shown.as_str(),
                &[&shown],
            );
        }
        if let Some(domains) = one.integer("minDomains") {
            positive(*one, "minDomains", domains);
            if action != "DoNotSchedule" {
                let detail =
                    detail!("can only use minDomains if whenUnsatisfiable=DoNotSchedule, not {action}");
                one.get("minDomains").invalid(
                    Rule::FieldConflict,
                    domains,
                    &["minDomains", "whenUnsatisfiable"],
                    detail,
                );
            }
        }
        one.one_of("nodeAffinityPolicy", &["Honor", "Ignore"]);
        one.one_of("nodeTaintsPolicy", &["Honor", "Ignore"]);
        match_label_keys(*one, &["matchLabelKeys"]);
        selector::selector(*one, "labelSelector");
    }
}

fn positive<'a>(one: Node<'a>, key: &'a str, number: i64) {
    let is_mistyped = one.has(key) && one.integer(key).is_none();
    if number <= 0 && !is_mistyped {
        let detail = detail!("must be greater than zero");
        one.get(key).invalid(Rule::FieldMinimum, number, &["1"], detail);
    }
}

/// Validates keys whose values are taken from the Pod's own labels (`ValidateMatchLabelKeysAndMismatchLabelKeys`).
pub(super) fn match_label_keys<'a>(one: Node<'a>, lists: &[&'a str]) {
    let selector = one.object("labelSelector");
    for list in lists {
        let keys = one.items(list);
        if !keys.is_empty() && !one.has("labelSelector") {
            let detail = detail!("must not be specified when labelSelector is not set");
            one.get(list)
                .forbid(Rule::FieldConflict, &[list, "labelSelector"], detail);
            continue;
        }
        for key in keys {
            let text = key.as_text().unwrap_or_default();
            key.faults(Rule::LabelKey, text, &names::qualified_name(text));
        }
    }
    let texts = |list: &'a str| -> Vec<&'a str> {
        let texts = one.items(list).into_iter();
        texts.map(|key| key.as_text().unwrap_or_default()).collect()
    };
    let keys = texts("matchLabelKeys");
    if let Some(selector) = selector {
        let mut selected: HashSet<&str> = selector
            .get("matchLabels")
            .value
            .as_object()
            .into_iter()
            .flatten()
            .map(|(key, _)| key.as_str())
            .collect();
        for expression in selector.structs("matchExpressions") {
            let key = expression.text("key");
            if let Some(index) = keys.iter().rposition(|one| *one == key)
                && selected.contains(key)
            {
                // The server's path has the index after the term, without the list's key.
                let detail = detail!("exists in both matchLabelKeys and labelSelector");
                one.omitted("matchLabelKeys").item(index).invalid(
                    Rule::FieldConflict,
                    key,
                    &["matchLabelKeys", "labelSelector"],
                    detail,
                );
            }
            selected.insert(key);
        }
    }
    if lists.contains(&"mismatchLabelKeys") {
        let others = texts("mismatchLabelKeys");
        for (index, key) in keys.iter().enumerate() {
            if others.contains(key) {
                let detail = detail!("exists in both matchLabelKeys and mismatchLabelKeys");
                one.get("matchLabelKeys").item(index).invalid(
                    Rule::FieldConflict,
                    *key,
                    &["matchLabelKeys", "mismatchLabelKeys"],
                    detail,
                );
            }
        }
    }
}

/// `validateSchedulingGroup`.
pub(super) fn group(pod: Node<'_>) {
    let Some(group) = pod.object("schedulingGroup") else {
        return;
    };
    match group.maybe_text("podGroupName") {
        None if !group.has("podGroupName") => {
            let detail = detail!("must specify one of: `podGroupName`");
            group.get("podGroupName").invalid(
                Rule::FieldRequired,
                serde_json::Value::Null,
                &["podGroupName"],
                detail,
            );
        }
        None => {}
        Some(name) => group
            .get("podGroupName")
            .name_faults(name, &names::dns_subdomain(name)),
    }
}
