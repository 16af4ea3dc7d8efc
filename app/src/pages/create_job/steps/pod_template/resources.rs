//! Resources beside CPU and memory, and the project's defaults.

use leptos::prelude::*;
use manifest::Path;

use crate::i18n::{container as text, t, tf, wizard};
use crate::kit::erased::dynamic;
use crate::pages::create_job::fields::items::Folded;
use crate::pages::create_job::fields::key_values::Pairs;
use crate::pages::create_job::state::Wizard;

/// The resources that have fields of their own.
const OWN: &[&str] = &["cpu", "memory"];

/// GPUs, ephemeral storage, huge pages: any resource by its name.
#[component]
pub fn Others(
    /// The wizard.
    wizard: Wizard,
    /// The container.
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
        <Folded wizard label=text::RESOURCES paths>
            <p class="hint">{t(text::RESOURCES_HINT)}</p>
            <Pairs
                wizard
                path=stored.get_value().key("requests")
                label=text::REQUESTS
                add=text::ADD_RESOURCE
                hidden=OWN
            />
            <Pairs wizard path=stored.get_value().key("limits") label=text::LIMITS add=text::ADD_RESOURCE hidden=OWN/>
        </Folded>
    }
}

/// What an empty field means: no limit, or what the project's LimitRange puts there.
#[component]
pub fn Hint(
    /// The wizard.
    wizard: Wizard,
) -> impl IntoView {
    let defaults = move || {
        wizard.offers.with(|offers| {
            let defaults = &offers.as_ref()?.limit_defaults;
            (!defaults.is_empty()).then(|| {
                let words: Vec<_> = defaults
                    .iter()
                    .map(|(kind, resource, amount)| format!("{kind}.{resource} {amount}"))
                    .collect();
                tf(wizard::LIMIT_DEFAULTS, &[("defaults", &words.join(" · "))])
            })
        })
    };
    view! {
        <p class="hint">
            {t(wizard::RESOURCES_HINT)}
            {dynamic(move || defaults().map(|words| view! { " " {words} }))}
        </p>
    }
}
