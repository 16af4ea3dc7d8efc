//! Resource claims (`validatePodResourceClaims`, `validateResourceClaimNames`).

use std::collections::{BTreeSet, HashSet};

use crate::machinery::detail;
use crate::machinery::go::{self, Field, Zero};
use crate::machinery::names;
use crate::machinery::node::Node;
use crate::machinery::rule::Rule;

const CLAIM: &[Field] = &[
    ("Name", "name", Zero::Text),
    ("ResourceClaimName", "resourceClaimName", Zero::Null),
    (
        "ResourceClaimTemplateName",
        "resourceClaimTemplateName",
        Zero::Null,
    ),
];

/// Validates the resource claims of a Pod.
pub(super) fn pod_claims(pod: Node<'_>) {
    let mut taken = HashSet::new();
    for claim in pod.structs("resourceClaims") {
        let name = claim.required_text("name");
        if !name.is_empty() {
            if taken.insert(name) {
                claim.get("name").name_faults(name, &names::dns_label(name));
            } else {
                claim.get("name").duplicate(Rule::NameDuplicate, name, &[name]);
            }
        }
        let sources = ["resourceClaimName", "resourceClaimTemplateName"];
        let both = sources.join(", ");
        let given = sources.iter().filter(|key| claim.has(key)).count();
        let shown = || go::internal(claim.value, CLAIM);
        if given > 1 {
            let detail =
                detail!("at most one of `resourceClaimName` or `resourceClaimTemplateName` may be specified");
            claim.invalid(Rule::FieldOneOf, shown(), &[&both], detail);
        } else if given == 0 {
            let detail = detail!("must specify one of: `resourceClaimName`, `resourceClaimTemplateName`");
            claim.invalid(Rule::FieldOneOf, shown(), &[&both], detail);
        }
        for key in sources {
            if let Some(name) = claim.maybe_text(key) {
                claim.get(key).name_faults(name, &names::dns_subdomain(name));
            }
        }
    }
}

/// Validates the claims of a container: no duplicates, either all or some of a claim's requests, and claims of the
/// Pod.
pub(super) fn of_container(pod: Node<'_>, resources: Node<'_>) {
    let known: BTreeSet<&str> = pod
        .structs("resourceClaims")
        .iter()
        .map(|claim| claim.text("name"))
        .filter(|name| !name.is_empty())
        .collect();
    let mut taken: Vec<String> = Vec::new();
    for claim in resources.structs("claims") {
        let (name, request) = (claim.text("name"), claim.text("request"));
        if name.is_empty() {
            if !claim.is_mistyped_text("name") {
                claim.required(Rule::FieldRequired, &["name"], detail!(""));
            }
            continue;
        }
        if taken.iter().any(|key| key == name) {
            claim.duplicate(Rule::NameDuplicate, name, &[name]);
        } else {
            let key = if request.is_empty() {
                name.to_owned()
            } else {
                claim
                    .get("request")
                    .name_faults(request, &names::dns_label(request));
                format!("{name}/{request}")
            };
            if taken.contains(&key) {
                claim.duplicate(Rule::NameDuplicate, key.as_str(), &[&key]);
            } else if request.is_empty() {
                let parts = taken
                    .iter()
                    .filter(|key| key.split_once('/').is_some_and(|(head, _)| head == name));
                for _ in parts {
                    claim.duplicate(Rule::NameDuplicate, name, &[name]);
                }
            }
            taken.push(key);
        }
        if !known.contains(name) {
            let all: Vec<&str> = known.iter().copied().collect();
            let detail = if known.is_empty() {
                detail!("must be one of the names in pod.spec.resourceClaims which is empty")
            } else {
                detail!(
                    "must be one of the names in pod.spec.resourceClaims: {}",
                    all.join(", ")
                )
            };
            claim.not_found(Rule::ResourceClaimUnknown, name, detail);
        }
    }
}
