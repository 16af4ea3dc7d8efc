//! Picker that selects one node by its host name.

use leptos::prelude::*;
use serde_json::Value;

use crate::api::create::Node;
use crate::i18n::{t, wizard as text};
use crate::kit::erased::dynamic;
use crate::kit::icon::{Glyph, Icon};
use crate::pages::create_job::state::Wizard;
use crate::pages::create_job::steps::scheduling::selector;

const HOSTNAME: &str = "kubernetes.io/hostname";

/// List of nodes with state, labels, taints, and a button.
#[component]
pub fn NodePicker(
    /// Wizard state.
    wizard: Wizard,
    /// Nodes.
    nodes: Vec<Node>,
) -> impl IntoView {
    view! {
        <fieldset class="group">
            <legend class="group-title">{t(text::NODE_PICK)}</legend>
            <ul class="nodes" id=wizard.id(&selector().key(HOSTNAME))>
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
            wizard.clear(&path.get_value());
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
                {dynamic(move || t(if chosen.get() { text::NODE_SELECTED } else { text::NODE_SELECT }))}
            </button>
        </li>
    }
}
