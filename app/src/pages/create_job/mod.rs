//! Wizard that creates a Job (features C1-C12): six steps and the text, two views of one document.

mod draft;
mod dry_run;
mod examples;
mod extra_objects;
mod field_index;
mod field_search;
mod fields;
pub mod focus_field;
mod footer;
mod generated_form;
mod header;
mod initial_text;
mod json;
mod preview;
mod problems;
mod review;
mod schema;
mod state;
mod step;
mod step_bar;
pub mod steps;
mod text_pane;
mod untouched;

use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::NavigateOptions;
use leptos_router::hooks::{use_location, use_navigate, use_query_map};

use crate::i18n::{t, wizard as text};
use crate::kit::early::Alive;
use crate::kit::erased::dynamic;
use crate::layout::use_project;
use crate::pages::create_job::draft::Drafts;
use crate::pages::create_job::dry_run::DryRun;
use crate::pages::create_job::header::{Header, Notices};
use crate::pages::create_job::initial_text::initialize;
use crate::pages::create_job::preview::Preview;
use crate::pages::create_job::state::Wizard;
use crate::pages::create_job::step::Step;
use crate::pages::create_job::step_bar::{ParseErrorNotice, Stepper};
use crate::pages::create_job::text_pane::TextPane;
use crate::urls;

/// Navigation that changes step and mode and keeps the rest of the URL.
#[derive(Clone, Copy)]
struct Address {
    step: Callback<Step>,
    mode: Callback<bool>,
    here: Callback<(), String>,
}

/// Page of the wizard. A copy of a Job is read first, so that the server renders it.
#[component]
pub fn CreateJob() -> impl IntoView {
    let start = use_query_map().with_untracked(initial_text::Start::from_query);
    let project = use_project();
    let initial_text::Start::Copy(name) = start else {
        return view! { <Page start/> }.into_any();
    };
    let job = name.clone();
    let copied = Resource::new_blocking(
        || (),
        move |()| {
            let copy = initial_text::copy(project.get_untracked(), name.clone());
            async move { copy.await.ok() }
        },
    );
    // No input is handled before the form is there.
    let alive = use_context::<Alive>();
    if let Some(alive) = alive {
        alive.hold();
    }
    view! {
        <Suspense>
            {dynamic(move || {
                let job = job.clone();
                Suspend::new(async move {
                    let start = initial_text::Start::Copied(job, copied.await);
                    let page = view! { <Page start/> };
                    if let Some(alive) = alive {
                        alive.release();
                    }
                    page
                })
            })}
        </Suspense>
    }
    .into_any()
}

/// Wizard with its initial text.
#[component]
fn Page(start: initial_text::Start) -> impl IntoView {
    let query = use_query_map();
    let step = Memo::new(move |_| {
        query
            .with(|query| query.get("step").and_then(|key| Step::from_key(&key)))
            .unwrap_or(Step::Basic)
    });
    // An import starts in edit mode, which shows the files.
    let importing = query.with_untracked(|query| query.get("import").is_some());
    let editing =
        Memo::new(move |_| query.with(|query| query.get("edit").is_some() || query.get("import").is_some()));
    let wizard = Wizard::new(use_project(), step, editing, start.text());
    let reviewing = RwSignal::new(false);
    let drafts = Drafts::new();
    initialize(wizard, drafts, start);
    let dry_run = DryRun::follow(wizard);
    Effect::new(move |_| {
        wizard.step.track();
        reviewing.track();
        wizard.untouched.clear();
    });
    // Who has left the containers, or looks at the whole, may be told that there are none.
    Effect::new(move |before: Option<Step>| {
        let step = wizard.step.get();
        let has_left = before.is_some_and(|before| before == Step::Pods && before != step);
        if has_left || reviewing.get() || wizard.editing.get() {
            wizard.is_begun.set(true);
        }
        step
    });
    // A new step is shown from the top.
    let form = NodeRef::<leptos::html::Div>::new();
    Effect::new(move |before: Option<Step>| {
        let step = wizard.step.get();
        if let Some(form) = form
            .get_untracked()
            .filter(|_| before.is_some_and(|before| before != step))
        {
            form.set_scroll_top(0);
        }
        step
    });
    // The review replaces step and text: navigating to either closes it.
    Effect::new(move |before: Option<()>| {
        wizard.step.track();
        wizard.editing.track();
        if before.is_some() {
            reviewing.set(false);
        }
    });
    let address = address(wizard, drafts);
    initial_text::guard_unload(wizard, drafts, address.here);
    let address = StoredValue::new(address);
    view! {
        <Title text=t(text::TITLE)/>
        <div
            class="wizard"
            class:wizard-editing=move || wizard.editing.get()
            on:keydown=move |event| {
                wizard.schema.request();
                shortcut(wizard, &event);
            }
            on:pointerdown=move |_| wizard.schema.request()
            on:focusout=move |event| {
                let element = event_target::<web_sys::Element>(&event);
                wizard.untouched.mark_left(&element.id());
            }
            on:input=move |_| wizard.schema.request()
        >
            <Header wizard drafts mode=address.with_value(|address| address.mode)/>
            <Notices wizard drafts/>
            <Show
                when=move || reviewing.get()
                fallback=move || view! { <Panes wizard importing form address=address.get_value()/> }
            >
                <review::Review wizard dry_run/>
            </Show>
            <footer::Footer wizard go=address.with_value(|address| address.step) mode=address.with_value(|address| address.mode) reviewing drafts/>
        </div>
    }
}

