//! Sets of completion indexes, written as intervals: `0,1`, `0-2,5`.

use std::collections::BTreeSet;

/// Maximum number of indexes parsed from one text.
const MAX_INDEXES: usize = 100_000;

/// A set of indexes below a Job's `completions`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Indexes(BTreeSet<i64>);

impl Indexes {
    /// Parses a text; indexes that are not below `completions` are left out.
    pub(super) fn parse(text: &str, completions: i64) -> Self {
        let mut set = BTreeSet::new();
        for part in text.split(',') {
            let (from, to) = part.split_once('-').unwrap_or((part, part));
            let (Ok(from), Ok(to)) = (from.parse::<i64>(), to.parse::<i64>()) else {
                continue;
            };
            let range = from.max(0)..=to.min(completions - 1);
            set.extend(range.take(MAX_INDEXES.saturating_sub(set.len())));
        }
        Self(set)
    }

    /// Adds an index.
    pub(super) fn insert(&mut self, index: i64) {
        self.0.insert(index);
    }

    /// Whether the index is in the set.
    pub(super) fn has(&self, index: i64) -> bool {
        self.0.contains(&index)
    }

    /// Returns the number of indexes.
    pub(super) fn len(&self) -> i64 {
        i64::try_from(self.0.len()).unwrap_or(i64::MAX)
    }

    /// Returns how many indexes of the other set are in this one.
    pub(super) fn shared(&self, other: &Self) -> i64 {
        i64::try_from(self.0.intersection(&other.0).count()).unwrap_or(i64::MAX)
    }

    /// Formats the set: two neighbours as a list, more as an interval.
    pub(super) fn write(&self) -> String {
        let mut parts: Vec<String> = Vec::new();
        let mut all = self.0.iter().copied().peekable();
        while let Some(first) = all.next() {
            let mut last = first;
            while all.peek() == Some(&(last + 1)) {
                last += 1;
                all.next();
            }
            match last - first {
                0 => parts.push(first.to_string()),
                1 => parts.push(format!("{first},{last}")),
                _ => parts.push(format!("{first}-{last}")),
            }
        }
        parts.join(",")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn indexes_format_like_kubernetes() {
        for text in ["", "0,1", "0-2,5,7-9", "3"] {
            assert_eq!(Indexes::parse(text, 100).write(), text);
        }
        assert_eq!(Indexes::parse("0-5", 3).write(), "0-2");
        assert_eq!(Indexes::parse("0-9223372036854775807", i64::MAX).len(), 100_000);
        assert_eq!(Indexes::parse("0-2", 9).shared(&Indexes::parse("2-4", 9)), 1);
    }
}
