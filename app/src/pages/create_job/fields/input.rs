//! A line of text, or several.

use leptos::prelude::*;
use manifest::{Edit, Path, Severity, retyped, shown};

use crate::i18n::{Text, t};
use crate::kit::erased::dynamic;
use crate::pages::create_job::fields::Field;
use crate::pages::create_job::state::{Wizard, plain};

/// What a text in an input becomes in the manifest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum As {
    /// A string; empty takes the field out.
    Text,
    /// A string; empty stays an empty string.
    TextKept,
    /// A whole number; empty takes the field out, and anything else stays as typed, with its problem.
    Number,
    /// A whole number; what is no number, the empty text too, stays as typed.
    NumberKept,
}

impl As {
    /// What typing does to the field.
    pub fn edit(self, path: &Path, typed: &str) -> Edit {
        let (path, empty) = (path.clone(), typed.is_empty());
        match self {
            Self::Text | Self::Number if empty => Edit::Remove { path },
            Self::Number | Self::NumberKept => match typed.parse::<i64>() {
                Ok(number) => Edit::Set {
                    path,
                    value: number.into(),
                },
                Err(_) => Edit::Set {
                    path,
                    value: typed.into(),
                },
            },
            Self::Text | Self::TextKept => Edit::Set {
                path,
                value: typed.into(),
            },
        }
    }
}

/// Most lines that a text area shows before it scrolls.
const LINES: usize = 20;

/// The rows of a text area for a text: one a line, within bounds.
pub fn rows(text: &str) -> usize {
    (text.matches('\n').count() + 1).min(LINES)
}

/// A text as the content of a text area in HTML, whose first line break would be left out.
pub fn in_area(text: &str) -> String {
    format!("\n{}", text.replace('&', "&amp;").replace('<', "&lt;"))
}

/// A bound input without label, for rows.
#[component]
pub fn Input(
    /// The wizard.
    wizard: Wizard,
    /// What it is about.
    path: Path,
    /// How its text is taken.
    #[prop(default = As::Text)]
    kind: As,
    /// An example.
    #[prop(optional, into)]
    placeholder: String,
    /// Accessible name, where no label stands beside it.
    #[prop(optional, into)]
    aria_label: Option<String>,
    /// Names offered while typing; none to choose from where the person may not list them.
    #[prop(optional_no_strip)]
    offers: Option<Signal<Vec<String>>>,
    /// A text that may have several lines: in a text area that grows with them.
    #[prop(optional)]
    lines: bool,
    /// Identifiers are monospaced.
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
            .map(plain)
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
                inner_html=in_area(&wizard.first(displayed))
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
            inputmode=if matches!(kind, As::Number | As::NumberKept) { "numeric" } else { "text" }
            autocomplete="off"
            spellcheck="false"
            list=offers.map(|_| list.clone())
            placeholder=placeholder
            aria-label=aria_label
            aria-describedby=described
            aria-invalid=invalid
            value=wizard.first(displayed)
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

/// A labelled text input.
#[component]
pub fn TextField(
    /// The wizard.
    wizard: Wizard,
    /// What it is about.
    path: Path,
    /// Its words.
    label: Text,
    /// An explanation.
    #[prop(optional)]
    hint: Option<Text>,
    /// How its text is taken.
    #[prop(default = As::Text)]
    kind: As,
    /// An example.
    #[prop(optional, into)]
    placeholder: String,
    /// Names offered while typing.
    #[prop(optional_no_strip)]
    offers: Option<Signal<Vec<String>>>,
    /// Several lines.
    #[prop(optional)]
    lines: bool,
    /// Identifiers are monospaced.
    #[prop(optional)]
    mono: bool,
) -> impl IntoView {
    view! {
        <Field wizard path=path.clone() label=t(label) hint=hint.unwrap_or(Text { en: "", zh: "" })>
            <Input wizard path kind placeholder offers lines mono/>
        </Field>
    }
}
