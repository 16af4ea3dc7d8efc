//! Resource quantities such as `500m`, `1Gi`, `2e3`
//! ([Quantity](https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/quantity/)).

const BAD: &str =
    "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'";

/// Decimal suffixes with their powers of ten in units of 10⁻⁹.
const DECIMAL: &[(&str, u32)] = &[
    ("n", 0),
    ("u", 3),
    ("m", 6),
    ("", 9),
    ("k", 12),
    ("M", 15),
    ("G", 18),
    ("T", 21),
    ("P", 24),
    ("E", 27),
];
/// Binary suffixes with their powers of two.
const BINARY: &[(&str, u32)] = &[
    ("Ki", 10),
    ("Mi", 20),
    ("Gi", 30),
    ("Ti", 40),
    ("Pi", 50),
    ("Ei", 60),
];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    Decimal,
    Binary,
    Exponent,
}

/// An amount, exact to 10⁻⁹; finer ones are rounded away from zero as in Kubernetes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quantity {
    nano: i128,
    form: Form,
}

impl PartialOrd for Quantity {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.nano.cmp(&other.nano))
    }
}

impl Quantity {
    /// Nothing.
    pub const ZERO: Self = Self {
        nano: 0,
        form: Form::Decimal,
    };

    /// A whole number.
    pub fn whole(number: i64) -> Self {
        Self {
            nano: i128::from(number) * 1_000_000_000,
            form: Form::Decimal,
        }
    }

    /// Reads a quantity; the error is the server's text.
    pub fn parse(text: &str) -> Result<Self, String> {
        Self::read(text).ok_or_else(|| BAD.to_owned())
    }

    fn read(text: &str) -> Option<Self> {
        let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
        let end = unsigned.find(|one: char| !one.is_ascii_digit() && one != '.');
        let (number, suffix) = unsigned.split_at(end.unwrap_or(unsigned.len()));
        let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
        if whole.is_empty() && fraction.is_empty() || fraction.contains('.') || whole.len() > 30 {
            return None;
        }
        let mut digits: i128 = 0;
        for digit in whole.bytes().chain(fraction.bytes().take(12)) {
            digits = digits.checked_mul(10)?.checked_add(i128::from(digit - b'0'))?;
        }
        let scale = u32::try_from(fraction.len().min(12)).ok()?;
        let (form, nano) = if let Some((_, power)) = DECIMAL.iter().find(|(one, _)| *one == suffix) {
            (
                Form::Decimal,
                scaled(digits, i64::from(*power) - i64::from(scale))?,
            )
        } else if let Some((_, power)) = BINARY.iter().find(|(one, _)| *one == suffix) {
            let shifted = digits.checked_mul(1_i128 << power)?;
            (Form::Binary, scaled(shifted, 9 - i64::from(scale))?)
        } else {
            let exponent: i64 = suffix.strip_prefix(['e', 'E'])?.parse().ok()?;
            if exponent.abs() > 40 {
                return None;
            }
            (Form::Exponent, scaled(digits, 9 + exponent - i64::from(scale))?)
        };
        // Larger amounts with a binary suffix are capped at 2^63-1, as in Kubernetes.
        let nano = if form == Form::Binary {
            nano.min(i128::from(i64::MAX) * 1_000_000_000)
        } else {
            nano
        };
        let nano = if text.starts_with('-') { -nano } else { nano };
        Some(Self { nano, form })
    }

    /// Whether it is less than zero.
    pub fn is_negative(self) -> bool {
        self.nano < 0
    }

    /// Whether it is nothing.
    pub fn is_zero(self) -> bool {
        self.nano == 0
    }

    /// Whether it is a whole number.
    pub fn is_whole(self) -> bool {
        self.nano % 1_000_000_000 == 0
    }

    /// The sum, written in the form of `self` unless that is nothing.
    #[must_use]
    pub fn plus(self, other: Self) -> Self {
        let form = if self.is_zero() { other.form } else { self.form };
        Self {
            nano: self.nano.saturating_add(other.nano),
            form,
        }
    }

