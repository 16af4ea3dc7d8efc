//! The console as its clients see it: its router called in process, and the program itself where that matters.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a failed set-up fails the test"
)]
#![allow(
    clippy::needless_pass_by_value,
    reason = "calls read better with `json!` in place"
)]
#![allow(missing_docs, reason = "test names are descriptive")]

mod api_table;
mod check;
mod common;
mod contexts;
mod crash_recovery;
mod dropped_fields;
mod faults;
mod hostile_names;
mod http_headers;
mod identity;
mod metrics;
mod open_id;
mod replicas;
mod server_functions;
mod session;
mod sessions;
mod sse;
mod ssr;
mod sub_path;
mod tls;
