//! Parsing of request paths into resource type, object and subresource.

use crate::resource::{EVENTS, Resource};

/// A request path under `/api` or `/apis` that names a resource.
#[derive(Debug, PartialEq)]
pub struct Target {
    /// API group in the path; empty for the core group.
    pub group: String,
    /// API version in the path.
    pub version: String,
    /// Namespace in the path; empty if there is none.
    pub namespace: String,
    /// Plural in the path, whether or not it is served.
    pub plural: String,
    /// Name of one object; empty for the collection.
    pub name: String,
    /// Subresource; empty if there is none.
    pub subresource: String,
    /// Whether the path has the deprecated `/watch/` prefix before the resource.
    pub watches: bool,
    /// The resource type, if it is served.
    pub resource: Option<&'static Resource>,
}

impl Target {
    /// Parses a path; `None` if it does not name a resource.
    pub fn parse(path: &str) -> Option<Self> {
        let parts: Vec<String> = path.trim_matches('/').split('/').map(decode).collect();
        let (group, rest) = match parts.first()?.as_str() {
            "api" => (String::new(), parts.get(1..)?),
            "apis" => (parts.get(1)?.clone(), parts.get(2..)?),
            _ => return None,
        };
        let (version, rest) = rest.split_first()?;
        let watches = rest.first().is_some_and(|first| first == "watch");
        let rest = rest.get(usize::from(watches)..)?;
        if rest.is_empty() {
            return None;
        }
        // `namespaces/x/pods` is namespaced; `namespaces/x` and its subresources are not.
        let in_namespace = rest[0] == "namespaces"
            && rest.len() > 2
            && !(group.is_empty() && matches!(rest[2].as_str(), "status" | "finalize"));
        let (namespace, rest) = if in_namespace {
            (rest[1].clone(), &rest[2..])
        } else {
            (String::new(), rest)
        };
        if rest.len() > 3 {
            return None;
        }
        let part = |index: usize| rest.get(index).cloned().unwrap_or_default();
        let plural = part(0);
        let resource = if group == "events.k8s.io" && plural == "events" {
            Some(&EVENTS)
        } else {
            Resource::find(&group, version, &plural)
        };
        Some(Self {
            group,
            version: version.clone(),
            namespace,
            plural,
            name: part(1),
            subresource: part(2),
            watches,
            resource,
        })
    }
}

/// Percent-decodes one path segment; invalid UTF-8 is replaced by U+FFFD.
fn decode(segment: &str) -> String {
    percent_decode(segment, false)
}

/// Percent-decodes text; with `plus` (query strings), `+` is a space.
pub fn percent_decode(text: &str, plus: bool) -> String {
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        let hex = |offset: usize| {
            bytes
                .get(at + offset)
                .and_then(|digit| char::from(*digit).to_digit(16))
        };
        if byte == b'%'
            && let (Some(high), Some(low)) = (hex(1), hex(2))
            && let Ok(value) = u8::try_from(high * 16 + low)
        {
            out.push(value);
            at += 3;
            continue;
        }
        out.push(if byte == b'+' && plus { b' ' } else { byte });
        at += 1;
    }
    String::from_utf8_lossy(&out).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::resource::{JOBS, NAMESPACES, PODS};

    fn named(path: &str) -> (Option<&'static Resource>, String, String, String) {
        let target = Target::parse(path).unwrap();
        (target.resource, target.namespace, target.name, target.subresource)
    }

    #[test]
    fn paths_are_parsed_into_type_object_and_subresource() {
        let text = str::to_owned;
        assert_eq!(
            named("/apis/batch/v1/namespaces/demo/jobs/pi/status"),
            (Some(&JOBS), text("demo"), text("pi"), text("status"))
        );
        assert_eq!(named("/api/v1/pods"), (Some(&PODS), text(""), text(""), text("")));
        assert_eq!(
            named("/api/v1/namespaces/demo/status"),
            (Some(&NAMESPACES), text(""), text("demo"), text("status"))
        );
        assert_eq!(Target::parse("/apis/batch/v1"), None);
    }
}
