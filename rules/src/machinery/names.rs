//! Validation of names, label values and keys
//! ([names](https://kubernetes.io/docs/concepts/overview/working-with-objects/names/)).
//!
//! Each check returns the faults in the server's order; an empty list if the name is valid. Messages are formatted
//! lazily ([`Fault::sentence`]).

use std::borrow::Cow;

/// A violated constraint of a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// It is empty, but required.
    Empty,
    /// It has more than this many characters.
    TooLong(usize),
    /// It has more than this many bytes.
    TooManyBytes(usize),
    /// It is a label that contains dots.
    Dots,
    /// It does not match the format.
    Form(Form),
    /// The prefix before the slash is invalid.
    Prefix(&'static Self),
    /// The part after the slash is invalid, or the whole name if there is no slash.
    Part(&'static Self),
    /// It is `.`, `..`, or starts with `..`.
    Backstep(Backstep),
    /// It is not a valid port name.
    Port(PortFault),
}

/// A format of names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// An RFC 1123 label.
    Label,
    /// An RFC 1123 subdomain.
    Subdomain,
    /// An RFC 1123 subdomain that may contain `_`.
    SubdomainUnderscore,
    /// The value of a label.
    LabelValue,
    /// The name part of a label key, without the prefix.
    LabelName,
    /// A qualified name; violated by a key with more than one slash.
    LabelKey,
    /// The name of an environment variable.
    Variable,
    /// The name of an HTTP header.
    Header,
    /// A key of a ConfigMap or Secret.
    ConfigKey,
}

/// How a file name could refer to another folder.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Backstep {
    /// It is `.`.
    Here,
    /// It is `..`.
    Up,
    /// It starts with `..`.
    Prefix,
}

/// A violated constraint of a port name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PortFault {
    /// It contains an invalid character.
    Characters,
    /// It contains no letter.
    NoLetter,
    /// It contains two adjacent hyphens.
    Hyphens,
    /// It starts or ends with a hyphen.
    End,
}

impl Form {
    fn sentence(self) -> &'static str {
        match self {
            Self::Label => {
                "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')"
            }
            Self::Subdomain => {
                "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')"
            }
            Self::SubdomainUnderscore => {
                "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '_', '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '_?[a-z0-9]([-_a-z0-9]*[a-z0-9])?(\\._?[a-z0-9]([-_a-z0-9]*[a-z0-9])?)*')"
            }
            Self::LabelValue => {
                "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')"
            }
            Self::LabelName => {
                "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')"
            }
            Self::LabelKey => {
                "a valid label key must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]') with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')"
            }
            Self::Variable => {
                "a valid environment variable name must consist only of printable ASCII characters other than '='"
            }
            Self::Header => {
                "a valid HTTP header must consist of alphanumeric characters or '-' (e.g. 'X-Header-Name', regex used for validation is '[-A-Za-z0-9]+')"
            }
            Self::ConfigKey => {
                "a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. 'key.name',  or 'KEY_NAME',  or 'key-name', regex used for validation is '[-._a-zA-Z0-9]+')"
            }
        }
    }
}

impl Fault {
    /// Returns the server's message.
    #[must_use]
    pub fn sentence(self) -> Cow<'static, str> {
        match self {
            Self::Empty => "must be non-empty".into(),
            Self::TooLong(max) => format!("must be no more than {max} characters").into(),
            Self::TooManyBytes(max) => format!("must be no more than {max} bytes").into(),
            Self::Dots => "must not contain dots".into(),
            Self::Form(form) => form.sentence().into(),
            Self::Prefix(inner) => format!("prefix part {}", inner.sentence()).into(),
            Self::Part(inner) => format!("name part {}", inner.sentence()).into(),
            Self::Backstep(Backstep::Here) => "must not be '.'".into(),
            Self::Backstep(Backstep::Up) => "must not be '..'".into(),
            Self::Backstep(Backstep::Prefix) => "must not start with '..'".into(),
            Self::Port(PortFault::Characters) => {
                "must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)".into()
            }
            Self::Port(PortFault::NoLetter) => "must contain at least one letter (a-z)".into(),
            Self::Port(PortFault::Hyphens) => "must not contain consecutive hyphens".into(),
            Self::Port(PortFault::End) => "must not begin or end with a hyphen".into(),
        }
    }
}

