//! The Job list of a project, or of all projects (features L1-L7).

mod actions;
mod address;
mod columns;
mod list_header;
mod model;
mod saved_views;
mod selection;
mod table;
mod toolbar;

use leptos::prelude::*;
use leptos_meta::{Meta, Title};

pub use crate::pages::job_list::actions::{DeleteDialog, Deletion};

use crate::api;
use crate::api::job::Target;
use crate::api::job_query::JobQuery;
use crate::i18n::{common, job_list as text, t, tf};
use crate::kit::empty_state::Empty;
use crate::kit::erased::dynamic;
use crate::kit::icon::{Glyph, Icon};
use crate::kit::notice::{Notice, Tone};
use crate::kit::time::exact;
use crate::kit::title;
use crate::layout::use_project;
use crate::pages::job_list::actions::BulkBar;
use crate::pages::job_list::address::Address;
use crate::pages::job_list::columns::Columns;
use crate::pages::job_list::list_header::{Banner, Doors};
use crate::pages::job_list::model::Model;
use crate::pages::job_list::table::JobTable;
use crate::pages::job_list::toolbar::{Pager, Toolbar};
use crate::pages::set_status;
use crate::parts::api_error::Failure;

/// Pause in typing after which the list is filtered, in milliseconds.
const TYPING_PAUSE: u64 = 150;

/// Page of the Job list. Switching the project builds a new list that shares no state with the old one.
#[component]
pub fn JobsPage() -> impl IntoView {
    let project = use_project();
    view! { {dynamic(move || view! { <JobsOf project=project.get()/> })} }
}

/// Job list of one project, or of all projects if it is empty.
#[component]
fn JobsOf(project: String) -> impl IntoView {
    let project = Memo::new(move |_| project.clone());
    let address = Address::of_page(project);
    let model = Model::new();
    let deletion = Deletion::provide();
    // Only the first page: the stream sends every other one.
    let first = Resource::new_blocking(
        move || project.get(),
        move |project| {
            let query = address.query.get_untracked();
            async move {
                let page =
                    api::jobs(Some(project).filter(|project| !project.is_empty()), query.clone()).await;
                (query, page)
            }
        },
    );
    let quota = Signal::derive(move || model.summary.with(|summary| summary.as_ref()?.quota));
    let heading = move || match project.get() {
        project if project.is_empty() => t(text::ALL_PROJECTS).to_owned(),
        project => project,
    };
    view! {
        <Title text=title::of(move || format!("{} · {}", t(text::TITLE), heading()))/>
        // The table awaits its data inside, so that the server sends a complete page.
        <Suspense>
            {dynamic(move || Suspend::new(async move {
                let (query, answer) = first.await;
                if let Err(error) = &answer {
                    set_status(error);
                }
                let version = answer.as_ref().ok().map(|page| page.version.clone());
                let loading = answer.as_ref().is_ok_and(|page| page.loading.is_some());
                model.take(answer);
                let asked = asked_query(address.query, query, model.pending);
                model.follow(project, asked, version.filter(|version| !version.is_empty()));
                view! {
                    // Without JavaScript nothing else shows the list once it is read.
                    {loading.then(|| view! { <noscript><Meta http_equiv="refresh" content="2"/></noscript> })}
                    <Banner project quota/>
                    <List address model deletion/>
                }
            }))}
        </Suspense>
        <DeleteDialog deletion on_deleted=Callback::new(move |jobs: Vec<Target>| {
            model.selected.update(|selected| selected.remove(jobs.iter().map(|target| target.job.uid.as_str())));
            model.release();
        })/>
    }
}

