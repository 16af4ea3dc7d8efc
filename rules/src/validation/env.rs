//! Environment variables of a container (`ValidateEnv`, `ValidateEnvFrom`).

use crate::features::Feature;
use crate::machinery::detail;
use crate::machinery::names;
use crate::machinery::node::Node;
use crate::machinery::rule::Rule;

use super::mount;
use super::pod_template::CONTAINER_LISTS;

/// Fields of the Pod that an environment variable can refer to.
const FIELDS: [&str; 9] = [
    "metadata.name",
    "metadata.namespace",
    "metadata.uid",
    "spec.nodeName",
    "spec.serviceAccountName",
    "status.hostIP",
    "status.hostIPs",
    "status.podIP",
    "status.podIPs",
];
/// Fields of the Pod that the server knows, including those that a variable cannot refer to.
const KNOWN_FIELDS: [&str; 14] = [
    "metadata.annotations",
    "metadata.labels",
    "metadata.name",
    "metadata.namespace",
    "metadata.uid",
    "spec.nodeName",
    "spec.restartPolicy",
    "spec.serviceAccountName",
    "spec.schedulerName",
    "status.phase",
    "status.hostIP",
    "status.hostIPs",
    "status.podIP",
    "status.podIPs",
];
/// Resources of a container that a variable or file can refer to.
const RESOURCES: [&str; 6] = [
    "limits.cpu",
    "limits.ephemeral-storage",
    "limits.memory",
    "requests.cpu",
    "requests.ephemeral-storage",
    "requests.memory",
];
const SIZES: [&str; 13] = [
    "1", "1k", "1M", "1G", "1T", "1P", "1E", "1Ki", "1Mi", "1Gi", "1Ti", "1Pi", "1Ei",
];

pub(super) fn variables(container: Node<'_>) {
    for variable in container.structs("env") {
        let name = variable.text("name");
        if name.is_empty() {
            if !variable.is_mistyped_text("name") {
                variable.get("name").required(Rule::EnvName, &[""], detail!(""));
            }
        } else {
            name_of(variable, "name", name);
        }
        let value = variable.text("value");
        if let Some(source) = variable.object("valueFrom") {
            value_from(source, value);
        }
    }
}

fn name_of<'a>(at: Node<'a>, key: &'a str, name: &str) {
    if Feature::RelaxedEnvironmentVariableValidation.is_on(at.options().minor) {
        at.get(key).faults(Rule::EnvName, name, &names::variable(name));
        return;
    }
    let first = name.bytes().next().unwrap_or_default();
    let inner = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    if first.is_ascii_digit() || !name.bytes().all(inner) {
        let detail = detail!(
            "a valid environment variable name must consist of alphabetic characters, digits, '_', '-', or '.', and must not start with a digit (e.g. 'my.env-name',  or 'MY_ENV.NAME',  or 'MyEnvName1', regex used for validation is '[-._a-zA-Z][-._a-zA-Z0-9]*')"
        );
        at.get(key).invalid(Rule::EnvName, name, &[name], detail);
    }
    let steps: Vec<_> = names::config_key(name)
        .into_iter()
        .filter(|fault| matches!(fault, names::Fault::Backstep(_)))
        .collect();
    at.get(key).faults(Rule::EnvName, name, &steps);
}

fn value_from(source: Node<'_>, value: &str) {
    let mut given = 0;
    if let Some(field) = source.object("fieldRef") {
        given += 1;
        field_ref(field, &FIELDS);
    }
    if let Some(resource) = source.object("resourceFieldRef") {
        given += 1;
        resource_ref(resource, false);
    }
    for kind in ["configMapKeyRef", "secretKeyRef"] {
        if let Some(reference) = source.object(kind) {
            given += 1;
            key_ref(reference);
        }
    }
    if let Some(file) = source.object("fileKeyRef") {
        given += 1;
        file_ref(file);
    }
    if given == 0 {
        let is_mistyped = [
            "fieldRef",
            "resourceFieldRef",
            "configMapKeyRef",
            "secretKeyRef",
            "fileKeyRef",
        ]
        .iter()
        .any(|kind| source.has(kind));
        let detail = detail!(
            "must specify one of: `fieldRef`, `resourceFieldRef`, `configMapKeyRef`, `secretKeyRef` or `fileKeyRef`"
        );
        if !is_mistyped {
            source.invalid(Rule::EnvSource, "", &[], detail);
        }
    } else if !value.is_empty() {
        let detail = detail!("may not be specified when `value` is not empty");
        source.invalid(Rule::EnvBoth, "", &[], detail);
    } else if given > 1 {
        let detail = detail!("may not have more than one field specified at a time");
        source.invalid(Rule::EnvSource, "", &[], detail);
    }
}

