//! Key-value rows: labels, annotations, node labels.

use leptos::prelude::*;
use manifest::{Edit, Path, Segment, retyped, shown};

use crate::i18n::{Text, t, tf, wizard as text};
use crate::kit::erased::dynamic;
use crate::kit::icon::{Glyph, Icon};
use crate::pages::create_job::fields::{AddButton, Problems, YamlKey, escape_for_textarea, rows};
use crate::pages::create_job::state::Wizard;

/// Mapping of strings. Renaming a key keeps its position and value; an existing key is rejected.
#[component]
pub fn KeyValues(
    /// Wizard state.
    wizard: Wizard,
    /// Path of the mapping.
    path: Path,
    /// Label.
    #[prop(into)]
    label: String,
    /// Label of the add button.
    add: Text,
    /// Keys that are hidden here because they have their own field.
    #[prop(optional)]
    hidden: &'static [&'static str],
    /// Whether values may have several lines, like those of annotations and data.
    #[prop(optional)]
    lines: bool,
) -> impl IntoView {
    let may_be_multiline = |key: &String| matches!(key.as_str(), "annotations" | "data" | "stringData");
    let lines = lines || matches!(path.last(), Some(Segment::Key(key)) if may_be_multiline(key));
    let (stored, id) = (StoredValue::new(path.clone()), wizard.id(&path));
    let keys = Memo::new(move |_| {
        let pairs = wizard.pairs(&stored.get_value());
        pairs
            .into_iter()
            .map(|pair| pair.0)
            .filter(|key| !hidden.contains(&key.as_str()))
            .collect::<Vec<_>>()
    });
    let (title, label) = (label.clone(), StoredValue::new(label));
    let add_pair = move || {
        let taken = keys.get_untracked();
        let names = std::iter::once("key".to_owned()).chain((2..).map(|n| format!("key-{n}")));
        let key = names
            .into_iter()
            .find(|name| !taken.contains(name))
            .unwrap_or_default();
        wizard.edit(
            &Edit::Set {
                path: stored.get_value().key(key),
                value: "".into(),
            },
            None,
        );
    };
    view! {
        <fieldset class="group" id=id tabindex="-1">
            <legend class="group-title">{title.clone()} <YamlKey path=path.clone() label=title/></legend>
            <div class="rows">
                <For
                    each=move || 0..keys.with(Vec::len)
                    key=|position| *position
                    let(position)
                >
                    <Row wizard path=stored.get_value() keys position label lines/>
                    {dynamic(move || {
                        keys.with(|keys| keys.get(position).cloned())
                            .map(|key| view! { <Problems wizard path=stored.get_value().key(key)/> })
                    })}
                </For>
            </div>
            <Problems wizard path/>
            <AddButton label=t(add) on_add=Callback::new(move |()| add_pair())/>
        </fieldset>
    }
}

#[component]
fn Row(
    wizard: Wizard,
    path: Path,
    keys: Memo<Vec<String>>,
    position: usize,
    label: StoredValue<String>,
    lines: bool,
) -> impl IntoView {
    let path = StoredValue::new(path);
    let key = move || keys.with(|keys| keys.get(position).cloned()).unwrap_or_default();
    let value = move || {
        let key = key();
        wizard
            .pairs(&path.get_value())
            .into_iter()
            .find(|pair| pair.0 == key)
            .map(|pair| pair.1)
            .unwrap_or_default()
    };
    let at = move || path.get_value().key(untrack(key));
    let rename = move |new: String| {
        if !new.is_empty() && new != untrack(key) {
            wizard.edit(&Edit::Rename { path: at(), key: new }, None);
        }
    };
    let displayed = move || shown(&value(), lines).into_owned();
    let typed = move |typed: String| {
        let text = retyped(&untrack(value), &typed, lines);
        wizard.set(&at(), text.into());
    };
    let number = (position + 1).to_string();
    let name = |what: Text| format!("{} {number}: {}", label.get_value(), t(what));
    view! {
        <div class="row-pair">
            <input
                class="input input-mono"
                type="text"
                autocomplete="off"
                spellcheck="false"
                aria-label=name(text::KEY)
                placeholder=t(text::KEY)
                value=wizard.initial(key)
                prop:value=key
                on:change=move |event| rename(event_target_value(&event))
                on:focus=move |_| wizard.focused.set(at())
            />
            {if lines {
                view! {
                    <textarea
                        class="input input-mono area"
                        rows=move || rows(&displayed())
                        autocomplete="off"
                        spellcheck="false"
                        aria-label=name(text::VALUE)
                        placeholder=t(text::VALUE)
                        inner_html=escape_for_textarea(&wizard.initial(displayed))
                        prop:value=displayed
                        on:input=move |event| typed(event_target_value(&event))
                        on:focus=move |_| wizard.focused.set(at())
                    ></textarea>
                }
                    .into_any()
            } else {
                view! {
                    <input
                        class="input input-mono"
                        type="text"
                        autocomplete="off"
                        spellcheck="false"
                        aria-label=name(text::VALUE)
                        placeholder=t(text::VALUE)
                        value=wizard.initial(displayed)
                        prop:value=displayed
                        on:input=move |event| typed(event_target_value(&event))
                        on:focus=move |_| wizard.focused.set(at())
                    />
                }
                    .into_any()
            }}
            <button
                type="button"
                class="button button-icon"
                data-early="remove"
                aria-label=move || tf(text::REMOVE, &[("what", &key())])
                on:click=move |_| wizard.remove(&at())
            >
                <Icon glyph=Glyph::Trash/>
            </button>
        </div>
    }
}
