//! Volume sources, except projected ones.

use super::{env, metadata, mount, selector};
use crate::features::Feature;
use crate::machinery::detail;
use crate::machinery::names::{self, Fault};
use crate::machinery::node::Node;
use crate::machinery::report::sentence;
use crate::machinery::rule::Rule;

const HOST_PATH_TYPES: [&str; 8] = [
    "",
    "BlockDevice",
    "CharDevice",
    "Directory",
    "DirectoryOrCreate",
    "File",
    "FileOrCreate",
    "Socket",
];
const ACCESS_MODES: [&str; 4] = [
    "ReadOnlyMany",
    "ReadWriteMany",
    "ReadWriteOnce",
    "ReadWriteOncePod",
];
/// Fields of the Pod that a file can contain.
const FILE_FIELDS: [&str; 5] = [
    "metadata.annotations",
    "metadata.labels",
    "metadata.name",
    "metadata.namespace",
    "metadata.uid",
];
/// Maximum number of characters of a driver's name.
const MAX_DRIVER: usize = 63;

/// Returns the required members of a source.
fn required(kind: &str) -> &'static [&'static str] {
    match kind {
        "hostPath" => &["path"],
        "gitRepo" => &["repository"],
        "gcePersistentDisk" => &["pdName"],
        "awsElasticBlockStore" | "cinder" | "portworxVolume" => &["volumeID"],
        "secret" => &["secretName"],
        "configMap" => &["name"],
        "nfs" => &["server", "path"],
        "iscsi" => &["targetPortal", "iqn"],
        "glusterfs" => &["endpoints", "path"],
        "persistentVolumeClaim" => &["claimName"],
        "flexVolume" => &["driver"],
        "azureFile" => &["secretName", "shareName"],
        "azureDisk" => &["diskName", "diskURI"],
        "vsphereVolume" => &["volumePath"],
        "photonPersistentDisk" => &["pdID"],
        "scaleIO" => &["gateway", "system", "volumeName"],
        _ => &[],
    }
}

pub(super) fn source<'a>(volume: Node<'a>, kind: &str, given: Node<'a>) {
    // The server uses another name for this source.
    let source = if kind == "gcePersistentDisk" {
        volume.spelled("gcePersistentDisk", "persistentDisk")
    } else {
        given
    };
    if matches!(kind, "cephfs" | "rbd") && source.count("monitors") == 0 {
        source.get("monitors").require();
    }
    if kind == "rbd" {
        source.required_text("image");
    }
    for key in required(kind) {
        source.required_text(key);
    }
    match kind {
        "emptyDir" => empty_dir(source),
        "hostPath" => {
            mount::no_backsteps(source.get("path"), source.text("path"));
            source.one_of("type", &HOST_PATH_TYPES);
        }
        "gitRepo" => mount::descending(source.get("directory"), source.text("directory")),
        "gcePersistentDisk" | "awsElasticBlockStore" => partition(source),
        "secret" | "configMap" => {
            mode(source, "defaultMode", 0o777);
            user(source, "defaultUser");
            keyed_files(source);
        }
        "nfs" => {
            let path = source.text("path");
            if !path.starts_with('/') && !source.is_mistyped_text("path") {
                let detail = detail!("must be an absolute path");
                source
                    .get("path")
                    .invalid(Rule::VolumePathAbsolute, path, &[path], detail);
            }
        }
        "iscsi" => iscsi(source),
        "flocker" => flocker(source),
        "cinder" | "storageos" => {
            if kind == "storageos" {
                storage_os(source);
            }
            if let Some(secret) = source.object("secretRef") {
                secret.required_text("name");
            }
        }
        "quobyte" => quobyte(source),
        "downwardAPI" => downward(source),
        "fc" => fibre_channel(source),
        "flexVolume" => flex(source),
        "azureDisk" => azure_disk(source),
        "csi" => csi(source),
        "ephemeral" => ephemeral(source),
        "image" => image(source),
        _ => {}
    }
}

/// Validates a file mode.
pub(super) fn mode<'a>(source: Node<'a>, key: &'a str, max: i64) {
    if let Some(mode) = source.integer(key).filter(|mode| !(0..=max).contains(mode)) {
        let detail = detail!("must be a number between 0 and 0{max:o} (octal), both inclusive");
        let shown = max.to_string();
        source
            .get(key)
            .invalid(Rule::FieldRange, mode, &["0", &shown], detail);
    }
}

/// Validates the owner of files.
pub(super) fn user<'a>(source: Node<'a>, key: &'a str) {
    source.within(key, 0, i64::from(i32::MAX));
}

