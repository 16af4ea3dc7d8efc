//! Quotas: used and remaining amounts. Of several `ResourceQuota`s the most restrictive applies.

use std::collections::BTreeMap;

use serde_json::Value;

use app::api::job::QuotaBanner;

use crate::jobs::quantity::Quantity;

/// Builds the banner above the Job list. `jobs` is the number of Jobs, for a project without a quota on them.
pub fn banner<'a>(quotas: impl IntoIterator<Item = &'a Value>, jobs: usize) -> QuotaBanner {
    const JOBS: &str = "count/jobs.batch";
    let bounds = Bounds::of(quotas);
    let counted = i64::try_from(jobs).unwrap_or(i64::MAX);
    let whole = |quantity: &Quantity| quantity.whole();
    QuotaBanner {
        jobs_used: bounds.used.get(JOBS).map_or(counted, whole),
        jobs_hard: bounds.hard.get(JOBS).map(whole),
        pods_left: ["pods", "count/pods"]
            .iter()
            .filter_map(|key| bounds.left.get(*key))
            .map(whole)
            .min(),
    }
}

/// Returns the remaining amount per key (`pods`, `requests.cpu`, …), sorted by key.
pub fn left<'a>(quotas: impl IntoIterator<Item = &'a Value>) -> Vec<(String, String)> {
    let bounds = Bounds::of(quotas);
    bounds
        .left
        .into_iter()
        .map(|(key, left)| (key.to_owned(), left.to_string()))
        .collect()
}

/// The combined limits of a project's quotas, per key.
#[derive(Default)]
struct Bounds<'a> {
    hard: BTreeMap<&'a str, Quantity>,
    used: BTreeMap<&'a str, Quantity>,
    left: BTreeMap<&'a str, Quantity>,
}

impl<'a> Bounds<'a> {
    fn of(quotas: impl IntoIterator<Item = &'a Value>) -> Self {
        let mut bounds = Self::default();
        for quota in quotas {
            // Scoped quotas count only some Pods, and best-effort ones no Pods with requests: they need not apply
            // to a Job.
            if is_scoped(quota) {
                continue;
            }
            let status = &quota["status"];
            for (key, hard) in status["hard"].as_object().into_iter().flatten() {
                let Some(hard) = Quantity::read(hard) else {
                    continue;
                };
                let used = Quantity::read(&status["used"][key]).unwrap_or_default();
                let left = hard.saturating_sub(&used);
                merge(&mut bounds.hard, key, hard, Ord::min);
                merge(&mut bounds.left, key, left, Ord::min);
                merge(&mut bounds.used, key, used, Ord::max);
            }
        }
        bounds
    }
}

fn merge<'a>(
    map: &mut BTreeMap<&'a str, Quantity>,
    key: &'a str,
    new: Quantity,
    choose: fn(Quantity, Quantity) -> Quantity,
) {
    let kept = match map.remove(key) {
        Some(known) => choose(known, new),
        None => new,
    };
    map.insert(key, kept);
}

fn is_scoped(quota: &Value) -> bool {
    let spec = &quota["spec"];
    spec["scopes"].as_array().is_some_and(|scopes| !scopes.is_empty()) || !spec["scopeSelector"].is_null()
}

#[cfg(test)]
mod tests {
    #![allow(
        clippy::needless_pass_by_value,
        reason = "calls read better with `json!` in place"
    )]

    use serde_json::json;

    use super::*;

    fn quota(hard: Value, used: Value) -> Value {
        json!({"spec": {"hard": hard}, "status": {"hard": hard, "used": used}})
    }

    #[test]
    fn jobs_are_counted_without_a_quota() {
        let expected = QuotaBanner {
            jobs_used: 3,
            jobs_hard: None,
            pods_left: None,
        };
        assert_eq!(banner(&[], 3), expected);
    }

    #[test]
    fn most_restrictive_quota_wins() {
        let quotas = [
            quota(
                json!({"count/jobs.batch": "10", "pods": "20"}),
                json!({"count/jobs.batch": "4", "pods": "5"}),
            ),
            quota(
                json!({"count/jobs.batch": "6", "count/pods": "1k"}),
                json!({"count/jobs.batch": "4"}),
            ),
        ];
        let expected = QuotaBanner {
            jobs_used: 4,
            jobs_hard: Some(6),
            pods_left: Some(15),
        };
        assert_eq!(banner(&quotas, 99), expected);
    }

    #[test]
    fn remaining_quota_keeps_its_unit_and_is_never_negative() {
        let quotas = [
            quota(
                json!({"requests.cpu": "2", "requests.memory": "1Gi"}),
                json!({"requests.cpu": "500m"}),
            ),
            quota(
                json!({"requests.memory": "512Mi", "pods": "1"}),
                json!({"requests.memory": "128Mi", "pods": "2"}),
            ),
        ];
        let expected = [
            ("pods", "0"),
            ("requests.cpu", "1500m"),
            ("requests.memory", "384Mi"),
        ];
        assert_eq!(
            left(&quotas),
            expected.map(|(key, left)| (key.to_owned(), left.to_owned()))
        );
    }

    #[test]
    fn scoped_quotas_are_ignored() {
        let mut scoped = quota(json!({"pods": "1"}), json!({"pods": "1"}));
        scoped["spec"]["scopes"] = json!(["Terminating"]);
        assert_eq!(banner(&[scoped], 0).pods_left, None);
    }
}
