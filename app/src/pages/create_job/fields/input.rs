//! Text inputs, single-line and multi-line.

use leptos::prelude::*;
use manifest::{Edit, Path, Severity, file_mode, number, retyped, shown};
use serde_json::Value;

use crate::i18n::{Text, t};
use crate::kit::erased::dynamic;
use crate::pages::create_job::fields::Field;
use crate::pages::create_job::state::Wizard;

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
    /// The mode of files, in octal; empty removes the field, and anything else stays as typed.
    Mode,
}

impl InputKind {
    /// Returns the edit that typing makes.
    pub fn edit(self, path: &Path, typed: &str) -> Edit {
        let (path, empty) = (path.clone(), typed.is_empty());
        match self {
            Self::Text | Self::Number | Self::Mode if empty => Edit::Remove { path },
            Self::Number | Self::RequiredNumber | Self::Mode => {
                let number = match self {
                    Self::Mode => file_mode::parse(typed),
                    _ => number::parse(typed),
                };
                Edit::Set {
                    path,
                    value: number.map_or_else(|| Value::from(typed), Value::from),
                }
            }
            Self::Text | Self::RequiredText => Edit::Set {
                path,
                value: typed.into(),
            },
        }
    }

    /// Returns the kind for a path: a number that is the mode of files is octal.
    fn for_path(self, path: &Path) -> Self {
        match self {
            Self::Number | Self::RequiredNumber if file_mode::is_mode(path) => Self::Mode,
            kind => kind,
        }
    }

    /// Returns the text in which a field displays its value.
    fn display(self, wizard: Wizard, path: &Path) -> String {
        let value = wizard.get(path);
        match (self, &value) {
            (Self::Mode, Some(Value::Number(mode))) => {
                mode.as_i64().map_or_else(|| mode.to_string(), file_mode::format)
            }
            // An integer is shown as one, however it is written.
            (Self::Number | Self::RequiredNumber, Some(Value::Number(number))) if !number.is_f64() => {
                number.to_string()
            }
            _ => wizard.text(path),
        }
    }
}

/// Maximum number of lines that a text area shows before it scrolls.
const MAX_LINES: usize = 20;

/// Returns the number of rows of a text area for a text: one per line, within bounds.
pub fn line_count(text: &str) -> usize {
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
    let kind = kind.for_path(&path);
    let path = StoredValue::new(path);
    let value = move || kind.display(wizard, &path.get_value());
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
        let is_name = wizard.document.with_untracked(|document| {
            manifest::references::is_definition(document, wizard.entry.get_untracked(), &path)
        });
        if is_name && !typed.is_empty() {
            return wizard.rename(&path, &typed);
        }
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
                rows=move || line_count(&displayed())
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
            inputmode=if matches!(kind, InputKind::Number | InputKind::RequiredNumber | InputKind::Mode) { "numeric" } else { "text" }
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

#[cfg(test)]
mod tests {
    use super::*;

    fn typed(kind: InputKind, text: &str) -> Option<Value> {
        match kind.edit(&Path::of(["a"]), text) {
            Edit::Set { value, .. } => Some(value),
            _ => None,
        }
    }

    #[test]
    fn typed_numbers_are_trimmed_and_others_stay_as_typed() {
        for (text, value) in [
            ("7", Some(7.into())),
            (" 7 ", Some(7.into())),
            ("１２", Some(12.into())),
            ("1e3", Some("1e3".into())),
            ("many", Some("many".into())),
            ("", None),
        ] {
            assert_eq!(typed(InputKind::Number, text), value, "{text}");
        }
        assert_eq!(typed(InputKind::RequiredNumber, ""), Some("".into()));
        assert_eq!(typed(InputKind::Text, " 7 "), Some(" 7 ".into()));
    }

    #[test]
    fn file_modes_are_octal_wherever_the_form_has_them() {
        let mode = |path: &str| InputKind::Number.for_path(&path.parse().unwrap());
        assert_eq!(
            mode("spec.template.spec.volumes[0].secret.defaultMode"),
            InputKind::Mode
        );
        assert_eq!(
            mode("spec.template.spec.volumes[0].configMap.items[0].mode"),
            InputKind::Mode
        );
        assert_eq!(mode("spec.backoffLimit"), InputKind::Number);
        assert_eq!(typed(InputKind::Mode, "0644"), Some(420.into()));
        assert_eq!(typed(InputKind::Mode, "644"), Some(420.into()));
        assert_eq!(typed(InputKind::Mode, "0o600"), Some(384.into()));
        assert_eq!(typed(InputKind::Mode, "rw"), Some("rw".into()));
        assert_eq!(typed(InputKind::Mode, ""), None);
    }
}
