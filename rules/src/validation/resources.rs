//! Resource requirements (`ValidateContainerResourceRequirements`, `validatePodResources`).

use std::collections::BTreeMap;

use serde_json::Value;

use super::claim;
use crate::machinery::detail;
use crate::machinery::names;
use crate::machinery::node::Node;
use crate::machinery::quantity::Quantity;
use crate::machinery::rule::Rule;

const HUGE: &str = "hugepages-";
/// Standard resources, whose names need no domain.
const STANDARD: [&str; 20] = [
    "cpu",
    "memory",
    "ephemeral-storage",
    "requests.cpu",
    "requests.memory",
    "requests.ephemeral-storage",
    "limits.cpu",
    "limits.memory",
    "limits.ephemeral-storage",
    "pods",
    "resourcequotas",
    "services",
    "replicationcontrollers",
    "secrets",
    "configmaps",
    "persistentvolumeclaims",
    "storage",
    "requests.storage",
    "services.nodeports",
    "services.loadbalancers",
];
/// Resources whose amounts are integers.
const COUNTED: [&str; 9] = [
    "pods",
    "resourcequotas",
    "services",
    "replicationcontrollers",
    "secrets",
    "configmaps",
    "persistentvolumeclaims",
    "services.nodeports",
    "services.loadbalancers",
];

fn is_huge(name: &str) -> bool {
    name.starts_with(HUGE)
}

/// Returns whether the resource is a native one: without a domain, or with kubernetes.io.
fn is_native(name: &str) -> bool {
    !name.contains('/') || name.contains("kubernetes.io/")
}

fn is_extended(name: &str) -> bool {
    !is_native(name)
        && !name.starts_with("requests.")
        && names::qualified_name(&format!("requests.{name}")).is_empty()
}

/// Returns whether a node may overcommit the resource.
fn is_overcommitted(name: &str) -> bool {
    is_native(name) && !is_huge(name)
}

/// The object that the resources belong to.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Owner {
    Container,
    Pod,
}

/// Validates `resources` of a container.
pub(super) fn of_container(pod: Node<'_>, container: Node<'_>) {
    if let Some(resources) = container.object("resources") {
        requirements(resources, resources.get("limits"), Owner::Container);
        claim::of_container(pod, resources);
    }
}

/// Validates `overhead` of a Pod; the server's path has an additional `limits`.
pub(super) fn overhead(pod: Node<'_>) {
    let overhead = pod.get("overhead");
    let at = overhead.added("limits");
    let members = overhead.value.as_object().into_iter().flatten();
    let mut members: Vec<(&str, Node<'_>)> =
        members.map(|(key, _)| (key.as_str(), at.map_key(key))).collect();
    members.sort_by_key(|(key, _)| *key);
    amounts(overhead, &members, &[], at, at, Owner::Container);
}

fn requirements<'a>(resources: Node<'a>, limits_at: Node<'a>, owner: Owner) {
    let limits = resources.members("limits");
    let requests = resources.members("requests");
    amounts(
        resources,
        &limits,
        &requests,
        limits_at,
        resources.get("requests"),
        owner,
    );
}

fn quantity(amount: Node<'_>) -> Option<(Quantity, String)> {
    let quantity = amount.as_quantity()?;
    let shown = match amount.value.as_str() {
        Some(text) => quantity.written(text.trim()),
        None => quantity.to_string(),
    };
    Some((quantity, shown))
}

