//! The four short steps: basic information, settings, labels, nodes.

use leptos::prelude::*;
use manifest::Path;
use serde_json::Value;

use super::fields::{As, Check, Problems, Select, TextField, id_of};
use super::pairs::Pairs;
use super::state::Wizard;
use crate::api::create::Node;
use crate::i18n::{common, t, tf, wizard as text};
use crate::kit::icon::{Glyph, Icon};

const ALIAS: &str = "kubesphere.io/alias-name";
const DESCRIPTION: &str = "kubesphere.io/description";

/// 基本信息.
#[component]
pub fn Basic(
    /// The wizard.
    wizard: Wizard,
) -> impl IntoView {
    let annotation = |key| Path::of(["metadata", "annotations", key]);
    view! {
        <TextField
            wizard
            path=Path::of(["metadata", "name"])
            label=text::NAME
            hint=text::NAME_HINT
            kind=As::TextKept
            mono=true
        />
        <TextField wizard path=annotation(ALIAS) label=text::ALIAS hint=text::ALIAS_HINT/>
        <TextField wizard path=annotation(DESCRIPTION) label=text::DESCRIPTION hint=text::DESCRIPTION_HINT lines=true/>
        <div class="field">
            <span class="field-label">{t(text::PROJECT)}</span>
            <span class="field-fixed mono">{move || wizard.project.get()}</span>
        </div>
    }
}

/// 任务设置.
#[component]
pub fn Settings(
    /// The wizard.
    wizard: Wizard,
) -> impl IntoView {
    let spec = |key| Path::of(["spec", key]);
    view! {
        <div class="columns">
            <TextField wizard path=spec("backoffLimit") label=text::BACKOFF hint=text::BACKOFF_HINT kind=As::Number/>
            <TextField wizard path=spec("completions") label=text::COMPLETIONS hint=text::COMPLETIONS_HINT kind=As::Number/>
            <TextField wizard path=spec("parallelism") label=text::PARALLELISM hint=text::PARALLELISM_HINT kind=As::Number/>
            <TextField
                wizard
                path=spec("activeDeadlineSeconds")
                label=text::DEADLINE
                hint=text::DEADLINE_HINT
                kind=As::Number
            />
        </div>
        <details class="more">
            <summary>{t(text::MORE_SETTINGS)}</summary>
            <div class="columns">
                <TextField
                    wizard
                    path=spec("ttlSecondsAfterFinished")
                    label=text::TTL
                    hint=text::TTL_HINT
                    kind=As::Number
                />
                <Select
                    wizard
                    path=spec("completionMode")
                    label=text::MODE
                    hint=text::MODE_HINT
                    values=&["NonIndexed", "Indexed"]
                    none=text::NOT_SET
                />
                <Check wizard path=spec("suspend") label=text::SUSPEND/>
            </div>
        </details>
    }
}

/// 标签设置.
#[component]
pub fn Labels(
    /// The wizard.
    wizard: Wizard,
) -> impl IntoView {
    view! {
        <Pairs wizard path=Path::of(["metadata", "labels"]) label=text::JOB_LABELS add=text::ADD_LABEL/>
        <Pairs
            wizard
            path=Path::of(["spec", "template", "metadata", "labels"])
            label=text::POD_LABELS
            add=text::ADD_LABEL
        />
        <Pairs
            wizard
            path=Path::of(["metadata", "annotations"])
            label=text::ANNOTATIONS
            add=text::ADD_ANNOTATION
            hidden=&[ALIAS, DESCRIPTION]
        />
    }
}

fn selector() -> Path {
    Path::of(["spec", "template", "spec", "nodeSelector"])
}

const HOSTNAME: &str = "kubernetes.io/hostname";

