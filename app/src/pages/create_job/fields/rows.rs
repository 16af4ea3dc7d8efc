//! Rows of a list or mapping, one per item. A long one is shown in windows, so that a keystroke costs the same in a
//! Job with a thousand variables as in one with fifty.

use std::ops::Range;

use leptos::prelude::*;
use manifest::{Path, Segment};

use crate::i18n::{job_list, t, tf};
use crate::kit::erased::dynamic;
use crate::kit::icon::{Glyph, Icon};
use crate::pages::create_job::state::Wizard;

/// Rows that are shown at once.
pub const WINDOW: usize = 50;

/// Renders the row at a position.
pub type Row = Callback<usize, AnyView>;

/// Rows of the items at a path; they are kept while only values change.
#[component]
pub fn Rows(
    /// Wizard state.
    wizard: Wizard,
    /// Path of the list or mapping.
    path: Path,
    /// Name of the list, for the buttons that turn its pages.
    #[prop(into)]
    label: String,
    /// Number of items; that of the list at the path if not given.
    #[prop(optional_no_strip)]
    length: Option<Memo<usize>>,
    /// Position of an item of a mapping.
    #[prop(optional_no_strip)]
    position: Option<Callback<String, Option<usize>>>,
    /// Renders a row.
    row: Row,
) -> impl IntoView {
    let path = StoredValue::new(path);
    let length = length.unwrap_or_else(|| Memo::new(move |_| wizard.length(&path.get_value())));
    let start = RwSignal::new(0);
    let shown = Memo::new(move |_| window(start.get(), length.get()));
    // The window moves to a field that is looked for.
    Effect::new(move |_| {
        let path = path.get_value();
        let wanted = wizard.wanted_in(&path);
        let at = match wanted
            .as_ref()
            .and_then(|wanted| wanted.path.segments().get(path.segments().len()))
        {
            Some(Segment::Index(index)) => Some(*index),
            Some(Segment::Key(key)) => position.and_then(|position| position.run(key.clone())),
            None => None,
        };
        if let Some(at) = at
            && !shown.get_untracked().contains(&at)
        {
            start.set(at / WINDOW * WINDOW);
        }
    });
    let label = StoredValue::new(label);
    let pager = move |is_first| {
        dynamic(move || {
            (length.get() > WINDOW)
                .then(|| view! { <Pager label=label.get_value() is_first start shown length/> })
        })
    };
    view! {
        {pager(true)}
        <For each=move || shown.get() key=|position| *position let(position)>
            {row.run(position)}
        </For>
        {pager(false)}
    }
    .into_any()
}

/// Returns the positions of the page that begins at `start`, or of the last page if the list ends before it.
fn window(start: usize, length: usize) -> Range<usize> {
    let last = length.saturating_sub(1) / WINDOW * WINDOW;
    let start = start.min(last);
    start..(start + WINDOW).min(length)
}

/// Turns the pages of a long list.
#[component]
fn Pager(
    label: String,
    // The one above the rows announces them.
    is_first: bool,
    start: RwSignal<usize>,
    shown: Memo<Range<usize>>,
    length: Memo<usize>,
) -> impl IntoView {
    let turn = move |what, glyph, target: fn(Range<usize>, usize) -> Option<usize>| {
        let to = move || target(shown.get(), length.get());
        view! {
            <button
                type="button"
                class="button button-icon"
                aria-label=t(what)
                title=t(what)
                disabled=move || to().is_none()
                on:click=move |_| {
                    if let Some(to) = untrack(to) {
                        start.set(to);
                    }
                }
            >
                <Icon glyph=glyph/>
            </button>
        }
    };
    view! {
        <nav class="row-pages" aria-label=format!("{label}: {}", t(job_list::PAGES))>
            <span role=is_first.then_some("status")>
                {move || {
                    let shown = shown.get();
                    tf(
                        job_list::PAGE_OF,
                        &[
                            ("from", &(shown.start + 1).to_string()),
                            ("to", &shown.end.to_string()),
                            ("total", &length.get().to_string()),
                        ],
                    )
                }}
            </span>
            {turn(job_list::PREVIOUS_PAGE, Glyph::Back, |shown, _| shown.start.checked_sub(WINDOW))}
            {turn(job_list::NEXT_PAGE, Glyph::ChevronRight, |shown, length| (shown.end < length).then_some(shown.end))}
        </nav>
    }
    .into_any()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_window_is_within_the_list_whatever_becomes_of_it() {
        assert_eq!(window(0, 0), 0..0);
        assert_eq!(window(0, 7), 0..7);
        assert_eq!(window(0, 1000), 0..50);
        assert_eq!(window(950, 1000), 950..1000);
        assert_eq!(window(950, 120), 100..120);
        assert_eq!(window(100, 100), 50..100);
        assert_eq!(window(100, 101), 100..101);
    }
}
