//! The Job list of a project (features L1, L3-L7).

mod actions;
mod columns;
mod filter;
mod list_header;
mod model;
mod table;

use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::NavigateOptions;
use leptos_router::hooks::use_navigate;

pub use crate::pages::job_list::actions::{DeleteDialog, Deletion};

use crate::api;
use crate::api::job::{JobRef, JobRow};
use crate::i18n::{common, job_list as text, t, tf};
use crate::kit::empty_state::Empty;
use crate::kit::erased::dynamic;
use crate::kit::icon::{Glyph, Icon};
use crate::kit::notice::{Notice, Tone};
use crate::kit::query_param::use_query_value;
use crate::kit::time::exact;
use crate::kit::title;
use crate::layout::use_project;
use crate::pages::job_list::actions::BulkBar;
use crate::pages::job_list::columns::{ColumnMenu, Columns};
use crate::pages::job_list::filter::{Filter, StatusGroup};
use crate::pages::job_list::list_header::{Banner, Doors};
use crate::pages::job_list::model::{Model, Selection};
use crate::pages::job_list::table::JobTable;
use crate::pages::set_status;
use crate::parts::api_error::Failure;
use crate::urls;

/// Number of rows per page of the table.
const PAGE_SIZE: usize = 50;

/// Page of the Job list. Switching the project builds a new list that shares no state with the old one.
#[component]
pub fn JobsPage() -> impl IntoView {
    let project = use_project();
    view! { {dynamic(move || view! { <JobsOf project=project.get()/> })} }
}

/// Job list of one project.
#[component]
fn JobsOf(project: String) -> impl IntoView {
    let project = Memo::new(move |_| project.clone());
    let model = Model::new();
    let deletion = Deletion::provide();
    let first = Resource::new_blocking(move || project.get(), api::jobs);
    model.follow(project);
    let quota = Signal::derive(move || model.list.with(|list| list.as_ref().map(|list| list.quota)));
    view! {
        <Title text=title::of(move || format!("{} · {}", t(text::TITLE), project.get()))/>
        // The table awaits its data inside, so that the server sends a complete page.
        <Suspense>
            {dynamic(move || Suspend::new(async move {
                let answer = first.await;
                if let Err(error) = &answer {
                    set_status(error);
                }
                model.take(answer);
                view! {
                    <Banner project quota/>
                    <List project model deletion/>
                }
            }))}
        </Suspense>
        <DeleteDialog project deletion on_deleted=Callback::new(move |jobs: Vec<JobRef>| {
            model.deselect(&jobs.into_iter().map(|job| job.uid).collect::<Vec<_>>());
        })/>
    }
}

/// Filter, chips and table, or a message in their place.
#[component]
fn List(project: Memo<String>, model: Model, deletion: Deletion) -> impl IntoView {
    let (q, status) = (use_query_value("q"), use_query_value("status"));
    let query = Memo::new(move |_| q.get().unwrap_or_default());
    let group = Memo::new(move |_| status.with(|key| StatusGroup::from_key(key.as_deref()?)));
    let filter = Memo::new(move |_| Filter::new(&query.get(), group.get()));
    let page = RwSignal::new(0_usize);
    let columns = Columns::new();
    let matching = Memo::new(move |_| {
        let filter = filter.get();
        let rows = |list: &api::job::JobList| {
            list.rows
                .iter()
                .filter(|row| filter.matches(row))
                .cloned()
                .collect()
        };
        model
            .list
            .with(|list| list.as_ref().map(rows).unwrap_or_default())
    });
    let total = move || matching.with(Vec::len);
    let start = move || (page.get() * PAGE_SIZE).min(total().saturating_sub(1) / PAGE_SIZE * PAGE_SIZE);
    let shown = Memo::new(move |_| {
        matching.with(|rows: &Vec<JobRow>| {
            rows.iter()
                .skip(start())
                .take(PAGE_SIZE)
                .cloned()
                .collect::<Vec<_>>()
        })
    });
    let selection = Memo::new(move |_| {
        model.selected.with(|selected| {
            matching.with(|matching| shown.with(|shown| Selection::of(selected, matching, shown)))
        })
    });
    let select_all = Callback::new(move |()| {
        let all = matching.with_untracked(|rows| rows.iter().map(|row| row.uid.clone()).collect());
        model.selected.set(all);
    });
    let is_bare = move || {
        model
            .list
            .with(|list| list.as_ref().is_some_and(|list| list.rows.is_empty()))
    };
    // Without a single successful read there is nothing to filter, and nothing that could be stale.
    let is_known = move || model.list.with(Option::is_some) || model.error.with(Option::is_none);
    view! {
        {dynamic(move || model.error.get().map(|error| view! { <Failure error/> }))}
        {dynamic(move || {
            model.stale.get().filter(|_| is_known()).map(|since| {
                view! { <Notice tone=Tone::Warning>{tf(common::STALE_SINCE, &[("time", &exact(since))])}</Notice> }
            })
        })}
        <Show
            when=move || !is_bare() && is_known()
            fallback=move || {
                if !is_known() {
                    return view! {
                        <a class="button" rel="external" href=move || urls::jobs(&project.get())>
                            <Icon glyph=Glyph::Refresh/>
                            {t(common::RETRY)}
                        </a>
                    }
                        .into_any();
                }
                view! {
                    <Empty
                        glyph=Glyph::Container
                        title=tf(text::EMPTY_TITLE, &[("project", &project.get())])
                        text=t(text::EMPTY_TEXT)
                    >
                        <Doors project/>
                    </Empty>
                }
                    .into_any()
            }
        >
            <Toolbar project model query group columns/>
            <BulkBar model selection total=Signal::derive(total) select_all deletion/>
            <Show
                when=move || { total() > 0 || filter.with(Filter::is_empty) }
                fallback=move || {
                    view! {
                        <Empty glyph=Glyph::Search title=t(text::NO_MATCH_TITLE)>
                            <a class="button" href=move || urls::jobs(&project.get())>
                                {t(text::FILTER_CLEAR)}
                            </a>
                        </Empty>
                    }
                }
            >
                <JobTable model rows=shown columns/>
                <Pager total=Signal::derive(total) start=Signal::derive(start) page/>
            </Show>
        </Show>
    }
}

