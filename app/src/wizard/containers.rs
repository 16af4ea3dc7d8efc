//! The Pod template: restart policy, and containers edited where they stand in the document.

use leptos::prelude::*;
use manifest::{Edit, Path, shell};
use serde_json::{Value, json};

use super::environment::Environment;
use super::fields::{
    AddButton, As, Field, Input, Problems, RemoveButton, Select, TextField, id_of, positions,
};
use super::quantity::{QuantityField, Units};
use super::state::{Wizard, plain};
use crate::i18n::{Text, t, tf, wizard as text};
use crate::kit::icon::{Glyph, Icon};

/// `spec.template.spec`.
pub fn pod() -> Path {
    Path::of(["spec", "template", "spec"])
}

/// 容器组模板.
#[component]
pub fn Pods(
    /// The wizard.
    wizard: Wizard,
) -> impl IntoView {
    view! {
        <RestartPolicy wizard/>
        <ContainerList wizard list="containers" title=text::CONTAINERS add=text::ADD_CONTAINER/>
        <details class="more" open=move || untrack(|| wizard.length(&pod().key("initContainers")) > 0)>
            <summary>{t(text::INIT_CONTAINERS)}</summary>
            <ContainerList wizard list="initContainers" title=text::INIT_CONTAINERS add=text::ADD_INIT_CONTAINER/>
        </details>
        <TextField
            wizard
            path=pod().key("imagePullSecrets").index(0).key("name")
            label=text::PULL_SECRET
            hint=text::PULL_SECRET_HINT
            mono=true
            offers=Signal::derive(move || pull_secrets(wizard))
        />
    }
}

fn pull_secrets(wizard: Wizard) -> Vec<String> {
    wizard.offers.with(|offers| {
        let secrets = offers.as_ref().and_then(|offers| offers.secrets.as_ref());
        let pull = |kind: &str| kind == "kubernetes.io/dockerconfigjson" || kind == "kubernetes.io/dockercfg";
        secrets
            .into_iter()
            .flatten()
            .filter(|secret| pull(&secret.kind))
            .map(|secret| secret.name.clone())
            .collect()
    })
}

#[component]
fn RestartPolicy(wizard: Wizard) -> impl IntoView {
    let path = StoredValue::new(pod().key("restartPolicy"));
    let choice = move |value: &'static str, words: Text| {
        let on = move || wizard.get(&path.get_value()) == Some(Value::from(value));
        view! {
            <label class="choice">
                <input
                    type="radio"
                    name="restart-policy"
                    value=value
                    prop:checked=on
                    on:focus=move |_| wizard.focused.set(path.get_value())
                    on:change=move |_| wizard.set(&path.get_value(), value.into())
                />
                <span>{t(words)}</span>
            </label>
        }
    };
    view! {
        <fieldset class="group" id=id_of(&path.get_value())>
            <legend class="group-title">{t(text::RESTART)}</legend>
            {choice("Never", text::RESTART_NEVER)}
            {choice("OnFailure", text::RESTART_ON_FAILURE)}
            <Problems wizard path=path.get_value()/>
        </fieldset>
    }
}

#[component]
fn ContainerList(wizard: Wizard, list: &'static str, title: Text, add: Text) -> impl IntoView {
    let path = pod().key(list);
    let (stored, id) = (StoredValue::new(path.clone()), id_of(&path));
    let add_one = move || {
        let count = untrack(|| wizard.length(&stored.get_value()));
        let name = if list == "containers" { "container" } else { "init" };
        wizard.push(
            &stored.get_value(),
            json!({"name": format!("{name}-{}", count + 1), "image": "", "imagePullPolicy": "IfNotPresent"}),
        );
    };
    view! {
        <section class="group" id=id aria-label=t(title)>
            <h3 class="group-title">{t(title)}</h3>
            <For each=move || positions(wizard, stored.get_value()).get() key=|index| *index let(index)>
                <Container wizard path=stored.get_value().index(index)/>
            </For>
            <Problems wizard path/>
            <AddButton label=t(add) on_add=Callback::new(move |()| add_one())/>
        </section>
    }
}

