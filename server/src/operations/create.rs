//! Creates the documents of a manifest: each is posted as JSON, and nothing is ever overwritten.

use std::collections::HashMap;
use std::sync::Arc;

use serde_json::Value;
use tokio::sync::Semaphore;

use app::api::create::{CreateOutcome, DocumentOutcome};
use app::api::error::{ApiError, Cause};
use manifest::{Document, line_column};

use crate::jobs::export;
use crate::kubernetes::error::{MAX_CAUSES, bounded};
use crate::kubernetes::openapi::unknown_fields;
use crate::kubernetes::{ApiResponse, Cluster, DryRun, Resource, paths};
use crate::operations::create_order::rank;

/// Maximum number of documents of a manifest: each is a request to the cluster and a result for the page.
const MAX_DOCUMENTS: usize = 500;

/// Kinds that need no discovery: `apiVersion`, kind and plural.
const WITHOUT_DISCOVERY: [(&str, &str, &str); 5] = [
    ("batch/v1", "Job", "jobs"),
    ("v1", "ConfigMap", "configmaps"),
    ("v1", "Secret", "secrets"),
    ("v1", "PersistentVolumeClaim", "persistentvolumeclaims"),
    ("v1", "ServiceAccount", "serviceaccounts"),
];

/// Creates the documents of `text`, except those in `done`, in order of their dependencies. When one is rejected,
/// those after it are not sent; a dry run checks all of them. Returns also the `uid`s of those that were created.
pub async fn run(
    cluster: &Cluster,
    session: &str,
    project: &str,
    text: &str,
    dry_run: DryRun,
    done: &[usize],
) -> Result<(CreateOutcome, HashMap<usize, String>), ApiError> {
    if text.len() > manifest::MAX_BYTES {
        return Err(ApiError::too_large());
    }
    let text = text.to_owned();
    let document = Arc::new(compute(move || read(&text)).await??);
    let count = document.entries().len();
    if count > MAX_DOCUMENTS {
        return Err(ApiError::Unreadable {
            message: format!(
                "the manifest has {count} documents, but at most {MAX_DOCUMENTS} are created at once: split it"
            ),
        });
    }
    let mut order: Vec<usize> = (0..count).collect();
    order.sort_by_key(|entry| rank(kind(&document, *entry)));
    let mut outcomes = Vec::with_capacity(order.len());
    let mut uids = HashMap::new();
    let mut stopped = false;
    for entry in order {
        let mut outcome = blank(&document, entry);
        if stopped || done.contains(&entry) {
            outcome.skipped = true;
        } else {
            match create(cluster, session, project, &document, entry, dry_run).await {
                Ok(response) => {
                    if let Some(uid) = response.object["metadata"]["uid"].as_str() {
                        uids.insert(entry, uid.to_owned());
                    }
                    fill(&mut outcome, response).await?;
                }
                Err(error) => {
                    stopped = dry_run == DryRun::No;
                    outcome.error = Some(error);
                }
            }
        }
        outcomes.push(outcome);
    }
    outcomes.sort_by_key(|outcome| outcome.entry);
    Ok((CreateOutcome { documents: outcomes }, uids))
}

/// Maximum number of texts that are processed concurrently: a large one takes a CPU for seconds.
const CONCURRENCY: usize = 2;

static COMPUTING: Semaphore = Semaphore::const_new(CONCURRENCY);

/// Runs CPU-bound work on a blocking thread, once there is a permit. Work whose caller is gone is not started.
async fn compute<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, ApiError> {
    let failed = |error: &dyn std::error::Error| ApiError::Console {
        message: error.to_string(),
    };
    let permit = COMPUTING.acquire().await.map_err(|error| failed(&error))?;
    let done = tokio::task::spawn_blocking(move || {
        let done = work();
        // Held until the work ends, even if the caller is gone.
        drop(permit);
        done
    });
    done.await.map_err(|error| failed(&error))
}

/// Parses `text`; rejects anything that is not a manifest.
fn read(text: &str) -> Result<Document, ApiError> {
    let document = Document::parse(text);
    if !document.is_valid() {
        let message = document.problems().first().map_or_else(
            || "the manifest cannot be parsed".to_owned(),
            |problem| {
                let (line, column) = line_column(text, problem.range.start);
                format!(
                    "line {line}, column {column}: {}",
                    problem.text(manifest::Language::En)
                )
            },
        );
        return Err(ApiError::Unreadable { message });
    }
    if document.entries().is_empty() {
        return Err(ApiError::Unreadable {
            message: "the manifest has no document".to_owned(),
        });
    }
    Ok(document)
}

fn kind(document: &Document, entry: usize) -> &str {
    document
        .value(entry)
        .and_then(|value| value["kind"].as_str())
        .unwrap_or_default()
}

fn blank(document: &Document, entry: usize) -> DocumentOutcome {
    let name = document
        .value(entry)
        .and_then(|value| value["metadata"]["name"].as_str());
    DocumentOutcome {
        entry,
        kind: kind(document, entry).to_owned(),
        name: name.unwrap_or_default().to_owned(),
        error: None,
        skipped: false,
        warnings: Vec::new(),
        stored: None,
    }
}

/// Fills in the API server's response. A stored Secret is not sent back.
async fn fill(outcome: &mut DocumentOutcome, response: ApiResponse) -> Result<(), ApiError> {
    if let Some(name) = response.object["metadata"]["name"].as_str() {
        name.clone_into(&mut outcome.name);
    }
    outcome.warnings = response.warnings;
    if outcome.kind != "Secret" {
        let object = response.object;
        let yaml = compute(move || manifest::to_yaml(&export::without_managed_fields(object)));
        outcome.stored = Some(yaml.await?);
    }
    Ok(())
}

