//! What several tests share: generated documents and an edit's meaning on plain values.

pub mod generate;
pub mod operation;
