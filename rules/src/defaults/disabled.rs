//! Drops fields whose feature gate is off in a version, before defaulting and validation
//! (`DropDisabledTemplateFields` of `pkg/api/pod`, `DropDisabledFields` of `pkg/api/job`).

use serde_json::{Map, Value};

use super::{items, member};
use crate::features::Feature;
use crate::machinery::path::Place;

/// Deprecated annotations that are always dropped from Pods.
const INIT_CONTAINER_ANNOTATIONS: [&str; 4] = [
    "pod.beta.kubernetes.io/init-containers",
    "pod.alpha.kubernetes.io/init-containers",
    "pod.beta.kubernetes.io/init-container-statuses",
    "pod.alpha.kubernetes.io/init-container-statuses",
];

/// Drops from a new Job the fields that are disabled in a version (a minor version of Kubernetes 1; newest if
/// `None`).
pub fn drop_disabled(job: &mut Value, minor: Option<u16>) {
    let off = |feature: Feature| !feature.is_on(minor);
    let Some(spec) = member(job, "spec") else { return };
    if off(Feature::WorkloadWithJob) {
        remove(spec, "scheduling");
    }
    let Some(template) = member(spec, "template") else {
        return;
    };
    if let Some(annotations) =
        member(template, "metadata").and_then(|metadata| member(metadata, "annotations"))
    {
        for key in INIT_CONTAINER_ANNOTATIONS {
            remove(annotations, key);
        }
    }
    let Some(pod) = member(template, "spec") else {
        return;
    };
    for (feature, name) in [
        (Feature::PodLevelResources, "resources"),
        (Feature::HostnameOverride, "hostnameOverride"),
        (Feature::GenericWorkload, "schedulingGroup"),
        (Feature::EvictionRequestAPI, "evictionResponders"),
    ] {
        if off(feature) {
            remove(pod, name);
        }
    }
    for list in ["initContainers", "containers", "ephemeralContainers"] {
        for one in items(pod, list) {
            container(one, &off);
        }
    }
    for one in items(pod, "volumes") {
        volume(one, &off);
    }
}

/// Returns whether the newest server drops the field `name` of the object at `path` in a Job: an alpha field whose
/// feature gate nobody has turned on.
pub fn is_disabled(path: &[Place], name: &str) -> bool {
    let field = Value::Object(Map::from_iter([(name.to_owned(), Value::Object(Map::new()))]));
    let mut job = path.iter().rev().fold(field, |inside, place| match place {
        Place::Key(key) => Value::Object(Map::from_iter([(key.clone(), inside)])),
        Place::Index(_) => Value::Array(vec![inside]),
    });
    drop_disabled(&mut job, None);
    let parent = path.iter().try_fold(&job, |value, place| match place {
        Place::Key(key) => value.get(key),
        Place::Index(_) => value.get(0),
    });
    parent.is_none_or(|parent| parent.get(name).is_none())
}

fn remove(object: &mut Value, name: &str) {
    if let Some(members) = object.as_object_mut() {
        members.remove(name);
    }
}

fn container(container: &mut Value, off: &dyn Fn(Feature) -> bool) {
    if off(Feature::ContainerRestartRules) {
        remove(container, "restartPolicyRules");
    }
    if off(Feature::VolumeBindMountOptions) {
        for mount in items(container, "volumeMounts") {
            remove(mount, "bindMountOptions");
        }
    }
    if off(Feature::EnvFiles) {
        for variable in items(container, "env") {
            if let Some(source) = member(variable, "valueFrom") {
                remove(source, "fileKeyRef");
            }
        }
    }
    for name in ["livenessProbe", "readinessProbe", "startupProbe"] {
        if let Some(probe) = member(container, name) {
            if off(Feature::H2CContainerProbe)
                && let Some(action) = member(probe, "httpGet")
            {
                remove(action, "protocol");
            }
            if off(Feature::GRPCContainerProbeTLS)
                && let Some(action) = member(probe, "grpc")
            {
                remove(action, "mode");
            }
        }
    }
    if off(Feature::H2CContainerProbe)
        && let Some(lifecycle) = member(container, "lifecycle")
    {
        for name in ["postStart", "preStop"] {
            if let Some(action) = member(lifecycle, name).and_then(|hook| member(hook, "httpGet")) {
                remove(action, "protocol");
            }
        }
    }
    stop_signal(container, off);
}

/// Drops `stopSignal`. A lifecycle that is empty without it is dropped as well.
fn stop_signal(container: &mut Value, off: &dyn Fn(Feature) -> bool) {
    if !off(Feature::ContainerStopSignals) {
        return;
    }
    let Some(lifecycle) =
        member(container, "lifecycle").filter(|lifecycle| super::has(lifecycle, "stopSignal"))
    else {
        return;
    };
    remove(lifecycle, "stopSignal");
    if lifecycle
        .as_object()
        .is_some_and(|members| members.values().all(Value::is_null))
    {
        remove(container, "lifecycle");
    }
}

fn volume(volume: &mut Value, off: &dyn Fn(Feature) -> bool) {
    if off(Feature::EmptyDirVolumeMode)
        && let Some(source) = member(volume, "emptyDir")
    {
        remove(source, "mode");
    }
    if let Some(projected) = member(volume, "projected") {
        for source in items(projected, "sources") {
            for (feature, name) in [
                (Feature::ClusterTrustBundleProjection, "clusterTrustBundle"),
                (Feature::PodCertificateRequest, "podCertificate"),
            ] {
                if off(feature) {
                    remove(source, name);
                }
            }
        }
    }
    if off(Feature::AtomicWriteVolumeUserFields) {
        drop_file_users(volume);
    }
}

/// Drops the owners of files. The server only looks at the first source that is set; the others keep theirs.
fn drop_file_users(volume: &mut Value) {
    for name in ["secret", "configMap", "downwardAPI", "projected"] {
        let Some(source) = member(volume, name) else {
            continue;
        };
        remove(source, "defaultUser");
        for item in items(source, "items") {
            remove(item, "user");
        }
        for part in items(source, "sources") {
            let kinds = [
                "secret",
                "downwardAPI",
                "configMap",
                "serviceAccountToken",
                "clusterTrustBundle",
                "podCertificate",
            ];
            if let Some(kind) = kinds.into_iter().find(|kind| super::has(part, kind))
                && let Some(source) = member(part, kind)
            {
                remove(source, "user");
                for item in items(source, "items") {
                    remove(item, "user");
                }
            }
        }
        return;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn alpha_fields_are_disabled() {
        let key = |key: &str| Place::Key(key.to_owned());
        let spec = [key("spec")];
        let pod = [key("spec"), key("template"), key("spec")];
        let container = [
            key("spec"),
            key("template"),
            key("spec"),
            key("containers"),
            Place::Index(3),
        ];
        assert!(is_disabled(&spec, "scheduling"));
        assert!(!is_disabled(&spec, "parallelism"));
        assert!(is_disabled(&pod, "schedulingGroup"));
        assert!(!is_disabled(&pod, "containers"));
        assert!(!is_disabled(&container, "image"));
    }
}
