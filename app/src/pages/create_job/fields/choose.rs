//! Controls for enumerated and boolean values.

use leptos::prelude::*;
use manifest::Path;
use serde_json::Value;

use crate::i18n::{Text, t, wizard as text};
use crate::kit::erased::dynamic;
use crate::pages::create_job::fields::{Field, InputKind, Problems, YamlKey};
use crate::pages::create_job::state::{Wizard, display};

/// Select of several values, or not set.
#[component]
pub fn Select(
    /// Wizard state.
    wizard: Wizard,
    /// Path of the field.
    path: Path,
    /// Label.
    label: Text,
    /// Help text.
    #[prop(optional)]
    hint: Option<Text>,
    /// Values; a value that is in the manifest but not here is offered too.
    values: &'static [&'static str],
    /// Label of "not set"; none if the field is required.
    #[prop(optional)]
    none: Option<Text>,
) -> impl IntoView {
    let id = wizard.id(&path);
    let stored = StoredValue::new(path.clone());
    let value = move || {
        wizard
            .get(&stored.get_value())
            .as_ref()
            .map(display)
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
                    wizard.edit(&InputKind::Text.edit(&path, &event_target_value(&event)), None);
                }
            >
                {none.map(|none| view! { <option value="" selected=move || value().is_empty()>{t(none)}</option> })}
                {values
                    .iter()
                    .map(|offered| view! { <option value=*offered selected=move || value() == *offered>{*offered}</option> })
                    .collect_view()}
                {dynamic(move || other().map(|other| view! { <option value=other.clone() selected=true>{other.clone()}</option> }))}
            </select>
        </Field>
    }
}

/// Checkbox: true, or absent.
#[component]
pub fn Checkbox(
    /// Wizard state.
    wizard: Wizard,
    /// Path of the field.
    path: Path,
    /// Label.
    label: Text,
    /// Help text.
    #[prop(default = Text { en: "", zh: "" })]
    hint: Text,
) -> impl IntoView {
    let id = wizard.id(&path);
    let stored = StoredValue::new(path.clone());
    let on = move || wizard.get(&stored.get_value()) == Some(Value::Bool(true));
    view! {
        <div class="field field-check">
            <div class="field-heading">
            <label class="check">
                <input
                    id=id
                    type="checkbox"
                    checked=untrack(on)
                    prop:checked=on
                    on:focus=move |_| wizard.focused.set(stored.get_value())
                    on:change=move |event| {
                        let path = stored.get_value();
                        if event_target_checked(&event) {
                            wizard.set(&path, Value::Bool(true));
                        } else {
                            wizard.clear(&path);
                        }
                    }
                />
                {t(label)}
            </label>
            <YamlKey path=path.clone() label=t(label)/>
            </div>
            {(!t(hint).is_empty()).then(|| view! { <p class="hint">{t(hint)}</p> })}
            <Problems wizard path/>
        </div>
    }
}

/// Select of true, false, or not set.
#[component]
pub fn BooleanSelect(
    /// Wizard state.
    wizard: Wizard,
    /// Path of the field.
    path: Path,
    /// Label.
    label: Text,
    /// Help text.
    #[prop(default = Text { en: "", zh: "" })]
    hint: Text,
) -> impl IntoView {
    let id = wizard.id(&path);
    let stored = StoredValue::new(path.clone());
    let value = Memo::new(move |_| wizard.get(&stored.get_value()));
    let is =
        move |wanted: Option<bool>| value.with(|value| value.as_ref().and_then(Value::as_bool) == wanted);
    view! {
        <Field wizard path label=t(label) hint>
            <select
                id=id
                class="input select"
                on:focus=move |_| wizard.focused.set(stored.get_value())
                on:change=move |event| {
                    let path = stored.get_value();
                    match event_target_value(&event).as_str() {
                        "true" => wizard.set(&path, Value::Bool(true)),
                        "false" => wizard.set(&path, Value::Bool(false)),
                        _ => wizard.clear(&path),
                    }
                }
            >
                <option value="" selected=move || is(None)>{t(text::NOT_SET)}</option>
                <option value="true" selected=move || is(Some(true))>"true"</option>
                <option value="false" selected=move || is(Some(false))>"false"</option>
            </select>
        </Field>
    }
}
