//! How a person begins: with a new Job, a draft, an example, a copy of a Job; and what is kept while they work.

use leptos::prelude::*;
use leptos_router::params::ParamsMap;

use crate::api;
use crate::api::error::ApiError;
use crate::kit::early::Alive;
use crate::layout::WorkspaceContext;
use crate::pages::create_job::draft::{Begin, Draft, Drafts, Kept};
use crate::pages::create_job::examples;
use crate::pages::create_job::json::Json;
use crate::pages::create_job::state::Wizard;

/// Chooses the first text, once the page lives, and keeps the draft from then on. Chance and storage are the
/// browser's: the server renders an example or a copy of a Job, which the address says, or the empty template without a
/// name.
pub fn begin(wizard: Wizard, drafts: Drafts, start: Start) {
    let alive = use_context::<Alive>();
    if let Some(alive) = alive {
        alive.hold();
    }
    let start = StoredValue::new(Some(start));
    let offers = Action::new(move |project: &String| {
        let project = project.clone();
        async move {
            // Without them the pickers take names by hand; the error shows again when creating.
            wizard.offers.set(api::offers(project).await.ok());
        }
    });
    if let Some(WorkspaceContext(workspace)) = use_context::<WorkspaceContext>() {
        Effect::new(move |_| {
            let minor = workspace.get().and_then(|workspace| workspace.ok()?.minor());
            wizard.minor.set(minor);
        });
    }
    let begun = StoredValue::new(None::<State>);
    Effect::new(move |_| {
        let project = wizard.project.get();
        offers.dispatch(project.clone());
        let Some(start) = start.try_update_value(Option::take).flatten() else {
            return;
        };
        open(wizard, project, start, drafts, Begun { known: begun, alive });
    });
    // The first text is nobody's work yet, or is kept already; from the first change on the text is kept.
    Effect::new(move |_| {
        let document = wizard.document.get();
        let json = json_of(wizard);
        let state = (document.text().to_owned(), json.clone(), drafts.with_secret.get());
        if begun.with_value(|known| known.as_ref().is_none_or(|known| *known == state)) {
            return;
        }
        begun.set_value(Some(state));
        if untrack(|| wizard.can_undo() || wizard.can_redo()) {
            drafts.save(&document, json);
        }
    });
}

/// What the view in JSON says, while it is shown.
fn json_of(wizard: Wizard) -> Option<String> {
    wizard
        .json
        .with(|json| json.as_ref().map(|json| json.document.text().to_owned()))
}

/// A text, its view in JSON, and whether a Secret in it is kept too.
type State = (String, Option<String>, bool);

/// The first text is there: the page may answer.
#[derive(Clone, Copy)]
struct Begun {
    // The newest state that is known to the draft; none before there is a first text.
    known: StoredValue<Option<State>>,
    alive: Option<Alive>,
}

impl Begun {
    /// False if the page has gone meanwhile.
    fn set(self, wizard: Wizard) -> bool {
        if let Some(alive) = self.alive {
            alive.release();
        }
        self.known
            .try_update_value(|known| {
                let text = wizard
                    .document
                    .with_untracked(|document| document.text().to_owned());
                *known = Some((text, untrack(|| json_of(wizard)), false));
            })
            .is_some()
    }
}

/// Has the browser ask before a text is left that it does not keep, and leave only once the draft is written; `here` is
/// the page's own address.
pub fn hold(wizard: Wizard, drafts: Drafts, here: Callback<(), String>) {
    #[cfg(feature = "hydrate")]
    Effect::new(move |_| {
        let ask = window_event_listener(leptos::ev::beforeunload, move |event| {
            // A text that waits to be written is not kept yet.
            if (!drafts.is_kept() || drafts.is_busy()) && untrack(|| wizard.can_undo()) {
                event.prevent_default();
            }
        });
        let hide = window_event_listener_untyped("pagehide", move |_| drafts.leave(wizard));
        // Language, theme and sign-out are forms that load another page; so do links to other parts.
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
            if !drafts.is_busy() || !drafts.is_kept() || leaving.get_value() {
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
            let opens_elsewhere = event.ctrl_key() || event.meta_key() || event.shift_key();
            if !drafts.is_busy() || !drafts.is_kept() || leaving.get_value() || opens_elsewhere {
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
            ask.remove();
            hide.remove();
            submit.remove();
            click.remove();
        });
    });
    #[cfg(not(feature = "hydrate"))]
    let _ = (wizard, drafts, here);
}

/// Clicks once the draft is written; if that takes too long, at once, and the browser asks whether to leave.
#[cfg(feature = "hydrate")]
fn click_once_written(drafts: Drafts, leaving: StoredValue<bool>, element: web_sys::HtmlElement) {
    leptos::task::spawn_local(async move {
        let begun = js_sys::Date::now();
        while drafts.is_busy() && js_sys::Date::now() - begun < WRITE {
            drafts.pause().await;
        }
        leaving.set_value(true);
        element.click();
        leaving.set_value(false);
    });
}

