//! Image references, as the server parses them to choose the default `imagePullPolicy`
//! ([github.com/distribution/reference](https://github.com/distribution/reference), `ParseNormalizedNamed`).

const DEFAULT_DOMAIN: &str = "docker.io";
/// Maximum length of a repository's path.
const MAX_PATH: usize = 255;
const MAX_TAG: usize = 128;

/// What a valid reference says of the version.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Version<'a> {
    /// Tag.
    pub tag: Option<&'a str>,
    /// Whether there is a digest.
    pub has_digest: bool,
}

/// Returns the tag of a valid reference; `None` if it is not valid.
pub fn version(image: &str) -> Option<Version<'_>> {
    let is_identifier = image.len() == 64 && image.bytes().all(is_lower_hex);
    if is_identifier {
        return None;
    }
    let (domain, rest) = match image.split_once('/') {
        Some((domain, rest)) if is_domain_like(domain) => (domain, rest),
        _ => (DEFAULT_DOMAIN, image),
    };
    let (name, digest) = match rest.split_once('@') {
        Some((name, digest)) => (name, Some(digest)),
        None => (rest, None),
    };
    let (path, tag) = match name.split_once(':') {
        Some((path, tag)) => (path, Some(tag)),
        None => (name, None),
    };
    // Official images have a path of their own.
    let is_official = [DEFAULT_DOMAIN, "index.docker.io"].contains(&domain) && !rest.contains('/');
    let length = path.len() + if is_official { "library/".len() } else { 0 };
    let is_named = path.split('/').all(is_component)
        && if is_domain(domain) {
            length <= MAX_PATH
        } else {
            is_component(domain) && domain.len() + 1 + path.len() <= MAX_PATH
        };
    let is_valid = is_named && tag.is_none_or(is_tag) && digest.is_none_or(is_digest);
    is_valid.then_some(Version {
        tag,
        has_digest: digest.is_some(),
    })
}

/// Whether the part before the first slash stands for a registry.
fn is_domain_like(text: &str) -> bool {
    text == "localhost" || text.contains(['.', ':']) || text.chars().any(char::is_uppercase)
}

fn is_domain(text: &str) -> bool {
    let is_label = |label: &str| {
        !label.is_empty()
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
    };
    let (host, port) = match text.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((address, port)) => {
            let is_address = |byte: u8| byte.is_ascii_hexdigit() || byte == b':';
            if address.is_empty() || !address.bytes().all(is_address) {
                return false;
            }
            (None, port)
        }
        None => match text.find(':') {
            Some(at) => (Some(&text[..at]), &text[at..]),
            None => (Some(text), ""),
        },
    };
    let is_port = |port: &str| !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit());
    host.is_none_or(|host| host.split('.').all(is_label))
        && (port.is_empty() || port.strip_prefix(':').is_some_and(is_port))
}

/// Whether the text is a path component: lower case letters and digits, between them one dot, one or two
/// underscores, or dashes.
fn is_component(text: &str) -> bool {
    let is_inner = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    let bytes = text.as_bytes();
    let is_edge = |byte: Option<&u8>| byte.is_some_and(|byte| is_inner(*byte));
    if !is_edge(bytes.first()) || !is_edge(bytes.last()) {
        return false;
    }
    let separators = text.split(|one: char| one.is_ascii_lowercase() || one.is_ascii_digit());
    separators.into_iter().all(|separator| {
        matches!(separator, "" | "." | "_" | "__") || separator.bytes().all(|byte| byte == b'-')
    })
}

fn is_tag(text: &str) -> bool {
    let is_word = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    text.len() <= MAX_TAG
        && text.bytes().next().is_some_and(is_word)
        && text.bytes().all(|byte| is_word(byte) || b".-".contains(&byte))
}

/// Whether the text is a digest of an algorithm that the server knows.
fn is_digest(text: &str) -> bool {
    let Some((algorithm, encoded)) = text.split_once(':') else {
        return false;
    };
    let length = match algorithm {
        "sha256" => 64,
        "sha384" => 96,
        "sha512" => 128,
        _ => return false,
    };
    encoded.len() == length && encoded.bytes().all(is_lower_hex)
}

fn is_lower_hex(byte: u8) -> bool {
    matches!(byte, b'0'..=b'9' | b'a'..=b'f')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn valid_references_have_a_version() {
        let sha = "a".repeat(64);
        let digested = format!("ghcr.io/a/b:v1@sha256:{sha}");
        for (image, tag, has_digest) in [
            ("perl", None, false),
            ("perl:5.28.0", Some("5.28.0"), false),
            ("localhost:5000/a/b", None, false),
            ("[::1]:5000/a:x", Some("x"), false),
            ("Registry/a:x", Some("x"), false),
            ("a_b.c/d", None, false),
            ("a--b__c.d", None, false),
            (digested.as_str(), Some("v1"), true),
        ] {
            assert_eq!(version(image), Some(Version { tag, has_digest }), "{image}");
        }
    }

    #[test]
    fn invalid_references_have_none() {
        let long = "a".repeat(256);
        let id = "b".repeat(64);
        for image in [
            "",
            "ALL",
            "a b",
            "a:",
            ":a",
            "a/",
            "/a",
            "a//b",
            "-a",
            "a-",
            "a___b",
            "a..b",
            "net..a",
            "a@sha256:00",
            "a:é",
            "example.com/",
            "example.com:x/a",
            "ko://a.dev/b",
            "a@",
            "a:b:c",
            &long,
            &id,
        ] {
            assert_eq!(version(image), None, "{image}");
        }
    }
}
