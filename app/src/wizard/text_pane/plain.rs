//! The text in a plain text area.

use leptos::prelude::*;

use super::Plain;
use crate::i18n::{t, wizard as text};
use crate::kit::notice::{Notice, Tone};
use crate::wizard::state::Wizard;

/// A text area: for those who choose it, and where the editor cannot be.
#[component]
pub fn PlainText(
    /// The wizard.
    wizard: Wizard,
    /// Why there is no editor.
    why: Plain,
) -> impl IntoView {
    let words = match why {
        Plain::Chosen => None,
        Plain::Failed => Some(text::EDITOR_FAILED),
        Plain::LineEnds => Some(text::EDITOR_LINE_ENDS),
    };
    // A text area shows every line end as one character and gives them back as `\n`: those that did not change keep
    // their own.
    let shown = move || {
        wizard
            .document
            .with(|document| document.text().replace("\r\n", "\n"))
    };
    view! {
        {words.map(|words| view! { <Notice tone=Tone::Info>{t(words)}</Notice> })}
        <textarea
            class="input input-mono plain-text"
            aria-label=t(text::MANIFEST)
            spellcheck="false"
            autocomplete="off"
            prop:value=shown
            on:input=move |event| {
                let old = wizard.document.with_untracked(|document| document.text().to_owned());
                wizard.typed(&with_line_ends(&old, &event_target_value(&event)));
            }
        ></textarea>
    }
}

/// The new text with the line ends that the old one had on the lines that stay.
fn with_line_ends(old: &str, new: &str) -> String {
    if !old.contains("\r\n") {
        return new.to_owned();
    }
    let shown = old.replace("\r\n", "\n");
    let Some(change) = manifest::difference(&shown, new) else {
        return old.to_owned();
    };
    // Byte offsets in `shown` become offsets in `old` by the carriage returns before them.
    let at = |offset: usize| {
        let (mut seen, mut real) = (0, 0);
        for byte in old.bytes() {
            if seen >= offset {
                break;
            }
            real += 1;
            if byte != b'\r' || !old[real..].starts_with('\n') {
                seen += 1;
            }
        }
        real
    };
    let text = change.text.replace('\n', "\r\n");
    manifest::splice(
        old,
        &[manifest::Splice::new(
            at(change.range.start)..at(change.range.end),
            text,
        )],
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_area_keeps_line_ends() {
        assert_eq!(
            with_line_ends("a: 1\r\nb: 2\nc: 3\r\n", "a: 1\nb: 25\nc: 3\n"),
            "a: 1\r\nb: 25\nc: 3\r\n"
        );
        assert_eq!(with_line_ends("a: 1\r\n", "a: 1\nb: 2\n"), "a: 1\r\nb: 2\r\n");
        assert_eq!(with_line_ends("a: 1\n", "a: 2\n"), "a: 2\n");
    }
}
