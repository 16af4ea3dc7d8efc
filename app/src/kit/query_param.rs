//! Reactive value of a query parameter.

use leptos::prelude::*;
use leptos_router::hooks::use_query_map;

/// Returns the value of `?key=` in the page's URL as a signal; none if it is absent.
///
/// The page holds a copy, which an effect keeps up to date. A memo over the router's query would not do: when a
/// navigation changes path and query at once, the old page is disposed of first, and any of its effects that still
/// track the query would then read a disposed memo.
pub fn use_query_value(key: &'static str) -> Signal<Option<String>> {
    let query = use_query_map();
    let value = RwSignal::new(query.with_untracked(|query| query.get(key)));
    Effect::new(move |_| {
        let now = query.with(|query| query.get(key));
        if value.try_with_untracked(|value| *value != now) == Some(true) {
            value.set(now);
        }
    });
    value.into()
}
