//! Inputs bound to a path of the document: they show its value and change it by edits.

use leptos::prelude::*;
use manifest::{Edit, Path, Severity};
use serde_json::Value;

use super::state::{Wizard, plain, words};
use crate::i18n::{Text, t, tf, wizard as text};
use crate::kit::icon::{Glyph, Icon};

/// The element id of a path's input; the problem list and the switch jump to it.
pub fn id_of(path: &Path) -> String {
    let text = path.to_string();
    let plain = text
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() { c } else { '-' });
    format!("f-{}", plain.collect::<String>())
}

/// Label, input, hint and problems.
#[component]
pub fn Field(
    /// The wizard.
    wizard: Wizard,
    /// What the input is about.
    path: Path,
    /// Its words.
    #[prop(into)]
    label: String,
    /// An explanation.
    #[prop(optional)]
    hint: Option<Text>,
    /// The label is for screen readers only (rows that have a heading).
    #[prop(optional)]
    quiet: bool,
    /// The input.
    children: Children,
) -> impl IntoView {
    let id = id_of(&path);
    view! {
        <div class="field">
            <label class=if quiet { "sr-only" } else { "field-label" } for=id.clone()>{label}</label>
            {children()}
            {hint.map(|hint| view! { <p class="hint" id=format!("{id}-hint")>{t(hint)}</p> })}
            <Problems wizard path/>
        </div>
    }
}

/// The problems at a path.
#[component]
pub fn Problems(
    /// The wizard.
    wizard: Wizard,
    /// The field.
    path: Path,
) -> impl IntoView {
    let id = format!("{}-problem", id_of(&path));
    let path = StoredValue::new(path);
    view! {
        <div id=id class="field-problems" aria-live="polite">
            {move || {
                wizard
                    .problems_at(&path.get_value())
                    .into_iter()
                    .map(|problem| {
                        let class = match problem.severity {
                            Severity::Error => "field-problem",
                            _ => "field-problem field-advice",
                        };
                        let fix = problem.fix.clone();
                        view! {
                            <p class=class>
                                {words(&problem)}
                                {fix
                                    .map(|fix| {
                                        view! {
                                            <button type="button" class="link" on:click=move |_| wizard.edit(&fix.edit, None)>
                                                {t(text::FIX)}
                                            </button>
                                        }
                                    })}
                            </p>
                        }
                    })
                    .collect_view()
            }}
        </div>
    }
}

/// What a text in an input becomes in the manifest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum As {
    /// A string; empty takes the field out.
    Text,
    /// A string; empty stays an empty string.
    TextKept,
    /// A whole number; empty takes the field out, and anything else stays as typed, with its problem.
    Number,
}

