//! The operating system of a Pod, and Windows options (`validateOS`, `validateWindows`, `validateLinux`).

use super::pod_template::CONTAINER_LISTS;
use crate::machinery::detail;
use crate::machinery::names;
use crate::machinery::node::Node;
use crate::machinery::rule::Rule;

const MAX_CREDENTIALS: usize = 64 * 1024;
const MAX_DOMAIN: usize = 256;
const MAX_USER: usize = 104;

/// Fields that a Windows Pod's security context may not have, in the server's order.
const NOT_IN_POD: [&str; 11] = [
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
    "seLinuxChangePolicy",
];
/// Fields that the security context of a Windows container may not have.
const NOT_IN_CONTAINER: [&str; 10] = [
    "appArmorProfile",
    "seLinuxOptions",
    "seccompProfile",
    "capabilities",
    "readOnlyRootFilesystem",
    "privileged",
    "allowPrivilegeEscalation",
    "procMount",
    "runAsUser",
    "runAsGroup",
];

pub(super) fn os(pod: Node<'_>) {
    let Some(os) = pod.object("os") else { return };
    let name = os.text("name");
    if os.is_mistyped_text("name") {
        return;
    }
    match name {
        "" => os.get("name").require(),
        "linux" => linux(pod),
        "windows" => windows(pod),
        // The server reports the cause at `os`, not at its name.
        other => os.unsupported(other, &["linux", "windows"]),
    }
}

