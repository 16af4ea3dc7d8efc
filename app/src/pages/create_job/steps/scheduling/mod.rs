//! Scheduling step (节点选择器): the nodes that may run the Pods.

mod affinity;
mod picker;
mod spread;
mod tolerations;

use leptos::prelude::*;
use manifest::Path;

use crate::api::create::{Node, Offers};
use crate::i18n::{common, t, tf, wizard as text};
use crate::kit::erased::dynamic;
use crate::pages::create_job::fields::Problems;
use crate::pages::create_job::fields::items::Collapsible;
use crate::pages::create_job::fields::key_values::KeyValues;
use crate::pages::create_job::fields::table::{Control, FieldSpec, Fields, specs};
use crate::pages::create_job::state::Wizard;
use crate::pages::create_job::steps::pod_template::pod;
use crate::pages::create_job::steps::scheduling::picker::NodePicker;

const PLACEMENT: &[FieldSpec] = specs! {
    "priorityClassName" => Control::Offer("PriorityClass", priority_classes), "Priority class" | "优先级类", "Which Pods go first when there is not enough room." | "资源不足时决定容器组的先后。" also "priority, preemption, importance, 优先级, 抢占";
    "schedulerName" => Control::Text, "Scheduler" | "调度器", "Not set: default-scheduler." | "未设置：default-scheduler。" also "scheduler, volcano, 调度器";
    "nodeName" => Control::Offer("Node", node_names), "Node" | "节点", "Binds the Pods to one node, past the scheduler." | "绕过调度器，将容器组绑定到一个节点。" also "pin, bind to node, one node, 固定节点";
};

fn priority_classes(offers: &Offers) -> Vec<String> {
    offers.priority_classes.clone().unwrap_or_default()
}

fn node_names(offers: &Offers) -> Vec<String> {
    offers
        .nodes
        .iter()
        .flatten()
        .map(|node| node.name.clone())
        .collect()
}

fn selector() -> Path {
    pod().key("nodeSelector")
}

/// Scheduling step (节点选择器).
#[component]
pub fn Nodes(
    /// Wizard state.
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
    let paths = PLACEMENT.iter().map(|spec| spec.path(&pod())).collect::<Vec<_>>();
    view! {
        <KeyValues wizard path=selector() label=text::NODE_SELECTOR add=text::ADD_SELECTOR/>
        <p class="hint">{t(text::NODE_SELECTOR_HINT)}</p>
        <p class="matching" role="status">
            {dynamic(move || match matching.get() {
                Some((0, _)) => t(text::NODES_NONE).to_owned(),
                Some((n, total)) => tf(text::NODES_MATCH, &[("n", &n.to_string()), ("total", &total.to_string())]),
                None if wizard.offers.with(Option::is_some) => t(text::NODES_HIDDEN).to_owned(),
                None if wizard.offers_failed.get() => t(text::NODES_UNREAD).to_owned(),
                None => t(common::LOADING).to_owned(),
            })}
        </p>
        <Problems wizard path=selector()/>
        {dynamic(move || nodes.get().map(|nodes| view! { <NodePicker wizard nodes/> }))}
        <tolerations::Tolerations wizard/>
        <affinity::Affinity wizard/>
        <spread::Spread wizard/>
        <Collapsible wizard label=text::PLACEMENT paths>
            <Fields wizard base=pod() specs=PLACEMENT/>
        </Collapsible>
    }
}

/// Returns the field tables of this step with the path of the object they belong to, for the field search.
pub fn tables() -> Vec<(String, &'static [FieldSpec])> {
    const AFFINITY: &str = "spec.template.spec.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms[0].matchExpressions[0]";
    const NEAR: &str =
        "spec.template.spec.affinity.podAffinity.requiredDuringSchedulingIgnoredDuringExecution[0]";
    const APART: &str =
        "spec.template.spec.affinity.podAntiAffinity.requiredDuringSchedulingIgnoredDuringExecution[0]";
    [
        ("spec.template.spec", PLACEMENT),
        ("spec.template.spec.tolerations[0]", tolerations::FIELDS),
        ("spec.template.spec.topologySpreadConstraints[0]", spread::FIELDS),
        (AFFINITY, affinity::EXPRESSION),
        (NEAR, affinity::POD_TERM),
        (APART, affinity::POD_TERM),
    ]
    .map(|(base, specs): (&str, &'static [FieldSpec])| (base.to_owned(), specs))
    .to_vec()
}
