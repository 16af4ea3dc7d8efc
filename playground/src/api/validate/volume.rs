//! Volumes: names, one source each, and the sources that Jobs commonly use.

use serde_json::Value;

use crate::api::field::FieldError;
use crate::api::names;
use crate::api::validate::container::relative;
use crate::api::validate::{list, one_of, text};

/// The volumes of a Pod's spec.
pub fn all(spec: &Value, path: &str, errors: &mut Vec<FieldError>) {
    let mut seen: Vec<&str> = Vec::new();
    for (index, volume) in list(spec, "volumes").iter().enumerate() {
        let path = format!("{path}.volumes[{index}]");
        let name = text(volume, "name");
        sources(volume, &path, errors);
        if name.is_empty() {
            errors.push(FieldError::required(format!("{path}.name"), ""));
        } else {
            for problem in names::dns_label(name) {
                errors.push(FieldError::invalid(format!("{path}.name"), name, problem));
            }
        }
        if seen.contains(&name) && !name.is_empty() {
            errors.push(FieldError::duplicate(format!("{path}.name"), name));
        }
        seen.push(name);
    }
}

#[allow(clippy::too_many_lines, reason = "a table: one arm for each type")]
fn sources(volume: &Value, path: &str, errors: &mut Vec<FieldError>) {
    let given: Vec<&String> = volume
        .as_object()
        .into_iter()
        .flatten()
        .map(|(name, _)| name)
        .filter(|name| *name != "name")
        .collect();
    if let Some(second) = given.get(1) {
        errors.push(FieldError::forbidden(
            format!("{path}.{second}"),
            "may not specify more than 1 volume type",
        ));
        return;
    }
    let Some(kind) = given.first() else { return };
    let source = &volume[kind.as_str()];
    let here = format!("{path}.{kind}");
    match kind.as_str() {
        "hostPath" => {
            let at = text(source, "path");
            if at.is_empty() {
                errors.push(FieldError::required(format!("{here}.path"), ""));
            } else if at.split('/').any(|part| part == "..") {
                errors.push(FieldError::invalid(
                    format!("{here}.path"),
                    at,
                    "must not contain '..'",
                ));
            }
            let kinds = [
                "",
                "BlockDevice",
                "CharDevice",
                "Directory",
                "DirectoryOrCreate",
                "File",
                "FileOrCreate",
                "Socket",
            ];
            one_of(source, "type", &here, &kinds, errors);
        }
        "configMap" => {
            required(source, "name", &here, errors);
            mode(&source["defaultMode"], format!("{here}.defaultMode"), errors);
            files(source, &here, errors);
        }
        "secret" => {
            required(source, "secretName", &here, errors);
            mode(&source["defaultMode"], format!("{here}.defaultMode"), errors);
            files(source, &here, errors);
        }
        "downwardAPI" => {
            mode(&source["defaultMode"], format!("{here}.defaultMode"), errors);
            downward(source, &here, errors);
        }
        "projected" => projected(source, &here, errors),
        "iscsi" => {
            required(source, "targetPortal", &here, errors);
            let name = text(source, "iqn");
            if name.is_empty() {
                errors.push(FieldError::required(format!("{here}.iqn"), ""));
            } else if !["iqn", "eui", "naa"].iter().any(|kind| name.starts_with(kind)) {
                let detail = "must be valid format starting with iqn, eui, or naa";
                errors.push(FieldError::invalid(format!("{here}.iqn"), name, detail));
            }
        }
        "awsElasticBlockStore" | "gcePersistentDisk" => {
            let id = if kind.as_str() == "gcePersistentDisk" {
                "pdName"
            } else {
                "volumeID"
            };
            required(source, id, &here, errors);
            if let Some(partition) = source["partition"]
                .as_i64()
                .filter(|one| !(0..=255).contains(one))
            {
                let detail = "must be between 1 and 255, inclusive";
                errors.push(FieldError::invalid(
                    format!("{here}.partition"),
                    partition,
                    detail,
                ));
            }
        }
        "persistentVolumeClaim" => required(source, "claimName", &here, errors),
        "nfs" => {
            required(source, "server", &here, errors);
            let at = text(source, "path");
            if at.is_empty() {
                errors.push(FieldError::required(format!("{here}.path"), ""));
            } else if !at.starts_with('/') {
                errors.push(FieldError::invalid(
                    format!("{here}.path"),
                    at,
                    "must be an absolute path",
                ));
            }
        }
        "emptyDir" => {
            let size = text(source, "sizeLimit");
            if size.starts_with('-') && size != "-0" {
                let detail = "SizeLimit field must be a valid resource quantity";
                errors.push(FieldError::forbidden(format!("{here}.sizeLimit"), detail));
            }
        }
        "csi" => required(source, "driver", &here, errors),
        "cephfs" if list(source, "monitors").is_empty() => {
            errors.push(FieldError::required(format!("{here}.monitors"), ""));
        }
        "rbd" => required(source, "image", &here, errors),
        "image" => one_of(
            source,
            "pullPolicy",
            &here,
            &["Always", "IfNotPresent", "Never"],
            errors,
        ),
        "ephemeral" if source["volumeClaimTemplate"].is_null() => {
            errors.push(FieldError::required(format!("{here}.volumeClaimTemplate"), ""));
        }
        "ephemeral" => {
            let spec = &source["volumeClaimTemplate"]["spec"];
            let here = format!("{here}.volumeClaimTemplate.spec");
            if list(spec, "accessModes").is_empty() {
                let detail = "at least 1 access mode is required";
                errors.push(FieldError::required(format!("{here}.accessModes"), detail));
            }
            if spec["resources"]["requests"]["storage"].is_null() {
                errors.push(FieldError::required(format!("{here}.resources[storage]"), ""));
            }
        }
        _ => {}
    }
}

