//! Finds the limits that Pods have exceeded, with the kubelet's messages.

use serde_json::Value;

use crate::runtime::environment::list;
use crate::runtime::eviction::Pressure;
use crate::runtime::eviction::usage::Usage;
use crate::runtime::kubelet::ROOT_BYTES;
use crate::runtime::resources;

/// Returns the kubelet's message for the first of its own limits that a Pod has exceeded, checked in the kubelet's
/// order.
pub(super) fn exceeded(usage: &Usage) -> Option<String> {
    for (name, bytes, limit) in &usage.volumes {
        if let Some(limit) = limit
            && resources::bytes(&limit.as_str().into()).is_some_and(|limit| *bytes > limit)
        {
            return Some(format!(
                "Usage of EmptyDir volume \"{name}\" exceeds the limit \"{limit}\". "
            ));
        }
    }
    let containers = list(&usage.pod["spec"]["containers"]);
    let limit_of = |container: &Value| {
        let limit = &container["resources"]["limits"]["ephemeral-storage"];
        resources::quantity(limit).filter(|limit| !limit.is_zero())
    };
    let limits: Vec<_> = containers.iter().filter_map(limit_of).collect();
    if let Some(all) = limits.into_iter().reduce(k8s_rules::Quantity::plus)
        && usage.local() > all.units(1)
    {
        return Some(format!(
            "Pod ephemeral local storage usage exceeds the total limit of containers {all}. "
        ));
    }
    containers.iter().find_map(|container| {
        let limit = limit_of(container).unwrap_or_else(|| resources::from_bytes(ROOT_BYTES));
        let name = container["name"].as_str()?;
        let (_, logs, root) = usage.containers.iter().find(|(one, ..)| one == name)?;
        // The logs of a container without a limit of its own are bounded by rotation.
        let used = if limit_of(container).is_some() {
            logs + root
        } else {
            *root
        };
        (used > limit.units(1))
            .then(|| format!("Container {name} exceeded its local ephemeral storage limit \"{limit}\". "))
    })
}

/// Returns the kubelet's message for an eviction because of low disk space.
pub(super) fn pressure_message(usage: &Usage, pressure: &Pressure) -> String {
    use std::fmt::Write as _;

    let mut text = format!(
        "The node was low on resource: ephemeral-storage. Threshold quantity: {}, available: {}. ",
        kibibytes(pressure.threshold),
        kibibytes(pressure.available),
    );
    for container in list(&usage.pod["spec"]["containers"]) {
        let name = container["name"].as_str().unwrap_or_default();
        let request = &container["resources"]["requests"]["ephemeral-storage"];
        let used = usage.containers.iter().find(|(one, ..)| one == name);
        let used = used.map_or(0, |(_, logs, root)| logs + root);
        if used > resources::bytes(request).unwrap_or(0) {
            // Writing to a String cannot fail.
            let _ = write!(
                text,
                "Container {name} was using {}, request is {}, has larger consumption of ephemeral-storage. ",
                kibibytes(used),
                resources::quantity(request).map_or("0".to_owned(), |request| request.to_string()),
            );
        }
    }
    text
}

fn kibibytes(bytes: u64) -> String {
    match bytes {
        0 => "0".to_owned(),
        bytes => format!("{}Ki", bytes.div_ceil(1024)),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use serde_json::json;

    use super::*;

    #[allow(
        clippy::needless_pass_by_value,
        reason = "calls read better with `json!` in place"
    )]
    fn usage(limits: Value, size_limit: Option<&str>, logs: u64, root: u64, volume: u64) -> Usage {
        let pod = json!({"spec": {"containers": [
            {"name": "main", "resources": {"limits": limits}},
            {"name": "other"},
        ]}});
        Usage {
            pod: Arc::new(pod),
            containers: vec![("main".into(), logs, root), ("other".into(), 0, 0)],
            volumes: vec![("work".into(), volume, size_limit.map(str::to_owned))],
            claims: 0,
            unnamed: 0,
            hidden: None,
        }
    }

    #[test]
    fn pod_above_own_limit_gets_kubelet_message() {
        let mebi = 1 << 20;
        let limits = json!({"ephemeral-storage": "2Mi"});
        for (limits, size_limit, logs, root, volume, expected) in [
            (json!({}), None, 9 * mebi, 9 * mebi, 9 * mebi, None),
            (json!({}), Some("1Mi"), 0, 0, mebi, None),
            (
                json!({}),
                Some("1Mi"),
                0,
                0,
                mebi + 1,
                Some("Usage of EmptyDir volume \"work\" exceeds the limit \"1Mi\". "),
            ),
            (limits.clone(), None, mebi, mebi, 0, None),
            (
                limits.clone(),
                None,
                mebi,
                0,
                mebi + 1,
                Some("Pod ephemeral local storage usage exceeds the total limit of containers 2Mi. "),
            ),
            (json!({"ephemeral-storage": "0"}), None, mebi, mebi, mebi, None),
        ] {
            let found = exceeded(&usage(limits, size_limit, logs, root, volume));
            assert_eq!(found.as_deref(), expected);
        }
    }

    #[test]
    fn container_without_limit_is_bounded_outside_volumes() {
        assert_eq!(
            exceeded(&usage(json!({}), None, 2 * ROOT_BYTES, ROOT_BYTES, 0)),
            None
        );
        assert_eq!(
            exceeded(&usage(json!({}), None, 0, ROOT_BYTES + 1, 0)).as_deref(),
            Some("Container main exceeded its local ephemeral storage limit \"1Gi\". ")
        );
    }

    #[test]
    fn container_above_limit_is_named_unless_pod_exceeds_sum() {
        let pod = json!({"spec": {"containers": [
            {"name": "main", "resources": {"limits": {"ephemeral-storage": "1Mi"}}},
            {"name": "other", "resources": {"limits": {"ephemeral-storage": "1Gi"}}},
        ]}});
        let usage = Usage {
            pod: Arc::new(pod),
            containers: vec![("main".into(), 1 << 20, 1), ("other".into(), 0, 0)],
            volumes: Vec::new(),
            claims: 0,
            unnamed: 0,
            hidden: None,
        };
        assert_eq!(
            exceeded(&usage).as_deref(),
            Some("Container main exceeded its local ephemeral storage limit \"1Mi\". ")
        );
    }
}
