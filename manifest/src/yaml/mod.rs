//! Reading YAML: the syntax tree of a text, what its scalars mean, and the value as the API server reads it.

pub mod scalar;
pub mod tree;
pub mod value;
