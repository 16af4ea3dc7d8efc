//! Job settings step (任务设置): completions, parallelism, limits; failure and success policies.

use leptos::prelude::*;
use manifest::Path;
use serde_json::json;

use crate::i18n::job_settings;
use crate::i18n::wizard as text;
use crate::kit::erased::dynamic;
use crate::pages::create_job::fields::items::{Addition, Collapsible, Items};
use crate::pages::create_job::fields::table::{Control, FieldSpec, Fields, specs};
use crate::pages::create_job::fields::{Problems, StringList};
use crate::pages::create_job::generated_form::OtherFields;
use crate::pages::create_job::state::Wizard;

fn spec() -> Path {
    Path::of(["spec"])
}

const FIRST: &[FieldSpec] = specs! {
    "backoffLimit" => Control::Number, "Backoff limit" | "Back Off Limit（最大重试次数）",
        "Retries before the Job fails. Not set: 6." | "失败尝试次数，超过后任务失败。未设置时为 6。" also "retries, retry, attempts, 重试, 重试次数, 失败重试";
    "completions" => Control::Number, "Completions" | "Completions（完成数）",
        "Pods that have to succeed. Not set: 1." | "任务结束需要成功运行的容器组个数。未设置时为 1。" also "完成数, successes, runs, how often, 完成, 运行次数, 次数";
    "parallelism" => Control::Number, "Parallelism" | "Parallelism（并行数）",
        "Pods that run at the same time. Not set: 1." | "并行运行的容器组个数。未设置时为 1。" also "concurrency, concurrent, parallel, workers, at once, 并发, 并行, 并发数, 同时运行";
    "activeDeadlineSeconds" => Control::Number, "Active deadline (seconds)" | "Active Deadline Seconds（运行时间期限，秒）",
        "After this time the Job is ended, whatever the backoff limit says." | "超过时间将终止任务，优先级高于 Back Off Limit。" also "timeout, time limit, max duration, deadline, 超时, 超时时间, 期限, 最长运行时间";
};

const MORE: &[FieldSpec] = specs! {
    "ttlSecondsAfterFinished" => Control::Number, "TTL after finished (seconds)" | "结束后保留时间（秒）",
        "Then the Job and its Pods delete themselves. Not set: kept." | "到期后任务及其容器组自动删除。未设置则一直保留。" [since 21] also "cleanup, clean up, auto delete, delete after, expire, garbage collection, 自动清理, 自动删除, 清理, 过期";
    "completionMode" => Control::Choice(&["NonIndexed", "Indexed"]), "Completion mode" | "完成模式",
        "Indexed gives each Pod a number from 0." | "Indexed 模式为每个容器组分配从 0 开始的索引。" [since 22] also "indexed, index, array job, 索引, 数组任务";
    "suspend" => Control::Checkbox, "Start suspended" | "创建后暂停",
        "No Pod is made until the Job is resumed." | "恢复之前不会创建容器组。" [since 22] also "pause, hold, paused, 挂起, 暂停";
    "podReplacementPolicy" => Control::Choice(&["TerminatingOrFailed", "Failed"]), "Pod replacement policy" | "容器组替换策略",
        "While the old one still ends, or only once it has failed." | "旧容器组终止时即替换，或完全失败后再替换。" [since 29] also "replace, replacement, 替换";
    "managedBy" => Control::Text, "Managed by" | "由谁管理",
        "A controller other than Kubernetes' own, such as kueue.x-k8s.io/multikueue." | "由其他控制器管理，例如 kueue.x-k8s.io/multikueue。" [since 32] also "kueue, controller, 控制器";
};

const PER_INDEX: &[FieldSpec] = specs! {
    "backoffLimitPerIndex" => Control::Number, "Backoff limit per index" | "每个索引的重试次数",
        "Retries of one index; the others go on." | "单个索引的重试次数，其他索引继续运行。" [since 29];
    "maxFailedIndexes" => Control::Number, "Max failed indexes" | "最多失败索引数",
        "More of them fail the whole Job." | "超过后整个任务失败。" [since 29] also "failed indexes, 失败索引";
};

