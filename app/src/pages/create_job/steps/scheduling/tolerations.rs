//! Tolerations: taints of a node that the Pods tolerate.

use leptos::prelude::*;
use manifest::Path;
use serde_json::json;

use crate::i18n::scheduling as text;
use crate::pages::create_job::fields::items::{Addition, Collapsible, Items};
use crate::pages::create_job::fields::table::{Control, FieldSpec, Fields, specs};
use crate::pages::create_job::state::Wizard;
use crate::pages::create_job::steps::pod_template::pod;

const ADDITIONS: &[Addition] = &[(
    text::ADD_TOLERATION,
    || json!({"key": "", "operator": "Exists", "effect": "NoSchedule"}),
)];

/// Fields of a toleration.
pub const FIELDS: &[FieldSpec] = specs! {
    "key" => Control::Text, "Taint key" | "污点键", "Not set, with Exists: every taint." | "未设置且为 Exists：任意污点。";
    "operator" => Control::Choice(&["Exists", "Equal"]), "Operator" | "操作符", "" | "";
    "value" => Control::Text, "Value" | "值", "For Equal." | "用于 Equal。";
    "effect" => Control::Choice(&["NoSchedule", "PreferNoSchedule", "NoExecute"]), "Effect" | "效果", "Not set: all." | "未设置：全部。";
    "tolerationSeconds" => Control::Number, "For (seconds)" | "容忍时间（秒）", "For NoExecute. Not set: for ever." | "用于 NoExecute。未设置：一直容忍。";
};

/// List of tolerations.
#[component]
pub fn Tolerations(
    /// Wizard state.
    wizard: Wizard,
) -> impl IntoView {
    let at = pod().key("tolerations");
    let stored = StoredValue::new(at.clone());
    view! {
        <Collapsible wizard label=text::TOLERATIONS paths=vec![at]>
            <Items wizard path=stored.get_value() label=text::TOLERATION additions=ADDITIONS item=toleration/>
        </Collapsible>
    }
}

fn toleration(wizard: Wizard, path: Path) -> AnyView {
    view! { <Fields wizard base=path specs=FIELDS/> }.into_any()
}
