//! Tests of the document engine through its public interface, in one binary.
#![allow(clippy::unwrap_used, reason = "a test fails by it")]

mod corpus;
mod edits;
mod fuzz;
mod json_view;
mod properties;
mod schema;
mod support;
mod texts;
mod validation;
