//! Page of one Job: what it is, what it does, and why it failed (features D1-D7).

mod environment;
mod events;
mod header;
mod indexes;
mod logs;
mod manifest;
mod pods;
mod runs;
mod summary;

use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::hooks::use_params_map;
use leptos_router::location::Url;
use serde::Deserialize;

use crate::api;
use crate::api::job::{JobDetail, JobRow, Millis, StatusKind};
use crate::event_stream;
use crate::event_stream::Connection;
use crate::i18n::{common, job_detail as text, t, tf};
use crate::kit::erased::dynamic;
use crate::kit::notice::{Notice, Tone};
use crate::kit::query_param::use_query_value;
use crate::kit::tabs::{Tab, Tabs};
use crate::kit::time::exact;
use crate::kit::title;
use crate::pages::set_status;
use crate::parts::api_error::Failure;
use crate::urls;
use crate::urls::here;

/// Page of the Job in the URL. Another Job gets a new page that shares no state with the old one.
#[component]
pub fn JobPage() -> impl IntoView {
    let params = use_params_map();
    let job = Memo::new(move |_| {
        let text = |key| params.with(|params| params.get(key).unwrap_or_default());
        (text("project"), text("name"))
    });
    view! {
        {dynamic(move || {
            let (project, name) = job.get();
            // While the router navigates to another page, the URL no longer has a name.
            (!name.is_empty()).then(|| view! { <OneJob project name/> })
        })}
    }
}

/// Page of one Job.
#[component]
fn OneJob(project: String, name: String) -> impl IntoView {
    let project = Memo::new(move |_| project.clone());
    let name = Memo::new(move |_| name.clone());
    let gone = RwSignal::new(None::<Gone>);
    let live = RwSignal::new(None::<JobDetail>);
    let stale = RwSignal::new(None::<Millis>);
    let first = Resource::new_blocking(
        move || (project.get(), name.get()),
        |(project, name)| api::job(project, name),
    );
    view! {
        <Title text=title::of(move || name.get())/>
        <Suspense>
            {dynamic(move || Suspend::new(async move {
                match first.await {
                    Ok(detail) => {
                        gone.set(None);
                        live.set(None);
                        stale.set(None);
                        view! { <Loaded first=detail live stale gone/> }.into_any()
                    }
                    Err(error) => {
                        set_status(&error);
                        view! { <Failure error/> }.into_any()
                    }
                }
            }))}
        </Suspense>
    }
}

/// Data of a `gone` event: the Job shown has been deleted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub struct Gone {
    /// Whether another Job has its name now.
    pub replaced: bool,
}

/// Subscribes to the live stream of the Job shown. A Job created later under the same name is a different one with
/// a page of its own: `gone` is then the last event.
fn follow(
    of: &JobRow,
    live: RwSignal<Option<JobDetail>>,
    stale: RwSignal<Option<Millis>>,
    gone: RwSignal<Option<Gone>>,
) {
    let path = format!(
        "/stream/job?project={}&name={}&uid={}",
        Url::escape(&of.project),
        Url::escape(&of.name),
        Url::escape(&of.uid)
    );
    let visible = event_stream::while_visible(move || here(&path));
    let url = Signal::derive(move || {
        visible
            .get()
            .filter(|_| !gone.get().is_some_and(|how| how.replaced))
    });
    event_stream::subscribe(
        url,
        &["detail", "stale", "gone", "refused"],
        move |event, data| match event {
            "refused" => crate::pages::reload_refused(),
            "gone" => match serde_json::from_str::<Gone>(data) {
                Ok(how) => {
                    stale.set(None);
                    gone.set(Some(how));
                }
                Err(error) => leptos::logging::warn!("cannot parse a gone event of the Job: {error}"),
            },
            "stale" => match serde_json::from_str::<Stale>(data) {
                Ok(Stale { since }) => stale.set(Some(since)),
                Err(error) => leptos::logging::warn!("cannot parse a stale event of the Job: {error}"),
            },
            _ => match serde_json::from_str(data) {
                Ok(detail) => {
                    stale.set(None);
                    live.set(Some(detail));
                }
                Err(error) => leptos::logging::warn!("cannot parse a detail event of the Job: {error}"),
            },
        },
        move |connection| {
            if matches!(connection, Connection::Disconnected | Connection::Closed) {
                event_stream::mark_stale(stale);
            }
            if connection == Connection::Closed {
                crate::pages::leave_if_signed_out();
            }
        },
    );
}

