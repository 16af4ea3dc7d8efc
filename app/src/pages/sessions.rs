//! Where the user is signed in: their own sessions, each of which they can end.

use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::hooks::use_location;

use crate::api;
use crate::api::session::{SessionEntry, SessionList};
use crate::i18n::{common, sessions as text, t, tf};
use crate::kit::erased::dynamic;
use crate::kit::icon::{Glyph, Icon};
use crate::kit::time::Time;
use crate::layout::PreferenceForms;
use crate::parts::api_error::Failure;
use crate::urls;

/// List of the user's sessions, with plain forms that work without JavaScript.
#[component]
pub fn Sessions() -> impl IntoView {
    let sessions = Resource::new_blocking(|| (), |()| api::sessions());
    view! {
        <Title text=t(text::TITLE)/>
        <header class="bar bar-plain">
            <a class="button button-quiet" rel="external" href=urls::here("/")>
                <Icon glyph=Glyph::ArrowLeft/>
                {t(common::BACK_TO_JOBS)}
            </a>
            <span class="bar-space"></span>
            <PreferenceForms/>
        </header>
        <main id="content" class="content sessions" tabindex="-1">
            <Transition>
                {dynamic(move || Suspend::new(async move {
                    match sessions.await {
                        Ok(list) => view! { <List list/> }.into_any(),
                        Err(error) => view! { <Failure error/> }.into_any(),
                    }
                }))}
            </Transition>
        </main>
    }
}

#[component]
fn List(list: SessionList) -> impl IntoView {
    let lead = if list.is_shared {
        text::LEAD_SHARED
    } else {
        text::LEAD
    };
    let others = list.sessions.len().saturating_sub(1);
    let back = use_location().pathname;
    view! {
        <h1>{t(text::TITLE)}</h1>
        <p class="page-intro">{t(lead)}</p>
        <div class="table-frame">
            <table class="table">
                <thead>
                    <tr>
                        <th>{t(text::BROWSER)}</th>
                        <th>{t(text::STARTED)}</th>
                        <th>{t(text::USED)}</th>
                        <th>{t(text::END)}</th>
                    </tr>
                </thead>
                <tbody>
                    {list
                        .sessions
                        .into_iter()
                        .map(|session| view! { <Row session back/> })
                        .collect_view()}
                </tbody>
            </table>
        </div>
        {(others > 0)
            .then(|| {
                view! {
                    <form method="post" action=urls::here("/sessions/end")>
                        <input type="hidden" name="back" value=move || back.get()/>
                        <button class="button button-danger">
                            {tf(text::END_OTHERS, &[("n", &others.to_string())])}
                        </button>
                    </form>
                }
            })}
    }
}

#[component]
fn Row(session: SessionEntry, back: Memo<String>) -> impl IntoView {
    let SessionEntry {
        handle,
        agent,
        started,
        used,
        is_current,
    } = session;
    let agent = if agent.is_empty() {
        t(text::UNKNOWN).to_owned()
    } else {
        agent
    };
    let label = tf(text::END_ONE, &[("name", &agent)]);
    view! {
        <tr aria-current=is_current.then_some("true")>
            <th scope="row">
                {agent}
                " "
                {is_current.then(|| view! { <span class="tag">{t(text::CURRENT)}</span> })}
            </th>
            <td><Time at=Signal::stored(Some(started))/></td>
            <td><Time at=Signal::stored(Some(used))/></td>
            <td>
                {(!is_current)
                    .then(|| {
                        view! {
                            <form method="post" action=urls::here("/sessions/end")>
                                <input type="hidden" name="handle" value=handle/>
                                <input type="hidden" name="back" value=move || back.get()/>
                                <button class="button" aria-label=label>{t(text::END)}</button>
                            </form>
                        }
                    })}
            </td>
        </tr>
    }
}