/// Job settings step (任务设置).
#[component]
pub fn Settings(
    /// Wizard state.
    wizard: Wizard,
) -> impl IntoView {
    let at = |keys: &[&str]| keys.iter().map(|key| spec().key(*key)).collect::<Vec<_>>();
    view! {
        <Fields wizard base=spec() specs=FIRST/>
        <Collapsible
            wizard
            label=text::MORE_SETTINGS
            paths=at(&["ttlSecondsAfterFinished", "completionMode", "suspend", "podReplacementPolicy", "managedBy"])
        >
            <Fields wizard base=spec() specs=MORE/>
        </Collapsible>
        <Collapsible wizard label=job_settings::PER_INDEX paths=at(&["backoffLimitPerIndex", "maxFailedIndexes"])>
            <p class="hint">{crate::i18n::t(job_settings::PER_INDEX_HINT)}</p>
            <Fields wizard base=spec() specs=PER_INDEX/>
        </Collapsible>
        <Collapsible wizard label=job_settings::FAILURE paths=at(&["podFailurePolicy"])>
            <Items
                wizard
                path=spec().key("podFailurePolicy").key("rules")
                label=job_settings::RULES
                hint=job_settings::FAILURE_HINT
                additions=FAILURE_RULES
                item=failure_rule
            />
        </Collapsible>
        <Collapsible wizard label=job_settings::SUCCESS paths=at(&["successPolicy"])>
            <Items
                wizard
                path=spec().key("successPolicy").key("rules")
                label=job_settings::SUCCESS_RULES
                hint=job_settings::SUCCESS_HINT
                additions=SUCCESS_RULES
                item=success_rule
            />
        </Collapsible>
        <OtherFields wizard path=spec()/>
    }
}

const FAILURE_RULES: &[Addition] = &[
    (
        job_settings::ADD_EXIT_CODES,
        || json!({"action": "FailJob", "onExitCodes": {"operator": "In", "values": [1]}}),
    ),
    (
        job_settings::ADD_CONDITION,
        || json!({"action": "Ignore", "onPodConditions": [{"type": "DisruptionTarget", "status": "True"}]}),
    ),
];

const ACTION: &[FieldSpec] = specs! {
    "action" => Control::Choice(&["FailJob", "FailIndex", "Ignore", "Count"]), "Action" | "动作",
        "What a Pod that fails like this does to the Job." | "匹配的容器组失败时如何处理任务。";
};

const EXIT_CODES: &[FieldSpec] = specs! {
    "onExitCodes.containerName" => Control::Text, "Container" | "容器", "Not set: any." | "未设置：任意容器。";
    "onExitCodes.operator" => Control::Choice(&["In", "NotIn"]), "Exit code" | "退出码", "Is, or is not, one of these." | "属于或不属于以下值。";
};

fn failure_rule(wizard: Wizard, path: Path) -> AnyView {
    let stored = StoredValue::new(path.clone());
    let by_code = Memo::new(move |_| wizard.get(&stored.get_value().key("onExitCodes")).is_some());
    view! {
        <Fields wizard base=path.clone() specs=ACTION/>
        {dynamic(move || {
            let path = stored.get_value();
            if by_code.get() {
                view! {
                    <Fields wizard base=path.clone() specs=EXIT_CODES/>
                    <StringList
                        wizard
                        path=path.key("onExitCodes").key("values")
                        label=job_settings::CODES
                        add=job_settings::ADD_CODE
                        numbers=true
                    />
                }
                    .into_any()
            } else {
                view! {
                    <Items
                        wizard
                        path=path.key("onPodConditions")
                        label=job_settings::CONDITIONS
                        additions=CONDITIONS
                        item=condition
                    />
                }
                    .into_any()
            }
        })}
        <Problems wizard path=path.key("onExitCodes")/>
    }
    .into_any()
}

const CONDITIONS: &[Addition] = &[(
    job_settings::ADD_ONE_CONDITION,
    || json!({"type": "DisruptionTarget", "status": "True"}),
)];

const CONDITION: &[FieldSpec] = specs! {
    "type" => Control::Required, "Condition type" | "状况类型", "Such as DisruptionTarget." | "例如 DisruptionTarget。";
    "status" => Control::Choice(&["True", "False", "Unknown"]), "Status" | "状态", "" | "";
};

fn condition(wizard: Wizard, path: Path) -> AnyView {
    view! { <Fields wizard base=path specs=CONDITION/> }.into_any()
}

const SUCCESS_RULES: &[Addition] = &[(job_settings::ADD_SUCCESS, || json!({"succeededCount": 1}))];

const SUCCESS: &[FieldSpec] = specs! {
    "succeededIndexes" => Control::Text, "Indexes" | "索引", "Such as 0,2-4. Not set: any." | "例如 0,2-4。未设置：任意。";
    "succeededCount" => Control::Number, "Succeeded count" | "成功个数", "Not set: all of the indexes." | "未设置：以上全部索引。";
};

fn success_rule(wizard: Wizard, path: Path) -> AnyView {
    view! { <Fields wizard base=path specs=SUCCESS/> }.into_any()
}

/// Returns the field tables of this step with the path of the object they belong to, for the field search.
pub fn tables() -> Vec<(String, &'static [FieldSpec])> {
    [
        ("spec", FIRST),
        ("spec", MORE),
        ("spec", PER_INDEX),
        ("spec.podFailurePolicy.rules[0]", ACTION),
        ("spec.podFailurePolicy.rules[0]", EXIT_CODES),
        ("spec.podFailurePolicy.rules[0].onPodConditions[0]", CONDITION),
        ("spec.successPolicy.rules[0]", SUCCESS),
    ]
    .map(|(base, specs): (&str, &'static [FieldSpec])| (base.to_owned(), specs))
    .to_vec()
}
