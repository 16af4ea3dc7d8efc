//! What the cluster's own OpenAPI documents say of a Job and of what is created with one.
//!
//! Version 3 of the documents (Kubernetes 1.24) is asked for by group, version 2 as a whole; a cluster that shows
//! neither is taken to be like the newest Kubernetes that this program knows.

use std::io::Write;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use manifest::Schema;
use serde_json::Value;
use tokio::sync::Mutex;

use app::api::error::ApiError;

use super::Cluster;

/// How long a schema is believed: a cluster may be upgraded while the console runs.
const FRESH: Duration = Duration::from_mins(10);

/// The kinds whose fields the wizard edits.
const KINDS: [(&str, &str); 5] = [
    ("batch/v1", "Job"),
    ("v1", "ConfigMap"),
    ("v1", "Secret"),
    ("v1", "PersistentVolumeClaim"),
    ("v1", "ServiceAccount"),
];

/// The groups that those kinds are in, as `/openapi/v3` names them.
const GROUPS: [&str; 2] = ["api/v1", "apis/batch/v1"];

/// A schema, ready to be sent.
#[derive(Debug)]
pub struct ClusterSchema {
    /// The part for [`KINDS`].
    pub schema: Schema,
    /// The minor version of the cluster's Kubernetes 1.
    pub minor: Option<u16>,
    /// It comes from the cluster itself.
    pub is_own: bool,
    /// As JSON.
    pub json: Bytes,
    /// The JSON, compressed.
    pub gzip: Bytes,
}

impl ClusterSchema {
    /// The server refuses fields that it does not know when it is asked to (`fieldValidation`, Kubernetes 1.25). An
    /// older one drops them without a word.
    pub fn is_strict(&self) -> bool {
        self.minor.is_none_or(|minor| minor >= 25)
    }
}

/// The newest answer and when it came.
pub(super) type Cache = Mutex<Option<(Instant, Arc<ClusterSchema>)>>;

impl Cluster {
    /// The cluster's schema, read at most every ten minutes. At most one request at a time asks for it.
    ///
    /// # Errors
    /// If the cluster does not answer at all; nothing is kept then.
    pub async fn schema(&self) -> Result<Arc<ClusterSchema>, ApiError> {
        let mut cache = self.facts.schema.lock().await;
        if let Some((at, schema)) = cache.as_ref().filter(|(at, _)| at.elapsed() < FRESH) {
            tracing::trace!(age = ?at.elapsed(), "schema from memory");
            return Ok(Arc::clone(schema));
        }
        let own = match self.own_schema().await {
            Ok(schema) => Some(schema),
            Err(error @ (ApiError::Unreachable { .. } | ApiError::SignedOut)) => return Err(error),
            Err(error) => {
                tracing::warn!(%error, "the cluster shows no schema; the bundled one is used");
                None
            }
        };
        let is_own = own.is_some();
        let schema = match own {
            Some(schema) => schema,
            None => Schema::bundled().map_err(|error| console(&error))?,
        };
        let minor = match self.version().await {
            Ok(version) => minor(&version),
            Err(error @ (ApiError::Unreachable { .. } | ApiError::SignedOut)) => return Err(error),
            // Whoever may not ask for it creates Jobs none the less.
            Err(error) => {
                tracing::debug!(%error, "the cluster does not tell its version");
                None
            }
        };
        let ready = Arc::new(ready(schema.part(&KINDS), minor, is_own)?);
        *cache = Some((Instant::now(), Arc::clone(&ready)));
        Ok(ready)
    }

    async fn own_schema(&self) -> Result<Schema, ApiError> {
        let index = match self.get("/openapi/v3").await {
            Ok(index) => index,
            Err(ApiError::NotFound { .. }) => {
                let document = self.get("/openapi/v2").await?;
                return Schema::from_openapi_v2(&document).map_err(|error| console(&error));
            }
            Err(error) => return Err(error),
        };
        let mut documents = Vec::with_capacity(GROUPS.len());
        for group in GROUPS {
            let address = index["paths"][group]["serverRelativeURL"].as_str();
            let address = address.map_or_else(|| format!("/openapi/v3/{group}"), str::to_owned);
            documents.push(self.get(&address).await?);
        }
        Schema::from_openapi_v3(documents.iter()).map_err(|error| console(&error))
    }
}

fn console(error: &dyn std::error::Error) -> ApiError {
    ApiError::Console {
        message: error.to_string(),
    }
}

fn ready(schema: Schema, minor: Option<u16>, is_own: bool) -> Result<ClusterSchema, ApiError> {
    let json = serde_json::to_vec(&schema).map_err(|error| console(&error))?;
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    let gzip = encoder
        .write_all(&json)
        .and_then(|()| encoder.finish())
        .map_err(|error| console(&error))?;
    Ok(ClusterSchema {
        schema,
        minor,
        is_own,
        json: json.into(),
        gzip: gzip.into(),
    })
}

/// The fields of `object` that the schema does not have, as the API server writes paths.
pub fn unknown_fields(schema: &Schema, object: &Value) -> Vec<String> {
    let document = manifest::Document::parse(object.to_string());
    manifest::schema::schema_problems(&document, schema)
        .into_iter()
        .filter(|problem| matches!(problem.code, "field.unknown" | "field.unknown.near"))
        .map(|problem| problem.path.to_string())
        .collect()
}

/// The minor version of Kubernetes 1 in a `gitVersion`.
fn minor(version: &str) -> Option<u16> {
    let digits = version.strip_prefix("v1.")?;
    digits.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_field_that_the_cluster_lacks_is_named() {
        let schema = Schema::bundled().unwrap();
        let job = json!({
            "apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "a"},
            "spec": {"parallelims": 2, "template": {"spec": {"containers": [{"name": "a", "imagee": "b"}]}}},
        });
        let unknown = unknown_fields(&schema, &job);
        assert_eq!(
            unknown,
            ["spec.parallelims", "spec.template.spec.containers[0].imagee"]
        );
    }

    #[test]
    fn what_is_compressed_is_what_is_sent() {
        use std::io::Read;
        let ready = ready(Schema::bundled().unwrap().part(&KINDS), None, false).unwrap();
        let mut plain = Vec::new();
        flate2::read::GzDecoder::new(ready.gzip.as_ref())
            .read_to_end(&mut plain)
            .unwrap();
        assert_eq!(plain, ready.json);
        assert!(ready.schema.for_kind("batch/v1", "Job").is_some());
    }

    #[test]
    fn servers_that_drop_fields_are_known_by_their_version() {
        assert_eq!(minor("v1.20.2"), Some(20));
        assert_eq!(minor("v1.30.1+k3s1"), Some(30));
        assert_eq!(minor("2.0"), None);
    }
}
