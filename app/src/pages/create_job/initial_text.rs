//! Initial text of the wizard: a new Job, a draft, an example or a copy of a Job; and saving while the user edits.

use std::time::Duration;

use leptos::prelude::*;
use leptos_router::params::ParamsMap;

use crate::api;
use crate::api::error::ApiError;
use crate::kit::early::Alive;
use crate::layout::WorkspaceContext;
use crate::pages::create_job::draft::{Draft, DraftChoice, DraftState, Drafts};
use crate::pages::create_job::examples;
use crate::pages::create_job::json::Json;
use crate::pages::create_job::state::Wizard;

/// How long to wait before the project's objects are requested again after a failure.
const OFFERS_RETRY: Duration = Duration::from_secs(10);

/// Chooses the initial text once the page is hydrated, and saves the draft from then on. Random names and storage
/// need the browser: the server renders an example or a copy of a Job, which the URL names, or the empty template
/// without a name.
pub fn initialize(wizard: Wizard, drafts: Drafts, start: Start) {
    let alive = use_context::<Alive>();
    if let Some(alive) = alive {
        alive.hold();
    }
    let start = StoredValue::new(Some(start));
    let offers = Action::new(move |project: &String| {
        let project = project.clone();
        async move {
            // Without them the pickers accept typed names; the error is reported again on Create.
            let offers = api::offers(project).await;
            wizard.offers_failed.set(offers.is_err());
            wizard.offers.set(offers.ok());
        }
    });
    Effect::new(move |_| {
        if wizard.offers_failed.get() && !offers.pending().get() {
            let retry = move || {
                offers.dispatch(wizard.project.get_untracked());
            };
            if let Ok(timer) = set_timeout_with_handle(retry, OFFERS_RETRY) {
                on_cleanup(move || timer.clear());
            }
        }
    });
    if let Some(WorkspaceContext(workspace)) = use_context::<WorkspaceContext>() {
        Effect::new(move |_| {
            let minor = workspace.get().and_then(|workspace| workspace.ok()?.minor());
            wizard.minor_version.set(minor);
        });
    }
    let saved_state = StoredValue::new(None::<TextState>);
    Effect::new(move |_| {
        let project = wizard.project.get();
        offers.dispatch(project.clone());
        let Some(start) = start.try_update_value(Option::take).flatten() else {
            return;
        };
        load_initial_text(wizard, project, start, drafts, Readiness { saved_state, alive });
    });
    // The initial text is not the user's work, or is saved already; it is saved from the first change on.
    Effect::new(move |_| {
        let document = wizard.document.get();
        let json = json_of(wizard);
        let state = (document.text().to_owned(), json.clone(), drafts.with_secret.get());
        if saved_state.with_value(|saved| saved.as_ref().is_none_or(|saved| *saved == state)) {
            return;
        }
        saved_state.set_value(Some(state));
        if untrack(|| wizard.can_undo() || wizard.can_redo()) {
            drafts.save(&document, json);
        }
    });
}

/// Returns the text of the JSON view, while it is shown.
fn json_of(wizard: Wizard) -> Option<String> {
    wizard
        .json
        .with(|json| json.as_ref().map(|json| json.document.text().to_owned()))
}

/// Text, its JSON view, and whether a Secret in it may be saved.
type TextState = (String, Option<String>, bool);

/// Marks the initial text as ready and lets the page hydrate.
#[derive(Clone, Copy)]
struct Readiness {
    // Latest state that the draft has; none before there is an initial text.
    saved_state: StoredValue<Option<TextState>>,
    alive: Option<Alive>,
}

impl Readiness {
    /// Returns false if the page has been left meanwhile.
    fn set(self, wizard: Wizard) -> bool {
        if let Some(alive) = self.alive {
            alive.release();
        }
        self.saved_state
            .try_update_value(|saved| {
                let text = wizard
                    .document
                    .with_untracked(|document| document.text().to_owned());
                *saved = Some((text, untrack(|| json_of(wizard)), false));
            })
            .is_some()
    }
}

