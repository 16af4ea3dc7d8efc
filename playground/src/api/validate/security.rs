//! Profiles, kernel parameters and namespaces of a Pod.

use serde_json::{Value, json};

use crate::api::field::FieldError;
use crate::api::validate::{list, one_of, text};

const SYSCTL: &str = "must have at most 253 characters and match regex ^([a-z0-9]([-_a-z0-9]*[a-z0-9])?[\\./])*[a-z0-9]([-_a-z0-9]*[a-z0-9])?$";

/// What is said of a whole Pod.
pub fn pod(spec: &Value, path: &str, errors: &mut Vec<FieldError>) {
    let context = &spec["securityContext"];
    let here = format!("{path}.securityContext");
    profiles(context, &here, errors);
    let mut seen: Vec<&str> = Vec::new();
    for (index, sysctl) in list(context, "sysctls").iter().enumerate() {
        let at = format!("{here}.sysctls[{index}].name");
        let name = text(sysctl, "name");
        if name.is_empty() {
            errors.push(FieldError::required(at, ""));
        } else if !is_sysctl(name) {
            errors.push(FieldError::invalid(at, name, SYSCTL));
        } else if seen.contains(&name) {
            errors.push(FieldError::duplicate(at, name));
        }
        seen.push(name);
    }
    if spec["hostUsers"] == false {
        for (name, shown) in [
            ("hostNetwork", "hostNetwork"),
            ("hostPID", "HostPID"),
            ("hostIPC", "HostIPC"),
        ] {
            if spec[name] == true {
                let detail = "when `hostUsers` is false";
                errors.push(FieldError::forbidden(format!("{path}.{shown}"), detail));
            }
        }
    }
    if spec["os"]["name"] == "windows" {
        for name in [
            "appArmorProfile",
            "seLinuxOptions",
            "seccompProfile",
            "fsGroup",
            "fsGroupChangePolicy",
            "sysctls",
            "runAsUser",
            "runAsGroup",
            "supplementalGroups",
            "supplementalGroupsPolicy",
        ] {
            if !context[name].is_null() {
                let detail = "cannot be set for a windows pod";
                errors.push(FieldError::forbidden(format!("{here}.{name}"), detail));
            }
        }
    }
}

fn is_sysctl(name: &str) -> bool {
    let inner = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    let part = |part: &str| {
        let bytes = part.as_bytes();
        bytes.first().is_some_and(|byte| inner(*byte))
            && bytes.last().is_some_and(|byte| inner(*byte))
            && bytes
                .iter()
                .all(|byte| inner(*byte) || matches!(byte, b'-' | b'_'))
    };
    name.len() <= 253 && name.split(['.', '/']).all(part)
}

/// Seccomp and AppArmor profiles, of a Pod or a container.
pub fn profiles(context: &Value, path: &str, errors: &mut Vec<FieldError>) {
    for (name, shown) in [("seccompProfile", "seccomp"), ("appArmorProfile", "AppArmor")] {
        let profile = &context[name];
        if !profile.is_object() {
            continue;
        }
        let path = format!("{path}.{name}");
        let kind = text(profile, "type");
        let at = format!("{path}.localhostProfile");
        let local = &profile["localhostProfile"];
        if kind == "Localhost" {
            if local.as_str().is_none_or(str::is_empty) {
                let detail = format!("must be set when {shown} type is Localhost");
                errors.push(FieldError::required(at, detail));
            }
        } else if !local.is_null() {
            let detail = format!("can only be set when {shown} type is Localhost");
            let value = if shown == "seccomp" {
                json!({"Type": kind, "LocalhostProfile": local})
            } else {
                local.clone()
            };
            errors.push(FieldError::invalid(at, value, detail));
        }
        if kind.is_empty() {
            errors.push(FieldError::required(
                format!("{path}.type"),
                "type is required when profile is set",
            ));
        } else {
            one_of(
                profile,
                "type",
                &path,
                &["Localhost", "RuntimeDefault", "Unconfined"],
                errors,
            );
        }
    }
}
