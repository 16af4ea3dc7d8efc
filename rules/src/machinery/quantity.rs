//! Resource quantities such as `500m`, `1Gi`, `2e3`
//! ([Quantity](https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/quantity/)), following
//! apimachinery's `pkg/api/resource`.

use std::cmp::Ordering;
use std::fmt;
use std::str::FromStr;

use serde_json::Value;

/// Nano units in one.
const ONE: i128 = 1_000_000_000;

/// Decimal suffixes with their powers of ten.
const DECIMAL: [(&str, i64); 10] = [
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

/// Binary suffixes with their powers of two.
const BINARY: [(&str, u32); 6] = [
    ("Ki", 10),
    ("Mi", 20),
    ("Gi", 30),
    ("Ti", 40),
    ("Pi", 50),
    ("Ei", 60),
];

/// The largest amount: a whole number of units, so that rounding keeps it.
const MAX: i128 = i128::MAX / ONE * ONE;

/// Maximum number of digits of the server's `int64Amount`.
const FAST_DIGITS: i64 = 18;

/// The notation of a quantity, which formatting preserves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    Decimal,
    Binary,
    Exponent,
}

/// Why a string is not a quantity. `Display` is the server's message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum QuantityError {
    /// It does not match the format of a quantity.
    Form,
    /// It contains no number.
    Number,
    /// It ends with an unknown suffix.
    Suffix,
}

impl fmt::Display for QuantityError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Form => {
                "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'"
            }
            Self::Number => "unable to parse numeric part of quantity",
            Self::Suffix => "unable to parse quantity's suffix",
        })
    }
}

impl std::error::Error for QuantityError {}

/// An amount of a resource, exact to 10⁻⁹; finer ones are rounded away from zero, as in Kubernetes. Amounts
/// saturate above 10²⁹.
///
/// Equality and order compare the amounts, regardless of their notation.
#[derive(Clone, Copy, Debug)]
pub struct Quantity {
    nano: i128,
    form: Form,
}

impl PartialEq for Quantity {
    fn eq(&self, other: &Self) -> bool {
        self.nano == other.nano
    }
}

impl Eq for Quantity {}

impl PartialOrd for Quantity {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Quantity {
    fn cmp(&self, other: &Self) -> Ordering {
        self.nano.cmp(&other.nano)
    }
}

impl Default for Quantity {
    fn default() -> Self {
        Self::ZERO
    }
}

/// The parts of a quantity's text.
struct Parts<'a> {
    negative: bool,
    /// Digits before the point, without leading zeros; `0` if there are none.
    whole: &'a str,
    /// Digits after the point.
    fraction: &'a str,
    /// Whether the number, as written, contains a digit.
    has_digit: bool,
    suffix: &'a str,
}

impl<'a> Parts<'a> {
    fn read(text: &'a str) -> Result<Self, QuantityError> {
        if text.is_empty() {
            return Err(QuantityError::Form);
        }
        let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
        let digits = |text: &'a str| {
            let end = text.bytes().take_while(u8::is_ascii_digit).count();
            text.split_at(end)
        };
        let (number, rest) = digits(unsigned);
        let (fraction, suffix) = match rest.strip_prefix('.') {
            Some(rest) => digits(rest),
            None => ("", rest),
        };
        let letters = suffix
            .bytes()
            .take_while(|byte| b"eEinumkKMGTP".contains(byte))
            .count();
        let exponent = suffix[letters..]
            .strip_prefix(['+', '-'])
            .unwrap_or(&suffix[letters..]);
        if !exponent.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(QuantityError::Form);
        }
        let whole = number.trim_start_matches('0');
        Ok(Self {
            negative: text.starts_with('-'),
            whole: if whole.is_empty() { "0" } else { whole },
            fraction,
            has_digit: !number.is_empty() || !fraction.is_empty(),
            suffix,
        })
    }

    fn scale(&self) -> Result<(Form, i64), QuantityError> {
        if let Some((_, power)) = DECIMAL.iter().find(|(name, _)| *name == self.suffix) {
            return Ok((Form::Decimal, *power));
        }
        if let Some((_, power)) = BINARY.iter().find(|(name, _)| *name == self.suffix) {
            return Ok((Form::Binary, i64::from(*power)));
        }
        let exponent = self.suffix.strip_prefix(['e', 'E']);
        let power = exponent.and_then(|exponent| exponent.parse().ok());
        Ok((Form::Exponent, power.ok_or(QuantityError::Suffix)?))
    }

    /// Returns the digits on both sides of the point and the number of decimal places; insignificant digits are
    /// dropped.
    fn digits(&self) -> (i128, i64) {
        let mut digits = 0_i128;
        let mut places = 0_i64;
        let mut cut = false;
        for byte in self.whole.bytes() {
            digits = digits.saturating_mul(10).saturating_add(i128::from(byte - b'0'));
        }
        for byte in self.fraction.bytes() {
            if places < 30 && digits < i128::MAX / 100 {
                digits = digits * 10 + i128::from(byte - b'0');
                places += 1;
            } else {
                cut |= byte != b'0';
            }
        }
        // A non-zero rest rounds the result away from zero.
        (digits.saturating_add(i128::from(cut)), places)
    }
}

