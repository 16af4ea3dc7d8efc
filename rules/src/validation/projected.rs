//! Projected volumes (`validateProjectedVolumeSource`).

use std::collections::HashSet;

use super::volume_source::{downward_file, keyed_files, mode, user};
use super::{metadata, mount, selector};
use crate::machinery::detail;
use crate::machinery::go::{self, Field, Zero};
use crate::machinery::names;
use crate::machinery::node::Node;
use crate::machinery::report::sentence;
use crate::machinery::rule::Rule;

const KEY_TYPES: [&str; 6] = [
    "RSA3072",
    "RSA4096",
    "ECDSAP256",
    "ECDSAP384",
    "ECDSAP521",
    "ED25519",
];
/// Maximum lifetime of a certificate in seconds, of Kubernetes' own signers and of others.
const MAX_OWN_EXPIRATION: i64 = 24 * 60 * 60;
const MAX_EXPIRATION: i64 = 91 * 24 * 60 * 60;
const MAX_DOMAIN: usize = 253;
const MAX_SIGNER: usize = 253 + 253 + 63 + 1 + 1;

const TRUST_BUNDLE: &[Field] = &[
    ("Name", "name", Zero::Null),
    ("SignerName", "signerName", Zero::Null),
    ("LabelSelector", "labelSelector", Zero::Null),
    ("Optional", "optional", Zero::Null),
    ("Path", "path", Zero::Text),
    ("User", "user", Zero::Null),
];

/// The file paths of a volume; duplicates are reported at the volume source.
struct Paths<'a> {
    folder: Node<'a>,
    taken: HashSet<&'a str>,
}

impl<'a> Paths<'a> {
    fn take(&mut self, path: &'a str, shown: &str) {
        if !self.taken.insert(path) {
            let detail = detail!("conflicting duplicate paths");
            self.folder
                .invalid(Rule::ItemPathDuplicate, shown, &[path], detail);
        }
    }
}

pub(super) fn source(folder: Node<'_>) {
    mode(folder, "defaultMode", 0o777);
    user(folder, "defaultUser");
    let mut paths = Paths {
        folder,
        taken: HashSet::new(),
    };
    for part in folder.structs("sources") {
        let mut given = 0;
        for kind in ["secret", "configMap"] {
            let Some(source) = part.object(kind) else { continue };
            given += 1;
            let name = source.required_text("name");
            keyed_files(source);
            for item in source.structs("items") {
                let path = item.text("path");
                if !path.is_empty() {
                    paths.take(path, name);
                }
            }
        }
        if let Some(source) = part.object("downwardAPI") {
            given += 1;
            for item in source.structs("items") {
                downward_file(item);
                let path = item.text("path");
                if !path.is_empty() {
                    paths.take(path, path);
                }
            }
        }
        if let Some(token) = part.object("serviceAccountToken") {
            given += 1;
            self::token(part, token);
        }
        if let Some(bundle) = part.object("clusterTrustBundle") {
            given += 1;
            trust_bundle(bundle);
            let path = bundle.text("path");
            paths.take(path, path);
        }
        if let Some(certificate) = part.object("podCertificate") {
            given += 1;
            self::certificate(certificate, &mut paths);
        }
        if given > 1 {
            let detail = detail!("may not specify more than 1 volume type per source");
            let kinds =
                "configMap, secret, downwardAPI, serviceAccountToken, clusterTrustBundle, podCertificate";
            part.forbid(Rule::FieldOneOf, &[kinds], detail);
        }
    }
}

/// Validates a service account token. The server's path of its file omits the source.
fn token(part: Node<'_>, token: Node<'_>) {
    let at = token.get("expirationSeconds");
    match token.integer("expirationSeconds") {
        None if !token.has("expirationSeconds") => at.require(),
        Some(seconds) if seconds < 600 => {
            let detail = detail!("may not specify a duration less than 10 minutes");
            at.invalid(Rule::FieldMinimum, seconds, &["600"], detail);
        }
        Some(seconds) if seconds > 1 << 32 => {
            let detail = detail!("may not specify a duration larger than 2^32 seconds");
            at.invalid(Rule::FieldMaximum, seconds, &["4294967296"], detail);
        }
        _ => {}
    }
    let loose = part.without_list_and_index().omitted("serviceAccountToken");
    let path = loose.required_text("path");
    if !path.is_empty() {
        mount::file_path(loose.get("path"), path);
    }
    user(token, "user");
}

