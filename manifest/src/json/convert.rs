//! Converts the whole stream to the other format.

use serde_json::Value;

use crate::document::{Document, Format};
use crate::edit;
use crate::json::number_spelling;

/// Why a stream cannot be converted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ConvertError {
    /// It does not parse; its problems say where.
    #[error("the text does not parse")]
    Unreadable,
}

impl Document {
    /// Returns the stream in a format, with the same values: a text already in the format is returned byte for
    /// byte. Several documents become a JSON array, and an array of objects becomes a stream of documents.
    pub fn convert(&self, to: Format) -> Result<String, ConvertError> {
        if self.format() == to {
            return Ok(self.text().to_owned());
        }
        let values = self
            .entries()
            .iter()
            .map(|entry| entry.value.as_ref().ok_or(ConvertError::Unreadable))
            .collect::<Result<Vec<_>, _>>()?;
        Ok(match (to, values.as_slice()) {
            (_, []) => String::new(),
            (Format::Json, [value]) => number_spelling::respell_new(self, pretty(value)),
            (Format::Json, values) => {
                let all = values.iter().map(|value| (*value).clone()).collect();
                number_spelling::respell_new(self, pretty(&Value::Array(all)))
            }
            (Format::Yaml, [Value::Array(items)])
                if items.iter().all(Value::is_object) && !items.is_empty() =>
            {
                let texts = items.iter().map(to_yaml).collect::<Vec<_>>();
                self.spelled(&Document::parse(texts.join("---\n")))
            }
            (Format::Yaml, values) => {
                let texts = values.iter().map(|value| to_yaml(value)).collect::<Vec<_>>();
                self.spelled(&Document::parse(texts.join("---\n")))
            }
        })
    }
}

impl Document {
    /// Formats a YAML stream of the same values, with the numbers spelled as in this JSON text.
    fn spelled(&self, fresh: &Document) -> String {
        match number_spelling::with_typed_numbers(fresh, self) {
            Ok(Some(spelled)) if spelled.has_values_of(fresh) => spelled.text().to_owned(),
            _ => fresh.text().to_owned(),
        }
    }

    fn has_values_of(&self, other: &Self) -> bool {
        self.entries().len() == other.entries().len()
            && (0..self.entries().len()).all(|entry| self.value(entry) == other.value(entry))
    }
}

fn pretty(value: &Value) -> String {
    format!("{value:#}\n")
}

/// Formats a value as a YAML document in block style, indented by two columns.
pub fn to_yaml(value: &Value) -> String {
    format!("{}\n", edit::format_block(value))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn conversion_keeps_values() {
        let values = [
            json!({"a": {"b": [1, {"c": "on"}, []], "d": {}, "e": "x\ny\n", "f": "x\ny"}, "0644": "0644", "g": null}),
            json!([1, "two", [3, [4]]]),
            json!({}),
            json!([]),
            json!({"a": [[1, 2], [{"b": 1, "c": "d"}]], "text": "tab\tnel\u{85} \u{feff}end ", "lead": " a\nb"}),
        ];
        for value in values {
            let yaml = to_yaml(&value);
            let document = Document::parse(yaml.clone());
            assert_eq!(document.value(0), Some(&value), "{yaml}");
            let json = document.convert(Format::Json).unwrap();
            assert_eq!(Document::parse(json).value(0), Some(&value));
        }
    }

    #[test]
    fn documents_become_an_array_and_back() {
        let document = Document::parse("a: 1\n---\nb: 2\n");
        let json = document.convert(Format::Json).unwrap();
        assert_eq!(
            Document::parse(json.clone()).value(0),
            Some(&json!([{"a": 1}, {"b": 2}]))
        );
        assert_eq!(
            Document::parse(json).convert(Format::Yaml).unwrap(),
            "a: 1\n---\nb: 2\n"
        );
    }
}