/// How long leaving waits for the draft, in milliseconds.
#[cfg(feature = "hydrate")]
const WRITE: f64 = 2000.0;

/// What a person begins with, as the address says.
pub enum Start {
    /// The draft, or a new Job.
    Usual,
    /// The draft at a place.
    Draft(usize),
    /// An example's text.
    Example(&'static str),
    /// A file that they will choose.
    Import,
    /// A copy of a Job, by its name.
    Copy(String),
    /// That copy's text as the server has read it; none if it could not, and the browser asks once more.
    Copied(String, Option<String>),
}

impl Start {
    /// Reads the address. What was made of an example or a copy is a draft, and comes before it.
    pub fn of(query: &ParamsMap) -> Self {
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

    /// The text, if the address says it.
    pub fn text(&self) -> Option<&str> {
        match self {
            Self::Example(text) => Some(text),
            Self::Copied(_, Some(text)) => Some(text),
            _ => None,
        }
    }
}

/// Gives the first text. Until it is known, nothing that is typed is overwritten.
fn open(wizard: Wizard, project: String, start: Start, drafts: Drafts, begun: Begun) {
    if let Some(text) = start.text() {
        // It is there already, but on a page that did not come from the server.
        wizard.restart(text);
        begun.set(wizard);
        leptos::task::spawn_local(async move {
            drafts.begin(&project, Begin::Anew).await;
        });
        return;
    }
    leptos::task::spawn_local(async move {
        let begin = match start {
            Start::Usual => Begin::Again,
            Start::Draft(number) => Begin::At(number),
            Start::Example(_) | Start::Import | Start::Copy(_) | Start::Copied(..) => Begin::Anew,
        };
        let draft = drafts.begin(&project, begin).await;
        let (brought, refusal) = match (&draft, start) {
            (None, Start::Copy(name) | Start::Copied(name, _)) => match copy(project, name).await {
                Ok(text) => (Some(text), None),
                Err(error) => (None, Some(error)),
            },
            _ => (None, None),
        };
        let early = typed(wizard);
        let is_early = early.is_some();
        match (draft, brought, early) {
            (Some(draft), _, None) => {
                restore(wizard, drafts, draft);
                drafts.kept.set(Kept::Restored);
            }
            // Who is faster than the draft keeps what they typed; undo brings the draft.
            (Some(draft), _, Some(typed)) => {
                restore(wizard, drafts, draft);
                wizard.replace(&typed);
            }
            // Of what they asked for, undo leads back to what they typed.
            (None, Some(text), Some(typed)) => {
                wizard.restart(&typed);
                wizard.replace(&text);
            }
            (None, Some(text), None) => wizard.restart(&text),
            (None, None, Some(_)) => {}
            (None, None, None) => wizard.restart(&examples::empty(&suggestion())),
        }
        if !begun.set(wizard) {
            return;
        }
        if is_early {
            drafts.save(&wizard.document.get_untracked(), None);
        }
        // After the first text, which clears what was said before.
        if let Some(error) = refusal {
            wizard.answer.set(Some((String::new(), Err(error))));
        }
    });
}

/// Brings a draft back, with its history if this tab has it, and the view that was shown.
fn restore(wizard: Wizard, drafts: Drafts, draft: Draft) {
    wizard.restart(&draft.text);
    if let Some(history) = drafts.history(&draft.text) {
        wizard.history.set(history);
    }
    if let Some(json) = draft.json {
        let view = wizard
            .document
            .with_untracked(|document| Json::of(&json, document));
        wizard.json.set(Some(view));
    }
}

/// The text, if the person has changed it before the first text was chosen.
fn typed(wizard: Wizard) -> Option<String> {
    let changed = wizard.history.with_untracked(manifest::History::can_undo);
    changed.then(|| {
        wizard
            .document
            .with_untracked(|document| document.text().to_owned())
    })
}

/// Puts a new Job at the end of a text that has none.
pub fn add_job(wizard: Wizard) {
    let job = examples::empty(&suggestion());
    if wizard
        .document
        .with_untracked(|document| document.text().trim().is_empty())
    {
        wizard.replace(&job);
    } else {
        wizard.append(&job);
    }
}

/// Forgets the draft and begins with a new Job; undo brings the draft back.
pub fn over(wizard: Wizard, drafts: Drafts) {
    drafts.clear();
    wizard.replace(&examples::empty(&suggestion()));
    drafts.kept.set(Kept::Yes);
}

/// Forgets the draft after its objects were created.
pub fn done(drafts: Drafts) {
    drafts.clear();
    drafts.kept.set(Kept::Yes);
}

/// A copy of a Job under a name of its own, or why it may not be read.
pub async fn copy(project: String, name: String) -> Result<String, ApiError> {
    let text = api::manifest(project, name.clone()).await?;
    let copy = format!("{}-copy", name.chars().take(58).collect::<String>());
    Ok(examples::named(&text, &copy))
}

/// `job-` and six random letters and digits, like the original console's.
fn suggestion() -> String {
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
