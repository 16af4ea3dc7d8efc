//! The document engine: Kubernetes manifests as lossless text.
//!
//! A [`Document`] is the text of one or more YAML documents (or JSON), with its syntax tree, its value as the API
//! server reads it, and its problems. An [`Edit`] is a typed operation on a [`Path`] that becomes a few
//! [`Splice`]s: all other bytes are unchanged, including comments, order and quoting. The crate does no I/O, so
//! the server and the browser run the same code.

mod document;
mod edit;
pub mod file_mode;
pub mod generated;
mod history;
pub mod image;
mod json;
pub mod names;
pub mod number;
mod operation;
mod path;
mod problem;
pub mod references;
mod rewrite;
pub mod schema;
pub mod shell;
mod splice;
mod suggestion;
mod validate;
mod yaml;

pub use k8s_rules::machinery::quantity;

pub use document::{Document, Entry, Format, MAX_BYTES};
pub use history::History;
pub use json::assign::AssignError;
pub use json::convert::{ConvertError, to_yaml};
pub use operation::{Edit, EditError, Rewrite};
pub use path::{Path, PathError, Segment};
pub use problem::{Fix, Language, Problem, Report, Severity};
pub use schema::Schema;
pub use splice::{Splice, difference, differences, inverse, line_column, retyped, shown, splice};
pub use validate::{KnownNames, project_problems, validate};

/// Runs the README's examples as tests.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
