//! Kubernetes quantities (`100m`, `1.5Gi`, `1e3`), after k8s.io/apimachinery `pkg/api/resource`.
//!
//! A quantity is kept as it was written; only comparison and arithmetic look at its value, exactly, in billionths
//! (the API's own precision, with rounding up beyond it).

use std::cmp::Ordering;
use std::fmt;
use std::str::FromStr;

/// Billionths in one.
const SCALE: i128 = 1_000_000_000;

/// Binary suffixes with their factors.
const BINARY: [(&str, i128); 6] = [
    ("Ki", 1 << 10),
    ("Mi", 1 << 20),
    ("Gi", 1 << 30),
    ("Ti", 1 << 40),
    ("Pi", 1 << 50),
    ("Ei", 1 << 60),
];

/// Decimal suffixes with their powers of ten.
const DECIMAL: [(&str, i32); 10] = [
    ("n", -9),
    ("u", -6),
    ("m", -3),
    ("", 0),
    ("k", 3),
    ("M", 6),
    ("G", 9),
    ("T", 12),
    ("P", 15),
    ("E", 18),
];

/// An amount of a resource.
#[derive(Debug, Clone, Eq)]
pub struct Quantity {
    written: String,
    billionths: i128,
}

/// A text that is no quantity.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum QuantityError {
    /// It does not match `<sign><digits>.<digits><suffix>`.
    #[error("not a quantity")]
    Form,
    /// Its number is larger than can be compared exactly (10²⁰).
    #[error("too large")]
    Range,
}

impl FromStr for Quantity {
    type Err = QuantityError;

    fn from_str(text: &str) -> Result<Self, QuantityError> {
        let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
        let end = unsigned
            .find(|c: char| !c.is_ascii_digit() && c != '.')
            .unwrap_or(unsigned.len());
        let (number, suffix) = unsigned.split_at(end);
        let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
        if fraction.contains('.') || (whole.is_empty() && fraction.is_empty()) {
            return Err(QuantityError::Form);
        }
        let digits = format!("{whole}{fraction}");
        let digits = digits.trim_start_matches('0');
        let places = i32::try_from(fraction.len()).map_err(|_| QuantityError::Range)?;
        let (factor, power) = suffix_of(suffix).ok_or(QuantityError::Form)?;
        let mantissa: i128 = if digits.is_empty() {
            0
        } else {
            digits.parse().map_err(|_| QuantityError::Range)?
        };
        let magnitude = scale(
            mantissa.checked_mul(factor).ok_or(QuantityError::Range)?,
            power - places + 9,
        )?;
        let billionths = if text.starts_with('-') {
            -magnitude
        } else {
            magnitude
        };
        Ok(Self {
            written: text.to_owned(),
            billionths,
        })
    }
}

/// Factor and power of ten of a suffix.
fn suffix_of(suffix: &str) -> Option<(i128, i32)> {
    if let Some((_, factor)) = BINARY.iter().find(|(name, _)| *name == suffix) {
        return Some((*factor, 0));
    }
    if let Some((_, power)) = DECIMAL.iter().find(|(name, _)| *name == suffix) {
        return Some((1, *power));
    }
    let exponent = suffix.strip_prefix(['e', 'E'])?;
    let digits = exponent.strip_prefix(['+', '-']).unwrap_or(exponent);
    if digits.is_empty() || !digits.bytes().all(|c| c.is_ascii_digit()) {
        return None;
    }
    exponent.parse().ok().map(|power| (1, power))
}

/// `mantissa` × 10^`power`, rounded up to a whole.
fn scale(mantissa: i128, power: i32) -> Result<i128, QuantityError> {
    if mantissa == 0 {
        return Ok(0);
    }
    let factor = 10_i128.checked_pow(power.unsigned_abs());
    if power >= 0 {
        return factor
            .and_then(|factor| mantissa.checked_mul(factor))
            .ok_or(QuantityError::Range);
    }
    Ok(factor.map_or(1, |factor| mantissa / factor + i128::from(mantissa % factor != 0)))
}

