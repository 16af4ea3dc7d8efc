//! The routes, and the middleware of every request.

use std::sync::LazyLock;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::handler::Handler;
use axum::middleware::{from_fn, from_fn_with_state};
use axum::routing::{get, post};
use leptos_axum::{AxumRouteListing, LeptosRoutes, generate_route_list, render_app_async_with_context};
use tower::ServiceBuilder;
use tower::util::MapRequest;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::csrf::{ConfigError, CsrfLayer};

use app::bundle_pages::Bundle;
use app::urls::Prefix;
use app::{App, AppProps, shell};

use crate::web::pages::provide_contexts;
use crate::web::state::AppState;
use crate::web::{
    assets, client_address, health, limit, metrics, pages, preferences, prefix, schema, sessions, trace,
};
use crate::web::{identify, sign_in};
use crate::{contexts, live, web};

/// The application's pages, generated once per process: meanwhile no page loads its data, and one that is being
/// rendered would never finish.
static PAGES: LazyLock<Vec<AxumRouteListing>> =
    LazyLock::new(|| generate_route_list(|| App(AppProps { bundle: Bundle::ALL })));

/// Builds the router of the server.
pub fn router(state: AppState) -> Result<Router, ConfigError> {
    let prefix = Prefix(state.hosts.prefix().into());
    let html = {
        let options = state.leptos.clone();
        move || shell(options.clone())
    };
    // Requests without a route or a file render the application's not-found page.
    let unknown =
        render_app_async_with_context(provide_contexts, html.clone()).layer(from_fn(identify::application));

    let streams = Router::new()
        .route("/stream/jobs", get(live::job_list::stream))
        .route("/stream/job", get(live::job_detail::stream))
        .route("/stream/logs", get(live::logs::stream))
        .route("/download/log", get(live::download::log))
        .route("/cluster/schema", get(schema::get_schema))
        .route_layer(from_fn(identify::streams));

    // Pages and server functions; the framework registers both.
    let application = Router::new()
        .leptos_routes_with_context(&state, PAGES.clone(), provide_contexts, html)
        .route_layer(from_fn_with_state(state.clone(), pages::redirect_to_cluster))
        .route_layer(from_fn(identify::application))
        .route_layer(from_fn_with_state(state.clone(), pages::renew_token_on_sign_in));

    let forms = Router::new()
        .route("/", get(pages::start))
        .route("/session", post(sign_in::sign_in))
        .route("/sign-in/start", get(sign_in::open_id::start))
        .route("/sign-in/callback", get(sign_in::open_id::callback))
        .route("/sign-out", post(sign_in::sign_out))
        .route("/sessions/end", post(sessions::end))
        .route("/preferences", post(preferences::choose));

    let probes = Router::new()
        .route("/healthz", get(health::live))
        .route("/readyz", get(health::ready));

    let mut csrf = CsrfLayer::new();
    if let Some(origin) = state.hosts.public_origin() {
        csrf = csrf.add_trusted_origin(&origin)?;
    }
    // Outermost first.
    let layers = ServiceBuilder::new()
        .layer(from_fn(trace::layer))
        .layer(from_fn(metrics::layer))
        .layer(from_fn_with_state(state.clone(), client_address::layer))
        .layer(from_fn_with_state(state.clone(), web::headers::layer))
        .layer(CatchPanicLayer::new())
        .layer(from_fn_with_state(state.clone(), web::hosts::layer))
        .layer(csrf)
        .layer(from_fn_with_state(state.clone(), web::origin::layer))
        .layer(from_fn(pages::reject_invalid_names))
        .layer(from_fn_with_state(state.clone(), identify::identify))
        // Rejects unauthorized requests before any of the body is read.
        .layer(from_fn(web::api_calls::layer))
        .layer(from_fn(limit::layer))
        // `limit` enforces the only limit.
        .layer(DefaultBodyLimit::disable());

    let site = assets::service(&state.site, unknown.with_state(state.clone()));
    let routes = Router::new()
        .merge(streams)
        .merge(application)
        .merge(forms)
        .merge(probes)
        .fallback_service(site)
        .layer(layers)
        .with_state(state);
    // Rewrites the URI before routing.
    let rewrite = move |request| contexts::extract::read(prefix::strip(&prefix, request));
    Ok(Router::new().fallback_service(MapRequest::new(routes, rewrite)))
}
