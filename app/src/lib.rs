//! Pages, components and translations of the console, and the server functions that the browser calls.
//!
//! One program in two halves: built with `ssr` it renders pages on the server, with `hydrate` it hydrates them in
//! the browser. Both must build the same tree, so rendering may not depend on the clock, random numbers or the
//! window; such values arrive in effects, after hydration.

#![recursion_limit = "256"]
#![allow(
    clippy::needless_pass_by_value,
    clippy::large_types_passed_by_value,
    reason = "component props are passed by value; large ones (`Wizard`) are cheap handles"
)]
#![allow(clippy::too_many_lines, reason = "a view is as long as its markup")]

pub mod api;
pub mod bundle_pages;
pub mod bundles;
#[cfg(all(feature = "hydrate", not(feature = "ssr")))]
mod editor;
pub mod event_stream;
pub mod foreign_text;
#[cfg(feature = "ssr")]
mod html_document;
pub mod i18n;
pub mod kit;
pub mod language;
pub mod layout;
pub mod pages;
pub mod parts;
pub mod preferences;
pub mod sign_in_mode;
pub mod urls;
pub mod user_key;

use leptos::prelude::*;
use leptos_meta::{Title, provide_meta_context};
use leptos_router::SsrMode;
use leptos_router::components::{ParentRoute, Route, Router, Routes};
use leptos_router::path;

use crate::bundle_pages::Bundle;
#[cfg(feature = "ssr")]
pub use crate::html_document::shell;
use crate::kit::early::Alive;
use crate::kit::time::provide_clock;
use crate::kit::toast::{Toaster, Toasts};
use crate::layout::{Frame, LastList};
use crate::pages::not_found::NotFound;
use crate::pages::sign_in::SignIn;

/// Root component: the routes and their shared contexts.
///
/// Pages are rendered completely before they are sent (`SsrMode::Async`), so that they are complete without
/// JavaScript and can set their status code.
#[component]
pub fn App(
    /// Pages that this half of the program has.
    bundle: Bundle,
) -> impl IntoView {
    provide_meta_context();
    provide_clock();
    Toaster::provide();
    Alive::provide();
    LastList::provide();
    view! {
        // Every title of the application passes through this one formatter.
        <Title formatter=kit::title::format/>
        <Router base=urls::base()>
            <Routes fallback=NotFound>
                <Route path=path!("/sign-in") view=SignIn ssr=SsrMode::Async/>
                <ParentRoute path=path!("/jobs") view=Frame ssr=SsrMode::Async>
                    <Route path=path!("") view=bundle.job_list ssr=SsrMode::Async/>
                </ParentRoute>
                <Route path=path!("/sessions") view=bundle.sessions ssr=SsrMode::Async/>
                <ParentRoute path=path!("/projects/:project") view=Frame ssr=SsrMode::Async>
                    <Route path=path!("") view=NotFound ssr=SsrMode::Async/>
                    <Route path=path!("jobs") view=bundle.job_list ssr=SsrMode::Async/>
                    <Route path=path!("jobs/:name") view=bundle.job_detail ssr=SsrMode::Async/>
                    <Route path=path!("create-job") view=bundle.create_job ssr=SsrMode::Async/>
                </ParentRoute>
            </Routes>
        </Router>
        <Toasts/>
    }
}
