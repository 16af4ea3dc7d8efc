//! What the API server adds to objects and what it refuses, for the types that the playground runs.

use serde_json::{Value, json};

use crate::cluster::Cluster;
use crate::http::status::{Cause, Status};
use crate::resource::{JOBS, PODS, RESOURCE_QUOTAS, Resource};

/// Labels that every Pod of a Job carries, and that its selector names.
pub(crate) const CONTROLLER_UID: &str = "batch.kubernetes.io/controller-uid";
pub(crate) const JOB_NAME: &str = "batch.kubernetes.io/job-name";

/// Fills in a new object.
pub(crate) fn on_create(resource: &Resource, object: &mut Value) {
    match resource.kind {
        "Job" => job(object),
        "Pod" => {
            pod_spec(&mut object["spec"]);
            if !object["status"].is_object() {
                object["status"] = json!({"phase": "Pending"});
            }
        }
        "Namespace" => {
            let name = object["metadata"]["name"].clone();
            object["metadata"]["labels"]["kubernetes.io/metadata.name"] = name;
            object["spec"]["finalizers"] = json!(["kubernetes"]);
            object["status"] = json!({"phase": "Active"});
        }
        "Secret" => {
            string_data(object);
            if object["type"].is_null() {
                object["type"] = "Opaque".into();
            }
        }
        // A folder of the data directory is at hand at once.
        "PersistentVolumeClaim" => {
            let size = object["spec"]["resources"]["requests"].clone();
            let name = format!("pvc-{}", object["metadata"]["uid"].as_str().unwrap_or_default());
            object["spec"]["volumeName"] = name.into();
            object["status"] =
                json!({"phase": "Bound", "capacity": size, "accessModes": object["spec"]["accessModes"]});
        }
        "ResourceQuota" => {
            let hard = object["spec"]["hard"].clone();
            object["status"] = json!({"hard": hard, "used": {}});
        }
        _ => {}
    }
    *object = tidy(object.take());
}

/// Fills in a changed object.
pub(crate) fn on_update(resource: &Resource, object: &mut Value) {
    if resource.kind == "Secret" {
        string_data(object);
    }
}

/// `stringData` becomes `data`.
fn string_data(object: &mut Value) {
    use base64::Engine;

    let Some(given) = object
        .as_object_mut()
        .and_then(|object| object.shift_remove("stringData"))
    else {
        return;
    };
    for (key, text) in given.as_object().into_iter().flatten() {
        let text = text.as_str().unwrap_or_default();
        object["data"][key] = base64::engine::general_purpose::STANDARD.encode(text).into();
    }
}

fn default(object: &mut Value, field: &str, value: impl Into<Value>) {
    if object[field].is_null() {
        object[field] = value.into();
    }
}

fn job(object: &mut Value) {
    let uid = object["metadata"]["uid"].clone();
    let name = object["metadata"]["name"].clone();
    let spec = &mut object["spec"];
    if spec["completions"].is_null() && spec["parallelism"].is_null() {
        spec["completions"] = 1.into();
    }
    default(spec, "parallelism", 1);
    default(spec, "backoffLimit", 6);
    default(spec, "completionMode", "NonIndexed");
    default(spec, "suspend", false);
    default(spec, "manualSelector", false);
    default(spec, "podReplacementPolicy", "TerminatingOrFailed");
    if spec["manualSelector"] != true {
        let labels = &mut spec["template"]["metadata"]["labels"];
        labels[CONTROLLER_UID] = uid.clone();
        labels["controller-uid"] = uid.clone();
        labels[JOB_NAME] = name.clone();
        labels["job-name"] = name;
        spec["selector"] = json!({"matchLabels": {CONTROLLER_UID: uid}});
    }
    pod_spec(&mut spec["template"]["spec"]);
    let labels = spec["template"]["metadata"]["labels"].clone();
    // A Job without labels takes its template's.
    default(&mut object["metadata"], "labels", labels);
    object["metadata"]["generation"] = 1.into();
    object["status"] = json!({});
}

