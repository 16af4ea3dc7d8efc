//! Resource status (资源状态): the Job's Pods and their containers.

use leptos::prelude::*;
use leptos_router::components::A;

use crate::api::job::{JobDetail, Reason};
use crate::api::pod::{ContainerRow, ContainerState, PodRow};
use crate::i18n::{job as text, t, tf};
use crate::kit::badge::explain;
use crate::kit::dynamic::dynamic;
use crate::kit::empty::Empty;
use crate::kit::icon::{Glyph, Icon};
use crate::kit::time::Duration;

/// The Pods, newest first.
#[component]
pub fn Pods(
    /// The Job.
    detail: Memo<JobDetail>,
    /// The Job page's path, for links to its logs.
    path: Signal<String>,
) -> impl IntoView {
    let empty = move || detail.with(|detail| detail.pods.is_empty());
    let words = move || {
        let finished = detail.with(|detail| detail.row.status.kind.is_finished());
        t(if finished {
            text::PODS_NONE_LEFT
        } else {
            text::PODS_EMPTY_TEXT
        })
    };
    view! {
        <Show
            when=move || !empty()
            fallback=move || view! { <Empty glyph=Glyph::Container title=t(text::PODS_EMPTY) text=words()/> }
        >
            <ul class="pods">
                {dynamic(move || {
                    detail.with(|detail| detail.pods.clone()).into_iter().map(|pod| view! { <Pod pod path/> }).collect_view()
                })}
            </ul>
        </Show>
    }
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
                    <span class="status-word"><span class="chip-dot"></span>{pod.phase.clone()}</span>
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
    let (tone, words) = match &container.state {
        ContainerState::Waiting { reason, message } if reason.is_empty() => {
            ("idle", format!("{} {message}", t(text::WAITING)))
        }
        ContainerState::Waiting { reason, message } => (
            "idle",
            explain(&Reason {
                code: reason.clone(),
                message: message.clone(),
            }),
        ),
        ContainerState::Running { .. } => ("busy", t(text::RUNNING).to_owned()),
        ContainerState::Terminated {
            exit_code,
            reason,
            message,
            ..
        } => {
            let exit = tf(text::EXITED, &[("n", &exit_code.to_string())]);
            let words = [reason.as_str(), exit.as_str(), message.as_str()];
            let words = words
                .into_iter()
                .filter(|word| !word.is_empty())
                .collect::<Vec<_>>()
                .join(" · ");
            (if *exit_code == 0 { "good" } else { "bad" }, words)
        }
    };
    view! {
        <li class="container-row">
            <Icon glyph=Glyph::Container/>
            <strong>{container.name}</strong>
            {container.init.then(|| view! { <span class="tag">{t(text::INIT)}</span> })}
            <code class="cell-clip">{container.image}</code>
            <span class=format!("status status-{tone}")><span class="status-word">{words}</span></span>
            {(container.restarts > 0)
                .then(|| {
                    view! { <span class="tag">{tf(text::RESTARTS, &[("n", &container.restarts.to_string())])}</span> }
                })}
        </li>
    }
}