/// Filter box, state chips, columns. A form, so that filtering works without JavaScript.
#[component]
fn Toolbar(
    project: Memo<String>,
    model: Model,
    query: Memo<String>,
    group: Memo<Option<StatusGroup>>,
    columns: Columns,
) -> impl IntoView {
    let path = Memo::new(move |_| urls::jobs(&project.get()));
    let navigate = use_navigate();
    let address = move |text: &str, group: Option<StatusGroup>| {
        let mut params = Vec::new();
        if !text.is_empty() {
            params.push(format!("q={}", leptos_router::location::Url::escape(text)));
        }
        if let Some(group) = group {
            params.push(format!("status={}", group.key()));
        }
        if params.is_empty() {
            path.get()
        } else {
            format!("{}?{}", path.get(), params.join("&"))
        }
    };
    let typing = {
        move |text: String| {
            let options = NavigateOptions {
                replace: true,
                scroll: false,
                ..urls::whole()
            };
            navigate(&untrack(|| address(&text, group.get())), options);
        }
    };
    let count = move |group: StatusGroup| {
        let filter = Filter::new(&query.get(), None);
        model.list.with(|list| {
            list.as_ref().map_or(0, |list| {
                let in_group =
                    |row: &&JobRow| StatusGroup::of(row.status.kind) == group && filter.matches_text(row);
                list.rows.iter().filter(in_group).count()
            })
        })
    };
    view! {
        <div class="toolbar">
            <form class="search" role="search" method="get">
                <Icon glyph=Glyph::Search/>
                <input
                    class="input"
                    type="search"
                    name="q"
                    value=query.get_untracked()
                    prop:value=move || query.get()
                    aria-label=t(text::FILTER)
                    placeholder=t(text::FILTER_HINT)
                    on:input=move |event| typing(event_target_value(&event))
                />
            </form>
            <div class="chips" role="group" aria-label=t(common::STATUS)>
                {StatusGroup::ALL
                    .into_iter()
                    .map(|chip| {
                        let open = move || group.get() == Some(chip);
                        view! {
                            <a
                                class=format!("chip chip-{}", chip.key())
                                class:chip-on=open
                                aria-current=move || open().to_string()
                                href=move || address(&query.get(), (!open()).then_some(chip))
                                class:chip-none=move || count(chip) == 0 && !open()
                            >
                                <span class="chip-dot"></span>
                                {t(group_label(chip))}
                                <span class="number">{dynamic(move || count(chip))}</span>
                            </a>
                        }
                    })
                    .collect_view()}
            </div>
            <ColumnMenu columns/>
        </div>
    }
}

fn group_label(group: StatusGroup) -> crate::i18n::Text {
    match group {
        StatusGroup::Active => text::GROUP_ACTIVE,
        StatusGroup::Stuck => text::GROUP_STUCK,
        StatusGroup::Completed => text::STATUS_COMPLETED,
        StatusGroup::Failed => text::STATUS_FAILED,
        StatusGroup::Suspended => text::STATUS_SUSPENDED,
    }
}

/// Range of the rows shown and buttons to the other pages.
#[component]
fn Pager(total: Signal<usize>, start: Signal<usize>, page: RwSignal<usize>) -> impl IntoView {
    let range = move || {
        let (from, total) = (start.get() + 1, total.get());
        let to = (start.get() + PAGE_SIZE).min(total);
        tf(
            text::PAGE_OF,
            &[
                ("from", &from.to_string()),
                ("to", &to.to_string()),
                ("total", &total.to_string()),
            ],
        )
    };
    view! {
        <Show when=move || { total.get() > PAGE_SIZE }>
            <nav class="pager" aria-label=range>
                <span class="number">{range}</span>
                <button
                    type="button"
                    class="button button-icon"
                    aria-label=t(text::PREVIOUS_PAGE)
                    disabled=move || start.get() == 0
                    on:click=move |_| page.set((start.get_untracked() / PAGE_SIZE).saturating_sub(1))
                >
                    <Icon glyph=Glyph::Back/>
                </button>
                <button
                    type="button"
                    class="button button-icon"
                    aria-label=t(text::NEXT_PAGE)
                    disabled=move || { start.get() + PAGE_SIZE >= total.get() }
                    on:click=move |_| page.set(start.get_untracked() / PAGE_SIZE + 1)
                >
                    <Icon glyph=Glyph::ChevronRight/>
                </button>
            </nav>
        </Show>
    }
}
