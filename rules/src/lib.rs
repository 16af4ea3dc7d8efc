//! Validation and defaulting of Jobs and Pod templates as the Kubernetes API server does them.
//!
//! Pure functions over JSON: no I/O, no YAML, no translations. [`validation`] returns the causes of a rejection in
//! the server's order, [`defaults`] applies what the server sets before validation, and [`machinery`] contains the
//! parts of apimachinery that both need: quantities, names, labels, field paths.
//!
//! Sources: k8s.io/kubernetes `pkg/apis/{batch,core}/{v1,validation}`, `pkg/registry/batch/job` and `pkg/api/pod`,
//! and k8s.io/apimachinery, all of Kubernetes 1.37.

pub mod defaults;
pub mod features;
pub mod machinery;
mod options;
pub mod validation;

pub use machinery::cause::{Cause, CauseKind};
pub use machinery::path::{FieldPath, Place};
pub use machinery::quantity::{Quantity, QuantityError};
pub use machinery::rule::Rule;
pub use machinery::walk::{Mistyped, Wanted};
pub use options::Options;
pub use validation::Report;
