//! Results of Create that are not shown at a field, and the status of the dry run.

use leptos::prelude::*;

use crate::api::create::{CreateOutcome, DocumentOutcome};
use crate::api::error::ApiError;
use crate::i18n::{review, t, wizard as text};
use crate::kit::erased::dynamic;
use crate::kit::icon::{Glyph, Icon};
use crate::kit::notice::{Notice, Tone};
use crate::pages::create_job::draft::Drafts;
use crate::pages::create_job::state::Wizard;
use crate::parts::api_error::Failure;
use manifest::Path;

/// Stores the response and, if it was no dry run, which documents now exist: a retry sends only the others.
pub fn record_response(
    wizard: Wizard,
    text: &str,
    response: Result<CreateOutcome, ApiError>,
    real: bool,
    drafts: Drafts,
) {
    if let Ok(outcome) = &response
        && real
    {
        let sent = manifest::Document::parse(text);
        let created = outcome
            .documents
            .iter()
            .filter(|document| document.error.is_none() && !document.skipped);
        let texts = created.filter_map(|document| {
            let range = sent.entries().get(document.entry)?.range.clone();
            Some(sent.text()[range].to_owned())
        });
        wizard.created_texts.update(|done| done.extend(texts));
    }
    let signed_out = matches!(response, Err(ApiError::SignedOut));
    let first = response.as_ref().ok().and_then(|outcome| {
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
    wizard.create_response.set(Some((text.to_owned(), response)));
    if signed_out {
        // A text that this browser has not saved must not be left: the page stays and says what to do.
        if drafts.is_saved() {
            crate::pages::to_sign_in();
        }
    } else if let Some(path) = first {
        wizard.focused.set(path);
    }
}

/// Result of Create, if it is not shown at a field.
#[component]
pub fn CreateResult(
    /// Wizard state.
    wizard: Wizard,
) -> impl IntoView {
    move || {
        let (sent, response) = wizard.create_response.get()?;
        // The answer to another text says nothing about this one; only what was created stays so.
        let is_current = wizard.document.with(|document| document.text() == sent);
        match response {
            Ok(outcome) if !is_current && !outcome.is_success() => {
                let is_partly = wizard.created_texts.with(|created| !created.is_empty());
                is_partly.then(|| {
                    view! {
                        <Notice tone=Tone::Warning>
                            <strong>{t(text::CREATE_PARTLY)}</strong>
                        </Notice>
                    }
                    .into_any()
                })
            }
            Err(ApiError::SignedOut) => Some(
                view! {
                    <Notice tone=Tone::Error>
                        <strong>{t(text::SIGNED_OUT_UNKEPT)}</strong>
                        " "
                        <a class="link" href=crate::urls::own("/sign-in") target="_blank" rel="noopener">
                            {t(text::SIGN_IN_APART)}
                        </a>
                    </Notice>
                }
                .into_any(),
            ),
            Err(error) => Some(view! { <Failure error/> }.into_any()),
            Ok(outcome) if outcome.is_success() => None,
            Ok(outcome) => Some(view! { <Results wizard outcome/> }.into_any()),
        }
    }
}

/// Result of each document of a failed attempt.
#[component]
fn Results(wizard: Wizard, outcome: CreateOutcome) -> impl IntoView {
    let exists = wizard.created_entries();
    let partly = outcome
        .documents
        .iter()
        .any(|document| exists.contains(&document.entry));
    let lines = outcome.documents.into_iter().map(|document| {
        let name = format!("{} {}", document.kind, document.name);
        let (glyph, label) = match (&document.error, exists.contains(&document.entry)) {
            (Some(_), _) => (Glyph::Cross, text::RESULT_REFUSED),
            (None, true) => (Glyph::CheckCircle, text::RESULT_CREATED),
            (None, false) => (Glyph::Minus, text::RESULT_NOT_SENT),
        };
        view! {
            <h3 class="answer-title">
                <Icon glyph/>
                {name}
                " "
                <span class="hint">{t(label)}</span>
            </h3>
            {document.error.map(|error| view! { <Failure error/> })}
        }
    });
    view! {
        <Notice tone=Tone::Error>
            <strong>{t(if partly { text::CREATE_PARTLY } else { text::CREATE_REFUSED })}</strong>
        </Notice>
        {lines.collect_view()}
    }
    .into_any()
}

/// Returns whether the cluster itself rejected the document, rather than being unreachable.
pub fn is_refused(document: &DocumentOutcome) -> bool {
    document.error.as_ref().is_some_and(|error| {
        !matches!(
            error,
            ApiError::Unreachable { .. } | ApiError::Credentials { .. } | ApiError::Console { .. }
        )
    })
}

/// Status of the dry run of the current text.
#[component]
pub fn DryRunStatus(
    /// Wizard state.
    wizard: Wizard,
) -> impl IntoView {
    let status = Memo::new(move |_| {
        if wizard.dry_run_pending.get() {
            return Some((Glyph::Spinner, text::CHECKING));
        }
        let text = wizard.document.with(|document| document.text().to_owned());
        wizard.dry_run_response.with(|latest| {
            match latest.as_ref().filter(|(text_sent, _)| *text_sent == text)? {
                (_, Ok(outcome)) if outcome.is_success() => Some((Glyph::CheckCircle, review::AGREES)),
                (_, Ok(outcome)) if outcome.documents.iter().any(is_refused) => {
                    Some((Glyph::Cross, review::OBJECTS))
                }
                // Nothing was refused, and not everything was checked.
                (_, Ok(_) | Err(_)) => Some((Glyph::Alert, review::UNASKED)),
            }
        })
    });
    view! {
        <span class="verdict wide-only" role="status">
            {dynamic(move || status.get().map(|(glyph, label)| view! { <Icon glyph/> {t(label)} }))}
        </span>
    }
}
