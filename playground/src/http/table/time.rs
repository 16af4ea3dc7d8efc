//! Formats durations for people as the API server does.

use jiff::Timestamp;
use serde_json::Value;

/// Parses the time in a field.
pub(super) fn at(value: &Value) -> Option<Timestamp> {
    value.as_str()?.parse().ok()
}

/// Formats the time since then, or `<unknown>`.
pub(super) fn since(value: &Value, now: Timestamp) -> String {
    at(value).map_or_else(
        || "<unknown>".to_owned(),
        |then| short(now.as_second() - then.as_second()),
    )
}

/// Formats a duration as `7s`, `3m5s`, `2h`, `4d3h`: two units while they are small.
pub(super) fn short(seconds: i64) -> String {
    const MINUTE: i64 = 60;
    const HOUR: i64 = 3600;
    const DAY: i64 = 24 * HOUR;
    const YEAR: i64 = 365 * DAY;

    let two = |big: i64, unit: char, small: i64, rest: char| {
        if small == 0 {
            format!("{big}{unit}")
        } else {
            format!("{big}{unit}{small}{rest}")
        }
    };
    match seconds {
        ..-1 => "<invalid>".to_owned(),
        -1..0 => "0s".to_owned(),
        0..120 => format!("{seconds}s"),
        120..600 => two(seconds / MINUTE, 'm', seconds % MINUTE, 's'),
        600..10_800 => format!("{}m", seconds / MINUTE),
        10_800..28_800 => two(seconds / HOUR, 'h', seconds / MINUTE % 60, 'm'),
        28_800..172_800 => format!("{}h", seconds / HOUR),
        172_800..691_200 => two(seconds / DAY, 'd', seconds / HOUR % 24, 'h'),
        691_200..63_072_000 => format!("{}d", seconds / DAY),
        63_072_000..252_288_000 => two(seconds / YEAR, 'y', seconds / DAY % 365, 'd'),
        _ => format!("{}y", seconds / YEAR),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_have_two_units_while_they_are_small() {
        let shown: Vec<String> = [
            -1, 0, 119, 120, 185, 700, 11_000, 100_000, 200_000, 800_000, 64_000_000,
        ]
        .into_iter()
        .map(short)
        .collect();
        let wanted = [
            "0s", "0s", "119s", "2m", "3m5s", "11m", "3h3m", "27h", "2d7h", "9d", "2y10d",
        ];
        assert_eq!(shown, wanted);
    }
}
