//! Converts limits of containers to numbers. As in Kubernetes, a limit of zero means no limit. Text that is not a
//! quantity is the smallest limit, never no limit: the API rejects it, so the stored object is damaged.

use k8s_rules::Quantity;
use serde_json::Value;

use crate::runtime::environment::list;

/// Returns a quantity as it is written in the manifest.
pub(super) fn text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// Parses a quantity of a manifest; `None` if there is none.
pub(super) fn quantity(value: &Value) -> Option<Quantity> {
    if value.is_null() {
        return None;
    }
    Some(Quantity::parse(&text(value)).unwrap_or(Quantity::whole(1)))
}

/// Converts bytes to a quantity.
pub(super) fn from_bytes(bytes: u64) -> Quantity {
    // In kibibytes, to be written with a binary suffix.
    Quantity::parse(&format!("{}Ki", bytes.div_ceil(1024))).unwrap_or(Quantity::whole(1))
}

/// Returns whole units, rounded up.
pub(super) fn units(value: &Value) -> Option<u64> {
    quantity(value).map(|quantity| quantity.units(1))
}

/// Returns a limit in bytes.
pub(super) fn bytes(value: &Value) -> Option<u64> {
    units(value).filter(|bytes| *bytes > 0)
}

/// Returns a limit in thousandths.
pub(super) fn millis(value: &Value) -> Option<u64> {
    quantity(value)
        .map(|quantity| quantity.units(1000))
        .filter(|millis| *millis > 0)
}

/// Returns the sum of the containers' limits, if each container has one.
pub(super) fn pod_limit(pod: &Value, resource: &str) -> Option<u64> {
    let containers = list(&pod["spec"]["containers"]);
    let limits = containers
        .iter()
        .map(|container| bytes(&container["resources"]["limits"][resource]));
    limits.sum::<Option<u64>>().filter(|_| !containers.is_empty())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn every_quantity_suffix_is_parsed() {
        for (text, expected) in [
            ("1", 1),
            ("1k", 1000),
            ("1Ki", 1 << 10),
            ("1M", 1_000_000),
            ("1Mi", 1 << 20),
            ("1Gi", 1 << 30),
            ("1Ti", 1 << 40),
            ("1P", 1_000_000_000_000_000),
            ("1Pi", 1 << 50),
            ("1E", 1_000_000_000_000_000_000),
            ("1Ei", 1 << 60),
            ("100E", u64::MAX),
            ("1500m", 2),
            ("1e3", 1000),
            ("none", 1),
        ] {
            assert_eq!(bytes(&json!(text)), Some(expected), "{text}");
        }
        assert_eq!(bytes(&json!(5)), Some(5));
        for none in [json!("0"), json!("-1"), json!(0), Value::Null] {
            assert_eq!(bytes(&none), None, "{none}");
        }
        assert_eq!(millis(&json!("1.5")), Some(1500));
        assert_eq!(millis(&json!("100u")), Some(1));
    }
}
