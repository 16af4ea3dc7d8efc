//! Volumes, and where containers mount them.

use leptos::prelude::*;
use manifest::{Edit, Path};
use serde_json::{Value, json};

use super::containers::pod;
use super::environment::{keys, names};
use super::fields::{
    AddButton, As, Check, Input, Problems, RemoveButton, Select, TextField, id_of, positions,
};
use super::state::{Wizard, plain};
use crate::i18n::{Text, t, tf, wizard as text};
use crate::kit::icon::{Glyph, Icon};

fn volumes() -> Path {
    pod().key("volumes")
}

/// 存储卷设置.
#[component]
pub fn Volumes(
    /// The wizard.
    wizard: Wizard,
) -> impl IntoView {
    let add = move |source: Value| {
        let taken: Vec<String> = untrack(|| {
            (0..wizard.length(&volumes()))
                .map(|index| name_of(wizard, index))
                .collect()
        });
        let name = (1..)
            .map(|n| format!("volume-{n}"))
            .find(|name| !taken.contains(name))
            .unwrap_or_default();
        let mut volume = json!({"name": name});
        if let (Some(volume), Value::Object(source)) = (volume.as_object_mut(), source) {
            volume.extend(source);
        }
        wizard.push(&volumes(), volume);
    };
    let button = move |label: Text, source: Value| {
        view! { <AddButton label=t(label) on_add=Callback::new(move |()| add(source.clone()))/> }
    };
    view! {
        <div id=id_of(&volumes())>
            <For each=move || positions(wizard, volumes()).get() key=|index| *index let(index)>
                <Volume wizard index/>
            </For>
            <Show when=move || wizard.length(&volumes()) == 0>
                <p class="hint">{t(text::VOLUMES_EMPTY)}</p>
            </Show>
            <Problems wizard path=volumes()/>
        </div>
        <div class="row-buttons">
            {button(text::ADD_CLAIM, json!({"persistentVolumeClaim": {"claimName": ""}}))}
            {button(text::ADD_EMPTY_DIR, json!({"emptyDir": {}}))}
            {button(text::ADD_CONFIG_MAP, json!({"configMap": {"name": ""}}))}
            {button(text::ADD_SECRET, json!({"secret": {"secretName": ""}}))}
        </div>
    }
}

fn name_of(wizard: Wizard, index: usize) -> String {
    wizard
        .get(&volumes().index(index).key("name"))
        .as_ref()
        .map(plain)
        .unwrap_or_default()
}

#[component]
fn Volume(wizard: Wizard, index: usize) -> impl IntoView {
    let path = volumes().index(index);
    let stored = StoredValue::new(path.clone());
    let name = move || name_of(wizard, index);
    let kind = Memo::new(move |_| {
        let volume = wizard.get(&stored.get_value());
        let keys = volume
            .as_ref()
            .and_then(Value::as_object)
            .map(|volume| volume.keys().cloned().collect::<Vec<_>>());
        keys.unwrap_or_default()
            .into_iter()
            .find(|key| key != "name")
            .unwrap_or_default()
    });
    // Mounts follow the volume's new name.
    let rename = move |new: String| {
        let old = untrack(name);
        for mount in untrack(|| mounts(wizard, &old)) {
            wizard.edit(
                &Edit::Set {
                    path: mount.key("name"),
                    value: new.clone().into(),
                },
                Some("rename-volume"),
            );
        }
        let path = stored.get_value().key("name");
        wizard.edit(
            &Edit::Set {
                path,
                value: new.into(),
            },
            Some("rename-volume"),
        );
    };
    view! {
        <section class="card container" aria-label=move || format!("{} {}", t(text::STEP_VOLUMES), name())>
            <header class="container-head">
                <Icon glyph=Glyph::Volume/>
                <strong>{name}</strong>
                <span class="tag">{move || kind.get()}</span>
                <span class="bar-space"></span>
                <button
                    type="button"
                    class="button button-icon"
                    aria-label=move || tf(text::REMOVE, &[("what", &name())])
                    on:click=move |_| remove_volume(wizard, index)
                >
                    <Icon glyph=Glyph::Trash/>
                </button>
            </header>
            <div class="columns">
                <div class="field">
                    <label class="field-label" for=id_of(&path.key("name"))>{t(text::VOLUME_NAME)}</label>
                    <input
                        id=id_of(&path.key("name"))
                        class="input input-mono"
                        type="text"
                        autocomplete="off"
                        spellcheck="false"
                        prop:value=name
                        on:input=move |event| rename(event_target_value(&event))
                        on:focus=move |_| wizard.focused.set(stored.get_value().key("name"))
                    />
                    <Problems wizard path=path.key("name")/>
                    <Problems wizard path=path.clone()/>
                </div>
                {move || view! { <Source wizard path=stored.get_value() kind=kind.get()/> }}
            </div>
            <Mounts wizard index/>
        </section>
    }
    .into_any()
}

