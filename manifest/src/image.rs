//! Image references: `registry/repository:tag@digest`.

/// The parts of an image reference, as written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Image<'a> {
    /// Registry host with port; `None` for the default registry.
    pub registry: Option<&'a str>,
    /// Repository path.
    pub repository: &'a str,
    /// Tag.
    pub tag: Option<&'a str>,
    /// Digest, as `sha256:…`.
    pub digest: Option<&'a str>,
}

/// Parses a reference (the grammar of the distribution reference, without its length limits). `None` for a text
/// with whitespace or without a repository.
pub fn parse(text: &str) -> Option<Image<'_>> {
    let (rest, digest) = match text.split_once('@') {
        Some((rest, digest)) => (rest, Some(digest).filter(|digest| digest.contains(':'))),
        None => (text, None),
    };
    let path_start = rest.rfind('/').map_or(0, |at| at + 1);
    let (name, tag) = match rest[path_start..].find(':') {
        Some(at) => (&rest[..path_start + at], Some(&rest[path_start + at + 1..])),
        None => (rest, None),
    };
    let (registry, repository) = match name.split_once('/') {
        Some((host, path)) if host.contains(['.', ':']) || host == "localhost" => (Some(host), path),
        _ => (None, name),
    };
    let bad = repository.is_empty() || text.contains(char::is_whitespace) || tag == Some("");
    (!bad).then_some(Image {
        registry,
        repository,
        tag,
        digest,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_are_parsed() {
        let image = |registry, repository, tag, digest| {
            Some(Image {
                registry,
                repository,
                tag,
                digest,
            })
        };
        assert_eq!(parse("perl:5.28.0"), image(None, "perl", Some("5.28.0"), None));
        assert_eq!(parse("perl"), image(None, "perl", None, None));
        assert_eq!(
            parse("localhost:5000/a/b"),
            image(Some("localhost:5000"), "a/b", None, None)
        );
        assert_eq!(
            parse("ghcr.io/a/b:v1@sha256:00"),
            image(Some("ghcr.io"), "a/b", Some("v1"), Some("sha256:00"))
        );
        assert_eq!(parse("library/perl"), image(None, "library/perl", None, None));
        assert_eq!(parse(""), None);
        assert_eq!(parse("a b"), None);
        assert_eq!(parse("a:"), None);
    }
}