fn amounts<'a>(
    resources: Node<'a>,
    limits: &[(&'a str, Node<'a>)],
    requests: &[(&'a str, Node<'a>)],
    limits_at: Node<'a>,
    requests_at: Node<'a>,
    owner: Owner,
) {
    for (name, amount) in limits {
        self::name(*amount, name, owner);
        if let Some((quantity, shown)) = quantity(*amount) {
            value(*amount, name, quantity, &shown);
        }
    }
    for (name, amount) in requests {
        self::name(*amount, name, owner);
        let Some((requested, shown)) = quantity(*amount) else {
            continue;
        };
        let page_size = page_size(name, requested, &shown);
        value_without_pages(*amount, name, requested, &shown);
        match limits.iter().find(|(other, _)| other == name) {
            Some((_, limit)) => {
                if let Some((limit, limit_shown)) = quantity(*limit) {
                    compare(requests_at, name, (requested, &shown), (limit, &limit_shown));
                }
            }
            None if !is_overcommitted(name) => {
                let detail = detail!("Limit must be set for non overcommitable resources");
                limits_at.required(Rule::ResourceLimitMissing, &[name], detail);
            }
            None => {}
        }
        if page_size {
            pages(*amount, name, &shown);
        }
    }
    let given = |test: fn(&str) -> bool| limits.iter().chain(requests).any(|(name, _)| test(name));
    if given(is_huge) && !given(|name| matches!(name, "cpu" | "memory")) {
        let detail = detail!("HugePages require cpu or memory");
        resources.forbid(Rule::ResourceHugepages, &[], detail);
    }
}

/// Compares a request with its limit. The server reports the cause at the map of requests.
fn compare<'a>(requests_at: Node<'a>, name: &'a str, request: (Quantity, &str), limit: (Quantity, &str)) {
    let at = requests_at.omitted(name);
    let ((requested, shown), (limit, limit_shown)) = (request, limit);
    if requested != limit && !is_overcommitted(name) {
        let detail = detail!("must be equal to {name} limit of {limit_shown}");
        at.invalid(Rule::ResourceRequestEqual, shown, &[name, limit_shown], detail);
    } else if requested > limit {
        let detail = detail!("must be less than or equal to {name} limit of {limit_shown}");
        at.invalid(Rule::QuantityRequest, shown, &[shown, limit_shown], detail);
    }
}

fn name(at: Node<'_>, name: &str, owner: Owner) {
    let before = at.causes();
    at.faults(Rule::ResourceName, name, &names::qualified_name(name));
    let wrong = |detail| at.invalid(Rule::ResourceName, name, &[name], detail);
    let has_domain = name.contains('/');
    if at.causes() == before
        && !has_domain
        && !STANDARD.contains(&name)
        && !is_huge(name)
        && !name.starts_with("requests.hugepages-")
    {
        wrong(detail!("must be a standard resource type or fully qualified"));
    }
    if owner == Owner::Pod {
        if at.causes() == before && !matches!(name, "cpu" | "memory") && !is_huge(name) {
            at.unsupported_by(Rule::ResourceName, name, &["cpu", "hugepages-", "memory"]);
        }
    } else if !has_domain {
        if !matches!(name, "cpu" | "memory" | "ephemeral-storage") && !is_huge(name) {
            wrong(detail!("must be a standard resource for containers"));
        }
    } else if !is_native(name) && !is_extended(name) {
        wrong(detail!("doesn't follow extended resource name standard"));
    }
}

fn value(at: Node<'_>, name: &str, quantity: Quantity, shown: &str) {
    value_without_pages(at, name, quantity, shown);
    if page_size(name, quantity, shown) {
        pages(at, name, shown);
    }
}

/// `ValidateResourceQuantityValue`.
fn value_without_pages(at: Node<'_>, name: &str, quantity: Quantity, shown: &str) {
    if quantity.is_negative() {
        let detail = detail!("must be greater than or equal to 0");
        at.invalid(Rule::QuantityNegative, shown, &[], detail);
    }
    if (COUNTED.contains(&name) || is_extended(name)) && quantity.is_fractional(shown) {
        at.invalid(Rule::QuantityWhole, shown, &[name], detail!("must be an integer"));
    }
}

/// Returns whether the amount is not a multiple of the huge page size.
fn page_size(name: &str, quantity: Quantity, shown: &str) -> bool {
    let Some(size) = name.strip_prefix(HUGE) else {
        return false;
    };
    match Quantity::parse(size) {
        Ok(size) if size.is_whole() && size > Quantity::ZERO => quantity
            .counted(shown)
            .checked_rem(size.value())
            .is_none_or(|rest| rest != 0),
        _ => true,
    }
}

