//! List of strings, one per row: command, arguments, and others.

use leptos::prelude::*;
use manifest::{Edit, Path, Segment, shell};
use serde_json::Value;

use crate::i18n::{Text, t, wizard as text};
use crate::kit::erased::dynamic;
use crate::pages::create_job::fields::{
    AddButton, Input, InputKind, Problems, RemoveButton, YamlKey, positions, rows,
};
use crate::pages::create_job::state::Wizard;

/// List of strings with one row each.
#[component]
pub fn StringList(
    /// Wizard state.
    wizard: Wizard,
    /// Path of the list.
    path: Path,
    /// Label.
    #[prop(into)]
    label: String,
    /// Label of the add button.
    add: Text,
    /// Whether to offer splitting a pasted command line by the shell's rules.
    #[prop(optional)]
    paste: bool,
    /// Whether the items are numbers.
    #[prop(optional)]
    numbers: bool,
    /// Whether items may have several lines, like those of a command.
    #[prop(optional)]
    lines: bool,
) -> impl IntoView {
    let is_command = matches!(path.last(), Some(Segment::Key(key)) if key == "command" || key == "args");
    let lines = (lines || is_command) && !numbers;
    // A new number has to be one; a new string may be empty.
    let new = move || if numbers { Value::from(0) } else { Value::from("") };
    let kind = if numbers {
        InputKind::RequiredNumber
    } else {
        InputKind::RequiredText
    };
    let stored = StoredValue::new(path.clone());
    let title = label.clone();
    let label = StoredValue::new(label);
    let name = move |index: usize| format!("{} {}", label.get_value(), index + 1);
    view! {
        <fieldset class="group" id=wizard.id(&path)>
            <legend class="group-title">{title.clone()} <YamlKey path=path.clone() label=title/></legend>
            {paste.then(|| view! { <p class="hint">{t(text::COMMAND_HINT)}</p> })}
            <For each=move || positions(wizard, stored.get_value()).get() key=|index| *index let(index)>
                <div class="row-word">
                    <Input
                        wizard
                        path=stored.get_value().index(index)
                        kind=kind
                        aria_label=name(index)
                        lines
                        mono=true
                    />
                    <RemoveButton wizard path=stored.get_value().index(index) what=name(index)/>
                </div>
                <Problems wizard path=stored.get_value().index(index)/>
            </For>
            <div class="row-buttons">
                <AddButton label=t(add) on_add=Callback::new(move |()| wizard.push(&stored.get_value(), new()))/>
                {paste.then(|| view! { <PasteLine wizard path=stored.get_value()/> })}
            </div>
        </fieldset>
    }
}

/// Text area that splits a pasted command line into rows.
#[component]
fn PasteLine(wizard: Wizard, path: Path) -> impl IntoView {
    let line = RwSignal::new(String::new());
    let open = RwSignal::new(false);
    let split_error = RwSignal::new(None::<shell::SplitError>);
    let path = StoredValue::new(path);
    let split = move || match shell::split(&line.get_untracked()) {
        Ok(words) if !words.is_empty() => {
            split_error.set(None);
            open.set(false);
            line.set(String::new());
            wizard.edit(
                &Edit::Set {
                    path: path.get_value(),
                    value: words.into(),
                },
                None,
            );
        }
        Ok(_) => {}
        Err(why) => split_error.set(Some(why)),
    };
    view! {
        <Show
            when=move || open.get()
            fallback=move || {
                view! {
                    <button type="button" class="button button-quiet" on:click=move |_| open.set(true)>
                        {t(text::PASTE_LINE)}
                    </button>
                }
            }
        >
            <div class="paste-line">
                <textarea
                    class="input input-mono area"
                    rows=move || line.with(|line| rows(line))
                    autocomplete="off"
                    spellcheck="false"
                    aria-label=t(text::PASTE_LINE)
                    placeholder="perl -wle 'print 1'"
                    aria-invalid=move || split_error.get().is_some().to_string()
                    prop:value=move || line.get()
                    on:input=move |event| line.set(event_target_value(&event))
                    on:keydown=move |event| {
                        if event.key() == "Enter" && (event.ctrl_key() || event.meta_key()) {
                            event.prevent_default();
                            split();
                        }
                    }
                ></textarea>
                <button type="button" class="button" on:click=move |_| split()>{t(text::PASTE_SPLIT)}</button>
                <p class="hint">{dynamic(move || t(match split_error.get() {
                    Some(shell::SplitError::Open(_)) => text::PASTE_OPEN,
                    Some(shell::SplitError::Lines(_)) => text::PASTE_LINES,
                    None => text::PASTE_LINE_HINT,
                }))}</p>
            </div>
        </Show>
    }
}