/// Splits a path such as `metadata.labels['a']` into path and subscript.
fn subscripted(path: &str) -> Option<(&str, &str)> {
    let (head, subscript) = path.strip_suffix("']")?.split_once("['")?;
    (!head.is_empty()).then_some((head, subscript))
}

/// Validates a reference to a field of the Pod (`validateObjectFieldSelector`).
pub(super) fn field_ref(field: Node<'_>, supported: &[&str]) {
    let (version, path) = (field.text("apiVersion"), field.text("fieldPath"));
    if version.is_empty() && !field.is_mistyped_text("apiVersion") {
        return field.get("apiVersion").require();
    }
    if path.is_empty() {
        if !field.is_mistyped_text("fieldPath") {
            field.get("fieldPath").require();
        }
        return;
    }
    let at = field.get("fieldPath");
    let named = supported.join(", ");
    let args = [path, &named];
    let parts = subscripted(path);
    if version != "v1" {
        let detail = detail!("error converting fieldPath: unsupported pod version: {version}");
        return at.invalid(Rule::FieldEnum, path, &args, detail);
    }
    match parts {
        Some(("metadata.annotations", key)) => {
            field.faults(
                Rule::LabelKey,
                key_lower(key).as_str(),
                &names::qualified_name(&key.to_lowercase()),
            );
        }
        Some(("metadata.labels", key)) => field.faults(Rule::LabelKey, key, &names::qualified_name(key)),
        Some(_) => {
            let detail =
                detail!("error converting fieldPath: field label does not support subscript: {path}");
            at.invalid(Rule::FieldEnum, path, &args, detail);
        }
        None => {
            // A deprecated path, which the server converts to the current one.
            let meant = if path == "spec.host" {
                "spec.nodeName"
            } else {
                path
            };
            if !KNOWN_FIELDS.contains(&meant) {
                let detail = detail!("error converting fieldPath: field label not supported: {path}");
                at.invalid(Rule::FieldEnum, path, &args, detail);
            } else if !supported.contains(&meant) {
                at.unsupported(meant, supported);
            }
        }
    }
}

fn key_lower(key: &str) -> String {
    key.to_lowercase()
}

/// Validates a reference to a resource of a container (`validateContainerResourceFieldSelector`).
pub(super) fn resource_ref(reference: Node<'_>, is_file: bool) {
    let (container, resource) = (reference.text("containerName"), reference.text("resource"));
    let is_huge = resource.starts_with("requests.hugepages-") || resource.starts_with("limits.hugepages-");
    if is_file && container.is_empty() {
        if !reference.is_mistyped_text("containerName") {
            reference.get("containerName").require();
        }
    } else if resource.is_empty() {
        if !reference.is_mistyped_text("resource") {
            reference.get("resource").require();
        }
    } else if !RESOURCES.contains(&resource) && !is_huge {
        reference.get("resource").unsupported(resource, &RESOURCES);
    }
    divisor(reference, resource, is_huge);
}

