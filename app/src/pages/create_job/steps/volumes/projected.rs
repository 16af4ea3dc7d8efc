//! Projected volumes, and fields of the Pod as files (downward API).

use leptos::prelude::*;
use manifest::Path;
use serde_json::{Value, json};

use crate::i18n::{Text, volume, wizard as text};
use crate::kit::erased::dynamic;
use crate::pages::create_job::fields::items::{Addition, Items};
use crate::pages::create_job::fields::table;
use crate::pages::create_job::fields::table::{Control, FieldSpec, specs};
use crate::pages::create_job::fields::{InputKind, TextField};
use crate::pages::create_job::state::Wizard;
use crate::pages::create_job::steps::pod_template::environment::names;
use crate::pages::create_job::steps::volumes::files::Keys;

const SOURCES: &[Addition] = &[
    (volume::CONFIG_MAP, || json!({"configMap": {"name": ""}})),
    (volume::SECRET, || json!({"secret": {"name": ""}})),
    (volume::DOWNWARD, || json!({"downwardAPI": {"items": []}})),
    (
        volume::TOKEN,
        || json!({"serviceAccountToken": {"path": "token", "expirationSeconds": 3600}}),
    ),
];

const TOKEN: &[FieldSpec] = specs! {
    "path" => Control::Required, "File" | "文件", "" | "";
    "audience" => Control::Text, "Audience" | "受众", "Not set: the API server." | "未设置：API 服务器。";
    "expirationSeconds" => Control::Number, "Valid for (seconds)" | "有效期（秒）", "At least 600." | "至少 600。";
};

/// Sources of a projected volume.
#[component]
pub fn Sources(
    /// Wizard state.
    wizard: Wizard,
    /// Path of `projected`.
    path: Path,
) -> impl IntoView {
    view! {
        <div class="group-wide">
            <Items wizard path=path.key("sources") label=volume::SOURCES additions=SOURCES item=source/>
        </div>
    }
}

fn source(wizard: Wizard, path: Path) -> AnyView {
    let stored = StoredValue::new(path);
    let kind = Memo::new(move |_| {
        let value = wizard.get(&stored.get_value());
        let first = value
            .as_ref()
            .and_then(Value::as_object)
            .and_then(|source| source.keys().next().cloned());
        first.unwrap_or_default()
    });
    (move || {
        let at = stored.get_value().key(kind.get());
        match kind.get().as_str() {
            "downwardAPI" => view! { <Fields wizard path=at.key("items")/> }.into_any(),
            "serviceAccountToken" => view! { <table::Fields wizard base=at specs=TOKEN/> }.into_any(),
            kind @ ("configMap" | "secret") => {
                let secret = kind == "secret";
                let label = if secret {
                    volume::SECRET
                } else {
                    volume::CONFIG_MAP
                };
                view! {
                    <TextField
                        wizard
                        path=at.key("name")
                        label
                        kind=InputKind::RequiredText
                        offers=Some(names(wizard, secret))
                        mono=true
                    />
                    <Keys wizard path=at.key("items") name=at.key("name") secret/>
                }
                .into_any()
            }
            other => view! { <p class="hint">{crate::i18n::tf(text::IN_TEXT_ONLY, &[("what", other)])}</p> }
                .into_any(),
        }
    })
    .into_any()
}

const FIELDS: &[Addition] = &[
    (
        volume::ADD_FIELD,
        || json!({"path": "labels", "fieldRef": {"fieldPath": "metadata.labels"}}),
    ),
    (
        volume::ADD_RESOURCE_FIELD,
        || json!({"path": "memory", "resourceFieldRef": {"containerName": "", "resource": "limits.memory"}}),
    ),
];

const FILE: &[FieldSpec] = specs! {
    "path" => Control::Required, "File" | "文件", "" | "";
};

const FIELD: &[FieldSpec] = specs! {
    "fieldRef.fieldPath" => Control::Required, "Field of the Pod" | "容器组字段",
        "Such as metadata.name or metadata.labels['app']." | "例如 metadata.name 或 metadata.labels['app']。";
};

const RESOURCE: &[FieldSpec] = specs! {
    "resourceFieldRef.containerName" => Control::Required, "Container" | "容器", "" | "";
    "resourceFieldRef.resource" => Control::Choice(&["limits.cpu", "limits.memory", "requests.cpu", "requests.memory", "limits.ephemeral-storage", "requests.ephemeral-storage"]),
        "Resource" | "资源", "" | "";
    "resourceFieldRef.divisor" => Control::Text, "Unit" | "单位", "Such as 1Mi. Not set: 1." | "例如 1Mi。未设置：1。";
};

/// Fields of the Pod projected as files.
#[component]
pub fn Fields(
    /// Wizard state.
    wizard: Wizard,
    /// Path of the list.
    path: Path,
) -> impl IntoView {
    const LABEL: Text = volume::POD_FIELDS;
    view! {
        <div class="group-wide">
            <Items wizard path label=LABEL additions=FIELDS item=field/>
        </div>
    }
}

fn field(wizard: Wizard, path: Path) -> AnyView {
    let stored = StoredValue::new(path.clone());
    let resource = Memo::new(move |_| wizard.get(&stored.get_value().key("resourceFieldRef")).is_some());
    view! {
        <table::Fields wizard base=path specs=FILE/>
        {dynamic(move || {
            let specs = if resource.get() { RESOURCE } else { FIELD };
            view! { <table::Fields wizard base=stored.get_value() specs/> }
        })}
    }
    .into_any()
}

/// Returns the field tables of projected sources and of Pod fields in the volume at `base`, for the field search.
pub fn tables(base: &str) -> Vec<(String, &'static [FieldSpec])> {
    let mut tables = vec![(format!("{base}.projected.sources[0].serviceAccountToken"), TOKEN)];
    for items in [
        "downwardAPI.items[0]",
        "projected.sources[0].downwardAPI.items[0]",
    ] {
        tables.extend([FILE, FIELD, RESOURCE].map(|table| (format!("{base}.{items}"), table)));
    }
    tables
}
