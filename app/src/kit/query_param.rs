//! A value of the address's query, as a page holds it.

use leptos::prelude::*;
use leptos_router::hooks::use_query_map;

/// What `?key=` says in the address of this page, from now on; none if it is not there.
///
/// The page holds a copy, which an effect of its own keeps up to date. A memo over the router's query would not do:
/// when an address changes its path and its query at once, the page that is left is disposed of first, and whatever
/// of it still listens to the query then would read a memo that is gone.
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