fn divisor(reference: Node<'_>, resource: &str, is_huge: bool) {
    let at = reference.get("divisor");
    let Some(divisor) = at.as_quantity().filter(|divisor| !divisor.is_zero()) else {
        return;
    };
    let shown = match at.value.as_str() {
        Some(text) => divisor.written(text.trim()),
        None => divisor.to_string(),
    };
    let what = match resource {
        "limits.cpu" | "requests.cpu" => "cpu",
        "limits.memory" | "requests.memory" => "memory",
        "limits.ephemeral-storage" | "requests.ephemeral-storage" => "local ephemeral storage",
        _ if is_huge => "hugepages",
        _ => return,
    };
    if what == "cpu" {
        if !matches!(shown.as_str(), "1m" | "1") {
            let detail = detail!("only divisor's values 1m and 1 are supported with the cpu resource");
            at.invalid(Rule::FieldEnum, resource, &[&shown, "1, 1m"], detail);
        }
    } else if !SIZES.contains(&shown.as_str()) {
        let sizes = SIZES.join(", ");
        let detail = detail!("only divisor's values {sizes} are supported with the {what} resource");
        at.invalid(Rule::FieldEnum, resource, &[&shown, &sizes], detail);
    }
}

/// Validates a reference to a key of a ConfigMap or Secret.
fn key_ref(reference: Node<'_>) {
    let name = reference.text("name");
    if !reference.is_mistyped_text("name") {
        reference
            .get("name")
            .name_faults(name, &names::dns_subdomain(name));
    }
    let key = reference.required_text("key");
    if !key.is_empty() {
        reference
            .get("key")
            .faults(Rule::FieldForm, key, &names::config_key(key));
    }
}

/// Validates a reference to a key of a file in a volume.
fn file_ref(file: Node<'_>) {
    let key = file.required_text("key");
    if !key.is_empty() {
        file.get("key")
            .faults(Rule::FieldForm, key, &names::variable(key));
    }
    let volume = file.required_text("volumeName");
    if !volume.is_empty() {
        file.get("volumeName")
            .name_faults(volume, &names::dns_label(volume));
    }
    let path = file.required_text("path");
    if !path.is_empty() {
        mount::no_backsteps(file.get("path"), path);
    }
}

/// `ValidateEnvFrom`. The server reports missing and multiple sources at the list.
pub(super) fn sources(container: Node<'_>) {
    for source in container.structs("envFrom") {
        let prefix = source.text("prefix");
        if !prefix.is_empty() {
            name_of(source, "prefix", prefix);
        }
        let mut given = 0;
        for kind in ["configMapRef", "secretRef"] {
            let Some(reference) = source.object(kind) else {
                continue;
            };
            given += 1;
            let name = reference.required_text("name");
            if !name.is_empty() {
                reference.get("name").name_faults(name, &names::name_prefix(name));
            }
        }
        let is_mistyped = source.has("configMapRef") || source.has("secretRef");
        if given == 0 && !is_mistyped {
            let detail = detail!("must specify one of: `configMapRef` or `secretRef`");
            source.without_index().invalid(Rule::EnvSource, "", &[], detail);
        } else if given > 1 {
            let detail = detail!("may not have more than one field specified at a time");
            source.without_index().invalid(Rule::EnvSource, "", &[], detail);
        }
    }
}

/// Validates that files of environment variables are in `emptyDir` volumes (`validateFileKeyRefVolumes`).
pub(super) fn file_volumes(pod: Node<'_>) {
    let volumes = pod.structs("volumes");
    for list in CONTAINER_LISTS {
        for container in pod.structs(list) {
            for variable in container.structs("env") {
                let file = variable
                    .object("valueFrom")
                    .and_then(|source| source.object("fileKeyRef"));
                let Some(file) = file.filter(|file| !file.is_mistyped_text("volumeName")) else {
                    continue;
                };
                let name = file.text("volumeName");
                let at = file.get("volumeName");
                match volumes.iter().rfind(|volume| volume.text("name") == name) {
                    None => at.not_found(Rule::VolumeUnknown, name, detail!("")),
                    Some(volume) if !volume.has("emptyDir") => {
                        let detail = detail!("referenced volume must be of type emptyDir");
                        at.invalid(Rule::VolumeType, name, &[name], detail);
                    }
                    Some(_) => {}
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::machinery::quantity::Quantity;

    #[test]
    fn divisors_are_canonical() {
        for size in SIZES {
            assert_eq!(Quantity::parse(size).unwrap().to_string(), size);
        }
        assert_eq!(
            subscripted("metadata.labels['a']"),
            Some(("metadata.labels", "a"))
        );
        assert_eq!(subscripted("['a']"), None);
        assert_eq!(subscripted("metadata.labels['a"), None);
    }
}