/// The fields of a volume's source.
#[component]
fn Source(wizard: Wizard, path: Path, kind: String) -> impl IntoView {
    let at = path.key(kind.as_str());
    match kind.as_str() {
        "emptyDir" => view! {
            <Select
                wizard
                path=at.key("medium")
                label=text::MEDIUM
                values=&["Memory"]
                none=text::MEDIUM_DISK
            />
            <TextField wizard path=at.key("sizeLimit") label=text::SIZE_LIMIT placeholder="1Gi" mono=true/>
        }
        .into_any(),
        "persistentVolumeClaim" => {
            let claims = Signal::derive(move || {
                wizard.offers.with(|offers| {
                    let claims = offers.as_ref().and_then(|offers| offers.claims.as_ref());
                    claims
                        .into_iter()
                        .flatten()
                        .map(|claim| claim.name.clone())
                        .collect::<Vec<_>>()
                })
            });
            view! {
                <TextField wizard path=at.key("claimName") label=text::CLAIM kind=As::TextKept offers=claims mono=true/>
                <Check wizard path=at.key("readOnly") label=text::READ_ONLY/>
            }
            .into_any()
        }
        "configMap" | "secret" => {
            let secret = kind == "secret";
            let name = at.key(if secret { "secretName" } else { "name" });
            view! {
                <TextField
                    wizard
                    path=name.clone()
                    label=text::RESOURCE_NAME
                    kind=As::TextKept
                    offers=names(wizard, secret)
                    mono=true
                />
                <Items wizard path=at.key("items") name secret/>
            }
            .into_any()
        }
        _ => view! { <p class="hint">{tf(text::OTHER_VOLUME, &[("kind", &kind)])}</p> }.into_any(),
    }
}

/// Keys that become files.
#[component]
fn Items(wizard: Wizard, path: Path, name: Path, secret: bool) -> impl IntoView {
    let stored = StoredValue::new(path.clone());
    let item = move |index: usize| stored.get_value().index(index);
    let offered = keys(wizard, secret, name);
    view! {
        <fieldset class="group group-wide" id=id_of(&path)>
            <legend class="group-title">{t(text::ITEMS)}</legend>
            <p class="hint">{t(text::ITEMS_HINT)}</p>
            <For each=move || positions(wizard, stored.get_value()).get() key=|index| *index let(index)>
                <div class="row-pair">
                    <Input
                        wizard
                        path=item(index).key("key")
                        kind=As::TextKept
                        aria_label=format!("{} {}", t(text::KEY), index + 1)
                        placeholder=t(text::KEY)
                        offers=offered
                        mono=true
                    />
                    <Input
                        wizard
                        path=item(index).key("path")
                        kind=As::TextKept
                        aria_label=format!("{} {}", t(text::ITEM_PATH), index + 1)
                        placeholder=t(text::ITEM_PATH)
                        mono=true
                    />
                    <RemoveButton wizard path=item(index) what=format!("{} {}", t(text::KEY), index + 1)/>
                </div>
                <Problems wizard path=item(index).key("key")/>
                <Problems wizard path=item(index).key("path")/>
            </For>
            <AddButton
                label=t(text::ADD_ITEM)
                on_add=Callback::new(move |()| wizard.push(&stored.get_value(), json!({"key": "", "path": ""})))
            />
        </fieldset>
    }
}

