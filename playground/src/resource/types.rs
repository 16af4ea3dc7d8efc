//! Every type of the API, from recorded discovery (`openapi/types.json`: the types of a 1.36 API server).

use std::sync::LazyLock;

use serde::Deserialize;

use crate::resource::Resource;

/// The version that the API reports: the one whose rules it follows.
pub(crate) const VERSION: &str = "v1.36.2+playground";

const TEXT: &str = include_str!("../../openapi/types.json");

/// An API group.
#[derive(Debug, Deserialize)]
pub(crate) struct Group {
    /// Its name; empty for the core group.
    pub name: String,
    /// Its versions, the preferred one first.
    pub versions: Vec<Version>,
}

/// A version of a group.
#[derive(Debug, Deserialize)]
pub(crate) struct Version {
    /// Such as `v1`.
    pub version: String,
    /// Its types.
    pub resources: Vec<Type>,
}

/// A type of a version.
#[derive(Debug, Deserialize)]
pub(crate) struct Type {
    /// Plural.
    pub name: String,
    /// Singular.
    pub singular: String,
    /// Kind of one object.
    pub kind: String,
    /// Whether objects live in a namespace.
    pub namespaced: bool,
    /// The supported verbs.
    pub verbs: Vec<String>,
    /// Abbreviations.
    #[serde(default, rename = "shortNames")]
    pub short_names: Vec<String>,
    /// Such as `all`.
    #[serde(default)]
    pub categories: Vec<String>,
    /// Its subresources.
    #[serde(default)]
    pub subresources: Vec<Subresource>,
}

/// A subresource of a type.
#[derive(Debug, Deserialize)]
pub(crate) struct Subresource {
    /// Such as `status`.
    pub name: String,
    /// Kind of the request and response.
    pub kind: String,
    /// Its API group, if it differs.
    #[serde(default)]
    pub group: String,
    /// Its version, if it differs.
    #[serde(default)]
    pub version: String,
    /// The supported verbs.
    pub verbs: Vec<String>,
}

/// Embedded at build time and covered by a test, so text that cannot be parsed is a bug; it reads as no groups.
static GROUPS: LazyLock<Vec<Group>> = LazyLock::new(|| {
    serde_json::from_str(TEXT).unwrap_or_else(|error| {
        tracing::error!(%error, "cannot parse the embedded API types");
        Vec::new()
    })
});

/// Returns the groups in the order of discovery, the core group first.
pub(crate) fn groups() -> &'static [Group] {
    &GROUPS
}

/// Returns one type.
pub(crate) fn find(group: &str, version: &str, plural: &str) -> Option<&'static Type> {
    groups()
        .iter()
        .find(|one| one.name == group)?
        .versions
        .iter()
        .find(|one| one.version == version)?
        .resources
        .iter()
        .find(|one| one.name == plural)
}

/// Returns the types whose objects are stored, each in its group's preferred version.
pub(crate) fn stored() -> Vec<&'static Resource> {
    let mut all = Vec::new();
    for group in groups() {
        let Some(version) = group.versions.first() else {
            continue;
        };
        for one in &version.resources {
            let has = |verb: &str| one.verbs.iter().any(|other| other == verb);
            if has("get") && has("create") {
                all.push(resource(group, version, one));
            }
        }
    }
    all
}

/// Leaked: it lives as long as the process, like the static types of [`crate::resource`].
fn resource(group: &'static Group, version: &'static Version, one: &'static Type) -> &'static Resource {
    let texts = |list: &'static [String]| -> &'static [&'static str] {
        Box::leak(
            list.iter()
                .map(String::as_str)
                .collect::<Vec<_>>()
                .into_boxed_slice(),
        )
    };
    Box::leak(Box::new(Resource {
        group: &group.name,
        version: &version.version,
        plural: &one.name,
        singular: &one.singular,
        kind: &one.kind,
        list_kind: Box::leak(format!("{}List", one.kind).into_boxed_str()),
        namespaced: one.namespaced,
        short_names: texts(&one.short_names),
        categories: texts(&one.categories),
        status: one.subresources.iter().any(|sub| sub.name == "status"),
        schema: "",
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn embedded_types_parse() {
        assert!(find("batch", "v1", "jobs").is_some());
        assert!(stored().iter().any(|one| one.plural == "deployments"));
    }
}
