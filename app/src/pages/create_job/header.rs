//! Above form and text: title, draft, undo, the switch, and what a person should know now.

use leptos::prelude::*;

use crate::i18n::{t, tf, wizard as text};
use crate::kit::erased::dynamic;
use crate::kit::icon::{Glyph, Icon};
use crate::kit::notice::{Notice, Tone};
use crate::pages::create_job::draft::{Drafts, Kept};
use crate::pages::create_job::initial_text;
use crate::pages::create_job::state::Wizard;

/// Title, draft, undo, and the switch at the top right.
#[component]
pub fn Head(
    /// The wizard.
    wizard: Wizard,
    /// What is kept of it.
    drafts: Drafts,
    /// Switches edit mode.
    mode: Callback<bool>,
) -> impl IntoView {
    let draft = move || match drafts.kept.get() {
        Kept::Saved | Kept::Restored => t(text::DRAFT_SAVED),
        Kept::Secret => t(text::DRAFT_SECRET),
        // A notice says more of these.
        Kept::Yes | Kept::Failed(_) | Kept::NotForgotten(_) | Kept::Unreadable(_) => "",
    };
    view! {
        <header class="wizard-head">
            <h1>{t(text::TITLE)}</h1>
            <span class="hint wide-only" role="status">{draft}</span>
            <Show when=move || drafts.kept.get() == Kept::Secret>
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

/// What a person should know now: a refused edit, a draft that came back.
#[component]
pub fn Notices(
    /// The wizard.
    wizard: Wizard,
    /// What is kept of it.
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
                            <button type="button" class="link" on:click=move |_| initial_text::add_job(wizard)>
                                {t(text::ADD_JOB)}
                            </button>
                        </Notice>
                    }
                })
        })}
        {dynamic(move || {
            let (words, reason) = match drafts.kept.get() {
                Kept::Failed(reason) => (text::DRAFT_FAILED, reason),
                Kept::NotForgotten(reason) => (text::DRAFT_NOT_FORGOTTEN, reason),
                Kept::Unreadable(reason) => (text::DRAFT_UNREADABLE, reason),
                _ => return None,
            };
            let unreadable = words == text::DRAFT_UNREADABLE;
            Some(view! {
                <Notice tone=Tone::Warning>
                    {tf(words, &[("reason", &reason)])}
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
        {dynamic(move || wizard.refusal.get().map(|words| view! { <Notice tone=Tone::Warning>{t(words)}</Notice> }))}
        {dynamic(move || {
            (drafts.kept.get() == Kept::Restored).then(|| {
                view! {
                    <Notice tone=Tone::Info>
                        {t(text::DRAFT_RESTORED)}
                        " "
                        <button type="button" class="link" on:click=move |_| initial_text::over(wizard, drafts)>
                            {t(text::START_OVER)}
                        </button>
                        " "
                        <button type="button" class="link" on:click=move |_| drafts.kept.set(Kept::Saved)>
                            {t(text::DISMISS)}
                        </button>
                    </Notice>
                }
            })
        })}
    }
}
