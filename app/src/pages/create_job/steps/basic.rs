//! The two short steps: basic information, and labels.

use leptos::prelude::*;
use manifest::Path;

use crate::i18n::{t, wizard as text};
use crate::kit::erased::dynamic;
use crate::pages::create_job::fields::key_values::KeyValues;
use crate::pages::create_job::fields::{InputKind, TextField};
use crate::pages::create_job::generated_form::OtherFields;
use crate::pages::create_job::state::Wizard;

const ALIAS: &str = "kubesphere.io/alias-name";
const DESCRIPTION: &str = "kubesphere.io/description";

/// Basic information step (基本信息).
#[component]
pub fn Basic(
    /// Wizard state.
    wizard: Wizard,
) -> impl IntoView {
    let annotation = |key| Path::of(["metadata", "annotations", key]);
    view! {
        <TextField
            wizard
            path=Path::of(["metadata", "name"])
            label=text::NAME
            hint=text::NAME_HINT
            kind=InputKind::RequiredText
            mono=true
        />
        <TextField wizard path=annotation(ALIAS) label=text::ALIAS hint=text::ALIAS_HINT/>
        <TextField wizard path=annotation(DESCRIPTION) label=text::DESCRIPTION hint=text::DESCRIPTION_HINT lines=true/>
        <div class="field">
            <div class="field-heading">
                <span class="field-label">{t(text::PROJECT)}</span>
                <code class="yaml-key" aria-hidden="true">"metadata.namespace"</code>
            </div>
            <span class="field-fixed mono">{dynamic(move || wizard.project.get())}</span>
        </div>
        <OtherFields wizard path=Path::of(["metadata"])/>
    }
}

/// Labels step (标签设置).
#[component]
pub fn Labels(
    /// Wizard state.
    wizard: Wizard,
) -> impl IntoView {
    view! {
        <KeyValues wizard path=Path::of(["metadata", "labels"]) label=text::JOB_LABELS add=text::ADD_LABEL/>
        <KeyValues
            wizard
            path=Path::of(["spec", "template", "metadata", "labels"])
            label=text::POD_LABELS
            add=text::ADD_LABEL
        />
        <KeyValues
            wizard
            path=Path::of(["metadata", "annotations"])
            label=text::ANNOTATIONS
            add=text::ADD_ANNOTATION
            hidden=&[ALIAS, DESCRIPTION]
        />
        <KeyValues
            wizard
            path=Path::of(["spec", "template", "metadata", "annotations"])
            label=text::POD_ANNOTATIONS
            add=text::ADD_ANNOTATION
        />
        <OtherFields wizard path=Path::of(["spec", "template", "metadata"])/>
    }
}
