//! Environment variables of a container: values, keys of a ConfigMap or Secret, or all their keys.

use leptos::prelude::*;
use manifest::{Edit, Path};
use serde_json::{Value, json};

use crate::api::create::{KeyedObject, Offers};
use crate::i18n::{t, tf, wizard as text};
use crate::kit::erased::dynamic;
use crate::pages::create_job::extra_objects::names_of;
use crate::pages::create_job::fields::table::{Control, FieldSpec, Fields, specs};
use crate::pages::create_job::fields::{AddButton, Input, InputKind, Problems, RemoveButton, Rows, YamlKey};
use crate::pages::create_job::state::Wizard;

/// Fields `env` and `envFrom`.
#[component]
pub fn Environment(
    /// Wizard state.
    wizard: Wizard,
    /// Path of the container.
    path: Path,
) -> impl IntoView {
    let env = StoredValue::new(path.key("env"));
    let from = StoredValue::new(path.key("envFrom"));
    let reference = json!({"name": "", "valueFrom": {"configMapKeyRef": {"name": "", "key": ""}}});
    view! {
        <fieldset class="group" id=wizard.id(&env.get_value())>
            <legend class="group-title">{t(text::ENVIRONMENT)} <YamlKey path=env.get_value() label=t(text::ENVIRONMENT)/></legend>
            <Rows
                wizard
                path=env.get_value()
                label=t(text::ENVIRONMENT)
                row=Callback::new(move |index| {
                    view! { <Variable wizard path=env.get_value().index(index) number=index + 1/> }.into_any()
                })
            />
            <div class="row-buttons">
                <AddButton
                    label=t(text::ADD_VARIABLE)
                    on_add=Callback::new(move |()| wizard.add(&env.get_value(), json!({"name": "", "value": ""})))
                />
                <AddButton
                    label=t(text::ADD_REFERENCE)
                    on_add=Callback::new(move |()| wizard.add(&env.get_value(), reference.clone()))
                />
                <AddButton
                    label=t(text::ADD_FIELD_VARIABLE)
                    on_add=Callback::new(move |()| {
                        wizard.add(
                            &env.get_value(),
                            json!({"name": "POD_NAME", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}}),
                        );
                    })
                />
                <AddButton
                    label=t(text::ADD_RESOURCE_VARIABLE)
                    on_add=Callback::new(move |()| {
                        wizard.add(
                            &env.get_value(),
                            json!({"name": "CPU_LIMIT", "valueFrom": {"resourceFieldRef": {"resource": "limits.cpu"}}}),
                        );
                    })
                />
            </div>
        </fieldset>
        <fieldset class="group" id=wizard.id(&from.get_value())>
            <legend class="group-title">{t(text::ENV_FROM)} <YamlKey path=from.get_value() label=t(text::ENV_FROM)/></legend>
            <Rows
                wizard
                path=from.get_value()
                label=t(text::ENV_FROM)
                row=Callback::new(move |index| {
                    view! { <Whole wizard path=from.get_value().index(index) number=index + 1/> }.into_any()
                })
            />
            <AddButton
                label=t(text::ADD_ENV_FROM)
                on_add=Callback::new(move |()| wizard.add(&from.get_value(), json!({"configMapRef": {"name": ""}})))
            />
        </fieldset>
    }
}

/// Returns the objects that a reference may name.
pub fn objects(offers: Option<&Offers>, secret: bool) -> Vec<KeyedObject> {
    let list = offers.and_then(|offers| {
        if secret {
            offers.secrets.clone()
        } else {
            offers.config_maps.clone()
        }
    });
    list.unwrap_or_default()
}

/// Returns the names of `ConfigMap`s or Secrets.
pub fn names(wizard: Wizard, secret: bool) -> Signal<Vec<String>> {
    Signal::derive(move || {
        let mut names: Vec<String> = names_of(wizard, if secret { "Secret" } else { "ConfigMap" });
        wizard.offers.with(|offers| {
            names.extend(
                objects(offers.as_ref(), secret)
                    .into_iter()
                    .map(|object| object.name),
            );
        });
        names
    })
}

