//! Mounts of a volume in containers.

use leptos::prelude::*;
use manifest::Path;
use serde_json::{Value, json};

use crate::i18n::{t, tf, volume, wizard as text};
use crate::kit::erased::dynamic;
use crate::pages::create_job::fields::table::{Control, FieldSpec, Fields, specs};
use crate::pages::create_job::fields::{AddButton, Checkbox, InputKind, Problems, RemoveButton, TextField};
use crate::pages::create_job::state::{Wizard, display};
use crate::pages::create_job::steps::pod_template::pod;
use crate::pages::create_job::steps::volumes::name_of;

/// Returns the containers of both lists, by path and name.
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
                    .map(display)
                    .unwrap_or_default();
                (path, name)
            })
        })
        .collect()
}

/// Returns the paths of a volume's mounts.
pub fn mounts_of(wizard: Wizard, volume: &str) -> Vec<Path> {
    let all = containers(wizard).into_iter().flat_map(|(container, _)| {
        let list = container.key("volumeMounts");
        (0..wizard.length(&list)).map(move |index| list.index(index))
    });
    all.filter(|mount| wizard.get(&mount.key("name")) == Some(Value::from(volume)))
        .collect()
}

/// List of a volume's mounts.
#[component]
pub fn Mounts(
    /// Wizard state.
    wizard: Wizard,
    /// Position of the volume.
    index: usize,
) -> impl IntoView {
    let name = move || name_of(wizard, index);
    let found = Memo::new(move |_| mounts_of(wizard, &name()));
    let all = Memo::new(move |_| containers(wizard));
    let add = move |container: Path| {
        wizard.add(
            &container.key("volumeMounts"),
            json!({"name": untrack(name), "mountPath": ""}),
        );
    };
    view! {
        <fieldset class="group">
            <legend class="group-title">{t(text::MOUNTS)} <code class="yaml-key" aria-hidden="true">"volumeMounts"</code></legend>
            <For each=move || found.get() key=ToString::to_string let(mount)>
                <Mount wizard mount/>
            </For>
            <div class="row-buttons">
                {dynamic(move || {
                    let all = all.get();
                    if all.len() > BUTTONS {
                        return view! { <ContainerSelect all on_choose=Callback::new(add)/> }.into_any();
                    }
                    all.into_iter()
                        .map(|(container, label)| {
                            view! {
                                <AddButton
                                    label=tf(text::ADD_MOUNT, &[("container", &label)])
                                    on_add=Callback::new(move |()| add(container.clone()))
                                />
                            }
                        })
                        .collect_view()
                        .into_any()
                })}
            </div>
        </fieldset>
    }
}

/// Number of containers up to which there is a button for each.
const BUTTONS: usize = 8;

/// Select of a container to mount a volume in.
#[component]
fn ContainerSelect(all: Vec<(Path, String)>, on_choose: Callback<Path>) -> impl IntoView {
    let options = all.iter().enumerate().map(|(index, (_, name))| {
        view! { <option value=index.to_string()>{name.clone()}</option> }
    });
    let options = options.collect_view();
    view! {
        <select
            class="input select select-add"
            aria-label=t(text::ADD_MOUNT_IN)
            prop:value=""
            on:change=move |event| {
                let index = event_target_value(&event).parse::<usize>();
                if let Some((container, _)) = index.ok().and_then(|index| all.get(index)) {
                    on_choose.run(container.clone());
                }
                event_target::<web_sys::HtmlSelectElement>(&event).set_value("");
            }
        >
            <option value="">{t(text::ADD_MOUNT_IN)}</option>
            {options}
        </select>
    }
}

/// Further fields of a mount.
pub const OPTIONS: &[FieldSpec] = specs! {
    "subPathExpr" => Control::Text, "Sub-path with variables" | "含变量的子路径", "Such as $(POD_NAME)." | "例如 $(POD_NAME)。";
    "mountPropagation" => Control::Choice(&["None", "HostToContainer", "Bidirectional"]), "Mount propagation" | "挂载传播", "" | "";
    "recursiveReadOnly" => Control::Choice(&["Disabled", "IfPossible", "Enabled"]), "Mounts below are read-only too" | "递归只读", "" | "" [since 31];
};

#[component]
fn Mount(wizard: Wizard, mount: Path) -> impl IntoView {
    let container = StoredValue::new(mount.parent().and_then(|list| list.parent()).unwrap_or_default());
    let name = move || {
        wizard
            .get(&container.get_value().key("name"))
            .as_ref()
            .map(display)
            .unwrap_or_default()
    };
    view! {
        <div class="row-fields">
            <span class="tag">{name}</span>
            <TextField
                wizard
                path=mount.key("mountPath")
                label=text::MOUNT_PATH
                kind=InputKind::RequiredText
                placeholder="/data"
                mono=true
            />
            <TextField wizard path=mount.key("subPath") label=text::SUB_PATH mono=true/>
            <Checkbox wizard path=mount.key("readOnly") label=text::READ_ONLY/>
            <RemoveButton wizard path=mount.clone() what=t(text::MOUNTS)/>
        </div>
        <details class="more more-small">
            <summary>{t(volume::MOUNT_MORE)}</summary>
            <Fields wizard base=mount.clone() specs=OPTIONS/>
        </details>
        <Problems wizard path=mount.key("name")/>
    }
}
