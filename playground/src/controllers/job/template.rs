//! Builds the Pod of a Job from its template.

use serde_json::{Value, json};

use crate::controllers::job::facts::{INDEX, INDEX_FAILURES, INDEX_IGNORED, counted};
use crate::controllers::job::policy::{Verdict, verdict};
use crate::controllers::job::{TRACKING, claim, items, text};

/// Maximum length of a Pod's name without the random suffix: Pod names are used as labels too.
const MAX_PREFIX: usize = 58;
const VARIABLE: &str = "JOB_COMPLETION_INDEX";

/// Builds a new Pod; for an Indexed Job with its index, and with the failure counts of that index's previous failed
/// Pod.
pub(super) fn pod(job: &Value, index: Option<i64>, before: Option<&Value>) -> Value {
    let template = &job["spec"]["template"];
    let name = text(&job["metadata"]["name"]);
    let mut pod = json!({"metadata": template["metadata"], "spec": template["spec"]});
    if !pod["metadata"].is_object() {
        pod["metadata"] = json!({});
    }
    let mut finalizers = items(&template["metadata"]["finalizers"]).to_vec();
    if !finalizers.iter().any(|one| one == TRACKING) {
        finalizers.push(TRACKING.into());
    }
    pod["metadata"]["finalizers"] = finalizers.into();
    pod["metadata"]["ownerReferences"] = json!([claim::reference(job)]);
    let ending = index.map_or_else(|| "-".to_owned(), |index| format!("-{index}-"));
    let room = MAX_PREFIX.saturating_sub(ending.len());
    let short: String = if index.is_some() {
        name.chars().take(room).collect()
    } else {
        name.to_owned()
    };
    pod["metadata"]["generateName"] = format!("{short}{ending}").into();
    if let Some(index) = index {
        give_index(&mut pod, name, index);
        if job["spec"]["backoffLimitPerIndex"].is_i64() {
            let (failures, ignored) = failures(job, before);
            pod["metadata"]["annotations"][INDEX_FAILURES] = failures.to_string().into();
            if ignored > 0 {
                pod["metadata"]["annotations"][INDEX_IGNORED] = ignored.to_string().into();
            }
        }
    }
    crate::api::without_nulls(pod)
}

/// Returns how often the index has failed, and how often without counting.
fn failures(job: &Value, before: Option<&Value>) -> (i64, i64) {
    let Some(before) = before else { return (0, 0) };
    let (failures, ignored) = (counted(before, INDEX_FAILURES), counted(before, INDEX_IGNORED));
    if verdict(job, before) == Verdict::Ignore {
        (failures, ignored + 1)
    } else {
        (failures + 1, ignored)
    }
}

fn give_index(pod: &mut Value, name: &str, index: i64) {
    pod["metadata"]["annotations"][INDEX] = index.to_string().into();
    pod["metadata"]["labels"][INDEX] = index.to_string().into();
    pod["spec"]["hostname"] = format!("{name}-{index}").into();
    let variable = json!({
        "name": VARIABLE, "valueFrom": {"fieldRef": {"fieldPath": format!("metadata.labels['{INDEX}']")}},
    });
    for list in ["initContainers", "containers"] {
        let containers = pod["spec"].get_mut(list).and_then(Value::as_array_mut);
        for container in containers.into_iter().flatten() {
            let mut env = items(&container["env"]).to_vec();
            if !env.iter().any(|one| one["name"] == VARIABLE) {
                env.push(variable.clone());
            }
            container["env"] = env.into();
        }
    }
}
