//! `podFailurePolicy`, `successPolicy` and `podReplacementPolicy` of a Job.

use super::index_set::count_indexes;
use crate::machinery::detail;
use crate::machinery::go::{self, Field, Zero};
use crate::machinery::names;
use crate::machinery::node::Node;
use crate::machinery::rule::Rule;

/// Maximum number of rules of either policy, and of conditions of a rule.
const MAX_RULES: usize = 20;
/// Maximum number of exit codes of a rule.
const MAX_CODES: usize = 255;
/// Maximum number of characters of a set of indexes.
const MAX_INDEXES_TEXT: usize = 64 * 1024;

const ACTIONS: [&str; 4] = ["Count", "FailIndex", "FailJob", "Ignore"];
const OPERATORS: [&str; 2] = ["In", "NotIn"];
const STATUSES: [&str; 3] = ["False", "True", "Unknown"];

const SUCCESS_RULE: &[Field] = &[
    ("SucceededIndexes", "succeededIndexes", Zero::Null),
    ("SucceededCount", "succeededCount", Zero::Null),
];
const SUCCESS_POLICY: &[Field] = &[("Rules", "rules", Zero::List(SUCCESS_RULE))];

/// `validatePodFailurePolicy`.
pub(super) fn failure(spec: Node<'_>) {
    let Some(policy) = spec.object("podFailurePolicy") else {
        return;
    };
    let rules = policy.structs("rules");
    if rules.len() > MAX_RULES {
        policy.get("rules").too_many(rules.len(), MAX_RULES);
    }
    for rule in rules {
        failure_rule(spec, rule);
    }
}

/// Validates a required enum.
fn required_enum<'a>(parent: Node<'a>, key: &'a str, supported: &[&str]) {
    if parent.is_mistyped_text(key) {
        let _ = parent.text(key);
    } else if parent.text(key).is_empty() {
        let quoted: Vec<String> = supported.iter().map(|one| go::quote(one)).collect();
        let detail = detail!("valid values: [{}]", quoted.join(" "));
        parent.get(key).required(Rule::FieldRequired, &[key], detail);
    } else {
        parent.one_of(key, supported);
    }
}

fn failure_rule(spec: Node<'_>, rule: Node<'_>) {
    if rule.text("action") == "FailIndex" {
        if !spec.has("backoffLimitPerIndex") {
            let detail = detail!("requires the backoffLimitPerIndex to be set");
            rule.get("action")
                .invalid(Rule::JobPolicyPerIndex, "FailIndex", &[], detail);
        }
    } else {
        required_enum(rule, "action", &ACTIONS);
    }
    let codes = rule.object("onExitCodes");
    if let Some(codes) = codes {
        exit_codes(spec, codes);
    }
    let conditions = rule.structs("onPodConditions");
    if conditions.len() > MAX_RULES {
        rule.get("onPodConditions").too_many(conditions.len(), MAX_RULES);
    }
    for condition in &conditions {
        let kind = condition.text("type");
        if !condition.is_mistyped_text("type") {
            condition
                .get("type")
                .faults(Rule::FieldForm, kind, &names::qualified_name(kind));
        }
        required_enum(*condition, "status", &STATUSES);
    }
    let both = "onExitCodes, onPodConditions";
    match (codes.is_some(), !conditions.is_empty()) {
        (true, true) => {
            let detail = detail!("specifying both OnExitCodes and OnPodConditions is not supported");
            rule.invalid_here(Rule::FieldOneOf, &[both], detail);
        }
        (false, false) => {
            let detail = detail!("specifying one of OnExitCodes and OnPodConditions is required");
            rule.invalid_here(Rule::FieldOneOf, &[both], detail);
        }
        _ => {}
    }
}