async fn create(
    cluster: &Cluster,
    session: &str,
    project: &str,
    document: &Arc<Document>,
    entry: usize,
    dry_run: DryRun,
) -> Result<ApiResponse, ApiError> {
    let object = document
        .value(entry)
        .filter(|value| value.is_object())
        .ok_or_else(|| ApiError::Unreadable {
            message: format!("document {} is not an object", entry + 1),
        })?;
    let field = |name: &str| {
        object[name]
            .as_str()
            .filter(|text| !text.is_empty())
            .ok_or_else(|| ApiError::Unreadable {
                message: format!("document {} has no {name}", entry + 1),
            })
    };
    let (api_version, kind) = (field("apiVersion")?, field("kind")?);
    if kind == "List" && api_version == "v1" {
        let message = "a List cannot be created: write its items as separate documents".to_owned();
        return Err(ApiError::Unreadable { message });
    }
    let resource = find(cluster, api_version, kind).await?;
    if resource.namespaced {
        check_namespace(object, project)?;
    }
    let unknown = check_fields(cluster, document, entry).await?;
    let collection = resource.collection(project)?;
    let mut response = match dry_run {
        DryRun::Yes => cluster.post(&collection, object, dry_run).await?,
        // The key is scoped to the session: only a retry within it is the same request.
        DryRun::No => {
            let key = format!("{session} {object}");
            cluster.create(&collection, object, &key).await?
        }
    };
    response.warnings.extend(unknown);
    Ok(response)
}

/// Checks that the namespace is the displayed project: a manifest must not reach another one unnoticed.
fn check_namespace(object: &Value, project: &str) -> Result<(), ApiError> {
    match object["metadata"]["namespace"].as_str() {
        None => Ok(()),
        // An empty namespace counts as none, as for the API server.
        Some(namespace) if namespace == project || namespace.is_empty() => Ok(()),
        Some(namespace) => {
            let message = format!(
                "the manifest has the namespace \"{namespace}\", but the current project is \"{project}\": change \
                 or remove metadata.namespace, or switch the project"
            );
            let cause = Cause {
                field: "metadata.namespace".to_owned(),
                reason: "FieldValueInvalid".to_owned(),
                message: message.clone(),
            };
            Err(ApiError::Invalid {
                message,
                causes: vec![cause],
            })
        }
    }
}

/// Rejects fields that the server would silently drop. Returns a warning if only the server itself can check the
/// fields.
async fn check_fields(
    cluster: &Cluster,
    document: &Arc<Document>,
    entry: usize,
) -> Result<Option<String>, ApiError> {
    let known = cluster.schema().await?;
    if known.is_strict() {
        return Ok(known.unknown.as_ref().map(|error| {
            format!(
                "the cluster's schema could not be read ({error}); the cluster checked the fields of this object \
                 itself (fieldValidation=Strict)"
            )
        }));
    }
    let (checked, schema) = (Arc::clone(document), Arc::clone(&known));
    let unknown = compute(move || {
        checked
            .value(entry)
            .map(|object| unknown_fields(&schema.schema, object))
            .unwrap_or_default()
    })
    .await?;
    if unknown.is_empty() {
        let text = |field: &str| document.value(entry).and_then(|object| object[field].as_str());
        let is_checked = known.has(
            text("apiVersion").unwrap_or_default(),
            text("kind").unwrap_or_default(),
        );
        return Ok((!is_checked).then(|| {
            "fields of this kind are not checked: this cluster silently drops unknown fields".to_owned()
        }));
    }
    let version = known.version.as_deref().unwrap_or("of unknown version");
    let cause = |field: &String| Cause {
        field: field.clone(),
        reason: "FieldValueNotSupported".to_owned(),
        message: format!(
            "this cluster (Kubernetes {version}) does not have the field and would drop it: remove it"
        ),
    };
    let first: Vec<Cause> = unknown.iter().take(MAX_CAUSES).map(cause).collect();
    let names: Vec<&str> = first.iter().map(|cause| cause.field.as_str()).collect();
    Err(ApiError::Invalid {
        message: format!("this cluster does not have these fields: {}", names.join(", ")),
        causes: bounded(first, unknown.len()),
    })
}

/// Finds the resource of a kind through the API server's discovery.
async fn find(cluster: &Cluster, api_version: &str, kind: &str) -> Result<Resource, ApiError> {
    if let Some((_, _, plural)) = WITHOUT_DISCOVERY
        .iter()
        .find(|known| (known.0, known.1) == (api_version, kind))
    {
        let (api_version, plural) = (api_version.to_owned(), (*plural).to_owned());
        return Ok(Resource {
            api_version,
            plural,
            namespaced: true,
        });
    }
    let unknown = || {
        let message = format!("the cluster has no kind \"{kind}\" in \"{api_version}\"");
        let cause = Cause {
            field: "kind".to_owned(),
            reason: "FieldValueNotSupported".to_owned(),
            message: message.clone(),
        };
        ApiError::Invalid {
            message,
            causes: vec![cause],
        }
    };
    let list = match cluster.get(&paths::root(api_version)?).await {
        Ok(list) => list,
        Err(ApiError::NotFound { .. }) => return Err(unknown()),
        Err(error) => return Err(error),
    };
    let served = list["resources"].as_array().into_iter().flatten().find(|served| {
        // Subresources such as `jobs/status` have the kind too, but do not create objects.
        served["kind"] == kind && served["name"].as_str().is_some_and(|name| !name.contains('/'))
    });
    let served = served.ok_or_else(unknown)?;
    Ok(Resource {
        api_version: api_version.to_owned(),
        plural: served["name"].as_str().unwrap_or_default().to_owned(),
        namespaced: served["namespaced"] == true,
    })
}
