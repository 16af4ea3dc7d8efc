//! What the cluster said to Create, where it is not told at a field, and what the dry run says meanwhile.

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

/// Remembers what the server said and, if it was no dry run, which documents exist now: another try sends the others.
pub fn finish(
    wizard: Wizard,
    text: &str,
    answer: Result<CreateOutcome, ApiError>,
    real: bool,
    drafts: Drafts,
) {
    if let Ok(outcome) = &answer
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
        wizard.done.update(|done| done.extend(texts));
    }
    let signed_out = matches!(answer, Err(ApiError::SignedOut));
    let first = answer.as_ref().ok().and_then(|outcome| {
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
    wizard.answer.set(Some((text.to_owned(), answer)));
    if signed_out {
        // A text that this browser does not keep must not be left behind: the page stays and says what to do.
        if drafts.is_kept() {
            crate::pages::to_sign_in();
        }
    } else if let Some(path) = first {
        wizard.focused.set(path);
    }
}

/// What the server answered, where it is not told at a field.
#[component]
pub fn Answer(
    /// The wizard.
    wizard: Wizard,
) -> impl IntoView {
    move || {
        let (_, answer) = wizard.answer.get()?;
        match answer {
            Err(ApiError::SignedOut) => Some(
                view! {
                    <Notice tone=Tone::Error>
                        <strong>{t(text::SIGNED_OUT_UNKEPT)}</strong>
                        " "
                        <a class="link" href="/sign-in" target="_blank" rel="noopener">
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

/// What became of each document of a try that did not go through.
#[component]
fn Results(wizard: Wizard, outcome: CreateOutcome) -> impl IntoView {
    let exists = wizard.existing();
    let partly = outcome
        .documents
        .iter()
        .any(|document| exists.contains(&document.entry));
    let lines = outcome.documents.into_iter().map(|document| {
        let name = format!("{} {}", document.kind, document.name);
        let (glyph, words) = match (&document.error, exists.contains(&document.entry)) {
            (Some(_), _) => (Glyph::Cross, text::RESULT_REFUSED),
            (None, true) => (Glyph::CheckCircle, text::RESULT_CREATED),
            (None, false) => (Glyph::Minus, text::RESULT_NOT_SENT),
        };
        view! {
            <h3 class="answer-title">
                <Icon glyph/>
                {name}
                " "
                <span class="hint">{t(words)}</span>
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

/// The cluster itself has said no, rather than not answered.
pub fn is_refused(document: &DocumentOutcome) -> bool {
    document.error.as_ref().is_some_and(|error| {
        !matches!(
            error,
            ApiError::Unreachable { .. } | ApiError::Credentials { .. } | ApiError::Console { .. }
        )
    })
}

/// What the dry run says to the text as it stands.
#[component]
pub fn Verdict(
    /// The wizard.
    wizard: Wizard,
) -> impl IntoView {
    let verdict = Memo::new(move |_| {
        if wizard.checking.get() {
            return Some((Glyph::Spinner, text::CHECKING));
        }
        let text = wizard.document.with(|document| document.text().to_owned());
        wizard
            .checked
            .with(|checked| match checked.as_ref().filter(|(of, _)| *of == text)? {
                (_, Ok(outcome)) if outcome.is_success() => Some((Glyph::CheckCircle, review::AGREES)),
                (_, Ok(outcome)) if outcome.documents.iter().any(is_refused) => {
                    Some((Glyph::Cross, review::OBJECTS))
                }
                (_, Ok(_)) => Some((Glyph::Alert, review::UNASKED)),
                (_, Err(_)) => Some((Glyph::Alert, review::UNASKED)),
            })
    });
    view! {
        <span class="verdict wide-only" role="status">
            {dynamic(move || verdict.get().map(|(glyph, words)| view! { <Icon glyph/> {t(words)} }))}
        </span>
    }
}
