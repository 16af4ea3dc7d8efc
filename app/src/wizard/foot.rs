//! The foot of the wizard: the problems in one list that jumps, what the Job costs, and the buttons.

use leptos::prelude::*;
use manifest::quantity::Quantity;
use manifest::{Path, Problem, Severity};
use serde_json::Value;

use super::draft::Drafts;
#[cfg(feature = "hydrate")]
use super::fields::id_in;
use super::state::{SERVER, Wizard, words};
use super::step::Step;
use super::{start, state};
use crate::api;
use crate::api::create::CreateOutcome;
use crate::api::error::ApiError;
use crate::elsewhere::leave;
use crate::i18n::{common, review, t, tf, wizard as text};
use crate::kit::failure::Failure;
use crate::kit::icon::{Glyph, Icon};
use crate::kit::notice::{Notice, Tone};
use crate::kit::toast::Toaster;

/// Gives the focus to the field of a path, or of the nearest path above it that has one; `other` is the position of a
/// document that is not the Job.
pub fn focus_field(other: Option<usize>, path: &Path) {
    #[cfg(feature = "hydrate")]
    {
        let path = path.clone();
        // The step's fields may only come with the next frame.
        set_timeout(
            move || {
                let mut at = Some(path);
                while let Some(path) = at {
                    if let Some(element) = document().get_element_by_id(&id_in(other, &path)) {
                        use wasm_bindgen::JsCast;
                        open_around(&element);
                        element.scroll_into_view();
                        if let Some(element) = element.dyn_ref::<web_sys::HtmlElement>() {
                            let _ = element.focus();
                        }
                        return;
                    }
                    at = path.parent();
                }
            },
            std::time::Duration::from_millis(60),
        );
    }
    #[cfg(not(feature = "hydrate"))]
    let _ = (other, path);
}

/// Opens the folded parts that hold an element.
#[cfg(feature = "hydrate")]
fn open_around(element: &web_sys::Element) {
    let mut at = element.parent_element();
    while let Some(parent) = at {
        if parent.tag_name() == "DETAILS" {
            let _ = parent.set_attribute("open", "");
        }
        at = parent.parent_element();
    }
}

/// Where a click on a problem leads: the field in form mode, the line in edit mode.
fn jump(wizard: Wizard, go: Callback<Step>, problem: &Problem) {
    wizard.focused.set(problem.path.clone());
    if wizard.editing.get_untracked() {
        wizard.reveal(problem.range.start);
    } else {
        // The forms of the other documents stand on the step of the volumes.
        let other = problem
            .entry
            .filter(|entry| *entry != wizard.entry.get_untracked());
        go.run(other.map_or_else(|| Step::of(&problem.path), |_| Step::Volumes));
        focus_field(other, &problem.path);
    }
}

