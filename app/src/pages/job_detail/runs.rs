//! Execution records (执行记录): every run of the Job, including reruns.

use leptos::prelude::*;
use leptos_router::components::A;

use crate::api::job::{JobDetail, Record};
use crate::i18n::{common, job_detail as text, job_list, t};
use crate::kit::erased::dynamic;
use crate::kit::time::{Duration, Time};
use crate::parts::job_status::StatusBadge;
use crate::urls;

/// Table of runs, newest first.
#[component]
pub fn Records(
    /// Job.
    detail: Memo<JobDetail>,
) -> impl IntoView {
    let row = move |number: usize, record: Record| {
        let (project, this) = detail.with(|d| (d.row.project.clone(), d.row.name == record.name));
        view! {
            <tr>
                <td class="number">{number}</td>
                <th scope="row">
                    <A href=urls::job(&project, &record.name)>{record.name.clone()}</A>
                    {this.then(|| view! { <span class="tag">{t(text::RECORDS_THIS)}</span> })}
                </th>
                <td><StatusBadge status=Signal::stored(record.status.clone())/></td>
                <td class="number">{format!("{}/{}", record.succeeded, record.wanted)}</td>
                <td><Time at=Signal::stored(record.started)/></td>
                <td><Time at=Signal::stored(record.finished)/></td>
                <td><Duration from=Signal::stored(record.started) to=Signal::stored(record.finished)/></td>
            </tr>
        }
    };
    view! {
        <div class="table-frame" role="region" aria-label=t(text::TAB_RECORDS) tabindex="0">
            <table class="table">
                <thead>
                    <tr>
                        <th scope="col">"#"</th>
                        <th scope="col">{t(text::RUN)}</th>
                        <th scope="col">{t(common::STATUS)}</th>
                        <th scope="col">{t(job_list::COLUMN_DONE)}</th>
                        <th scope="col">{t(text::STARTED)}</th>
                        <th scope="col">{t(text::ENDED)}</th>
                        <th scope="col">{t(text::DURATION)}</th>
                    </tr>
                </thead>
                <tbody>
                    {dynamic(move || {
                        let records = detail.with(|detail| detail.records.clone());
                        let count = records.len();
                        records
                            .into_iter()
                            .enumerate()
                            .map(|(position, record)| row(count - position, record))
                            .collect_view()
                    })}
                </tbody>
            </table>
        </div>
    }
}
