//! Writes the bundled schema: `cargo run --example bundle_schema OPENAPI-V3.json... > bundled.json`.
//! Keeps Jobs and the kinds that are created along with one.

use manifest::Schema;
use serde_json::Value;

/// The kinds whose fields are kept.
const KINDS: [(&str, &str); 8] = [
    ("batch/v1", "Job"),
    ("batch/v1", "CronJob"),
    ("v1", "ConfigMap"),
    ("v1", "Namespace"),
    ("v1", "PersistentVolumeClaim"),
    ("v1", "Pod"),
    ("v1", "Secret"),
    ("v1", "ServiceAccount"),
];

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let documents = std::env::args()
        .skip(1)
        .map(|file| Ok(serde_json::from_str(&std::fs::read_to_string(file)?)?))
        .collect::<Result<Vec<Value>, Box<dyn std::error::Error>>>()?;
    let schema = Schema::from_openapi_v3(documents.iter())?.part(&KINDS);
    println!("{}", serde_json::to_string(&schema)?);
    Ok(())
}
