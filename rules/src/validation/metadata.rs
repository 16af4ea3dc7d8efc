//! `metadata` of any object (`ValidateObjectMeta`).

use serde_json::Value;

use crate::features::Feature;
use crate::machinery::go::{self, Field, Zero};
use crate::machinery::names::{self, Fault};
use crate::machinery::node::Node;
use crate::machinery::report::sentence;
use crate::machinery::rule::Rule;
use crate::machinery::{cause::CauseKind, detail};

/// Maximum size of all annotations together, in bytes.
const MAX_ANNOTATIONS: usize = 256 * 1024;
/// Finalizers of Kubernetes, which need no domain.
const OWN_FINALIZERS: [&str; 3] = ["kubernetes", "orphan", "foregroundDeletion"];

/// The format of an object's name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NameRule {
    /// RFC 1123 subdomain: most kinds.
    Subdomain,
    /// RFC 1123 label: namespaces.
    Label,
    /// Path segment of a URL: roles.
    PathSegment,
}

/// Validates the metadata of a new object.
pub(super) fn create(root: Node<'_>, rule: NameRule) {
    let metadata = root.get("metadata");
    let prefix = metadata.text("generateName");
    if !prefix.is_empty() && rule != NameRule::PathSegment {
        let at = metadata.get("generateName");
        at.faults(Rule::FieldForm, prefix, &names::name_prefix(prefix));
    }
    let name = metadata.text("name");
    let at = metadata.get("name");
    if name.is_empty() {
        if !metadata.is_mistyped_text("name") {
            at.required(
                Rule::NameMissing,
                &[],
                detail!("name or generateName is required"),
            );
        }
    } else {
        match rule {
            NameRule::Subdomain => at.name_faults(name, &names::dns_subdomain(name)),
            NameRule::Label => at.name_faults(name, &names::dns_label(name)),
            NameRule::PathSegment => path_segment(at, name),
        }
    }
    let namespace = metadata.text("namespace");
    if !namespace.is_empty() {
        let at = metadata.get("namespace");
        at.faults(Rule::FieldForm, namespace, &names::dns_label(namespace));
    }
    common(metadata);
}

fn path_segment(at: Node<'_>, name: &str) {
    if matches!(name, "." | "..") {
        at.invalid(Rule::NameInvalid, name, &[name], detail!("may not be '{name}'"));
    }
    for bad in ['/', '%'] {
        if name.contains(bad) {
            at.invalid(
                Rule::NameInvalid,
                name,
                &[name],
                detail!("may not contain '{bad}'"),
            );
        }
    }
}

/// Validates labels, annotations, owner references and finalizers.
pub(super) fn common(metadata: Node<'_>) {
    labels(metadata.get("labels"), metadata, "labels");
    annotations(metadata.get("annotations"), metadata, "annotations");
    owners(metadata);
    finalizers(metadata);
}

/// Validates the keys and values of a map of labels. The server reports all causes at the map, with the path of
/// `at`.
pub(super) fn labels<'a>(at: Node<'a>, parent: Node<'a>, key: &'a str) {
    for (key, value) in parent.members(key) {
        at.faults(Rule::LabelKey, key, &names::qualified_name(key));
        let value = value.as_text().unwrap_or_default();
        at.faults(Rule::LabelValue, value, &names::label_value(value));
    }
}

/// Validates the keys and the total size of annotations.
pub(super) fn annotations<'a>(at: Node<'a>, parent: Node<'a>, key: &'a str) {
    let mut size = 0;
    for (key, value) in parent.members(key) {
        at.faults(
            Rule::AnnotationKey,
            key,
            &names::qualified_name(&key.to_lowercase()),
        );
        size += key.len() + value.as_text().unwrap_or_default().len();
    }
    if size > MAX_ANNOTATIONS {
        at.too_long(Rule::AnnotationSize, MAX_ANNOTATIONS);
    }
}

const OWNER: &[Field] = &[
    ("apiVersion", "apiVersion", Zero::Text),
    ("kind", "kind", Zero::Text),
    ("name", "name", Zero::Text),
    ("uid", "uid", Zero::Text),
    ("controller", "controller", Zero::Null),
    ("blockOwnerDeletion", "blockOwnerDeletion", Zero::Null),
];

