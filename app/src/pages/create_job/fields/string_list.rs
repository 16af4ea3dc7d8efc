//! List of strings, one per row: command, arguments, and others.

use leptos::prelude::*;
use manifest::{Edit, Path, Segment, shell};
use serde_json::Value;

use crate::i18n::{Text, t, tf, wizard as text};
use crate::kit::erased::dynamic;
use crate::pages::create_job::fields::{
    AddButton, Input, InputKind, Problems, RemoveButton, Rows, YamlKey, line_count,
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
    let row = move |index| {
        let path = stored.get_value().index(index);
        view! {
            <div class="row-word">
                <Input wizard path=path.clone() kind aria_label=name(index) lines mono=true/>
                <RemoveButton wizard path=path.clone() what=name(index)/>
            </div>
            <Problems wizard path/>
        }
        .into_any()
    };
    view! {
        <fieldset class="group" id=wizard.id(&path)>
            <legend class="group-title">{title.clone()} <YamlKey path=path.clone() label=title/></legend>
            {paste.then(|| view! { <p class="hint">{t(text::COMMAND_HINT)}</p> })}
            <Rows wizard path=path.clone() label=label.get_value() row=Callback::new(row)/>
            <div class="row-buttons">
                <AddButton label=t(add) on_add=Callback::new(move |()| wizard.add(&stored.get_value(), new()))/>
                {paste.then(|| view! { <PasteLine wizard path=stored.get_value()/> })}
            </div>
        </fieldset>
    }
}

/// Answer to a pasted line that is not simply words.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Doubt {
    /// Nothing to ask.
    None,
    /// It has no words yet, for this reason.
    Broken(shell::SplitError),
    /// A shell does what is listed; the words without one, if there are any.
    Shell(String, Option<Vec<String>>),
}

/// Text area that splits a pasted command line into rows.
#[component]
fn PasteLine(wizard: Wizard, path: Path) -> impl IntoView {
    let line = RwSignal::new(String::new());
    let open = RwSignal::new(false);
    let doubt = RwSignal::new(Doubt::None);
    let path = StoredValue::new(path);
    let take = move |words: Vec<String>| {
        doubt.set(Doubt::None);
        open.set(false);
        line.set(String::new());
        wizard.edit(
            &Edit::Set {
                path: path.get_value(),
                value: words.into(),
            },
            None,
        );
    };
    let split = move || {
        let read = line.with_untracked(|line| shell::read(line));
        let syntax = read.shell_syntax.join(" ");
        match read.words {
            Ok(words) if words.is_empty() => {}
            Ok(words) if syntax.is_empty() => take(words),
            Ok(words) => doubt.set(Doubt::Shell(syntax, Some(words))),
            // Several commands, or a text that follows a heredoc.
            Err(shell::SplitError::Lines(_)) if !syntax.is_empty() => doubt.set(Doubt::Shell(syntax, None)),
            Err(why) => doubt.set(Doubt::Broken(why)),
        }
    };
    let in_shell = move |_| take(line.with_untracked(|line| shell::script(line)));
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
                    rows=move || line.with(|line| line_count(line))
                    autocomplete="off"
                    spellcheck="false"
                    aria-label=t(text::PASTE_LINE)
                    placeholder="perl -wle 'print 1'"
                    aria-invalid=move || matches!(doubt.get(), Doubt::Broken(_)).to_string()
                    prop:value=move || line.get()
                    on:input=move |event| {
                        line.set(event_target_value(&event));
                        doubt.set(Doubt::None);
                    }
                    on:keydown=move |event| {
                        if event.key() == "Enter" && (event.ctrl_key() || event.meta_key()) {
                            event.prevent_default();
                            split();
                        }
                    }
                ></textarea>
                <button type="button" class="button" on:click=move |_| split()>{t(text::PASTE_SPLIT)}</button>
                <p class="hint" role="status">{dynamic(move || match doubt.get() {
                    Doubt::Broken(shell::SplitError::Open(_)) => t(text::PASTE_OPEN).to_owned(),
                    Doubt::Broken(shell::SplitError::Lines(_)) => t(text::PASTE_LINES).to_owned(),
                    Doubt::Shell(syntax, _) => tf(text::PASTE_SHELL, &[("syntax", &syntax)]),
                    Doubt::None => t(text::PASTE_LINE_HINT).to_owned(),
                })}</p>
                {dynamic(move || {
                    let words = match doubt.get() {
                        Doubt::Shell(_, words) => words,
                        Doubt::Broken(shell::SplitError::Lines(_)) => None,
                        _ => return None,
                    };
                    Some(view! {
                        <div class="row-buttons">
                            <button type="button" class="button" on:click=in_shell>{t(text::PASTE_IN_SHELL)}</button>
                            {words.map(|words| view! {
                                <button type="button" class="button button-quiet" on:click=move |_| take(words.clone())>
                                    {t(text::PASTE_PLAIN)}
                                </button>
                            })}
                        </div>
                    })
                })}
            </div>
        </Show>
    }
}
