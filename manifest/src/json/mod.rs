//! JSON as a view of a YAML document: formatting it, and applying its edits without losing what only YAML can
//! represent.

pub mod assign;
pub mod convert;
mod matching;
mod number_spelling;
