//! The OpenAPI documents of a real Kubernetes 1.37, as the playground serves them.

use std::io::Read;
use std::path::PathBuf;

use manifest::Schema;
use serde_json::{Map, Value, json};

/// Returns the documents of `batch/v1` and `v1`.
pub fn documents() -> Vec<Value> {
    ["openapi-v3-batch-v1.json.gz", "openapi-v3-api-v1.json.gz"]
        .into_iter()
        .map(|name| {
            let file = PathBuf::from(env!("CARGO_MANIFEST_DIR"))
                .join("../playground/openapi")
                .join(name);
            let mut text = String::new();
            flate2::read::GzDecoder::new(std::fs::File::open(file).unwrap())
                .read_to_string(&mut text)
                .unwrap();
            serde_json::from_str(&text).unwrap()
        })
        .collect()
}

/// Returns the schema of both.
pub fn schema() -> Schema {
    Schema::from_openapi_v3(documents().iter()).unwrap()
}

/// Returns the same definitions as a cluster before 1.24 serves them: `definitions`, references without `allOf`,
/// and a quantity that is only a string.
pub fn version_2() -> Value {
    fn older(value: &Value) -> Value {
        match value {
            Value::Object(map) => {
                let mut out = Map::new();
                for (key, value) in map {
                    match (key.as_str(), value) {
                        ("$ref", Value::String(pointer)) => {
                            let name = pointer.rsplit('/').next().unwrap();
                            out.insert(key.clone(), json!(format!("#/definitions/{name}")));
                        }
                        ("allOf", Value::Array(all)) => {
                            out.extend(older(&all[0]).as_object().unwrap().clone());
                        }
                        ("oneOf", _) => drop(out.insert("type".to_owned(), json!("string"))),
                        _ => drop(out.insert(key.clone(), older(value))),
                    }
                }
                Value::Object(out)
            }
            Value::Array(items) => items.iter().map(older).collect(),
            other => other.clone(),
        }
    }
    let mut definitions = Map::new();
    for document in documents() {
        for (name, schema) in document["components"]["schemas"].as_object().unwrap() {
            definitions.entry(name.clone()).or_insert_with(|| older(schema));
        }
    }
    json!({"swagger": "2.0", "definitions": definitions})
}
