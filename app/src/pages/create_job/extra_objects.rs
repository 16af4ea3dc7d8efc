//! Forms for objects created together with the Job: the other documents of the stream.

use leptos::prelude::*;
use manifest::Path;
use serde_json::Value;

use crate::i18n::{Text, extra_objects as text, t, tf};
use crate::kit::erased::dynamic;
use crate::kit::icon::{Glyph, Icon};
use crate::pages::create_job::examples;
use crate::pages::create_job::fields::key_values::KeyValues;
use crate::pages::create_job::fields::quantity::Units;
use crate::pages::create_job::fields::table::{Control, FieldSpec, Fields, specs};
use crate::pages::create_job::state::{Wizard, display};

/// Kind of object that can be added.
struct Kind {
    name: &'static str,
    add: Text,
    /// Content of a new document below `metadata.name`.
    body: &'static str,
    fields: &'static [FieldSpec],
    pairs: &'static [(&'static str, Text, Text)],
}

const KINDS: &[Kind] = &[
    Kind {
        name: "ConfigMap",
        add: text::ADD_CONFIG_MAP,
        body: "data:\n  key: value\n",
        fields: &[],
        pairs: &[("data", text::DATA, text::ADD_DATA)],
    },
    Kind {
        name: "Secret",
        add: text::ADD_SECRET,
        body: "type: Opaque\nstringData:\n  key: \"\"\n",
        fields: specs! {
            "type" => Control::Text, "Type" | "类型", "Such as kubernetes.io/dockerconfigjson for a registry." | "例如镜像仓库使用 kubernetes.io/dockerconfigjson。";
        },
        pairs: &[("stringData", text::SECRET_DATA, text::ADD_DATA)],
    },
    Kind {
        name: "PersistentVolumeClaim",
        add: text::ADD_CLAIM,
        body: "spec:\n  accessModes:\n    - ReadWriteOnce\n  resources:\n    requests:\n      storage: 1Gi\n",
        fields: specs! {
            "spec.resources.requests.storage" => Control::Quantity(Units::Memory), "Size" | "容量", "" | "";
            "spec.storageClassName" => Control::Text, "Storage class" | "存储类", "Not set: the cluster's default." | "未设置：集群默认。";
            "spec.accessModes" => Control::StringList(text::ADD_MODE), "Access modes" | "访问模式", "" | "";
        },
        pairs: &[],
    },
    Kind {
        name: "ServiceAccount",
        add: text::ADD_ACCOUNT,
        body: "",
        fields: &[],
        pairs: &[],
    },
];

/// Returns position, kind and name of the documents other than the form's Job.
fn others(wizard: Wizard) -> Vec<(usize, String, String)> {
    wizard.readable.track();
    let job = wizard.entry.get();
    wizard.readable.with_untracked(|document| {
        let entries = document
            .entries()
            .iter()
            .enumerate()
            .filter(|(index, _)| *index != job);
        entries
            .map(|(index, entry)| {
                let text = |field: &Option<String>| field.clone().unwrap_or_default();
                (index, text(&entry.kind), text(&entry.name))
            })
            .collect()
    })
}

/// Returns the names of a kind's objects in the stream itself, for the pickers.
pub fn names_of(wizard: Wizard, kind: &str) -> Vec<String> {
    others(wizard)
        .into_iter()
        .filter(|(_, other, name)| other == kind && !name.is_empty())
        .map(|(_, _, name)| name)
        .collect()
}

/// Forms of the additional objects, and an add button for each kind.
#[component]
pub fn Objects(
    /// Wizard state.
    wizard: Wizard,
) -> impl IntoView {
    let list = Memo::new(move |_| others(wizard));
    let add = move |kind: &'static Kind| {
        let base = kind.name.to_lowercase();
        let taken = untrack(|| names_of(wizard, kind.name));
        let job = untrack(|| wizard.get(&Path::of(["metadata", "name"])));
        let job = job
            .as_ref()
            .map(display)
            .filter(|name| !name.is_empty())
            .unwrap_or_else(|| "job".to_owned());
        let short = match base.as_str() {
            "configmap" => "config",
            "persistentvolumeclaim" => "data",
            "serviceaccount" => "account",
            other => other,
        };
        let name = (1..=taken.len() + 1)
            .map(|n| {
                if n == 1 {
                    format!("{job}-{short}")
                } else {
                    format!("{job}-{short}-{n}")
                }
            })
            .find(|name| !taken.contains(name))
            .unwrap_or_default();
        let document = format!(
            "apiVersion: v1\nkind: {}\nmetadata:\n  name: x\n{}",
            kind.name, kind.body
        );
        wizard.append(&examples::named(&document, &name));
    };
    view! {
        <details class="more" open=move || list.with(|list| !list.is_empty())>
            <summary>
                {t(text::TITLE)}
                {dynamic(move || {
                    let count = list.with(Vec::len);
                    (count > 0).then(|| view! { <span class="count count-mild">{count}</span> })
                })}
            </summary>
            <p class="hint">{t(text::HINT)}</p>
            <For each=move || list.get() key=|(index, kind, _)| (*index, kind.clone()) let((index, kind, _))>
                <Object wizard=wizard.for_entry(index) kind/>
            </For>
            <div class="row-buttons">
                {KINDS
                    .iter()
                    .map(|kind| {
                        view! {
                            <crate::pages::create_job::fields::AddButton label=t(kind.add) on_add=Callback::new(move |()| add(kind))/>
                        }
                    })
                    .collect_view()}
            </div>
        </details>
    }
    .into_any()
}

const NAME: &[FieldSpec] = specs! {
    "metadata.name" => Control::Required, "Name" | "名称", "" | "";
};

#[component]
fn Object(wizard: Wizard, kind: String) -> impl IntoView {
    let name = move || {
        wizard
            .get(&Path::of(["metadata", "name"]))
            .as_ref()
            .map(display)
            .unwrap_or_default()
    };
    let known = KINDS.iter().find(|known| known.name == kind);
    let title = kind.clone();
    view! {
        <section class="card container" aria-label=move || format!("{kind} {}", name())>
            <header class="container-head">
                <Icon glyph=Glyph::File/>
                <strong>{name}</strong>
                <span class="tag">{title.clone()}</span>
            </header>
            {match known {
                Some(known) => {
                    view! {
                        <Fields wizard base=Path::root() specs=NAME/>
                        <Fields wizard base=Path::root() specs=known.fields/>
                        {known
                            .pairs
                            .iter()
                            .map(|(key, label, add)| {
                                view! { <KeyValues wizard path=Path::of([*key]) label=*label add=*add/> }
                            })
                            .collect_view()}
                        {encoded(wizard)}
                    }
                        .into_any()
                }
                None => view! { <p class="hint">{tf(text::IN_TEXT, &[("kind", &title)])}</p> }.into_any(),
            }}
        </section>
    }
    .into_any()
}

/// Lists the keys of a Secret's `data`, whose values are base64 and are edited in the text.
fn encoded(wizard: Wizard) -> impl IntoView {
    let keys = move || {
        let secret = wizard.get(&Path::of(["kind"])) == Some(Value::from("Secret"));
        let data = wizard.pairs(&Path::of(["data"]));
        (secret && !data.is_empty()).then(|| {
            let keys: Vec<_> = data.into_iter().map(|(key, _)| key).collect();
            tf(text::ENCODED, &[("keys", &keys.join(", "))])
        })
    };
    view! { {dynamic(move || keys().map(|hint| view! { <p class="hint">{hint}</p> }))} }
}