fn pages(at: Node<'_>, name: &str, shown: &str) {
    let detail = detail!("{shown} is not positive integer multiple of {name}");
    at.invalid(Rule::ResourcePageSize, shown, &[shown, name], detail);
}

/// Validates `resources` of a Pod.
pub(super) fn of_pod(pod: Node<'_>) {
    let Some(resources) = pod.object("resources") else {
        return;
    };
    if pod.get("os").text("name") == "windows" {
        return resources.forbidden(detail!("may not be set for a windows pod"));
    }
    let claims = resources.structs("claims");
    if resources.get("claims").value.is_array() {
        resources
            .get("claims")
            .forbidden(detail!("claims may not be set for Resources at pod-level"));
    }
    requirements(resources, resources.get("limits"), Owner::Pod);
    if !claims.is_empty() {
        claim::of_container(pod, resources);
    }
    consistent(pod, resources);
}

type Sums<'a> = BTreeMap<&'a str, Quantity>;

fn read<'a>(container: Node<'a>, kind: &str) -> Sums<'a> {
    let amounts = container
        .value
        .get("resources")
        .and_then(|resources| resources.get(kind))
        .and_then(Value::as_object);
    amounts
        .into_iter()
        .flatten()
        .filter_map(|(name, amount)| Some((name.as_str(), Quantity::read(amount)?.ok()?)))
        .collect()
}

fn add<'a>(sums: &mut Sums<'a>, more: &Sums<'a>) {
    for (name, amount) in more {
        let sum = sums.entry(name).or_default();
        *sum = sum.plus(*amount);
    }
}

fn raise<'a>(sums: &mut Sums<'a>, others: &Sums<'a>) {
    for (name, amount) in others {
        let sum = sums.entry(name).or_insert(*amount);
        *sum = (*sum).max(*amount);
    }
}

/// Returns the effective resources of a Pod: the sum of concurrent containers, or the maximum of an init
/// container.
fn effective<'a>(pod: Node<'a>, kind: &str) -> Sums<'a> {
    let (mut all, mut before, mut sidecars) = (Sums::new(), Sums::new(), Sums::new());
    for container in pod.structs("containers") {
        add(&mut all, &read(container, kind));
    }
    for container in pod.structs("initContainers") {
        let own = read(container, kind);
        if container.maybe_text("restartPolicy") == Some("Always") {
            add(&mut all, &own);
            add(&mut sidecars, &own);
            raise(&mut before, &sidecars);
        } else {
            let mut now = own;
            add(&mut now, &sidecars);
            raise(&mut before, &now);
        }
    }
    raise(&mut all, &before);
    all
}

/// `validatePodResourceConsistency`.
fn consistent(pod: Node<'_>, resources: Node<'_>) {
    for (kind, what) in [("requests", "requests"), ("limits", "limits")] {
        let own = resources.members(kind);
        for (name, sum) in effective(pod, kind) {
            if kind == "limits" && !is_huge(name) {
                continue;
            }
            let Some((_, amount)) = own.iter().find(|(other, _)| *other == name) else {
                continue;
            };
            let Some((quantity, shown)) = quantity(*amount) else {
                continue;
            };
            if sum > quantity {
                let detail = detail!("must be greater than or equal to aggregate container {what} of {sum}");
                amount.invalid(Rule::ResourcePod, shown, &[&sum.to_string()], detail);
            }
        }
    }
    let own = resources.members("limits");
    // The server's path starts at the Pod's resources.
    for container in pod.added("resources").structs("containers") {
        let limits_at = container.omitted("resources").omitted("limits");
        for (name, _) in container.get("resources").members("limits") {
            let amount = limits_at.map_key(name).added("limits");
            let Some((_, limit)) = own.iter().find(|(other, _)| *other == name) else {
                continue;
            };
            let (Some((amount_of, shown)), Some((limit, limit_shown))) = (quantity(amount), quantity(*limit))
            else {
                continue;
            };
            if amount_of > limit {
                let detail = detail!("must be less than or equal to pod limits of {limit_shown}");
                let args = [shown.as_str(), limit_shown.as_str()];
                amount.invalid(Rule::QuantityRequest, shown.as_str(), &args, detail);
            }
        }
    }
}