/// Returns `digits` times ten to the `power`, rounded away from zero.
fn scaled(digits: i128, power: i64) -> i128 {
    if digits == 0 {
        return 0;
    }
    let factor = u32::try_from(power.unsigned_abs())
        .ok()
        .and_then(|power| 10_i128.checked_pow(power));
    match (power >= 0, factor) {
        (true, Some(factor)) => digits.saturating_mul(factor).min(MAX),
        (true, None) => MAX,
        (false, Some(factor)) => digits / factor + i128::from(digits % factor != 0),
        (false, None) => 1,
    }
}

/// Clamps an amount to what can be parsed back: with a binary suffix, 2^63-1. The bounds are symmetric around
/// zero.
fn bounded(nano: i128, form: Form) -> i128 {
    let max = if form == Form::Binary {
        i128::from(i64::MAX) * ONE
    } else {
        MAX
    };
    nano.clamp(-max, max)
}

/// Returns a count as the server has it in 64 bits: large amounts in the `int64Amount` form become zero, others lose
/// their high bits. `text` is the amount as written.
#[allow(clippy::cast_possible_truncation, reason = "as the server does")]
fn counted(count: i128, text: &str) -> i64 {
    let is_fast = || {
        Parts::read(text).is_ok_and(|parts| {
            parts
                .scale()
                .is_ok_and(|(form, power)| parts.is_fast(form, power))
        })
    };
    match i64::try_from(count) {
        Ok(count) => count,
        Err(_) if is_fast() => 0,
        Err(_) => count as i64,
    }
}

impl Quantity {
    /// Zero.
    pub const ZERO: Self = Self {
        nano: 0,
        form: Form::Decimal,
    };

    /// Creates a quantity from an integer.
    #[must_use]
    pub fn whole(number: i64) -> Self {
        Self {
            nano: i128::from(number) * ONE,
            form: Form::Decimal,
        }
    }

    /// Parses a quantity as `ParseQuantity` does.
    pub fn parse(text: &str) -> Result<Self, QuantityError> {
        let parts = Parts::read(text)?;
        let (form, power) = parts.scale()?;
        let (digits, places) = parts.digits();
        let (magnitude, form) = if form == Form::Binary {
            let factor = u32::try_from(power).map_or(1, |power| 1_i128 << power.min(60));
            let nano = scaled(digits.saturating_mul(factor), 9 - places);
            // Larger amounts with a binary suffix are capped at 2^63-1; those below one are formatted in decimal.
            let form = if nano > 0 && nano < ONE {
                Form::Decimal
            } else {
                Form::Binary
            };
            (nano.min(i128::from(i64::MAX) * ONE), form)
        } else {
            (scaled(digits, power.saturating_add(9 - places)), form)
        };
        if !parts.has_digit && !parts.is_fast(form, power) {
            return Err(QuantityError::Number);
        }
        let nano = if parts.negative { -magnitude } else { magnitude };
        Ok(Self { nano, form })
    }

