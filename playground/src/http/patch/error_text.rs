//! Formats a patched object as an error quotes it. The API server patches its own JSON text: the members of patched
//! values are in alphabetical order, values from the patch are in the patch's order, and everything else is in the
//! field order of Go's types.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use crate::api::decode::fields_of;
use crate::resource::Resource;

/// Types whose field order differs from the order of their Protocol Buffers numbers.
const ORDERS: [(&str, &str); 7] = [
    (
        "batch.v1.JobSpec",
        "parallelism completions activeDeadlineSeconds podFailurePolicy successPolicy backoffLimit \
         backoffLimitPerIndex maxFailedIndexes selector manualSelector template ttlSecondsAfterFinished \
         completionMode suspend podReplacementPolicy managedBy",
    ),
    (
        "batch.v1.JobStatus",
        "conditions startTime completionTime active succeeded failed terminating completedIndexes failedIndexes \
         uncountedTerminatedPods ready",
    ),
    (
        "core.v1.PodSpec",
        "volumes initContainers containers ephemeralContainers restartPolicy terminationGracePeriodSeconds \
         activeDeadlineSeconds dnsPolicy nodeSelector serviceAccountName serviceAccount \
         automountServiceAccountToken nodeName hostNetwork hostPID hostIPC shareProcessNamespace securityContext \
         imagePullSecrets hostname subdomain affinity schedulerName tolerations hostAliases priorityClassName \
         priority dnsConfig readinessGates runtimeClassName enableServiceLinks preemptionPolicy overhead \
         topologySpreadConstraints setHostnameAsFQDN os hostUsers schedulingGates resourceClaims resources \
         hostnameOverride",
    ),
    (
        "core.v1.Container",
        "name image command args workingDir ports envFrom env resources resizePolicy restartPolicy \
         restartPolicyRules volumeMounts volumeDevices livenessProbe readinessProbe startupProbe lifecycle \
         terminationMessagePath terminationMessagePolicy imagePullPolicy securityContext stdin stdinOnce tty",
    ),
    (
        "core.v1.SecurityContext",
        "capabilities privileged seLinuxOptions windowsOptions runAsUser runAsGroup runAsNonRoot \
         readOnlyRootFilesystem allowPrivilegeEscalation procMount seccompProfile appArmorProfile",
    ),
    (
        "core.v1.PodSecurityContext",
        "seLinuxOptions windowsOptions runAsUser runAsGroup runAsNonRoot supplementalGroups \
         supplementalGroupsPolicy fsGroup sysctls fsGroupChangePolicy seccompProfile appArmorProfile \
         seLinuxChangePolicy",
    ),
    (
        "core.v1.VolumeMount",
        "name readOnly recursiveReadOnly mountPath subPath mountPropagation subPathExpr",
    ),
];

/// How much of a value a patch changes.
#[derive(Debug)]
enum Reach {
    /// Nothing.
    Not,
    /// The whole value comes from the patch.
    Whole,
    /// These members or items.
    Into(BTreeMap<String, Reach>),
}

/// Formats an object after a merge patch.
pub(super) fn merged(resource: &Resource, old: &Value, patch: &Value, patched: &Value) -> String {
    text(resource, patched, &merge_reach(old, patch))
}

/// Formats an object after a JSON patch.
pub(super) fn operated(resource: &Resource, patch: &Value, patched: &Value) -> String {
    let mut reach = Reach::Into(BTreeMap::new());
    for operation in patch.as_array().into_iter().flatten() {
        for field in ["path", "from"] {
            let brings = field == "path" && !matches!(operation["op"].as_str(), Some("remove" | "test"));
            let mut steps = operation[field]
                .as_str()
                .unwrap_or_default()
                .split('/')
                .skip(1)
                .peekable();
            let mut at = &mut reach;
            while let Some(step) = steps.next() {
                let Reach::Into(members) = at else { break };
                let name = step.replace("~1", "/").replace("~0", "~");
                let fresh = match (steps.peek().is_some(), brings) {
                    (true, _) => Reach::Into(BTreeMap::new()),
                    (false, true) => Reach::Whole,
                    (false, false) => break,
                };
                at = members.entry(name).or_insert(fresh);
            }
        }
    }
    text(resource, patched, &reach)
}