/// Data of a `stale` event.
#[derive(Deserialize)]
struct Stale {
    since: Millis,
}

/// Content of the page once the Job is loaded.
#[component]
fn Loaded(
    first: JobDetail,
    live: RwSignal<Option<JobDetail>>,
    stale: RwSignal<Option<Millis>>,
    gone: RwSignal<Option<Gone>>,
) -> impl IntoView {
    follow(&first.row, live, stale, gone);
    let first = StoredValue::new(first);
    let detail = Memo::new(move |_| live.get().unwrap_or_else(|| first.get_value()));
    let parameter = use_query_value("tab");
    // For a failed Job the Pods tab says most. The default stays, whatever the Job does meanwhile.
    let usual = first.with_value(|detail| match detail.row.status.kind {
        StatusKind::Failed if !detail.readable_pods().is_empty() => "pods",
        _ => "records",
    });
    let tab = Memo::new(move |_| parameter.get().unwrap_or_else(|| usual.to_owned()));
    let path = Signal::derive(move || detail.with(|d| urls::job(&d.row.project, &d.row.name)));
    let tabs = [
        ("records", text::TAB_RECORDS),
        ("pods", text::TAB_PODS),
        ("logs", text::TAB_LOGS),
        ("environment", text::TAB_ENVIRONMENT),
        ("events", text::TAB_EVENTS),
        ("manifest", text::TAB_MANIFEST),
    ];
    let tabs = tabs.map(|(key, label)| Tab { key, label: t(label) }).into();
    view! {
        <header::Head detail gone/>
        {dynamic(move || gone.get().map(|how| view! { <LastState how path tab/> }))}
        {dynamic(move || {
            stale.get().filter(|_| gone.get().is_none()).map(|since| {
                view! { <Notice tone=Tone::Warning>{tf(common::STALE_SINCE, &[("time", &exact(since))])}</Notice> }
            })
        })}
        <div class="job-page">
            <aside class="job-side" aria-label=t(text::DETAILS)>
                <summary::Summary detail/>
            </aside>
            <section class="job-main">
                <Tabs label=t(text::TABS) path tabs current=tab/>
                <div class="tab-body">
                    {dynamic(move || match tab.get().as_str() {
                        "pods" => view! { <pods::Pods detail path gone/> }.into_any(),
                        "logs" => view! { <logs::Logs detail/> }.into_any(),
                        "environment" => view! { <environment::Environment detail/> }.into_any(),
                        "events" => view! { <events::Events detail/> }.into_any(),
                        "manifest" => view! { <manifest::Manifest detail/> }.into_any(),
                        _ => view! { <runs::Records detail/> }.into_any(),
                    })}
                </div>
            </section>
        </div>
    }
}

/// Notice that the Job was deleted, with a link to the one that has its name now.
#[component]
fn LastState(how: Gone, path: Signal<String>, tab: Memo<String>) -> impl IntoView {
    let message = if how.replaced { text::REPLACED } else { text::GONE };
    view! {
        <Notice tone=Tone::Warning>
            {t(message)}
            {how
                .replaced
                .then(|| {
                    let href = move || format!("{}?tab={}", path.get(), Url::escape(&tab.get()));
                    view! { " " <a rel="external" href=href>{t(text::REPLACED_OPEN)}</a> }
                })}
        </Notice>
    }
}
