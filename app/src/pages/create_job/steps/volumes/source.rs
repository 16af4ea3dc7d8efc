//! The kinds of volume, and the fields of each.

use leptos::prelude::*;
use manifest::Path;
use serde_json::{Value, json};

use crate::api::create::Offers;
use crate::i18n::{Text, tf, volume as words, wizard as text};
use crate::pages::create_job::fields::quantity::Units;
use crate::pages::create_job::fields::table::{Control, Fields, Spec, specs};
use crate::pages::create_job::fields::{As, TextField};
use crate::pages::create_job::state::Wizard;
use crate::pages::create_job::steps::pod_template::environment::names;
use crate::pages::create_job::steps::volumes::files::Keys;
use crate::pages::create_job::steps::volumes::projected::{Fields as DownwardFields, Sources};

/// A kind of volume.
pub struct Kind {
    /// Its field in the API.
    pub key: &'static str,
    /// Words on the button that adds one.
    pub add: Text,
    /// It stands among the first; the others are folded.
    pub is_first: bool,
    /// What a new one begins with.
    pub new: fn() -> Value,
    /// Its plain fields.
    fields: &'static [Spec],
}

/// All that have controls of their own; any other is kept and edited in the text.
pub const KINDS: &[Kind] = &[
    Kind {
        key: "persistentVolumeClaim",
        add: text::ADD_CLAIM,
        is_first: true,
        new: || json!({"claimName": ""}),
        fields: specs! {
            "claimName" => Control::Offer("PersistentVolumeClaim", claims), "Claim" | "存储卷", "A PersistentVolumeClaim of this project." | "本项目中的 PersistentVolumeClaim。";
            "readOnly" => Control::Check, "Read-only" | "只读", "" | "";
        },
    },
    Kind {
        key: "emptyDir",
        add: text::ADD_EMPTY_DIR,
        is_first: true,
        new: || json!({}),
        fields: specs! {
            "medium" => Control::Choice(&["Memory"]), "Medium" | "介质", "Not set: the node's disk." | "未设置：节点磁盘。";
            "sizeLimit" => Control::Quantity(Units::Memory), "Size limit" | "大小上限", "" | "";
        },
    },
    Kind {
        key: "configMap",
        add: text::ADD_CONFIG_MAP,
        is_first: true,
        new: || json!({"name": ""}),
        fields: &[],
    },
    Kind {
        key: "secret",
        add: text::ADD_SECRET,
        is_first: true,
        new: || json!({"secretName": ""}),
        fields: &[],
    },
    Kind {
        key: "hostPath",
        add: words::ADD_HOST_PATH,
        is_first: false,
        new: || json!({"path": ""}),
        fields: specs! {
            "path" => Control::Required, "Path on the node" | "主机路径", "" | "";
            "type" => Control::Choice(&["DirectoryOrCreate", "Directory", "FileOrCreate", "File", "Socket", "CharDevice", "BlockDevice"]),
                "What has to be there" | "路径类型", "Not set: not checked." | "未设置：不检查。";
        },
    },
    Kind {
        key: "nfs",
        add: words::ADD_NFS,
        is_first: false,
        new: || json!({"server": "", "path": "/"}),
        fields: specs! {
            "server" => Control::Required, "NFS server" | "NFS 服务器", "" | "";
            "path" => Control::Required, "Exported path" | "导出路径", "" | "";
            "readOnly" => Control::Check, "Read-only" | "只读", "" | "";
        },
    },
    Kind {
        key: "projected",
        add: words::ADD_PROJECTED,
        is_first: false,
        new: || json!({"sources": []}),
        fields: &[],
    },
    Kind {
        key: "downwardAPI",
        add: words::ADD_DOWNWARD,
        is_first: false,
        new: || json!({"items": []}),
        fields: &[],
    },
    Kind {
        key: "ephemeral",
        add: words::ADD_EPHEMERAL,
        is_first: false,
        new: || {
            json!({"volumeClaimTemplate": {"spec": {
                "accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}},
            }}})
        },
        fields: specs! {
            "volumeClaimTemplate.spec.storageClassName" => Control::Text, "Storage class" | "存储类", "Not set: the cluster's default." | "未设置：集群默认。";
            "volumeClaimTemplate.spec.resources.requests.storage" => Control::Quantity(Units::Memory), "Size" | "容量", "" | "";
            "volumeClaimTemplate.spec.accessModes" => Control::Words(words::ADD_MODE), "Access modes" | "访问模式", "" | "";
        },
    },
    Kind {
        key: "image",
        add: words::ADD_IMAGE,
        is_first: false,
        new: || json!({"reference": "", "pullPolicy": "IfNotPresent"}),
        fields: specs! {
            "reference" => Control::Required, "Image or artifact" | "镜像或制品", "Mounted read-only." | "以只读方式挂载。" [since 33];
            "pullPolicy" => Control::Choice(&["IfNotPresent", "Always", "Never"]), "Pull policy" | "拉取策略", "" | "" [since 33];
        },
    },
];

