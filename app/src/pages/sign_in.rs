//! Sign-in page: accepts the one-time token that the console printed, or a bearer token of the cluster.

use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::hooks::use_query_map;

use crate::i18n::{common, sign_in as text, t};
use crate::kit::erased::dynamic;
use crate::kit::notice::{Notice, Tone};
use crate::layout::PreferenceForms;
use crate::sign_in_mode::{self, SignInMode};
use crate::urls;

/// Plain form that works without JavaScript. `?back=` is the page to return to, `?error=` the reason why a token was
/// rejected (`token`, `format`, `unreachable`, and those of a provider), `?ended=1` an expired session.
#[component]
pub fn SignIn() -> impl IntoView {
    let query = use_query_map();
    let value = move |name: &'static str| query.with(|query| query.get(name).unwrap_or_default());
    let mode = sign_in_mode::current();
    let (lead, label, hint, wrong) = if mode == SignInMode::BearerToken {
        (
            text::BEARER_LEAD,
            text::BEARER_TOKEN,
            text::BEARER_HINT,
            text::BEARER_WRONG,
        )
    } else {
        (text::LEAD, text::TOKEN, text::TOKEN_HINT, text::WRONG)
    };
    let error = move || match value("error").as_str() {
        "token" => Some(wrong),
        "format" => Some(text::BEARER_FORMAT),
        "unreachable" => Some(text::UNREACHABLE),
        "provider" => Some(text::PROVIDER_DOWN),
        "denied" => Some(text::PROVIDER_DENIED),
        "expired" => Some(text::PROVIDER_EXPIRED),
        "name" => Some(text::PROVIDER_NAME),
        "rejected" => Some(text::PROVIDER_REJECTED),
        _ => None,
    };
    view! {
        <Title text=t(text::TITLE)/>
        <header class="bar bar-plain">
            <span class="bar-space"></span>
            <PreferenceForms signed_out=true/>
        </header>
        <main class="sign-in">
            <h1>{t(common::PRODUCT)}</h1>
            <p class="sign-in-tagline">{t(common::TAGLINE)}</p>
            {dynamic(move || {
                error().map(|error| view! { <Notice tone=Tone::Error>{t(error)}</Notice> })
            })}
            {dynamic(move || {
                (value("ended") == "1").then(|| view! { <Notice tone=Tone::Warning>{t(text::ENDED)}</Notice> })
            })}
            {if mode == SignInMode::OpenIdConnect {
                // A form, so that nothing but a click leads there.
                view! {
                    <form class="card sign-in-form" method="get" action=urls::own("/sign-in/start")>
                        <p>{t(text::PROVIDER_LEAD)}</p>
                        <input type="hidden" name="back" value=move || value("back")/>
                        <button class="button button-primary">{t(text::PROVIDER_SUBMIT)}</button>
                    </form>
                }
                    .into_any()
            } else {
                view! {
                    <form class="card sign-in-form" method="post" action=urls::own("/session")>
                        <p>{t(lead)}</p>
                        <input type="hidden" name="back" value=move || value("back")/>
                        <label class="field-label" for="token">{t(label)}</label>
                        <input
                            id="token"
                            class="input input-mono"
                            type="password"
                            name="token"
                            required
                            autocomplete="off"
                            aria-describedby="token-hint"
                        />
                        <p id="token-hint" class="hint">{t(hint)}</p>
                        <button class="button button-primary">{t(text::SUBMIT)}</button>
                    </form>
                }
                    .into_any()
            }}
        </main>
    }
}