fn lower(byte: u8) -> bool {
    byte.is_ascii_lowercase() || byte.is_ascii_digit()
}

/// Returns whether `text` is not empty, contains only `inner` bytes, and starts and ends with an `outer` one.
fn shaped(text: &str, outer: fn(u8) -> bool, inner: fn(u8) -> bool) -> bool {
    let bytes = text.as_bytes();
    bytes.first().is_some_and(|byte| outer(*byte))
        && bytes.last().is_some_and(|byte| outer(*byte))
        && bytes.iter().all(|byte| inner(*byte))
}

fn label_shaped(text: &str) -> bool {
    shaped(text, lower, |byte| lower(byte) || byte == b'-')
}

fn underscore_shaped(text: &str) -> bool {
    let text = text.strip_prefix('_').unwrap_or(text);
    shaped(text, lower, |byte| lower(byte) || matches!(byte, b'-' | b'_'))
}

fn qualified_shaped(text: &str) -> bool {
    let inner = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    shaped(text, |byte| byte.is_ascii_alphanumeric(), inner)
}

/// Validates an RFC 1123 subdomain, the format of most object names.
pub fn dns_subdomain(name: &str) -> Vec<Fault> {
    let mut faults = Vec::new();
    if name.len() > 253 {
        faults.push(Fault::TooLong(253));
    }
    if !name.split('.').all(label_shaped) {
        faults.push(Fault::Form(Form::Subdomain));
    }
    faults
}

/// Validates an RFC 1123 subdomain that may contain `_`, the format of search domains.
pub fn dns_subdomain_underscore(name: &str) -> Vec<Fault> {
    let mut faults = Vec::new();
    if name.len() > 253 {
        faults.push(Fault::TooLong(253));
    }
    if !name.split('.').all(underscore_shaped) {
        faults.push(Fault::Form(Form::SubdomainUnderscore));
    }
    faults
}

/// Validates an RFC 1123 label, the format of the names of containers, volumes and namespaces.
pub fn dns_label(name: &str) -> Vec<Fault> {
    let mut faults = Vec::new();
    if name.len() > 63 {
        faults.push(Fault::TooLong(63));
    }
    if !label_shaped(name) {
        faults.push(if name.split('.').all(label_shaped) {
            Fault::Dots
        } else {
            Fault::Form(Form::Label)
        });
    }
    faults
}

/// Validates `generateName`. The generated suffix follows, so it may end with a dash (`maskTrailingDash`).
#[must_use]
pub fn name_prefix(prefix: &str) -> Vec<Fault> {
    // The server replaces the last two bytes by a letter, so the byte before the dash is not validated.
    match prefix.strip_suffix('-') {
        Some(head) if !head.is_empty() => {
            let kept = head.char_indices().last().map_or(0, |(at, _)| at);
            dns_subdomain(&format!("{}a", &head[..kept]))
        }
        _ => dns_subdomain(prefix),
    }
}

/// Validates the value of a label.
#[must_use]
pub fn label_value(value: &str) -> Vec<Fault> {
    let mut faults = Vec::new();
    if value.len() > 63 {
        faults.push(Fault::TooManyBytes(63));
    }
    if !value.is_empty() && !qualified_shaped(value) {
        faults.push(Fault::Form(Form::LabelValue));
    }
    faults
}

/// Validates a qualified name (a key of labels, annotations, finalizers): `name` or `prefix/name`.
pub fn qualified_name(key: &str) -> Vec<Fault> {
    let mut faults = Vec::new();
    let parts: Vec<&str> = key.split('/').collect();
    let name = match parts.as_slice() {
        [name] => *name,
        [prefix, name] => {
            if prefix.is_empty() {
                faults.push(Fault::Prefix(&Fault::Empty));
            } else {
                if prefix.len() > 253 {
                    faults.push(Fault::Prefix(&Fault::TooManyBytes(253)));
                }
                if !prefix.split('.').all(label_shaped) {
                    faults.push(Fault::Prefix(&Fault::Form(Form::Subdomain)));
                }
            }
            *name
        }
        _ => return vec![Fault::Form(Form::LabelKey)],
    };
    if name.is_empty() {
        faults.push(Fault::Part(&Fault::Empty));
    } else if name.len() > 63 {
        faults.push(Fault::Part(&Fault::TooManyBytes(63)));
    }
    if !qualified_shaped(name) {
        faults.push(Fault::Part(&Fault::Form(Form::LabelName)));
    }
    faults
}