fn pod_spec(spec: &mut Value) {
    if !spec.is_object() {
        return;
    }
    for list in ["initContainers", "containers"] {
        for container in spec[list].as_array_mut().map_or(&mut [][..], Vec::as_mut_slice) {
            let image = container["image"].as_str().unwrap_or_default();
            let tag = image
                .rsplit('/')
                .next()
                .unwrap_or_default()
                .split_once(':')
                .map(|(_, tag)| tag);
            let policy = if matches!(tag, None | Some("latest")) && !image.contains('@') {
                "Always"
            } else {
                "IfNotPresent"
            };
            default(container, "imagePullPolicy", policy);
            default(container, "resources", json!({}));
            default(container, "terminationMessagePath", "/dev/termination-log");
            default(container, "terminationMessagePolicy", "File");
            for port in container["ports"]
                .as_array_mut()
                .map_or(&mut [][..], Vec::as_mut_slice)
            {
                default(port, "protocol", "TCP");
            }
            requests_follow_limits(container);
        }
        if spec[list].is_null() {
            if let Some(spec) = spec.as_object_mut() {
                spec.shift_remove(list);
            }
        }
    }
    default(spec, "dnsPolicy", "ClusterFirst");
    default(spec, "schedulerName", "default-scheduler");
    default(spec, "securityContext", json!({}));
    default(spec, "terminationGracePeriodSeconds", 30);
    default(spec, "restartPolicy", "Always");
}

/// A limit without a request is the request too.
fn requests_follow_limits(container: &mut Value) {
    let limits = container["resources"]["limits"].clone();
    for (name, limit) in limits.as_object().into_iter().flatten() {
        default(&mut container["resources"]["requests"], name, limit.clone());
    }
}

/// Without the nulls that looking into a value leaves behind.
pub(crate) fn tidy(mut value: Value) -> Value {
    match &mut value {
        Value::Object(map) => {
            map.retain(|_, value| !value.is_null());
            for value in map.values_mut() {
                *value = tidy(value.take());
            }
        }
        Value::Array(items) => {
            for item in items {
                *item = tidy(item.take());
            }
        }
        _ => {}
    }
    value
}

/// The fields that the API server would refuse in a new object: its most common rules.
pub(crate) fn check(resource: &Resource, object: &Value) -> Vec<Cause> {
    let mut causes = Vec::new();
    let name = object["metadata"]["name"].as_str().unwrap_or_default();
    if name.is_empty() {
        causes.push(cause(
            "metadata.name",
            "FieldValueRequired",
            "Required value: name or generateName is required",
        ));
    } else if !is_subdomain(name) {
        causes.push(cause("metadata.name", "FieldValueInvalid", format!(
            "Invalid value: \"{name}\": a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')"
        )));
    }
    match resource.kind {
        "Job" => {
            let spec = &object["spec"];
            for (field, least) in [
                ("parallelism", 0),
                ("completions", 0),
                ("backoffLimit", 0),
                ("activeDeadlineSeconds", 1),
                ("ttlSecondsAfterFinished", 0),
            ] {
                match &spec[field] {
                    Value::Null => {}
                    value if value.as_i64().is_some_and(|number| number >= least) => {}
                    value => causes.push(cause(
                        format!("spec.{field}"),
                        "FieldValueInvalid",
                        format!("Invalid value: {value}: must be greater than or equal to {least}"),
                    )),
                }
            }
            if name.len() > 63 {
                causes.push(cause(
                    "spec.template.labels",
                    "FieldValueInvalid",
                    format!("Invalid value: \"{name}\": must be no more than 63 bytes"),
                ));
            }
            match spec["template"]["spec"]["restartPolicy"].as_str() {
                Some("Never" | "OnFailure") => {}
                _ => causes.push(cause(
                    "spec.template.spec.restartPolicy",
                    "FieldValueRequired",
                    "Required value: valid values: \"OnFailure\", \"Never\"",
                )),
            }
            pod_causes(&spec["template"]["spec"], "spec.template.spec", &mut causes);
        }
        "Pod" => pod_causes(&object["spec"], "spec", &mut causes),
        _ => {}
    }
    causes
}

