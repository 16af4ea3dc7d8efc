//! Header of the Job list: introduction, the project's quota, and the Create menu.

use leptos::prelude::*;
use leptos_router::components::A;

use crate::api::job::QuotaBanner;
use crate::i18n::{common, job_list as text, t};
use crate::kit::erased::dynamic;
use crate::kit::icon::{Glyph, Icon};
use crate::kit::menu::Menu;
use crate::layout::{described_by, use_rights};
use crate::urls;

/// Title, quota and the Create menu.
#[component]
pub fn Banner(
    /// Current project.
    project: Memo<String>,
    /// Quota numbers; none while they are being loaded.
    quota: Signal<Option<QuotaBanner>>,
) -> impl IntoView {
    let number =
        |value: Option<i64>| value.map_or_else(|| t(common::UNLIMITED).to_owned(), |n| n.to_string());
    let is_all = project.with_untracked(String::is_empty);
    let fact = move |label: &'static str, value: Signal<String>| {
        view! {
            <div class="fact">
                <dt>{label}</dt>
                <dd class="number">{dynamic(move || value.get())}</dd>
            </div>
        }
    };
    let read = move |of: fn(QuotaBanner) -> Option<i64>| {
        Signal::derive(move || {
            quota
                .get()
                .map_or_else(|| "–".to_owned(), |quota| number(of(quota)))
        })
    };
    view! {
        <div class="page-head">
            <div class="page-title">
                <h1>{t(text::TITLE)}</h1>
                <p class="page-intro">
                    {if is_all { t(text::ALL_PROJECTS) } else { t(text::INTRO) }}
                </p>
            </div>
            {(!is_all)
                .then(|| {
                    view! {
                        <dl class="facts">
                            {fact(t(text::QUOTA_USED), read(|quota| Some(quota.jobs_used)))}
                            {fact(t(text::QUOTA_PLANNED), read(|quota| quota.jobs_hard))}
                            {fact(t(text::QUOTA_PODS), read(|quota| quota.pods_left))}
                        </dl>
                    }
                })}
            {(!is_all).then(|| view! { <CreateMenu project/> })}
        </div>
    }
}

/// Menu with the three ways to create a Job.
#[component]
fn CreateMenu(project: Memo<String>) -> impl IntoView {
    let to = move |query: &'static str| move || urls::create(&project.get(), query);
    let rights = use_rights();
    let is_denied = move || (!rights.with(|rights| rights.create)).then_some("true");
    view! {
        <div class="split" inert=move || is_denied().is_some()>
            <A
                attr:rel="external"
                href=to("")
                attr:class="button button-primary"
                attr:aria-disabled=is_denied
                attr:aria-describedby=move || described_by(is_denied().is_none())
            >
                <Icon glyph=Glyph::Add/>
                {t(common::CREATE)}
            </A>
            <Menu
                label=Signal::stored(t(text::CREATE_EXAMPLE).to_owned())
                class="button button-primary split-more"
                end=true
                button=ViewFn::from(|| view! { <Icon glyph=Glyph::ChevronDown/> })
            >
                <A attr:rel="external" href=to("") attr:class="menu-item">{t(text::CREATE_STEPS)}</A>
                <A attr:rel="external" href=to("?import=1") attr:class="menu-item">{t(text::CREATE_IMPORT)}</A>
                <A attr:rel="external" href=to("?example=pi") attr:class="menu-item">{t(text::CREATE_EXAMPLE_TEXT)}</A>
                <A attr:rel="external" href=to("?example=queue") attr:class="menu-item">{t(text::EXAMPLE_QUEUE)}</A>
                <A attr:rel="external" href=to("?example=indexed") attr:class="menu-item">{t(text::EXAMPLE_INDEXED)}</A>
                <A attr:rel="external" href=to("?example=policy") attr:class="menu-item">{t(text::EXAMPLE_POLICY)}</A>
            </Menu>
        </div>
    }
}

/// Links to create a Job, for an empty project.
#[component]
pub fn Doors(
    /// Current project.
    project: Memo<String>,
) -> impl IntoView {
    let door = move |query: &'static str, glyph, title, description| {
        view! {
            <A
                attr:rel="external"
                href=move || urls::create(&project.get(), query)
                attr:class="door"
            >
                <Icon glyph/>
                <strong>{title}</strong>
                <span>{description}</span>
            </A>
        }
    };
    view! {
        {door("", Glyph::List, t(text::CREATE_STEPS), t(text::CREATE_STEPS_TEXT))}
        {door("?import=1", Glyph::Upload, t(text::CREATE_IMPORT), t(text::CREATE_IMPORT_TEXT))}
        {door("?example=pi", Glyph::Bolt, t(text::CREATE_EXAMPLE), t(text::CREATE_EXAMPLE_TEXT))}
    }
}
