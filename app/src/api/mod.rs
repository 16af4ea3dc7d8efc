//! Calls from the browser to the server: the server functions and their data types.
//!
//! Endpoints have explicit names, since generated names change with the code.

#[cfg(feature = "ssr")]
pub mod backend;
mod calls;
pub mod create;
pub mod error;
pub mod event;
pub mod job;
pub mod job_filter;
pub mod job_query;
pub mod pod;
pub mod rights;
pub mod schema;
pub mod session;

pub use crate::api::calls::*;
