//! What the Kubernetes API server says about a Job or a Pod template.
//!
//! Pure functions over JSON: no input or output, no YAML, no translations. [`validation`] finds the causes of a
//! refusal in the server's order, [`defaults`] fills in what the server does before it looks, and [`machinery`] holds
//! the parts of apimachinery that both need: quantities, names, labels, field paths.
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
