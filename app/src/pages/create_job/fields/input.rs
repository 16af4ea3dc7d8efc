//! Text inputs, single-line and multi-line.

use leptos::prelude::*;
use manifest::{Edit, Path, Severity, retyped, shown};

use crate::i18n::{Text, t};
use crate::kit::erased::dynamic;
use crate::pages::create_job::fields::Field;
use crate::pages::create_job::state::{Wizard, display};

/// Conversion of an input's text to a value of the manifest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum InputKind {
    /// A string; empty removes the field.
    Text,
    /// A string; empty stays an empty string.
    RequiredText,
    /// An integer; empty removes the field, and anything else stays as typed, with its problem.
    Number,
    /// An integer; anything else, including the empty text, stays as typed.
    RequiredNumber,
}

impl InputKind {
    /// Returns the edit that typing makes.
    pub fn edit(self, path: &Path, typed: &str) -> Edit {
        let (path, empty) = (path.clone(), typed.is_empty());
        match self {
            Self::Text | Self::Number if empty => Edit::Remove { path },
            Self::Number | Self::RequiredNumber => match typed.parse::<i64>() {
                Ok(number) => Edit::Set {
                    path,
                    value: number.into(),
                },
                Err(_) => Edit::Set {
                    path,
                    value: typed.into(),
                },
            },
            Self::Text | Self::RequiredText => Edit::Set {
                path,
                value: typed.into(),
            },
        }
    }
}

/// Maximum number of lines that a text area shows before it scrolls.
const MAX_LINES: usize = 20;

/// Returns the number of rows of a text area for a text: one per line, within bounds.
pub fn rows(text: &str) -> usize {
    (text.matches('\n').count() + 1).min(MAX_LINES)
}

/// Escapes a text as the content of a text area in HTML, whose parser drops the first line break.
pub fn escape_for_textarea(text: &str) -> String {
    format!("\n{}", text.replace('&', "&amp;").replace('<', "&lt;"))
}

/// Bound input without a label, for rows.
#[component]
pub fn Input(
    /// Wizard state.
    wizard: Wizard,
    /// Path of the field.
    path: Path,
    /// Conversion of the text.
    #[prop(default = InputKind::Text)]
    kind: InputKind,
    /// Example value.
    #[prop(optional, into)]
    placeholder: String,
    /// Accessible name, if there is no label.
    #[prop(optional, into)]
    aria_label: Option<String>,
    /// Names suggested while typing; none if the user may not list them.
    #[prop(optional_no_strip)]
    offers: Option<Signal<Vec<String>>>,
    /// Whether the text may have several lines: uses a text area that grows with them.
    #[prop(optional)]
    lines: bool,
    /// Whether to use a monospaced font, as for identifiers.
    #[prop(optional)]
    mono: bool,
) -> impl IntoView {
    let id = wizard.id(&path);
    let list = format!("{id}-offers");
    let described = format!("{id}-hint {id}-problem");
    let path = StoredValue::new(path);
    let value = move || {
        wizard
            .get(&path.get_value())
            .as_ref()
            .map(display)
            .unwrap_or_default()
    };
    let invalid = move || {
        wizard
            .problems_at(&path.get_value())
            .iter()
            .any(|problem| problem.severity == Severity::Error)
            .to_string()
    };
    let typed = move |typed: String| {
        let path = path.get_value();
        let typed = retyped(&untrack(value), &typed, lines);
        wizard.edit(&kind.edit(&path, &typed), Some(&path.to_string()));
    };
    let displayed = move || shown(&value(), lines).into_owned();
    let focused = move |_| wizard.focused.set(path.get_value());
    let class = if mono { "input input-mono" } else { "input" };
    if lines {
        return view! {
            <textarea
                id=id
                class=format!("{class} area")
                rows=move || rows(&displayed())
                autocomplete="off"
                spellcheck=if mono { "false" } else { "true" }
                placeholder=placeholder
                aria-label=aria_label
                aria-describedby=described
                aria-invalid=invalid
                inner_html=escape_for_textarea(&wizard.initial(displayed))
                prop:value=displayed
                on:input=move |event| typed(event_target_value(&event))
                on:focus=focused
            ></textarea>
        }
        .into_any();
    }
    view! {
        <input
            id=id
            class=class
            type="text"
            inputmode=if matches!(kind, InputKind::Number | InputKind::RequiredNumber) { "numeric" } else { "text" }
            autocomplete="off"
            spellcheck="false"
            list=offers.map(|_| list.clone())
            placeholder=placeholder
            aria-label=aria_label
            aria-describedby=described
            aria-invalid=invalid
            value=wizard.initial(displayed)
            prop:value=displayed
            on:input=move |event| typed(event_target_value(&event))
            on:focus=focused
        />
        {offers
            .map(|offers| {
                view! {
                    <datalist id=list>
                        {dynamic(move || offers.get().into_iter().map(|name| view! { <option value=name></option> }).collect_view())}
                    </datalist>
                }
            })}
    }
    .into_any()
}

/// Labelled text input.
#[component]
pub fn TextField(
    /// Wizard state.
    wizard: Wizard,
    /// Path of the field.
    path: Path,
    /// Label.
    label: Text,
    /// Help text.
    #[prop(optional)]
    hint: Option<Text>,
    /// Conversion of the text.
    #[prop(default = InputKind::Text)]
    kind: InputKind,
    /// Example value.
    #[prop(optional, into)]
    placeholder: String,
    /// Names suggested while typing.
    #[prop(optional_no_strip)]
    offers: Option<Signal<Vec<String>>>,
    /// Whether the text may have several lines.
    #[prop(optional)]
    lines: bool,
    /// Whether to use a monospaced font, as for identifiers.
    #[prop(optional)]
    mono: bool,
) -> impl IntoView {
    view! {
        <Field wizard path=path.clone() label=t(label) hint=hint.unwrap_or(Text { en: "", zh: "" })>
            <Input wizard path kind placeholder offers lines mono/>
        </Field>
    }
}
