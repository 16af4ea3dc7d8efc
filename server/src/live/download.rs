//! `GET /download/log?project=P&job=N`: the complete log as a text file.

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

/// Query parameters: which logs.
#[derive(Deserialize)]
pub struct Params {
    project: String,
    job: String,
    pod: Option<String>,
    container: Option<String>,
    #[serde(default)]
    previous: bool,
    #[serde(default)]
    timestamps: bool,
}

/// Sends the logs of the Job's containers one after the other, oldest Pod first, unmodified.
pub async fn log(ClusterExtractor(cluster): ClusterExtractor, Query(params): Query<Params>) -> Response {
    let logs = match logs(&cluster, &params).await {
        Ok(logs) => logs,
        Err(error) => return refuse(error),
    };
    let name = params.pod.as_deref().unwrap_or(&params.job);
    // Names of the API need no quoting; any other name was not found above.
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
    (headers, Body::from_stream(bytes(cluster, params.project, logs))).into_response()
}

/// Returns the logs that exist.
async fn logs(cluster: &Cluster, params: &Params) -> Result<Vec<LogRequest>, ApiError> {
    let job = cluster.job(&params.project, &params.job).await?;
    let uid = job["metadata"]["uid"].as_str().unwrap_or_default();
    let all = cluster
        .list(&Kind::PODS.collection(&params.project)?, &[])
        .await?;
    let mut rows: Vec<_> = all
        .iter()
        .filter(|pod| pods::is_owned_by(pod, uid))
        .map(pods::row)
        .collect();
    rows.sort_by(|a, b| a.created.cmp(&b.created).then_with(|| a.name.cmp(&b.name)));
    let is_selected =
        |selected: &Option<String>, name: &str| selected.as_deref().is_none_or(|selected| selected == name);
    rows.retain(|row| is_selected(&params.pod, &row.name));
    Ok(rows
        .iter()
        .flat_map(|row| row.containers.iter().map(move |container| (row, container)))
        .filter(|(_, container)| is_selected(&params.container, &container.name))
        .filter(|(_, container)| !params.previous || container.restarts > 0)
        .map(|(row, container)| LogRequest {
            pod: row.name.clone(),
            container: container.name.clone(),
            previous: params.previous,
            timestamps: params.timestamps,
            ..LogRequest::default()
        })
        .collect())
}

/// Streams a single log as it is, and several each under a header, as `tail` does.
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
                    yield Ok(Bytes::from(format!("(cannot read this log: {error})\n")));
                    continue;
                }
            };
            loop {
                let chunk = match body.fill_buf().await {
                    Ok([]) => break,
                    Ok(chunk) => Bytes::copy_from_slice(chunk),
                    Err(error) => {
                        yield Ok(Bytes::from(format!("\n(this log was interrupted: {error})\n")));
                        break;
                    }
                };
                body.consume_unpin(chunk.len());
                yield Ok(chunk);
            }
        }
    }
}