/// Containers of both lists, by path and name.
fn containers(wizard: Wizard) -> Vec<(Path, String)> {
    ["containers", "initContainers"]
        .into_iter()
        .flat_map(|list| {
            let path = pod().key(list);
            (0..wizard.length(&path)).map(move |index| {
                let path = path.index(index);
                let name = wizard
                    .get(&path.key("name"))
                    .as_ref()
                    .map(plain)
                    .unwrap_or_default();
                (path, name)
            })
        })
        .collect()
}

/// Paths of the mounts of a volume.
fn mounts(wizard: Wizard, volume: &str) -> Vec<Path> {
    let all = containers(wizard).into_iter().flat_map(|(container, _)| {
        let list = container.key("volumeMounts");
        (0..wizard.length(&list)).map(move |index| list.index(index))
    });
    all.filter(|mount| wizard.get(&mount.key("name")) == Some(Value::from(volume)))
        .collect()
}

/// A volume goes with its mounts, the last first so that positions stay right.
fn remove_volume(wizard: Wizard, index: usize) {
    let name = untrack(|| name_of(wizard, index));
    for mount in untrack(|| mounts(wizard, &name)).into_iter().rev() {
        wizard.edit(&Edit::Remove { path: mount }, Some("remove-volume"));
    }
    wizard.edit(
        &Edit::Remove {
            path: volumes().index(index),
        },
        Some("remove-volume"),
    );
}

/// Where a volume is mounted.
#[component]
fn Mounts(wizard: Wizard, index: usize) -> impl IntoView {
    let name = move || name_of(wizard, index);
    let found = Memo::new(move |_| mounts(wizard, &name()));
    let all = Memo::new(move |_| containers(wizard));
    view! {
        <fieldset class="group">
            <legend class="group-title">{t(text::MOUNTS)}</legend>
            <For each=move || found.get() key=ToString::to_string let(mount)>
                <Mount wizard mount/>
            </For>
            <div class="row-buttons">
                {move || {
                    all.get()
                        .into_iter()
                        .map(|(container, label)| {
                            let add = move || {
                                let mount = json!({"name": untrack(name), "mountPath": ""});
                                wizard.push(&container.key("volumeMounts"), mount);
                            };
                            view! {
                                <AddButton
                                    label=tf(text::ADD_MOUNT, &[("container", &label)])
                                    on_add=Callback::new(move |()| add())
                                />
                            }
                        })
                        .collect_view()
                }}
            </div>
        </fieldset>
    }
}

#[component]
fn Mount(wizard: Wizard, mount: Path) -> impl IntoView {
    let container = StoredValue::new(mount.parent().and_then(|list| list.parent()).unwrap_or_default());
    let name = move || {
        wizard
            .get(&container.get_value().key("name"))
            .as_ref()
            .map(plain)
            .unwrap_or_default()
    };
    view! {
        <div class="row-fields">
            <span class="tag">{name}</span>
            <TextField
                wizard
                path=mount.key("mountPath")
                label=text::MOUNT_PATH
                kind=As::TextKept
                placeholder="/data"
                mono=true
            />
            <TextField wizard path=mount.key("subPath") label=text::SUB_PATH mono=true/>
            <Check wizard path=mount.key("readOnly") label=text::READ_ONLY/>
            <RemoveButton wizard path=mount.clone() what=t(text::MOUNTS)/>
        </div>
        <Problems wizard path=mount.key("name")/>
    }
}
