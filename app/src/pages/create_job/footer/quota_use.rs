//! Resource requests of the Job, compared with the remaining quota.

use leptos::prelude::*;
use manifest::Path;
use manifest::quantity::Quantity;
use serde_json::Value;

use crate::i18n::{tf, wizard as text};
use crate::kit::erased::dynamic;
use crate::pages::create_job::state::{Wizard, display};
use crate::pages::create_job::steps::pod_template::pod;

/// Total requests of the Pods that run in parallel, and the remaining quota.
#[component]
pub fn QuotaUse(
    /// Wizard state.
    wizard: Wizard,
) -> impl IntoView {
    let sum = move |resource: &'static str| {
        let containers = pod().key("containers");
        let parallelism = wizard
            .get(&Path::of(["spec", "parallelism"]))
            .and_then(|n| n.as_u64())
            .unwrap_or(1);
        let total = (0..wizard.length(&containers)).try_fold(Quantity::ZERO, |total, index| {
            let resources = containers.index(index).key("resources");
            let amount = ["requests", "limits"].into_iter().find_map(|kind| {
                wizard
                    .get(&resources.key(kind).key(resource))
                    .filter(|value| !value.is_null())
            });
            match amount {
                Some(value @ (Value::String(_) | Value::Number(_))) => {
                    Some(total.plus(display(&value).parse().ok()?))
                }
                _ => Some(total),
            }
        })?;
        let total = total.times(u32::try_from(parallelism).ok()?);
        (!total.is_zero()).then_some(total)
    };
    let cost = move || {
        let (cpu, memory) = (sum("cpu"), sum("memory"));
        (cpu.is_some() || memory.is_some()).then(|| {
            let show =
                |amount: Option<Quantity>| amount.map_or_else(|| "–".to_owned(), |amount| amount.to_string());
            tf(text::COST, &[("cpu", &show(cpu)), ("memory", &show(memory))])
        })
    };
    let left = move || {
        wizard.offers.with(|offers| {
            let left = &offers.as_ref()?.quota_left;
            (!left.is_empty()).then(|| {
                let amounts = left
                    .iter()
                    .map(|(name, amount)| format!("{name} {amount}"))
                    .collect::<Vec<_>>();
                tf(text::QUOTA_LEFT, &[("left", &amounts.join(" · "))])
            })
        })
    };
    view! {
        <span class="hint wide-only cost">
            {cost}
            {dynamic(move || left().map(|left| view! { " · " {left} }))}
        </span>
    }
}
