//! Volume mounts and devices of a container (`ValidateVolumeMounts`, `ValidateVolumeDevices`), and paths in
//! volumes.

use std::collections::HashSet;

use super::volume::Volumes;
use crate::machinery::detail;
use crate::machinery::node::Node;
use crate::machinery::rule::Rule;

const PROPAGATIONS: [&str; 3] = ["Bidirectional", "HostToContainer", "None"];
const RECURSIVE: [&str; 3] = ["Disabled", "Enabled", "IfPossible"];
const BIND_OPTIONS: [&str; 3] = ["nodev", "noexec", "nosuid"];

/// Validates a path without `..` (`validatePathNoBacksteps`).
pub(super) fn no_backsteps(at: Node<'_>, path: &str) {
    if has_backsteps(path) {
        at.invalid(Rule::ItemPath, path, &[path], detail!("must not contain '..'"));
    }
}

fn has_backsteps(path: &str) -> bool {
    path.split('/').any(|part| part == "..")
}

/// Validates a relative path without `..` (`validateLocalDescendingPath`).
pub(super) fn descending(at: Node<'_>, path: &str) {
    if path.starts_with('/') {
        at.invalid(Rule::ItemPath, path, &[path], detail!("must be a relative path"));
    }
    no_backsteps(at, path);
}

/// Validates the path of a file in a volume (`ValidateLocalNonReservedPath`).
pub(super) fn file_path(at: Node<'_>, path: &str) {
    descending(at, path);
    if path.starts_with("..") && !path.starts_with("../") {
        at.invalid(Rule::ItemPath, path, &[path], detail!("must not start with '..'"));
    }
}

pub(super) fn mounts(container: Node<'_>, volumes: &Volumes<'_>) {
    let devices = container.structs("volumeDevices");
    let mut taken = HashSet::new();
    for mount in container.structs("volumeMounts") {
        let name = mount.text("name");
        let name_at = mount.get("name");
        if !mount.is_mistyped_text("name") {
            if name.is_empty() {
                name_at.require();
            }
            if volumes.get(name).is_none() {
                name_at.not_found(Rule::VolumeUnknown, name, detail!(""));
            }
        }
        let path = mount.text("mountPath");
        let path_at = mount.get("mountPath");
        if path.is_empty() && !mount.is_mistyped_text("mountPath") {
            path_at.required(Rule::MountPathMissing, &[], detail!(""));
        }
        if !taken.insert(path) && !mount.is_mistyped_text("mountPath") {
            path_at.invalid(Rule::MountPathDuplicate, path, &[path], detail!("must be unique"));
        }
        if devices.iter().any(|device| device.text("name") == name) {
            let detail = detail!("must not already exist in volumeDevices");
            name_at.invalid(Rule::NameDuplicate, name, &[name], detail);
        }
        if devices.iter().any(|device| device.text("devicePath") == path) {
            let detail = detail!("must not already exist as a path in volumeDevices");
            path_at.invalid(Rule::MountPathDuplicate, path, &[path], detail);
        }
        sub_paths(mount);
        propagation(container, mount);
        bind_options(mount, volumes.get(name));
    }
}

/// Validates sub-paths. The server's paths of most causes omit the mount's index.
fn sub_paths(mount: Node<'_>) {
    let (path, expression) = (mount.text("subPath"), mount.text("subPathExpr"));
    let loose = mount.without_index();
    if !path.is_empty() {
        descending(loose.get("subPath"), path);
    }
    if !expression.is_empty() {
        if !path.is_empty() {
            let detail = detail!("subPathExpr and subPath are mutually exclusive");
            mount
                .get("subPathExpr")
                .invalid(Rule::MountSubPathBoth, expression, &[], detail);
        }
        descending(loose.get("subPathExpr"), expression);
    }
}