fn empty_dir(source: Node<'_>) {
    let size = source.get("sizeLimit");
    if size
        .as_quantity()
        .is_some_and(super::super::machinery::quantity::Quantity::is_negative)
    {
        let detail = detail!("SizeLimit field must be a valid resource quantity");
        size.forbid(Rule::QuantityNegative, &[], detail);
    }
    mode(source, "mode", 0o1777);
}

fn partition(source: Node<'_>) {
    let number = source.integer("partition");
    if let Some(number) = number.filter(|number| !(0..=255).contains(number)) {
        let detail = detail!("must be between 1 and 255, inclusive");
        source
            .get("partition")
            .invalid(Rule::FieldRange, number, &["1", "255"], detail);
    }
}

/// Validates keys of a ConfigMap or Secret projected to files.
pub(super) fn keyed_files(source: Node<'_>) {
    for item in source.structs("items") {
        item.required_text("key");
        let path = item.required_text("path");
        mount::file_path(item.get("path"), path);
        mode(item, "mode", 0o777);
        user(item, "user");
    }
}

fn downward(source: Node<'_>) {
    mode(source, "defaultMode", 0o777);
    user(source, "defaultUser");
    for item in source.structs("items") {
        downward_file(item);
    }
}

/// Validates a field of the Pod projected to a file. The server's path omits the list's key and the index.
pub(super) fn downward_file(item: Node<'_>) {
    let item = item.without_list_and_index();
    let path = item.required_text("path");
    mount::file_path(item.get("path"), path);
    if let Some(field) = item.object("fieldRef") {
        env::field_ref(field, &FILE_FIELDS);
        if item.has("resourceFieldRef") {
            let detail = detail!("fieldRef and resourceFieldRef can not be specified simultaneously");
            item.invalid(
                Rule::FieldOneOf,
                "resource",
                &["fieldRef, resourceFieldRef"],
                detail,
            );
        }
    } else if let Some(resource) = item.object("resourceFieldRef") {
        env::resource_ref(resource, true);
    } else if !item.has("fieldRef") && !item.has("resourceFieldRef") {
        let detail = detail!("one of fieldRef and resourceFieldRef is required");
        item.required(Rule::FieldOneOf, &["fieldRef, resourceFieldRef"], detail);
    }
    mode(item, "mode", 0o777);
    user(item, "user");
}

/// Validates the qualified name of an iSCSI target or initiator.
fn iscsi_name(at: Node<'_>, name: &str) {
    let wrong = |detail| at.invalid(Rule::FieldForm, name, &[name], detail);
    let alphanumeric = |text: &str, length: usize| {
        text.len() == length && text.bytes().all(|byte| byte.is_ascii_alphanumeric())
    };
    // The server's regex of `iqn` has no anchor at the start; the dots of the others match any character.
    let fits = match name.get(..3) {
        Some("iqn") => has_iqn(name),
        Some("eui") => name
            .chars()
            .nth(3)
            .is_some_and(|any| alphanumeric(&name[3 + any.len_utf8()..], 16)),
        Some("naa") => name
            .chars()
            .nth(3)
            .is_some_and(|any| alphanumeric(&name[3 + any.len_utf8()..], 32)),
        _ => return wrong(detail!("must be valid format starting with iqn, eui, or naa")),
    };
    if !fits {
        wrong(detail!("must be valid format"));
    }
}

