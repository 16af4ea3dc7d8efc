//! Asks the cluster while a person works: a dry run of the text once it rests and has no errors of its own.

use std::time::Duration;

use leptos::prelude::*;
use leptos::reactive::actions::ActionAbortHandle;
use send_wrapper::SendWrapper;

use crate::api;
use crate::pages::create_job::state::Wizard;

/// How long the text has to rest before the cluster is asked.
const REST: Duration = Duration::from_millis(900);

/// The dry run that goes along with editing. Cheap to copy.
#[derive(Clone, Copy)]
pub struct Check {
    ask: Action<String, ()>,
    running: StoredValue<Option<SendWrapper<ActionAbortHandle>>>,
    // Counts the states of the text: a timer of an older one does nothing.
    turn: StoredValue<u64>,
}

impl Check {
    /// Begins to follow the wizard's text.
    pub fn follow(wizard: Wizard) -> Self {
        let ask = Action::new(move |text: &String| {
            let text = text.clone();
            async move {
                wizard.checking.set(true);
                let project = wizard.project.get_untracked();
                let done = wizard.existing();
                let answer = api::create(project, text.clone(), true, done).await;
                wizard.checked.set(Some((text, answer)));
                wizard.checking.set(false);
            }
        });
        let check = Self {
            ask,
            running: StoredValue::new(None),
            turn: StoredValue::new(0),
        };
        Effect::new(move |_| {
            wizard.document.track();
            check.turn.update_value(|turn| *turn += 1);
            check.cancel(wizard);
            let turn = check.turn.get_value();
            set_timeout(
                move || {
                    // The page may be gone by now.
                    if check.turn.try_get_value() == Some(turn) {
                        check.ask_now(wizard);
                    }
                },
                REST,
            );
        });
        check
    }

    /// Asks now, unless the cluster has answered to this text already or the text has errors that need no cluster.
    pub fn ask_now(self, wizard: Wizard) {
        let text = wizard
            .document
            .with_untracked(|document| document.text().to_owned());
        let asked = wizard.checked.with_untracked(|checked| {
            checked
                .as_ref()
                .is_some_and(|(of, answer)| *of == text && answer.is_ok())
        });
        if asked || wizard.checking.get_untracked() || !untrack(|| wizard.is_sound()) {
            return;
        }
        let handle = SendWrapper::new(self.ask.dispatch(text));
        self.running.set_value(Some(handle));
    }

    /// A question about an older text is not waited for.
    fn cancel(self, wizard: Wizard) {
        if let Some(handle) = self.running.try_update_value(Option::take).flatten() {
            handle.take().abort();
            wizard.checking.set(false);
        }
    }
}
