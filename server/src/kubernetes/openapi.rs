//! The cluster's OpenAPI schema of a Job and of the objects created with one.
//!
//! OpenAPI v3 (Kubernetes 1.24) is requested per group, v2 as a whole. A server before 1.25 silently drops unknown
//! fields, so its own schema is required before anything is created there. A newer one rejects them itself
//! (`fieldValidation`); if its schema cannot be read, the forms use the bundled schema of the newest Kubernetes.

use std::io::Write;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use futures::FutureExt;
use futures::future::{BoxFuture, Shared};
use manifest::Schema;
use serde_json::Value;
use tokio::time::Instant;

use app::api::error::ApiError;

use crate::kubernetes::Cluster;

/// How long a schema is cached: a cluster may be upgraded while the console runs.
const CACHE_TTL: Duration = Duration::from_mins(10);

/// How long a failure is cached: whatever the cause is, it may pass.
const FAILURE_TTL: Duration = Duration::from_secs(3);

/// The kinds whose fields the wizard edits.
const KINDS: [(&str, &str); 5] = [
    ("batch/v1", "Job"),
    ("v1", "ConfigMap"),
    ("v1", "Secret"),
    ("v1", "PersistentVolumeClaim"),
    ("v1", "ServiceAccount"),
];

/// The groups of these kinds, as `/openapi/v3` names them.
const GROUPS: [&str; 2] = ["api/v1", "apis/batch/v1"];

/// A schema, serialized for the browser.
#[derive(Debug)]
pub struct ClusterSchema {
    /// The part for [`KINDS`].
    pub schema: Schema,
    /// `gitVersion` of the API server, if it reports one.
    pub version: Option<String>,
    /// The minor version of Kubernetes 1.
    pub minor: Option<u16>,
    /// Why the cluster's own schema is not available; the schema is then the bundled one.
    pub unknown: Option<ApiError>,
    /// The schema as JSON.
    pub json: Bytes,
    /// The JSON, compressed with gzip.
    pub gzip: Bytes,
}

impl ClusterSchema {
    /// Whether the schema covers a kind.
    pub fn has(&self, api_version: &str, kind: &str) -> bool {
        KINDS.contains(&(api_version, kind))
    }

    /// Whether the server rejects unknown fields on request (`fieldValidation`, Kubernetes 1.25). An older one
    /// silently drops them, and one that does not report its version may be older.
    pub fn is_strict(&self) -> bool {
        self.minor.is_some_and(is_strict)
    }
}

fn is_strict(minor: u16) -> bool {
    minor >= 25
}

/// A read in progress that several callers await.
type Reading = Shared<BoxFuture<'static, Result<Arc<ClusterSchema>, ApiError>>>;

/// The cached schema of a cluster. The lock is never held across an await.
#[derive(Default)]
pub(crate) struct Cache(Mutex<State>);

#[derive(Default)]
struct State {
    /// The latest result, and when it was read.
    last: Option<(Instant, Result<Arc<ClusterSchema>, ApiError>)>,
    /// The latest schema of the cluster itself, as a fallback if it cannot be read again.
    own: Option<Arc<ClusterSchema>>,
    /// The read in progress.
    reading: Option<Reading>,
}

impl State {
    /// Returns the cached result if it has not expired.
    fn fresh(&self) -> Option<Result<Arc<ClusterSchema>, ApiError>> {
        let (at, known) = self.last.as_ref()?;
        let is_own = matches!(known, Ok(schema) if schema.unknown.is_none());
        let fresh = if is_own { CACHE_TTL } else { FAILURE_TTL };
        (at.elapsed() < fresh).then(|| known.clone())
    }
}

impl Cache {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Cluster {
    /// Returns the cluster's schema, cached for ten minutes and read by one caller at a time. A failure is cached
    /// for seconds only.
    ///
    /// # Errors
    /// If the schema cannot be read and the server drops unknown fields, or may.
    pub async fn schema(&self) -> Result<Arc<ClusterSchema>, ApiError> {
        let reading = {
            let mut state = self.inner.schema.lock();
            if let Some(known) = state.fresh() {
                return known;
            }
            let reading = state.reading.clone().unwrap_or_else(|| {
                let cluster = self.clone();
                // The first caller may be cancelled while others still wait.
                let task = tokio::spawn(async move { cluster.read_schema().await });
                async move { task.await.unwrap_or_else(|error| Err(console(&error))) }
                    .boxed()
                    .shared()
            });
            state.reading = Some(reading.clone());
            reading
        };
        reading.await
    }

    async fn read_schema(&self) -> Result<Arc<ClusterSchema>, ApiError> {
        let before = self.inner.schema.lock().own.clone();
        let result = self.load_schema(before).await;
        let mut state = self.inner.schema.lock();
        state.reading = None;
        if let Ok(schema) = &result
            && schema.unknown.is_none()
        {
            state.own = Some(Arc::clone(schema));
        }
        state.last = Some((Instant::now(), result.clone()));
        result
    }

