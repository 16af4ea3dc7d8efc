//! Differences whose reason is known.

/// Groups of false alarms that are meant, by their beginnings, with the reason.
const MEANT: [(&str, &str); 1] = [(
    "false alarm yaml.break",
    "the server ends a line at a character that no editor shows; what is read is not what is seen",
)];

/// Returns the reason of a known false alarm.
pub fn reason(group: &str) -> Option<&'static str> {
    MEANT
        .iter()
        .find(|(start, _)| group.starts_with(start))
        .map(|(_, reason)| *reason)
}
