//! Probes and lifecycle hooks of a container.

use leptos::prelude::*;
use manifest::Path;

use crate::i18n::{container as text, t};
use crate::kit::erased::dynamic;
use crate::pages::create_job::fields::items::Collapsible;
use crate::pages::create_job::fields::table::{Control, FieldSpec, Fields, specs};
use crate::pages::create_job::state::Wizard;
use crate::pages::create_job::steps::pod_template::handler::{HOOKS, Handler, PROBES};

/// Timing fields of a probe.
pub const TIMES: &[FieldSpec] = specs! {
    "initialDelaySeconds" => Control::Number, "Initial delay (s)" | "初始延迟（秒）", "Not set: 0." | "未设置：0。";
    "periodSeconds" => Control::Number, "Period (s)" | "检查间隔（秒）", "Not set: 10." | "未设置：10。";
    "timeoutSeconds" => Control::Number, "Timeout (s)" | "超时（秒）", "Not set: 1." | "未设置：1。";
    "successThreshold" => Control::Number, "Success threshold" | "成功阈值", "Not set: 1." | "未设置：1。";
    "failureThreshold" => Control::Number, "Failure threshold" | "失败阈值", "Not set: 3." | "未设置：3。";
    "terminationGracePeriodSeconds" => Control::Number, "Grace period (s)" | "终止宽限期（秒）", "Not set: the Pod's." | "未设置：使用容器组的值。" [since 25];
};

/// Liveness, readiness and startup probes.
#[component]
pub fn Probes(
    /// Wizard state.
    wizard: Wizard,
    /// Path of the container.
    path: Path,
) -> impl IntoView {
    let probes = [
        ("livenessProbe", text::LIVENESS),
        ("readinessProbe", text::READINESS),
        ("startupProbe", text::STARTUP),
    ];
    let paths = probes.iter().map(|(key, _)| path.key(*key)).collect();
    let stored = StoredValue::new(path);
    view! {
        <Collapsible wizard label=text::PROBES paths>
            <p class="hint">{t(text::PROBES_HINT)}</p>
            {probes
                .into_iter()
                .map(|(key, label)| {
                    let at = StoredValue::new(stored.get_value().key(key));
                    let set = Memo::new(move |_| wizard.get(&at.get_value()).is_some());
                    view! {
                        <Handler wizard path=at.get_value() label kinds=PROBES/>
                        {dynamic(move || set.get().then(|| view! { <Fields wizard base=at.get_value() specs=TIMES/> }))}
                    }
                })
                .collect_view()}
        </Collapsible>
    }
}

/// Fields of `lifecycle` in addition to the hooks.
pub const HOOK_FIELDS: &[FieldSpec] = specs! {
    "stopSignal" => Control::Text, "Stop signal" | "停止信号", "Such as SIGUSR1. Not set: the image's." | "例如 SIGUSR1。未设置：由镜像决定。" [since 33];
};

/// Hooks `postStart` and `preStop`.
#[component]
pub fn Lifecycle(
    /// Wizard state.
    wizard: Wizard,
    /// Path of the container.
    path: Path,
) -> impl IntoView {
    let at = path.key("lifecycle");
    let paths = vec![at.clone()];
    let stored = StoredValue::new(at);
    view! {
        <Collapsible wizard label=text::LIFECYCLE paths>
            <Handler wizard path=stored.get_value().key("postStart") label=text::POST_START kinds=HOOKS/>
            <Handler wizard path=stored.get_value().key("preStop") label=text::PRE_STOP kinds=HOOKS/>
            <Fields wizard base=stored.get_value() specs=HOOK_FIELDS/>
        </Collapsible>
    }
}
