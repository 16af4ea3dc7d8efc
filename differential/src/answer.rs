//! Responses to a dry run, reduced to what is compared.

use serde_json::{Value, json};

/// A response of an API server to the strict dry run of a Job.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// HTTP status code.
    pub code: u16,
    /// The message of a refusal.
    pub message: String,
    /// Reason, field and message of each cause of a refusal.
    pub causes: Vec<[String; 3]>,
    /// The object as the server would store it, without what differs from request to request.
    pub stored: Value,
}

impl Answer {
    /// Reads the body of a response.
    pub fn new(code: u16, body: &Value) -> Self {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let causes = body["details"]["causes"].as_array();
        Self {
            code,
            message: text(&body["message"]),
            causes: causes
                .into_iter()
                .flatten()
                .map(|cause| ["reason", "field", "message"].map(|key| text(&cause[key])))
                .collect(),
            stored: if code == 201 { stored(body) } else { Value::Null },
        }
    }

    /// Reads a recorded response.
    pub fn from_row(row: &Value) -> Option<Self> {
        let code = u16::try_from(row["code"].as_u64()?).ok()?;
        let causes = row["causes"].as_array()?;
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        Some(Self {
            code,
            message: text(&row["message"]),
            causes: causes
                .iter()
                .map(|cause| [0, 1, 2].map(|part| text(&cause[part])))
                .collect(),
            stored: row["stored"].clone(),
        })
    }

    /// Writes a request and its response as one recorded line.
    pub fn row(&self, request: &Value, how: &[String]) -> Value {
        json!({
            "body": request, "how": how, "code": self.code, "message": self.message, "causes": self.causes,
            "stored": self.stored,
        })
    }

    /// Whether the server accepted the Job.
    pub fn is_accepted(&self) -> bool {
        (200..300).contains(&self.code)
    }

    /// Returns the fields that the refusal names: those of its causes, and unknown and duplicate ones.
    pub fn fields(&self) -> Vec<String> {
        let mut fields: Vec<String> = self.causes.iter().map(|[_, field, _]| field.clone()).collect();
        for mark in ["unknown field \"", "duplicate field \""] {
            for (at, _) in self.message.match_indices(mark) {
                if let Some((field, _)) = self.message[at + mark.len()..].split_once('"') {
                    fields.push(field.to_owned());
                }
            }
        }
        fields.sort();
        fields.dedup();
        fields
    }

    /// Returns the message without UIDs and generated names, its parts sorted: the order of causes that come from
    /// one of Go's maps differs between two requests.
    pub fn comparable(&self, request: &Value) -> Vec<String> {
        let text = mask_uids(&self.message);
        let text = mask_generated(&text, request);
        let parts = text.split(['[', ']']).flat_map(|part| part.split(", "));
        let mut parts: Vec<String> = parts.map(str::to_owned).collect();
        parts.sort();
        parts
    }
}

/// Parses a body; what is not JSON becomes a string.
pub fn parsed(bytes: &[u8]) -> Value {
    if let Ok(value) = serde_json::from_slice(bytes) {
        return value;
    }
    let text = String::from_utf8_lossy(bytes).into_owned();
    let document = manifest::Document::parse(text.clone());
    document
        .value(0)
        .filter(|value| value.is_object())
        .cloned()
        .unwrap_or_else(|| text.into())
}

fn stored(object: &Value) -> Value {
    let mut object = object.clone();
    // The selector and the labels of the template contain the UID; labels, and the name, what was generated.
    let uid = object["metadata"]["uid"].as_str().unwrap_or_default().to_owned();
    let is_generated = object["metadata"]["generateName"].is_string();
    if is_generated {
        let name = object["metadata"]["name"].as_str().unwrap_or_default().to_owned();
        for pointer in ["/metadata/labels", "/spec/template/metadata/labels"] {
            let labels = object.pointer_mut(pointer).and_then(Value::as_object_mut);
            for (_, label) in labels.into_iter().flatten() {
                if *label == name {
                    *label = "NAME".into();
                }
            }
        }
    }
    if let Some(metadata) = object["metadata"].as_object_mut() {
        for key in ["uid", "creationTimestamp", "managedFields", "resourceVersion"] {
            metadata.shift_remove(key);
        }
        if is_generated {
            metadata.shift_remove("name");
        }
    }
    let text = object.to_string();
    let text = if uid.is_empty() {
        text
    } else {
        text.replace(&uid, "UID")
    };
    serde_json::from_str(&text).unwrap_or_default()
}