fn exit_codes(spec: Node<'_>, codes: Node<'_>) {
    required_enum(codes, "operator", &OPERATORS);
    if let Some(container) = codes.maybe_text("containerName") {
        let pod = spec.get("template").get("spec");
        let is_known = ["initContainers", "containers"]
            .into_iter()
            .any(|list| pod.structs(list).iter().any(|one| one.text("name") == container));
        if !is_known {
            let detail = detail!("must be one of the container or initContainer names in the pod template");
            codes
                .get("containerName")
                .invalid(Rule::JobPolicyContainer, container, &[container], detail);
        }
    }
    let values = codes.items("values");
    let at = codes.get("values");
    if values.is_empty() {
        if at.value.is_null() || at.value.is_array() {
            let detail = detail!("at least one value is required");
            at.invalid(Rule::FieldRequired, at.value.clone(), &["values"], detail);
        }
    } else if values.len() > MAX_CODES {
        at.too_many(values.len(), MAX_CODES);
    }
    let mut seen = std::collections::HashSet::new();
    let mut is_ordered = true;
    let mut previous = None;
    for value in values {
        let code = value.as_integer().unwrap_or(0);
        if codes.text("operator") == "In" && code == 0 {
            let detail = detail!("must not be 0 for the In operator");
            value.invalid(Rule::JobPolicyZero, code, &[], detail);
        }
        if !seen.insert(code) {
            value.duplicate(Rule::NameDuplicate, code, &[&code.to_string()]);
        }
        is_ordered &= previous.is_none_or(|previous| previous <= code);
        previous = Some(code);
    }
    if !is_ordered {
        at.invalid(Rule::ListOrder, at.value.clone(), &[], detail!("must be ordered"));
    }
}

/// `validateSuccessPolicy`.
pub(super) fn success(spec: Node<'_>) {
    let Some(policy) = spec.object("successPolicy") else {
        return;
    };
    if spec.text("completionMode") != "Indexed" {
        let shown = go::internal(policy.value, SUCCESS_POLICY);
        let detail = detail!("requires indexed completion mode");
        return policy.invalid(Rule::JobPerIndexMode, shown, &[], detail);
    }
    let rules = policy.structs("rules");
    if rules.is_empty() {
        let detail = detail!("at least one rules must be specified when the successPolicy is specified");
        policy
            .get("rules")
            .required(Rule::FieldRequired, &["rules"], detail);
    }
    if rules.len() > MAX_RULES {
        policy.get("rules").too_many(rules.len(), MAX_RULES);
    }
    // Missing completions have been reported; the server continues with zero.
    let completions = spec.integer("completions").unwrap_or(0);
    for rule in rules {
        success_rule(rule, completions);
    }
}

fn success_rule(rule: Node<'_>, completions: i64) {
    let indexes = rule.maybe_text("succeededIndexes");
    if !rule.has("succeededCount") && !rule.has("succeededIndexes") {
        let detail = detail!("at least one of succeededCount or succeededIndexes must be specified");
        rule.required(Rule::JobSuccessEmpty, &[], detail);
    }
    let mut total = 0;
    if let Some(indexes) = indexes {
        let at = rule.get("succeededIndexes");
        if indexes.len() > MAX_INDEXES_TEXT {
            at.too_long(Rule::FieldLong, MAX_INDEXES_TEXT);
        }
        match count_indexes(indexes, completions) {
            Ok(count) => total = count,
            Err(error) => {
                let detail = detail!("error parsing succeededIndexes: {error}");
                at.invalid(Rule::JobSuccessIndexes, indexes, &[indexes], detail);
            }
        }
    }
    let Some(count) = rule.not_negative("succeededCount") else {
        return;
    };
    let at = rule.get("succeededCount");
    if count > completions {
        let detail =
            detail!("must be less than or equal to {completions} (the number of specified completions)");
        at.invalid(Rule::JobSuccessCount, count, &[&completions.to_string()], detail);
    }
    if indexes.is_some() && count > total {
        let detail = detail!(
            "must be less than or equal to {total} (the number of indexes in the specified succeededIndexes field)"
        );
        at.invalid(Rule::JobSuccessCount, count, &[&total.to_string()], detail);
    }
}

/// `validatePodReplacementPolicy`.
pub(super) fn replacement(spec: Node<'_>) {
    if !spec.has("podFailurePolicy") {
        spec.one_of("podReplacementPolicy", &["Failed", "TerminatingOrFailed"]);
    } else if let Some(policy) = spec
        .maybe_text("podReplacementPolicy")
        .filter(|policy| *policy != "Failed")
    {
        spec.get("podReplacementPolicy")
            .unsupported_by(Rule::JobReplacement, policy, &["Failed"]);
    }
}
