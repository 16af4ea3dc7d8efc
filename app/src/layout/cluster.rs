//! Cluster menu: the page's cluster and links to the others. Each cluster has its own URL, so two tabs can show two
//! of them.

use leptos::prelude::*;

use crate::api::session::{ClusterChoice, ClusterOffer, Refusal};
use crate::i18n::{Text, cluster as text, common, t, tf};
use crate::kit::icon::{Glyph, Icon};
use crate::kit::menu::Menu;
use crate::urls::{self, CLUSTERS};

/// Menu of the kubeconfig's contexts.
#[component]
pub fn ClusterMenu(
    /// Clusters to choose from; not empty.
    choice: ClusterChoice,
    /// Version of this page's cluster; empty while it is unknown.
    version: String,
) -> impl IntoView {
    let ClusterChoice { current, all } = choice;
    let is_current = move |offer: &ClusterOffer| current.as_ref().is_none_or(|key| *key == offer.key);
    let name = all
        .iter()
        .find(|offer| is_current(offer))
        .map(|offer| offer.name.clone());
    let name = StoredValue::new(name.unwrap_or_else(|| t(common::NONE).to_owned()));
    let version = StoredValue::new(version);
    let items: Vec<_> = all.into_iter().map(|offer| (is_current(&offer), offer)).collect();
    let items = StoredValue::new(items);
    view! {
        <Menu
            label=Signal::derive(move || format!("{} {}", t(common::CLUSTER), name.get_value()))
            class="bar-project"
            button=ViewFn::from(move || {
                view! {
                    <Icon glyph=Glyph::Node/>
                    <span class="bar-dim">{t(common::CLUSTER)}</span>
                    " "
                    <strong title=version.get_value()>{name.get_value()}</strong>
                    <Icon glyph=Glyph::ChevronDown/>
                }
            })
        >
            {items
                .get_value()
                .into_iter()
                .map(|(current, offer)| view! { <Offer current offer/> })
                .collect_view()}
        </Menu>
    }
}

/// One context: its name, and what a user should know before choosing it.
#[component]
fn Offer(
    /// Whether it is this page's cluster.
    current: bool,
    /// Context.
    offer: ClusterOffer,
) -> impl IntoView {
    let refused = offer.refused.map(|refusal| t(reason(refusal)));
    let plugin = offer
        .plugin
        .as_deref()
        .map(|plugin| tf(text::PLUGIN, &[("plugin", plugin)]));
    let unverified = offer.unverified.then(|| t(text::UNVERIFIED));
    let content = view! {
        <span class="menu-words">
            <span>{offer.name}</span>
            <span class="menu-hint">{offer.server}</span>
            {plugin.map(|plugin| view! { <span class="menu-hint">{plugin}</span> })}
            {unverified.map(|unverified| view! { <span class="menu-hint menu-warning">{unverified}</span> })}
            {refused.map(|refused| view! { <span class="menu-hint menu-warning">{refused}</span> })}
        </span>
    };
    if refused.is_some() {
        view! { <span class="menu-item menu-refused" aria-disabled="true">{content}</span> }.into_any()
    } else {
        view! {
            <a
                class="menu-item"
                rel="external"
                href=urls::own(&format!("{CLUSTERS}{}", offer.key))
                aria-current=current.to_string()
            >
                {content}
            </a>
        }
        .into_any()
    }
}

fn reason(refusal: Refusal) -> Text {
    match refusal {
        Refusal::Plugin => text::REFUSED_PLUGIN,
        Refusal::Interactive => text::REFUSED_INTERACTIVE,
        Refusal::Provider => text::REFUSED_PROVIDER,
        Refusal::Incomplete => text::REFUSED_INCOMPLETE,
    }
}
