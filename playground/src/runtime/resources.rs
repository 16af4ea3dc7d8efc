//! Limits of containers as numbers. As in Kubernetes a limit of zero is none. A text that is no quantity is the
//! smallest limit, never none: the API does not let it in, so what is stored is damaged.

use serde_json::Value;

use super::environment::list;
use k8s_rules::Quantity;

/// A quantity as it is written.
pub(super) fn text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// A quantity of a manifest; none if there is none.
pub(super) fn quantity(value: &Value) -> Option<Quantity> {
    if value.is_null() {
        return None;
    }
    Some(Quantity::parse(&text(value)).unwrap_or(Quantity::whole(1)))
}

/// Bytes as a quantity.
pub(super) fn from_bytes(bytes: u64) -> Quantity {
    // In kibibytes, to be written with a binary suffix.
    Quantity::parse(&format!("{}Ki", bytes.div_ceil(1024))).unwrap_or(Quantity::whole(1))
}

/// Whole units, rounded up.
pub(super) fn units(value: &Value) -> Option<u64> {
    quantity(value).map(|quantity| quantity.units(1))
}

/// A limit in bytes.
pub(super) fn bytes(value: &Value) -> Option<u64> {
    units(value).filter(|bytes| *bytes > 0)
}

/// A limit in thousandths.
pub(super) fn millis(value: &Value) -> Option<u64> {
    quantity(value)
        .map(|quantity| quantity.units(1000))
        .filter(|millis| *millis > 0)
}

/// The sum of the containers' limits, if each has one.
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
    fn every_suffix_is_a_limit() {
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
