//! Table of Jobs. Each row updates in place, so focus and open menus survive live changes.

use leptos::prelude::*;
use leptos_router::components::A;

use crate::api::job::JobRow;
use crate::api::job_query::SortColumn;
use crate::foreign_text::into_visible;
use crate::i18n::{Text, common, job_list as text, t, tf};
use crate::kit::erased::dynamic;
use crate::kit::icon::{Glyph, Icon};
use crate::kit::time::{Duration, Time};
use crate::pages::job_list::actions::RowMenu;
use crate::pages::job_list::address::Address;
use crate::pages::job_list::columns::{Column, Columns};
use crate::pages::job_list::model::Model;
use crate::parts::job_status::StatusBadge;
use crate::urls;

/// Table with the rows of one page.
#[component]
pub fn JobTable(
    /// Where the list is.
    address: Address,
    /// Data of the list.
    model: Model,
    /// Hidden columns.
    columns: Columns,
) -> impl IntoView {
    let rows = Memo::new(move |_| model.rows.get());
    let names =
        Memo::new(move |_| rows.with(|rows| rows.iter().map(|row| row.uid.clone()).collect::<Vec<_>>()));
    let all_selected = move || {
        rows.with(|rows| {
            !rows.is_empty()
                && model
                    .selected
                    .with(|selected| rows.iter().all(|row| selected.contains(&row.uid)))
        })
    };
    let select_page = move |on: bool| {
        let shown = rows.get_untracked();
        model.selected.update(|selected| {
            if on {
                for row in shown {
                    selected.insert(row);
                }
            } else {
                selected.remove(shown.iter().map(|row| row.uid.as_str()));
            }
        });
    };
    let with_project = address.project.with_untracked(String::is_empty);
    let heading = move |column: SortColumn, label: Text| view! { <Heading address column label/> };
    view! {
        // Rows stay in their places while the user points at them, or goes to the button that moves them.
        <div
            on:pointerenter=move |event| {
                // A finger does not hover: rows would stay in their places for ever.
                if event.pointer_type() == "mouse" {
                    model.hold();
                }
            }
            on:pointerleave=move |_| model.release()
        >
        <ChangedOrder model/>
        <div
            class="table-frame"
            role="region"
            aria-label=t(text::TITLE)
            tabindex="0"
            aria-busy=move || model.pending.get().then_some("true")
        >
            <table class=move || format!("table jobs-table {}", columns.class())>
                <thead>
                    <tr>
                        <th class="cell-tick">
                            <input
                                type="checkbox"
                                aria-label=t(text::SELECT_ALL)
                                prop:checked=all_selected
                                on:change=move |event| select_page(event_target_checked(&event))
                            />
                        </th>
                        <th scope="col" aria-sort=move || order_of(address, SortColumn::Name)>
                            {heading(SortColumn::Name, common::NAME)}
                        </th>
                        {with_project
                            .then(|| {
                                view! {
                                    <th
                                        scope="col"
                                        class="cell-project"
                                        aria-sort=move || order_of(address, SortColumn::Project)
                                    >
                                        {heading(SortColumn::Project, text::COLUMN_PROJECT)}
                                    </th>
                                }
                            })}
                        <th scope="col" aria-sort=move || order_of(address, SortColumn::Status)>
                            {heading(SortColumn::Status, common::STATUS)}
                        </th>
                        {Column::ALL
                            .into_iter()
                            .map(|column| {
                                view! {
                                    <th
                                        scope="col"
                                        class=format!("cell-{}", column.key())
                                        aria-sort=move || order_of(address, column.sort())
                                    >
                                        {heading(column.sort(), column.label())}
                                    </th>
                                }
                            })
                            .collect_view()}
                        <th class="cell-more"><span class="sr-only">{t(common::MORE)}</span></th>
                    </tr>
                </thead>
                <tbody>
                    <For each=move || names.get() key=Clone::clone let(uid)>
                        <Row model rows uid with_project/>
                    </For>
                </tbody>
            </table>
        </div>
        </div>
    }
}

/// Value of `aria-sort` for a column.
fn order_of(address: Address, column: SortColumn) -> Option<&'static str> {
    let sort = address.query.with(|query| query.sort);
    (sort.column == column).then_some(if sort.descending {
        "descending"
    } else {
        "ascending"
    })
}