fn text(resource: &Resource, patched: &Value, reach: &Reach) -> String {
    let group = resource.group.split('.').next().filter(|group| !group.is_empty());
    let kind = format!(
        "{}.{}.{}",
        group.unwrap_or("core"),
        resource.version,
        resource.kind
    );
    // Go escapes characters that could end a script in HTML.
    arranged(patched, &kind, reach)
        .to_string()
        .replace('<', "\\u003c")
        .replace('>', "\\u003e")
        .replace('&', "\\u0026")
}

fn merge_reach(old: &Value, patch: &Value) -> Reach {
    match (old, patch) {
        (Value::Object(old), Value::Object(patch)) => {
            let reach = |name: &String, value| match old.get(name) {
                Some(old) => merge_reach(old, value),
                None => Reach::Whole,
            };
            Reach::Into(
                patch
                    .iter()
                    .map(|(name, value)| (name.clone(), reach(name, value)))
                    .collect(),
            )
        }
        _ => Reach::Whole,
    }
}

fn arranged(value: &Value, kind: &str, reach: &Reach) -> Value {
    let inner = |name: &str| match reach {
        Reach::Into(members) => members.get(name).unwrap_or(&Reach::Not),
        Reach::Not | Reach::Whole => reach,
    };
    match value {
        Value::Array(items) => {
            let item = |(index, item): (usize, &Value)| arranged(item, kind, inner(&index.to_string()));
            items.iter().enumerate().map(item).collect()
        }
        Value::Object(members) => {
            let kinds: BTreeMap<&str, &str> = fields_of(kind).into_iter().collect();
            let child = |name: &String, value| {
                let kind = kinds.get(name.as_str()).copied().unwrap_or_default();
                (name.clone(), arranged(value, kind, inner(name)))
            };
            let mut pairs: Vec<(String, Value)> =
                members.iter().map(|(name, value)| child(name, value)).collect();
            match reach {
                Reach::Whole => {}
                // Maps are written in alphabetical order too.
                Reach::Into(_) => pairs.sort_by(|a, b| a.0.cmp(&b.0)),
                Reach::Not if kinds.is_empty() => pairs.sort_by(|a, b| a.0.cmp(&b.0)),
                Reach::Not => pairs.sort_by_key(|(name, _)| field_position(kind, name)),
            }
            pairs.into_iter().collect::<Map<_, _>>().into()
        }
        other => other.clone(),
    }
}

/// Returns the position of a field in its type.
fn field_position(kind: &str, name: &str) -> usize {
    let order: Vec<&str> = match ORDERS.iter().find(|(known, _)| *known == kind) {
        Some((_, order)) => order.split(' ').collect(),
        None => fields_of(kind).into_iter().map(|(name, _)| name).collect(),
    };
    order
        .iter()
        .position(|field| *field == name)
        .unwrap_or(order.len())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::resource::JOBS;

    fn job() -> Value {
        json!({
            "spec": {"suspend": true, "template": {"spec": {"restartPolicy": "Never", "containers": [
                {"image": "x", "env": [], "name": "<c>"},
            ]}}, "parallelism": 1},
            "metadata": {"labels": {"b": "2", "a": "1"}, "uid": "u", "name": "j"},
            "kind": "Job",
        })
    }

    #[test]
    fn only_patched_values_are_sorted() {
        let patch = json!({"spec": {"unknown": {"b": 1, "a": 2}}});
        let mut patched = job();
        patched["spec"]["unknown"] = patch["spec"]["unknown"].clone();
        assert_eq!(
            merged(&JOBS, &job(), &patch, &patched),
            r#"{"kind":"Job","metadata":{"name":"j","uid":"u","labels":{"a":"1","b":"2"}},"spec":{"parallelism":1,"suspend":true,"template":{"spec":{"containers":[{"name":"\u003cc\u003e","image":"x","env":[]}],"restartPolicy":"Never"}},"unknown":{"b":1,"a":2}}}"#
        );
    }

    #[test]
    fn json_patch_sorts_values_along_its_paths() {
        let patch = json!([{"op": "remove", "path": "/spec/template/spec/containers/0/nothing"}]);
        assert_eq!(
            operated(&JOBS, &patch, &job()),
            r#"{"kind":"Job","metadata":{"name":"j","uid":"u","labels":{"a":"1","b":"2"}},"spec":{"parallelism":1,"suspend":true,"template":{"spec":{"containers":[{"env":[],"image":"x","name":"\u003cc\u003e"}],"restartPolicy":"Never"}}}}"#
        );
    }
}