/// Returns the security contexts of all containers.
fn contexts(pod: Node<'_>) -> impl Iterator<Item = Node<'_>> {
    CONTAINER_LISTS
        .into_iter()
        .flat_map(move |list| pod.structs(list))
        .filter_map(|container| container.object("securityContext"))
}

fn linux(pod: Node<'_>) {
    let own = pod.object("securityContext");
    for context in own.into_iter().chain(contexts(pod)) {
        if context.has("windowsOptions") {
            let detail = detail!("windows options cannot be set for a linux pod");
            context.get("windowsOptions").forbidden(detail);
        }
    }
}

fn windows(pod: Node<'_>) {
    let forbid = |at: Node<'_>| at.forbidden(detail!("cannot be set for a windows pod"));
    if let Some(context) = pod.object("securityContext") {
        for key in NOT_IN_POD {
            let is_empty_list = key == "sysctls" && context.count(key) == 0;
            if context.has(key) && !is_empty_list {
                forbid(context.get(key));
            }
        }
    }
    if pod.has("hostUsers") {
        forbid(pod.get("hostUsers"));
    }
    for key in ["hostPID", "hostIPC"] {
        if pod.flag(key) {
            forbid(pod.get(key));
        }
    }
    if pod.has("shareProcessNamespace") {
        forbid(pod.get("shareProcessNamespace"));
    }
    for context in contexts(pod) {
        for key in NOT_IN_CONTAINER {
            if context.has(key) {
                forbid(context.get(key));
            }
        }
    }
}

/// Validates `windowsOptions` of a Pod or container.
pub(super) fn options(context: Node<'_>) {
    let Some(options) = context.object("windowsOptions") else {
        return;
    };
    if let Some(name) = options.maybe_text("gmsaCredentialSpecName") {
        options
            .get("gmsaCredentialSpecName")
            .faults(Rule::FieldForm, name, &names::dns_subdomain(name));
    }
    if let Some(credentials) = options.maybe_text("gmsaCredentialSpec") {
        let at = options.get("gmsaCredentialSpec");
        if credentials.is_empty() {
            let detail = detail!("gmsaCredentialSpec cannot be an empty string");
            at.invalid(Rule::FieldRequired, credentials, &["gmsaCredentialSpec"], detail);
        } else if credentials.len() > MAX_CREDENTIALS {
            let detail = detail!(
                "gmsaCredentialSpec size must be under {} KiB",
                MAX_CREDENTIALS / 1024
            );
            at.invalid(
                Rule::FieldLong,
                credentials,
                &[&MAX_CREDENTIALS.to_string()],
                detail,
            );
        }
    }
    if let Some(name) = options.maybe_text("runAsUserName") {
        user_name(options.get("runAsUserName"), name);
    }
    options.maybe_flag("hostProcess");
}

fn user_name(at: Node<'_>, name: &str) {
    let wrong = |detail| at.invalid(Rule::FieldForm, name, &[name], detail);
    let parts: Vec<&str> = name.split('\\').collect();
    let (domain, user) = match parts.as_slice() {
        _ if name.is_empty() => return wrong(detail!("runAsUserName cannot be an empty string")),
        _ if name.bytes().any(|byte| byte.is_ascii_control()) => {
            return wrong(detail!("runAsUserName cannot contain control characters"));
        }
        [user] => (None, *user),
        [domain, user] => (Some(*domain), *user),
        _ => return wrong(detail!("runAsUserName cannot contain more than one backslash")),
    };
    if domain.is_some_and(|domain| domain.len() >= MAX_DOMAIN) {
        wrong(detail!(
            "runAsUserName's Domain length must be under {MAX_DOMAIN} characters"
        ));
    }
    if domain.is_some_and(|domain| !is_netbios(domain) && !is_dns(domain)) {
        wrong(detail!(
            "runAsUserName's Domain doesn't match the NetBios nor the DNS format"
        ));
    }
    if user.is_empty() {
        wrong(detail!("runAsUserName's User cannot be empty"));
    } else if user.len() > MAX_USER {
        wrong(detail!(
            "runAsUserName's User length must not be longer than {MAX_USER} characters"
        ));
    }
    if !user.is_empty() && user.chars().all(|one| matches!(one, '.' | ' ')) {
        wrong(detail!(
            "runAsUserName's User cannot contain only periods or spaces"
        ));
    }
    if user.contains([
        '"', '/', '\\', ':', ';', '|', '=', ',', '+', '*', '?', '<', '>', '@', '[', ']',
    ]) {
        wrong(detail!(
            "runAsUserName's User cannot contain the following characters: \"/\\:;|=,+*?<>@[]"
        ));
    }
}

fn is_netbios(domain: &str) -> bool {
    let length = domain.chars().count();
    let is_bad = |one: char| matches!(one, '\\' | '/' | ':' | '*' | '?' | '"' | '<' | '>' | '|');
    (1..=15).contains(&length) && !domain.starts_with('.') && !domain.contains(is_bad)
}

fn is_dns(domain: &str) -> bool {
    let label = |label: &str| {
        let bytes = label.as_bytes();
        (1..=63).contains(&bytes.len())
            && bytes
                .iter()
                .all(|byte| byte.is_ascii_alphanumeric() || *byte == b'-')
            && bytes[0] != b'-'
            && bytes[bytes.len() - 1] != b'-'
    };
    domain.split('.').all(label)
}

/// Validates that either all containers are host processes, or none (`validateWindowsHostProcessPod`).
pub(super) fn host_process(pod: Node<'_>) {
    let option = |context: Option<Node<'_>>| {
        context
            .and_then(|context| context.object("windowsOptions"))
            .and_then(|options| options.maybe_flag("hostProcess"))
    };
    let own = option(pod.object("securityContext"));
    let (mut count, mut on_host) = (0, 0);
    for list in CONTAINER_LISTS {
        for container in pod.structs(list) {
            count += 1;
            let context = container.object("securityContext");
            let this = option(context);
            if let (Some(own), Some(this), Some(context)) = (own, this, context)
                && own != this
            {
                let detail =
                    detail!("pod hostProcess value must be identical if both are specified, was {own}");
                let at = context.get("windowsOptions").get("hostProcess");
                at.invalid(Rule::HostProcess, this, &[], detail);
            }
            if this.or(own) == Some(true) {
                on_host += 1;
            }
        }
    }
    if on_host == 0 {
        return;
    }
    if on_host != count {
        let detail = detail!(
            "If pod contains any hostProcess containers then all containers must be HostProcess containers"
        );
        pod.invalid(Rule::HostProcess, "", &[], detail);
    }
    if !pod.flag("hostNetwork") {
        let detail = detail!("hostNetwork must be true if pod contains any hostProcess containers");
        pod.get("hostNetwork")
            .invalid(Rule::HostProcess, false, &[], detail);
    }
}