    /// Rounded up to thousandths: cpu is kept no finer.
    #[must_use]
    pub fn to_milli(self) -> Self {
        let step = 1_000_000;
        let up = if self.nano > 0 { step - 1 } else { 0 };
        Self {
            nano: (self.nano + up) / step * step,
            form: self.form,
        }
    }

    /// Whether it is no whole number to a server that counts thousandths in 64 bits: `text` is how it is written.
    pub fn is_fractional(self, text: &str) -> bool {
        let digits = text.bytes().filter(u8::is_ascii_digit).count();
        !self.is_whole() || digits > 18
    }

    /// How many parts of a unit it is when each unit has `parts`, rounded up; nothing if it is less than zero, and the
    /// largest number if there are more.
    pub fn units(self, parts: u32) -> u64 {
        let nano = self.nano.max(0).saturating_mul(i128::from(parts));
        let (whole, rest) = (nano / 1_000_000_000, nano % 1_000_000_000);
        u64::try_from(whole.saturating_add(i128::from(rest > 0))).unwrap_or(u64::MAX)
    }

    /// How many times `other` goes into it.
    #[allow(clippy::cast_precision_loss, reason = "only shown to a person")]
    pub fn ratio(self, other: Self) -> f64 {
        self.nano as f64 / other.nano as f64
    }

    /// What is stored for `text`: itself if it is canonical enough for the server to keep.
    pub fn canonical(self, text: &str) -> String {
        // A sign that says nothing is kept.
        let written = self.to_string();
        if text.strip_prefix('+') == Some(written.as_str()) {
            text.to_owned()
        } else {
            written
        }
    }
}

/// `digits` times ten to the `power`, rounded away from zero.
fn scaled(digits: i128, power: i64) -> Option<i128> {
    let factor = 10_i128.checked_pow(u32::try_from(power.unsigned_abs()).ok()?);
    if power >= 0 {
        return digits.checked_mul(factor?);
    }
    let Some(factor) = factor else {
        return Some(i128::from(digits > 0));
    };
    Some((digits + factor - 1) / factor)
}

impl std::fmt::Display for Quantity {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.nano == 0 {
            return formatter.write_str("0");
        }
        if self.form == Form::Binary && self.is_whole() {
            let whole = self.nano / 1_000_000_000;
            if whole.abs() >= 1024 {
                let fitting = BINARY
                    .iter()
                    .rev()
                    .find(|(_, power)| whole % (1_i128 << power) == 0);
                let (suffix, power) = fitting.copied().unwrap_or(("", 0));
                return write!(formatter, "{}{suffix}", whole >> power);
            }
            return write!(formatter, "{whole}");
        }
        let fitting = DECIMAL
            .iter()
            .rev()
            .find(|(_, power)| self.nano % 10_i128.pow(*power) == 0);
        let (suffix, power) = fitting.copied().unwrap_or(("n", 0));
        let number = self.nano / 10_i128.pow(power);
        if self.form == Form::Exponent {
            let exponent = i64::from(power) - 9;
            return if exponent == 0 {
                write!(formatter, "{number}")
            } else {
                write!(formatter, "{number}e{exponent}")
            };
        }
        write!(formatter, "{number}{suffix}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quantity_is_written_in_its_shortest_exact_form() {
        let pairs = [
            ("1500m", "1500m"),
            ("0.5", "500m"),
            ("1024Mi", "1Gi"),
            ("1e3", "1e3"),
            ("1000", "1k"),
            ("0.1", "100m"),
            ("1.5Gi", "1536Mi"),
            ("100u", "100u"),
            ("-1", "-1"),
            ("0", "0"),
        ];
        for (text, shown) in pairs {
            assert_eq!(Quantity::parse(text).unwrap().to_string(), shown);
        }
        for text in ["", "1x", "1 Gi", "gi", "1.2.3", "true"] {
            assert!(Quantity::parse(text).is_err(), "{text}");
        }
    }
}
