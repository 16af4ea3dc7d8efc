//! Resource status (资源状态): Pods of the Job and their containers.

use leptos::prelude::*;
use leptos_router::components::A;

use crate::api::job::{JobDetail, JobRow, Reason, StatusKind};
use crate::api::pod::{ContainerRow, ContainerState, PodRow};
use crate::i18n::{Text, job_detail as text, t, tf};
use crate::kit::empty_state::Empty;
use crate::kit::erased::dynamic;
use crate::kit::icon::{Glyph, Icon};
use crate::kit::notice::{Notice, Tone};
use crate::kit::query_param::use_query_value;
use crate::kit::time::Duration;
use crate::pages::job_detail::Gone;
use crate::pages::job_detail::indexes::Indexes;
use crate::pages::job_detail::indexes::model::Span;
use crate::parts::reason::explain;

/// Pods, newest first. For an Indexed Job the grid of its indexes is shown above and filters them.
#[component]
pub fn Pods(
    /// Job.
    detail: Memo<JobDetail>,
    /// Path of the Job page, for links to its logs.
    path: Signal<String>,
    /// Whether the Job has been deleted.
    gone: RwSignal<Option<Gone>>,
) -> impl IntoView {
    let parameter = use_query_value("index");
    let chosen = Signal::derive(move || parameter.get().and_then(|span| span.parse::<Span>().ok()));
    let shown = Memo::new(move |_| {
        let chosen = chosen.get();
        let is_selected =
            |pod: &&PodRow| chosen.is_none_or(|span| pod.index.is_some_and(|index| span.contains(index)));
        detail.with(|detail| {
            detail
                .readable_pods()
                .iter()
                .filter(is_selected)
                .cloned()
                .collect::<Vec<_>>()
        })
    });
    view! {
        <Indexes detail path chosen/>
        {dynamic(move || {
            chosen.get().map(|span| {
                let span = span.to_string();
                view! {
                    <p class="pods-chosen">
                        <strong>{tf(text::PODS_OF_INDEX, &[("span", &span)])}</strong>
                        <A href=move || format!("{}?tab=pods", path.get()) scroll=false>{t(text::PODS_ALL)}</A>
                    </p>
                }
            })
        })}
        <Show when=move || shown.with(|pods| !pods.is_empty()) fallback=move || no_pods(detail, gone.get(), chosen.get())>
            <ul class="pods">
                {dynamic(move || shown.get().into_iter().map(|pod| view! { <Pod pod path/> }).collect_view())}
            </ul>
        </Show>
        {dynamic(move || {
            let left_out = detail.with(|detail| detail.pods_left_out);
            (left_out > 0)
                .then(|| view! { <p class="hint">{tf(text::PODS_LEFT_OUT, &[("n", &left_out.to_string())])}</p> })
        })}
    }
}

/// Explains why no Pod is shown.
fn no_pods(detail: Memo<JobDetail>, gone: Option<Gone>, chosen: Option<Span>) -> impl IntoView {
    if detail.with(|detail| detail.pods.is_none()) {
        return view! { <Notice tone=Tone::Warning>{t(text::PODS_REFUSED)}</Notice> }.into_any();
    }
    if let Some(span) = chosen {
        let title = tf(text::PODS_NONE_OF_INDEX, &[("span", &span.to_string())]);
        return view! { <Empty glyph=Glyph::Container title text=t(text::PODS_NONE_OF_INDEX_TEXT)/> }
            .into_any();
    }
    let (title, message) = detail.with(|detail| no_pods_reason(&detail.row, gone));
    view! { <Empty glyph=Glyph::Container title=t(title) text=t(message)/> }.into_any()
}

/// Returns title and explanation for a Job without Pods.
fn no_pods_reason(row: &JobRow, gone: Option<Gone>) -> (Text, Text) {
    match row.status.kind {
        _ if gone.is_some() => (text::PODS_GONE, text::PODS_NONE_LEFT),
        StatusKind::Terminating => (text::PODS_GONE, text::PODS_NONE_LEFT),
        kind if kind.is_finished() => (text::PODS_GONE, text::PODS_NONE_LEFT),
        StatusKind::Suspended => (text::PODS_EMPTY, text::PODS_SUSPENDED),
        StatusKind::Blocked => (text::PODS_EMPTY, text::PODS_BLOCKED),
        _ if row.parallelism == 0 => (text::PODS_EMPTY, text::PODS_PARALLELISM_ZERO),
        _ => (text::PODS_EMPTY, text::PODS_EMPTY_TEXT),
    }
}

