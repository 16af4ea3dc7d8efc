//! Filter of the Job list: words, labels, owner, image, project and age, as written in the filter box and the URL.

use crate::api::job::{JobRow, Millis};

/// Filter parsed from the text that the user typed. All its parts must match.
///
/// Words are searched in name, alias and description; `label:key` and `label:key=value` in the labels; `owner:word`,
/// `image:word` and `project:word` in those; `age:<2h` and `age:>3d` select Jobs younger or older than that (units `m`,
/// `h`, `d`; `m` means minutes). Matching ignores letter case.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct Filter(Vec<Term>);

/// A part of a filter; texts are in lower case.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Term {
    Word(String),
    Label(String, Option<String>),
    Owner(String),
    Image(String),
    Project(String),
    Younger(Millis),
    Older(Millis),
}

impl Filter {
    /// Parses the text of the box.
    pub fn new(text: &str) -> Self {
        Self(
            text.split_whitespace()
                .map(|token| Term::parse(&token.to_lowercase()))
                .collect(),
        )
    }

    /// Returns whether the filter matches everything.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Returns whether matches change as time passes.
    pub fn depends_on_time(&self) -> bool {
        self.0
            .iter()
            .any(|term| matches!(term, Term::Younger(_) | Term::Older(_)))
    }

    /// Returns whether all parts match `row` at the time `now`.
    pub fn matches(&self, row: &JobRow, now: Millis) -> bool {
        self.0.iter().all(|term| term.matches(row, now))
    }
}

impl Term {
    /// A prefix without a value, or with one that cannot be read, is searched as a word: it is still being typed.
    fn parse(token: &str) -> Self {
        let word = || Self::Word(token.to_owned());
        let Some((prefix, value)) = token.split_once(':').filter(|(_, value)| !value.is_empty()) else {
            return word();
        };
        match prefix {
            "label" => match value.split_once('=') {
                Some((key, value)) => Self::Label(key.to_owned(), Some(value.to_owned())),
                None => Self::Label(value.to_owned(), None),
            },
            "owner" => Self::Owner(value.to_owned()),
            "image" => Self::Image(value.to_owned()),
            "project" => Self::Project(value.to_owned()),
            "age" => match (value.strip_prefix('<'), value.strip_prefix('>')) {
                (Some(age), _) => age_millis(age).map_or_else(word, Self::Younger),
                (_, Some(age)) => age_millis(age).map_or_else(word, Self::Older),
                (None, None) => word(),
            },
            _ => word(),
        }
    }

    fn matches(&self, row: &JobRow, now: Millis) -> bool {
        match self {
            Self::Word(word) => {
                contains(&row.name, word)
                    || row.alias.as_deref().is_some_and(|alias| contains(alias, word))
                    || row
                        .description
                        .as_deref()
                        .is_some_and(|text| contains(text, word))
            }
            Self::Label(key, value) => row.labels.iter().any(|(k, v)| {
                k.to_lowercase() == *key && value.as_ref().is_none_or(|value| v.to_lowercase() == *value)
            }),
            Self::Owner(word) => row.owner.as_deref().is_some_and(|owner| contains(owner, word)),
            Self::Image(word) => row.images.iter().any(|image| contains(image, word)),
            Self::Project(word) => contains(&row.project, word),
            Self::Younger(age) => now.saturating_sub(row.created) < *age,
            Self::Older(age) => now.saturating_sub(row.created) > *age,
        }
    }
}

/// Whether `field` contains `word`, which is in lower case. A large list is searched for every key that is typed, so
/// nothing is allocated for plain ASCII.
fn contains(field: &str, word: &str) -> bool {
    if !field.is_ascii() || !word.is_ascii() {
        return field.to_lowercase().contains(word);
    }
    let (field, word) = (field.as_bytes(), word.as_bytes());
    word.is_empty()
        || field
            .windows(word.len())
            .any(|part| part.eq_ignore_ascii_case(word))
}

/// Parses an age such as `90m`, `2h` or `3d`.
fn age_millis(text: &str) -> Option<Millis> {
    let (digits, unit) = text.split_at_checked(text.len().checked_sub(1)?)?;
    let minutes = match unit {
        "m" => 1,
        "h" => 60,
        "d" => 24 * 60,
        _ => return None,
    };
    let number: Millis = digits.parse().ok().filter(|number| *number >= 0)?;
    number.checked_mul(minutes)?.checked_mul(60_000)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matches(text: &str) -> bool {
        Filter::new(text).matches(&JobRow::sample(), 3 * 3_600_000)
    }

    #[test]
    fn each_part_matches_its_field() {
        for (text, expected) in [
            ("", true),
            ("DEMO 示例", true),
            ("demo absent", false),
            ("label:app=pi owner:night", true),
            ("label:app", true),
            ("label:app=e", false),
            ("owner:daily", false),
            ("image:perl:5", true),
            ("image:busybox", false),
            ("project:demo", true),
            ("project:prod", false),
            ("age:<4h", true),
            ("age:<3h", false),
            ("age:>2h", true),
            ("age:>1d", false),
            ("age:>179m", true),
            // Still being typed.
            ("age:", false),
            ("label:", false),
            ("age:<", false),
            ("age:<9223372036854775807d", false),
        ] {
            assert_eq!(matches(text), expected, "{text:?}");
        }
    }

    #[test]
    fn letter_case_is_ignored_in_all_alphabets() {
        for (field, word) in [
            ("ÄPFEL", "äpfel"),
            ("Straße-X", "x"),
            ("ΣΊΣΥΦΟΣ", "ίσ"),
            ("a", ""),
        ] {
            assert!(contains(field, word), "{field} {word}");
        }
        assert!(!contains("ab", "abc"));
    }

    #[test]
    fn only_ages_depend_on_time() {
        assert!(Filter::new("pi age:<2h").depends_on_time());
        assert!(!Filter::new("pi age: label:a").depends_on_time());
    }
}
