//! Keys of a ConfigMap or Secret projected as files.

use leptos::prelude::*;
use manifest::Path;
use serde_json::json;

use crate::i18n::{t, wizard as text};
use crate::pages::create_job::fields::{AddButton, Input, InputKind, Problems, RemoveButton, Rows, YamlKey};
use crate::pages::create_job::state::Wizard;
use crate::pages::create_job::steps::pod_template::environment::keys;

/// List of keys projected as files (`items`).
#[component]
pub fn Keys(
    /// Wizard state.
    wizard: Wizard,
    /// Path of the list.
    path: Path,
    /// Path of the object's name.
    name: Path,
    /// Whether the object is a Secret.
    secret: bool,
) -> impl IntoView {
    let stored = StoredValue::new(path.clone());
    let item = move |index: usize| stored.get_value().index(index);
    let offered = keys(wizard, secret, name);
    let row = move |index: usize| {
        view! {
            <div class="row-pair row-file">
                <Input
                    wizard
                    path=item(index).key("key")
                    kind=InputKind::RequiredText
                    aria_label=format!("{} {}", t(text::KEY), index + 1)
                    placeholder=t(text::KEY)
                    offers=Some(offered)
                    mono=true
                />
                <Input
                    wizard
                    path=item(index).key("path")
                    kind=InputKind::RequiredText
                    aria_label=format!("{} {}", t(text::ITEM_PATH), index + 1)
                    placeholder=t(text::ITEM_PATH)
                    mono=true
                />
                <Input
                    wizard
                    path=item(index).key("mode")
                    kind=InputKind::Number
                    aria_label=format!("{} {}", t(text::ITEM_MODE), index + 1)
                    placeholder="0644"
                    mono=true
                />
                <RemoveButton wizard path=item(index) what=format!("{} {}", t(text::KEY), index + 1)/>
            </div>
            <Problems wizard path=item(index).key("key")/>
            <Problems wizard path=item(index).key("path")/>
            <Problems wizard path=item(index).key("mode")/>
        }
        .into_any()
    };
    view! {
        <fieldset class="group group-wide" id=wizard.id(&path)>
            <legend class="group-title">{t(text::ITEMS)} <YamlKey path=path.clone() label=t(text::ITEMS)/></legend>
            <p class="hint">{t(text::ITEMS_HINT)}</p>
            <Rows wizard path=path.clone() label=t(text::ITEMS) row=Callback::new(row)/>
            <AddButton
                label=t(text::ADD_ITEM)
                on_add=Callback::new(move |()| wizard.add(&stored.get_value(), json!({"key": "", "path": ""})))
            />
        </fieldset>
    }
}