/// Asks for confirmation before an unsaved text is left, and delays leaving until the draft is written; `here`
/// returns the page's own URL.
pub fn guard_unload(wizard: Wizard, drafts: Drafts, here: Callback<(), String>) {
    #[cfg(feature = "hydrate")]
    Effect::new(move |_| {
        let unload = window_event_listener(leptos::ev::beforeunload, move |event| {
            // A text whose write is pending is not saved yet.
            if (!drafts.is_saved() || drafts.is_busy()) && untrack(|| wizard.can_undo()) {
                event.prevent_default();
            }
        });
        let hide = window_event_listener_untyped("pagehide", move |_| drafts.save_history(wizard));
        // Forms for language, theme and sign-out load another page; so do links to other parts.
        let leaving = StoredValue::new(false);
        let submit = window_event_listener(leptos::ev::submit, move |event| {
            use wasm_bindgen::JsCast;
            let form = event
                .target()
                .and_then(|target| target.dyn_into::<web_sys::Element>().ok());
            if let Some(back) = form
                .as_ref()
                .and_then(|form| form.query_selector("input[name=back]").ok().flatten())
                .and_then(|back| back.dyn_into::<web_sys::HtmlInputElement>().ok())
            {
                back.set_value(&here.run(()));
            }
            if !drafts.is_busy() || !drafts.is_saved() || leaving.get_value() {
                return;
            }
            let Some(submitter) = event.submitter() else {
                return;
            };
            event.prevent_default();
            click_once_written(drafts, leaving, submitter);
        });
        let click = window_event_listener(leptos::ev::click, move |event| {
            use wasm_bindgen::JsCast;
            let opens_other_tab = event.ctrl_key() || event.meta_key() || event.shift_key();
            if !drafts.is_busy() || !drafts.is_saved() || leaving.get_value() || opens_other_tab {
                return;
            }
            let link = event
                .target()
                .and_then(|target| target.dyn_into::<web_sys::Element>().ok())
                .and_then(|target| target.closest("a[rel~=external][href]").ok().flatten())
                .and_then(|link| link.dyn_into::<web_sys::HtmlElement>().ok());
            if let Some(link) = link {
                event.prevent_default();
                click_once_written(drafts, leaving, link);
            }
        });
        on_cleanup(move || {
            unload.remove();
            hide.remove();
            submit.remove();
            click.remove();
        });
    });
    #[cfg(not(feature = "hydrate"))]
    let _ = (wizard, drafts, here);
}

/// Clicks once the draft is written; after a timeout it clicks anyway, and the browser asks whether to leave.
#[cfg(feature = "hydrate")]
fn click_once_written(drafts: Drafts, leaving: StoredValue<bool>, element: web_sys::HtmlElement) {
    leptos::task::spawn_local(async move {
        let started_at = js_sys::Date::now();
        while drafts.is_busy() && js_sys::Date::now() - started_at < WRITE_TIMEOUT_MS {
            drafts.wait().await;
        }
        leaving.set_value(true);
        element.click();
        leaving.set_value(false);
    });
}

/// Timeout for the draft's write when leaving, in milliseconds.
#[cfg(feature = "hydrate")]
const WRITE_TIMEOUT_MS: f64 = 2000.0;

/// Initial text named by the URL.
pub enum Start {
    /// The draft, or a new Job.
    Usual,
    /// The draft in a slot.
    Draft(usize),
    /// Text of an example.
    Example(&'static str),
    /// File that the user will choose.
    Import,
    /// Copy of a Job, by its name.
    Copy(String),
    /// Text of that copy as read by the server; none if reading failed, and the browser retries.
    Copied(String, Option<String>),
}

impl Start {
    /// Parses the URL. An edited example or copy is a draft, which takes precedence.
    pub fn from_query(query: &ParamsMap) -> Self {
        if let Some(number) = query.get("draft").and_then(|number| number.parse().ok()) {
            Self::Draft(number)
        } else if let Some(text) = query.get("example").as_deref().and_then(examples::example) {
            Self::Example(text)
        } else if let Some(name) = query.get("from") {
            Self::Copy(name)
        } else if query.get("import").is_some() {
            Self::Import
        } else {
            Self::Usual
        }
    }