/// Replaces every UID in `text` by `UID`.
pub fn mask_uids(text: &str) -> String {
    const LENGTH: usize = 36;
    let is_uid = |part: &str| {
        part.bytes().enumerate().all(|(at, byte)| match at {
            8 | 13 | 18 | 23 => byte == b'-',
            _ => byte.is_ascii_hexdigit(),
        })
    };
    let (mut out, mut rest) = (String::new(), text);
    while let Some(first) = rest.chars().next() {
        if let Some(part) = rest.get(..LENGTH).filter(|part| is_uid(part)) {
            out.push_str("UID");
            rest = &rest[part.len()..];
        } else {
            out.push(first);
            rest = &rest[first.len_utf8()..];
        }
    }
    out
}

/// Replaces the five characters that the server appends to `generateName`.
fn mask_generated(text: &str, request: &Value) -> String {
    let prefix = request["metadata"]["generateName"].as_str().unwrap_or_default();
    let quoted = k8s_rules::machinery::go::quote(prefix);
    // The server cuts the prefix after 58 bytes.
    let kept = String::from_utf8_lossy(&prefix.as_bytes()[..prefix.len().min(58)]).into_owned();
    let quoted = if kept.len() < prefix.len() {
        k8s_rules::machinery::go::quote(&kept)
    } else {
        quoted
    };
    let prefix = quoted.trim_matches('"').trim_end_matches('\u{fffd}').to_owned();
    if prefix.is_empty() {
        return text.to_owned();
    }
    let (mut out, mut rest) = (String::new(), text);
    while let Some(at) = rest.find(&prefix) {
        let end = at + prefix.len();
        out.push_str(&rest[..end]);
        rest = &rest[end..];
        let is_suffix = |part: &&str| part.bytes().all(|byte| byte.is_ascii_alphanumeric());
        if let Some(suffix) = rest.get(..5).filter(is_suffix) {
            out.push_str("xxxxx");
            rest = &rest[suffix.len()..];
        }
    }
    out + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_are_compared_without_uids_and_generated_names() {
        let answer = |message: &str| Answer {
            code: 422,
            message: message.to_owned(),
            causes: Vec::new(),
            stored: Value::Null,
        };
        let request = json!({"metadata": {"generateName": "pi-"}});
        let first = answer("Job \"pi-ab1de\" is invalid: [a: 0b1d5e0e-8c5f-4f0e-9a1c-0123456789ab, b: x]");
        let second = answer("Job \"pi-zzzzz\" is invalid: [b: x, a: 11111111-8c5f-4f0e-9a1c-0123456789ab]");
        assert_eq!(first.comparable(&request), second.comparable(&request));
        let third = answer("Job \"pi-zzzzz\" is invalid: [b: y, a: 11111111-8c5f-4f0e-9a1c-0123456789ab]");
        assert_ne!(first.comparable(&request), third.comparable(&request));
    }

    #[test]
    fn fields_are_those_of_causes_and_of_strict_decoding() {
        let body = json!({
            "message": "strict decoding error: unknown field \"spec.foo\", duplicate field \"spec.bar\"",
            "details": {"causes": [{"reason": "FieldValueInvalid", "field": "spec.baz", "message": "no"}]},
        });
        assert_eq!(
            Answer::new(422, &body).fields(),
            ["spec.bar", "spec.baz", "spec.foo"]
        );
    }
}
