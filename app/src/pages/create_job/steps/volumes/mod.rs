//! Volumes step (存储卷设置): volumes, and where containers mount them.

mod files;
mod mounts;
mod projected;
mod source;

use leptos::prelude::*;
use manifest::{Edit, Path};
use serde_json::{Value, json};

use crate::i18n::{t, tf, volume, wizard as text};
use crate::kit::erased::dynamic;
use crate::kit::icon::{Glyph, Icon};
use crate::pages::create_job::extra_objects::Objects;
use crate::pages::create_job::fields::table::FieldSpec;
use crate::pages::create_job::fields::{AddButton, InputKind, Problems, Rows, TextField};
use crate::pages::create_job::generated_form::OtherFields;
use crate::pages::create_job::state::{Wizard, display};
use crate::pages::create_job::steps::pod_template::pod;
use crate::pages::create_job::steps::volumes::mounts::{Mounts, mounts_of};
use crate::pages::create_job::steps::volumes::source::{KINDS, Kind, Source};

fn volumes() -> Path {
    pod().key("volumes")
}

/// Volumes step (存储卷设置).
#[component]
pub fn Volumes(
    /// Wizard state.
    wizard: Wizard,
) -> impl IntoView {
    let add = move |source: Value| {
        let taken: Vec<String> = untrack(|| {
            (0..wizard.length(&volumes()))
                .map(|index| name_of(wizard, index))
                .collect()
        });
        let name = (1..=taken.len() + 1)
            .map(|n| format!("volume-{n}"))
            .find(|name| !taken.contains(name))
            .unwrap_or_default();
        let mut volume = json!({"name": name});
        if let (Some(volume), Value::Object(source)) = (volume.as_object_mut(), source) {
            volume.extend(source);
        }
        wizard.add(&volumes(), volume);
    };
    let button = move |kind: &'static Kind| {
        let add_it = move |()| add(json!({kind.key: (kind.new)()}));
        view! { <AddButton label=t(kind.add) on_add=Callback::new(add_it)/> }
    };
    let (first, others): (Vec<_>, Vec<_>) = KINDS.iter().partition(|kind| kind.is_first);
    view! {
        <div id=wizard.id(&volumes())>
            <Rows
                wizard
                path=volumes()
                label=t(text::STEP_VOLUMES)
                row=Callback::new(move |index| view! { <Volume wizard index/> }.into_any())
            />
            <Show when=move || wizard.length(&volumes()) == 0>
                <p class="hint">{t(text::VOLUMES_EMPTY)}</p>
            </Show>
            <Problems wizard path=volumes()/>
            <div class="row-buttons">{first.into_iter().map(button).collect_view()}</div>
        </div>
        <details class="more">
            <summary>{t(volume::MORE_KINDS)}</summary>
            <div class="row-buttons">{others.into_iter().map(button).collect_view()}</div>
        </details>
        <Objects wizard/>
    }
}

/// Returns a new volume of a kind, if it has controls.
pub fn new_volume(kind: &str) -> Option<Value> {
    let kind = KINDS.iter().find(|known| known.key == kind)?;
    Some(json!({"name": "volume-1", kind.key: (kind.new)()}))
}

fn name_of(wizard: Wizard, index: usize) -> String {
    wizard
        .get(&volumes().index(index).key("name"))
        .as_ref()
        .map(display)
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
    view! {
        <section class="card container" aria-label=move || format!("{} {}", t(text::STEP_VOLUMES), name())>
            <header class="container-head">
                <Icon glyph=Glyph::Volume/>
                <strong>{name}</strong>
                <span class="tag">{dynamic(move || kind.get())}</span>
                <span class="bar-space"></span>
                <button
                    type="button"
                    class="button button-icon"
                    data-early="remove"
                    aria-label=move || tf(text::REMOVE, &[("what", &name())])
                    on:click=move |_| remove_volume(wizard, index)
                >
                    <Icon glyph=Glyph::Trash/>
                </button>
            </header>
            <div class="columns">
                <div>
                    <TextField wizard path=path.key("name") label=text::VOLUME_NAME kind=InputKind::RequiredText mono=true/>
                    <Problems wizard path=path.clone()/>
                </div>
                {dynamic(move || view! { <Source wizard path=stored.get_value() kind=kind.get()/> })}
            </div>
            <Mounts wizard index/>
            <OtherFields wizard path=path.clone()/>
        </section>
    }
    .into_any()
}

/// Removes a volume with its mounts, the last first so that positions stay valid.
fn remove_volume(wizard: Wizard, index: usize) {
    let name = untrack(|| name_of(wizard, index));
    let mounts = untrack(|| mounts_of(wizard, &name)).into_iter().rev();
    let removed = mounts.chain(std::iter::once(volumes().index(index)));
    wizard.edit_all(&removed.map(|path| Edit::Remove { path }).collect::<Vec<_>>());
}

/// Returns the field tables of this step with the path of the object they belong to, for the field search.
pub fn tables() -> Vec<(String, &'static [FieldSpec])> {
    let mount = (
        "spec.template.spec.containers[0].volumeMounts[0]".to_owned(),
        mounts::OPTIONS,
    );
    std::iter::once(mount)
        .chain(source::tables("spec.template.spec.volumes[0]"))
        .collect()
}
