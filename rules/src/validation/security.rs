//! Security contexts (`validatePodSpecSecurityContext`, `ValidateSecurityContext`).

use std::collections::HashSet;

use super::pod_template::CONTAINER_LISTS;
use super::{mount, windows};
use crate::features::Feature;
use crate::machinery::detail;
use crate::machinery::go::{self, Field, Zero};
use crate::machinery::node::Node;
use crate::machinery::rule::Rule;

const PROFILE_TYPES: [&str; 3] = ["Localhost", "RuntimeDefault", "Unconfined"];
const MAX_ID: i64 = i32::MAX as i64;
/// Maximum number of characters of a profile's path on the host.
const MAX_PROFILE: usize = 4095;
const MAX_SYSCTL: usize = 253;

const PROFILE: &[Field] = &[
    ("Type", "type", Zero::Text),
    ("LocalhostProfile", "localhostProfile", Zero::Null),
];
const CAPABILITIES: &[Field] = &[("Add", "add", Zero::Null), ("Drop", "drop", Zero::Null)];
const SELINUX: &[Field] = &[
    ("User", "user", Zero::Text),
    ("Role", "role", Zero::Text),
    ("Type", "type", Zero::Text),
    ("Level", "level", Zero::Text),
];
const WINDOWS: &[Field] = &[
    ("GMSACredentialSpecName", "gmsaCredentialSpecName", Zero::Null),
    ("GMSACredentialSpec", "gmsaCredentialSpec", Zero::Null),
    ("RunAsUserName", "runAsUserName", Zero::Null),
    ("HostProcess", "hostProcess", Zero::Null),
];
const CONTEXT: &[Field] = &[
    ("Capabilities", "capabilities", Zero::Struct(CAPABILITIES)),
    ("Privileged", "privileged", Zero::Null),
    ("SELinuxOptions", "seLinuxOptions", Zero::Struct(SELINUX)),
    ("WindowsOptions", "windowsOptions", Zero::Struct(WINDOWS)),
    ("RunAsUser", "runAsUser", Zero::Null),
    ("RunAsGroup", "runAsGroup", Zero::Null),
    ("RunAsNonRoot", "runAsNonRoot", Zero::Null),
    ("ReadOnlyRootFilesystem", "readOnlyRootFilesystem", Zero::Null),
    ("AllowPrivilegeEscalation", "allowPrivilegeEscalation", Zero::Null),
    ("ProcMount", "procMount", Zero::Null),
    ("SeccompProfile", "seccompProfile", Zero::Struct(PROFILE)),
    ("AppArmorProfile", "appArmorProfile", Zero::Struct(PROFILE)),
];

/// Validates `securityContext` of a Pod.
pub(super) fn pod(pod: Node<'_>) {
    let Some(context) = pod.object("securityContext") else {
        return;
    };
    for key in ["fsGroup", "runAsUser", "runAsGroup"] {
        context.within(key, 0, MAX_ID);
    }
    for group in context.items("supplementalGroups") {
        if let Some(id) = group.as_integer().filter(|id| !(0..=MAX_ID).contains(id)) {
            let detail = detail!("must be between 0 and {MAX_ID}, inclusive");
            group.invalid(Rule::FieldRange, id, &["0", &MAX_ID.to_string()], detail);
        }
    }
    sysctls(pod, context);
    context.one_of("fsGroupChangePolicy", &["Always", "OnRootMismatch"]);
    seccomp(context);
    windows::options(context);
    app_armor(context);
    context.one_of("supplementalGroupsPolicy", &["Merge", "Strict"]);
    let policies: &[&str] = if Feature::SELinuxMount.is_on(pod.options().minor) {
        &["MountOption", "Recursive"]
    } else {
        &["Recursive"]
    };
    context.one_of("seLinuxChangePolicy", policies);
    context.maybe_flag("runAsNonRoot");
}

/// Validates `securityContext` of a container.
pub(super) fn container(pod: Node<'_>, container: Node<'_>) {
    let Some(context) = container.object("securityContext") else {
        return;
    };
    for key in ["runAsUser", "runAsGroup"] {
        context.within(key, 0, MAX_ID);
    }
    if let Some(mount) = context.maybe_text("procMount") {
        context.one_of("procMount", &["Default", "Unmasked"]);
        if mount == "Unmasked" && pod.maybe_flag("hostUsers") != Some(false) {
            let detail = detail!("`hostUsers` must be false to use `Unmasked`");
            context
                .get("procMount")
                .invalid(Rule::ProcMount, mount, &[], detail);
        }
    }
    seccomp(context);
    escalation(context);
    windows::options(context);
    app_armor(context);
    for key in ["runAsNonRoot", "readOnlyRootFilesystem"] {
        context.maybe_flag(key);
    }
}

fn escalation(context: Node<'_>) {
    let shown = || go::internal(context.value, CONTEXT);
    let is_privileged = context.flag("privileged");
    if context.maybe_flag("allowPrivilegeEscalation") != Some(false) {
        return;
    }
    if is_privileged {
        let detail = detail!("cannot set `allowPrivilegeEscalation` to false and `privileged` to true");
        context.invalid(Rule::Escalation, shown(), &[], detail);
    }
    for capability in context.get("capabilities").items("add") {
        if capability.as_text() == Some("CAP_SYS_ADMIN") {
            let detail = detail!(
                "cannot set `allowPrivilegeEscalation` to false and `capabilities.Add` CAP_SYS_ADMIN"
            );
            context.invalid(Rule::Escalation, shown(), &[], detail);
        }
    }
}

/// Validates the required type of a profile.
fn profile_type(profile: Node<'_>, name: &str) {
    if profile.is_mistyped_text("type") {
        profile.text("type");
    } else if profile.text("type").is_empty() {
        let detail = detail!("type is required when {name} is set");
        profile
            .get("type")
            .required(Rule::FieldRequired, &["type"], detail);
    } else {
        profile.one_of("type", &PROFILE_TYPES);
    }
}

