//! Modes of files (`defaultMode`, `mode`): octal for people, an integer in the API.
//!
//! YAML 1.1, which Kubernetes reads, writes an octal integer as `0644`; JSON has decimal integers only, so that
//! 0644 is 420. A mode written in decimal digits without the zero (`644`) is a mode nobody meant.

use crate::path::{Path, Segment};

/// Returns whether the field at a path of a Job is the mode of files in a volume.
pub fn is_mode(path: &Path) -> bool {
    let is = |segment: &Segment, wanted: &[&str]| matches!(segment, Segment::Key(key) if wanted.contains(&key.as_str()));
    let segments = path.segments();
    segments
        .last()
        .is_some_and(|last| is(last, &["defaultMode", "mode"]))
        && segments.iter().any(|segment| is(segment, &["volumes"]))
}

/// Parses a mode as people write it, in octal digits: `0644`, `644` or `0o644`. White space around it and
/// full-width digits are accepted.
pub fn parse(typed: &str) -> Option<i64> {
    let typed = crate::number::narrow(typed);
    let digits = typed
        .strip_prefix("0o")
        .or_else(|| typed.strip_prefix("0O"))
        .unwrap_or(&typed);
    let is_octal = !digits.is_empty() && digits.bytes().all(|digit| matches!(digit, b'0'..=b'7'));
    is_octal.then(|| i64::from_str_radix(digits, 8).ok()).flatten()
}

/// Formats a mode in octal, with its leading zero: 420 is `0644`. A negative number stays decimal.
pub fn format(mode: i64) -> String {
    match mode {
        0 => "0".to_owned(),
        1.. => format!("0{mode:o}"),
        _ => mode.to_string(),
    }
}

/// Returns the mode that was probably meant by a number in decimal digits: `644` by 0644. None if the number is
/// plausible as it is (420 is 0644) or its digits are no plausible mode.
pub(crate) fn meant(spelling: &str) -> Option<i64> {
    let is_decimal = spelling.len() == 3 && !spelling.starts_with('0');
    let (decimal, octal) = (spelling.parse().ok()?, parse(spelling)?);
    (is_decimal && is_plausible(octal) && !is_plausible(decimal)).then_some(octal)
}

/// Returns whether group and others have what the owner has, that without writing, or nothing: 0644, 0750, 0600.
fn is_plausible(mode: i64) -> bool {
    let owner = mode >> 6;
    let inherits = |class: i64, from: i64| class == from || class == from & !2 || class == 0;
    let (group, others) = (mode >> 3 & 7, mode & 7);
    (4..=7).contains(&owner) && inherits(group, owner) && inherits(others, group)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn modes_are_read_and_shown_in_octal() {
        for (typed, mode, shown) in [
            ("0644", 420, "0644"),
            ("644", 420, "0644"),
            ("0o600", 384, "0600"),
            (" 0400 ", 256, "0400"),
            ("０７５５", 493, "0755"),
            ("0", 0, "0"),
            ("1777", 1023, "01777"),
        ] {
            assert_eq!(parse(typed), Some(mode), "{typed}");
            assert_eq!(format(mode), shown);
        }
        for typed in ["", "0648", "u+x", "-1", "0o", "0x1"] {
            assert_eq!(parse(typed), None, "{typed}");
        }
        assert_eq!(format(-1), "-1");
    }

    #[test]
    fn decimal_digits_of_a_common_mode_are_a_mistake() {
        for (spelling, meant_mode) in [
            ("400", 0o400),
            ("440", 0o440),
            ("444", 0o444),
            ("500", 0o500),
            ("600", 0o600),
            ("644", 0o644),
            ("666", 0o666),
            ("755", 0o755),
            ("777", 0o777),
        ] {
            assert_eq!(meant(spelling), Some(meant_mode), "{spelling}");
        }
        // The decimal numbers of 0400, 0600, 0640, 0644, 0755 and 0777.
        for spelling in [
            "256",
            "384",
            "416",
            "420",
            "493",
            "511",
            "0644",
            "0",
            "7",
            "4294967296",
        ] {
            assert_eq!(meant(spelling), None, "{spelling}");
        }
    }

    #[test]
    fn only_modes_of_volumes_are_modes() {
        let is = |path: &str| is_mode(&path.parse().unwrap());
        assert!(is("spec.template.spec.volumes[0].secret.defaultMode"));
        assert!(is(
            "spec.template.spec.volumes[0].projected.sources[1].secret.items[0].mode"
        ));
        assert!(!is("data.mode"));
        assert!(!is("spec.template.spec.volumes[0].name"));
    }
}
