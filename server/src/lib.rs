//! The console's server: it signs people in, renders the application's pages, answers its server functions, and
//! streams what the cluster reports.
//!
//! A request passes, from outside to inside: the `Host` check and the security headers ([`security`]), protection
//! against cross-site requests, the session ([`session`]), and then a page, a server function ([`backend`]) or a
//! stream ([`streams`]). All three reach Kubernetes through one [`cluster::Cluster`], whichever cluster that is.

// A rendered page is one deeply nested type.
#![recursion_limit = "512"]

pub mod backend;
pub mod cluster;
pub mod clusters;
pub mod config;
pub mod connections;
pub mod data_dir;
mod files;
pub mod health;
pub mod limit;
pub mod manifest_command;
mod pages;
#[cfg_attr(not(feature = "playground"), path = "no_playground.rs")]
pub mod playground;
mod preferences;
mod random;
pub mod router;
mod schema;
pub mod security;
pub mod serve;
pub mod session;
pub mod state;
mod streams;
mod trace;

/// An error with all its causes in one line: `cannot listen on 127.0.0.1:80: permission denied`.
pub fn with_causes(error: &dyn std::error::Error) -> String {
    let mut line = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        let text = inner.to_string();
        // Some libraries repeat the cause in their own sentence.
        if !line.contains(&text) {
            line.push_str(": ");
            line.push_str(&text);
        }
        cause = inner.source();
    }
    line
}
