//! Generates names before an object is created, as the API server does.

use serde_json::Value;

use app::api::error::ApiError;

/// The API server's alphabet for generated names (`k8s.io/apimachinery/pkg/util/rand`): without vowels, so no
/// words.
const ALPHABET: &[u8; 27] = b"bcdfghjklmnpqrstvwxz2456789";

/// Number of characters kept of `generateName`, and of random ones appended (`k8s.io/apiserver/pkg/storage/names`).
const LENGTHS: (usize, usize) = (58, 5);

/// Returns the object's name, or generates one from its `generateName`; empty if it has neither, which the API
/// server rejects.
pub(crate) fn name_of(object: &Value) -> Result<String, ApiError> {
    let metadata = &object["metadata"];
    let name = metadata["name"].as_str().unwrap_or_default();
    let base = metadata["generateName"].as_str().unwrap_or_default();
    if !name.is_empty() || base.is_empty() {
        return Ok(name.to_owned());
    }
    // Names are ASCII; the API server rejects anything else.
    let kept = base.get(..LENGTHS.0.min(base.len())).unwrap_or(base);
    Ok(format!("{kept}{}", random(LENGTHS.1)?))
}

/// Returns `length` random characters of that alphabet.
pub(crate) fn random(length: usize) -> Result<String, ApiError> {
    let mut bytes = vec![0; length];
    getrandom::fill(&mut bytes).map_err(|error| ApiError::Console {
        message: error.to_string(),
    })?;
    Ok(bytes
        .iter()
        .map(|byte| char::from(ALPHABET[usize::from(*byte) % ALPHABET.len()]))
        .collect())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn names_are_generated_as_the_api_server_does() {
        let name = |metadata: &Value| name_of(&json!({"metadata": metadata})).unwrap();
        assert_eq!(name(&json!({"name": "pi", "generateName": "x-"})), "pi");
        assert_eq!(name(&json!({})), "");
        let generated = name(&json!({"generateName": "pi-"}));
        assert!(
            generated.starts_with("pi-") && generated.len() == 8,
            "{generated}"
        );
        assert_eq!(name(&json!({"generateName": "a".repeat(80)})).len(), 63);
    }
}
