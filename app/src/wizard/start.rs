//! How a person begins: with a new Job, a draft, an example, a copy of a Job; and what is kept while they work.

use leptos::prelude::*;
use leptos_router::hooks::use_query_map;
use leptos_router::params::ParamsMap;

use super::draft::{Begin, Drafts, Kept};
use super::state::Wizard;
use super::template;
use crate::api;
use crate::api::error::ApiError;
use crate::frame::WorkspaceContext;

/// Chooses the first text, once the page lives, and keeps the draft from then on. Chance and storage are the
/// browser's: the server renders the empty template.
pub fn begin(wizard: Wizard, drafts: Drafts) {
    let query = use_query_map();
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
    let begun = StoredValue::new(false);
    Effect::new(move |_| {
        let project = wizard.project.get();
        offers.dispatch(project.clone());
        if begun.get_value() {
            return;
        }
        open(wizard, project, query.with_untracked(Start::of), drafts, begun);
    });
    // The first text is nobody's work yet; from the first change on the text is kept.
    let first = StoredValue::new(None::<String>);
    Effect::new(move |_| {
        let document = wizard.document.get();
        if !begun.get_value() {
            return;
        }
        if first.with_value(Option::is_none) {
            first.set_value(Some(document.text().to_owned()));
            return;
        }
        if !wizard
            .history
            .with_untracked(|history| history.can_undo() || history.can_redo())
        {
            return;
        }
        drafts.with_secret.track();
        drafts.save(&document);
    });
}

/// Has the browser ask before a text is left that it does not keep.
pub fn hold(drafts: Drafts) {
    #[cfg(feature = "hydrate")]
    Effect::new(move |_| {
        let handle = window_event_listener(leptos::ev::beforeunload, move |event| {
            if !drafts.is_kept() {
                event.prevent_default();
            }
        });
        on_cleanup(move || handle.remove());
    });
    #[cfg(not(feature = "hydrate"))]
    let _ = drafts;
}

/// What a person begins with, as the address says.
enum Start {
    /// The draft, or a new Job.
    Usual,
    /// An example's text.
    Example(&'static str),
    /// A file that they will choose.
    Import,
    /// A copy of a Job, by its name.
    Copy(String),
}

impl Start {
    fn of(query: &ParamsMap) -> Self {
        if let Some(text) = query.get("example").as_deref().and_then(template::example) {
            Self::Example(text)
        } else if let Some(name) = query.get("from") {
            Self::Copy(name)
        } else if query.get("import").is_some() {
            Self::Import
        } else {
            Self::Usual
        }
    }
}

/// Gives the first text. Until it is known, nothing that is typed is overwritten.
fn open(wizard: Wizard, project: String, start: Start, drafts: Drafts, begun: StoredValue<bool>) {
    if let Start::Example(text) = start
        && !Drafts::is_return()
    {
        // At once: nobody can have typed before it.
        wizard.restart(text);
        begun.set_value(true);
        leptos::task::spawn_local(async move {
            drafts.begin(&project, Begin::Anew).await;
        });
        return;
    }
    leptos::task::spawn_local(async move {
        let begin = match start {
            Start::Usual => Begin::Again,
            Start::Example(_) | Start::Import | Start::Copy(_) => Begin::Anew,
        };
        let draft = drafts.begin(&project, begin).await;
        let (brought, refusal) = match (&draft, start) {
            (None, Start::Example(text)) => (Some(text.to_owned()), None),
            (None, Start::Copy(name)) => match copy(project, name).await {
                Ok(text) => (Some(text), None),
                Err(error) => (None, Some(error)),
            },
            _ => (None, None),
        };
        if begun.try_update_value(|begun| *begun = true).is_none() {
            return;
        }
        match (draft, brought, typed(wizard)) {
            (Some(draft), _, None) => {
                wizard.restart(&draft);
                drafts.kept.set(Kept::Restored);
            }
            // Who is faster than the draft keeps what they typed; undo brings the draft.
            (Some(draft), _, Some(typed)) => {
                wizard.restart(&draft);
                wizard.replace(&typed);
            }
            // Of what they asked for, undo leads back to what they typed.
            (None, Some(text), Some(typed)) => {
                wizard.restart(&typed);
                wizard.replace(&text);
            }
            (None, Some(text), None) => wizard.restart(&text),
            (None, None, Some(_)) => drafts.save(&wizard.document.get_untracked()),
            (None, None, None) => wizard.restart(&template::empty(&suggestion())),
        }
        // After the first text, which clears what was said before.
        if let Some(error) = refusal {
            wizard.answer.set(Some((String::new(), Err(error))));
        }
    });
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
    let job = template::empty(&suggestion());
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
    wizard.replace(&template::empty(&suggestion()));
    drafts.kept.set(Kept::Yes);
}

/// Forgets the draft after its objects were created.
pub fn done(drafts: Drafts) {
    drafts.clear();
    drafts.kept.set(Kept::Yes);
}

/// A copy of a Job under a name of its own, or why it may not be read.
async fn copy(project: String, name: String) -> Result<String, ApiError> {
    let mut document = manifest::Document::parse(api::manifest(project, name.clone()).await?);
    let value = format!("{}-copy", name.chars().take(58).collect::<String>());
    let edit = manifest::Edit::Set {
        path: manifest::Path::of(["metadata", "name"]),
        value: value.into(),
    };
    // A manifest that we made always has a name to set.
    let _ = document.apply(0, &edit);
    Ok(document.text().to_owned())
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
