//! Validation rules, in the server's order and with the server's messages.

mod affinity;
mod claim;
mod container;
mod env;
mod handler;
mod index_set;
mod job;
mod job_policies;
mod metadata;
mod mount;
mod network;
mod pod_spec;
mod pod_template;
mod projected;
mod resources;
mod scheduling;
mod security;
mod selector;
mod volume;
mod volume_source;
mod windows;

use serde_json::{Map, Value};

use crate::defaults;
use crate::machinery::cause::Cause;
use crate::machinery::node::Node;
use crate::machinery::walk::{Mistyped, Walk};
use crate::options::Options;

pub use index_set::{IndexError, count_indexes};
pub use metadata::NameRule;

/// The result of validating an object.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Report {
    /// Causes of the rejection, in the server's order.
    pub causes: Vec<Cause>,
    /// Values of wrong types. The server cannot decode such an object, and returns no causes at all.
    pub mistyped: Vec<Mistyped>,
}

/// Placeholder of the UID that the server will assign.
const UID: &str = "00000000-0000-0000-0000-000000000000";
/// Placeholder of the suffix that the server will generate.
const GENERATED: &str = "xxxxx";
/// Maximum length of `generateName` in bytes; the server truncates longer ones.
const MAX_PREFIX: usize = 58;

/// Validates a new Job (`ValidateJobCreate`).
pub fn job(job: &Value, options: &Options) -> Report {
    if options.defaulted {
        return walk(job, options, job::create);
    }
    let mut job = job.clone();
    let labelled = job
        .pointer("/metadata/labels")
        .is_some_and(|labels| labels.as_object().is_some_and(|labels| !labels.is_empty()));
    name(&mut job);
    defaults::owners(&mut job);
    defaults::job(&mut job);
    defaults::prepare_job(&mut job, labelled);
    defaults::drop_disabled(&mut job, options.minor);
    walk(&job, options, job::create)
}

/// Validates the spec of an updated Job, except for immutable fields (`ValidateJobSpec`). The Job has its
/// defaults.
#[must_use]
pub fn job_spec(job: &Value, options: &Options) -> Report {
    walk(job, options, |root| job::spec(root.get("spec")))
}

/// Validates the selector and labels that the server generated for a Job (`validateGeneratedSelector`).
pub fn generated_selector(job: &Value, options: &Options) -> Report {
    walk(job, options, job::generated_selector)
}

/// Validates a defaulted Pod's spec (`ValidatePodSpec`, and the rules for Pods that templates do not have).
pub fn pod(pod: &Value, options: &Options) -> Report {
    walk(pod, options, pod_spec::pod)
}

/// Validates the metadata of any object (`ValidateObjectMeta`).
#[must_use]
pub fn object_meta(object: &Value, rule: NameRule, options: &Options) -> Report {
    walk(object, options, |root| metadata::create(root, rule))
}

/// Validates labels, annotations, owner references and finalizers of any object.
#[must_use]
pub fn common_meta(object: &Value, options: &Options) -> Report {
    walk(object, options, |root| metadata::common(root.get("metadata")))
}

#[allow(
    clippy::trivially_copy_pass_by_ref,
    reason = "as the public functions take it, whose options will grow"
)]
fn walk(object: &Value, options: &Options, check: impl for<'a> Fn(Node<'a>)) -> Report {
    let walk = Walk::new(options);
    check(Node::root(&walk, object));
    let (causes, mistyped) = walk.found();
    Report { causes, mistyped }
}

/// Gives a Job the name and UID that the server will assign.
fn name(job: &mut Value) {
    let Some(members) = job.as_object_mut() else {
        return;
    };
    let metadata = members.entry("metadata").or_insert(Value::Null);
    if metadata.is_null() {
        *metadata = Map::new().into();
    }
    let Some(metadata) = metadata.as_object_mut() else {
        return;
    };
    metadata.insert("uid".to_owned(), UID.into());
    let text = |name: &str| metadata.get(name).and_then(Value::as_str).unwrap_or_default();
    let is_unnamed = metadata
        .get("name")
        .is_none_or(|name| name.is_null() || name == "");
    let prefix = text("generateName");
    if is_unnamed && !prefix.is_empty() {
        // The server cuts between bytes; a part of a character is shown as U+FFFD.
        let kept = String::from_utf8_lossy(&prefix.as_bytes()[..prefix.len().min(MAX_PREFIX)]);
        let name = format!("{kept}{GENERATED}");
        metadata.insert("name".to_owned(), name.into());
    }
}
