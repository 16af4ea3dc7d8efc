//! Filter, state chips, columns and pages of the list. Everything is a link or a form, so that it works without
//! JavaScript, and everything is in the URL.

use leptos::prelude::*;
use leptos_router::NavigateOptions;
use leptos_router::hooks::use_navigate;

use crate::api::job_query::{JobQuery, PAGE_SIZES, StatusGroup, Summary};
use crate::i18n::{Text, common, job_list as text, t, tf};
use crate::kit::erased::dynamic;
use crate::kit::icon::{Glyph, Icon};
use crate::pages::job_list::address::Address;
use crate::pages::job_list::columns::{ColumnMenu, Columns};
use crate::pages::job_list::saved_views::ViewMenu;
use crate::urls;

/// Filter box, state chips, columns.
#[component]
pub fn Toolbar(
    /// Where the list is.
    address: Address,
    /// Numbers about the list.
    summary: Signal<Summary>,
    /// Hidden columns.
    columns: Columns,
) -> impl IntoView {
    let query = address.query;
    let navigate = use_navigate();
    let typing = move |text: String| {
        let options = NavigateOptions {
            replace: true,
            scroll: false,
            ..urls::whole()
        };
        navigate(&untrack(|| address.with_text(text)), options);
    };
    view! {
        <div class="toolbar">
            <form class="search" role="search" method="get">
                <Icon glyph=Glyph::Search/>
                <input
                    class="input"
                    type="search"
                    name="q"
                    value=query.with_untracked(|query| query.text.clone())
                    prop:value=move || query.with(|query| query.text.clone())
                    aria-label=t(text::FILTER)
                    placeholder=t(text::FILTER_HINT)
                    on:input=move |event| typing(event_target_value(&event))
                />
                // What the form does not change.
                {dynamic(move || {
                    let kept = JobQuery { text: String::new(), page: 0, ..query.get() };
                    kept.to_params()
                        .into_iter()
                        .map(|(name, value)| view! { <input type="hidden" name=name value=value/> })
                        .collect_view()
                })}
            </form>
            <div class="chips" role="group" aria-label=t(common::STATUS)>
                {StatusGroup::ALL
                    .into_iter()
                    .map(|chip| {
                        let open = move || query.with(|query| query.status == Some(chip));
                        let count = move || summary.get().counts[chip.index()];
                        view! {
                            <a
                                class=format!("chip chip-{}", chip.key())
                                class:chip-on=open
                                aria-current=move || open().to_string()
                                href=move || address.with_status((!open()).then_some(chip))
                                class:chip-none=move || count() == 0 && !open()
                            >
                                <span class="chip-dot"></span>
                                {t(group_label(chip))}
                                <span class="number">{dynamic(count)}</span>
                            </a>
                        }
                    })
                    .collect_view()}
            </div>
            <ViewMenu address/>
            <ColumnMenu columns/>
        </div>
    }
}

fn group_label(group: StatusGroup) -> Text {
    match group {
        StatusGroup::Active => text::GROUP_ACTIVE,
        StatusGroup::Stuck => text::GROUP_STUCK,
        StatusGroup::Completed => text::STATUS_COMPLETED,
        StatusGroup::Failed => text::STATUS_FAILED,
        StatusGroup::Suspended => text::STATUS_SUSPENDED,
    }
}

/// Range of the rows shown, links to the other pages, and the number of rows per page.
#[component]
pub fn Pager(
    /// Where the list is.
    address: Address,
    /// Numbers about the list.
    summary: Signal<Summary>,
) -> impl IntoView {
    let size = move || address.query.with(|query| u32::from(query.size));
    let total = move || summary.get().total;
    let start = move || summary.get().page * size();
    let range = move || {
        let to = (start() + size()).min(total());
        let numbers = [
            ("from", (start() + 1).to_string()),
            ("to", to.to_string()),
            ("total", total().to_string()),
        ];
        let numbers: Vec<(&str, &str)> = numbers
            .iter()
            .map(|(name, value)| (*name, value.as_str()))
            .collect();
        tf(text::PAGE_OF, &numbers)
    };
    let step = move |label: Text, glyph, page: Signal<Option<u32>>| {
        view! {
            <a
                class="button button-icon"
                aria-label=t(label)
                title=t(label)
                role="link"
                aria-disabled=move || page.get().is_none().then_some("true")
                href=move || page.get().map(|page| address.with_page(page))
            >
                <Icon glyph/>
            </a>
        }
    };
    let previous = Signal::derive(move || summary.get().page.checked_sub(1));
    let next = Signal::derive(move || (start() + size() < total()).then(|| summary.get().page + 1));
    view! {
        <Show when=move || { total() > u32::from(PAGE_SIZES[0]) }>
            <nav class="pager" aria-label=t(text::PAGES)>
                <span class="pager-sizes">
                    <span>{t(text::PAGE_SIZE)}</span>
                    {PAGE_SIZES
                        .into_iter()
                        .map(|choice| {
                            view! {
                                <a
                                    class="pager-size"
                                    aria-current=move || (size() == u32::from(choice)).then_some("true")
                                    href=move || address.with_size(choice)
                                >
                                    {choice.to_string()}
                                </a>
                            }
                        })
                        .collect_view()}
                </span>
                <span class="number" role="status">{dynamic(range)}</span>
                {step(text::PREVIOUS_PAGE, Glyph::Back, previous)}
                {step(text::NEXT_PAGE, Glyph::ChevronRight, next)}
            </nav>
        </Show>
    }
}
