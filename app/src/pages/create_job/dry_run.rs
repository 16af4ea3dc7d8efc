//! Dry runs while the user edits: validates the text on the cluster once it rests and has no local errors.

use std::time::Duration;

use leptos::prelude::*;
use leptos::reactive::actions::ActionAbortHandle;
use send_wrapper::SendWrapper;

use crate::api;
use crate::pages::create_job::state::Wizard;

/// Debounce delay before a dry run.
const DEBOUNCE: Duration = Duration::from_millis(900);

/// Debounced dry run of the wizard's text. Cheap to copy.
#[derive(Clone, Copy)]
pub struct DryRun {
    action: Action<String, ()>,
    running: StoredValue<Option<SendWrapper<ActionAbortHandle>>>,
    // Generation of the text: a timer of an older generation does nothing.
    generation: StoredValue<u64>,
}

impl DryRun {
    /// Starts to follow the wizard's text.
    pub fn follow(wizard: Wizard) -> Self {
        let action = Action::new(move |text: &String| {
            let text = text.clone();
            async move {
                wizard.dry_run_pending.set(true);
                let project = wizard.project.get_untracked();
                let done = wizard.created_entries();
                let response = api::create(project, text.clone(), true, done).await;
                wizard.dry_run_response.set(Some((text, response)));
                wizard.dry_run_pending.set(false);
            }
        });
        let dry_run = Self {
            action,
            running: StoredValue::new(None),
            generation: StoredValue::new(0),
        };
        Effect::new(move |_| {
            wizard.document.track();
            dry_run.generation.update_value(|generation| *generation += 1);
            dry_run.cancel(wizard);
            let generation = dry_run.generation.get_value();
            set_timeout(
                move || {
                    // The page may have been left by now.
                    if dry_run.generation.try_get_value() == Some(generation) {
                        dry_run.run_now(wizard);
                    }
                },
                DEBOUNCE,
            );
        });
        dry_run
    }

    /// Starts a dry run now, unless the cluster has already answered for this text or the text has local errors.
    pub fn run_now(self, wizard: Wizard) {
        let text = wizard
            .document
            .with_untracked(|document| document.text().to_owned());
        let is_answered = wizard.dry_run_response.with_untracked(|latest| {
            latest
                .as_ref()
                .is_some_and(|(text_sent, response)| *text_sent == text && response.is_ok())
        });
        if is_answered || wizard.dry_run_pending.get_untracked() || !untrack(|| wizard.is_locally_valid()) {
            return;
        }
        let handle = SendWrapper::new(self.action.dispatch(text));
        self.running.set_value(Some(handle));
    }

    /// Cancels the dry run of an older text.
    fn cancel(self, wizard: Wizard) {
        if let Some(handle) = self.running.try_update_value(Option::take).flatten() {
            handle.take().abort();
            wizard.dry_run_pending.set(false);
        }
    }
}
