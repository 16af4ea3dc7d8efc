//! Containers of a Pod (`validateContainers`, `validateInitContainers`, `validateEphemeralContainers`).

use std::collections::HashSet;

use super::{env, handler, mount, network, resources, security};
use crate::features::Feature;
use crate::machinery::detail;
use crate::machinery::names;
use crate::machinery::node::Node;
use crate::machinery::rule::Rule;
use crate::validation::volume::Volumes;

/// Maximum number of a container's restart policy rules, and of exit codes of such a rule.
const MAX_RULES: usize = 20;
const MAX_CODES: usize = 255;

/// Fields that an ephemeral container may not have, in Go's order.
const NOT_EPHEMERAL: [&str; 9] = [
    "ports",
    "resources",
    "resizePolicy",
    "restartPolicy",
    "restartPolicyRules",
    "livenessProbe",
    "readinessProbe",
    "startupProbe",
    "lifecycle",
];

pub(super) fn all(pod: Node<'_>, volumes: &Volumes<'_>) {
    let containers = pod.structs("containers");
    if containers.is_empty() {
        if pod.get("containers").value.is_array() || !pod.has("containers") {
            pod.get("containers")
                .required(Rule::ContainersMissing, &[], detail!(""));
        }
    } else {
        regular(pod, &containers, volumes);
    }
    let inits = pod.structs("initContainers");
    initial(pod, &containers, &inits, volumes);
    ephemeral(pod, &containers, &inits, volumes);
}

fn regular<'a>(pod: Node<'a>, containers: &[Node<'a>], volumes: &Volumes<'_>) {
    let mut taken = HashSet::new();
    for one in containers {
        common(pod, *one, volumes);
        let name = one.text("name");
        if !taken.insert(name) {
            one.get("name").duplicate(Rule::NameDuplicate, name, &[name]);
        }
        handler::lifecycle(pod, *one);
        handler::probes(*one);
        if Feature::ContainerRestartRules.is_on(pod.options().minor) {
            restart_policy(*one);
        } else if one.has("restartPolicy") {
            one.get("restartPolicy")
                .forbidden(detail!("may not be set for non-init containers"));
        }
    }
    network::unique_host_ports(containers);
}

fn initial<'a>(pod: Node<'a>, containers: &[Node<'a>], inits: &[Node<'a>], volumes: &Volumes<'_>) {
    let mut taken: HashSet<&str> = containers.iter().map(|one| one.text("name")).collect();
    for one in inits {
        common(pod, *one, volumes);
        init_restart_policy(*one);
        let is_sidecar = one.maybe_text("restartPolicy") == Some("Always");
        let name = one.text("name");
        if taken.contains(name) {
            one.get("name").duplicate(Rule::NameDuplicate, name, &[name]);
        } else if !name.is_empty() {
            taken.insert(name);
        }
        network::unique_host_ports(&[*one]);
        if is_sidecar {
            handler::lifecycle(pod, *one);
            handler::probes(*one);
        } else {
            for key in ["lifecycle", "livenessProbe", "readinessProbe", "startupProbe"] {
                if one.has(key) {
                    let detail = detail!("may not be set for init containers without restartPolicy=Always");
                    one.get(key).forbidden(detail);
                }
            }
            for policy in one.structs("resizePolicy") {
                if policy.text("restartPolicy") == "RestartContainer" {
                    let detail =
                        detail!("must not be set to 'RestartContainer' for non-sidecar initContainers");
                    policy.get("restartPolicy").invalid(
                        Rule::FieldForbidden,
                        "RestartContainer",
                        &["RestartContainer"],
                        detail,
                    );
                }
            }
        }
    }
}

fn ephemeral<'a>(pod: Node<'a>, containers: &[Node<'a>], inits: &[Node<'a>], volumes: &Volumes<'_>) {
    let others: HashSet<&str> = containers
        .iter()
        .chain(inits)
        .map(|one| one.text("name"))
        .collect();
    let mut taken = others.clone();
    for one in pod.structs("ephemeralContainers") {
        common(pod, one, volumes);
        image_of_pod(one);
        let name = one.text("name");
        if !taken.insert(name) {
            one.get("name").duplicate(Rule::NameDuplicate, name, &[name]);
        }
        let target = one.text("targetContainerName");
        if !target.is_empty() && !others.contains(target) {
            one.get("targetContainerName")
                .not_found(Rule::JobPolicyContainer, target, detail!(""));
        }
        for key in NOT_EPHEMERAL {
            let given = one.get(key);
            let is_empty_resources =
                key == "resources" && given.value.as_object().is_some_and(serde_json::Map::is_empty);
            if !given.value.is_null() && !is_empty_resources {
                given.forbidden(detail!("cannot be set for an Ephemeral Container"));
            }
        }
        for volume in one.structs("volumeMounts") {
            for key in ["subPath", "subPathExpr"] {
                if !volume.text(key).is_empty() {
                    volume
                        .get(key)
                        .forbidden(detail!("cannot be set for an Ephemeral Container"));
                }
            }
        }
    }
}