/// Returns the query of the URL once the user pauses typing, starting with `first`; `pending` says that it differs from
/// the page shown.
fn asked_query(query: Signal<JobQuery>, first: JobQuery, pending: RwSignal<bool>) -> Signal<JobQuery> {
    let asked = RwSignal::new(first);
    Effect::new(move |timer: Option<Option<TimeoutHandle>>| {
        let query = query.get();
        if let Some(timer) = timer.flatten() {
            timer.clear();
        }
        let before = asked.get_untracked();
        if query == before {
            pending.set(false);
            return None;
        }
        pending.set(true);
        let is_typing = query.text != before.text && !query.text.is_empty();
        if !is_typing {
            asked.set(query);
            return None;
        }
        let ask = move || {
            // The page may be gone.
            asked.try_set(query.clone());
        };
        set_timeout_with_handle(ask, std::time::Duration::from_millis(TYPING_PAUSE)).ok()
    });
    asked.into()
}

/// Filter, chips and table, or a message in their place.
#[component]
fn List(address: Address, model: Model, deletion: Deletion) -> impl IntoView {
    let project = address.project;
    let query = address.query;
    let columns = Columns::new(address);
    let summary = Signal::derive(move || model.summary.get().unwrap_or_default());
    let total = Signal::derive(move || summary.get().total);
    let selection = Memo::new(move |_| {
        let now = crate::kit::time::now().unwrap_or_default();
        let total = usize::try_from(total.get()).unwrap_or(usize::MAX);
        model.selected.with(|selected| {
            model
                .rows
                .with(|rows| query.with(|query| selected.matching(query, rows, total, now)))
        })
    });
    // Without a single successful read there is nothing to filter, and nothing that could be stale.
    let is_read = move || model.summary.with(Option::is_some);
    let is_bare = move || is_read() && summary.get().all == 0;
    let is_failed = move || !is_read() && model.error.with(Option::is_some);
    let is_loading = move || !is_read() && !is_failed();
    view! {
        {dynamic(move || model.error.get().map(|error| view! { <Failure error/> }))}
        {dynamic(move || {
            model.stale.get().filter(|_| !is_failed()).map(|since| {
                view! { <Notice tone=Tone::Warning>{tf(common::STALE_SINCE, &[("time", &exact(since))])}</Notice> }
            })
        })}
        {dynamic(move || is_loading().then(|| view! { <Loading model/> }))}
        {dynamic(move || is_failed().then(|| {
            view! {
                <a class="button" rel="external" href=move || address.with_page(0)>
                    <Icon glyph=Glyph::Refresh/>
                    {t(common::RETRY)}
                </a>
            }
        }))}
        {dynamic(move || is_bare().then(|| view! { <Bare project/> }))}
        <Show when=move || is_read() && !is_bare()>
            <Toolbar address summary columns/>
            <BulkBar address model selection deletion/>
            <Show
                when=move || { total.get() > 0 || query.with(JobQuery::matches_all) }
                fallback=move || {
                    view! {
                        <Empty glyph=Glyph::Search title=t(text::NO_MATCH_TITLE)>
                            <a class="button" href=move || address.without_filter()>
                                {t(text::FILTER_CLEAR)}
                            </a>
                        </Empty>
                    }
                }
            >
                <JobTable address model columns/>
                <Pager address summary/>
            </Show>
        </Show>
    }
}

/// Progress of the first read of a large list.
#[component]
fn Loading(model: Model) -> impl IntoView {
    let read = move || model.loading.get().unwrap_or_default().to_string();
    view! {
        <div class="loading" role="status">
            <Icon glyph=Glyph::Spinner/>
            <span>{dynamic(move || tf(text::LOADING, &[("n", &read())]))}</span>
        </div>
    }
}

/// What a project without Jobs shows.
#[component]
fn Bare(project: Memo<String>) -> impl IntoView {
    if project.with_untracked(String::is_empty) {
        return view! {
            <Empty glyph=Glyph::Container title=t(text::EMPTY_ALL) text=t(text::EMPTY_ALL_TEXT)>""</Empty>
        }
        .into_any();
    }
    view! {
        <Empty
            glyph=Glyph::Container
            title=tf(text::EMPTY_TITLE, &[("project", &project.get_untracked())])
            text=t(text::EMPTY_TEXT)
        >
            <Doors project/>
        </Empty>
    }
    .into_any()
}
