//! Builds the environment of a container: only what its spec says.

use std::borrow::Cow;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use k8s_rules::machinery::expansion;
use serde_json::Value;

use crate::cluster::Cluster;
use crate::resource::{CONFIG_MAPS, Resource, SECRETS};
use crate::store::Key;

/// The reason why a container's configuration cannot be built (`CreateContainerConfigError`).
pub(super) type Missing = String;

/// Returns the variables in order. `PATH` and `HOSTNAME` are preset, as by an image and the container runtime.
pub(super) fn of(
    cluster: &Cluster,
    pod: &Value,
    container: &Value,
) -> Result<Vec<(String, String)>, Missing> {
    let hostname = hostname(pod);
    let mut env: Vec<(String, String)> = vec![
        (
            "PATH".into(),
            "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin".into(),
        ),
        ("HOSTNAME".into(), hostname),
        ("HOME".into(), "/root".into()),
    ];
    // Values may refer to variables before them.
    let mut known: Vec<(String, String)> = Vec::new();
    let mut set = |name: String, value: String| {
        env.retain(|(other, _)| *other != name);
        env.push((name, value));
    };
    for source in list(&container["envFrom"]) {
        let prefix = source["prefix"].as_str().unwrap_or_default();
        for (field, resource) in [("configMapRef", &CONFIG_MAPS), ("secretRef", &SECRETS)] {
            if source[field].is_object() {
                for (key, value) in data(cluster, pod, resource, &source[field])?.unwrap_or_default() {
                    known.push((format!("{prefix}{key}"), value.clone()));
                    set(format!("{prefix}{key}"), value);
                }
            }
        }
    }
    for variable in list(&container["env"]) {
        let name = variable["name"].as_str().unwrap_or_default().to_owned();
        let value = match &variable["valueFrom"] {
            Value::Null => Some(expand(variable["value"].as_str().unwrap_or_default(), &known)),
            from => reference(cluster, pod, container, from)?,
        };
        if let Some(value) = value {
            known.push((name.clone(), value.clone()));
            set(name, value);
        }
    }
    Ok(env)
}

/// Returns the Pod's host name.
pub(super) fn hostname(pod: &Value) -> String {
    let name = pod["spec"]["hostname"]
        .as_str()
        .or_else(|| pod["metadata"]["name"].as_str());
    name.unwrap_or_default().chars().take(63).collect()
}

pub(super) fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

/// Returns the name of the first variable that a text refers to and that is not known.
pub(super) fn unknown_reference<'a>(text: &'a str, known: &[(String, String)]) -> Option<&'a str> {
    expansion::references(text).find(|name| known.iter().all(|(other, _)| other != name))
}

/// Expands variable references.
pub(super) fn expand(text: &str, known: &[(String, String)]) -> String {
    expansion::expand(text, |name| {
        let found = known.iter().rev().find(|(other, _)| other == name);
        found.map(|(_, value)| Cow::Borrowed(value.as_str()))
    })
}

fn reference(
    cluster: &Cluster,
    pod: &Value,
    container: &Value,
    from: &Value,
) -> Result<Option<String>, Missing> {
    for (field, resource) in [("configMapKeyRef", &CONFIG_MAPS), ("secretKeyRef", &SECRETS)] {
        let one = &from[field];
        if !one.is_object() {
            continue;
        }
        let key = one["key"].as_str().unwrap_or_default();
        let found = data(cluster, pod, resource, one)?
            .and_then(|data| data.into_iter().find(|(name, _)| name == key));
        return match found {
            Some((_, value)) => Ok(Some(value)),
            None if one["optional"] == true => Ok(None),
            None => Err(format!(
                "couldn't find key {key} in {} {}",
                resource.kind,
                name_of(pod, one)
            )),
        };
    }
    if let Some(path) = from["fieldRef"]["fieldPath"].as_str() {
        return Ok(Some(field(pod, path)));
    }
    if let Some(resource) = from["resourceFieldRef"]["resource"].as_str() {
        let (kind, name) = resource.split_once('.').unwrap_or(("limits", resource));
        let amount = crate::runtime::resources::units(&container["resources"][kind][name]);
        return Ok(Some(amount.unwrap_or(0).to_string()));
    }
    Ok(None)
}