/// Converts an owner reference to the shape in which the server prints it: pointers only if they are set.
fn printed(owner: &Value) -> Value {
    let mut shown = go::internal(owner, OWNER);
    if let Some(members) = shown.as_object_mut() {
        members.retain(|_, value| !value.is_null());
    }
    shown
}

fn owners(metadata: Node<'_>) {
    let mut first: Option<String> = None;
    let owners = metadata.structs("ownerReferences");
    let names_position = Feature::OwnerReferencesByPosition.is_on(metadata.options().minor);
    for owner in &owners {
        let owner = &if names_position {
            *owner
        } else {
            owner.without_index()
        };
        let version = owner.text("apiVersion");
        for key in ["apiVersion", "kind", "name", "uid"] {
            if owner.text(key).is_empty() && names_position {
                let detail = detail!("must not be empty");
                owner.get(key).required(Rule::FieldRequired, &[key], detail);
            } else if owner.text(key).is_empty() {
                let what = if key == "apiVersion" { "version" } else { "" };
                let detail = detail!("{}", format!("{what} must not be empty").trim_start());
                owner.get(key).invalid(Rule::FieldRequired, "", &[key], detail);
            } else if key == "apiVersion" && (version.matches('/').count() > 1 || version.ends_with('/')) {
                let detail = detail!("must be <group>/<version> or <version>");
                owner
                    .get(key)
                    .invalid(Rule::FieldForm, version, &[version], detail);
            }
        }
        if version == "v1" && owner.text("kind") == "Event" {
            let detail = detail!("/v1, Kind=Event is disallowed from being an owner");
            owner.invalid(Rule::FieldForbidden, printed(owner.value), &["Event"], detail);
        }
        if owner.flag("controller") {
            let this = format!("{}/{}", owner.text("kind"), owner.text("name"));
            if let Some(first) = &first {
                let all: Value = owners.iter().map(|owner| printed(owner.value)).collect();
                metadata.get("ownerReferences").invalid(
                    Rule::Controllers,
                    all,
                    &[],
                    detail!(
                        "Only one reference can have Controller set to true. Found \"true\" in references for {first} and {this}"
                    ),
                );
            } else {
                first = Some(this);
            }
        }
    }
}

fn finalizers(metadata: Node<'_>) {
    let all: Vec<(Node<'_>, &str)> = metadata
        .items("finalizers")
        .into_iter()
        .map(|one| (one, one.as_text().unwrap_or_default()))
        .collect();
    for (at, finalizer) in &all {
        // The server's path omits the index.
        at.without_index()
            .faults(Rule::FinalizerName, finalizer, &names::qualified_name(finalizer));
    }
    let has = |name: &str| all.iter().any(|(_, one)| *one == name);
    if has("orphan") && has("foregroundDeletion") {
        let shown: Value = all.iter().map(|(_, one)| *one).collect();
        let detail = detail!("finalizer orphan and foregroundDeletion cannot be both set");
        metadata
            .get("finalizers")
            .report(Rule::Finalizers, CauseKind::Invalid, Some(shown), &[], detail);
    }
    for (at, finalizer) in &all {
        if !finalizer.contains('/') && !OWN_FINALIZERS.contains(finalizer) {
            let detail = detail!("name is neither a standard finalizer name nor is it fully qualified");
            at.invalid(Rule::Finalizer, *finalizer, &[finalizer], detail);
        }
    }
}

/// Validates a key with a domain prefix (`IsDomainPrefixedKey`).
pub(super) fn prefixed_key(at: Node<'_>, key: &str) {
    if key.is_empty() {
        return at.required(Rule::FieldRequired, &[key], detail!(""));
    }
    let faults: Vec<Fault> = names::qualified_name(key);
    for fault in &faults {
        at.invalid(Rule::AnnotationKey, key, &[key], sentence(*fault));
    }
    if faults.is_empty() && !key.contains('/') {
        let detail = detail!("must be a domain-prefixed key (such as \"acme.io/foo\")");
        at.invalid(Rule::AnnotationKey, key, &[key], detail);
    }
}
