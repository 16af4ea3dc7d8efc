//! Resources in addition to CPU and memory, and the project's defaults.

use leptos::prelude::*;
use manifest::Path;

use crate::i18n::{container as text, t, tf, wizard};
use crate::kit::erased::dynamic;
use crate::pages::create_job::fields::items::Collapsible;
use crate::pages::create_job::fields::key_values::KeyValues;
use crate::pages::create_job::state::Wizard;

/// Resources that have their own fields.
const OWN: &[&str] = &["cpu", "memory"];

/// Extended resources by name: GPUs, ephemeral storage, huge pages.
#[component]
pub fn Others(
    /// Wizard state.
    wizard: Wizard,
    /// Path of the container.
    path: Path,
) -> impl IntoView {
    let at = path.key("resources");
    let stored = StoredValue::new(at.clone());
    let extended = |kind: &str| {
        ["ephemeral-storage", "nvidia.com/gpu", "amd.com/gpu"]
            .map(|name| at.key(kind).key(name))
            .to_vec()
    };
    let paths = [extended("requests"), extended("limits")].concat();
    view! {
        <Collapsible wizard label=text::RESOURCES paths>
            <p class="hint">{t(text::RESOURCES_HINT)}</p>
            <KeyValues
                wizard
                path=stored.get_value().key("requests")
                label=text::REQUESTS
                add=text::ADD_RESOURCE
                hidden=OWN
            />
            <KeyValues wizard path=stored.get_value().key("limits") label=text::LIMITS add=text::ADD_RESOURCE hidden=OWN/>
        </Collapsible>
    }
}

/// Meaning of an empty field: no limit, or the default of the project's LimitRange.
#[component]
pub fn Hint(
    /// Wizard state.
    wizard: Wizard,
) -> impl IntoView {
    let defaults = move || {
        wizard.offers.with(|offers| {
            let defaults = &offers.as_ref()?.limit_defaults;
            (!defaults.is_empty()).then(|| {
                let amounts: Vec<_> = defaults
                    .iter()
                    .map(|(kind, resource, amount)| format!("{kind}.{resource} {amount}"))
                    .collect();
                tf(wizard::LIMIT_DEFAULTS, &[("defaults", &amounts.join(" · "))])
            })
        })
    };
    view! {
        <p class="hint">
            {t(wizard::RESOURCES_HINT)}
            {dynamic(move || defaults().map(|defaults| view! { " " {defaults} }))}
        </p>
    }
}