#[component]
fn Container(wizard: Wizard, path: Path) -> impl IntoView {
    let stored = StoredValue::new(path.clone());
    let name = move || {
        wizard
            .get(&stored.get_value().key("name"))
            .as_ref()
            .map(plain)
            .unwrap_or_default()
    };
    let resource = |kind: &str, name: &str| path.key("resources").key(kind).key(name);
    view! {
        <section class="card container" aria-label=move || format!("{} {}", t(text::CONTAINERS), name())>
            <header class="container-head">
                <Icon glyph=Glyph::Container/>
                <strong>{name}</strong>
                <span class="bar-space"></span>
                <button
                    type="button"
                    class="button button-icon"
                    aria-label=move || tf(text::REMOVE_CONTAINER, &[("name", &name())])
                    on:click=move |_| wizard.remove(&stored.get_value())
                >
                    <Icon glyph=Glyph::Trash/>
                </button>
            </header>
            <div class="columns">
                <TextField wizard path=path.key("name") label=text::CONTAINER_NAME kind=As::TextKept mono=true/>
                <TextField wizard path=path.key("image") label=text::IMAGE hint=text::IMAGE_HINT kind=As::TextKept mono=true/>
            </div>
            <div class="columns columns-4">
                <QuantityField wizard path=resource("requests", "cpu") label=text::CPU_REQUEST units=Units::Cpu/>
                <QuantityField wizard path=resource("limits", "cpu") label=text::CPU_LIMIT units=Units::Cpu/>
                <QuantityField wizard path=resource("requests", "memory") label=text::MEMORY_REQUEST units=Units::Memory/>
                <QuantityField wizard path=resource("limits", "memory") label=text::MEMORY_LIMIT units=Units::Memory/>
            </div>
            <p class="hint">{t(text::RESOURCES_HINT)}</p>
            <details class="more">
                <summary>{t(text::ADVANCED)}</summary>
                <Words wizard path=path.key("command") label=text::COMMAND add=text::ADD_COMMAND paste=true/>
                <Words wizard path=path.key("args") label=text::ARGS add=text::ADD_ARG/>
                <Ports wizard path=path.key("ports")/>
                <Environment wizard path=path.clone()/>
                <div class="columns">
                    <Select
                        wizard
                        path=path.key("imagePullPolicy")
                        label=text::PULL_POLICY
                        values=&["IfNotPresent", "Always", "Never"]
                        none=text::NOT_SET
                    />
                    <TextField wizard path=path.key("workingDir") label=text::WORKING_DIR mono=true/>
                </div>
            </details>
        </section>
    }
    .into_any()
}

/// Command or arguments: one word a row.
#[component]
fn Words(wizard: Wizard, path: Path, label: Text, add: Text, #[prop(optional)] paste: bool) -> impl IntoView {
    let stored = StoredValue::new(path.clone());
    let name = move |index: usize| {
        tf(
            text::WORD,
            &[("label", t(label)), ("n", &(index + 1).to_string())],
        )
    };
    view! {
        <fieldset class="group" id=id_of(&path)>
            <legend class="group-title">{t(label)}</legend>
            {paste.then(|| view! { <p class="hint">{t(text::COMMAND_HINT)}</p> })}
            <For each=move || positions(wizard, stored.get_value()).get() key=|index| *index let(index)>
                <div class="row-word">
                    <Input
                        wizard
                        path=stored.get_value().index(index)
                        kind=As::TextKept
                        aria_label=name(index)
                        mono=true
                    />
                    <RemoveButton wizard path=stored.get_value().index(index) what=name(index)/>
                </div>
                <Problems wizard path=stored.get_value().index(index)/>
            </For>
            <div class="row-buttons">
                <AddButton label=t(add) on_add=Callback::new(move |()| wizard.push(&stored.get_value(), "".into()))/>
                {paste.then(|| view! { <PasteLine wizard path=stored.get_value()/> })}
            </div>
        </fieldset>
    }
}

/// Splits a pasted command line into rows.
#[component]
fn PasteLine(wizard: Wizard, path: Path) -> impl IntoView {
    let line = RwSignal::new(String::new());
    let open = RwSignal::new(false);
    let wrong = RwSignal::new(false);
    let path = StoredValue::new(path);
    let split = move || match shell::split(&line.get_untracked()) {
        Ok(words) if !words.is_empty() => {
            wrong.set(false);
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
        Err(_) => wrong.set(true),
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
                <input
                    class="input input-mono"
                    type="text"
                    aria-label=t(text::PASTE_LINE)
                    placeholder="perl -wle 'print 1'"
                    aria-invalid=move || wrong.get().to_string()
                    prop:value=move || line.get()
                    on:input=move |event| line.set(event_target_value(&event))
                    on:keydown=move |event| {
                        if event.key() == "Enter" {
                            event.prevent_default();
                            split();
                        }
                    }
                />
                <button type="button" class="button" on:click=move |_| split()>{t(text::PASTE_SPLIT)}</button>
                <p class="hint">{move || t(if wrong.get() { text::PASTE_OPEN } else { text::PASTE_LINE_HINT })}</p>
            </div>
        </Show>
    }
}

#[component]
fn Ports(wizard: Wizard, path: Path) -> impl IntoView {
    let stored = StoredValue::new(path.clone());
    let item = move |index: usize| stored.get_value().index(index);
    view! {
        <fieldset class="group" id=id_of(&path)>
            <legend class="group-title">{t(text::PORTS)}</legend>
            <For each=move || positions(wizard, stored.get_value()).get() key=|index| *index let(index)>
                <div class="row-fields">
                    <TextField wizard path=item(index).key("name") label=text::PORT_NAME mono=true/>
                    <Select
                        wizard
                        path=item(index).key("protocol")
                        label=text::PORT_PROTOCOL
                        values=&["TCP", "UDP", "SCTP"]
                        none=Text { en: "TCP (default)", zh: "TCP（默认）" }
                    />
                    <Field wizard path=item(index).key("containerPort") label=t(text::PORT_NUMBER)>
                        <Input wizard path=item(index).key("containerPort") kind=As::Number/>
                    </Field>
                    <RemoveButton wizard path=item(index) what=format!("{} {}", t(text::PORTS), index + 1)/>
                </div>
            </For>
            <AddButton
                label=t(text::ADD_PORT)
                on_add=Callback::new(move |()| wizard.push(&stored.get_value(), json!({"containerPort": 80, "protocol": "TCP"})))
            />
        </fieldset>
    }
}
