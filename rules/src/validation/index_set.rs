//! Sets of Job indexes as a string, such as `0,2-4` (`validateIndexesFormat`).

use std::fmt;

use crate::machinery::go::quote;

/// Why a string is not a set of indexes. `Display` is the server's message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum IndexError {
    /// An interval has more than two bounds.
    Interval(String),
    /// A bound is not a number.
    Number(String),
    /// An index is not less than completions.
    TooLarge(String),
    /// Indexes are not ascending.
    Order(i64, i64),
}

impl fmt::Display for IndexError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Interval(part) => write!(
                f,
                "the fragment {} violates the requirement that an index interval can have at most two parts separated by '-'",
                quote(part)
            ),
            Self::Number(text) => write!(f, "cannot convert string to integer for index: {}", quote(text)),
            Self::TooLarge(text) => write!(f, "too large index: {}", quote(text)),
            Self::Order(previous, current) => {
                write!(
                    f,
                    "non-increasing order, previous: {previous}, current: {current}"
                )
            }
        }
    }
}

/// Counts the indexes in a string, all of which must be less than `completions`. An empty string has none.
pub fn count_indexes(text: &str, completions: i64) -> Result<i64, IndexError> {
    let mut total = 0_i64;
    let mut previous: Option<i64> = None;
    if text.is_empty() {
        return Ok(0);
    }
    let number = |text: &str| {
        let value: i64 = text.parse().map_err(|_| IndexError::Number(text.to_owned()))?;
        if value >= completions {
            return Err(IndexError::TooLarge(text.to_owned()));
        }
        Ok(value)
    };
    for part in text.split(',') {
        let ends: Vec<&str> = part.split('-').collect();
        let (low, high) = match ends.as_slice() {
            [one] => {
                let index = number(one)?;
                (index, index)
            }
            [low, high] => {
                let (low, high) = (number(low)?, number(high)?);
                if low >= high {
                    return Err(IndexError::Order(low, high));
                }
                (low, high)
            }
            _ => return Err(IndexError::Interval(part.to_owned())),
        };
        if let Some(previous) = previous.filter(|previous| *previous >= low) {
            return Err(IndexError::Order(previous, low));
        }
        total = total.saturating_add(high.saturating_sub(low).saturating_add(1));
        previous = Some(high);
    }
    Ok(total)
}

#[cfg(test)]
mod tests {
    use super::{IndexError, count_indexes};

    #[test]
    fn indexes_are_counted() {
        assert_eq!(count_indexes("", 6), Ok(0));
        assert_eq!(count_indexes("0-2,5", 6), Ok(4));
        assert_eq!(count_indexes("+3", 6), Ok(1));
        assert_eq!(count_indexes("2,1", 6), Err(IndexError::Order(2, 1)));
        assert_eq!(count_indexes("3-1", 6), Err(IndexError::Order(3, 1)));
        assert_eq!(count_indexes("0-2,2", 6), Err(IndexError::Order(2, 2)));
        assert_eq!(count_indexes("0-9", 6), Err(IndexError::TooLarge("9".into())));
        assert_eq!(count_indexes("a", 6), Err(IndexError::Number("a".into())));
        assert_eq!(count_indexes("-1", 6), Err(IndexError::Number(String::new())));
        assert_eq!(
            count_indexes("1-2-3", 6),
            Err(IndexError::Interval("1-2-3".into()))
        );
    }
}
