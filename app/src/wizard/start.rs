//! How a person begins: with a new Job, a draft, an example, a copy of a Job; and what is kept while they work.

use leptos::prelude::*;
use leptos_router::hooks::use_query_map;

use super::draft::{Begin, Drafts, Kept};
use super::state::Wizard;
use super::template;
use crate::api;
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
        let (example, from) = query.with_untracked(|query| (query.get("example"), query.get("from")));
        let importing = query.with_untracked(|query| query.get("import").is_some());
        if let Some(text) = example.as_deref().and_then(template::example) {
            wizard.restart(text);
            begun.set_value(true);
            leptos::task::spawn_local(async move {
                drafts.begin(&project, Begin::Anew).await;
            });
        } else if let Some(name) = from {
            copy(wizard, project, name, drafts, begun);
        } else {
            restore(
                wizard,
                project,
                drafts,
                if importing { Begin::Anew } else { Begin::Again },
                begun,
            );
        }
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

/// The draft as it was left, or a new Job. Until it is known, nothing that is typed overwrites it.
fn restore(wizard: Wizard, project: String, drafts: Drafts, begin: Begin, begun: StoredValue<bool>) {
    leptos::task::spawn_local(async move {
        let draft = drafts.begin(&project, begin).await;
        if begun.try_get_value() != Some(false) {
            return;
        }
        begun.set_value(true);
        match (draft, typed(wizard)) {
            (Some(draft), None) => {
                wizard.restart(&draft);
                drafts.kept.set(Kept::Restored);
            }
            // Who is faster than the draft keeps what they typed; undo brings the draft.
            (Some(draft), Some(typed)) => {
                wizard.restart(&draft);
                wizard.replace(&typed);
            }
            (None, Some(_)) => drafts.save(&wizard.document.get_untracked()),
            (None, None) => wizard.restart(&template::empty(&suggestion())),
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

/// A copy of a Job under a name of its own; a Job that may not be read says so above an empty one.
fn copy(wizard: Wizard, project: String, name: String, drafts: Drafts, begun: StoredValue<bool>) {
    leptos::task::spawn_local(async move {
        drafts.begin(&project, Begin::Anew).await;
        let read = api::manifest(project, name.clone()).await;
        if begun.try_update_value(|begun| *begun = true).is_none() {
            return;
        }
        match read {
            Ok(text) => {
                let mut document = manifest::Document::parse(text);
                let value = format!("{}-copy", name.chars().take(58).collect::<String>());
                let edit = manifest::Edit::Set {
                    path: manifest::Path::of(["metadata", "name"]),
                    value: value.into(),
                };
                // A manifest that we made always has a name to set.
                let _ = document.apply(0, &edit);
                match typed(wizard) {
                    Some(typed) => {
                        wizard.restart(&typed);
                        wizard.replace(document.text());
                    }
                    None => wizard.restart(document.text()),
                }
            }
            Err(error) => {
                if typed(wizard).is_none() {
                    wizard.restart(&template::empty(&suggestion()));
                }
                wizard.answer.set(Some((String::new(), Err(error))));
            }
        }
    });
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