/// Returns the keys of the ConfigMap or Secret whose name is at a path.
pub fn keys(wizard: Wizard, secret: bool, name: Path) -> Signal<Vec<String>> {
    Signal::derive(move || {
        let name = wizard.get(&name);
        let name = name.as_ref().and_then(Value::as_str).unwrap_or_default();
        wizard.offers.with(|offers| {
            objects(offers.as_ref(), secret)
                .into_iter()
                .find(|object| object.name == name)
                .map(|object| object.keys)
                .unwrap_or_default()
        })
    })
}

/// Kind of a variable's source.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Source {
    Value,
    Key { secret: bool },
    Field,
    Resource,
    Other(String),
}

/// Fields of a variable from a field of the Pod, below `valueFrom`.
pub const FIELD: &[FieldSpec] = specs! {
    "fieldRef.fieldPath" => Control::Required, "Field of the Pod" | "容器组字段",
        "metadata.name, metadata.namespace, metadata.uid, spec.nodeName, spec.serviceAccountName, status.podIP, status.hostIP, metadata.labels['key'], metadata.annotations['key']" |
        "metadata.name、metadata.namespace、metadata.uid、spec.nodeName、spec.serviceAccountName、status.podIP、status.hostIP、metadata.labels['key']、metadata.annotations['key']";
};

/// Fields of a variable from a resource of a container, below `valueFrom`.
pub const RESOURCE: &[FieldSpec] = specs! {
    "resourceFieldRef.resource" => Control::Choice(&["limits.cpu", "limits.memory", "requests.cpu", "requests.memory", "limits.ephemeral-storage", "requests.ephemeral-storage"]),
        "Resource" | "资源", "" | "";
    "resourceFieldRef.containerName" => Control::Text, "Container" | "容器", "Not set: this one." | "未设置：当前容器。";
    "resourceFieldRef.divisor" => Control::Text, "Unit" | "单位", "Such as 1Mi. Not set: 1." | "例如 1Mi。未设置：1。";
};

#[component]
fn Variable(wizard: Wizard, path: Path, number: usize) -> impl IntoView {
    let wizard = wizard.scoped(&path);
    let stored = StoredValue::new(path.clone());
    let source = Memo::new(move |_| {
        let from = wizard.get(&stored.get_value().key("valueFrom"));
        let kind = from
            .as_ref()
            .and_then(Value::as_object)
            .and_then(|from| from.keys().next().cloned());
        match kind.as_deref() {
            None => Source::Value,
            Some("configMapKeyRef") => Source::Key { secret: false },
            Some("secretKeyRef") => Source::Key { secret: true },
            Some("fieldRef") => Source::Field,
            Some("resourceFieldRef") => Source::Resource,
            Some(other) => Source::Other(other.to_owned()),
        }
    });
    let name = move |what| format!("{} {number}", t(what));
    view! {
        <div class="row-variable">
            <Input
                wizard
                path=path.key("name")
                kind=InputKind::RequiredText
                aria_label=name(text::VARIABLE)
                placeholder=t(text::VARIABLE)
                mono=true
            />
            {dynamic(move || match source.get() {
                Source::Value => {
                    view! {
                        <Input
                            wizard
                            path=stored.get_value().key("value")
                            kind=InputKind::RequiredText
                            aria_label=name(text::VALUE)
                            placeholder=t(text::VALUE)
                            lines=true
                            mono=true
                        />
                    }
                        .into_any()
                }
                Source::Key { secret } => view! { <KeyOf wizard path=stored.get_value().key("valueFrom") secret number/> }.into_any(),
                Source::Field => {
                    view! { <Fields wizard base=stored.get_value().key("valueFrom") specs=FIELD/> }.into_any()
                }
                Source::Resource => {
                    view! { <Fields wizard base=stored.get_value().key("valueFrom") specs=RESOURCE/> }.into_any()
                }
                Source::Other(what) => {
                    view! { <span class="hint">{tf(text::IN_TEXT_ONLY, &[("what", &what)])}</span> }.into_any()
                }
            })}
            <RemoveButton wizard path=path.clone() what=name(text::VARIABLE)/>
        </div>
        <Problems wizard path=path.key("name")/>
        <Problems wizard path=path.key("value")/>
        <Problems wizard path=path.key("valueFrom")/>
    }
}