/// Returns the label of a Pod's phase; an unknown phase is returned as is.
fn phase_label(phase: &str) -> String {
    let message = match phase {
        "Pending" => text::PHASE_PENDING,
        "Running" => text::PHASE_RUNNING,
        "Succeeded" => text::PHASE_SUCCEEDED,
        "Failed" => text::PHASE_FAILED,
        "Unknown" => text::PHASE_UNKNOWN,
        "Terminating" => text::PHASE_TERMINATING,
        other => return other.to_owned(),
    };
    t(message).to_owned()
}

fn tone(phase: &str) -> &'static str {
    match phase {
        "Succeeded" => "good",
        "Failed" => "bad",
        "Running" => "busy",
        _ => "idle",
    }
}

#[component]
fn Pod(pod: PodRow, path: Signal<String>) -> impl IntoView {
    let name = pod.name.clone();
    let logs = {
        let name = name.clone();
        move || format!("{}?tab=logs&pod={name}", path.get())
    };
    view! {
        <li class="pod">
            <div class="pod-head">
                <span class=format!("status status-{}", tone(&pod.phase))>
                    <span class="status-word"><span class="chip-dot"></span>{phase_label(&pod.phase)}</span>
                </span>
                <code class="pod-name">{name.clone()}</code>
                {pod.index.map(|index| view! { <span class="tag">{tf(text::INDEX, &[("n", &index.to_string())])}</span> })}
                <span class="bar-space"></span>
                <Duration from=Signal::stored(pod.started) to=Signal::stored(pod.finished)/>
                <A href=logs attr:class="button button-quiet" attr:aria-label=tf(text::SHOW_LOGS, &[("name", &name)])>
                    <Icon glyph=Glyph::Logs/>
                    {t(text::TAB_LOGS)}
                </A>
            </div>
            {pod.reason.as_ref().map(|reason| view! { <p class="pod-reason">{explain(reason)}</p> })}
            <dl class="inline-facts">
                <div>
                    <dt>{t(text::NODE)}</dt>
                    <dd>{pod.node.unwrap_or_else(|| "–".to_owned())}</dd>
                </div>
                <div>
                    <dt>{t(text::IP)}</dt>
                    <dd class="mono">{pod.ip.unwrap_or_else(|| "–".to_owned())}</dd>
                </div>
            </dl>
            <ul class="containers" aria-label=t(text::CONTAINERS)>
                {pod.containers.into_iter().map(container).collect_view()}
            </ul>
        </li>
    }
}

fn container(container: ContainerRow) -> impl IntoView {
    let (tone, message) = match &container.state {
        ContainerState::Waiting { reason, message } if reason.is_empty() => {
            ("idle", format!("{} {message}", t(text::WAITING)))
        }
        ContainerState::Waiting { reason, message } => ("idle", explain(&Reason::new(reason, message))),
        ContainerState::Running { .. } => ("busy", t(text::RUNNING).to_owned()),
        ContainerState::Terminated {
            exit_code,
            reason,
            message,
            ..
        } => {
            let exit = tf(text::EXITED, &[("n", &exit_code.to_string())]);
            let message = [reason.as_str(), exit.as_str(), message.as_str()];
            let message = message
                .into_iter()
                .filter(|word| !word.is_empty())
                .collect::<Vec<_>>()
                .join(" · ");
            (if *exit_code == 0 { "good" } else { "bad" }, message)
        }
    };
    view! {
        <li class="container-row">
            <Icon glyph=Glyph::Container/>
            <strong>{container.name}</strong>
            {container.init.then(|| view! { <span class="tag">{t(text::INIT)}</span> })}
            <code class="cell-clip">{container.image}</code>
            <span class=format!("status status-{tone}")><span class="status-word">{message}</span></span>
            {(container.restarts > 0)
                .then(|| {
                    view! { <span class="tag">{tf(text::RESTARTS, &[("n", &container.restarts.to_string())])}</span> }
                })}
        </li>
    }
}
