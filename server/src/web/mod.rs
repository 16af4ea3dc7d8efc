//! HTTP: routes, authentication, protection of browsers, and the pages.

pub mod api_arguments;
pub mod api_calls;
pub mod assets;
pub mod client_address;
pub mod connections;
pub mod headers;
pub mod health;
pub mod hosts;
pub mod identify;
pub mod limit;
pub mod local_path;
pub mod metrics;
pub mod origin;
pub mod pages;
pub mod preferences;
pub mod prefix;
pub mod router;
pub mod schema;
pub mod sessions;
pub mod sign_in;
pub mod state;
pub mod tls;
pub mod trace;
pub mod visitor;