impl Quantity {
    /// Nothing.
    pub fn zero() -> Self {
        Self {
            written: "0".to_owned(),
            billionths: 0,
        }
    }

    /// It is 0, however written.
    pub fn is_zero(&self) -> bool {
        self.billionths == 0
    }

    /// It is below 0.
    pub fn is_negative(&self) -> bool {
        self.billionths < 0
    }

    /// It has no fraction.
    pub fn is_whole(&self) -> bool {
        self.billionths % SCALE == 0
    }

    /// The sum, written like the first part that has a suffix. None if it is too large.
    pub fn plus(&self, other: &Self) -> Option<Self> {
        let billionths = self.billionths.checked_add(other.billionths)?;
        Some(Self::from_billionths(
            billionths,
            self.is_binary() || other.is_binary(),
        ))
    }

    /// `n` times as much. None if it is too large.
    pub fn times(&self, n: u32) -> Option<Self> {
        Some(Self::from_billionths(
            self.billionths.checked_mul(i128::from(n))?,
            self.is_binary(),
        ))
    }

    fn is_binary(&self) -> bool {
        self.written.ends_with('i')
    }

    /// The canonical form of an amount: the largest suffix that leaves no fraction.
    fn from_billionths(billionths: i128, binary: bool) -> Self {
        let written = if binary && billionths % SCALE == 0 && billionths != 0 {
            let whole = billionths / SCALE;
            let suffix = BINARY.iter().rev().find(|(_, factor)| whole % factor == 0);
            suffix.map_or_else(
                || whole.to_string(),
                |(name, factor)| format!("{}{name}", whole / factor),
            )
        } else {
            let suffix = DECIMAL.iter().rev().find_map(|(name, power)| {
                let unit = 10_i128.checked_pow((power + 9).unsigned_abs())?;
                (billionths % unit == 0).then(|| format!("{}{name}", billionths / unit))
            });
            if billionths == 0 {
                "0".to_owned()
            } else {
                suffix.unwrap_or_else(|| format!("{billionths}n"))
            }
        };
        Self { written, billionths }
    }
}

impl fmt::Display for Quantity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.written)
    }
}

impl PartialEq for Quantity {
    fn eq(&self, other: &Self) -> bool {
        self.billionths == other.billionths
    }
}

impl PartialOrd for Quantity {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Quantity {
    fn cmp(&self, other: &Self) -> Ordering {
        self.billionths.cmp(&other.billionths)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn q(text: &str) -> Quantity {
        text.parse().unwrap()
    }

    #[test]
    fn quantities_are_compared_exactly() {
        for (a, b) in [
            ("1000m", "1"),
            ("1k", "1e3"),
            ("1Ki", "1024"),
            ("0.5", "500m"),
            (".5Gi", "512Mi"),
            ("1E", "1e18"),
            ("100u", "0.1m"),
            ("-0", "0"),
        ] {
            assert_eq!(q(a), q(b), "{a} {b}");
        }
        assert!(q("1M") < q("1Mi"));
        assert!(q("0.1n") > Quantity::zero(), "rounded up, as the API does");
    }

    #[test]
    fn texts_that_are_no_quantities_are_refused() {
        for text in [
            "", "1x", "x", "1 Gi", "1gi", "1.2.3", "--1", "1e", "1e+", ".", "Gi", "1K", "1mi", "０",
        ] {
            assert!(text.parse::<Quantity>().is_err(), "{text:?}");
        }
    }

    #[test]
    fn quantities_are_shown_as_written_and_sums_canonically() {
        assert_eq!(q("1.50Gi").to_string(), "1.50Gi");
        assert_eq!(q("500m").times(2).unwrap().to_string(), "1");
        assert_eq!(q("1.5Gi").times(2).unwrap().to_string(), "3Gi");
        assert_eq!(q("100m").plus(&q("1")).unwrap().to_string(), "1100m");
        assert_eq!(q("1500").times(2).unwrap().to_string(), "3k");
        assert_eq!(q("0").times(9).unwrap().to_string(), "0");
    }
}
