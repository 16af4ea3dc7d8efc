//! Timestamps of the Kubernetes API: RFC 3339, with or without fractional seconds.

use jiff::Timestamp;
use serde_json::Value;

use app::api::job::Millis;

/// Parses a timestamp to milliseconds since the epoch; `None` if it is missing or malformed.
pub fn millis(value: &Value) -> Option<Millis> {
    value
        .as_str()?
        .parse::<Timestamp>()
        .ok()
        .map(Timestamp::as_millisecond)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn timestamps_with_and_without_fractions_are_parsed() {
        assert_eq!(millis(&json!("1970-01-01T00:00:01Z")), Some(1000));
        assert_eq!(millis(&json!("1970-01-01T00:00:01.234567Z")), Some(1234));
        assert_eq!(millis(&json!(null)), None);
        assert_eq!(millis(&json!("soon")), None);
    }
}
