//! Table of Jobs. Each row updates in place, so focus and open menus survive live changes.

use leptos::prelude::*;
use leptos_router::components::A;

use crate::api::job::JobRow;
use crate::foreign_text::into_visible;
use crate::i18n::{common, job_list as text, t, tf};
use crate::kit::erased::dynamic;
use crate::kit::time::{Duration, Time};
use crate::pages::job_list::actions::RowMenu;
use crate::pages::job_list::columns::{Column, Columns};
use crate::pages::job_list::model::Model;
use crate::parts::job_status::StatusBadge;
use crate::urls;

/// Table with the rows of one page.
#[component]
pub fn JobTable(
    /// Data of the list.
    model: Model,
    /// Rows to show, in order.
    rows: Memo<Vec<JobRow>>,
    /// Hidden columns.
    columns: Columns,
) -> impl IntoView {
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
        let shown = rows.with_untracked(|rows| rows.iter().map(|row| row.uid.clone()).collect::<Vec<_>>());
        if on {
            model.selected.update(|selected| selected.extend(shown));
        } else {
            model.deselect(&shown);
        }
    };
    view! {
        <div class="table-frame" role="region" aria-label=t(text::TITLE) tabindex="0">
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
                        <th scope="col">{t(common::NAME)}</th>
                        <th scope="col">{t(common::STATUS)}</th>
                        {Column::ALL
                            .into_iter()
                            .map(|column| {
                                view! {
                                    <th scope="col" class=format!("cell-{}", column.key())>
                                        {t(column.label())}
                                    </th>
                                }
                            })
                            .collect_view()}
                        <th class="cell-more"><span class="sr-only">{t(common::MORE)}</span></th>
                    </tr>
                </thead>
                <tbody>
                    <For each=move || names.get() key=Clone::clone let(uid)>
                        <Row model rows uid/>
                    </For>
                </tbody>
            </table>
        </div>
    }
}

/// Row of one Job.
#[component]
fn Row(model: Model, rows: Memo<Vec<JobRow>>, uid: String) -> impl IntoView {
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
        model.selected.update(|selected| {
            let uid = uid.get_value();
            if on {
                selected.insert(uid);
            } else {
                selected.remove(&uid);
            }
        });
    };
    view! {
        <tr class:row-ticked=selected>
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
            <td class="cell-status">
                <StatusBadge status=Signal::derive(move || row.with(|row| row.status.clone()))/>
            </td>
            <td class="cell-done number">
                {dynamic(move || row.with(|row| format!("{}/{}", row.succeeded, row.wanted())))}
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
            <td class="cell-more"><RowMenu row/></td>
        </tr>
    }
        .into_any()
}