    /// Returns the text, if the URL determines it.
    pub fn text(&self) -> Option<&str> {
        match self {
            Self::Example(text) => Some(text),
            Self::Copied(_, Some(text)) => Some(text),
            _ => None,
        }
    }
}

/// Sets the initial text. Until it is known, typed text is not overwritten.
fn load_initial_text(wizard: Wizard, project: String, start: Start, drafts: Drafts, readiness: Readiness) {
    if let Some(text) = start.text() {
        // The text is there already, unless the page was not rendered by the server.
        wizard.restart(text);
        readiness.set(wizard);
        leptos::task::spawn_local(async move {
            drafts.open(&project, DraftChoice::New).await;
        });
        return;
    }
    leptos::task::spawn_local(async move {
        let choice = match start {
            Start::Usual => DraftChoice::Resume,
            Start::Draft(number) => DraftChoice::Slot(number),
            Start::Example(_) | Start::Import | Start::Copy(_) | Start::Copied(..) => DraftChoice::New,
        };
        let draft = drafts.open(&project, choice).await;
        let (requested, copy_error) = match (&draft, start) {
            (None, Start::Copy(name) | Start::Copied(name, _)) => match copy(project, name).await {
                Ok(text) => (Some(text), None),
                Err(error) => (None, Some(error)),
            },
            _ => (None, None),
        };
        let typed = typed_text(wizard);
        let has_typed = typed.is_some();
        match (draft, requested, typed) {
            (Some(draft), _, None) => {
                restore(wizard, drafts, draft);
                drafts.state.set(DraftState::Restored);
            }
            // A user who typed before the draft arrived keeps that text; undo restores the draft.
            (Some(draft), _, Some(typed)) => {
                restore(wizard, drafts, draft);
                wizard.replace(&typed);
            }
            // The requested text is shown; undo restores what the user typed.
            (None, Some(text), Some(typed)) => {
                wizard.restart(&typed);
                wizard.replace(&text);
            }
            (None, Some(text), None) => wizard.restart(&text),
            (None, None, Some(_)) => {}
            (None, None, None) => wizard.restart(&examples::empty(&random_name())),
        }
        if !readiness.set(wizard) {
            return;
        }
        if has_typed {
            drafts.save(&wizard.document.get_untracked(), None);
        }
        // After the initial text, which clears earlier results.
        if let Some(error) = copy_error {
            wizard.create_response.set(Some((String::new(), Err(error))));
        }
    });
}

/// Restores a draft, with its undo history if this tab has it, and its view.
fn restore(wizard: Wizard, drafts: Drafts, draft: Draft) {
    wizard.restart(&draft.text);
    if let Some(history) = drafts.history(&draft.text) {
        wizard.history.set(history);
    }
    if let Some(json) = draft.json {
        let view = wizard
            .document
            .with_untracked(|document| Json::parse(&json, document));
        wizard.json.set(Some(view));
    }
}

/// Returns the text, if the user changed it before the initial text was chosen.
fn typed_text(wizard: Wizard) -> Option<String> {
    let changed = wizard.history.with_untracked(manifest::History::can_undo);
    changed.then(|| {
        wizard
            .document
            .with_untracked(|document| document.text().to_owned())
    })
}

/// Appends a new Job to a text that has none.
pub fn add_job(wizard: Wizard) {
    let job = examples::empty(&random_name());
    if wizard
        .document
        .with_untracked(|document| document.text().trim().is_empty())
    {
        wizard.replace(&job);
    } else {
        wizard.append(&job);
    }
}

/// Deletes the draft and starts with a new Job; undo restores the draft.
pub fn start_over(wizard: Wizard, drafts: Drafts) {
    drafts.clear();
    wizard.replace(&examples::empty(&random_name()));
    drafts.state.set(DraftState::Empty);
}

/// Deletes the draft after its objects were created.
pub fn finish(drafts: Drafts) {
    drafts.clear();
    drafts.state.set(DraftState::Empty);
}

/// Returns a copy of a Job under a new name.
///
/// # Errors
/// The reason why the Job cannot be read.
pub async fn copy(project: String, name: String) -> Result<String, ApiError> {
    let text = api::manifest(project, name.clone()).await?;
    let copy = format!("{}-copy", name.chars().take(58).collect::<String>());
    Ok(examples::named(&text, &copy))
}

/// Returns a random name, `job-` and six letters and digits, like the original console's.
fn random_name() -> String {
    #[cfg(feature = "hydrate")]
    {
        const LETTERS: &[u8] = b"abcdefghijkmnpqrstuvwxyz23456789";
        #[allow(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "0 <= random < 1"
        )]
        let letter = || {
            LETTERS
                .get((js_sys::Math::random() * 32.0) as usize)
                .map_or('x', |letter| char::from(*letter))
        };
        format!("job-{}", (0..6).map(|_| letter()).collect::<String>())
    }
    #[cfg(not(feature = "hydrate"))]
    "job".to_owned()
}