impl As {
    fn edit(self, path: &Path, typed: &str) -> Edit {
        let (path, empty) = (path.clone(), typed.is_empty());
        match self {
            Self::Text | Self::Number if empty => Edit::Remove { path },
            Self::Number => match typed.parse::<i64>() {
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
    #[prop(optional, into)]
    offers: Option<Signal<Vec<String>>>,
    /// Several lines.
    #[prop(optional)]
    lines: bool,
    /// Identifiers are monospaced.
    #[prop(optional)]
    mono: bool,
) -> impl IntoView {
    let id = id_of(&path);
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
        wizard.edit(&kind.edit(&path, &typed), Some(&path.to_string()));
    };
    let focused = move |_| wizard.focused.set(path.get_value());
    let class = if mono { "input input-mono" } else { "input" };
    if lines {
        return view! {
            <textarea
                id=id
                class=class
                rows="2"
                aria-describedby=described
                aria-invalid=invalid
                prop:value=value
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
            inputmode=if kind == As::Number { "numeric" } else { "text" }
            autocomplete="off"
            spellcheck="false"
            list=offers.map(|_| list.clone())
            placeholder=placeholder
            aria-label=aria_label
            aria-describedby=described
            aria-invalid=invalid
            prop:value=value
            on:input=move |event| typed(event_target_value(&event))
            on:focus=focused
        />
        {offers
            .map(|offers| {
                view! {
                    <datalist id=list>
                        {move || offers.get().into_iter().map(|name| view! { <option value=name></option> }).collect_view()}
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
    #[prop(optional, into)]
    offers: Option<Signal<Vec<String>>>,
    /// Several lines.
    #[prop(optional)]
    lines: bool,
    /// Identifiers are monospaced.
    #[prop(optional)]
    mono: bool,
) -> impl IntoView {
    let offers = offers.unwrap_or_else(|| Signal::stored(Vec::new()));
    view! {
        <Field wizard path=path.clone() label=t(label) hint=hint.unwrap_or(Text { en: "", zh: "" })>
            <Input wizard path kind placeholder offers lines mono/>
        </Field>
    }
}

/// One of several values, or not set.
#[component]
pub fn Select(
    /// The wizard.
    wizard: Wizard,
    /// What it is about.
    path: Path,
    /// Its words.
    label: Text,
    /// An explanation.
    #[prop(optional)]
    hint: Option<Text>,
    /// The values; a value that is in the manifest but not here is offered too.
    values: &'static [&'static str],
    /// Words for "not set"; none if it has to be set.
    #[prop(optional)]
    none: Option<Text>,
) -> impl IntoView {
    let id = id_of(&path);
    let stored = StoredValue::new(path.clone());
    let value = move || {
        wizard
            .get(&stored.get_value())
            .as_ref()
            .map(plain)
            .unwrap_or_default()
    };
    let other = move || Some(value()).filter(|value| !value.is_empty() && !values.contains(&value.as_str()));
    view! {
        <Field wizard path label=t(label) hint=hint.unwrap_or(Text { en: "", zh: "" })>
            <select
                id=id
                class="input select"
                prop:value=value
                on:focus=move |_| wizard.focused.set(stored.get_value())
                on:change=move |event| {
                    let path = stored.get_value();
                    wizard.edit(&As::Text.edit(&path, &event_target_value(&event)), None);
                }
            >
                {none.map(|none| view! { <option value="" selected=move || value().is_empty()>{t(none)}</option> })}
                {values
                    .iter()
                    .map(|offered| view! { <option value=*offered selected=move || value() == *offered>{*offered}</option> })
                    .collect_view()}
                {move || other().map(|other| view! { <option value=other.clone() selected=true>{other.clone()}</option> })}
            </select>
        </Field>
    }
}

/// True, or not there.
#[component]
pub fn Check(
    /// The wizard.
    wizard: Wizard,
    /// What it is about.
    path: Path,
    /// Its words.
    label: Text,
) -> impl IntoView {
    let id = id_of(&path);
    let stored = StoredValue::new(path.clone());
    let on = move || wizard.get(&stored.get_value()) == Some(Value::Bool(true));
    view! {
        <div class="field field-check">
            <label class="check">
                <input
                    id=id
                    type="checkbox"
                    prop:checked=on
                    on:focus=move |_| wizard.focused.set(stored.get_value())
                    on:change=move |event| {
                        let path = stored.get_value();
                        if event_target_checked(&event) {
                            wizard.set(&path, Value::Bool(true));
                        } else {
                            wizard.remove(&path);
                        }
                    }
                />
                {t(label)}
            </label>
            <Problems wizard path/>
        </div>
    }
}

/// The button that takes an item out.
#[component]
pub fn RemoveButton(
    /// The wizard.
    wizard: Wizard,
    /// The item.
    path: Path,
    /// What it is, for its accessible name.
    #[prop(into)]
    what: String,
) -> impl IntoView {
    let label = tf(text::REMOVE, &[("what", &what)]);
    view! {
        <button
            type="button"
            class="button button-icon"
            aria-label=label.clone()
            title=label
            on:click=move |_| wizard.remove(&path)
        >
            <Icon glyph=Glyph::Trash/>
        </button>
    }
}

/// The button that adds an item.
#[component]
pub fn AddButton(
    /// Its words.
    #[prop(into)]
    label: String,
    /// What it does.
    on_add: Callback<()>,
) -> impl IntoView {
    view! {
        <button type="button" class="button" on:click=move |_| on_add.run(())>
            <Icon glyph=Glyph::Add/>
            {label}
        </button>
    }
}

/// The positions of a list's items, for `<For>`: rows stay while only their values change.
pub fn positions(wizard: Wizard, path: Path) -> Memo<Vec<usize>> {
    Memo::new(move |_| (0..wizard.length(&path)).collect())
}
