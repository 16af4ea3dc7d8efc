//! Parsing of YAML: the syntax tree of a text, the meaning of its scalars, and the value as the API server reads
//! it.

pub mod scalar;
pub mod tree;
pub mod value;
