//! What several tests share: generated documents, an edit's meaning on plain values, real OpenAPI documents.
#![allow(dead_code, reason = "each test uses its part")]

pub mod corpus;
pub mod generate;
pub mod openapi;
pub mod operation;
pub mod recording;
pub mod target;
