//! List of all problems, with links to their fields.

use leptos::prelude::*;
use manifest::{Problem, Severity};

use crate::i18n::{t, wizard as text};
use crate::kit::erased::dynamic;
use crate::kit::icon::{Glyph, Icon};
use crate::pages::create_job::focus_field::focus_field;
use crate::pages::create_job::problems::{SERVER, message};
use crate::pages::create_job::state::Wizard;
use crate::pages::create_job::step::Step;

/// Navigates to a problem: to the field in form mode, to the line in edit mode.
pub fn jump(wizard: Wizard, go: Callback<Step>, problem: &Problem) {
    wizard.untouched.clear();
    wizard.focused.set(problem.path.clone());
    if wizard.editing.get_untracked() {
        wizard.reveal(problem.range.start);
    } else {
        // The forms of the other documents are on the volumes step.
        let other = problem
            .entry
            .filter(|entry| *entry != wizard.entry.get_untracked());
        go.run(other.map_or_else(|| Step::of(&problem.path), |_| Step::Volumes));
        focus_field(other, &problem.path);
    }
}

/// List of all problems; a click leads to the field or line.
#[component]
pub fn ProblemList(
    /// Wizard state.
    wizard: Wizard,
    /// Navigates to a step.
    go: Callback<Step>,
) -> impl IntoView {
    let count = move |severity: Severity| {
        wizard.problems.with(|problems| {
            problems
                .iter()
                .filter(|problem| problem.severity == severity)
                .count()
        })
    };
    view! {
        <details class="problems">
            <summary>
                {dynamic(move || {
                    let errors = count(Severity::Error);
                    let all = wizard.problems.with(Vec::len);
                    if all == 0 {
                        view! { <Icon glyph=Glyph::CheckCircle/> {t(text::NO_PROBLEMS)} }.into_any()
                    } else {
                        let glyph = if errors > 0 { Glyph::Cross } else { Glyph::Info };
                        view! {
                            <Icon glyph=glyph/>
                            {t(text::PROBLEMS)}
                            <span class="count" class:count-mild=errors == 0>{all}</span>
                            <span class="problems-first">
                                {dynamic(move || wizard.problems.with(|problems| problems.first().map(message)))}
                            </span>
                        }
                            .into_any()
                    }
                })}
            </summary>
            <ul>
                {dynamic(move || {
                    wizard
                        .problems
                        .get()
                        .into_iter()
                        .map(|problem| {
                            let (line, _) = wizard.shown.with_untracked(|shown| {
                                manifest::line_column(shown.text(), problem.range.start)
                            });
                            let label = if problem.path.is_root() { format!("{line}") } else { problem.path.to_string() };
                            let source = if problem.code == SERVER { Some(t(text::SERVER_SAYS)) } else { None };
                            let is_error = problem.severity == Severity::Error;
                            let glyph = if is_error { Glyph::Cross } else { Glyph::Info };
                            let message = message(&problem);
                            view! {
                                <li>
                                    <button type="button" class="problem" class:problem-error=is_error on:click=move |_| jump(wizard, go, &problem)>
                                        <Icon glyph/>
                                        <code>{label}</code>
                                        <span>{source.map(|source| format!("{source}: "))} {message}</span>
                                    </button>
                                </li>
                            }
                        })
                        .collect_view()
                })}
            </ul>
        </details>
    }
}