    /// Reads a member of a JSON object as the server does: a string with optional surrounding blanks, a number, or
    /// null (zero). `None` for any other type.
    #[must_use]
    pub fn read(value: &Value) -> Option<Result<Self, QuantityError>> {
        match value {
            Value::String(text) => Some(Self::parse(text.trim())),
            Value::Number(number) => Some(Self::parse(&number.to_string())),
            Value::Null => Some(Ok(Self::ZERO)),
            _ => None,
        }
    }

    /// Returns whether it is less than zero.
    #[must_use]
    pub fn is_negative(self) -> bool {
        self.nano < 0
    }

    /// Returns whether it is zero.
    #[must_use]
    pub fn is_zero(self) -> bool {
        self.nano == 0
    }

    /// Returns whether it is an integer.
    #[must_use]
    pub fn is_whole(self) -> bool {
        self.nano % ONE == 0
    }

    /// Returns the amount rounded away from zero to an integer, as `Value()` does.
    #[must_use]
    pub fn value(self) -> i64 {
        let rounded = if self.nano >= 0 {
            self.nano.saturating_add(ONE - 1)
        } else {
            self.nano.saturating_sub(ONE - 1)
        } / ONE;
        i64::try_from(rounded).unwrap_or(if rounded < 0 { i64::MIN } else { i64::MAX })
    }

    /// Returns the sum, in the notation of `self` unless that is zero.
    #[must_use]
    pub fn plus(self, other: Self) -> Self {
        let form = if self.is_zero() { other.form } else { self.form };
        Self {
            nano: bounded(self.nano.saturating_add(other.nano), form),
            form,
        }
    }

    /// Returns the difference, in the notation of `self` unless that is zero.
    #[must_use]
    pub fn less(self, other: Self) -> Self {
        let form = if self.is_zero() { other.form } else { self.form };
        Self {
            nano: bounded(self.nano.saturating_sub(other.nano), form),
            form,
        }
    }

    /// Returns the amount multiplied by `n`.
    #[must_use]
    pub fn times(self, n: u32) -> Self {
        Self {
            nano: bounded(self.nano.saturating_mul(i128::from(n)), self.form),
            form: self.form,
        }
    }

    /// Rounds away from zero to thousandths, the finest precision in which resource amounts are stored.
    #[must_use]
    pub fn to_milli(self) -> Self {
        let step = ONE / 1000;
        let rounded = self.nano / step + (self.nano % step).signum();
        Self {
            nano: bounded(rounded.saturating_mul(step), self.form),
            form: self.form,
        }
    }

    /// Returns whether the server considers the amount fractional. It counts thousandths in 64 bits, which
    /// overflow for large amounts. `text` is the amount as written.
    #[must_use]
    pub fn is_fractional(self, text: &str) -> bool {
        counted(self.to_milli().nano / (ONE / 1000), text) % 1000 != 0
    }

    /// Returns the amount rounded away from zero to an integer as the server counts it, in 64 bits that overflow for
    /// large amounts. `text` is the amount as written.
    #[must_use]
    pub fn counted(self, text: &str) -> i64 {
        counted(self.nano / ONE + (self.nano % ONE).signum(), text)
    }

    /// Returns the amount in units of 1/`parts`, rounded up; zero if it is negative, saturating at the maximum.
    #[must_use]
    pub fn units(self, parts: u32) -> u64 {
        let nano = self.nano.max(0).saturating_mul(i128::from(parts));
        let (whole, rest) = (nano / ONE, nano % ONE);
        u64::try_from(whole.saturating_add(i128::from(rest > 0))).unwrap_or(u64::MAX)
    }

    /// Returns the quotient `self / other`.
    #[allow(clippy::cast_precision_loss, reason = "only displayed")]
    #[must_use]
    pub fn ratio(self, other: Self) -> f64 {
        self.nano as f64 / other.nano as f64
    }

