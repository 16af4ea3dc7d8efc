//! What protects the person's browser: headers, names, and where requests may come from.

pub mod headers;
pub mod hosts;
pub mod origin;
