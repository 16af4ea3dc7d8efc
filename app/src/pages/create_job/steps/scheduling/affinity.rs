//! Affinity: required and preferred nodes, Pod affinity and Pod anti-affinity.

use leptos::prelude::*;
use manifest::Path;
use serde_json::json;

use crate::i18n::scheduling as text;
use crate::pages::create_job::fields::StringList;
use crate::pages::create_job::fields::items::{Addition, Collapsible, Items};
use crate::pages::create_job::fields::table::{Control, FieldSpec, Fields, specs};
use crate::pages::create_job::state::Wizard;
use crate::pages::create_job::steps::pod_template::pod;

/// Form of `spec.template.spec.affinity`.
#[component]
pub fn Affinity(
    /// Wizard state.
    wizard: Wizard,
) -> impl IntoView {
    let at = pod().key("affinity");
    let (node, near, apart) = (
        at.key("nodeAffinity"),
        at.key("podAffinity"),
        at.key("podAntiAffinity"),
    );
    let stored = StoredValue::new((node.clone(), near.clone(), apart.clone()));
    view! {
        <Collapsible wizard label=text::NODE_AFFINITY paths=vec![node]>
            {
                let node = stored.get_value().0;
                view! {
                    <Items
                        wizard
                        path=node.key("requiredDuringSchedulingIgnoredDuringExecution").key("nodeSelectorTerms")
                        label=text::REQUIRED_TERM
                        hint=text::REQUIRED_HINT
                        additions=TERMS
                        item=term
                    />
                    <Items
                        wizard
                        path=node.key("preferredDuringSchedulingIgnoredDuringExecution")
                        label=text::PREFERRED_TERM
                        additions=PREFERRED
                        item=preferred
                    />
                }
            }
        </Collapsible>
        <Collapsible wizard label=text::POD_AFFINITY paths=vec![near]>
            {pods(wizard, &stored.get_value().1)}
        </Collapsible>
        <Collapsible wizard label=text::POD_ANTI_AFFINITY paths=vec![apart]>
            {pods(wizard, &stored.get_value().2)}
        </Collapsible>
    }
}

const TERMS: &[Addition] = &[(
    text::ADD_REQUIRED,
    || json!({"matchExpressions": [{"key": "", "operator": "In", "values": [""]}]}),
)];

const PREFERRED: &[Addition] = &[(
    text::ADD_PREFERRED,
    || json!({"weight": 50, "preference": {"matchExpressions": [{"key": "", "operator": "In", "values": [""]}]}}),
)];

const WEIGHT: &[FieldSpec] = specs! {
    "weight" => Control::Number, "Weight" | "权重", "1 to 100." | "1 到 100。";
};

const EXPRESSIONS: &[Addition] = &[(
    text::ADD_EXPRESSION,
    || json!({"key": "", "operator": "In", "values": [""]}),
)];

/// Fields of a node selector requirement.
pub const EXPRESSION: &[FieldSpec] = specs! {
    "key" => Control::Required, "Label" | "标签键", "" | "";
    "operator" => Control::Choice(&["In", "NotIn", "Exists", "DoesNotExist", "Gt", "Lt"]), "Operator" | "操作符", "" | "";
};

fn term(wizard: Wizard, path: Path) -> AnyView {
    view! {
        <Items
            wizard
            path=path.key("matchExpressions")
            label=text::EXPRESSION
            additions=EXPRESSIONS
            item=expression
        />
    }
    .into_any()
}

fn preferred(wizard: Wizard, path: Path) -> AnyView {
    view! {
        <Fields wizard base=path.clone() specs=WEIGHT/>
        {term(wizard, path.key("preference"))}
    }
    .into_any()
}

fn expression(wizard: Wizard, path: Path) -> AnyView {
    view! {
        <Fields wizard base=path.clone() specs=EXPRESSION/>
        <StringList wizard path=path.key("values") label=text::VALUES add=text::ADD_VALUE/>
    }
    .into_any()
}

const POD_TERMS: &[Addition] = &[(
    text::ADD_REQUIRED,
    || json!({"topologyKey": "kubernetes.io/hostname", "labelSelector": {"matchLabels": {}}}),
)];

const POD_PREFERRED: &[Addition] = &[(
    text::ADD_PREFERRED,
    || json!({"weight": 50, "podAffinityTerm": {"topologyKey": "kubernetes.io/hostname", "labelSelector": {"matchLabels": {}}}}),
)];

/// Fields of a Pod affinity term.
pub const POD_TERM: &[FieldSpec] = specs! {
    "topologyKey" => Control::Required, "Same or other" | "拓扑域", "A label of nodes, such as kubernetes.io/hostname." | "节点标签，例如 kubernetes.io/hostname。";
    "namespaces" => Control::StringList(text::ADD_NAMESPACE), "Namespaces" | "命名空间", "" | "";
    "labelSelector.matchLabels" => Control::KeyValues(text::ADD_MATCH), "Pods with these labels" | "匹配的容器组标签", "" | "";
};

fn pods(wizard: Wizard, path: &Path) -> AnyView {
    view! {
        <Items
            wizard
            path=path.key("requiredDuringSchedulingIgnoredDuringExecution")
            label=text::REQUIRED_TERM
            additions=POD_TERMS
            item=pod_term
        />
        <Items
            wizard
            path=path.key("preferredDuringSchedulingIgnoredDuringExecution")
            label=text::PREFERRED_TERM
            additions=POD_PREFERRED
            item=preferred_pod
        />
    }
    .into_any()
}

fn pod_term(wizard: Wizard, path: Path) -> AnyView {
    view! { <Fields wizard base=path specs=POD_TERM/> }.into_any()
}

fn preferred_pod(wizard: Wizard, path: Path) -> AnyView {
    view! {
        <Fields wizard base=path.clone() specs=WEIGHT/>
        <Fields wizard base=path.key("podAffinityTerm") specs=POD_TERM/>
    }
    .into_any()
}
