//! What the cluster's own OpenAPI documents say of a Job and of what is created with one.
//!
//! Version 3 of the documents (Kubernetes 1.24) is asked for by group, version 2 as a whole. A server before 1.25 drops
//! fields that it does not know, so its own schema is needed before anything is created there. A newer one refuses
//! them itself when it is asked to; where it shows no schema, the forms use that of the newest Kubernetes that this
//! program knows.

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

/// How long a schema is believed: a cluster may be upgraded while the console runs.
const FRESH: Duration = Duration::from_mins(10);

/// How long it is believed that there is none: whatever the reason is, it may pass.
const RETRY: Duration = Duration::from_secs(3);

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
    /// `gitVersion` of the API server, if it tells.
    pub version: Option<String>,
    /// The minor version of the cluster's Kubernetes 1.
    pub minor: Option<u16>,
    /// Why the cluster's own schema is not known; this one is then the newest Kubernetes'.
    pub unknown: Option<ApiError>,
    /// As JSON.
    pub json: Bytes,
    /// The JSON, compressed.
    pub gzip: Bytes,
}

impl ClusterSchema {
    /// Whether the fields of a kind can be told from the schema.
    pub fn has(&self, api_version: &str, kind: &str) -> bool {
        KINDS.contains(&(api_version, kind))
    }

    /// The server refuses fields that it does not know when it is asked to (`fieldValidation`, Kubernetes 1.25). An
    /// older one drops them without a word, and one that does not tell its version may be an older one.
    pub fn is_strict(&self) -> bool {
        self.minor.is_some_and(is_strict)
    }
}

fn is_strict(minor: u16) -> bool {
    minor >= 25
}

/// What several wait for at once.
type Reading = Shared<BoxFuture<'static, Result<Arc<ClusterSchema>, ApiError>>>;

/// What is known of a cluster's schema. Locked for moments only.
#[derive(Default)]
pub(crate) struct Cache(Mutex<State>);

#[derive(Default)]
struct State {
    /// The newest answer, or failure, and when it came.
    last: Option<(Instant, Result<Arc<ClusterSchema>, ApiError>)>,
    /// The newest schema of the cluster itself, for when it cannot be read once more.
    own: Option<Arc<ClusterSchema>>,
    /// One that is being read.
    reading: Option<Reading>,
}

impl State {
    /// What is known and young enough.
    fn fresh(&self) -> Option<Result<Arc<ClusterSchema>, ApiError>> {
        let (at, known) = self.last.as_ref()?;
        let is_whole = matches!(known, Ok(schema) if schema.unknown.is_none());
        let fresh = if is_whole { FRESH } else { RETRY };
        (at.elapsed() < fresh).then(|| known.clone())
    }
}

impl Cache {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Cluster {
    /// The cluster's schema, read at most every ten minutes, by one at a time. A failure is kept for seconds only.
    ///
    /// # Errors
    /// If it cannot be read and the server would drop unknown fields, or may.
    pub async fn schema(&self) -> Result<Arc<ClusterSchema>, ApiError> {
        let reading = {
            let mut state = self.facts.schema.lock();
            if let Some(known) = state.fresh() {
                return known;
            }
            let reading = state.reading.clone().unwrap_or_else(|| {
                let cluster = self.clone();
                // Whoever asked first may leave; the others wait on.
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
        let before = self.facts.schema.lock().own.clone();
        let answer = self.whole_schema(before).await;
        let mut state = self.facts.schema.lock();
        state.reading = None;
        if let Ok(schema) = &answer
            && schema.unknown.is_none()
        {
            state.own = Some(Arc::clone(schema));
        }
        state.last = Some((Instant::now(), answer.clone()));
        answer
    }

    /// The schema as it is now; `before` is the one that was read last.
    async fn whole_schema(&self, before: Option<Arc<ClusterSchema>>) -> Result<Arc<ClusterSchema>, ApiError> {
        let version = match self.version().await {
            Ok(version) => Some(version),
            // Whoever may not ask for it creates Jobs none the less.
            Err(error @ (ApiError::Forbidden { .. } | ApiError::NotFound { .. })) => {
                tracing::debug!(%error, "the cluster does not tell its version");
                None
            }
            Err(error) => return Err(error),
        };
        let minor = version.as_deref().and_then(minor);
        let (schema, unknown) = match self.own_schema().await {
            Ok(schema) => (schema, None),
            Err(error) => {
                tracing::warn!(%error, "the cluster's schema cannot be read");
                // The same server has the same fields.
                if let Some(before) = before.filter(|before| version.is_some() && before.version == version) {
                    return Ok(before);
                }
                if !minor.is_some_and(is_strict) {
                    return Err(not_known(version.as_deref(), &error));
                }
                (Schema::bundled().map_err(|error| console(&error))?, Some(error))
            }
        };
        // Compressing takes a moment.
        let made = tokio::task::spawn_blocking(move || ready(schema.part(&KINDS), version, unknown));
        Ok(Arc::new(made.await.map_err(|error| console(&error))??))
    }

    async fn own_schema(&self) -> Result<Schema, ApiError> {
        let schema = self.openapi().await?;
        // A proxy's page, or half a document, is no schema.
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

/// What is told where nothing can be created safely.
fn not_known(version: Option<&str>, error: &ApiError) -> ApiError {
    let version = version.filter(|version| !version.is_empty());
    let server = version.map_or_else(
        || "this cluster does not tell its version and".to_owned(),
        |version| format!("this cluster (Kubernetes {version})"),
    );
    let message = format!(
        "{server} may drop fields that it does not know without a word, and which ones it knows cannot be read \
         ({error}): nothing is sent to it. Try again in a moment"
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

fn ready(
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
        let ready = ready(Schema::bundled().unwrap().part(&KINDS), None, None).unwrap();
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
