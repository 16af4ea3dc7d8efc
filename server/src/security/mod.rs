//! What protects the person's browser: headers, names, and which requests are taken from where.

pub mod arguments;
pub mod calls;
pub mod headers;
pub mod hosts;
pub mod origin;
