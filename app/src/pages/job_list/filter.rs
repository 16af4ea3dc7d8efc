//! Filter of the Job list: words, labels, owner and state, as written in the filter box and the URL.

use crate::api::job::{JobRow, StatusKind};

/// Filter parsed from the text that the user typed. All its parts must match.
///
/// Words are searched in name, alias and description; `label:key` and `label:key=value` in the labels; `owner:word`
/// in the owner. Matching ignores letter case.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Filter {
    words: Vec<String>,
    labels: Vec<(String, Option<String>)>,
    owners: Vec<String>,
    group: Option<StatusGroup>,
}

/// Groups of states for the filter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum StatusGroup {
    /// Updating, running, or being deleted.
    Active,
    /// Blocked, unschedulable or without image: waits for a user.
    Stuck,
    /// Completed.
    Completed,
    /// Failed.
    Failed,
    /// Suspended.
    Suspended,
}

impl StatusGroup {
    /// All groups, in the order of the chips.
    pub const ALL: [Self; 5] = [
        Self::Active,
        Self::Stuck,
        Self::Completed,
        Self::Failed,
        Self::Suspended,
    ];

    /// Returns the group of a state.
    pub fn of(kind: StatusKind) -> Self {
        match kind {
            StatusKind::Updating | StatusKind::Running | StatusKind::Terminating => Self::Active,
            StatusKind::Blocked
            | StatusKind::Unschedulable
            | StatusKind::ImageError
            | StatusKind::ContainerError => Self::Stuck,
            StatusKind::Completed => Self::Completed,
            StatusKind::Failed => Self::Failed,
            StatusKind::Suspended => Self::Suspended,
        }
    }

    /// Returns the value of `?status=`.
    pub fn key(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Stuck => "stuck",
            Self::Completed => "completed",
            Self::Failed => "failed",
            Self::Suspended => "suspended",
        }
    }

    /// Parses such a value.
    pub fn from_key(key: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|group| group.key() == key)
    }
}

impl Filter {
    /// Parses the text of the box, together with the selected group.
    pub fn new(text: &str, group: Option<StatusGroup>) -> Self {
        let mut filter = Self {
            group,
            ..Self::default()
        };
        for token in text.split_whitespace() {
            let token = token.to_lowercase();
            if let Some(label) = token.strip_prefix("label:") {
                let (key, value) = match label.split_once('=') {
                    Some((key, value)) => (key, Some(value.to_owned())),
                    None => (label, None),
                };
                filter.labels.push((key.to_owned(), value));
            } else if let Some(owner) = token.strip_prefix("owner:") {
                filter.owners.push(owner.to_owned());
            } else {
                filter.words.push(token);
            }
        }
        filter
    }

    /// Returns whether the filter matches everything.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Returns whether words, labels and owner match, whatever the state (what the chips count).
    pub fn matches_text(&self, row: &JobRow) -> bool {
        let holds = |field: &str, word: &str| field.to_lowercase().contains(word);
        self.words.iter().all(|word| {
            holds(&row.name, word)
                || row.alias.as_deref().is_some_and(|alias| holds(alias, word))
                || row
                    .description
                    .as_deref()
                    .is_some_and(|description| holds(description, word))
        }) && self.labels.iter().all(|(key, value)| {
            row.labels.iter().any(|(k, v)| {
                k.to_lowercase() == *key && value.as_ref().is_none_or(|value| v.to_lowercase() == *value)
            })
        }) && self
            .owners
            .iter()
            .all(|owner| row.owner.as_deref().is_some_and(|name| holds(name, owner)))
    }

    /// Returns whether the Job is shown.
    pub fn matches(&self, row: &JobRow) -> bool {
        self.group
            .is_none_or(|group| StatusGroup::of(row.status.kind) == group)
            && self.matches_text(row)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_match_name_and_alias() {
        assert!(Filter::new("DEMO 示例", None).matches(&JobRow::sample()));
        assert!(!Filter::new("demo absent", None).matches(&JobRow::sample()));
    }

    #[test]
    fn label_and_owner_prefixes_match_their_fields() {
        assert!(Filter::new("label:app=pi owner:night", None).matches(&JobRow::sample()));
        assert!(Filter::new("label:app", None).matches(&JobRow::sample()));
        assert!(!Filter::new("label:app=e", None).matches(&JobRow::sample()));
        assert!(!Filter::new("owner:daily", None).matches(&JobRow::sample()));
    }

    #[test]
    fn filter_includes_the_group() {
        assert!(Filter::new("", Some(StatusGroup::Active)).matches(&JobRow::sample()));
        assert!(!Filter::new("", Some(StatusGroup::Failed)).matches(&JobRow::sample()));
        assert!(Filter::new("demo", Some(StatusGroup::Failed)).matches_text(&JobRow::sample()));
    }
}
