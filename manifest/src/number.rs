//! Whole numbers as people type them.

/// Removes white space around a text and converts full-width characters to ASCII: `　１２` is `12`.
pub(crate) fn narrow(typed: &str) -> String {
    typed
        .trim()
        .chars()
        .map(|c| match c {
            '\u{ff01}'..='\u{ff5e}' => char::from_u32(u32::from(c) - 0xfee0).unwrap_or(c),
            '\u{2212}' => '-',
            c => c,
        })
        .collect()
}

/// Parses a whole number as people type it: white space around it and full-width digits are accepted. None for
/// anything else, exponents included.
pub fn parse(typed: &str) -> Option<i64> {
    let typed = narrow(typed);
    let digits = typed.strip_prefix(['-', '+']).unwrap_or(&typed);
    let is_whole = !digits.is_empty() && digits.bytes().all(|digit| digit.is_ascii_digit());
    is_whole.then(|| typed.parse().ok()).flatten()
}

/// Returns the whole number that a text probably means: with an exponent (`1e3`), grouped digits (`1,000`,
/// `1_000`), or a fraction of zeros (`4.0`).
pub(crate) fn meant(text: &str) -> Option<i64> {
    let plain = narrow(text);
    if let Some(number) = parse(&plain) {
        return Some(number);
    }
    let mut groups = plain.split([',', '_', ' ', '\'']);
    let first = groups.next().unwrap_or_default().trim_start_matches(['-', '+']);
    let mut rest = groups.peekable();
    if rest.peek().is_some() {
        let is_grouped = (1..=3).contains(&first.len()) && rest.all(|group| group.len() == 3);
        let digits: String = plain
            .chars()
            .filter(|c| !matches!(c, ',' | '_' | ' ' | '\''))
            .collect();
        return is_grouped.then(|| parse(&digits)).flatten();
    }
    let is_float = plain.starts_with(|c: char| c.is_ascii_digit() || matches!(c, '-' | '+'))
        && plain
            .chars()
            .all(|c| c.is_ascii_digit() || matches!(c, '.' | 'e' | 'E' | '-' | '+'));
    let value: f64 = is_float.then(|| plain.parse().ok()).flatten()?;
    #[allow(clippy::cast_possible_truncation, reason = "whole and below 2^53")]
    (value.fract() == 0.0 && value.abs() < 9_007_199_254_740_992.0).then_some(value as i64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_trimmed_and_full_width_digits_read() {
        for (typed, number) in [
            ("7", Some(7)),
            (" 7 ", Some(7)),
            ("\u{3000}１２\u{3000}", Some(12)),
            ("－３", Some(-3)),
            ("\u{2212}3", Some(-3)),
            ("+5", Some(5)),
            ("", None),
            ("1e3", None),
            ("1.0", None),
            ("0x10", None),
            ("many", None),
            ("99999999999999999999", None),
        ] {
            assert_eq!(parse(typed), number, "{typed}");
        }
    }

    #[test]
    fn exponents_and_grouped_digits_mean_a_number() {
        for (text, number) in [
            ("1e3", Some(1000)),
            ("1.5E2", Some(150)),
            ("1,000", Some(1000)),
            ("1_000_000", Some(1_000_000)),
            ("10,00", None),
            ("4.0", Some(4)),
            ("１２", Some(12)),
            ("2.5", None),
            ("1e40", None),
            ("ten", None),
            ("e3", None),
            ("", None),
            ("-", None),
        ] {
            assert_eq!(meant(text), number, "{text}");
        }
    }
}