fn claims(offers: &Offers) -> Vec<String> {
    offers
        .claims
        .iter()
        .flatten()
        .map(|claim| claim.name.clone())
        .collect()
}

const FILE_MODE: &[Spec] = specs! {
    "defaultMode" => Control::Number, "File mode" | "文件权限", "Decimal: 420 is 0644." | "十进制：420 即 0644。";
    "optional" => Control::Flag, "May be missing" | "允许不存在", "" | "";
};

/// The fields of a volume's source.
#[component]
pub fn Source(
    /// The wizard.
    wizard: Wizard,
    /// The volume.
    path: Path,
    /// Its kind: the field that stands beside the name.
    kind: String,
) -> impl IntoView {
    let at = path.key(kind.as_str());
    match kind.as_str() {
        "configMap" | "secret" => {
            let secret = kind == "secret";
            let name = at.key(if secret { "secretName" } else { "name" });
            view! {
                <TextField
                    wizard
                    path=name.clone()
                    label=text::RESOURCE_NAME
                    kind=As::TextKept
                    offers=Some(names(wizard, secret))
                    mono=true
                />
                <Keys wizard path=at.key("items") name secret/>
                <div class="group-wide"><Fields wizard base=at specs=FILE_MODE/></div>
            }
            .into_any()
        }
        "projected" => view! { <Sources wizard path=at/> }.into_any(),
        "downwardAPI" => view! { <DownwardFields wizard path=at.key("items")/> }.into_any(),
        "persistentVolumeClaim" => view! {
            <Fields wizard base=at.clone() specs=fields_of("persistentVolumeClaim")/>
            <ClaimFacts wizard path=at.key("claimName")/>
        }
        .into_any(),
        other => match KINDS.iter().find(|kind| kind.key == other) {
            Some(kind) => view! { <Fields wizard base=at specs=kind.fields/> }.into_any(),
            None => view! { <p class="hint">{tf(text::OTHER_VOLUME, &[("kind", other)])}</p> }.into_any(),
        },
    }
}

fn fields_of(key: &str) -> &'static [Spec] {
    KINDS
        .iter()
        .find(|kind| kind.key == key)
        .map_or(&[], |kind| kind.fields)
}

/// What the cluster knows of the chosen claim: bound or free, size, class, access modes.
#[component]
fn ClaimFacts(wizard: Wizard, path: Path) -> impl IntoView {
    let facts = move || {
        let name = wizard.get(&path)?;
        wizard.offers.with(|offers| {
            let claims = offers.as_ref()?.claims.as_ref()?;
            let claim = claims.iter().find(|claim| name.as_str() == Some(&claim.name))?;
            let facts = [
                claim.phase.clone(),
                claim.size.clone(),
                claim.class.clone(),
                claim.modes.join(", "),
            ];
            Some(
                facts
                    .into_iter()
                    .filter(|fact| !fact.is_empty())
                    .collect::<Vec<_>>()
                    .join(" · "),
            )
        })
    };
    view! { <p class="hint group-wide" role="status">{facts}</p> }
}

const NAME: &[Spec] = specs! {
    "name" => Control::Required, "Name" | "资源名称", "" | "";
};

const SECRET_NAME: &[Spec] = specs! {
    "secretName" => Control::Required, "Name" | "资源名称", "" | "";
};

const ITEM: &[Spec] = specs! {
    "key" => Control::Required, "Key" | "键", "" | "";
    "path" => Control::Required, "File path" | "文件路径", "" | "";
};

/// The tables of the volume at `base`, for the search.
pub fn tables(base: &str) -> Vec<(String, &'static [Spec])> {
    let mut tables: Vec<_> = KINDS
        .iter()
        .filter(|kind| !kind.fields.is_empty())
        .map(|kind| (format!("{base}.{}", kind.key), kind.fields))
        .collect();
    for (kind, name) in [("configMap", NAME), ("secret", SECRET_NAME)] {
        tables.push((format!("{base}.{kind}"), name));
        tables.push((format!("{base}.{kind}"), FILE_MODE));
        tables.push((format!("{base}.{kind}.items[0]"), ITEM));
        tables.push((format!("{base}.projected.sources[0].{kind}"), NAME));
        tables.push((format!("{base}.projected.sources[0].{kind}.items[0]"), ITEM));
    }
    tables.extend(crate::pages::create_job::steps::volumes::projected::tables(base));
    tables
}
