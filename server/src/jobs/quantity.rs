//! Kubernetes quantities as far as quotas need them: exact comparison and subtraction.
//! Grammar: <https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/quantity/>.

use std::cmp::Ordering;
use std::fmt;

use serde_json::Value;

/// Nanos per unit; the API has no finer resolution.
const NANOS: i128 = 1_000_000_000;

/// An exact amount that remembers whether it was written with a binary suffix.
#[derive(Debug, Clone, Copy, Default)]
pub struct Quantity {
    nanos: i128,
    binary: bool,
}

impl Quantity {
    /// Parses a JSON string or number; `None` if it is not a quantity or exceeds the API's range.
    pub fn read(value: &Value) -> Option<Self> {
        match value {
            Value::String(text) => Self::parse(text),
            Value::Number(number) => Self::parse(&number.to_string()),
            _ => None,
        }
    }

    fn parse(text: &str) -> Option<Self> {
        let end = text
            .find(|c: char| !matches!(c, '0'..='9' | '.' | '+' | '-'))
            .unwrap_or(text.len());
        let (number, suffix) = text.split_at(end);
        let (scale, binary) = scale(suffix)?;
        let (sign, digits) = match number.strip_prefix('-') {
            Some(digits) => (-1, digits),
            None => (1, number.strip_prefix('+').unwrap_or(number)),
        };
        let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
        if whole.is_empty() && fraction.is_empty() {
            return None;
        }
        let mantissa: i128 = format!("0{whole}{fraction}").parse().ok()?;
        let divisor = 10i128.checked_pow(u32::try_from(fraction.len()).ok()?)?;
        let nanos = mantissa.checked_mul(scale)?.checked_div(divisor)?;
        Some(Self {
            nanos: sign * nanos,
            binary,
        })
    }

    /// Subtracts `other`, saturating at zero.
    #[must_use]
    pub fn saturating_sub(&self, other: &Self) -> Self {
        Self {
            nanos: (self.nanos - other.nanos).max(0),
            binary: self.binary,
        }
    }

    /// Rounds down to a whole number.
    pub fn whole(&self) -> i64 {
        i64::try_from(self.nanos.div_euclid(NANOS)).unwrap_or(i64::MAX)
    }
}

/// Returns the nanos of one unit of `suffix`, and whether the suffix is binary.
fn scale(suffix: &str) -> Option<(i128, bool)> {
    let decimal = |power: u32| Some((10i128.checked_pow(power)?, false));
    let binary = |power: u32| Some((NANOS.checked_mul(1024i128.checked_pow(power)?)?, true));
    match suffix {
        "n" => decimal(0),
        "u" => decimal(3),
        "m" => decimal(6),
        "" => decimal(9),
        "k" => decimal(12),
        "M" => decimal(15),
        "G" => decimal(18),
        "T" => decimal(21),
        "P" => decimal(24),
        "E" => decimal(27),
        "Ki" => binary(1),
        "Mi" => binary(2),
        "Gi" => binary(3),
        "Ti" => binary(4),
        "Pi" => binary(5),
        "Ei" => binary(6),
        exponent => {
            let power: i32 = exponent.strip_prefix(['e', 'E'])?.parse().ok()?;
            decimal(u32::try_from(power.checked_add(9)?).ok()?)
        }
    }
}

impl fmt::Display for Quantity {
    /// Formats with the largest suffix of its kind that leaves a whole number, as the API server does.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let units: &[&str] = if self.binary {
            &["Ei", "Pi", "Ti", "Gi", "Mi", "Ki", "", "m", "u", "n"]
        } else {
            &["E", "P", "T", "G", "M", "k", "", "m", "u", "n"]
        };
        if self.nanos == 0 {
            return f.write_str("0");
        }
        for unit in units {
            if let Some((scale, _)) = scale(unit)
                && self.nanos % scale == 0
            {
                return write!(f, "{}{unit}", self.nanos / scale);
            }
        }
        Ok(())
    }
}

impl PartialEq for Quantity {
    fn eq(&self, other: &Self) -> bool {
        self.nanos == other.nanos
    }
}

impl Eq for Quantity {}

impl Ord for Quantity {
    fn cmp(&self, other: &Self) -> Ordering {
        self.nanos.cmp(&other.nanos)
    }
}

impl PartialOrd for Quantity {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantities_are_parsed_exactly_and_formatted_canonically() {
        let table = [
            ("0", "0"),
            ("1500m", "1500m"),
            ("1.5", "1500m"),
            ("2000m", "2"),
            ("1e3", "1k"),
            ("5E", "5E"),
            ("1024Mi", "1Gi"),
            ("1.5Gi", "1536Mi"),
            ("+3", "3"),
            (".5", "500m"),
        ];
        for (written, canonical) in table {
            assert_eq!(
                Quantity::parse(written)
                    .map(|quantity| quantity.to_string())
                    .as_deref(),
                Some(canonical)
            );
        }
        for wrong in ["", "Gi", "1x", "1 Gi", "1Gi2", "--1", "1e99"] {
            assert!(Quantity::parse(wrong).is_none(), "{wrong:?}");
        }
    }
}
