//! The console as its clients see it: its router asked in this process, and the program itself where that matters.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test that cannot go on fails"
)]
#![allow(
    clippy::needless_pass_by_value,
    reason = "calls read better with `json!` in place"
)]
#![allow(missing_docs, reason = "names say it")]

mod api_table;
mod common;
mod contexts;
mod crash_recovery;
mod dropped_fields;
mod faults;
mod hostile_names;
mod http_headers;
mod server_functions;
mod session;
mod sse;
mod ssr;
