//! Why a node does not take a Pod, in the scheduler's words.

use serde_json::{Map, Value};

use k8s_rules::Quantity;

fn items(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

/// What a node's Pods ask for, by resource.
#[derive(Clone, Debug, Default)]
pub(super) struct Load {
    /// How many Pods there are.
    pub pods: i64,
    asked: Vec<(String, Quantity)>,
}

impl Load {
    /// Adds a Pod.
    pub(super) fn add(&mut self, pod: &Value) {
        self.pods += 1;
        for (name, amount) in requests(pod) {
            match self.asked.iter_mut().find(|(other, _)| *other == name) {
                Some((_, sum)) => *sum = sum.plus(amount),
                None => self.asked.push((name, amount)),
            }
        }
    }

    fn of(&self, name: &str) -> Quantity {
        let found = self.asked.iter().find(|(other, _)| other == name);
        found.map_or(Quantity::ZERO, |(_, amount)| *amount)
    }
}

/// What a Pod asks for: the sum of its containers, or the most of one init container.
fn requests(pod: &Value) -> Vec<(String, Quantity)> {
    let total = crate::api::admission::pod_requests(pod);
    let amounts = total.as_object().into_iter().flatten();
    amounts
        .filter_map(|(name, amount)| Some((name.clone(), Quantity::parse(amount.as_str()?).ok()?)))
        .collect()
}

/// What may stand in a Pod's way, in the order in which a node is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Filter {
    /// The node takes no new Pods.
    Unschedulable,
    /// The node has a taint.
    Taints,
    /// The Pod wants other nodes.
    Affinity,
    /// There is no room.
    Resources,
}

/// Why a node does not take a Pod.
pub(super) struct Refusal {
    /// What stands in the way.
    pub filter: Filter,
    /// In words.
    pub reason: String,
}

/// All reasons why a node does not take a Pod: the first kind of reason that there is.
pub(super) fn refusals(pod: &Value, node: &Value, load: &Load) -> Vec<Refusal> {
    let one = |filter, reason: &str| {
        vec![Refusal {
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
    if !selected(pod, node) {
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
    for (name, asked) in requests(pod) {
        if asked > Quantity::ZERO && load.of(&name).plus(asked) > amount(&name) {
            reasons.push(format!("Insufficient {name}"));
        }
    }
    let resources = |reason| Refusal {
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

/// `nodeSelector` and required node affinity.
fn selected(pod: &Value, node: &Value) -> bool {
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
            && expressions.iter().all(|one| holds(one, labels))
            && on_fields.iter().all(|one| holds(one, &fields))
    })
}

/// Whether a requirement on labels holds.
fn holds(requirement: &Value, labels: &Value) -> bool {
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
    fn a_node_says_why_it_does_not_take_a_pod() {
        let node = json!({"metadata": {"labels": {"zone": "a"}}, "status": {"allocatable": {"cpu": "1", "pods": "9"}}});
        let pod = |spec: Value| json!({"spec": spec});
        let refused = |spec: Value| -> Vec<String> {
            let all = refusals(&pod(spec), &node, &Load::default());
            all.into_iter().map(|refusal| refusal.reason).collect()
        };
        let asks = |cpu: &str| json!({"containers": [{"resources": {"requests": {"cpu": cpu}}}]});
        assert!(refused(asks("1")).is_empty());
        assert_eq!(refused(asks("2")), ["Insufficient cpu"]);
        let affinity = json!({"affinity": {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": {
            "nodeSelectorTerms": [{"matchExpressions": [{"key": "zone", "operator": "NotIn", "values": ["a"]}]}]}}}});
        assert_eq!(
            refused(affinity),
            ["node(s) didn't match Pod's node affinity/selector"]
        );
    }
}
