//! `GET /download/log?project=P&job=N`: the whole log as a text file.

use async_stream::stream;
use axum::body::{Body, Bytes};
use axum::extract::Query;
use axum::response::{IntoResponse, Response};
use futures::{AsyncBufReadExt, Stream};
use http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use serde::Deserialize;
use std::convert::Infallible;
use std::pin::pin;

use app::api::error::ApiError;

use crate::contexts::extract::ClusterExtractor;
use crate::jobs::pods;
use crate::kubernetes::logs::LogRequest;
use crate::kubernetes::{Cluster, Kind};
use crate::refusal::refuse;

/// Which logs.
#[derive(Deserialize)]
pub struct Of {
    project: String,
    job: String,
    pod: Option<String>,
    container: Option<String>,
    #[serde(default)]
    previous: bool,
    #[serde(default)]
    timestamps: bool,
}

/// Sends the logs of the Job's containers one after the other, oldest Pod first, as they are.
pub async fn log(ClusterExtractor(cluster): ClusterExtractor, Query(of): Query<Of>) -> Response {
    let logs = match logs(&cluster, &of).await {
        Ok(logs) => logs,
        Err(error) => return refuse(error),
    };
    let name = of.pod.as_deref().unwrap_or(&of.job);
    // Names of the API need no quoting; anything else was not found above.
    let safe: String = name
        .chars()
        .filter(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '.'))
        .collect();
    let headers = [
        (CONTENT_TYPE, "text/plain; charset=utf-8".to_owned()),
        (
            CONTENT_DISPOSITION,
            format!("attachment; filename=\"{safe}.log\""),
        ),
    ];
    (headers, Body::from_stream(bytes(cluster, of.project, logs))).into_response()
}

/// The logs that there are.
async fn logs(cluster: &Cluster, of: &Of) -> Result<Vec<LogRequest>, ApiError> {
    let job = cluster.job(&of.project, &of.job).await?;
    let uid = job["metadata"]["uid"].as_str().unwrap_or_default();
    let all = cluster.list(&Kind::PODS.collection(&of.project)?, &[]).await?;
    let mut rows: Vec<_> = all
        .iter()
        .filter(|pod| pods::is_owned_by(pod, uid))
        .map(pods::row)
        .collect();
    rows.sort_by(|a, b| a.created.cmp(&b.created).then_with(|| a.name.cmp(&b.name)));
    let wants = |wanted: &Option<String>, name: &str| wanted.as_deref().is_none_or(|wanted| wanted == name);
    rows.retain(|row| wants(&of.pod, &row.name));
    Ok(rows
        .iter()
        .flat_map(|row| row.containers.iter().map(move |container| (row, container)))
        .filter(|(_, container)| wants(&of.container, &container.name))
        .filter(|(_, container)| !of.previous || container.restarts > 0)
        .map(|(row, container)| LogRequest {
            pod: row.name.clone(),
            container: container.name.clone(),
            previous: of.previous,
            timestamps: of.timestamps,
            ..LogRequest::default()
        })
        .collect())
}

/// One log as it is; of several, each under its name, as `tail` writes them.
fn bytes(
    cluster: Cluster,
    project: String,
    logs: Vec<LogRequest>,
) -> impl Stream<Item = Result<Bytes, Infallible>> + Send + 'static {
    stream! {
        let several = logs.len() > 1;
        for log in logs {
            if several {
                yield Ok(Bytes::from(format!("==> {}/{} <==\n", log.pod, log.container)));
            }
            let mut body = match cluster.log(&project, &log).await {
                Ok(body) => pin!(body),
                Err(error) => {
                    yield Ok(Bytes::from(format!("(this log cannot be read: {error})\n")));
                    continue;
                }
            };
            loop {
                let chunk = match body.fill_buf().await {
                    Ok([]) => break,
                    Ok(chunk) => Bytes::copy_from_slice(chunk),
                    Err(error) => {
                        yield Ok(Bytes::from(format!("\n(this log broke off: {error})\n")));
                        break;
                    }
                };
                body.consume_unpin(chunk.len());
                yield Ok(chunk);
            }
        }
    }
}