fn field_of(secret: bool) -> &'static str {
    if secret { "secretKeyRef" } else { "configMapKeyRef" }
}

/// ConfigMap or Secret, its name, and a key.
#[component]
fn KeyOf(wizard: Wizard, path: Path, secret: bool, number: usize) -> impl IntoView {
    let at = path.key(field_of(secret));
    let stored = StoredValue::new(path);
    let name = move |what| format!("{} {number}", t(what));
    view! {
        <div class="row-reference">
            <select
                class="input select"
                aria-label=name(text::SOURCE)
                on:change=move |event| {
                    let other = event_target_value(&event) == "Secret";
                    if other != secret {
                        let path = stored.get_value().key(field_of(secret));
                        wizard.edit(&Edit::Rename { path, key: field_of(other).to_owned() }, None);
                    }
                }
            >
                <option selected=!secret>"ConfigMap"</option>
                <option selected=secret>"Secret"</option>
            </select>
            <Input
                wizard
                path=at.key("name")
                kind=InputKind::RequiredText
                aria_label=name(text::RESOURCE_NAME)
                placeholder=t(text::RESOURCE_NAME)
                offers=Some(names(wizard, secret))
                mono=true
            />
            <Input
                wizard
                path=at.key("key")
                kind=InputKind::RequiredText
                aria_label=name(text::KEY)
                placeholder=t(text::KEY)
                offers=Some(keys(wizard, secret, at.key("name")))
                mono=true
            />
        </div>
        <Problems wizard path=at.key("key")/>
    }
}

/// Reference to all keys of one object.
#[component]
fn Whole(wizard: Wizard, path: Path, number: usize) -> impl IntoView {
    let stored = StoredValue::new(path.clone());
    let secret = Memo::new(move |_| wizard.get(&stored.get_value().key("secretRef")).is_some());
    let field = |secret: bool| if secret { "secretRef" } else { "configMapRef" };
    let name = move |what| format!("{} {number}", t(what));
    view! {
        <div class="row-reference">
            <select
                class="input select"
                aria-label=name(text::SOURCE)
                on:change=move |event| {
                    let (now, other) = (secret.get_untracked(), event_target_value(&event) == "Secret");
                    if other != now {
                        let path = stored.get_value().key(field(now));
                        wizard.edit(&Edit::Rename { path, key: field(other).to_owned() }, None);
                    }
                }
            >
                <option selected=move || !secret.get()>"ConfigMap"</option>
                <option selected=move || secret.get()>"Secret"</option>
            </select>
            {dynamic(move || {
                let secret = secret.get();
                view! {
                    <Input
                        wizard
                        path=stored.get_value().key(field(secret)).key("name")
                        kind=InputKind::RequiredText
                        aria_label=name(text::RESOURCE_NAME)
                        placeholder=t(text::RESOURCE_NAME)
                        offers=Some(names(wizard, secret))
                        mono=true
                    />
                }
            })}
            <Input
                wizard
                path=stored.get_value().key("prefix")
                kind=InputKind::Text
                aria_label=name(text::PREFIX)
                placeholder=t(text::PREFIX)
                mono=true
            />
            <RemoveButton wizard path=path.clone() what=name(text::ENV_FROM)/>
        </div>
        <Problems wizard path/>
    }
}
