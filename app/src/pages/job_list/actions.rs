//! Actions on Jobs in the list: rerun, suspend, clone, delete; on one or many.

use std::collections::HashSet;

use leptos::prelude::*;
use leptos_router::components::A;

use crate::api;
use crate::api::job::{JobRef, JobRow};
use crate::i18n::{Text, common, job_list as text, t, tf};
use crate::kit::dialog::Dialog;
use crate::kit::erased::dynamic;
use crate::kit::icon::{Glyph, Icon};
use crate::kit::menu::Menu;
use crate::kit::notice::Tone;
use crate::kit::toast::use_toaster;
use crate::layout::use_rights;
use crate::pages::job_list::model::{Model, Selection};
use crate::pages::report;
use crate::urls;

/// State of the delete confirmation, shared by the rows and the bulk bar.
#[derive(Clone, Copy)]
pub struct Deletion {
    open: RwSignal<bool>,
    jobs: RwSignal<Vec<JobRef>>,
}

impl Deletion {
    /// Provides the context, with no confirmation open.
    pub fn provide() -> Self {
        let deletion = Self {
            open: RwSignal::new(false),
            jobs: RwSignal::new(Vec::new()),
        };
        provide_context(deletion);
        deletion
    }

    /// Opens the confirmation for these Jobs.
    pub fn ask(self, jobs: Vec<JobRef>) {
        self.jobs.set(jobs);
        self.open.set(true);
    }
}