/// 节点选择器.
#[component]
pub fn Nodes(
    /// The wizard.
    wizard: Wizard,
) -> impl IntoView {
    let nodes = Memo::new(move |_| {
        wizard
            .offers
            .with(|offers| offers.as_ref().and_then(|offers| offers.nodes.clone()))
    });
    let matching = Memo::new(move |_| {
        let wanted = wizard.pairs(&selector());
        nodes.with(|nodes| {
            nodes.as_ref().map(|nodes| {
                let fits = |node: &&Node| wanted.iter().all(|pair| node.labels.contains(pair));
                (nodes.iter().filter(fits).count(), nodes.len())
            })
        })
    });
    view! {
        <Pairs wizard path=selector() label=text::NODE_SELECTOR add=text::ADD_SELECTOR/>
        <p class="hint">{t(text::NODE_SELECTOR_HINT)}</p>
        <p class="matching" role="status">
            {move || match matching.get() {
                Some((0, _)) => t(text::NODES_NONE).to_owned(),
                Some((n, total)) => tf(text::NODES_MATCH, &[("n", &n.to_string()), ("total", &total.to_string())]),
                None if wizard.offers.with(Option::is_some) => t(text::NODES_HIDDEN).to_owned(),
                None => t(common::LOADING).to_owned(),
            }}
        </p>
        <Problems wizard path=selector()/>
        {move || nodes.get().map(|nodes| view! { <NodePicker wizard nodes/> })}
    }
}

#[component]
fn NodePicker(wizard: Wizard, nodes: Vec<Node>) -> impl IntoView {
    view! {
        <fieldset class="group">
            <legend class="group-title">{t(text::NODE_PICK)}</legend>
            <ul class="nodes" id=id_of(&selector().key(HOSTNAME))>
                {nodes.into_iter().map(|node| view! { <NodeRow wizard node/> }).collect_view()}
            </ul>
        </fieldset>
    }
}

#[component]
fn NodeRow(wizard: Wizard, node: Node) -> impl IntoView {
    let host = node
        .labels
        .iter()
        .find(|(key, _)| key == HOSTNAME)
        .map_or_else(|| node.name.clone(), |pair| pair.1.clone());
    let path = StoredValue::new(selector().key(HOSTNAME));
    let chosen = {
        let host = host.clone();
        Memo::new(move |_| wizard.get(&path.get_value()) == Some(Value::String(host.clone())))
    };
    let state = match (node.ready, node.cordoned) {
        (false, _) => text::NODE_NOT_READY,
        (true, true) => text::NODE_CORDONED,
        (true, false) => text::NODE_READY,
    };
    let tone = if node.ready && !node.cordoned {
        "good"
    } else {
        "warn"
    };
    let choose = move |_| {
        if chosen.get_untracked() {
            wizard.remove(&path.get_value());
        } else {
            wizard.set(&path.get_value(), host.clone().into());
        }
    };
    let labels = node
        .labels
        .iter()
        .filter(|(key, _)| !key.starts_with("beta.") && key != HOSTNAME);
    view! {
        <li class="node" class:node-chosen=move || chosen.get()>
            <Icon glyph=Glyph::Node/>
            <div class="node-text">
                <strong>{node.name.clone()}</strong>
                " "
                <span class="mono dim">{node.ip}</span>
                <span class=format!("status status-{tone}")><span class="status-word">{t(state)}</span></span>
                <ul class="pairs">
                    {labels
                        .map(|(key, value)| {
                            view! {
                                <li class="pair">
                                    <span class="pair-key">{key.clone()}</span>
                                    <span class="pair-value">{value.clone()}</span>
                                </li>
                            }
                        })
                        .collect_view()}
                    {node.taints.into_iter().map(|taint| view! { <li class="pair pair-taint">{taint}</li> }).collect_view()}
                </ul>
            </div>
            <button type="button" class="button" aria-pressed=move || chosen.get().to_string() on:click=choose>
                {move || t(if chosen.get() { text::NODE_SELECTED } else { text::NODE_SELECT })}
            </button>
        </li>
    }
}
