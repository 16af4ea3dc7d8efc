//! Review before creating: the dry run's result for each document, and the object that would be stored.

mod stored_diff;

use leptos::prelude::*;

use crate::api::create::DocumentOutcome;
use crate::i18n::{Text, review as text, t, tf};
use crate::kit::erased::dynamic;
use crate::kit::icon::{Glyph, Icon};
use crate::kit::notice::{Notice, Tone};
use crate::pages::create_job::dry_run::DryRun;
use crate::pages::create_job::footer::{QuotaUse, is_refused};
use crate::pages::create_job::review::stored_diff::{Change, Difference, Line, compare, marked};
use crate::pages::create_job::state::Wizard;
use crate::parts::api_error::Failure;

/// Review, shown in place of form and text.
#[component]
pub fn Review(
    /// Wizard state.
    wizard: Wizard,
    /// Live dry run.
    dry_run: DryRun,
) -> impl IntoView {
    // The present result may be outdated.
    Effect::new(move |_| dry_run.run_now(wizard));
    view! {
        <section class="review" aria-labelledby="review-title">
            <h2 id="review-title" class="step-title">{t(text::TITLE)}</h2>
            <Show when=move || wizard.is_locally_valid()>
                <p class="hint">{t(text::HINT)}</p>
            </Show>
            // Quota use; on a narrow screen the footer has no room for it.
            <QuotaUse wizard/>
            {dynamic(move || match wizard.dry_run_response.get() {
                _ if !wizard.is_locally_valid() => view! { <Notice tone=Tone::Warning>{t(text::NOT_YET)}</Notice> }.into_any(),
                Some((text, response)) if wizard.document.with(|document| document.text() == text) => match response {
                    Ok(outcome) => {
                        let documents = outcome.documents.into_iter();
                        documents.map(|document| view! { <Document wizard document/> }).collect_view().into_any()
                    }
                    Err(error) => view! { <Failure error/> }.into_any(),
                },
                _ => {
                    view! {
                        <p class="review-wait" role="status">
                            <Icon glyph=Glyph::Spinner/>
                            {t(text::ASKING)}
                        </p>
                    }
                        .into_any()
                }
            })}
        </section>
    }
}

#[component]
fn Document(wizard: Wizard, document: DocumentOutcome) -> impl IntoView {
    let name = format!("{} {}", document.kind, document.name);
    let stored = document.stored.clone().map(|stored| {
        let written = wizard
            .document
            .with_untracked(|text| text.value(document.entry).cloned());
        let value = manifest::Document::parse(stored.as_str()).value(0).cloned();
        let differences = compare(&written.unwrap_or_default(), &value.unwrap_or_default());
        (marked(&stored, &differences), differences)
    });
    let (glyph, verdict) = match &document.error {
        None => (Glyph::CheckCircle, text::ACCEPTED),
        Some(_) if is_refused(&document) => (Glyph::Cross, text::REFUSED),
        Some(_) => (Glyph::Alert, text::UNASKED),
    };
    view! {
        <article class="review-document">
            <h3 class="group-title">
                <Icon glyph/>
                {name}
                <span class="hint">{t(verdict)}</span>
            </h3>
            {document.error.map(|error| view! { <Failure error/> })}
            {document
                .warnings
                .into_iter()
                .map(|warning| view! { <Notice tone=Tone::Warning>{tf(text::WARNING, &[("text", &warning)])}</Notice> })
                .collect_view()}
            {(document.kind == "Secret").then(|| view! { <p class="hint">{t(text::SECRET)}</p> })}
            {stored.map(|(lines, differences)| view! { <Stored lines differences/> })}
        </article>
    }
}

#[component]
fn Stored(lines: Vec<Line>, differences: Vec<Difference>) -> impl IntoView {
    let count = |change| {
        differences
            .iter()
            .filter(|difference| difference.change == change)
            .count()
            .to_string()
    };
    let dropped: Vec<_> = differences
        .iter()
        .filter(|difference| difference.change == Change::Dropped)
        .map(|difference| difference.path.to_string())
        .collect();
    view! {
        <p class="hint">
            {tf(text::COUNTS, &[("added", &count(Change::Added)), ("changed", &count(Change::Changed))])}
        </p>
        {(!dropped.is_empty())
            .then(|| view! { <Notice tone=Tone::Error>{tf(text::DROPPED, &[("fields", &dropped.join(", "))])}</Notice> })}
        <pre class="review-stored" tabindex="0" aria-label=t(text::STORED)>
            {lines.into_iter().map(|line| view! { <StoredLine line/> }).collect_view()}
        </pre>
    }
}

#[component]
fn StoredLine(line: Line) -> impl IntoView {
    let (class, sign, label): (_, _, Option<Text>) = match line.change {
        None => ("review-line", " ", None),
        Some(Change::Added) => ("review-line review-added", "+", Some(text::ADDED)),
        Some(Change::Changed | Change::Dropped) => ("review-line review-changed", "~", Some(text::CHANGED)),
    };
    view! {
        <span class=class title=label.map(t)>
            <span class="review-mark" aria-hidden="true">{sign}</span>
            <span>{line.text} "\n"</span>
        </span>
    }
}
