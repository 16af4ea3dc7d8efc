//! Preview of the manifest next to the form: the text with line numbers, with the last edit highlighted.
//! A click on a line opens edit mode there.

mod paint;

use leptos::prelude::*;

use crate::i18n::{t, wizard as text};
use crate::kit::erased::dynamic;
use crate::pages::create_job::preview::paint::{BlockScalars, paint, verbatim};
use crate::pages::create_job::state::Wizard;

/// Maximum number of lines rendered; edit mode shows the rest.
const MAX_LINES: usize = 2_000;

/// Preview pane.
#[component]
pub fn Preview(
    /// Wizard state.
    wizard: Wizard,
    /// Opens edit mode at a byte offset.
    on_open: Callback<usize>,
) -> impl IntoView {
    let frame = NodeRef::<leptos::html::Pre>::new();
    let lines = Memo::new(move |_| {
        let (mut start, mut blocks) = (0, BlockScalars::default());
        wizard.shown.with(|shown| {
            let lines = shown.text().split_inclusive('\n').take(MAX_LINES);
            lines
                .map(|line| {
                    let at = start;
                    start += line.len();
                    let text = line.trim_end_matches(['\n', '\r']).to_owned();
                    let is_verbatim = blocks.contains(&text);
                    Line {
                        at,
                        text,
                        is_verbatim,
                    }
                })
                .collect::<Vec<_>>()
        })
    });
    // Scrolls the changed lines into view.
    Effect::new(move |_| {
        wizard.highlighted.track();
        request_animation_frame(move || {
            let Some(frame) = frame.try_get_untracked().flatten() else {
                return;
            };
            if let Ok(Some(line)) = frame.query_selector(".lit") {
                scroll_into_view(&frame, &line);
            }
        });
    });
    view! {
        <pre class="preview" node_ref=frame tabindex="0" aria-label=t(text::MANIFEST) title=t(text::PREVIEW_HINT)>
            <For each=move || 0..lines.with(Vec::len) key=|number| *number let(number)>
                <PreviewLine wizard lines number on_open/>
            </For>
        </pre>
    }
}

/// Rendered line.
#[derive(Clone, PartialEq)]
struct Line {
    /// Byte offset of its start.
    at: usize,
    /// Text without its line ending.
    text: String,
    /// Whether it belongs to a block scalar.
    is_verbatim: bool,
}

/// One line, rendered again only when its own text changes, so that a change at the top of a long manifest is
/// cheap.
#[component]
fn PreviewLine(
    wizard: Wizard,
    lines: Memo<Vec<Line>>,
    number: usize,
    on_open: Callback<usize>,
) -> impl IntoView {
    let drawn = Memo::new(move |_| {
        let of = |line: &Line| (line.text.clone(), line.is_verbatim);
        lines.with(|lines| lines.get(number).map(of)).unwrap_or_default()
    });
    let range = move || lines.with(|lines| lines.get(number).map(|line| line.at..line.at + line.text.len()));
    let lit = Memo::new(move |_| {
        let Some(line) = range() else { return false };
        let touches =
            |lit: &std::ops::Range<usize>| lit.start <= line.end && lit.end >= line.start && !lit.is_empty();
        wizard.highlighted.with(|ranges| ranges.iter().any(touches))
    });
    let open = move |_| {
        if let Some(line) = untrack(range) {
            on_open.run(line.start);
        }
    };
    view! {
        <span class="preview-line" class:lit=move || lit.get() on:click=open>
            <span class="preview-number">{number + 1}</span>
            <span>
                {dynamic(move || {
                    let pieces = drawn.with(|(text, is_verbatim)| if *is_verbatim { verbatim(text) } else { paint(text) });
                    pieces
                        .into_iter()
                        // An empty text would be rendered as a space.
                        .filter(|piece| !piece.1.is_empty())
                        .map(|(paint, piece)| view! { <span class=paint.class()>{piece}</span> })
                        .collect_view()
                })}
            </span>
        </span>
    }
}

/// Scrolls the pane alone; the scroll position of the page stays.
fn scroll_into_view(frame: &web_sys::HtmlPreElement, line: &web_sys::Element) {
    #[cfg(feature = "hydrate")]
    {
        use wasm_bindgen::JsCast;
        let Some(line) = line.dyn_ref::<web_sys::HtmlElement>() else {
            return;
        };
        let top = line.offset_top() - frame.offset_top();
        if top < frame.scroll_top() || top > frame.scroll_top() + frame.client_height() - 40 {
            frame.set_scroll_top((top - frame.client_height() / 2).max(0));
        }
    }
    #[cfg(not(feature = "hydrate"))]
    let _ = (frame, line);
}
