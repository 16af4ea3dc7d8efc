//! Actions on Jobs in the list: rerun, suspend, clone, delete; on one or many.

use leptos::prelude::*;
use leptos_router::components::A;

use crate::api;
use crate::api::error::ApiError;
use crate::api::job::{JobRow, Target};
use crate::i18n::{Text, common, job_list as text, t, tf};
use crate::kit::dialog::Dialog;
use crate::kit::erased::dynamic;
use crate::kit::icon::{Glyph, Icon};
use crate::kit::menu::Menu;
use crate::kit::notice::Tone;
use crate::kit::toast::{Toaster, use_toaster};
use crate::layout::{described_by, use_rights, use_rights_in};
use crate::pages::job_list::address::Address;
use crate::pages::job_list::model::Model;
use crate::pages::job_list::selection::{Selected, Selection};
use crate::pages::{report, to_sign_in};
use crate::preferences;
use crate::urls;

/// State of the delete confirmation, shared by the rows and the bulk bar.
#[derive(Clone, Copy)]
pub struct Deletion {
    open: RwSignal<bool>,
    jobs: RwSignal<Vec<Target>>,
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
    pub fn ask(self, jobs: Vec<Target>) {
        self.jobs.set(jobs);
        self.open.set(true);
    }
}

/// Menu of one row.
#[component]
pub fn RowMenu(
    /// The Job.
    row: Memo<JobRow>,
    /// Data of the list.
    model: Model,
) -> impl IntoView {
    let name = move || row.with(|row| row.name.clone());
    let path = move || row.with(|row| urls::job(&row.project, &row.name));
    let deletion = use_context::<Deletion>();
    let rights = use_rights_in(Signal::derive(move || row.with(|row| row.project.clone())));
    let toaster = use_toaster();
    let rerun = Action::new(move |(): &()| {
        let (project, job) = row.with_untracked(|row| (row.project.clone(), row.job()));
        async move {
            report(toaster, api::rerun(project, job).await, |new| {
                tf(text::RERAN, &[("name", &new.name)])
            });
            // The new run appears where the user points.
            model.release();
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
            // Drawn by the style sheet: a list has many.
            button=ViewFn::from(|| view! { <span class="dots"></span> })
            lazy=true
        >
            <A href=path attr:class="menu-item">{t(text::OPEN)}</A>
            <button
                type="button"
                class="menu-item"
                disabled=move || !rights.with(|rights| rights.create)
                aria-describedby=move || described_by(rights.with(|rights| rights.create))
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
                                aria-describedby=move || described_by(rights.with(|rights| rights.change))
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
                aria-describedby=move || described_by(rights.with(|rights| rights.delete))
                on:click=move |_| {
                    if let Some(deletion) = deletion {
                        deletion.ask(vec![row.with_untracked(Target::of)]);
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
    /// Where the list is.
    address: Address,
    /// Data of the list.
    model: Model,
    /// Jobs that an action applies to.
    selection: Memo<Selection>,
    /// Delete confirmation.
    deletion: Deletion,
) -> impl IntoView {
    let rights = use_rights();
    let count = move || selection.with(|selection| selection.jobs.len());
    let total = move || {
        model
            .summary
            .with(|summary| summary.map_or(0, |summary| summary.total))
    };
    let toaster = use_toaster();
    let select_all = Action::new(move |(): &()| {
        let (project, query) = (address.project.get_untracked(), address.query.get_untracked());
        async move {
            let project = Some(project).filter(|project| !project.is_empty());
            match api::matching_jobs(project, query).await {
                Ok(rows) => model.selected.update(|selected| {
                    for row in rows {
                        selected.insert(row);
                    }
                }),
                Err(error) => report(toaster, Err::<(), _>(error), |()| String::new()),
            }
        }
    });
    let done = RwSignal::new(0_usize);
    let set_suspended = Action::new(move |(suspend, jobs): &(bool, Vec<Target>)| {
        let (suspend, jobs) = (*suspend, jobs.clone());
        done.set(0);
        async move {
            let mut errors = Vec::new();
            let mut changed = 0_usize;
            for Target { project, job } in jobs {
                match api::suspend(project, job, suspend).await {
                    Ok(()) => changed += 1,
                    Err(error) => add_error(&mut errors, error),
                }
                done.update(|done| *done += 1);
            }
            report_errors(toaster, errors);
            if let Some(toaster) = toaster.filter(|_| changed > 0) {
                let text = if suspend {
                    text::SUSPENDED_MANY
                } else {
                    text::RESUMED_MANY
                };
                toaster.show(Tone::Good, tf(text, &[("n", &changed.to_string())]));
            }
        }
    });
    let busy = set_suspended.pending();
    // The button to suspend or resume those Jobs of the selection that can be.
    let suspension = move |resume: bool| {
        let jobs = move || {
            selection.with(|selection| {
                if resume {
                    selection.suspended.clone()
                } else {
                    selection.running.clone()
                }
            })
        };
        let label = move || {
            if busy.get() {
                return done.get().to_string();
            }
            let text = if resume {
                text::RESUME_MANY
            } else {
                text::SUSPEND_MANY
            };
            tf(text, &[("n", &jobs().len().to_string())])
        };
        view! {
            <Show when=move || !jobs().is_empty()>
                <button
                    type="button"
                    class="button"
                    disabled=move || busy.get() || !rights.with(|rights| rights.change)
                    aria-describedby=move || described_by(rights.with(|rights| rights.change))
                    on:click=move |_| { set_suspended.dispatch((!resume, untrack(jobs))); }
                >
                    <Icon glyph=if resume { Glyph::Play } else { Glyph::Pause }/>
                    {dynamic(label)}
                </button>
            </Show>
        }
    };
    let counted = |text: Text, n: usize| (n > 0).then(|| tf(text, &[("n", &n.to_string())]));
    view! {
        <Show when=move || !model.selected.with(Selected::is_empty)>
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
                    <button type="button" class="button button-quiet" disabled=move || select_all.pending().get() on:click=move |_| { select_all.dispatch(()); }>
                        {move || tf(text::SELECT_MATCHING, &[("n", &total().to_string())])}
                    </button>
                </Show>
                {suspension(false)}
                {suspension(true)}
                <button
                    type="button"
                    class="button button-danger"
                    disabled=move || count() == 0 || !rights.with(|rights| rights.delete)
                    aria-describedby=move || described_by(rights.with(|rights| rights.delete))
                    on:click=move |_| deletion.ask(selection.with_untracked(|selection| selection.jobs.clone()))
                >
                    <Icon glyph=Glyph::Trash/>
                    {t(common::DELETE)}
                </button>
                <button
                    type="button"
                    class="button button-quiet"
                    on:click=move |_| model.selected.update(Selected::clear)
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
    /// State of the confirmation.
    deletion: Deletion,
    /// Receives the Jobs that were deleted.
    on_deleted: Callback<Vec<Target>>,
) -> impl IntoView {
    let toaster = use_toaster();
    let done = RwSignal::new(0_usize);
    let delete = Action::new(move |jobs: &Vec<Target>| {
        let jobs = jobs.clone();
        done.set(0);
        async move {
            let mut deleted = Vec::new();
            let mut errors: Vec<(usize, ApiError)> = Vec::new();
            for chunk in chunks(jobs) {
                let project = chunk[0].project.clone();
                let refs = chunk.iter().map(|target| target.job.clone()).collect();
                let results = match api::delete(project, refs).await {
                    Ok(results) => results,
                    // Nothing more would succeed.
                    Err(error) => {
                        add_error(&mut errors, error);
                        break;
                    }
                };
                done.update(|done| *done += chunk.len());
                for (job, error) in chunk.into_iter().zip(results) {
                    match error {
                        None => deleted.push(job),
                        Some(error) => add_error(&mut errors, error),
                    }
                }
            }
            deletion.open.set(false);
            report_errors(toaster, errors);
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
                    let jobs = deletion.jobs.get();
                    let projects = jobs.first().is_some_and(|first| jobs.iter().any(|job| job.project != first.project));
                    let name = move |target: Target| if projects { format!("{}/{}", target.project, target.job.name) } else { target.job.name };
                    jobs.into_iter()
                        .take(MAX_NAMES)
                        .map(|target| view! { <li><code>{name(target)}</code></li> })
                        .collect_view()
                })}
            </ul>
            {dynamic(move || {
                let more = deletion.jobs.with(Vec::len).saturating_sub(MAX_NAMES);
                (more > 0).then(|| view! { <p>{tf(text::DELETE_MORE, &[("n", &more.to_string())])}</p> })
            })}
            <p>{t(text::DELETE_TEXT)}</p>
            <Show when=move || delete.pending().get() && (deletion.jobs.with(Vec::len) > CHUNK)>
                <progress
                    class="progress"
                    max=move || deletion.jobs.with(Vec::len).to_string()
                    value=move || done.get().to_string()
                    aria-label=t(common::DELETE)
                ></progress>
            </Show>
        </Dialog>
    }
}

/// Number of Jobs that one request deletes; between two, the progress is shown.
const CHUNK: usize = 50;

/// Maximum number of names in the confirmation.
const MAX_NAMES: usize = 100;

/// Splits Jobs into requests: of one project each, and not too many.
fn chunks(jobs: Vec<Target>) -> Vec<Vec<Target>> {
    let mut chunks: Vec<Vec<Target>> = Vec::new();
    for target in jobs {
        let open = chunks
            .iter_mut()
            .find(|chunk| chunk.len() < CHUNK && chunk[0].project == target.project);
        match open {
            Some(chunk) => chunk.push(target),
            None => chunks.push(vec![target]),
        }
    }
    chunks
}

/// Reports errors: one message per kind, not per Job.
fn report_errors(toaster: Option<Toaster>, errors: Vec<(usize, ApiError)>) {
    for (count, error) in errors {
        match toaster {
            _ if matches!(error, ApiError::SignedOut) => to_sign_in(),
            Some(toaster) if count > 1 => {
                let sentence = error.sentence(preferences::current().lang);
                let values = [("n", count.to_string()), ("what", sentence)];
                let values: Vec<(&str, &str)> = values
                    .iter()
                    .map(|(name, value)| (*name, value.as_str()))
                    .collect();
                toaster.show(Tone::Error, tf(text::FAILED_MANY, &values));
            }
            _ => report(toaster, Err::<(), _>(error), |()| String::new()),
        }
    }
}

/// Counts an error with those that read the same.
fn add_error(errors: &mut Vec<(usize, ApiError)>, error: ApiError) {
    match errors.iter_mut().find(|(_, known)| *known == error) {
        Some((count, _)) => *count += 1,
        None => errors.push((1, error)),
    }
}

/// Returns the message about deleted Jobs: a few by name, many by count.
fn deleted_message(jobs: &[Target]) -> String {
    if jobs.len() > 3 {
        return tf(text::DELETED_MANY, &[("n", &jobs.len().to_string())]);
    }
    let names: Vec<&str> = jobs.iter().map(|target| target.job.name.as_str()).collect();
    tf(text::DELETED, &[("names", &names.join(", "))])
}