fn seccomp(context: Node<'_>) {
    let Some(profile) = context.object("seccompProfile") else {
        return;
    };
    profile_type(profile, "seccompProfile");
    let at = profile.get("localhostProfile");
    let path = profile.maybe_text("localhostProfile");
    if profile.text("type") == "Localhost" {
        match path {
            None if !profile.has("localhostProfile") => {
                let detail = detail!("must be set when seccomp type is Localhost");
                at.required(Rule::FieldRequired, &["localhostProfile"], detail);
            }
            None => {}
            Some(path) => mount::descending(at, path),
        }
    } else if path.is_some() {
        let shown = go::internal(profile.value, PROFILE);
        let detail = detail!("can only be set when seccomp type is Localhost");
        at.invalid(Rule::FieldConflict, shown, &["localhostProfile", "type"], detail);
    }
}

fn app_armor(context: Node<'_>) {
    let Some(profile) = context.object("appArmorProfile") else {
        return;
    };
    let at = profile.get("localhostProfile");
    let needed = || {
        let detail = detail!("must be set when AppArmor type is Localhost");
        at.required(Rule::FieldRequired, &["localhostProfile"], detail);
    };
    let path = profile.maybe_text("localhostProfile");
    match profile.text("type") {
        "Localhost" => match path {
            None if !profile.has("localhostProfile") => needed(),
            None => {}
            Some(path) => {
                if path.trim() != path {
                    let detail = detail!("must not be padded with whitespace");
                    at.invalid(Rule::FieldForm, path, &[path], detail);
                } else if path.is_empty() {
                    needed();
                }
                if path.len() > MAX_PROFILE {
                    at.too_long(Rule::FieldLong, MAX_PROFILE);
                }
            }
        },
        "RuntimeDefault" | "Unconfined" => {
            if let Some(path) = path {
                let detail = detail!("can only be set when AppArmor type is Localhost");
                at.invalid(Rule::FieldConflict, path, &["localhostProfile", "type"], detail);
            }
        }
        _ => profile_type(profile, "appArmorProfile"),
    }
}

fn is_sysctl(name: &str) -> bool {
    let outer = |byte: &u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    let part = |part: &str| {
        let bytes = part.as_bytes();
        bytes.first().is_some_and(outer)
            && bytes.last().is_some_and(outer)
            && bytes
                .iter()
                .all(|byte| outer(byte) || matches!(byte, b'-' | b'_'))
    };
    name.len() <= MAX_SYSCTL && name.split(['.', '/']).all(part)
}

fn sysctls(pod: Node<'_>, context: Node<'_>) {
    let mut seen = HashSet::new();
    for sysctl in context.structs("sysctls") {
        let name = sysctl.text("name");
        let at = sysctl.get("name");
        sysctl.text("value");
        if sysctl.is_mistyped_text("name") {
            continue;
        }
        if name.is_empty() {
            at.require();
        } else if !is_sysctl(name) {
            let detail = detail!(
                "must have at most {MAX_SYSCTL} characters and match regex ^([a-z0-9]([-_a-z0-9]*[a-z0-9])?[\\./])*[a-z0-9]([-_a-z0-9]*[a-z0-9])?$"
            );
            at.invalid(Rule::FieldForm, name, &[name], detail);
        } else if seen.contains(name) {
            at.duplicate(Rule::NameDuplicate, name, &[name]);
        }
        seen.insert(name);
        let host = match host_namespace(name) {
            Some(key) if pod.flag(key) => key,
            _ => continue,
        };
        let detail = detail!("may not be specified when '{host}' is true");
        at.invalid(Rule::SysctlHost, name, &[name], detail);
    }
}

/// Returns the field that shares the host namespace of a sysctl with the Pod.
fn host_namespace(name: &str) -> Option<&'static str> {
    // In the notation with slashes, dots and slashes are swapped.
    let swapped: String;
    let name = match name.find(['.', '/']) {
        Some(at) if name[at..].starts_with('/') => {
            let swap = |one: char| match one {
                '.' => '/',
                '/' => '.',
                one => one,
            };
            swapped = name.chars().map(swap).collect();
            swapped.as_str()
        }
        _ => name,
    };
    if name.starts_with("net.") {
        return Some("hostNetwork");
    }
    let is_ipc = name == "kernel.sem"
        || ["kernel.shm", "kernel.msg", "fs.mqueue."]
            .iter()
            .any(|head| name.starts_with(head));
    is_ipc.then_some("hostIPC")
}

/// Validates what a Pod in a user namespace may not share with the host (`validateHostUsers`).
pub(super) fn host_users(pod: Node<'_>) {
    if pod.maybe_flag("hostUsers") != Some(false) {
        return;
    }
    let detail = || detail!("when `hostUsers` is false");
    if !Feature::UserNamespacesHostNetworkSupport.is_on(pod.options().minor) && pod.flag("hostNetwork") {
        pod.get("hostNetwork")
            .forbid(Rule::FieldConflict, &["hostNetwork", "hostUsers"], detail());
    }
    for (key, spelled) in [("hostPID", "HostPID"), ("hostIPC", "HostIPC")] {
        if pod.flag(key) {
            pod.spelled(key, spelled)
                .forbid(Rule::FieldConflict, &[key, "hostUsers"], detail());
        }
    }
    for list in CONTAINER_LISTS {
        for container in pod.structs(list) {
            if container.count("volumeDevices") > 0 {
                container.get("volumeDevices").forbid(
                    Rule::FieldConflict,
                    &["volumeDevices", "hostUsers"],
                    detail(),
                );
            }
        }
    }
}
