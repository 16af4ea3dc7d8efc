//! The HTML document around the application.

use leptos::nonce::use_nonce;
use leptos::prelude::*;
use leptos_meta::MetaTags;

use crate::bundle_pages::Bundle;
use crate::bundles::bundle_of;
use crate::kit::early::SCRIPT;
use crate::{App, preferences, sign_in_mode, urls, user_key};

/// Renders the HTML document of a page, in the user's language and theme.
pub fn shell(options: LeptosOptions) -> impl IntoView {
    let preferences = preferences::current();
    // The page's own bundle; without a request (never in the server) the first one.
    let parts = use_context::<http::request::Parts>();
    let is_sign_in = parts.as_ref().is_some_and(|parts| parts.uri.path() == "/sign-in");
    let folder = parts.map_or("pkg", |parts| bundle_of(parts.uri.path()));
    // Only the sign-in page needs it.
    let sign_in = is_sign_in.then(|| sign_in_mode::current().name());
    let user = Some(user_key::current().0).filter(|key| !key.is_empty());
    let prefix = Some(urls::prefix()).filter(|prefix| !prefix.is_empty());
    let mut options = options;
    options.site_pkg_dir = folder.into();
    view! {
        <!DOCTYPE html>
        <html lang=preferences.lang.tag() data-theme=preferences.theme.name() data-sign-in=sign_in data-user=user data-prefix=prefix>
            <head>
                <meta charset="utf-8"/>
                <meta name="viewport" content="width=device-width, initial-scale=1"/>
                <meta name="color-scheme" content="light dark"/>
                <link rel="stylesheet" href=urls::own("/pkg/jobwright.css")/>
                <link rel="icon" href=urls::own("/favicon.svg") type="image/svg+xml"/>
                <script nonce=use_nonce() inner_html=SCRIPT.as_str()></script>
                <HydrationScripts options root=urls::prefix()/>
                <MetaTags/>
            </head>
            <body>
                <App bundle=Bundle::ALL/>
            </body>
        </html>
    }
}