/// What may not change: a Job's template, selector and completion mode.
pub(crate) fn check_update(resource: &Resource, old: &Value, new: &Value) -> Vec<Cause> {
    let mut causes = Vec::new();
    if resource.kind == "Job" {
        let suspended = old["spec"]["suspend"] == true;
        for field in ["selector", "completionMode", "template"] {
            let scheduling = field == "template" && suspended && old["status"]["startTime"].is_null();
            if old["spec"][field] != new["spec"][field] && !scheduling {
                causes.push(cause(
                    format!("spec.{field}"),
                    "FieldValueInvalid",
                    "Invalid value: field is immutable",
                ));
            }
        }
    }
    causes
}

fn cause(field: impl Into<String>, reason: &'static str, message: impl Into<String>) -> Cause {
    Cause {
        field: field.into(),
        reason,
        message: message.into(),
    }
}

fn pod_causes(spec: &Value, at: &str, causes: &mut Vec<Cause>) {
    let list = |name: &str| spec[name].as_array().map_or(&[][..], Vec::as_slice);
    if list("containers").is_empty() {
        causes.push(cause(
            format!("{at}.containers"),
            "FieldValueRequired",
            "Required value",
        ));
    }
    let volumes: Vec<_> = list("volumes")
        .iter()
        .filter_map(|volume| volume["name"].as_str())
        .collect();
    let mut names = Vec::new();
    for (kind, containers) in [
        ("initContainers", list("initContainers")),
        ("containers", list("containers")),
    ] {
        for (index, container) in containers.iter().enumerate() {
            let at = format!("{at}.{kind}[{index}]");
            let name = container["name"].as_str().unwrap_or_default();
            if name.is_empty() {
                causes.push(cause(
                    format!("{at}.name"),
                    "FieldValueRequired",
                    "Required value",
                ));
            } else if names.contains(&name) {
                causes.push(cause(
                    format!("{at}.name"),
                    "FieldValueDuplicate",
                    format!("Duplicate value: \"{name}\""),
                ));
            }
            names.push(name);
            if container["image"].as_str().is_none_or(str::is_empty) {
                causes.push(cause(
                    format!("{at}.image"),
                    "FieldValueRequired",
                    "Required value",
                ));
            }
            for (position, mount) in container["volumeMounts"]
                .as_array()
                .map_or(&[][..], Vec::as_slice)
                .iter()
                .enumerate()
            {
                let wanted = mount["name"].as_str().unwrap_or_default();
                if !volumes.contains(&wanted) {
                    causes.push(cause(
                        format!("{at}.volumeMounts[{position}].name"),
                        "FieldValueNotFound",
                        format!("Not found: \"{wanted}\""),
                    ));
                }
            }
        }
    }
}

fn is_subdomain(name: &str) -> bool {
    let label = |label: &str| {
        !label.is_empty()
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label
                .bytes()
                .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == b'-')
    };
    name.len() <= 253 && name.split('.').all(label)
}

/// ResourceQuotas on the number of Jobs and Pods.
pub(crate) fn admit(cluster: &Cluster, resource: &'static Resource, object: &Value) -> Result<(), Status> {
    let keys: &[&str] = if *resource == JOBS {
        &["count/jobs.batch"]
    } else if *resource == PODS {
        &["pods", "count/pods"]
    } else {
        return Ok(());
    };
    let namespace = object["metadata"]["namespace"].as_str().unwrap_or_default();
    let (quotas, _) = cluster.store.list(&RESOURCE_QUOTAS, Some(namespace))?;
    if quotas.is_empty() {
        return Ok(());
    }
    let (objects, _) = cluster.store.list(resource, Some(namespace))?;
    let used = objects
        .iter()
        .filter(|object| *resource == JOBS || !crate::http::is_over(object))
        .count();
    for quota in &quotas {
        for key in keys {
            let limit = &quota["spec"]["hard"][*key];
            let limit = limit
                .as_str()
                .map_or_else(|| limit.as_u64(), |text| text.parse().ok());
            if limit.is_some_and(|limit| used as u64 >= limit) {
                let limit = limit.unwrap_or_default();
                return Err(Status::new(
                    403,
                    "Forbidden",
                    format!(
                        "{} \"{}\" is forbidden: exceeded quota: {}, requested: {key}=1, used: {key}={used}, limited: {key}={limit}",
                        resource.group_resource(),
                        object["metadata"]["name"].as_str().unwrap_or_default(),
                        quota["metadata"]["name"].as_str().unwrap_or_default(),
                    ),
                ));
            }
        }
    }
    Ok(())
}