    /// Returns how the server writes an amount that it has parsed from `text`: unchanged if that is close enough
    /// to the canonical form, otherwise the canonical form ([`Quantity`]'s `Display`).
    #[must_use]
    pub fn written(self, text: &str) -> String {
        let kept = Parts::read(text).is_ok_and(|parts| {
            parts
                .scale()
                .is_ok_and(|(form, power)| parts.is_kept(form, power))
        });
        if kept {
            return text.to_owned();
        }
        let is_saturated = self.nano.abs() == MAX;
        let large = is_saturated.then(|| Parts::read(text).ok()?.large_exponent());
        large.flatten().unwrap_or_else(|| self.to_string())
    }
}

impl Parts<'_> {
    /// Formats an amount with an exponent that is too large to be represented: an exponent that is a multiple of
    /// three, without zeros at the end of the number.
    fn large_exponent(&self) -> Option<String> {
        let (Form::Exponent, power) = self.scale().ok()? else {
            return None;
        };
        let digits = format!("{}{}", self.whole, self.fraction);
        let number = digits.trim_end_matches('0');
        let zeros = i64::try_from(digits.len() - number.len()).ok()?;
        let power = power - i64::try_from(self.fraction.len()).ok()? + zeros;
        let sign = if self.negative { "-" } else { "" };
        let more = "0".repeat(usize::try_from(power.rem_euclid(3)).ok()?);
        let number = number.trim_start_matches('0');
        Some(format!("{sign}{number}{more}e{}", power - power.rem_euclid(3)))
    }

    /// Returns whether the server stores it as `int64Amount` instead of an arbitrary-precision decimal.
    fn is_fast(&self, form: Form, power: i64) -> bool {
        let length = |text: &str| i64::try_from(text.len()).unwrap_or(i64::MAX / 2);
        let digits = length(self.whole) + length(self.fraction);
        if form == Form::Binary {
            self.fraction.is_empty() && 15 - length(self.whole) - power * 3 / 10 > 0
        } else {
            digits <= FAST_DIGITS && power - length(self.fraction) >= -9
        }
    }

    /// Returns whether the server caches the text of such an amount and writes it back unchanged.
    fn is_kept(&self, form: Form, power: i64) -> bool {
        if !self.is_fast(form, power) {
            return false;
        }
        if form == Form::Binary {
            let last = self.whole.bytes().rev().take(3).collect::<Vec<u8>>();
            let low = last
                .iter()
                .rev()
                .fold(0_u32, |low, byte| low * 10 + u32::from(byte - b'0'));
            return low % 8 != 0;
        }
        let places = i64::try_from(self.fraction.len()).unwrap_or(i64::MAX / 2);
        let shifted = format!("{}{}", self.whole, self.fraction);
        (power - places) % 3 == 0 && !shifted.ends_with("000") && !shifted.starts_with('0')
    }
}

impl FromStr for Quantity {
    type Err = QuantityError;

    fn from_str(text: &str) -> Result<Self, QuantityError> {
        Self::parse(text)
    }
}

