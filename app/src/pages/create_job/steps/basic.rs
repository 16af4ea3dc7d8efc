//! The two short steps: basic information, and labels.

use leptos::prelude::*;
use manifest::Path;

use crate::i18n::{t, wizard as text};
use crate::kit::erased::dynamic;
use crate::pages::create_job::fields::key_values::Pairs;
use crate::pages::create_job::fields::{As, TextField};
use crate::pages::create_job::state::Wizard;

const ALIAS: &str = "kubesphere.io/alias-name";
const DESCRIPTION: &str = "kubesphere.io/description";

/// 基本信息.
#[component]
pub fn Basic(
    /// The wizard.
    wizard: Wizard,
) -> impl IntoView {
    let annotation = |key| Path::of(["metadata", "annotations", key]);
    view! {
        <TextField
            wizard
            path=Path::of(["metadata", "name"])
            label=text::NAME
            hint=text::NAME_HINT
            kind=As::TextKept
            mono=true
        />
        <TextField wizard path=annotation(ALIAS) label=text::ALIAS hint=text::ALIAS_HINT/>
        <TextField wizard path=annotation(DESCRIPTION) label=text::DESCRIPTION hint=text::DESCRIPTION_HINT lines=true/>
        <div class="field">
            <span class="field-label">{t(text::PROJECT)}</span>
            <span class="field-fixed mono">{dynamic(move || wizard.project.get())}</span>
        </div>
    }
}

/// 标签设置.
#[component]
pub fn Labels(
    /// The wizard.
    wizard: Wizard,
) -> impl IntoView {
    view! {
        <Pairs wizard path=Path::of(["metadata", "labels"]) label=text::JOB_LABELS add=text::ADD_LABEL/>
        <Pairs
            wizard
            path=Path::of(["spec", "template", "metadata", "labels"])
            label=text::POD_LABELS
            add=text::ADD_LABEL
        />
        <Pairs
            wizard
            path=Path::of(["metadata", "annotations"])
            label=text::ANNOTATIONS
            add=text::ADD_ANNOTATION
            hidden=&[ALIAS, DESCRIPTION]
        />
        <Pairs
            wizard
            path=Path::of(["spec", "template", "metadata", "annotations"])
            label=text::POD_ANNOTATIONS
            add=text::ADD_ANNOTATION
        />
    }
}
