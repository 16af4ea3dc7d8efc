//! The grammars of names, labels and ports, after k8s.io/apimachinery `util/validation`.

/// Why a text is not such a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NameError {
    /// It is empty.
    Empty,
    /// It is longer than this many bytes.
    TooLong(usize),
    /// It holds a character, or begins or ends with one, that is not allowed.
    Characters,
}

fn check(text: &str, max: usize, fits: impl Fn(&str) -> bool) -> Result<(), NameError> {
    match text {
        "" => Err(NameError::Empty),
        text if text.len() > max => Err(NameError::TooLong(max)),
        text if fits(text) => Ok(()),
        _ => Err(NameError::Characters),
    }
}

fn is_label(text: &str) -> bool {
    let inner = |c: u8| c.is_ascii_lowercase() || c.is_ascii_digit() || c == b'-';
    text.bytes().all(inner) && !text.starts_with('-') && !text.ends_with('-') && !text.is_empty()
}

fn is_qualified(text: &str) -> bool {
    let inner = |c: u8| c.is_ascii_alphanumeric() || matches!(c, b'-' | b'_' | b'.');
    let edge = |c: Option<char>| c.is_some_and(|c| c.is_ascii_alphanumeric());
    text.bytes().all(inner) && edge(text.chars().next()) && edge(text.chars().last())
}

/// RFC 1123 label: lower-case letters, digits and `-`, at most 63 (container, volume and Job names).
pub fn dns_label(text: &str) -> Result<(), NameError> {
    check(text, 63, is_label)
}

/// RFC 1123 subdomain: labels joined by dots, at most 253 (names of most objects).
pub fn dns_subdomain(text: &str) -> Result<(), NameError> {
    check(text, 253, |text| text.split('.').all(is_label))
}

/// Label or annotation key: an optional DNS prefix and `/`, then a name of at most 63.
pub fn label_key(text: &str) -> Result<(), NameError> {
    let name = match text.split_once('/') {
        Some((prefix, name)) => {
            dns_subdomain(prefix)?;
            name
        }
        None => text,
    };
    check(name, 63, is_qualified)
}

/// Label value: empty, or at most 63 of letters, digits, `-`, `_` and `.`, with a letter or digit at both ends.
pub fn label_value(text: &str) -> Result<(), NameError> {
    if text.is_empty() {
        Ok(())
    } else {
        check(text, 63, is_qualified)
    }
}

/// Port name (IANA service name): at most 15 lower-case letters, digits and `-`, with a letter, no `--`.
pub fn port_name(text: &str) -> Result<(), NameError> {
    check(text, 15, |text| {
        is_label(text) && !text.contains("--") && text.bytes().any(|c| c.is_ascii_lowercase())
    })
}

/// Name of an HTTP header: letters, digits and `-` (`IsHTTPHeaderName`).
pub fn header_name(text: &str) -> Result<(), NameError> {
    check(text, usize::MAX, |text| {
        text.bytes().all(|c| c.is_ascii_alphanumeric() || c == b'-')
    })
}

/// Name of an environment variable: any printable ASCII but `=` (relaxed since Kubernetes 1.34).
pub fn env_name(text: &str) -> Result<(), NameError> {
    check(text, usize::MAX, |text| {
        text.bytes().all(|c| (b' '..=b'~').contains(&c) && c != b'=')
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_follow_their_grammars() {
        assert_eq!(dns_label("job-demo"), Ok(()));
        assert_eq!(dns_label(""), Err(NameError::Empty));
        assert_eq!(dns_label("Job"), Err(NameError::Characters));
        assert_eq!(dns_label("-a"), Err(NameError::Characters));
        assert_eq!(dns_label(&"a".repeat(64)), Err(NameError::TooLong(63)));
        assert_eq!(dns_subdomain("a.b-c.d"), Ok(()));
        assert_eq!(dns_subdomain("a..b"), Err(NameError::Characters));
        assert_eq!(label_key("kubesphere.io/alias-name"), Ok(()));
        assert_eq!(label_key("a/b/c"), Err(NameError::Characters));
        assert_eq!(label_key("/b"), Err(NameError::Empty));
        assert_eq!(label_value(""), Ok(()));
        assert_eq!(label_value("a_b.c-D"), Ok(()));
        assert_eq!(label_value("任务"), Err(NameError::Characters));
        assert_eq!(port_name("http-1"), Ok(()));
        assert_eq!(port_name("80"), Err(NameError::Characters));
        assert_eq!(port_name("a--b"), Err(NameError::Characters));
        assert_eq!(env_name("A-b.c 1"), Ok(()));
        assert_eq!(env_name("A=1"), Err(NameError::Characters));
    }
}
