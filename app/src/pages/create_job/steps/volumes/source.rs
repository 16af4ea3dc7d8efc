//! Kinds of volumes, and the fields of each.

use leptos::prelude::*;
use manifest::Path;
use serde_json::{Value, json};

use crate::api::create::Offers;
use crate::i18n::{Text, tf, volume, wizard as text};
use crate::pages::create_job::fields::quantity::Units;
use crate::pages::create_job::fields::table::{Control, FieldSpec, Fields, specs};
use crate::pages::create_job::fields::{InputKind, TextField};
use crate::pages::create_job::state::Wizard;
use crate::pages::create_job::steps::pod_template::environment::names;
use crate::pages::create_job::steps::volumes::files::Keys;
use crate::pages::create_job::steps::volumes::projected::{Fields as DownwardFields, Sources};

/// Kind of volume.
pub struct Kind {
    /// Field in the API.
    pub key: &'static str,
    /// Label of the add button.
    pub add: Text,
    /// Whether its add button is always visible; the others are collapsed.
    pub is_first: bool,
    /// Initial value.
    pub new: fn() -> Value,
    /// Simple fields.
    fields: &'static [FieldSpec],
}

/// Kinds that have controls; any other kind is kept and edited in the text.
pub const KINDS: &[Kind] = &[
    Kind {
        key: "persistentVolumeClaim",
        add: text::ADD_CLAIM,
        is_first: true,
        new: || json!({"claimName": ""}),
        fields: specs! {
            "claimName" => Control::Offer("PersistentVolumeClaim", claims), "Claim" | "存储卷", "A PersistentVolumeClaim of this project." | "本项目中的 PersistentVolumeClaim。" also "pvc, persistent volume, claim, persistent storage, 持久卷, 持久化, 存储卷声明, 持久存储";
            "readOnly" => Control::Checkbox, "Read-only" | "只读", "" | "";
        },
    },
    Kind {
        key: "emptyDir",
        add: text::ADD_EMPTY_DIR,
        is_first: true,
        new: || json!({}),
        fields: specs! {
            "medium" => Control::Choice(&["Memory"]), "Medium" | "介质", "Not set: the node's disk." | "未设置：节点磁盘。" also "emptydir, empty dir, scratch, temporary, tmpfs, cache, 临时卷, 临时存储, 缓存, 内存盘";
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
        add: volume::ADD_HOST_PATH,
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
        add: volume::ADD_NFS,
        is_first: false,
        new: || json!({"server": "", "path": "/"}),
        fields: specs! {
            "server" => Control::Required, "NFS server" | "NFS 服务器", "" | "" also "nfs, nas, 网络存储";
            "path" => Control::Required, "Exported path" | "导出路径", "" | "";
            "readOnly" => Control::Checkbox, "Read-only" | "只读", "" | "";
        },
    },
    Kind {
        key: "projected",
        add: volume::ADD_PROJECTED,
        is_first: false,
        new: || json!({"sources": []}),
        fields: &[],
    },
    Kind {
        key: "downwardAPI",
        add: volume::ADD_DOWNWARD,
        is_first: false,
        new: || json!({"items": []}),
        fields: &[],
    },
    Kind {
        key: "ephemeral",
        add: volume::ADD_EPHEMERAL,
        is_first: false,
        new: || {
            json!({"volumeClaimTemplate": {"spec": {
                "accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}},
            }}})
        },
        fields: specs! {
            "volumeClaimTemplate.spec.storageClassName" => Control::Text, "Storage class" | "存储类", "Not set: the cluster's default." | "未设置：集群默认。";
            "volumeClaimTemplate.spec.resources.requests.storage" => Control::Quantity(Units::Memory), "Size" | "容量", "" | "";
            "volumeClaimTemplate.spec.accessModes" => Control::StringList(volume::ADD_MODE), "Access modes" | "访问模式", "" | "";
        },
    },
    Kind {
        key: "image",
        add: volume::ADD_IMAGE,
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

const FILE_MODE: &[FieldSpec] = specs! {
    "defaultMode" => Control::Number, "File mode" | "文件权限", "Octal, such as 0400. Not set: 0644." | "八进制，例如 0400。未设置：0644。" also "permissions, chmod, file mode, octal, 权限, 文件权限";
    "optional" => Control::BooleanSelect, "May be missing" | "允许不存在", "" | "";
};

/// Fields of a volume's source.
#[component]
pub fn Source(
    /// Wizard state.
    wizard: Wizard,
    /// Path of the volume.
    path: Path,
    /// Kind: the key of the volume other than `name`.
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
                    kind=InputKind::RequiredText
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

fn fields_of(key: &str) -> &'static [FieldSpec] {
    KINDS
        .iter()
        .find(|kind| kind.key == key)
        .map_or(&[], |kind| kind.fields)
}

/// Facts about the selected claim: phase, size, class, access modes.
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

const NAME: &[FieldSpec] = specs! {
    "name" => Control::Required, "Name" | "资源名称", "" | "";
};

const SECRET_NAME: &[FieldSpec] = specs! {
    "secretName" => Control::Required, "Name" | "资源名称", "" | "" also "secret volume, mount secret, 挂载密钥";
};

const ITEM: &[FieldSpec] = specs! {
    "key" => Control::Required, "Key" | "键", "" | "";
    "path" => Control::Required, "File path" | "文件路径", "" | "";
};

/// Returns the field tables of the volume at `base`, for the field search.
pub fn tables(base: &str) -> Vec<(String, &'static [FieldSpec])> {
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