fn propagation(container: Node<'_>, mount: Node<'_>) {
    let loose = mount.without_index();
    let mode = mount.maybe_text("mountPropagation");
    if mode.is_some() {
        loose.one_of("mountPropagation", &PROPAGATIONS);
    }
    let is_privileged = container.get("securityContext").flag("privileged");
    if mode == Some("Bidirectional") && !is_privileged {
        let detail = detail!("Bidirectional mount propagation is available only to privileged containers");
        loose
            .get("mountPropagation")
            .forbid(Rule::MountPropagation, &[], detail);
    }
    let at = loose.get("recursiveReadOnly");
    match mount.maybe_text("recursiveReadOnly") {
        None | Some("Disabled") => {}
        Some("Enabled" | "IfPossible") => {
            if !mount.flag("readOnly") {
                let detail = detail!("may only be specified when readOnly is true");
                at.forbid(Rule::MountRecursive, &[], detail);
            }
            if mode.is_some_and(|mode| mode != "None") {
                let detail = detail!("may only be specified when mountPropagation is None or not specified");
                at.forbid(Rule::MountRecursivePropagation, &[], detail);
            }
        }
        Some(other) => at.unsupported(other, &RECURSIVE),
    }
}

fn bind_options(mount: Node<'_>, volume: Option<Node<'_>>) {
    let options = mount.items("bindMountOptions");
    let mut seen = HashSet::new();
    for option in &options {
        let text = option.as_text().unwrap_or_default();
        if !BIND_OPTIONS.contains(&text) {
            option.unsupported(text, &BIND_OPTIONS);
        }
        if !seen.insert(text) {
            option.duplicate(Rule::NameDuplicate, text, &[text]);
        }
    }
    if !options.is_empty() && volume.is_some_and(|volume| volume.has("image")) {
        let at = mount.get("bindMountOptions");
        let detail = detail!("bindMountOptions may not be used with image volumes");
        at.invalid(
            Rule::FieldConflict,
            at.value.clone(),
            &["bindMountOptions", "image"],
            detail,
        );
    }
}

pub(super) fn devices(container: Node<'_>, volumes: &Volumes<'_>) {
    let mounts = container.structs("volumeMounts");
    let (mut names, mut paths) = (HashSet::new(), HashSet::new());
    for device in container.structs("volumeDevices") {
        if device.is_mistyped_text("name") || device.is_mistyped_text("devicePath") {
            let _ = (device.text("name"), device.text("devicePath"));
            continue;
        }
        let (name, path) = (device.text("name"), device.text("devicePath"));
        let (name_at, path_at) = (device.get("name"), device.get("devicePath"));
        if name.is_empty() {
            name_at.require();
        }
        if names.contains(name) {
            name_at.invalid(Rule::NameDuplicate, name, &[name], detail!("must be unique"));
        }
        match volumes.get(name) {
            Some(volume) if !volume.has("persistentVolumeClaim") && !volume.has("ephemeral") => {
                let detail = detail!(
                    "can only use volume source type of PersistentVolumeClaim or Ephemeral for block mode"
                );
                name_at.invalid(Rule::VolumeDevice, name, &[name], detail);
            }
            Some(_) => {}
            None => name_at.not_found(Rule::VolumeUnknown, name, detail!("")),
        }
        if path.is_empty() {
            path_at.require();
        }
        if paths.contains(path) {
            path_at.invalid(Rule::MountPathDuplicate, path, &[path], detail!("must be unique"));
        }
        if has_backsteps(path) {
            let detail = detail!("can not contain backsteps ('..')");
            path_at.invalid(Rule::ItemPath, path, &[path], detail);
        } else {
            paths.insert(path);
        }
        if mounts.iter().any(|mount| mount.text("name") == name) {
            let detail = detail!("must not already exist in volumeMounts");
            name_at.invalid(Rule::NameDuplicate, name, &[name], detail);
        }
        // The server compares with the last of several mounts of a volume.
        let last = |name: &str| mounts.iter().rfind(|mount| mount.text("name") == name);
        let is_mounted = mounts.iter().any(|mount| {
            mount.text("mountPath") == path
                && last(mount.text("name")).is_some_and(|last| last.text("mountPath") == path)
        });
        if is_mounted {
            let detail = detail!("must not already exist as a path in volumeMounts");
            path_at.invalid(Rule::MountPathDuplicate, path, &[path], detail);
        }
        if !name.is_empty() {
            names.insert(name);
        }
    }
}