/// Form and text, side by side or one at a time.
#[component]
fn Panes(
    wizard: Wizard,
    importing: bool,
    form: NodeRef<leptos::html::Div>,
    address: Address,
) -> impl IntoView {
    let open_text = {
        let mode = address.mode;
        Callback::new(move |offset: usize| {
            if let Some((_, path)) = wizard.path_at(offset) {
                wizard.focused.set(path);
            }
            mode.run(true);
        })
    };
    view! {
        <div class="wizard-panes">
                <section class="wizard-form" aria-label=t(text::STEPS)>
                    <Stepper wizard go=address.step/>
                    <div class="wizard-broken"><ParseErrorNotice wizard mode=address.mode/></div>
                    <div class="wizard-step" data-step=move || wizard.step.get().key() node_ref=form inert=move || !wizard.is_usable()>
                        <div class="step-head">
                            <h2 class="step-title">{dynamic(move || t(wizard.step.get().label()))}</h2>
                            <field_search::FieldSearch wizard go=address.step/>
                        </div>
                        {dynamic(move || match wizard.step.get() {
                            Step::Basic => view! { <crate::pages::create_job::steps::basic::Basic wizard/> }.into_any(),
                            Step::Settings => view! { <crate::pages::create_job::steps::job_settings::Settings wizard/> }.into_any(),
                            Step::Pods => view! { <crate::pages::create_job::steps::pod_template::Pods wizard/> }.into_any(),
                            Step::Volumes => view! { <crate::pages::create_job::steps::volumes::Volumes wizard/> }.into_any(),
                            Step::Labels => view! { <crate::pages::create_job::steps::basic::Labels wizard/> }.into_any(),
                            Step::Nodes => view! { <crate::pages::create_job::steps::scheduling::Nodes wizard/> }.into_any(),
                        })}
                    </div>
                </section>
                <section class="wizard-text" aria-label=t(text::MANIFEST)>
                    {dynamic(move || {
                        if wizard.editing.get() {
                            view! { <TextPane wizard importing/> }.into_any()
                        } else {
                            view! { <Preview wizard on_open=open_text/> }.into_any()
                        }
                    })}
                </section>
            </div>
    }
}

/// Keeps step and mode in the URL, so that back, reload and a link lead to the same state; and also the origin of
/// the text: the example or Job that the user started from, or the draft's slot once it was changed.
fn address(wizard: Wizard, drafts: Drafts) -> Address {
    let location = use_location();
    let navigate = use_navigate();
    let url_for = Callback::new(move |(step, editing): (Step, bool)| {
        let edit = if editing { "&edit=1" } else { "" };
        let origin = match drafts.slot_number.get_untracked() {
            Some(number) => format!("&draft={number}"),
            None => location.search.with_untracked(|search| {
                let is_origin = |part: &&str| {
                    ["example=", "from=", "draft="]
                        .iter()
                        .any(|key| part.starts_with(key))
                };
                let parts = search.trim_start_matches('?').split('&').filter(is_origin);
                parts.flat_map(|part| ["&", part]).collect()
            }),
        };
        format!(
            "{}?step={}{edit}{origin}",
            location.pathname.get_untracked(),
            step.key()
        )
    });
    let go = Callback::new(move |(step, editing): (Step, bool)| {
        navigate(
            &url_for.run((step, editing)),
            NavigateOptions {
                // Back returns to the previous step; switching the mode adds no history entry.
                replace: step == wizard.step.get_untracked(),
                scroll: false,
                ..urls::whole()
            },
        );
    });
    Effect::new(move |_| {
        if drafts.slot_number.get().is_some() {
            go.run((wizard.step.get_untracked(), wizard.editing.get_untracked()));
        }
    });
    Address {
        here: Callback::new(move |()| {
            url_for.run((wizard.step.get_untracked(), wizard.editing.get_untracked()))
        }),
        step: Callback::new(move |step| go.run((step, wizard.editing.get_untracked()))),
        mode: Callback::new(move |editing: bool| {
            go.run((wizard.step.get_untracked(), editing));
            if !editing {
                focus_field::focus_field(wizard, None, &wizard.focused.get_untracked(), None);
            }
        }),
    }
}

/// Handles Ctrl+Z and Ctrl+Shift+Z outside of inputs, which have their own undo.
fn shortcut(wizard: Wizard, event: &leptos::ev::KeyboardEvent) {
    let is_undo = (event.ctrl_key() || event.meta_key()) && event.key().eq_ignore_ascii_case("z");
    let target = event_target::<web_sys::Element>(event);
    let typing = matches!(target.tag_name().as_str(), "INPUT" | "TEXTAREA" | "SELECT")
        || target.closest(".editor").ok().flatten().is_some();
    if is_undo && !typing {
        event.prevent_default();
        if event.shift_key() {
            wizard.redo();
        } else {
            wizard.undo();
        }
    }
}