/// Returns whether the text ends with `iqn.yyyy-mm.authority:name`.
fn has_iqn(text: &str) -> bool {
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    text.match_indices("iqn.").any(|(at, _)| {
        let rest = &text[at + 4..];
        let (Some(year), Some("-"), Some(month), Some(".")) =
            (rest.get(..4), rest.get(4..5), rest.get(5..7), rest.get(7..8))
        else {
            return false;
        };
        let authority = rest[8..]
            .bytes()
            .take_while(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.'))
            .count();
        let name = rest[8 + authority..].strip_prefix(':');
        let fits =
            |one: char| !matches!(one, ',' | ';' | '*' | '&' | '$' | '|') && !one.is_ascii_whitespace();
        digits(year)
            && digits(month)
            && authority > 0
            && name.is_some_and(|name| !name.is_empty() && name.chars().all(fits))
    })
}

fn iscsi(source: Node<'_>) {
    let name = source.text("iqn");
    if !name.is_empty() {
        iscsi_name(source.get("iqn"), name);
    }
    source.within("lun", 0, 255);
    let authenticates = source.flag("chapAuthDiscovery") || source.flag("chapAuthSession");
    if authenticates && !source.has("secretRef") {
        source.get("secretRef").require();
    }
    if let Some(name) = source.maybe_text("initiatorName") {
        iscsi_name(source.spelled("initiatorName", "initiatorname"), name);
    }
}

fn flocker(source: Node<'_>) {
    let (name, uuid) = (source.text("datasetName"), source.text("datasetUUID"));
    let both = ["datasetName, datasetUUID"];
    if name.is_empty() && uuid.is_empty() {
        let detail = detail!("one of datasetName and datasetUUID is required");
        source.required(Rule::FieldOneOf, &both, detail);
    }
    if !name.is_empty() && !uuid.is_empty() {
        let detail = detail!("datasetName and datasetUUID can not be specified simultaneously");
        source.invalid(Rule::FieldOneOf, "resource", &both, detail);
    }
    if name.contains('/') {
        let detail = detail!("must not contain '/'");
        source
            .get("datasetName")
            .invalid(Rule::FieldForm, name, &[name], detail);
    }
}

fn storage_os(source: Node<'_>) {
    let name = source.required_text("volumeName");
    for (key, name) in [
        ("volumeName", name),
        ("volumeNamespace", source.text("volumeNamespace")),
    ] {
        if !name.is_empty() {
            source.get(key).name_faults(name, &names::dns_label(name));
        }
    }
}

fn quobyte(source: Node<'_>) {
    let (registry, tenant) = (source.text("registry"), source.text("tenant"));
    let pair = || detail!("must be a host:port pair or multiple pairs separated by commas");
    let at = source.get("registry");
    if registry.is_empty() {
        if !source.is_mistyped_text("registry") {
            at.required(Rule::FieldRequired, &["registry"], pair());
        }
    } else if tenant.len() >= 65 {
        let detail = detail!("must be a UUID and may not exceed a length of 64 characters");
        source.get("tenant").required(Rule::FieldLong, &["64"], detail);
    } else {
        for part in registry.split(',') {
            if !is_host_port(part) {
                at.invalid(Rule::FieldForm, registry, &[registry], pair());
            }
        }
    }
    source.required_text("volume");
}

/// Returns whether Go's `SplitHostPort` accepts it.
fn is_host_port(text: &str) -> bool {
    let Some((host, port)) = text.rsplit_once(':') else {
        return false;
    };
    let plain = |text: &str| !text.contains(['[', ']']);
    match host.strip_prefix('[') {
        Some(host) => host
            .strip_suffix(']')
            .is_some_and(|host| plain(host) && plain(port)),
        None => plain(host) && plain(port) && !host.contains(':'),
    }
}

fn fibre_channel(source: Node<'_>) {
    let (targets, ids) = (source.count("targetWWNs"), source.count("wwids"));
    let at = source.get("targetWWNs");
    let both = ["targetWWNs, wwids"];
    if targets == 0 && ids == 0 {
        let detail = detail!("must specify either targetWWNs or wwids, but not both");
        at.required(Rule::FieldOneOf, &both, detail);
    }
    if targets > 0 && ids > 0 {
        let detail = detail!("targetWWNs and wwids can not be specified simultaneously");
        at.invalid(Rule::FieldOneOf, at.value.clone(), &both, detail);
    }
    if targets > 0 {
        if source.has("lun") {
            source.within("lun", 0, 255);
        } else {
            let detail = detail!("lun is required if targetWWNs is specified");
            source.get("lun").required(Rule::FieldRequired, &["lun"], detail);
        }
    }
}

fn flex(source: Node<'_>) {
    for (key, value) in source.members("options") {
        value.as_text();
        let namespace = key.split_once('/').map_or(key, |(namespace, _)| namespace);
        let namespace = format!(".{}", namespace.to_lowercase());
        if namespace.ends_with(".kubernetes.io") || namespace.ends_with(".k8s.io") {
            let detail = detail!("kubernetes.io and k8s.io namespaces are reserved");
            value.invalid(Rule::FieldForbidden, key, &[key], detail);
        }
    }
}

fn azure_disk(source: Node<'_>) {
    source.one_of("cachingMode", &["None", "ReadOnly", "ReadWrite"]);
    source.one_of("kind", &["Dedicated", "Managed", "Shared"]);
    let Some(kind) = source.maybe_text("kind") else {
        return;
    };
    let (uri, at) = (source.text("diskURI"), source.get("diskURI"));
    if kind == "Managed" && !uri.starts_with("/subscriptions/") {
        at.unsupported(
            uri,
            &["/subscriptions/{sub-id}/resourcegroups/{group-name}/providers/microsoft.compute/disks/{disk-id}"],
        );
    }
    if kind != "Managed" && !uri.starts_with("https://") {
        at.unsupported(
            uri,
            &["https://{account-name}.blob.core.windows.net/{container-name}/{disk-name}.vhd"],
        );
    }
}

fn csi(source: Node<'_>) {
    let driver = source.text("driver");
    let at = source.get("driver");
    if !source.is_mistyped_text("driver") {
        if driver.is_empty() {
            at.require();
        } else {
            if driver.len() > MAX_DRIVER {
                at.too_long(Rule::FieldLong, MAX_DRIVER);
            }
            at.faults(
                Rule::FieldForm,
                driver,
                &names::dns_subdomain(&driver.to_lowercase()),
            );
        }
    }
    if let Some(secret) = source.object("nodePublishSecretRef") {
        let name = secret.required_text("name");
        if !name.is_empty() {
            // The server's path omits the reference.
            source
                .omitted("nodePublishSecretRef")
                .get("name")
                .name_faults(name, &names::dns_subdomain(name));
        }
    }
}

fn image(source: Node<'_>) {
    if Feature::ImageVolumeReferenceRequired.is_on(source.options().minor) {
        source.required_text("reference");
    }
    if source.text("pullPolicy").is_empty() && !source.is_mistyped_text("pullPolicy") {
        source.get("pullPolicy").require();
    } else {
        source.one_of("pullPolicy", &["Always", "IfNotPresent", "Never"]);
    }
}

/// Validates a claim template of an ephemeral volume (`ValidatePersistentVolumeClaimTemplate`).
fn ephemeral(source: Node<'_>) {
    let Some(template) = source.object("volumeClaimTemplate") else {
        if !source.has("volumeClaimTemplate") {
            source.get("volumeClaimTemplate").require();
        }
        return;
    };
    let metadata = template.get("metadata");
    metadata::annotations(metadata.get("annotations"), metadata, "annotations");
    metadata::labels(metadata.get("labels"), metadata, "labels");
    for (key, value) in metadata.value.as_object().into_iter().flatten() {
        let is_empty = value.is_null() || value == "" || *value == serde_json::json!(0);
        if !matches!(key.as_str(), "annotations" | "labels") && !is_empty {
            // The server lowers the first letter of Go's name.
            let at = if key == "uid" {
                metadata.spelled(key, "uID")
            } else {
                metadata.get(key)
            };
            at.forbidden(detail!("cannot be set"));
        }
    }
    claim_spec(template.get("spec"));
}

fn claim_spec(spec: Node<'_>) {
    let modes = spec.items("accessModes");
    let at = spec.get("accessModes");
    if modes.is_empty() && (at.value.is_null() || at.value.is_array()) {
        let detail = detail!("at least 1 access mode is required");
        at.required(Rule::FieldRequired, &["accessModes"], detail);
    }
    selector::selector(spec, "selector");
    let (mut once, mut other) = (false, false);
    for mode in modes {
        let mode = mode.as_text().unwrap_or_default();
        let is_known = ACCESS_MODES.contains(&mode);
        if !is_known {
            at.unsupported(mode, &ACCESS_MODES);
        }
        once |= mode == "ReadWriteOncePod";
        other |= mode != "ReadWriteOncePod" && is_known;
    }
    if once && other {
        let detail = detail!("may not use ReadWriteOncePod with other access modes");
        at.forbid(Rule::FieldConflict, &["ReadWriteOncePod", "accessModes"], detail);
    }
    let storage = spec.get("resources").omitted("requests").map_key("storage");
    if storage.value.is_null() && !spec.get("resources").get("requests").has("storage") {
        storage.require();
    } else if let Some(size) = storage
        .as_quantity()
        .filter(|size| *size <= crate::Quantity::ZERO)
    {
        let detail = detail!("must be greater than zero");
        storage.invalid(Rule::QuantityPositive, size.to_string(), &[], detail);
    }
    for key in ["storageClassName", "volumeAttributesClassName"] {
        if key == "volumeAttributesClassName" {
            spec.one_of("volumeMode", &["Block", "Filesystem"]);
            data_sources(spec);
        }
        let class = spec.text(key);
        if !class.is_empty() {
            spec.get(key).name_faults(class, &names::dns_subdomain(class));
        }
    }
}

fn data_sources(spec: Node<'_>) {
    for key in ["dataSource", "dataSourceRef"] {
        let Some(source) = spec.object(key) else { continue };
        source.required_text("name");
        let kind = source.required_text("kind");
        let group = source.text("apiGroup");
        if group.is_empty() && kind != "PersistentVolumeClaim" {
            let detail = detail!("must be 'PersistentVolumeClaim' when referencing the default apiGroup");
            source.invalid(Rule::FieldEnum, kind, &[kind, "PersistentVolumeClaim"], detail);
        }
        if !group.is_empty() {
            source
                .get("apiGroup")
                .faults(Rule::FieldForm, group, &names::dns_subdomain(group));
        }
        let namespace = source.text("namespace");
        if key == "dataSourceRef" && !namespace.is_empty() {
            let faults: Vec<Fault> = names::dns_label(namespace);
            for fault in faults {
                source
                    .get("namespace")
                    .invalid(Rule::NameInvalid, namespace, &[namespace], sentence(fault));
            }
        }
    }
}
