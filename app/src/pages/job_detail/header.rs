//! Header of a Job's page: name, state with its reason, and actions.

use leptos::prelude::*;
use leptos_router::components::A;
use leptos_router::hooks::use_navigate;

use crate::api;
use crate::api::job::{JobDetail, Target};
use crate::foreign_text::into_visible;
use crate::i18n::{common, job_detail as text, job_list, t, tf};
use crate::kit::erased::dynamic;
use crate::kit::icon::{Glyph, Icon};
use crate::kit::toast::use_toaster;
use crate::layout::{LastList, described_by, use_rights};
use crate::pages::job_detail::Gone;
use crate::pages::job_detail::summary::EditInformation;
use crate::pages::job_list::{DeleteDialog, Deletion};
use crate::pages::report;
use crate::parts::job_status::StatusBadge;
use crate::parts::reason::help;
use crate::urls;

/// Title, state and actions.
#[component]
pub fn Head(
    /// Job.
    detail: Memo<JobDetail>,
    /// Whether the Job has been deleted: no action applies any more.
    gone: RwSignal<Option<Gone>>,
) -> impl IntoView {
    let project = Memo::new(move |_| detail.with(|detail| detail.row.project.clone()));
    let list = move || LastList::back(&project.get());
    let deletion = Deletion::provide();
    let navigate = use_navigate();
    view! {
        <nav class="breadcrumb">
            <A href=list>
                <Icon glyph=Glyph::Back/>
                {t(text::BREADCRUMB)}
            </A>
        </nav>
        <div class="page-head job-head">
            <div class="page-title">
                <h1>
                    <span class="mono-name">{dynamic(move || detail.with(|detail| detail.row.name.clone()))}</span>
                    {dynamic(move || {
                        detail
                            .with(|detail| detail.row.alias.clone().map(into_visible))
                            .map(|alias| view! { <span class="job-alias">{alias}</span> })
                    })}
                </h1>
                {dynamic(move || {
                    detail
                        .with(|detail| detail.row.description.clone().map(into_visible))
                        .map(|description| view! { <p class="page-intro">{description}</p> })
                })}
                <div class="job-state" aria-live="polite">
                    <StatusBadge status=Signal::derive(move || detail.with(|detail| detail.row.status.clone()))/>
                    <span class="number job-progress">
                        {dynamic(move || {
                            detail
                                .with(|detail| {
                                    let row = &detail.row;
                                    let succeeded = row.succeeded.to_string();
                                    match row.completions {
                                        Some(wanted) => {
                                            tf(text::DONE, &[("x", &succeeded), ("y", &wanted.to_string())])
                                        }
                                        None => tf(text::DONE_QUEUE, &[("x", &succeeded)]),
                                    }
                                })
                        })}
                    </span>
                </div>
                {dynamic(move || {
                    detail
                        .with(|detail| detail.row.status.reason.as_ref().and_then(help))
                        .map(|help| view! { <p class="job-help">{help}</p> })
                })}
            </div>
            <Show when=move || gone.with(Option::is_none)>
                <Actions detail deletion/>
            </Show>
        </div>
        <DeleteDialog
            deletion
            on_deleted=Callback::new(move |deleted: Vec<Target>| {
                if !deleted.is_empty() {
                    navigate(&untrack(list), urls::whole());
                }
            })
        />
    }
}

/// Buttons for rerun, suspend, clone, edit information, delete.
#[component]
fn Actions(detail: Memo<JobDetail>, deletion: Deletion) -> impl IntoView {
    let toaster = use_toaster();
    let navigate = use_navigate();
    let rerun = Action::new(move |(): &()| {
        let (project, job) = detail.with_untracked(|detail| (detail.row.project.clone(), detail.row.job()));
        let navigate = navigate.clone();
        async move {
            report(toaster, api::rerun(project, job).await, |new| {
                navigate(&urls::job(&new.project, &new.name), urls::whole());
                tf(job_list::RERAN, &[("name", &new.name)])
            });
        }
    });
    let suspend = Action::new(move |suspend: &bool| {
        let suspend = *suspend;
        let (project, job) = detail.with_untracked(|detail| (detail.row.project.clone(), detail.row.job()));
        let done = if suspend {
            job_list::SUSPENDED
        } else {
            job_list::RESUMED
        };
        async move {
            report(toaster, api::suspend(project, job.clone(), suspend).await, |()| {
                tf(done, &[("name", &job.name)])
            });
        }
    });
    let editing = RwSignal::new(false);
    let rights = use_rights();
    let may_change = move || rights.with(|rights| rights.change);
    view! {
        <div class="actions">
            <button
                type="button"
                class="button button-primary"
                disabled=move || rerun.pending().get() || !rights.with(|rights| rights.create)
                aria-describedby=move || described_by(rights.with(|rights| rights.create))
                on:click=move |_| { rerun.dispatch(()); }
            >
                <Icon glyph=Glyph::Refresh/>
                {t(common::RERUN)}
            </button>
            <A
                attr:rel="external"
                href=move || detail.with(|d| urls::create(&d.row.project, &format!("?from={}", d.row.name)))
                attr:class="button"
            >
                <Icon glyph=Glyph::Copy/>
                {t(common::CLONE)}
            </A>
            {dynamic(move || {
                let (active, suspended) = detail.with(|d| (d.row.is_active(), d.row.suspended));
                active
                    .then(|| {
                        view! {
                            <button
                                type="button"
                                class="button"
                                disabled=move || suspend.pending().get() || !may_change()
                                aria-describedby=move || described_by(may_change())
                                on:click=move |_| { suspend.dispatch(!suspended); }
                            >
                                <Icon glyph=if suspended { Glyph::Play } else { Glyph::Pause }/>
                                {t(if suspended { common::RESUME } else { common::SUSPEND })}
                            </button>
                        }
                    })
            })}
            <button
                type="button"
                class="button"
                disabled=move || !may_change()
                aria-describedby=move || described_by(may_change())
                on:click=move |_| editing.set(true)
            >
                <Icon glyph=Glyph::Edit/>
                {t(text::EDIT_INFORMATION)}
            </button>
            <button
                type="button"
                class="button button-danger-quiet"
                disabled=move || !rights.with(|rights| rights.delete)
                aria-describedby=move || described_by(rights.with(|rights| rights.delete))
                on:click=move |_| deletion.ask(vec![detail.with_untracked(|detail| Target::of(&detail.row))])
            >
                <Icon glyph=Glyph::Trash/>
                {t(common::DELETE)}
            </button>
        </div>
        <EditInformation detail open=editing/>
    }
}