/// `validateContainerCommon`.
fn common(pod: Node<'_>, one: Node<'_>, volumes: &Volumes<'_>) {
    let name = one.text("name");
    if !name.is_empty() {
        one.get("name").name_faults(name, &names::dns_label(name));
    } else if !one.is_mistyped_text("name") {
        one.get("name").required(Rule::NameMissing, &[], detail!(""));
    }
    if one.text("image").is_empty() && !one.is_mistyped_text("image") {
        one.get("image").required(Rule::ImageMissing, &[], detail!(""));
    }
    required_enum(
        one,
        "terminationMessagePolicy",
        &["File", "FallbackToLogsOnError"],
    );
    for word in one.items("command").into_iter().chain(one.items("args")) {
        word.as_text();
    }
    network::ports(one);
    env::variables(one);
    env::sources(one);
    mount::mounts(one, volumes);
    mount::devices(one, volumes);
    required_enum(one, "imagePullPolicy", &["Always", "IfNotPresent", "Never"]);
    resources::of_container(pod, one);
    resize_policy(pod, one);
    security::container(pod, one);
}

/// Validates a required enum.
fn required_enum<'a>(one: Node<'a>, key: &'a str, supported: &[&str]) {
    if one.text(key).is_empty() && !one.is_mistyped_text(key) {
        one.get(key).require();
    } else {
        one.one_of(key, supported);
    }
}

/// Validates the image of a Pod's container beyond the rules for templates.
pub(super) fn image_of_pod(one: Node<'_>) {
    let image = one.text("image");
    if image.trim() != image {
        let detail = detail!("must not have leading or trailing whitespace");
        one.get("image").invalid(Rule::FieldForm, image, &[image], detail);
    }
}

/// Validates `resizePolicy`. The server reports all causes except duplicates at the list.
fn resize_policy(pod: Node<'_>, one: Node<'_>) {
    let at = one.get("resizePolicy");
    let mut taken = HashSet::new();
    for policy in one.structs("resizePolicy") {
        let (resource, how) = (policy.text("resourceName"), policy.text("restartPolicy"));
        if !taken.insert(resource) {
            policy.duplicate(Rule::NameDuplicate, resource, &[resource]);
        }
        for (key, value, supported) in [
            ("resourceName", resource, ["cpu", "memory"]),
            ("restartPolicy", how, ["NotRequired", "RestartContainer"]),
        ] {
            if value.is_empty() {
                at.required(Rule::FieldRequired, &[key], detail!(""));
            } else if !supported.contains(&value) {
                at.unsupported(value, &supported);
            }
        }
        if pod.text("restartPolicy") == "Never" && how != "NotRequired" {
            let detail = detail!("must be 'NotRequired' when pod `restartPolicy` is 'Never'");
            at.invalid(Rule::FieldEnum, how, &[how, "NotRequired"], detail);
        }
    }
}

fn init_restart_policy(one: Node<'_>) {
    let minor = one.options().minor;
    let Some(policy) = one.maybe_text("restartPolicy") else {
        if one.count("restartPolicyRules") > 0 && !one.is_mistyped_text("restartPolicy") {
            rules_without_policy(one);
        }
        return;
    };
    if !Feature::ContainerRestartRules.is_on(minor) {
        if policy != "Always" {
            one.get("restartPolicy").unsupported(policy, &["Always"]);
        }
    } else if policy == "Always" && !Feature::RestartAllContainersOnContainerExits.is_on(minor) {
        if one.count("restartPolicyRules") > 0 {
            let detail =
                detail!("restartPolicyRules are not allowed for init containers with restart policy Always");
            one.get("restartPolicyRules").forbidden(detail);
        }
    } else {
        restart_policy(one);
    }
}

fn rules_without_policy(one: Node<'_>) {
    let detail = detail!("must specify restartPolicy when restart rules are used");
    one.get("restartPolicy")
        .required(Rule::FieldRequired, &["restartPolicy"], detail);
}

/// Validates a container's own restart policy and rules (KEP-5307, `validateContainerRestartPolicy`).
fn restart_policy(one: Node<'_>) {
    let rules = one.structs("restartPolicyRules");
    if one.has("restartPolicy") {
        one.one_of("restartPolicy", &["Always", "Never", "OnFailure"]);
    } else if !rules.is_empty() {
        rules_without_policy(one);
    }
    if rules.len() > MAX_RULES {
        one.get("restartPolicyRules").too_many(rules.len(), MAX_RULES);
    }
    let actions: &[&str] = if Feature::RestartAllContainersOnContainerExits.is_on(one.options().minor) {
        &["Restart", "RestartAllContainers"]
    } else {
        &["Restart"]
    };
    for rule in rules {
        supported(rule, "action", actions);
        let Some(codes) = rule.object("exitCodes") else {
            rule.get("exitCodes")
                .required(Rule::FieldRequired, &["exitCodes"], detail!("must be specified"));
            continue;
        };
        supported(codes, "operator", &["In", "NotIn"]);
        let values = codes.items("values");
        if values.len() > MAX_CODES {
            codes.get("values").too_many(values.len(), MAX_CODES);
        }
        for value in values {
            value.as_integer();
        }
    }
}

/// Validates an enum; a missing value is reported as unsupported.
fn supported<'a>(parent: Node<'a>, key: &'a str, supported: &[&str]) {
    let value = parent.text(key);
    if !supported.contains(&value) && !parent.is_mistyped_text(key) {
        parent.get(key).unsupported(value, supported);
    }
}