impl fmt::Display for Quantity {
    /// Formats the canonical form: the largest suffix that leaves no fraction.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.nano == 0 {
            return f.write_str("0");
        }
        if self.form == Form::Binary && self.is_whole() && (self.nano / ONE).abs() >= 1024 {
            let whole = self.nano / ONE;
            let fitting = BINARY
                .iter()
                .rev()
                .find(|(_, power)| whole % (1_i128 << power) == 0);
            let (suffix, power) = fitting.copied().unwrap_or(("", 0));
            return write!(f, "{}{suffix}", whole >> power);
        }
        let unit = |power: i64| 10_i128.pow(u32::try_from(power + 9).unwrap_or(0));
        let fitting = DECIMAL
            .iter()
            .rev()
            .find(|(_, power)| self.nano % unit(*power) == 0);
        let (suffix, power) = fitting.copied().unwrap_or(("n", -9));
        let number = self.nano / unit(power);
        match (self.form, power) {
            (Form::Exponent, 0) => write!(f, "{number}"),
            (Form::Exponent, power) => write!(f, "{number}e{power}"),
            _ => write!(f, "{number}{suffix}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn q(text: &str) -> Quantity {
        Quantity::parse(text).unwrap()
    }

    #[test]
    fn amounts_compare_exactly() {
        for (a, b) in [
            ("1000m", "1"),
            ("1k", "1e3"),
            ("1Ki", "1024"),
            ("0.5", "500m"),
            (".5Gi", "512Mi"),
            ("1E", "1e18"),
            ("100u", "0.1m"),
            ("-0", "0"),
            ("1Pi", "1024Ti"),
        ] {
            assert_eq!(q(a), q(b), "{a} {b}");
        }
        assert!(q("1M") < q("1Mi"));
        assert!(q("0.1n") > Quantity::ZERO, "rounded up, as the API does");
    }

    #[test]
    fn canonical_form_uses_largest_exact_suffix() {
        for (text, shown) in [
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
            ("0.5Ki", "512"),
        ] {
            assert_eq!(q(text).to_string(), shown, "{text}");
        }
    }

    #[test]
    fn cached_text_is_written_back() {
        for (text, written) in [
            ("1500m", "1500m"),
            ("+1", "+1"),
            ("1.500", "1.500"),
            ("1024Mi", "1Gi"),
            ("1025Mi", "1025Mi"),
            ("0100m", "0100m"),
            ("00.1", "100m"),
            ("1000", "1k"),
            ("1e400", "10e399"),
            ("-15e401", "-1500e399"),
            ("-1.50e401", "-1.50e401"),
        ] {
            assert_eq!(q(text).written(text), written, "{text}");
        }
    }

    #[test]
    fn invalid_text_gets_server_error() {
        for text in ["", "1x", "x", "1 Gi", "1.2.3", "０", "true", "gi", "1e+-1"] {
            assert_eq!(Quantity::parse(text), Err(QuantityError::Form), "{text:?}");
        }
        for text in ["1e", "1e+", "1K", "1mi", "1i", "-3.01i", "--1"] {
            assert_eq!(Quantity::parse(text), Err(QuantityError::Suffix), "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn canonical_form_is_a_fixed_point(text in "[+-]?[0-9]{1,12}(\\.[0-9]{0,4})?(|m|u|k|M|G|Ki|Mi|Gi|Ti|e[0-9]|E-[0-9])") {
            let quantity = q(&text);
            let shown = quantity.to_string();
            prop_assert_eq!(q(&shown), quantity);
            prop_assert_eq!(q(&shown).to_string(), shown);
        }

        #[test]
        fn order_is_numeric(a in -1_000_000_i64..1_000_000, b in -1_000_000_i64..1_000_000) {
            prop_assert_eq!(q(&format!("{a}m")).cmp(&q(&format!("{b}m"))), a.cmp(&b));
            prop_assert_eq!(q(&format!("{a}m")).plus(q(&format!("{b}m"))), q(&format!("{}m", a + b)));
            prop_assert_eq!(q(&format!("{a}m")).less(q(&format!("{b}m"))), q(&format!("{}m", a - b)));
        }

        #[test]
        fn arbitrary_text_does_not_panic(text in ".{0,40}") {
            if let Ok(quantity) = Quantity::parse(&text) {
                let _ = (quantity.to_string(), quantity.written(&text), quantity.value(), quantity.to_milli());
            }
        }

        #[test]
        fn long_numbers_do_not_overflow(text in "[0-9]{0,60}\\.?[0-9]{0,60}(|Ei|E|n|e[0-9]{1,18}|e-[0-9]{1,18})") {
            if let Ok(quantity) = Quantity::parse(&text) {
                let _ = (quantity.plus(quantity), quantity.times(7), quantity.units(1000), quantity.to_string());
            }
        }
    }
}
