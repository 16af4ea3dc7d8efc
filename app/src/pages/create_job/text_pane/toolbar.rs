//! Above the text: its format, copy, the changes since an import, the plain text field.

use leptos::prelude::*;
use manifest::{AssignError, Document, Format};

use crate::i18n::{t, wizard as text};
use crate::kit::copy::CopyButton;
use crate::kit::erased::dynamic;
use crate::kit::notice::{Notice, Tone};
use crate::pages::create_job::problems::words;
use crate::pages::create_job::state::Wizard;
use crate::pages::create_job::text_pane::Plain;

/// Format, copy, and the choice of the plain text field.
#[component]
pub fn Bar(
    /// The wizard.
    wizard: Wizard,
    /// The plain text field stands in the editor's place.
    plain: RwSignal<Option<Plain>>,
    /// The changes since the import are shown.
    comparing: RwSignal<bool>,
) -> impl IntoView {
    let broken = RwSignal::new(false);
    // What a text in JSON was as YAML: going back without an edit brings back its bytes.
    let other = StoredValue::new(None::<(String, String)>);
    let format = move || wizard.shown.with(Document::format);
    let convert = move |to: Format| {
        let document = wizard.document.get_untracked();
        let original = other
            .get_value()
            .filter(|(converted, _)| to == Format::Json && converted == document.text())
            .map(|(_, original)| original);
        if let Some(original) = original {
            wizard.import(&original);
            return broken.set(false);
        }
        broken.set(!wizard.show(to));
        if document.format() == Format::Json {
            let converted = wizard.document.with_untracked(|now| now.text().to_owned());
            other.set_value(Some((converted, document.text().to_owned())));
        }
    };
    let pill = move |to: Format, words: &'static str| {
        view! {
            <button
                type="button"
                class="pill-part"
                aria-pressed=move || (format() == to).to_string()
                on:click=move |_| convert(to)
            >
                {words}
            </button>
        }
    };
    view! {
        <Waiting wizard/>
        <div class="text-bar">
            <div class="pill" role="group" aria-label=t(text::FORMAT)>
                {pill(Format::Yaml, "YAML")}
                {pill(Format::Json, "JSON")}
            </div>
            {dynamic(move || broken.get().then(|| view! { <span class="field-problem">{t(text::FORMAT_BROKEN)}</span> }))}
            {dynamic(move || {
                wizard
                    .json
                    .with(Option::is_some)
                    .then(|| view! { <span class="hint">{t(text::JSON_IS_A_VIEW)}</span> })
            })}
            <span class="bar-space"></span>
            <Show when=move || wizard.imported.with(Option::is_some)>
                <button
                    type="button"
                    class="button button-quiet"
                    aria-pressed=move || comparing.get().to_string()
                    on:click=move |_| comparing.update(|on| *on = !*on)
                >
                    {t(text::CHANGES)}
                </button>
            </Show>
            <button type="button" class="button button-quiet" title=t(text::TIDY_HINT) on:click=move |_| tidy(wizard)>
                {t(text::TIDY)}
            </button>
            <CopyButton text=Signal::derive(move || wizard.shown.with(|shown| shown.text().to_owned()))/>
            <label class="check">
                <input
                    type="checkbox"
                    prop:checked=move || plain.get().is_some()
                    on:change=move |event| plain.set(event_target_checked(&event).then_some(Plain::Chosen))
                />
                {t(text::PLAIN_TEXT)}
            </label>
        </div>
    }
}

/// Why the YAML has not followed what was typed in JSON, and what can be done.
#[component]
fn Waiting(wizard: Wizard) -> impl IntoView {
    let why = Memo::new(move |_| {
        wizard
            .json
            .with(|json| json.as_ref().and_then(|json| json.waits.clone()))
    });
    view! {
        {dynamic(move || {
            why.get().map(|why| {
                let can = matches!(why, AssignError::Shared(_) | AssignError::Unsupported);
                view! {
                    <Notice tone=Tone::Warning>
                        {dynamic(move || wizard.problems.with(|problems| problems.first().map(words)))}
                        " "
                        {t(text::JSON_WAITS)}
                        " "
                        {can.then(|| {
                            view! {
                                <button type="button" class="link" on:click=move |_| wizard.write_anew()>
                                    {t(text::JSON_WRITE_ANEW)}
                                </button>
                                " "
                            }
                        })}
                        <button type="button" class="link" on:click=move |_| wizard.undo()>{t(text::JSON_DROP)}</button>
                    </Notice>
                }
            })
        })}
    }
}

/// Puts the text in order without touching what it means: blanks at the ends of lines and a missing last line end in
/// YAML, indentation in JSON. A text whose value would change (a block of text with such blanks) stays.
fn tidy(wizard: Wizard) {
    let Some(tidied) = wizard.shown.with_untracked(tidied) else {
        return;
    };
    match wizard.json.get_untracked() {
        Some(json) => wizard.show_json(&json, &tidied, json.base.clone()),
        None => wizard.replace(&tidied),
    }
}

fn tidied(document: &Document) -> Option<String> {
    if !document.is_valid() {
        return None;
    }
    let text = match document.format() {
        Format::Json => format!("{}\n", serde_json::to_string_pretty(document.value(0)?).ok()?),
        Format::Yaml => {
            let end = if document.text().contains("\r\n") {
                "\r\n"
            } else {
                "\n"
            };
            let lines = document
                .text()
                .lines()
                .map(|line| line.trim_end_matches([' ', '\t', '\r']));
            lines.fold(String::new(), |text, line| text + line + end)
        }
    };
    let new = Document::parse(text.as_str());
    let values = |document: &Document| -> Vec<_> {
        (0..document.entries().len())
            .map(|entry| document.value(entry).cloned())
            .collect()
    };
    (new.is_valid() && values(&new) == values(document)).then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tidying_changes_no_value() {
        let tidy = |text: &str| tidied(&Document::parse(text));
        assert_eq!(tidy("a: 1  \n# x \nb: 2").as_deref(), Some("a: 1\n# x\nb: 2\n"));
        assert_eq!(
            tidy("{\"b\":1,\"a\":[2]}").as_deref(),
            Some("{\n  \"b\": 1,\n  \"a\": [\n    2\n  ]\n}\n")
        );
        assert_eq!(tidy("a: |\n  text  \n"), None, "the blanks belong to the text");
        assert_eq!(tidy("a: ["), None);
    }
}
