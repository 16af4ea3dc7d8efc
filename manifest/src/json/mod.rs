//! JSON as a view of a document in YAML: how it is shown, and how its edits come back without losing what only YAML
//! can say.

pub mod assign;
pub mod convert;
mod matching;
mod number_spelling;