    /// Reads the current schema; `before` is the one that was read last.
    async fn load_schema(&self, before: Option<Arc<ClusterSchema>>) -> Result<Arc<ClusterSchema>, ApiError> {
        let version = match self.version().await {
            Ok(version) => Some(version),
            // Users who may not read the version may still create Jobs.
            Err(error @ (ApiError::Forbidden { .. } | ApiError::NotFound { .. })) => {
                tracing::debug!(%error, "the cluster does not report its version");
                None
            }
            Err(error) => return Err(error),
        };
        let minor = version.as_deref().and_then(minor);
        let (schema, unknown) = match self.own_schema().await {
            Ok(schema) => (schema, None),
            Err(error) => {
                tracing::warn!(%error, "cannot read the cluster's schema");
                // The same server version has the same fields.
                if let Some(before) = before.filter(|before| version.is_some() && before.version == version) {
                    return Ok(before);
                }
                if !minor.is_some_and(is_strict) {
                    return Err(schema_unavailable(version.as_deref(), &error));
                }
                (Schema::bundled().map_err(|error| console(&error))?, Some(error))
            }
        };
        // Compression is CPU-bound.
        let serialized =
            tokio::task::spawn_blocking(move || serialize(schema.part(&KINDS), version, unknown));
        Ok(Arc::new(serialized.await.map_err(|error| console(&error))??))
    }

    async fn own_schema(&self) -> Result<Schema, ApiError> {
        let schema = self.openapi().await?;
        // A proxy's page, or a truncated document, is not a schema.
        let missing = KINDS
            .iter()
            .find(|(version, kind)| schema.for_kind(version, kind).is_none());
        match missing {
            None => Ok(schema),
            Some((_, kind)) => Err(ApiError::Unreachable {
                message: format!("the cluster's OpenAPI document has no {kind}"),
            }),
        }
    }

    async fn openapi(&self) -> Result<Schema, ApiError> {
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

/// The error when nothing can be created safely.
fn schema_unavailable(version: Option<&str>, error: &ApiError) -> ApiError {
    let version = version.filter(|version| !version.is_empty());
    let server = version.map_or_else(
        || "this cluster does not report its version and".to_owned(),
        |version| format!("this cluster (Kubernetes {version})"),
    );
    let message = format!(
        "{server} may silently drop unknown fields, and its schema cannot be read \
         ({error}): nothing was sent. Try again in a moment"
    );
    match error {
        ApiError::Credentials { .. } => ApiError::Credentials { message },
        ApiError::Forbidden { .. } => ApiError::Forbidden { message },
        _ => ApiError::Unreachable { message },
    }
}

fn console(error: &dyn std::error::Error) -> ApiError {
    ApiError::Console {
        message: error.to_string(),
    }
}

fn serialize(
    schema: Schema,
    version: Option<String>,
    unknown: Option<ApiError>,
) -> Result<ClusterSchema, ApiError> {
    let json = serde_json::to_vec(&schema).map_err(|error| console(&error))?;
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    let gzip = encoder
        .write_all(&json)
        .and_then(|()| encoder.finish())
        .map_err(|error| console(&error))?;
    Ok(ClusterSchema {
        schema,
        minor: version.as_deref().and_then(minor),
        version,
        unknown,
        json: json.into(),
        gzip: gzip.into(),
    })
}

/// Returns the fields of `object` that the schema does not have, in the API server's path syntax.
pub fn unknown_fields(schema: &Schema, object: &Value) -> Vec<String> {
    let document = manifest::Document::parse(object.to_string());
    manifest::schema::schema_problems(&document, schema)
        .into_iter()
        .filter(|problem| matches!(problem.code, "field.unknown" | "field.unknown.near"))
        .map(|problem| problem.path.to_string())
        .collect()
}

/// Parses the minor version of Kubernetes 1 from a `gitVersion`.
fn minor(version: &str) -> Option<u16> {
    let digits = version.strip_prefix("v1.")?;
    digits.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn unknown_fields_are_reported_by_path() {
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
    fn gzip_and_json_have_the_same_content() {
        use std::io::Read;
        let serialized = serialize(Schema::bundled().unwrap().part(&KINDS), None, None).unwrap();
        let mut plain = Vec::new();
        flate2::read::GzDecoder::new(serialized.gzip.as_ref())
            .read_to_end(&mut plain)
            .unwrap();
        assert_eq!(plain, serialized.json);
        assert!(serialized.schema.for_kind("batch/v1", "Job").is_some());
    }

    #[test]
    fn minor_version_is_parsed() {
        assert_eq!(minor("v1.20.2"), Some(20));
        assert_eq!(minor("v1.30.1+k3s1"), Some(30));
        assert_eq!(minor("2.0"), None);
    }
}
