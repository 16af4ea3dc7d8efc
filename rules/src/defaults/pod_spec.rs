//! Defaults of a Pod's spec, in a Pod or in a template.

use serde_json::{Map, Value};

use super::{container, items, member, set_if_missing, set_if_zero, volume};
use crate::machinery::quantity::Quantity;

/// Applies `SetDefaults_PodSpec` of core/v1 and the defaults of its parts.
pub fn pod_spec(spec: &mut Value) {
    set_if_zero(spec, "restartPolicy", "Always");
    set_if_missing(spec, "terminationGracePeriodSeconds", 30);
    set_if_zero(spec, "dnsPolicy", "ClusterFirst");
    set_if_missing(spec, "securityContext", Map::new());
    set_if_zero(spec, "schedulerName", "default-scheduler");
    sync_service_account(spec);
    for list in ["initContainers", "containers", "ephemeralContainers"] {
        for one in items(spec, list) {
            container::default(one);
        }
    }
    for one in items(spec, "volumes") {
        volume::default(one);
    }
    if let Some(resources) = member(spec, "resources") {
        round_resources(resources);
    }
    if let Some(overhead) = member(spec, "overhead") {
        round_amounts(overhead);
    }
}

/// Keeps the deprecated `serviceAccount` equal to `serviceAccountName`, which takes precedence.
fn sync_service_account(spec: &mut Value) {
    let text = |name: &str| spec.get(name).and_then(Value::as_str).unwrap_or_default();
    let names = [text("serviceAccountName"), text("serviceAccount")];
    let Some(name) = names.into_iter().find(|name| !name.is_empty()).map(str::to_owned) else {
        return;
    };
    let is_mistyped = |name: &str| {
        spec.get(name)
            .is_some_and(|value| !value.is_null() && !value.is_string())
    };
    if !is_mistyped("serviceAccountName")
        && !is_mistyped("serviceAccount")
        && let Some(members) = spec.as_object_mut()
    {
        members.insert("serviceAccountName".to_owned(), name.clone().into());
        members.insert("serviceAccount".to_owned(), name.into());
    }
}

/// Rounds resource quantities away from zero to thousandths, the finest precision that the server stores.
pub(super) fn round_resources(resources: &mut Value) {
    for kind in ["limits", "requests"] {
        if let Some(amounts) = member(resources, kind) {
            round_amounts(amounts);
        }
    }
}

pub(super) fn round_amounts(amounts: &mut Value) {
    for (_, amount) in amounts.as_object_mut().into_iter().flatten() {
        if !amount.is_null()
            && let Some(Ok(exact)) = Quantity::read(amount)
            && exact.to_milli() != exact
        {
            *amount = exact.to_milli().to_string().into();
        }
    }
}