fn trust_bundle(bundle: Node<'_>) {
    let name = bundle.maybe_text("name");
    let signer_name = bundle.maybe_text("signerName");
    match (name, signer_name) {
        (Some(_), Some(_)) => {
            let shown = go::internal(bundle.value, TRUST_BUNDLE);
            let detail = detail!("only one of name and signerName may be used");
            bundle.invalid(Rule::FieldOneOf, shown, &["name, signerName"], detail);
        }
        (Some(name), None) => {
            if name.is_empty() {
                let detail = detail!("must be a valid object name");
                bundle
                    .get("name")
                    .required(Rule::FieldRequired, &["name"], detail);
            }
            trust_bundle_name(bundle.get("name"), name);
            if bundle.has("labelSelector") {
                let at = bundle.get("labelSelector");
                let detail = detail!("labelSelector must be unset if name is specified");
                at.invalid(
                    Rule::FieldConflict,
                    at.value.clone(),
                    &["labelSelector", "name"],
                    detail,
                );
            }
        }
        (None, Some(name)) => {
            if name.is_empty() {
                let detail = detail!("must be a valid signer name");
                bundle
                    .get("signerName")
                    .required(Rule::FieldRequired, &["signerName"], detail);
            }
            signer(bundle.get("signerName"), name);
            selector::selector(bundle, "labelSelector");
        }
        (None, None) => {
            if !bundle.has("name") && !bundle.has("signerName") {
                let detail = detail!("either name or signerName must be specified");
                bundle.required(Rule::FieldOneOf, &["name, signerName"], detail);
            }
        }
    }
    let path = bundle.required_text("path");
    user(bundle, "user");
    mount::file_path(bundle.get("path"), path);
}

/// Validates the name of a trust bundle: if it belongs to a signer, the part after the colon.
fn trust_bundle_name(at: Node<'_>, name: &str) {
    let own = name.rsplit_once(':').map_or(name, |(_, own)| own);
    for fault in names::dns_subdomain(own) {
        let detail = detail!("not a valid clustertrustbundlename: {}", sentence(fault));
        at.invalid(Rule::NameInvalid, name, &[name], detail);
    }
}

/// `ValidateSignerName`.
fn signer(at: Node<'_>, name: &str) {
    if name.is_empty() {
        return at.require();
    }
    let (Some((domain, path)), false) = (name.split_once('/'), name.matches('/').count() > 1) else {
        let detail =
            detail!("must be a fully qualified domain and path of the form 'example.com/signer-name'");
        return at.invalid(Rule::FieldForm, name, &[name], detail);
    };
    if domain.len() > MAX_DOMAIN {
        at.too_long(Rule::FieldLong, MAX_DOMAIN);
    }
    let wrong = |shown: &str, label: &str, fault| {
        let detail = detail!("validating label {}: {}", go::quote(label), sentence(fault));
        at.invalid(Rule::FieldForm, shown, &[name], detail);
    };
    let first_bad = |text: &'_ str, check: fn(&str) -> Vec<names::Fault>| {
        text.split('.')
            .map(|label| (label.to_owned(), check(label)))
            .find(|(_, faults)| !faults.is_empty())
    };
    if let Some((label, faults)) = first_bad(domain, names::dns_label) {
        for fault in faults {
            wrong(domain, &label, fault);
        }
    }
    if !domain.contains('.') {
        let detail = detail!("should be a domain with at least two segments separated by dots");
        at.invalid(Rule::FieldForm, domain, &[name], detail);
    }
    if let Some((label, faults)) = first_bad(path, names::dns_subdomain) {
        for fault in faults {
            wrong(path, &label, fault);
        }
    }
    if name.len() > MAX_SIGNER {
        at.too_long(Rule::FieldLong, MAX_SIGNER);
    }
}

fn certificate<'a>(certificate: Node<'a>, paths: &mut Paths<'a>) {
    let name = certificate.text("signerName");
    if !certificate.is_mistyped_text("signerName") {
        signer(certificate.get("signerName"), name);
    }
    let annotations = certificate.get("userAnnotations");
    let mut size = 0;
    for (key, value) in certificate.members("userAnnotations") {
        metadata::prefixed_key(annotations, &key.to_lowercase());
        size += key.len() + value.as_text().unwrap_or_default().len();
    }
    if size > 256 * 1024 {
        annotations.too_long(Rule::AnnotationSize, 256 * 1024);
    }
    user(certificate, "user");
    let key_type = certificate.text("keyType");
    if !KEY_TYPES.contains(&key_type) && !certificate.is_mistyped_text("keyType") {
        certificate.get("keyType").unsupported(key_type, &KEY_TYPES);
    }
    if let Some(seconds) = certificate.integer("maxExpirationSeconds") {
        let host = name.split('/').next().unwrap_or_default();
        let is_own = host == "kubernetes.io" || host.ends_with(".kubernetes.io");
        let max = if is_own {
            MAX_OWN_EXPIRATION
        } else {
            MAX_EXPIRATION
        };
        let at = certificate.get("maxExpirationSeconds");
        if seconds < 3600 {
            let detail = detail!("if provided, maxExpirationSeconds must be >= 3600");
            at.invalid(Rule::FieldMinimum, seconds, &["3600"], detail);
        }
        if seconds > max {
            let detail = detail!("if provided, maxExpirationSeconds must be <= {max}");
            at.invalid(Rule::FieldMaximum, seconds, &[&max.to_string()], detail);
        }
    }
    let mut is_empty = true;
    for key in ["credentialBundlePath", "keyPath", "certificateChainPath"] {
        let path = certificate.text(key);
        if !path.is_empty() {
            is_empty = false;
            mount::file_path(certificate.get(key), path);
            paths.take(path, path);
        }
    }
    if is_empty {
        let detail =
            detail!("specify at least one of credentialBundlePath, keyPath, and certificateChainPath");
        certificate.required(
            Rule::FieldOneOf,
            &["credentialBundlePath, keyPath, certificateChainPath"],
            detail,
        );
    }
}