/// Returns a field of the Pod: `metadata.name`, `metadata.labels['app']`, `status.podIP`, …
pub(super) fn field(pod: &Value, path: &str) -> String {
    let (path, key) = match path.split_once("['") {
        Some((path, key)) => (path, Some(key.trim_end_matches("']"))),
        None => (path, None),
    };
    let mut at = path.split('.').fold(pod, |at, part| &at[part]);
    if let Some(key) = key {
        at = &at[key];
    }
    match at {
        Value::String(text) => text.clone(),
        Value::Object(map) => {
            let lines: Vec<_> = map.iter().map(|(key, value)| format!("{key}={value}")).collect();
            lines.join("\n")
        }
        Value::Null => String::new(),
        other => other.to_string(),
    }
}

fn name_of(pod: &Value, reference: &Value) -> String {
    let namespace = pod["metadata"]["namespace"].as_str().unwrap_or_default();
    format!("{namespace}/{}", reference["name"].as_str().unwrap_or_default())
}

/// Returns the keys and text values of a ConfigMap or Secret; `None` if it is optional and missing.
pub(super) fn data(
    cluster: &Cluster,
    pod: &Value,
    resource: &'static Resource,
    reference: &Value,
) -> Result<Option<Vec<(String, String)>>, Missing> {
    let bytes = bytes(
        cluster,
        pod,
        resource,
        reference["name"].as_str().unwrap_or_default(),
    )?;
    match bytes {
        Some(all) => Ok(Some(
            all.into_iter()
                .map(|(key, value)| (key, String::from_utf8_lossy(&value).into_owned()))
                .collect(),
        )),
        None if reference["optional"] == true => Ok(None),
        None => Err(format!(
            "{} \"{}\" not found",
            resource.singular,
            reference["name"].as_str().unwrap_or_default()
        )),
    }
}

/// Keys with their contents.
type Files = Vec<(String, Vec<u8>)>;

/// Returns the keys and contents of a ConfigMap or Secret; `None` if it does not exist.
pub(super) fn bytes(
    cluster: &Cluster,
    pod: &Value,
    resource: &'static Resource,
    name: &str,
) -> Result<Option<Files>, Missing> {
    let namespace = pod["metadata"]["namespace"].as_str().unwrap_or_default();
    let object = cluster
        .store
        .get(&Key::new(resource, namespace, name))
        .map_err(|error| error.to_string())?;
    let Some(object) = object else { return Ok(None) };
    let decode = |text: &str| STANDARD.decode(text).unwrap_or_default();
    let secret = *resource == SECRETS;
    let mut all = Vec::new();
    for (key, value) in object["data"].as_object().into_iter().flatten() {
        let text = value.as_str().unwrap_or_default();
        all.push((
            key.clone(),
            if secret {
                decode(text)
            } else {
                text.as_bytes().to_vec()
            },
        ));
    }
    for (key, value) in object["binaryData"].as_object().into_iter().flatten() {
        all.push((key.clone(), decode(value.as_str().unwrap_or_default())));
    }
    Ok(Some(all))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn variable_references_expand_like_kubernetes() {
        let known = [("A".to_owned(), "1".to_owned())];
        assert_eq!(expand("$(A) $$(A) $(B) $A $", &known), "1 $(A) $(B) $A $");
    }

    #[test]
    fn field_refs_resolve_to_pod_fields() {
        let pod = json!({"metadata": {"name": "p", "labels": {"a/b": "x"}}});
        assert_eq!(field(&pod, "metadata.name"), "p");
        assert_eq!(field(&pod, "metadata.labels['a/b']"), "x");
        assert_eq!(field(&pod, "status.podIP"), "");
    }
}
