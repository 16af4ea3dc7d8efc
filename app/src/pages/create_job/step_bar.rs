//! Step bar, and the notice over the form while the text cannot be parsed.

use leptos::prelude::*;
use manifest::Severity;

use crate::i18n::{t, tf, wizard as text};
use crate::kit::erased::dynamic;
use crate::kit::notice::{Notice, Tone};
use crate::pages::create_job::problems::message;
use crate::pages::create_job::state::Wizard;
use crate::pages::create_job::step::Step;

/// Position and reason of the parse error. The notice covers the disabled form, so that the text stays in place
/// while the user types.
#[component]
pub fn ParseErrorNotice(
    /// Wizard state.
    wizard: Wizard,
    /// Switches edit mode.
    mode: Callback<bool>,
) -> impl IntoView {
    let parse_error = Memo::new(move |_| {
        let problem = if wizard.is_json_pending() {
            wizard.problems.with(|problems| problems.first().cloned())
        } else {
            wizard
                .document
                .with(|document| document.problems().first().cloned())
        }?;
        let at = problem.range.start;
        let (line, _) = wizard.shown.with(|shown| manifest::line_column(shown.text(), at));
        Some((line, at, message(&problem)))
    });
    let show = move |offset: usize| {
        mode.run(true);
        set_timeout(
            move || wizard.reveal(offset),
            std::time::Duration::from_millis(60),
        );
    };
    view! {
        {dynamic(move || {
            parse_error.get().map(|(line, offset, message)| {
                view! {
                    <Notice tone=Tone::Error>
                        <strong>{tf(text::BROKEN_TITLE, &[("line", &line.to_string())])}</strong>
                        <span class="notice-detail">{message}</span>
                        <span>{t(text::BROKEN_TEXT)}</span>
                        " "
                        <button type="button" class="link" on:click=move |_| show(offset)>{t(text::TO_TEXT)}</button>
                    </Notice>
                }
            })
        })}
    }
}

/// Step bar with the state of each step; steps can be visited in any order.
#[component]
pub fn Stepper(
    /// Wizard state.
    wizard: Wizard,
    /// Navigates to a step.
    go: Callback<Step>,
) -> impl IntoView {
    let errors = move |step: Step| {
        let entry = wizard.entry.get();
        wizard.problems.with(|problems| {
            let on_step = |p: &&manifest::Problem| {
                p.severity == Severity::Error && p.entry == Some(entry) && Step::of(&p.path) == step
            };
            problems.iter().filter(on_step).count()
        })
    };
    view! {
        <nav class="stepper" aria-label=t(text::STEPS)>
            <ol>
                {Step::ALL
                    .into_iter()
                    .map(|step| {
                        let current = move || wizard.step.get() == step;
                        let errors = Memo::new(move |_| errors(step));
                        view! {
                            <li>
                                <button
                                    type="button"
                                    class="step"
                                    data-early="go"
                                    class:step-current=current
                                    class:step-wrong=move || { errors.get() > 0 }
                                    aria-current=move || if current() { "step" } else { "false" }
                                    on:click=move |_| go.run(step)
                                >
                                    <span class="step-number">
                                        {dynamic(move || match errors.get() {
                                            0 => (step.position() + 1).to_string(),
                                            _ => "!".to_owned(),
                                        })}
                                    </span>
                                    <span class="step-label">{t(step.label())}</span>
                                    {dynamic(move || {
                                        let count = errors.get();
                                        (count > 0).then(|| {
                                            let message = tf(text::STEP_PROBLEMS, &[("n", &count.to_string())]);
                                            view! { <span class="count" title=message.clone() aria-label=message>{count}</span> }
                                        })
                                    })}
                                </button>
                            </li>
                        }
                    })
                    .collect_view()}
            </ol>
        </nav>
    }
}
