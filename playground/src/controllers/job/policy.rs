//! Evaluates `podFailurePolicy` and `successPolicy` ([Pod failure
//! policy](https://kubernetes.io/docs/concepts/workloads/controllers/job/#pod-failure-policy), [success
//! policy](https://kubernetes.io/docs/concepts/workloads/controllers/job/#success-policy)).

use serde_json::Value;

use crate::controllers::job::indexes::Indexes;
use crate::controllers::job::{items, text};

/// The decision of a Pod failure policy about a failed Pod.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// The failure counts.
    Count,
    /// The failure does not count.
    Ignore,
    /// The Pod's index has failed.
    FailIndex,
    /// The Job has failed, with this message.
    FailJob(String),
}

/// Returns the decision of the first rule that matches a failed Pod.
pub(super) fn verdict(job: &Value, pod: &Value) -> Verdict {
    for (number, rule) in items(&job["spec"]["podFailurePolicy"]["rules"])
        .iter()
        .enumerate()
    {
        let Some(what) = matched(rule, pod) else {
            continue;
        };
        return match text(&rule["action"]) {
            "Ignore" => Verdict::Ignore,
            "FailIndex" => Verdict::FailIndex,
            "FailJob" => Verdict::FailJob(format!("{what} matching FailJob rule at index {number}")),
            _ => Verdict::Count,
        };
    }
    Verdict::Count
}

/// Describes what a rule matched in the Pod; `None` if it does not match.
fn matched(rule: &Value, pod: &Value) -> Option<String> {
    let metadata = &pod["metadata"];
    let full_name = format!("{}/{}", text(&metadata["namespace"]), text(&metadata["name"]));
    let codes = &rule["onExitCodes"];
    if codes.is_object() {
        let named = &codes["containerName"];
        let statuses = ["containerStatuses", "initContainerStatuses"]
            .into_iter()
            .flat_map(|list| items(&pod["status"][list]));
        for own in statuses.filter(|own| named.is_null() || own["name"] == *named) {
            let Some(code) = own["state"]["terminated"]["exitCode"]
                .as_i64()
                .filter(|code| *code != 0)
            else {
                continue;
            };
            let listed = items(&codes["values"])
                .iter()
                .any(|value| value.as_i64() == Some(code));
            if listed == (codes["operator"] == "In") {
                let name = text(&own["name"]);
                return Some(format!(
                    "Container {name} for pod {full_name} failed with exit code {code}"
                ));
            }
        }
        return None;
    }
    let patterns = items(&rule["onPodConditions"]);
    let same = |one: &Value, other: &Value| one["type"] == other["type"] && one["status"] == other["status"];
    // The first of the Pod's conditions, not of the rule's patterns, is reported.
    let found = items(&pod["status"]["conditions"])
        .iter()
        .find(|one| patterns.iter().any(|pattern| same(pattern, one)));
    found.map(|one| format!("Pod {full_name} has condition {}", text(&one["type"])))
}

/// Returns the message of the first success rule that is met.
pub(super) fn success(job: &Value, succeeded: &Indexes) -> Option<String> {
    let completions = job["spec"]["completions"].as_i64()?;
    if succeeded.len() == 0 {
        return None;
    }
    let rules = items(&job["spec"]["successPolicy"]["rules"]);
    let met = rules.iter().position(|rule| {
        let count = rule["succeededCount"].as_i64();
        match rule["succeededIndexes"].as_str() {
            Some(text) => {
                let wanted = Indexes::parse(text, completions);
                let found = wanted.shared(succeeded);
                wanted.len() > 0 && (found == wanted.len() || count.is_some_and(|count| found >= count))
            }
            None => count.is_some_and(|count| succeeded.len() >= count),
        }
    })?;
    Some(format!("Matched rules at index {met}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn first_matching_rule_decides() {
        let job = json!({"spec": {"podFailurePolicy": {"rules": [
            {"action": "Ignore", "onPodConditions": [{"type": "DisruptionTarget", "status": "True"}]},
            {"action": "FailJob", "onExitCodes": {"operator": "NotIn", "values": [0, 1]}},
        ]}}});
        let pod = |code: i64, conditions: Value| {
            json!({"metadata": {"namespace": "n", "name": "p"}, "status": {"conditions": conditions,
                "containerStatuses": [{"name": "c", "state": {"terminated": {"exitCode": code}}}]}})
        };
        assert_eq!(verdict(&job, &pod(1, json!([]))), Verdict::Count);
        let disrupted = json!([{"type": "DisruptionTarget", "status": "True"}]);
        assert_eq!(verdict(&job, &pod(3, disrupted)), Verdict::Ignore);
        let message = "Container c for pod n/p failed with exit code 3 matching FailJob rule at index 1";
        assert_eq!(
            verdict(&job, &pod(3, json!([]))),
            Verdict::FailJob(message.to_owned())
        );
    }

    #[test]
    fn first_matching_pod_condition_is_reported() {
        let pattern = |kind: &str| json!({"type": kind, "status": "True"});
        let job = json!({"spec": {"podFailurePolicy": {"rules": [
            {"action": "FailJob", "onPodConditions": [pattern("A"), pattern("B")]},
        ]}}});
        let pod = json!({"metadata": {"namespace": "n", "name": "p"}, "status": {
            "conditions": [{"type": "A", "status": "False"}, pattern("B"), pattern("A")]}});
        let message = "Pod n/p has condition B matching FailJob rule at index 0";
        assert_eq!(verdict(&job, &pod), Verdict::FailJob(message.to_owned()));
    }

    #[test]
    fn success_rule_requires_remaining_indexes() {
        let met = |rule: Value, completions: i64, done: &str| {
            let job = json!({"spec": {"completions": completions, "successPolicy": {"rules": [rule]}}});
            success(&job, &Indexes::parse(done, completions)).is_some()
        };
        assert!(met(json!({"succeededIndexes": "0,2"}), 3, "0-2"));
        assert!(!met(json!({"succeededIndexes": "0,2"}), 3, "0"));
        assert!(met(
            json!({"succeededIndexes": "0-2", "succeededCount": 1}),
            3,
            "1"
        ));
        assert!(
            !met(json!({"succeededIndexes": "5"}), 3, "0"),
            "no such index is left"
        );
        assert!(!met(json!({"succeededCount": 1}), 3, ""));
    }
}