/// Files with fields of the Pod.
fn downward(source: &Value, path: &str, errors: &mut Vec<FieldError>) {
    const FIELDS: [&str; 5] = [
        "metadata.annotations",
        "metadata.labels",
        "metadata.name",
        "metadata.namespace",
        "metadata.uid",
    ];
    for item in list(source, "items") {
        let at = text(item, "path");
        if at.is_empty() {
            errors.push(FieldError::required(format!("{path}.path"), ""));
        }
        relative(at, &format!("{path}.path"), errors);
        let (field, resource) = (&item["fieldRef"], &item["resourceFieldRef"]);
        if field.is_object() {
            let name = text(field, "fieldPath");
            let of_map = name.strip_suffix("']").is_some_and(|name| {
                name.starts_with("metadata.annotations['") || name.starts_with("metadata.labels['")
            });
            let at = format!("{path}.fieldRef.fieldPath");
            if name.is_empty() {
                errors.push(FieldError::required(at, ""));
            } else if !of_map && !FIELDS.contains(&name) {
                errors.push(FieldError::not_supported(at, name, &FIELDS));
            }
            if resource.is_object() {
                let detail = "fieldRef and resourceFieldRef can not be specified simultaneously";
                errors.push(FieldError::invalid(path, "resource", detail));
            }
        } else if resource.is_object() {
            required(
                resource,
                "containerName",
                &format!("{path}.resourceFieldRef"),
                errors,
            );
            required(resource, "resource", &format!("{path}.resourceFieldRef"), errors);
        } else {
            let detail = "one of fieldRef and resourceFieldRef is required";
            errors.push(FieldError::required(format!("{path}.fieldRef"), detail));
        }
        mode(&item["mode"], format!("{path}.mode"), errors);
    }
}

/// Several sources in one folder.
fn projected(source: &Value, path: &str, errors: &mut Vec<FieldError>) {
    mode(&source["defaultMode"], format!("{path}.defaultMode"), errors);
    for (index, one) in list(source, "sources").iter().enumerate() {
        let here = format!("{path}.sources[{index}]");
        let mut given = 0;
        for kind in [
            "secret",
            "configMap",
            "downwardAPI",
            "serviceAccountToken",
            "clusterTrustBundle",
            "podCertificate",
        ] {
            if one[kind].is_null() {
                continue;
            }
            given += 1;
            if given > 1 {
                let detail = "may not specify more than 1 volume type per source";
                errors.push(FieldError::forbidden(here.as_str(), detail));
                continue;
            }
            let inner = format!("{here}.{kind}");
            match kind {
                "secret" | "configMap" => {
                    required(&one[kind], "name", &inner, errors);
                    files(&one[kind], &inner, errors);
                }
                "downwardAPI" => downward(&one[kind], &inner, errors),
                "serviceAccountToken" => {
                    required(&one[kind], "path", path, errors);
                    let lasts = one[kind]["expirationSeconds"].as_i64();
                    if let Some(seconds) = lasts.filter(|seconds| *seconds < 600) {
                        let detail = "may not specify a duration less than 10 minutes";
                        errors.push(FieldError::invalid(
                            format!("{path}.expirationSeconds"),
                            seconds,
                            detail,
                        ));
                    }
                }
                _ => {}
            }
        }
    }
}

fn required(source: &Value, name: &str, path: &str, errors: &mut Vec<FieldError>) {
    if text(source, name).is_empty() {
        errors.push(FieldError::required(format!("{path}.{name}"), ""));
    }
}

fn mode(value: &Value, path: String, errors: &mut Vec<FieldError>) {
    if let Some(mode) = value.as_i64()
        && !(0..=0o777).contains(&mode)
    {
        let detail = "must be a number between 0 and 0777 (octal), both inclusive";
        errors.push(FieldError::invalid(path, mode, detail));
    }
}

fn files(source: &Value, path: &str, errors: &mut Vec<FieldError>) {
    for (index, item) in list(source, "items").iter().enumerate() {
        let path = format!("{path}.items[{index}]");
        required(item, "key", &path, errors);
        let at = text(item, "path");
        if at.is_empty() {
            errors.push(FieldError::required(format!("{path}.path"), ""));
        }
        relative(at, &format!("{path}.path"), errors);
        mode(&item["mode"], format!("{path}.mode"), errors);
    }
}