/// Validates the name of a port (an IANA service name): at most 15 lower-case letters, digits and `-`.
#[must_use]
pub fn port_name(name: &str) -> Vec<Fault> {
    let mut faults = Vec::new();
    if name.len() > 15 {
        faults.push(Fault::TooLong(15));
    }
    if name.is_empty() || !name.bytes().all(|byte| lower(byte) || byte == b'-') {
        faults.push(Fault::Port(PortFault::Characters));
    }
    if !name.bytes().any(|byte| byte.is_ascii_lowercase()) {
        faults.push(Fault::Port(PortFault::NoLetter));
    }
    if name.contains("--") {
        faults.push(Fault::Port(PortFault::Hyphens));
    }
    if name.starts_with('-') || name.ends_with('-') {
        faults.push(Fault::Port(PortFault::End));
    }
    faults
}

/// Validates the name of an HTTP header.
#[must_use]
pub fn header_name(name: &str) -> Vec<Fault> {
    let fits = !name.is_empty()
        && name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    if fits {
        Vec::new()
    } else {
        vec![Fault::Form(Form::Header)]
    }
}

/// Validates the name of an environment variable: any printable ASCII except `=` (relaxed since Kubernetes 1.32).
#[must_use]
pub fn variable(name: &str) -> Vec<Fault> {
    let mut faults = Vec::new();
    if name.is_empty() {
        faults.push(Fault::Empty);
    }
    if !name
        .bytes()
        .all(|byte| (b' '..=b'~').contains(&byte) && byte != b'=')
    {
        faults.push(Fault::Form(Form::Variable));
    }
    faults
}

/// Validates a key of a ConfigMap or Secret, which is also a file name.
#[must_use]
pub fn config_key(key: &str) -> Vec<Fault> {
    let mut faults = Vec::new();
    if key.len() > 253 {
        faults.push(Fault::TooLong(253));
    }
    let inner = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    if key.is_empty() || !key.bytes().all(inner) {
        faults.push(Fault::Form(Form::ConfigKey));
    }
    match key {
        "." => faults.push(Fault::Backstep(Backstep::Here)),
        ".." => faults.push(Fault::Backstep(Backstep::Up)),
        key if key.starts_with("..") => faults.push(Fault::Backstep(Backstep::Prefix)),
        _ => {}
    }
    faults
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_match_their_formats() {
        type Check = fn(&str) -> Vec<Fault>;
        let cases: [(Check, &[&str], &[&str]); 8] = [
            (dns_label, &["job-demo", "1a"], &["", "Job", "-a", "a.b", "a_b"]),
            (dns_subdomain, &["a.b-c.d"], &["", "a..b", "A"]),
            (dns_subdomain_underscore, &["_a._b.c"], &["", "-a", "a_"]),
            (name_prefix, &["a-", "A-", "a"], &["-", "a.b..c-", "A"]),
            (
                qualified_name,
                &["kubesphere.io/alias-name", "a", "a_B.c"],
                &["", "/a", "a/", "a/b/c", "A/b", "任务"],
            ),
            (label_value, &["", "a_b.c-D"], &["任务", "-a", "a-"]),
            (
                port_name,
                &["http-1"],
                &["80", "a--b", "-a", "", "Http", "0123456789abcdef"],
            ),
            (variable, &["A-b.c 1"], &["A=1", "", "é"]),
        ];
        for (check, good, bad) in cases {
            for name in good {
                assert_eq!(check(name), [], "{name:?}");
            }
            for name in bad {
                assert_ne!(check(name), [], "{name:?}");
            }
        }
    }

    #[test]
    fn length_and_format_are_two_faults() {
        let long = "A".repeat(64);
        assert_eq!(dns_label(&long), [Fault::TooLong(63), Fault::Form(Form::Label)]);
        assert_eq!(dns_label("a.b"), [Fault::Dots]);
        assert_eq!(
            qualified_name("A/"),
            [
                Fault::Prefix(&Fault::Form(Form::Subdomain)),
                Fault::Part(&Fault::Empty),
                Fault::Part(&Fault::Form(Form::LabelName)),
            ]
        );
        assert_eq!(
            qualified_name("/")
                .first()
                .map(|fault| fault.sentence())
                .as_deref(),
            Some("prefix part must be non-empty")
        );
    }
}
