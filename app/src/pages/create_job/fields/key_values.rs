//! Key-value rows: labels, annotations, node labels.

use leptos::prelude::*;
use manifest::{Edit, Path, Segment, retyped, shown};

use crate::i18n::{Text, t, tf, wizard as text};
use crate::kit::erased::dynamic;
use crate::kit::icon::{Glyph, Icon};
use crate::pages::create_job::fields::{AddButton, Problems, Rows, YamlKey, escape_for_textarea, line_count};
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
    let pairs = Memo::new(move |_| {
        let mut pairs = wizard.pairs(&stored.get_value());
        pairs.retain(|(key, _)| !hidden.contains(&key.as_str()));
        pairs
    });
    let (title, label) = (label.clone(), StoredValue::new(label));
    let row = move |position| {
        view! {
            <Row wizard path=stored.get_value() pairs position label lines/>
            {dynamic(move || {
                pairs
                    .with(|pairs| pairs.get(position).map(|pair| pair.0.clone()))
                    .map(|key| view! { <Problems wizard path=stored.get_value().key(key)/> })
            })}
        }
        .into_any()
    };
    let add_pair = move || {
        let taken = pairs.get_untracked();
        let mut names = std::iter::once("key".to_owned()).chain((2..).map(|n| format!("key-{n}")));
        let key = names
            .find(|name| taken.iter().all(|(key, _)| key != name))
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
                <Rows
                    wizard
                    path=path.clone()
                    label=label.get_value()
                    length=Some(Memo::new(move |_| pairs.with(Vec::len)))
                    position=Some(Callback::new(move |key: String| {
                        pairs.with_untracked(|pairs| pairs.iter().position(|pair| pair.0 == key))
                    }))
                    row=Callback::new(row)
                />
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
    pairs: Memo<Vec<(String, String)>>,
    position: usize,
    label: StoredValue<String>,
    lines: bool,
) -> impl IntoView {
    let path = StoredValue::new(path);
    let pair = Memo::new(move |_| {
        pairs
            .with(|pairs| pairs.get(position).cloned())
            .unwrap_or_default()
    });
    let key = move || pair.with(|pair| pair.0.clone());
    let value = move || pair.with(|pair| pair.1.clone());
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
                        rows=move || line_count(&displayed())
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