/// Heading of a column: a link that sorts by it.
#[component]
fn Heading(address: Address, column: SortColumn, label: Text) -> impl IntoView {
    let arrow = move || {
        order_of(address, column).map(|order| {
            let class = format!("sort-arrow sort-{order}");
            view! { <span class=class><Icon glyph=Glyph::ChevronDown/></span> }
        })
    };
    view! {
        <a
            class="sort"
            href=move || address.with_sort(column)
            title=tf(text::SORT_BY, &[("column", t(label))])
        >
            {t(label)}
            {dynamic(arrow)}
        </a>
    }
}

/// Offers the current order while rows are held in their places under the pointer.
#[component]
fn ChangedOrder(model: Model) -> impl IntoView {
    view! {
        <div class="changed-order" role="status">
            <Show when=move || { model.moved.get() > 0 }>
                <span>
                    {dynamic(move || tf(text::CHANGED_ORDER, &[("n", &model.moved.get().to_string())]))}
                </span>
                <button type="button" class="button button-quiet" on:click=move |_| model.show_current()>
                    {t(text::SHOW_CHANGES)}
                </button>
            </Show>
        </div>
    }
}

/// Row of one Job.
#[component]
fn Row(model: Model, rows: Memo<Vec<JobRow>>, uid: String, with_project: bool) -> impl IntoView {
    let uid = StoredValue::new(uid);
    let found =
        move || uid.with_value(|uid| rows.with(|rows| rows.iter().find(|row| row.uid == *uid).cloned()));
    // A row that has just left the list renders its last state until `For` removes it.
    let Some(first) = untrack(found) else {
        return ().into_any();
    };
    let name = StoredValue::new(first.name.clone());
    let row = Memo::new(move |last: Option<&JobRow>| {
        found().or_else(|| last.cloned()).unwrap_or_else(|| first.clone())
    });
    let selected = move || {
        model
            .selected
            .with(|selected| uid.with_value(|uid| selected.contains(uid)))
    };
    let select = move |on: bool| {
        let row = row.get_untracked();
        model.selected.update(|selected| {
            if on {
                selected.insert(row);
            } else {
                selected.remove([row.uid.as_str()]);
            }
        });
    };
    let gone = move || model.gone.with(|gone| uid.with_value(|uid| gone.contains(uid)));
    view! {
        <tr class:row-ticked=selected class:row-gone=gone>
            <td class="cell-tick">
                <input
                    type="checkbox"
                    aria-label=move || tf(text::SELECT_ROW, &[("name", &name.get_value())])
                    prop:checked=selected
                    on:change=move |event| select(event_target_checked(&event))
                />
            </td>
            <th scope="row" class="cell-name">
                <A href=move || row.with(|row| urls::job(&row.project, &row.name))>
                    <span class="job-name">{name.get_value()}</span>
                    {dynamic(move || {
                        row.with(|row| row.alias.clone().map(into_visible))
                            .map(|alias| view! { <span class="job-alias">{alias}</span> })
                    })}
                </A>
                {dynamic(move || {
                    row.with(|row| row.description.clone().map(into_visible))
                        .map(|description| view! { <span class="job-description" title=description.clone()>{description.clone()}</span> })
                })}
            </th>
            {with_project
                .then(|| {
                    let project = row.with_untracked(|row| row.project.clone());
                    view! { <td class="cell-project"><A href=urls::jobs(&project)>{project.clone()}</A></td> }
                })}
            <td class="cell-status">
                <Show when=gone>
                    <span class="gone">{t(text::GONE)}</span>
                </Show>
                <StatusBadge status=Signal::derive(move || row.with(|row| row.status.clone()))/>
            </td>
            <td class="cell-done number">
                {dynamic(move || row.with(JobRow::progress))}
            </td>
            <td class="cell-duration">
                <Duration
                    from=Signal::derive(move || row.with(|row| row.started))
                    to=Signal::derive(move || row.with(|row| row.finished))
                />
            </td>
            <td class="cell-image">
                <span class="cell-clip mono" title=move || row.with(|row| row.images.join(", "))>
                    {dynamic(move || row.with(|row| row.images.join(", ")))}
                </span>
            </td>
            <td class="cell-owner">{dynamic(move || row.with(|row| row.owner.clone()).unwrap_or_else(|| "–".to_owned()))}</td>
            <td class="cell-age"><Time at=Signal::derive(move || row.with(|row| Some(row.created)))/></td>
            <td class="cell-updated"><Time at=Signal::derive(move || row.with(|row| Some(row.updated)))/></td>
            <td class="cell-more"><RowMenu row model/></td>
        </tr>
    }
        .into_any()
}
