//! Filters nodes for a Pod, with the scheduler's messages.

use serde_json::{Map, Value};

use k8s_rules::Quantity;

fn items(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

/// The resources requested by a node's Pods.
#[derive(Clone, Debug, Default)]
pub(super) struct Load {
    /// Number of Pods.
    pub pods: i64,
    requested: Vec<(String, Quantity)>,
}

impl Load {
    /// Adds a Pod.
    pub(super) fn add(&mut self, pod: &Value) {
        self.pods += 1;
        for (name, amount) in requests(pod) {
            match self.requested.iter_mut().find(|(other, _)| *other == name) {
                Some((_, sum)) => *sum = sum.plus(amount),
                None => self.requested.push((name, amount)),
            }
        }
    }

    fn of(&self, name: &str) -> Quantity {
        let found = self.requested.iter().find(|(other, _)| other == name);
        found.map_or(Quantity::ZERO, |(_, amount)| *amount)
    }
}

/// Returns what a Pod requests: the sum of its containers, or the maximum of one init container.
fn requests(pod: &Value) -> Vec<(String, Quantity)> {
    let total = crate::api::admission::pod_requests(pod);
    let amounts = total.as_object().into_iter().flatten();
    amounts
        .filter_map(|(name, amount)| Some((name.clone(), Quantity::parse(amount.as_str()?).ok()?)))
        .collect()
}

/// What may prevent a Pod from being scheduled, in the order of the scheduler's filters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Filter {
    /// The node is unschedulable.
    Unschedulable,
    /// The Pod does not tolerate a taint of the node.
    Taints,
    /// The Pod's node selector or affinity does not match.
    Affinity,
    /// The node has insufficient resources.
    Resources,
}

/// Why a node rejects a Pod.
pub(super) struct Rejection {
    /// The filter that rejects it.
    pub filter: Filter,
    /// The message.
    pub reason: String,
}

/// Returns why a node rejects a Pod: all reasons of the first filter that rejects it.
pub(super) fn rejections(pod: &Value, node: &Value, load: &Load) -> Vec<Rejection> {
    let one = |filter, reason: &str| {
        vec![Rejection {
            filter,
            reason: reason.to_owned(),
        }]
    };
    if node["spec"]["unschedulable"] == true && !tolerates(pod, &unschedulable()) {
        return one(Filter::Unschedulable, "node(s) were unschedulable");
    }
    let taints = items(&node["spec"]["taints"]).iter();
    let mut hard = taints.filter(|taint| taint["effect"] != "PreferNoSchedule");
    if hard.any(|taint| !tolerates(pod, taint)) {
        return one(Filter::Taints, "node(s) had untolerated taint(s)");
    }
    if !matches_affinity(pod, node) {
        return one(
            Filter::Affinity,
            "node(s) didn't match Pod's node affinity/selector",
        );
    }
    let room = &node["status"]["allocatable"];
    let amount = |name: &str| {
        let text = room[name].as_str().map(str::to_owned);
        text.and_then(|text| Quantity::parse(&text).ok())
            .unwrap_or(Quantity::ZERO)
    };
    let mut reasons = Vec::new();
    if Quantity::whole(load.pods + 1) > amount("pods") {
        reasons.push("Too many pods".to_owned());
    }
    for (name, requested) in requests(pod) {
        if requested > Quantity::ZERO && load.of(&name).plus(requested) > amount(&name) {
            reasons.push(format!("Insufficient {name}"));
        }
    }
    let resources = |reason| Rejection {
        filter: Filter::Resources,
        reason,
    };
    reasons.into_iter().map(resources).collect()
}

fn unschedulable() -> Value {
    serde_json::json!({"key": "node.kubernetes.io/unschedulable", "effect": "NoSchedule"})
}

fn tolerates(pod: &Value, taint: &Value) -> bool {
    items(&pod["spec"]["tolerations"]).iter().any(|one| {
        let key = one["key"].is_null() || one["key"] == taint["key"];
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let value = one["operator"] == "Exists" || text(&one["value"]) == text(&taint["value"]);
        let effect = one["effect"].is_null() || one["effect"] == taint["effect"];
        key && value && effect
    })
}

/// Whether `nodeSelector` and required node affinity match.
fn matches_affinity(pod: &Value, node: &Value) -> bool {
    let labels = &node["metadata"]["labels"];
    let wanted = pod["spec"]["nodeSelector"].as_object();
    if wanted
        .into_iter()
        .flatten()
        .any(|(key, value)| labels[key] != *value)
    {
        return false;
    }
    let required = &pod["spec"]["affinity"]["nodeAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"];
    if !required.is_object() {
        return true;
    }
    let mut fields = Map::new();
    fields.insert("metadata.name".to_owned(), node["metadata"]["name"].clone());
    let fields = Value::Object(fields);
    items(&required["nodeSelectorTerms"]).iter().any(|term| {
        let (expressions, on_fields) = (items(&term["matchExpressions"]), items(&term["matchFields"]));
        !(expressions.is_empty() && on_fields.is_empty())
            && expressions.iter().all(|one| matches_requirement(one, labels))
            && on_fields.iter().all(|one| matches_requirement(one, &fields))
    })
}

/// Whether a label selector requirement matches.
fn matches_requirement(requirement: &Value, labels: &Value) -> bool {
    let found = labels
        .get(requirement["key"].as_str().unwrap_or_default())
        .and_then(Value::as_str);
    let values = items(&requirement["values"]);
    let listed = || found.is_some_and(|found| values.iter().any(|value| value == found));
    let numbers = || {
        Some((
            found?.parse::<i64>().ok()?,
            values.first()?.as_str()?.parse::<i64>().ok()?,
        ))
    };
    match requirement["operator"].as_str() {
        Some("In") => listed(),
        Some("NotIn") => !listed(),
        Some("Exists") => found.is_some(),
        Some("DoesNotExist") => found.is_none(),
        Some("Gt") => numbers().is_some_and(|(own, wanted)| own > wanted),
        Some("Lt") => numbers().is_some_and(|(own, wanted)| own < wanted),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn node_reports_why_it_rejects_pod() {
        let node = json!({"metadata": {"labels": {"zone": "a"}}, "status": {"allocatable": {"cpu": "1", "pods": "9"}}});
        let pod = |spec: Value| json!({"spec": spec});
        let reasons = |spec: Value| -> Vec<String> {
            let all = rejections(&pod(spec), &node, &Load::default());
            all.into_iter().map(|rejection| rejection.reason).collect()
        };
        let requests_cpu = |cpu: &str| json!({"containers": [{"resources": {"requests": {"cpu": cpu}}}]});
        assert!(reasons(requests_cpu("1")).is_empty());
        assert_eq!(reasons(requests_cpu("2")), ["Insufficient cpu"]);
        let affinity = json!({"affinity": {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": {
            "nodeSelectorTerms": [{"matchExpressions": [{"key": "zone", "operator": "NotIn", "values": ["a"]}]}]}}}});
        assert_eq!(
            reasons(affinity),
            ["node(s) didn't match Pod's node affinity/selector"]
        );
    }
}
