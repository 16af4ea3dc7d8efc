//! Volumes: names, one source each, and the sources that Jobs commonly use.

use serde_json::Value;

use super::container::relative;
use super::{list, one_of, text};
use crate::api::field::FieldError;
use crate::api::names;

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
        "downwardAPI" => mode(&source["defaultMode"], format!("{here}.defaultMode"), errors),
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
        _ => {}
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
