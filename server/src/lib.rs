//! The console's server: signs users in, renders the pages, answers server functions, and streams cluster changes.
//!
//! A request passes these layers, outermost first: the `Host` check and security headers ([`web`]), protection
//! against cross-site requests, the session ([`session`]) and its [`identity`], and then a page, a server function ([`operations`]) or a
//! stream (`live`). All three reach Kubernetes through one [`kubernetes::Cluster`], whichever cluster that is.

// The type of a rendered page is deeply nested.
#![recursion_limit = "512"]

pub mod audit;
pub mod cli;
pub mod contexts;
pub mod data_dir;
pub mod identity;
pub mod job_table;
pub mod jobs;
pub mod kubernetes;
mod live;
pub mod metrics;
pub mod operations;
#[cfg_attr(not(feature = "playground"), path = "playground/disabled.rs")]
pub mod playground;
pub mod process;
mod random;
mod refusal;
pub mod session;
pub mod web;

/// Formats an error and its causes on one line: `cannot listen on 127.0.0.1:80: permission denied`.
pub fn with_causes(error: &dyn std::error::Error) -> String {
    let mut line = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        let text = inner.to_string();
        // Some libraries repeat the cause in their own message.
        if !line.contains(&text) {
            line.push_str(": ");
            line.push_str(&text);
        }
        cause = inner.source();
    }
    line
}