/// Menu of one row.
#[component]
pub fn RowMenu(
    /// The Job.
    row: Memo<JobRow>,
) -> impl IntoView {
    let name = move || row.with(|row| row.name.clone());
    let path = move || row.with(|row| urls::job(&row.project, &row.name));
    let deletion = use_context::<Deletion>();
    let rights = use_rights();
    let toaster = use_toaster();
    let rerun = Action::new(move |(): &()| {
        let (project, job) = row.with_untracked(|row| (row.project.clone(), row.job()));
        async move {
            report(toaster, api::rerun(project, job).await, |new| {
                tf(text::RERAN, &[("name", &new.name)])
            });
        }
    });
    let suspend = Action::new(move |suspend: &bool| {
        let (suspend, row) = (*suspend, row.get_untracked());
        let done = if suspend { text::SUSPENDED } else { text::RESUMED };
        async move {
            let job = row.job();
            let answer = api::suspend(row.project, job.clone(), suspend).await;
            report(toaster, answer, |()| tf(done, &[("name", &job.name)]));
        }
    });
    view! {
        <Menu
            label=Signal::derive(move || tf(text::ACTIONS_FOR, &[("name", &name())]))
            class="button button-icon"
            end=true
            button=ViewFn::from(|| view! { <Icon glyph=Glyph::More/> })
        >
            <button
                type="button"
                class="menu-item"
                disabled=move || !rights.with(|rights| rights.create)
                on:click=move |_| { rerun.dispatch(()); }
            >
                <Icon glyph=Glyph::Refresh/>
                {t(common::RERUN)}
            </button>
            <A
                attr:rel="external"
                href=move || row.with(|row| urls::create(&row.project, &format!("?from={}", row.name)))
                attr:class="menu-item"
            >
                <Icon glyph=Glyph::Copy/>
                {t(common::CLONE)}
            </A>
            <A href=move || format!("{}?tab=manifest", path()) attr:class="menu-item">
                <Icon glyph=Glyph::Code/>
                {t(text::VIEW_MANIFEST)}
            </A>
            {dynamic(move || {
                let (active, suspended) = row.with(|row| (row.is_active(), row.suspended));
                active
                    .then(|| {
                        view! {
                            <button
                                type="button"
                                class="menu-item"
                                disabled=move || !rights.with(|rights| rights.change)
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
                class="menu-item menu-danger"
                disabled=move || !rights.with(|rights| rights.delete)
                on:click=move |_| {
                    if let Some(deletion) = deletion {
                        deletion.ask(vec![row.with_untracked(JobRow::job)]);
                    }
                }
            >
                <Icon glyph=Glyph::Trash/>
                {t(common::DELETE)}
            </button>
        </Menu>
    }
}

/// Bar over the table while Jobs are selected. It reports the selected Jobs that are not visible.
#[component]
pub fn BulkBar(
    /// Data of the list.
    model: Model,
    /// Jobs that an action applies to.
    selection: Memo<Selection>,
    /// Number of Jobs that match the filter.
    total: Signal<usize>,
    /// Selects all Jobs that match.
    select_all: Callback<()>,
    /// Delete confirmation.
    deletion: Deletion,
) -> impl IntoView {
    let rights = use_rights();
    let count = move || selection.with(|selection| selection.jobs.len());
    let counted = |text: Text, n: usize| (n > 0).then(|| tf(text, &[("n", &n.to_string())]));
    view! {
        <Show when=move || model.selected.with(|selected| !selected.is_empty())>
            <div class="bulk" role="status">
                <span>{move || tf(text::SELECTED, &[("n", &count().to_string())])}</span>
                {dynamic(move || {
                    counted(text::SELECTED_ELSEWHERE, selection.with(|selection| selection.elsewhere))
                        .map(|note| view! { <span class="bulk-note">{note}</span> })
                })}
                {dynamic(move || {
                    counted(text::SELECTED_HIDDEN, selection.with(|selection| selection.hidden))
                        .map(|note| view! { <span class="bulk-note">{note}</span> })
                })}
                <Show when=move || selection.with(|selection| selection.can_extend)>
                    <button type="button" class="button button-quiet" on:click=move |_| select_all.run(())>
                        {move || tf(text::SELECT_MATCHING, &[("n", &total.get().to_string())])}
                    </button>
                </Show>
                <button
                    type="button"
                    class="button button-danger"
                    disabled=move || count() == 0 || !rights.with(|rights| rights.delete)
                    on:click=move |_| deletion.ask(selection.with_untracked(|selection| selection.jobs.clone()))
                >
                    <Icon glyph=Glyph::Trash/>
                    {t(common::DELETE)}
                </button>
                <button
                    type="button"
                    class="button button-quiet"
                    on:click=move |_| model.selected.update(HashSet::clear)
                >
                    {t(text::DESELECT)}
                </button>
            </div>
        </Show>
    }
}

/// Delete confirmation, and the deletion itself.
#[component]
pub fn DeleteDialog(
    /// Current project.
    project: Memo<String>,
    /// State of the confirmation.
    deletion: Deletion,
    /// Receives the Jobs that were deleted.
    on_deleted: Callback<Vec<JobRef>>,
) -> impl IntoView {
    let toaster = use_toaster();
    let delete = Action::new(move |jobs: &Vec<JobRef>| {
        let (project, jobs) = (project.get_untracked(), jobs.clone());
        async move {
            let answer = api::delete(project, jobs.clone()).await;
            deletion.open.set(false);
            let results = match answer {
                Ok(results) => results,
                Err(error) => {
                    report(toaster, Err::<(), _>(error), |()| String::new());
                    return;
                }
            };
            let mut deleted = Vec::new();
            for (job, error) in jobs.into_iter().zip(results) {
                match error {
                    None => deleted.push(job),
                    Some(error) => report(toaster, Err::<(), _>(error), |()| String::new()),
                }
            }
            if let Some(toaster) = toaster.filter(|_| !deleted.is_empty()) {
                toaster.show(Tone::Good, deleted_message(&deleted));
            }
            on_deleted.run(deleted);
        }
    });
    let count = move || deletion.jobs.with(Vec::len).to_string();
    view! {
        <Dialog
            open=deletion.open
            title=Signal::derive(move || tf(text::DELETE_TITLE, &[("n", &count())]))
            action=Signal::stored(t(common::DELETE).to_owned())
            dangerous=true
            busy=Signal::derive(move || delete.pending().get())
            on_action=Callback::new(move |()| { delete.dispatch(deletion.jobs.get_untracked()); })
        >
            <ul class="name-list">
                {dynamic(move || {
                    let names = deletion.jobs.get().into_iter().map(|job| job.name);
                    names.map(|name| view! { <li><code>{name}</code></li> }).collect_view()
                })}
            </ul>
            <p>{t(text::DELETE_TEXT)}</p>
        </Dialog>
    }
}

/// Returns the message about deleted Jobs: a few by name, many by count.
fn deleted_message(jobs: &[JobRef]) -> String {
    if jobs.len() > 3 {
        return tf(text::DELETED_MANY, &[("n", &jobs.len().to_string())]);
    }
    let names: Vec<&str> = jobs.iter().map(|job| job.name.as_str()).collect();
    tf(text::DELETED, &[("names", &names.join(", "))])
}
