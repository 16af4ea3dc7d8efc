//! Validates names as the API server does.

use k8s_rules::machinery::names::{self, Fault};

/// Validates an RFC 1123 label: lower-case letters, digits and `-`, at most 63 (names of projects, containers and
/// volumes).
pub fn dns_label(text: &str) -> Result<(), Fault> {
    first(&names::dns_label(text))
}

/// Validates an RFC 1123 subdomain: labels joined by dots, at most 253 (names of most objects).
pub fn dns_subdomain(text: &str) -> Result<(), Fault> {
    first(&names::dns_subdomain(text))
}

fn first(faults: &[Fault]) -> Result<(), Fault> {
    faults.first().map_or(Ok(()), |fault| Err(*fault))
}
