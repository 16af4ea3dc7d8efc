//! Times, relative ("2 min ago") with the exact time on hover, and durations.
//!
//! The clock is the browser's: the server renders the exact time (UTC), which stays when JavaScript is off, and the
//! relative one appears after hydration, so both halves render the same tree.

use leptos::prelude::*;

use crate::api::job::Millis;
use crate::i18n::{common as text, t, tf};
use crate::kit::erased::dynamic;

/// Browser's clock, ticking once a second; none on the server and until hydration is done.
#[derive(Clone, Copy)]
pub struct Clock(pub ReadSignal<Option<Millis>>);

/// Starts the clock; the application calls it once.
pub fn provide_clock() {
    let (now, set_now) = signal(None);
    provide_context(Clock(now));
    #[cfg(feature = "hydrate")]
    Effect::new(move |_| {
        #[allow(
            clippy::cast_possible_truncation,
            reason = "milliseconds since 1970 fit into 53 bits"
        )]
        let tick = move || set_now.set(Some(js_sys::Date::now() as Millis));
        tick();
        if let Ok(handle) = set_interval_with_handle(tick, std::time::Duration::from_secs(1)) {
            on_cleanup(move || handle.clear());
        }
    });
    #[cfg(not(feature = "hydrate"))]
    let _ = set_now;
}

/// Returns the clock's time, in milliseconds since the Unix epoch.
pub fn now() -> Option<Millis> {
    use_context::<Clock>().and_then(|clock| clock.0.get())
}

/// Formats a time as `2026-11-23 08:05:09 UTC` (proleptic Gregorian, from milliseconds since the Unix epoch).
pub fn exact(at: Millis) -> String {
    let seconds = at.div_euclid(1000);
    let (days, of_day) = (seconds.div_euclid(86_400), seconds.rem_euclid(86_400));
    // Days to a civil date: eras of 400 years, years starting in March (Hinnant's algorithm).
    let shifted = days + 719_468;
    let era = shifted.div_euclid(146_097);
    let day_of_era = shifted.rem_euclid(146_097);
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 {
        shifted_month + 3
    } else {
        shifted_month - 9
    };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    format!(
        "{year:04}-{month:02}-{day:02} {:02}:{:02}:{:02} UTC",
        of_day / 3600,
        of_day / 60 % 60,
        of_day % 60
    )
}

/// Formats an age in seconds, minutes, hours or days.
pub fn ago(at: Millis, now: Millis) -> String {
    let seconds = (now - at) / 1000;
    let (text, n) = match seconds {
        ..5 => return t(text::JUST_NOW).to_owned(),
        5..60 => (text::SECONDS_AGO, seconds),
        60..3600 => (text::MINUTES_AGO, seconds / 60),
        3600..172_800 => (text::HOURS_AGO, seconds / 3600),
        _ => (text::DAYS_AGO, seconds / 86_400),
    };
    tf(text, &[("n", &n.to_string())])
}

/// Formats a duration as `0:03`, `12:40` or `3:02:10`.
pub fn duration(millis: Millis) -> String {
    let seconds = (millis / 1000).max(0);
    let (hours, minutes, rest) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    if hours > 0 {
        format!("{hours}:{minutes:02}:{rest:02}")
    } else {
        format!("{minutes}:{rest:02}")
    }
}

/// Point in time.
#[component]
pub fn Time(
    /// Time.
    #[prop(into)]
    at: Signal<Option<Millis>>,
) -> impl IntoView {
    view! {
        // The exact time beside a relative one.
        <time class="time" title=move || now().and_then(|_| at.get()).map(exact)>
            {dynamic(move || match (at.get(), now()) {
                (None, _) => "–".to_owned(),
                (Some(at), Some(now)) => ago(at, now),
                (Some(at), None) => exact(at),
            })}
        </time>
    }
}

/// Duration of something, so far if it still runs.
#[component]
pub fn Duration(
    /// Start time.
    #[prop(into)]
    from: Signal<Option<Millis>>,
    /// End time; none while it still runs.
    #[prop(into)]
    to: Signal<Option<Millis>>,
) -> impl IntoView {
    view! {
        <span class="number">
            {dynamic(move || match (from.get(), to.get().or_else(now)) {
                (Some(from), Some(to)) => duration(to - from),
                _ => "–".to_owned(),
            })}
        </span>
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exact_times_follow_the_gregorian_calendar() {
        assert_eq!(exact(0), "1970-01-01 00:00:00 UTC");
        assert_eq!(exact(951_827_696_000), "2000-02-29 12:34:56 UTC");
        assert_eq!(exact(1_795_392_309_999), "2026-11-23 00:05:09 UTC");
    }

    #[test]
    fn durations_are_tabular() {
        assert_eq!(duration(3_999), "0:03");
        assert_eq!(duration(760_000), "12:40");
        assert_eq!(duration(10_930_000), "3:02:10");
        assert_eq!(duration(-5), "0:00");
    }

    #[test]
    fn ages_use_the_largest_unit() {
        assert_eq!(ago(0, 4_000), "just now");
        assert_eq!(ago(0, 59_000), "59 s ago");
        assert_eq!(ago(0, 3_599_000), "59 min ago");
        assert_eq!(ago(0, 7_200_000), "2 h ago");
        assert_eq!(ago(0, 200_000_000), "2 d ago");
    }
}
