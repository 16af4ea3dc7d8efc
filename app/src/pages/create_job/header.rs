//! Header above form and text: title, draft state, undo, mode switch, and notices.

use leptos::prelude::*;
use manifest::{Fix, Rewrite};

use crate::foreign_text::into_visible;
use crate::i18n::{t, tf, wizard as text};
use crate::kit::erased::dynamic;
use crate::kit::icon::{Glyph, Icon};
use crate::kit::notice::{Notice, Tone};
use crate::pages::create_job::draft::{DraftState, Drafts};
use crate::pages::create_job::initial_text;
use crate::pages::create_job::problems::{fix_label, language};
use crate::pages::create_job::state::Wizard;

/// Title, draft state, undo, and the mode switch at the top right.
#[component]
pub fn Header(
    /// Wizard state.
    wizard: Wizard,
    /// Draft state.
    drafts: Drafts,
    /// Switches edit mode.
    mode: Callback<bool>,
) -> impl IntoView {
    let draft = move || match drafts.state.get() {
        DraftState::Saved | DraftState::Restored => t(text::DRAFT_SAVED),
        DraftState::HasSecret => t(text::DRAFT_SECRET),
        // A notice reports these.
        DraftState::Empty
        | DraftState::NotSaved(_)
        | DraftState::NotDeleted(_)
        | DraftState::Unreadable(_) => "",
    };
    view! {
        <header class="wizard-head">
            <h1>{t(text::TITLE)}</h1>
            <span class="hint wide-only" role="status">{draft}</span>
            <Show when=move || drafts.state.get() == DraftState::HasSecret>
                <button type="button" class="link" on:click=move |_| drafts.with_secret.set(true)>
                    {t(text::DRAFT_KEEP_SECRET)}
                </button>
            </Show>
            <span class="bar-space"></span>
            <button
                type="button"
                class="button button-icon"
                aria-label=t(text::UNDO)
                title=t(text::UNDO)
                disabled=move || !wizard.can_undo()
                on:click=move |_| wizard.undo()
            >
                <Icon glyph=Glyph::Undo/>
            </button>
            <button
                type="button"
                class="button button-icon"
                aria-label=t(text::REDO)
                title=t(text::REDO)
                disabled=move || !wizard.can_redo()
                on:click=move |_| wizard.redo()
            >
                <Icon glyph=Glyph::Redo/>
            </button>
            <button
                type="button"
                class="switch"
                role="switch"
                aria-checked=move || wizard.editing.get().to_string()
                on:click=move |_| mode.run(!wizard.editing.get_untracked())
            >
                <span class="switch-track"><span class="switch-thumb"></span></span>
                {t(text::EDIT_MODE)}
            </button>
        </header>
    }
}

/// Notices: a rejected edit, a restored draft, a draft that cannot be saved.
#[component]
pub fn Notices(
    /// Wizard state.
    wizard: Wizard,
    /// Draft state.
    drafts: Drafts,
) -> impl IntoView {
    view! {
        {dynamic(move || {
            let no_job = wizard.document.with(|document| document.is_valid() && document.job().is_none());
            no_job
                .then(|| {
                    view! {
                        <Notice tone=Tone::Warning>
                            {t(text::OTHER_KIND)}
                            " "
                            {dynamic(move || {
                                let problems = wizard.problems.get().into_iter();
                                problems
                                    .filter(|problem| matches!(problem.fix, Some(Fix::Rewrite(Rewrite::ToJob | Rewrite::Unfold))))
                                    .map(|problem| {
                                        let label = problem.fix.as_ref().map(fix_label);
                                        view! {
                                            <button type="button" class="link" on:click=move |_| wizard.fix(&problem)>
                                                {label}
                                            </button>
                                            " "
                                        }
                                    })
                                    .collect_view()
                            })}
                            <button type="button" class="link" on:click=move |_| initial_text::add_job(wizard)>
                                {t(text::ADD_JOB)}
                            </button>
                        </Notice>
                    }
                })
        })}
        {dynamic(move || {
            let (message, reason) = match drafts.state.get() {
                DraftState::NotSaved(reason) => (text::DRAFT_FAILED, reason),
                DraftState::NotDeleted(reason) => (text::DRAFT_NOT_FORGOTTEN, reason),
                DraftState::Unreadable(reason) => (text::DRAFT_UNREADABLE, reason),
                _ => return None,
            };
            let unreadable = message == text::DRAFT_UNREADABLE;
            Some(view! {
                <Notice tone=Tone::Warning>
                    {tf(message, &[("reason", &reason)])}
                    " "
                    {unreadable.then(|| {
                        view! {
                            <button type="button" class="link" on:click=move |_| drafts.retry(wizard)>
                                {t(text::DRAFT_RETRY)}
                            </button>
                        }
                    })}
                </Notice>
            })
        })}
        <div role="status">
            {dynamic(move || {
                wizard.report.get().map(|report| {
                    view! { <Notice tone=Tone::Info>{into_visible(report.text(language()))}</Notice> }
                })
            })}
        </div>
        {dynamic(move || wizard.edit_error.get().map(|message| view! { <Notice tone=Tone::Warning>{t(message)}</Notice> }))}
        {dynamic(move || {
            (drafts.state.get() == DraftState::Restored).then(|| {
                view! {
                    <Notice tone=Tone::Info>
                        {t(text::DRAFT_RESTORED)}
                        " "
                        <button type="button" class="link" on:click=move |_| initial_text::start_over(wizard, drafts)>
                            {t(text::START_OVER)}
                        </button>
                        " "
                        <button type="button" class="link" on:click=move |_| drafts.state.set(DraftState::Saved)>
                            {t(text::DISMISS)}
                        </button>
                    </Notice>
                }
            })
        })}
    }
}
