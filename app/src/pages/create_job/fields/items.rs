//! A list of objects, one card or row an item, with buttons that add and remove.

use leptos::prelude::*;
use manifest::Path;
use serde_json::Value;

use crate::i18n::{Text, t, wizard as text};
use crate::kit::erased::dynamic;
use crate::pages::create_job::fields::{AddButton, Problems, RemoveButton, positions};
use crate::pages::create_job::state::Wizard;

/// What a button adds: its words and the new item.
pub type Addition = (Text, fn() -> Value);

/// The list. Rows stay while only their values change.
#[component]
pub fn Items(
    /// The wizard.
    wizard: Wizard,
    /// The list.
    path: Path,
    /// What it is.
    label: Text,
    /// An explanation.
    #[prop(default = Text { en: "", zh: "" })]
    hint: Text,
    /// One button for each kind of new item.
    additions: &'static [Addition],
    /// The fields of an item.
    item: fn(Wizard, Path) -> AnyView,
) -> impl IntoView {
    let (stored, id) = (StoredValue::new(path.clone()), wizard.id(&path));
    let name = move |index: usize| format!("{} {}", t(label), index + 1);
    view! {
        <fieldset class="group" id=id tabindex="-1">
            <legend class="group-title">{t(label)}</legend>
            {(!t(hint).is_empty()).then(|| view! { <p class="hint">{t(hint)}</p> })}
            <For each=move || positions(wizard, stored.get_value()).get() key=|index| *index let(index)>
                <div class="item" role="group" aria-label=name(index)>
                    <div class="item-fields">{item(wizard, stored.get_value().index(index))}</div>
                    <RemoveButton wizard path=stored.get_value().index(index) what=name(index)/>
                </div>
                <Problems wizard path=stored.get_value().index(index)/>
            </For>
            <Problems wizard path/>
            <div class="row-buttons">
                {additions
                    .iter()
                    .map(|(words, new)| {
                        view! {
                            <AddButton
                                label=t(*words)
                                on_add=Callback::new(move |()| wizard.push(&stored.get_value(), new()))
                            />
                        }
                    })
                    .collect_view()}
            </div>
        </fieldset>
    }
    .into_any()
}

/// A folded part of a form, open from the start when it holds something already.
#[component]
pub fn Folded(
    /// The wizard.
    wizard: Wizard,
    /// What it is.
    label: Text,
    /// Open when one of these is set.
    paths: Vec<Path>,
    /// The fields.
    children: ChildrenFn,
) -> impl IntoView {
    let set = StoredValue::new(paths);
    let count =
        move || set.with_value(|paths| paths.iter().filter(|path| wizard.get(path).is_some()).count());
    // Once open it stays open: taking the last value out must not fold the form under the person's hands.
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
