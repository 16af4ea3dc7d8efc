//! Shared by several tests: generated documents, a reference implementation of edits, real OpenAPI documents.
#![allow(dead_code, reason = "each test uses its part")]

pub mod corpus;
pub mod generate;
pub mod openapi;
pub mod operation;
pub mod recording;
pub mod target;
