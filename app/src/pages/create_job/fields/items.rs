//! List of objects, one card or row per item, with buttons that add and remove items.

use leptos::prelude::*;
use manifest::Path;
use serde_json::Value;

use crate::i18n::{Text, t, wizard as text};
use crate::kit::erased::dynamic;
use crate::pages::create_job::fields::{AddButton, Problems, RemoveButton, Rows, YamlKey};
use crate::pages::create_job::state::Wizard;

/// Add button: its label and the new item.
pub type Addition = (Text, fn() -> Value);

/// List of objects. Rows are kept while only their values change.
#[component]
pub fn Items(
    /// Wizard state.
    wizard: Wizard,
    /// Path of the list.
    path: Path,
    /// Label.
    label: Text,
    /// Help text.
    #[prop(default = Text { en: "", zh: "" })]
    hint: Text,
    /// Add buttons, one for each kind of new item.
    additions: &'static [Addition],
    /// Renders the fields of an item.
    item: fn(Wizard, Path) -> AnyView,
) -> impl IntoView {
    let (stored, id) = (StoredValue::new(path.clone()), wizard.id(&path));
    let name = move |index: usize| format!("{} {}", t(label), index + 1);
    let row = move |index| {
        let path = stored.get_value().index(index);
        view! {
            <div class="item" role="group" aria-label=name(index)>
                <div class="item-fields">{item(wizard, path.clone())}</div>
                <RemoveButton wizard path=path.clone() what=name(index)/>
            </div>
            <Problems wizard path/>
        }
        .into_any()
    };
    view! {
        <fieldset class="group" id=id tabindex="-1">
            <legend class="group-title">{t(label)} <YamlKey path=path.clone() label=t(label)/></legend>
            {(!t(hint).is_empty()).then(|| view! { <p class="hint">{t(hint)}</p> })}
            <Rows wizard path=path.clone() label=t(label) row=Callback::new(row)/>
            <Problems wizard path/>
            <div class="row-buttons">
                {additions
                    .iter()
                    .map(|(label, new)| {
                        view! {
                            <AddButton
                                label=t(*label)
                                on_add=Callback::new(move |()| wizard.add(&stored.get_value(), new()))
                            />
                        }
                    })
                    .collect_view()}
            </div>
        </fieldset>
    }
    .into_any()
}

/// Collapsible part of a form, initially open if it already contains a value.
#[component]
pub fn Collapsible(
    /// Wizard state.
    wizard: Wizard,
    /// Label.
    label: Text,
    /// Paths that open it when set.
    paths: Vec<Path>,
    /// Fields.
    children: ChildrenFn,
) -> impl IntoView {
    let set = StoredValue::new(paths);
    let count =
        move || set.with_value(|paths| paths.iter().filter(|path| wizard.get(path).is_some()).count());
    // Once open it stays open: removing the last value must not collapse the form while the user is in it.
    let open = Memo::new(move |was: Option<&bool>| was.copied().unwrap_or_default() || count() > 0);
    view! {
        <details class="more" open=move || open.get()>
            <summary>
                {t(label)}
                {dynamic(move || {
                    let count = count();
                    (count > 0).then(|| view! { <span class="count count-mild" title=t(text::FIELDS_SET)>{count}</span> })
                })}
            </summary>
            {children()}
        </details>
    }
    .into_any()
}
