//! Toolbar above the text: format, copy, changes since an import, plain text area.

use leptos::prelude::*;
use manifest::{AssignError, Document, Format};

use crate::i18n::{t, wizard as text};
use crate::kit::copy::CopyButton;
use crate::kit::erased::dynamic;
use crate::kit::notice::{Notice, Tone};
use crate::pages::create_job::problems::message;
use crate::pages::create_job::state::Wizard;
use crate::pages::create_job::text_pane::TextAreaReason;

/// Toolbar: format, changes, tidy, copy, and the choice of the plain text area.
#[component]
pub fn Toolbar(
    /// Wizard state.
    wizard: Wizard,
    /// Set while the plain text area replaces the editor.
    text_area: RwSignal<Option<TextAreaReason>>,
    /// Whether the changes since the import are shown.
    shows_changes: RwSignal<bool>,
) -> impl IntoView {
    let conversion_failed = RwSignal::new(false);
    // JSON text that the YAML was converted from: converting back without an edit restores its bytes.
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
            return conversion_failed.set(false);
        }
        conversion_failed.set(!wizard.show(to));
        if document.format() == Format::Json {
            let converted = wizard.document.with_untracked(|now| now.text().to_owned());
            other.set_value(Some((converted, document.text().to_owned())));
        }
    };
    let pill = move |to: Format, label: &'static str| {
        view! {
            <button
                type="button"
                class="pill-part"
                aria-pressed=move || (format() == to).to_string()
                on:click=move |_| convert(to)
            >
                {label}
            </button>
        }
    };
    view! {
        <PendingJson wizard/>
        <div class="text-bar">
            <div class="pill" role="group" aria-label=t(text::FORMAT)>
                {pill(Format::Yaml, "YAML")}
                {pill(Format::Json, "JSON")}
            </div>
            {dynamic(move || conversion_failed.get().then(|| view! { <span class="field-problem">{t(text::FORMAT_BROKEN)}</span> }))}
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
                    aria-pressed=move || shows_changes.get().to_string()
                    on:click=move |_| shows_changes.update(|on| *on = !*on)
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
                    prop:checked=move || text_area.get().is_some()
                    on:change=move |event| text_area.set(event_target_checked(&event).then_some(TextAreaReason::Chosen))
                />
                {t(text::PLAIN_TEXT)}
            </label>
        </div>
    }
}

/// Reason why the YAML does not match the JSON text, and the available actions.
#[component]
fn PendingJson(wizard: Wizard) -> impl IntoView {
    let reason = Memo::new(move |_| {
        wizard
            .json
            .with(|json| json.as_ref().and_then(|json| json.pending.clone()))
    });
    view! {
        {dynamic(move || {
            reason.get().map(|reason| {
                let can = matches!(reason, AssignError::Shared(_) | AssignError::Unsupported);
                view! {
                    <Notice tone=Tone::Warning>
                        {dynamic(move || wizard.problems.with(|problems| problems.first().map(message)))}
                        " "
                        {t(text::JSON_WAITS)}
                        " "
                        {can.then(|| {
                            view! {
                                <button type="button" class="link" on:click=move |_| wizard.rewrite_from_json()>
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

/// Normalizes whitespace without changing values: trailing spaces and a missing final newline in YAML, indentation
/// in JSON. A text whose value would change (a block scalar with such spaces) stays.
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
    fn tidying_preserves_values() {
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