/// The foot.
#[component]
pub fn Foot(
    /// The wizard.
    wizard: Wizard,
    /// Goes to a step.
    go: Callback<Step>,
    /// Switches the mode.
    mode: Callback<bool>,
    /// The review is shown.
    reviewing: RwSignal<bool>,
    /// Forgets the draft once its objects exist.
    drafts: Drafts,
) -> impl IntoView {
    let create = Action::new(move |(): &()| {
        async move {
            let document = wizard.document.get_untracked();
            let (project, text) = (wizard.project.get_untracked(), document.text().to_owned());
            // The dry run first: nothing is created while a part of it would be refused.
            let mut answer = Ok(CreateOutcome {
                documents: Vec::new(),
            });
            for dry_run in [true, false] {
                let done = wizard.done.get_untracked();
                answer = api::create(project.clone(), text.clone(), dry_run, done).await;
                if !matches!(&answer, Ok(outcome) if outcome.is_success()) {
                    break;
                }
            }
            finish(wizard, &text, answer.clone());
            if let Ok(outcome) = answer
                && outcome.is_success()
            {
                start::done(wizard, drafts);
                let job = outcome.documents.iter().find(|document| document.kind == "Job");
                let name = job.map(|job| job.name.clone());
                let names: Vec<_> = outcome
                    .documents
                    .iter()
                    .map(|document| document.name.clone())
                    .collect();
                Toaster::leave(&tf(text::CREATED, &[("name", &names.join(", "))]));
                let to = name.map_or(format!("/projects/{project}/jobs"), |name| {
                    format!("/projects/{project}/jobs/{name}")
                });
                leave(&to);
            }
        }
    });
    let submit = move |()| {
        if wizard.is_sound() {
            create.dispatch(());
            return;
        }
        let first = wizard
            .problems
            .with_untracked(|problems| problems.first().cloned());
        if let Some(problem) = first {
            reviewing.set(false);
            if wizard.document.with_untracked(|document| !document.is_valid())
                && !wizard.editing.get_untracked()
            {
                mode.run(true);
            }
            jump(wizard, go, &problem);
        }
    };
    view! {
        <footer class="wizard-foot">
            <Answer wizard/>
            <ProblemList wizard go/>
            <div class="wizard-buttons">
                <a class="button" rel="external" href=move || format!("/projects/{}/jobs", wizard.project.get())>{t(common::CANCEL)}</a>
                <Cost wizard/>
                <span class="bar-space"></span>
                <Verdict wizard/>
                <button
                    type="button"
                    class="button"
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
                    aria-pressed=move || reviewing.get().to_string()
                    on:click=move |_| reviewing.update(|on| *on = !*on)
                >
                    {move || t(if reviewing.get() { review::CLOSE } else { review::OPEN })}
                </button>
                <button
                    type="button"
                    class="button button-primary"
                    aria-disabled=move || (!wizard.is_sound()).then_some("false")
                    disabled=move || create.pending().get()
                    on:click=move |_| submit(())
                >
                    {move || {
                        if create.pending().get() {
                            view! { <Icon glyph=Glyph::Spinner/> }.into_any()
                        } else {
                            ().into_any()
                        }
                    }}
                    {move || t(if create.pending().get() { text::CREATING } else { text::CREATE })}
                </button>
            </div>
        </footer>
    }
}

/// What the dry run says to the text as it stands.
#[component]
fn Verdict(wizard: Wizard) -> impl IntoView {
    let verdict = Memo::new(move |_| {
        if wizard.checking.get() {
            return Some((Glyph::Spinner, text::CHECKING));
        }
        let text = wizard.document.with(|document| document.text().to_owned());
        wizard
            .checked
            .with(|checked| match checked.as_ref().filter(|(of, _)| *of == text)? {
                (_, Ok(outcome)) if outcome.is_success() => Some((Glyph::CheckCircle, review::AGREES)),
                (_, Ok(_)) => Some((Glyph::Cross, review::OBJECTS)),
                (_, Err(_)) => Some((Glyph::Alert, review::UNASKED)),
            })
    });
    view! {
        <span class="verdict wide-only" role="status">
            {move || verdict.get().map(|(glyph, words)| view! { <Icon glyph/> {t(words)} })}
        </span>
    }
}

/// Remembers what the server said, and which documents exist now.
fn finish(wizard: Wizard, text: &str, answer: Result<CreateOutcome, ApiError>) {
    if let Ok(outcome) = &answer {
        let created = outcome
            .documents
            .iter()
            .filter(|d| d.error.is_none() && !d.skipped && d.stored.is_some());
        // In a dry run nothing exists afterwards; a real run always follows a dry run that found nothing.
        if outcome.is_success() {
            wizard
                .done
                .update(|done| done.extend(created.map(|document| document.entry)));
        }
    }
    let signed_out = matches!(answer, Err(ApiError::SignedOut));
    let first = answer.as_ref().ok().and_then(|outcome| {
        let refused = outcome
            .documents
            .iter()
            .find(|document| document.error.is_some())?;
        match &refused.error {
            Some(ApiError::Invalid { causes, .. }) => causes.first()?.field.parse::<Path>().ok(),
            Some(ApiError::AlreadyExists { .. }) => Some(Path::of(["metadata", "name"])),
            _ => None,
        }
    });
    wizard.answer.set(Some((text.to_owned(), answer)));
    if signed_out {
        crate::pages::to_sign_in();
    } else if let Some(path) = first {
        wizard.focused.set(path);
    }
}

