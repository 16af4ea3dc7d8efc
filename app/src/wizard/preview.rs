//! The manifest beside the form: the text with its line numbers, what the last edit changed lit for a moment.
//! A click on a line opens edit mode there.

use leptos::prelude::*;

use super::state::Wizard;
use crate::i18n::{t, wizard as text};
use crate::kit::dynamic::dynamic;

/// What a piece of a line is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Paint {
    Plain,
    Key,
    Text,
    Number,
    Comment,
}

impl Paint {
    fn class(self) -> &'static str {
        match self {
            Self::Plain => "",
            Self::Key => "code-key",
            Self::Text => "code-text",
            Self::Number => "code-number",
            Self::Comment => "code-comment",
        }
    }
}

/// Pieces of a line for the eye. A rough reading of one line is enough here; the document engine reads the text.
fn paint(line: &str) -> Vec<(Paint, String)> {
    let body = line.trim_start_matches([' ', '-']);
    let mut pieces = vec![(Paint::Plain, line[..line.len() - body.len()].to_owned())];
    if body.starts_with('#') {
        pieces.push((Paint::Comment, body.to_owned()));
        return pieces;
    }
    let (body, comment) = match body.find(" #") {
        Some(at) if !body[..at].contains(['"', '\'']) => body.split_at(at),
        _ => (body, ""),
    };
    let colon = body
        .find(": ")
        .or_else(|| body.ends_with(':').then(|| body.len() - 1));
    let value = match colon {
        Some(at) if !body.starts_with(['{', '[']) => {
            pieces.push((Paint::Key, body[..=at].to_owned()));
            &body[at + 1..]
        }
        _ => body,
    };
    let trimmed = value.trim();
    let number = !trimmed.is_empty() && trimmed.chars().all(|c| c.is_ascii_digit() || c == '.')
        || matches!(trimmed, "true" | "false" | "null");
    pieces.push((if number { Paint::Number } else { Paint::Text }, value.to_owned()));
    if !comment.is_empty() {
        pieces.push((Paint::Comment, comment.to_owned()));
    }
    pieces
}

/// Most lines that are drawn; beyond, edit mode shows the rest.
const LINES: usize = 2_000;

/// The pane.
#[component]
pub fn Preview(
    /// The wizard.
    wizard: Wizard,
    /// Opens edit mode at a byte offset.
    on_open: Callback<usize>,
) -> impl IntoView {
    let frame = NodeRef::<leptos::html::Pre>::new();
    let lines = Memo::new(move |_| {
        let mut start = 0;
        wizard.document.with(|document| {
            let lines = document.text().split_inclusive('\n').take(LINES);
            lines
                .map(|line| {
                    let at = start;
                    start += line.len();
                    (at, line.trim_end_matches(['\n', '\r']).to_owned())
                })
                .collect::<Vec<_>>()
        })
    });
    // Brings what has changed into view.
    Effect::new(move |_| {
        wizard.lit.track();
        request_animation_frame(move || {
            let Some(frame) = frame.try_get_untracked().flatten() else {
                return;
            };
            if let Ok(Some(line)) = frame.query_selector(".lit") {
                keep_in_view(&frame, &line);
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

/// One line. It is drawn anew only when its own text changes, so that a change high up in a long manifest costs little.
#[component]
fn PreviewLine(
    wizard: Wizard,
    lines: Memo<Vec<(usize, String)>>,
    number: usize,
    on_open: Callback<usize>,
) -> impl IntoView {
    let text = Memo::new(move |_| lines.with(|lines| lines.get(number).map(|(_, text)| text.clone())));
    let range = move || lines.with(|lines| lines.get(number).map(|(at, text)| *at..at + text.len()));
    let lit = Memo::new(move |_| {
        let Some(line) = range() else { return false };
        let touches =
            |lit: &std::ops::Range<usize>| lit.start <= line.end && lit.end >= line.start && !lit.is_empty();
        wizard.lit.with(|ranges| ranges.iter().any(touches))
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
                    paint(&text.get().unwrap_or_default())
                        .into_iter()
                        // An empty text would be rendered as a blank.
                        .filter(|piece| !piece.1.is_empty())
                        .map(|(paint, piece)| view! { <span class=paint.class()>{piece}</span> })
                        .collect_view()
                })}
            </span>
        </span>
    }
}

/// Scrolls the pane alone; the page stays where the person is.
fn keep_in_view(frame: &web_sys::HtmlPreElement, line: &web_sys::Element) {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn painting_keeps_every_character() {
        for line in [
            "  - name: pi # x",
            "# all",
            "a: 'b # c'",
            "",
            "{\"a\": 1}",
            "任务: 示例",
            "key:",
            "  - -x",
        ] {
            let joined: String = paint(line).into_iter().map(|piece| piece.1).collect();
            assert_eq!(joined, line);
        }
    }

    #[test]
    fn keys_values_and_comments_have_their_paint() {
        let kinds = |line| {
            paint(line)
                .into_iter()
                .filter(|piece| !piece.1.is_empty())
                .map(|piece| piece.0)
                .collect::<Vec<_>>()
        };
        assert_eq!(
            kinds("  completions: 4 # four"),
            [Paint::Plain, Paint::Key, Paint::Number, Paint::Comment]
        );
        assert_eq!(kinds("image: perl:5.28.0"), [Paint::Key, Paint::Text]);
    }
}
