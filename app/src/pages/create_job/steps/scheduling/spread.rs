//! Topology spread constraints: distribute Pods evenly over zones or nodes.

use leptos::prelude::*;
use manifest::Path;
use serde_json::json;

use crate::i18n::scheduling as text;
use crate::pages::create_job::fields::items::{Addition, Collapsible, Items};
use crate::pages::create_job::fields::table::{Control, FieldSpec, Fields, specs};
use crate::pages::create_job::state::Wizard;
use crate::pages::create_job::steps::pod_template::pod;

const ADDITIONS: &[Addition] = &[(text::ADD_SPREAD, || {
    json!({
        "maxSkew": 1,
        "topologyKey": "topology.kubernetes.io/zone",
        "whenUnsatisfiable": "ScheduleAnyway",
        "labelSelector": {"matchLabels": {}},
    })
})];

/// Fields of a topology spread constraint.
pub const FIELDS: &[FieldSpec] = specs! {
    "topologyKey" => Control::Required, "Topology key" | "分布维度", "A label of nodes, such as topology.kubernetes.io/zone." | "节点标签，例如 topology.kubernetes.io/zone。";
    "maxSkew" => Control::Number, "Max skew" | "最大偏差", "Pods more in one place than in another." | "各位置容器组数量的最大差值。";
    "whenUnsatisfiable" => Control::Choice(&["ScheduleAnyway", "DoNotSchedule"]), "When unsatisfiable" | "无法满足时", "" | "";
    "minDomains" => Control::Number, "Min domains" | "最少位置数", "With DoNotSchedule." | "与 DoNotSchedule 配合。" [since 27];
    "nodeAffinityPolicy" => Control::Choice(&["Honor", "Ignore"]), "Node affinity policy" | "节点亲和性策略", "" | "" [since 26];
    "nodeTaintsPolicy" => Control::Choice(&["Honor", "Ignore"]), "Node taints policy" | "节点污点策略", "" | "" [since 26];
    "labelSelector.matchLabels" => Control::KeyValues(text::ADD_MATCH), "Label selector" | "匹配的容器组标签", "" | "";
};

/// List of topology spread constraints.
#[component]
pub fn Spread(
    /// Wizard state.
    wizard: Wizard,
) -> impl IntoView {
    let at = pod().key("topologySpreadConstraints");
    let stored = StoredValue::new(at.clone());
    view! {
        <Collapsible wizard label=text::SPREAD paths=vec![at]>
            <Items
                wizard
                path=stored.get_value()
                label=text::CONSTRAINT
                hint=text::SPREAD_HINT
                additions=ADDITIONS
                item=constraint
            />
        </Collapsible>
    }
}

fn constraint(wizard: Wizard, path: Path) -> AnyView {
    view! { <Fields wizard base=path specs=FIELDS/> }.into_any()
}
