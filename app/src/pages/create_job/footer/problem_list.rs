//! List of all problems, with links to their fields.

use leptos::html::Details;
use leptos::prelude::*;
use manifest::{Problem, Severity};

use crate::i18n::{t, tf, wizard as text};
use crate::kit::erased::dynamic;
use crate::kit::icon::{Glyph, Icon};
use crate::pages::create_job::focus_field::focus_field;
use crate::pages::create_job::problems::{SERVER, fix_label, message};
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
        let step = other.map_or_else(|| Step::of(&problem.path), |_| Step::Volumes);
        go.run(step);
        focus_field(wizard, other, &problem.path, Some(step));
    }
}

/// Returns kind and name of a problem's document, if there are several.
fn document_name(wizard: Wizard, problem: &Problem) -> Option<String> {
    wizard.document.with_untracked(|document| {
        let entry = document
            .entries()
            .get(problem.entry?)
            .filter(|_| document.entries().len() > 1)?;
        let text = |field: &Option<String>| field.clone().unwrap_or_else(|| "?".to_owned());
        Some(format!("{} {}", text(&entry.kind), text(&entry.name)))
    })
}

/// Problems that are listed at once.
const MAX_ROWS: usize = 100;

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
    let details = NodeRef::<Details>::new();
    let is_open = RwSignal::new(false);
    let follow = move || {
        if let Some(details) = details.get_untracked() {
            is_open.set(details.open());
        }
    };
    // It may have been opened before the page was hydrated.
    Effect::new(move |_| follow());
    view! {
        <details class="problems" node_ref=details on:toggle=move |_| follow()>
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
                    // A closed list costs nothing.
                    let problems = if is_open.get() { wizard.problems.get() } else { Vec::new() };
                    let more = problems.len().saturating_sub(MAX_ROWS);
                    let rows = problems
                        .into_iter()
                        .take(MAX_ROWS)
                        .map(|problem| {
                            let (line, _) = wizard.shown.with_untracked(|shown| {
                                manifest::line_column(shown.text(), problem.range.start)
                            });
                            let place = if problem.path.is_root() {
                                tf(text::LINE, &[("line", &line.to_string())])
                            } else {
                                problem.path.to_string()
                            };
                            let label = document_name(wizard, &problem).map_or(place.clone(), |name| format!("{name}: {place}"));
                            let fix = problem.fix.as_ref().map(fix_label).map(|label| {
                                let problem = problem.clone();
                                view! {
                                    <button type="button" class="link" on:click=move |_| wizard.fix(&problem)>{label}</button>
                                }
                            });
                            let source = if problem.code == SERVER { Some(t(text::SERVER_SAYS)) } else { None };
                            let is_error = problem.severity == Severity::Error;
                            let glyph = if is_error { Glyph::Cross } else { Glyph::Info };
                            let message = message(&problem);
                            view! {
                                <li class="problem-row">
                                    <button type="button" class="problem" class:problem-error=is_error on:click=move |_| jump(wizard, go, &problem)>
                                        <Icon glyph/>
                                        <code>{label}</code>
                                        <span>{source.map(|source| format!("{source}: "))} {message}</span>
                                    </button>
                                    {fix}
                                </li>
                            }
                        })
                        .collect_view();
                    let more = (more > 0)
                        .then(|| view! { <li class="hint">{tf(text::MORE_PROBLEMS, &[("n", &more.to_string())])}</li> });
                    view! { {rows} {more} }
                })}
            </ul>
        </details>
    }
}
