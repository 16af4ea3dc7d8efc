//! Footer of the wizard: problems, quota use, and buttons.

mod create_result;
mod problem_list;
mod quota_use;

use leptos::prelude::*;

use crate::api;
use crate::api::create::CreateOutcome;
use crate::bundles::leave;
use crate::i18n::{common, review, t, tf, wizard as text};
use crate::kit::erased::dynamic;
use crate::kit::icon::{Glyph, Icon};
use crate::kit::toast::Toaster;
use crate::layout::use_rights;
use crate::pages::create_job::draft::Drafts;
pub use crate::pages::create_job::footer::create_result::is_refused;
use crate::pages::create_job::footer::create_result::{CreateResult, DryRunStatus, record_response};
use crate::pages::create_job::footer::problem_list::{ProblemList, jump};
pub use crate::pages::create_job::footer::quota_use::QuotaUse;
use crate::pages::create_job::initial_text;
use crate::pages::create_job::state::Wizard;
use crate::pages::create_job::step::Step;
use crate::urls;

/// Footer of the wizard.
#[component]
pub fn Footer(
    /// Wizard state.
    wizard: Wizard,
    /// Navigates to a step.
    go: Callback<Step>,
    /// Switches edit mode.
    mode: Callback<bool>,
    /// Whether the review is shown.
    reviewing: RwSignal<bool>,
    /// Drafts, deleted once the objects exist.
    drafts: Drafts,
) -> impl IntoView {
    let create = Action::new(move |(): &()| {
        async move {
            let document = wizard.document.get_untracked();
            let (project, text) = (wizard.project.get_untracked(), document.text().to_owned());
            // The dry run first: nothing is created while any document would be rejected.
            let mut answer = Ok(CreateOutcome {
                documents: Vec::new(),
            });
            let mut real = false;
            for dry_run in [true, false] {
                real = !dry_run;
                let done = wizard.created_entries();
                answer = api::create(project.clone(), text.clone(), dry_run, done).await;
                if !matches!(&answer, Ok(outcome) if outcome.is_success()) {
                    break;
                }
            }
            record_response(wizard, &text, answer.clone(), real, drafts);
            if let Ok(outcome) = answer
                && outcome.is_success()
            {
                initial_text::finish(drafts);
                let job = outcome.documents.iter().find(|document| document.kind == "Job");
                let name = job.map(|job| job.name.clone());
                let names: Vec<_> = outcome
                    .documents
                    .iter()
                    .map(|document| document.name.clone())
                    .collect();
                Toaster::show_on_next_page(&tf(text::CREATED, &[("name", &names.join(", "))]));
                let to = name.map_or(urls::jobs(&project), |name| urls::job(&project, &name));
                leave(&to);
            }
        }
    });
    let submit = move |()| {
        wizard.untouched.clear();
        wizard.is_begun.set(true);
        if wizard.is_locally_valid() {
            create.dispatch(());
            return;
        }
        let first = wizard
            .problems
            .with_untracked(|problems| problems.first().cloned());
        if let Some(problem) = first {
            reviewing.set(false);
            if (untrack(|| wizard.is_json_pending())
                || wizard.document.with_untracked(|document| !document.is_valid()))
                && !wizard.editing.get_untracked()
            {
                mode.run(true);
            }
            jump(wizard, go, &problem);
        }
    };
    let rights = use_rights();
    view! {
        <footer class="wizard-foot">
            <CreateResult wizard/>
            <ProblemList wizard go/>
            <div class="wizard-buttons">
                <a class="button" rel="external" href=move || urls::jobs(&wizard.project.get())>{t(common::CANCEL)}</a>
                <QuotaUse wizard/>
                <span class="bar-space"></span>
                <DryRunStatus wizard/>
                <button
                    type="button"
                    class="button"
                    data-early="go"
                    disabled=move || wizard.step.get().previous().is_none()
                    on:click=move |_| {
                        if let Some(step) = wizard.step.get_untracked().previous() {
                            go.run(step);
                        }
                    }
                >
                    {t(text::BACK)}
                </button>
                <button
                    type="button"
                    class="button"
                    data-early="go"
                    disabled=move || wizard.step.get().next().is_none()
                    on:click=move |_| {
                        if let Some(step) = wizard.step.get_untracked().next() {
                            go.run(step);
                        }
                    }
                >
                    {t(text::NEXT)}
                </button>
                <button
                    type="button"
                    class="button"
                    data-early="go"
                    aria-pressed=move || reviewing.get().to_string()
                    on:click=move |_| reviewing.update(|on| *on = !*on)
                >
                    {dynamic(move || t(if reviewing.get() { review::CLOSE } else { review::OPEN }))}
                </button>
                <button
                    type="button"
                    class="button button-primary"
                    data-early="go"
                    aria-disabled=move || (!wizard.is_locally_valid()).then_some("false")
                    disabled=move || create.pending().get() || !rights.with(|rights| rights.create)
                    on:click=move |_| submit(())
                >
                    {dynamic(move || {
                        if create.pending().get() {
                            view! { <Icon glyph=Glyph::Spinner/> }.into_any()
                        } else {
                            ().into_any()
                        }
                    })}
                    {dynamic(move || t(if create.pending().get() { text::CREATING } else { text::CREATE }))}
                </button>
            </div>
        </footer>
    }
}
