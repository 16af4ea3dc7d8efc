//! Preview of the manifest next to the form: the text with line numbers, with the last edit highlighted.
//! A click on a line opens edit mode there.

mod paint;

use leptos::prelude::*;

use crate::i18n::{t, wizard as text};
use crate::kit::erased::dynamic;
use crate::pages::create_job::preview::paint::{BlockScalars, paint, verbatim};
use crate::pages::create_job::state::Wizard;

/// Lines that are rendered at once, and the step in which this window moves while the user scrolls. More than a
/// screen is above and below what is seen.
const WINDOW: usize = 240;
const STEP: usize = 60;
/// Height of a line in CSS pixels, as in `style/wizard.css`.
const LINE_HEIGHT: usize = 20;

/// Preview pane.
#[component]
pub fn Preview(
    /// Wizard state.
    wizard: Wizard,
    /// Opens edit mode at a byte offset.
    on_open: Callback<usize>,
) -> impl IntoView {
    let frame = NodeRef::<leptos::html::Pre>::new();
    let start = RwSignal::new(0);
    let lines = Memo::new(move |_| {
        let start = start.get();
        wizard.shown.with(|shown| lines_from(shown.text(), start))
    });
    let count = Memo::new(move |_| {
        wizard
            .shown
            .with(|shown| shown.text().split_inclusive('\n').count())
    });
    let shown = Memo::new(move |_| {
        let start = start.get();
        start..start + lines.with(Vec::len)
    });
    // Moves the window to a line at the top of what is seen.
    let move_to = move |line: usize| {
        let to = (line / STEP).saturating_sub(1) * STEP;
        if to != start.get_untracked() {
            start.set(to);
        }
    };
    let on_scroll = move |_| {
        if let Some(frame) = frame.get_untracked() {
            move_to(usize::try_from(frame.scroll_top()).unwrap_or_default() / LINE_HEIGHT);
        }
    };
    // Scrolls the changed lines into view.
    Effect::new(move |_| {
        let Some(changed) = wizard
            .highlighted
            .with(|ranges| ranges.first().map(|range| range.start))
        else {
            return;
        };
        let line = wizard.shown.with_untracked(|shown| {
            let before = shown.text().get(..changed).unwrap_or_default();
            before.matches('\n').count()
        });
        request_animation_frame(move || {
            if let Some(frame) = frame.try_get_untracked().flatten() {
                scroll_to_line(&frame, line);
            }
        });
    });
    // Styles in the server's HTML are refused by the browser, heights of drawings are not.
    let gap = move |lines: usize| {
        view! { <svg class="preview-gap" width="1" height=lines * LINE_HEIGHT aria-hidden="true"></svg> }
    };
    view! {
        <pre
            class="preview"
            node_ref=frame
            tabindex="0"
            aria-label=t(text::MANIFEST)
            title=t(text::PREVIEW_HINT)
            on:scroll=on_scroll
        >
            {dynamic(move || gap(shown.with(|shown| shown.start)))}
            <For each=move || shown.get() key=|number| *number let(number)>
                <PreviewLine wizard start lines number on_open/>
            </For>
            {dynamic(move || gap(count.get().saturating_sub(shown.with(|shown| shown.end))))}
        </pre>
    }
}

/// Rendered line.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Line {
    /// Byte offset of its start.
    at: usize,
    /// Text without its line ending.
    text: String,
    /// Whether it belongs to a block scalar.
    is_verbatim: bool,
}

/// Returns the lines of the window from line `start` on, counted from 0.
fn lines_from(text: &str, start: usize) -> Vec<Line> {
    let (mut offset, mut blocks) = (0, BlockScalars::default());
    let mut lines = Vec::new();
    for (number, line) in text.split_inclusive('\n').take(start + WINDOW).enumerate() {
        let at = offset;
        offset += line.len();
        let text = line.trim_end_matches(['\n', '\r']);
        // The lines above decide whether one belongs to a block scalar.
        let is_verbatim = blocks.contains(text);
        if number >= start {
            lines.push(Line {
                at,
                text: text.to_owned(),
                is_verbatim,
            });
        }
    }
    lines
}

/// One line, rendered again only when its own text changes, so that a change at the top of a long manifest is
/// cheap.
#[component]
fn PreviewLine(
    wizard: Wizard,
    start: RwSignal<usize>,
    lines: Memo<Vec<Line>>,
    number: usize,
    on_open: Callback<usize>,
) -> impl IntoView {
    let position = move || number.checked_sub(start.get_untracked());
    let drawn = Memo::new(move |_| {
        let of = |line: &Line| (line.text.clone(), line.is_verbatim);
        lines
            .with(|lines| lines.get(position()?).map(of))
            .unwrap_or_default()
    });
    let range = move || {
        lines.with(|lines| {
            lines
                .get(position()?)
                .map(|line| line.at..line.at + line.text.len())
        })
    };
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

/// Scrolls the pane alone to a line, unless it is in view; the scroll position of the page stays.
fn scroll_to_line(frame: &web_sys::HtmlPreElement, line: usize) {
    #[cfg(feature = "hydrate")]
    {
        let top = i32::try_from(line * LINE_HEIGHT).unwrap_or(i32::MAX);
        if top < frame.scroll_top() || top > frame.scroll_top() + frame.client_height() - 40 {
            frame.set_scroll_top((top - frame.client_height() / 2).max(0));
        }
    }
    #[cfg(not(feature = "hydrate"))]
    let _ = (frame, line);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_window_of_the_text_is_what_the_whole_text_has_there() {
        let text = (0..700).fold(String::from("script: |\r\n"), |text, n| {
            text + &format!("  a: {n}\r\n")
        });
        let all = lines_from(&text, 0);
        assert_eq!(all.len(), WINDOW);
        assert_eq!(all[0].text, "script: |");
        let later = lines_from(&text, 600);
        assert_eq!(later.len(), 101);
        assert!(later.iter().all(|line| line.is_verbatim));
        assert_eq!(&text[later[0].at..later[0].at + later[0].text.len()], "  a: 599");
        assert_eq!(lines_from(&text, 60)[..180], all[60..]);
        assert_eq!(lines_from("", 0), []);
    }
}