/// What the server answered, where it is not told at a field.
#[component]
fn Answer(wizard: Wizard) -> impl IntoView {
    move || {
        let (_, answer) = wizard.answer.get()?;
        match answer {
            Err(error) => Some(view! { <Failure error/> }.into_any()),
            Ok(outcome) if outcome.is_success() => None,
            Ok(outcome) => {
                let errors = outcome.documents.into_iter().filter_map(|document| {
                    let name = format!("{} {}", document.kind, document.name);
                    document.error.map(|error| (name, error))
                });
                let lines = errors.map(|(name, error)| {
                    view! {
                        <h3 class="answer-title">{name}</h3>
                        <Failure error/>
                    }
                });
                Some(
                    view! {
                        <Notice tone=Tone::Error>
                            <strong>{t(text::CREATE_REFUSED)}</strong>
                        </Notice>
                        {lines.collect_view()}
                    }
                    .into_any(),
                )
            }
        }
    }
}

/// All problems; a click leads to the field or line.
#[component]
fn ProblemList(wizard: Wizard, go: Callback<Step>) -> impl IntoView {
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
                {move || {
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
                                {move || wizard.problems.with(|problems| problems.first().map(words))}
                            </span>
                        }
                            .into_any()
                    }
                }}
            </summary>
            <ul>
                {move || {
                    wizard
                        .problems
                        .get()
                        .into_iter()
                        .map(|problem| {
                            let (line, _) = wizard.document.with_untracked(|document| {
                                manifest::line_column(document.text(), problem.range.start)
                            });
                            let label = if problem.path.is_root() { format!("{line}") } else { problem.path.to_string() };
                            let said = if problem.code == SERVER { Some(t(text::SERVER_SAYS)) } else { None };
                            let wrong = problem.severity == Severity::Error;
                            let glyph = if wrong { Glyph::Cross } else { Glyph::Info };
                            let words = words(&problem);
                            view! {
                                <li>
                                    <button type="button" class="problem" class:problem-error=wrong on:click=move |_| jump(wizard, go, &problem)>
                                        <Icon glyph/>
                                        <code>{label}</code>
                                        <span>{said.map(|said| format!("{said}: "))} {words}</span>
                                    </button>
                                </li>
                            }
                        })
                        .collect_view()
                }}
            </ul>
        </details>
    }
}

/// What the Pods that run at once ask for, and what the quota has left.
#[component]
fn Cost(wizard: Wizard) -> impl IntoView {
    let sum = move |resource: &'static str| {
        let containers = super::containers::pod().key("containers");
        let parallelism = wizard
            .get(&Path::of(["spec", "parallelism"]))
            .and_then(|n| n.as_u64())
            .unwrap_or(1);
        let total = (0..wizard.length(&containers)).try_fold(Quantity::zero(), |total, index| {
            let resources = containers.index(index).key("resources");
            let amount = ["requests", "limits"].into_iter().find_map(|kind| {
                wizard
                    .get(&resources.key(kind).key(resource))
                    .filter(|value| !value.is_null())
            });
            match amount {
                Some(value @ (Value::String(_) | Value::Number(_))) => {
                    total.plus(&state::plain(&value).parse().ok()?)
                }
                _ => Some(total),
            }
        })?;
        total
            .times(u32::try_from(parallelism).ok()?)
            .filter(|total| !total.is_zero())
    };
    let cost = move || {
        let (cpu, memory) = (sum("cpu"), sum("memory"));
        (cpu.is_some() || memory.is_some()).then(|| {
            let show =
                |amount: Option<Quantity>| amount.map_or_else(|| "–".to_owned(), |amount| amount.to_string());
            tf(text::COST, &[("cpu", &show(cpu)), ("memory", &show(memory))])
        })
    };
    let left = move || {
        wizard.offers.with(|offers| {
            let left = &offers.as_ref()?.quota_left;
            (!left.is_empty()).then(|| {
                let words = left
                    .iter()
                    .map(|(name, amount)| format!("{name} {amount}"))
                    .collect::<Vec<_>>();
                tf(text::QUOTA_LEFT, &[("left", &words.join(" · "))])
            })
        })
    };
    view! {
        <span class="hint wide-only cost">
            {cost}
            {move || left().map(|left| view! { " · " {left} })}
        </span>
    }
}
