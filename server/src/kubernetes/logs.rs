//! Reads the log of a container.

use axum::http::Request;
use futures::AsyncBufRead;
use http::header::ACCEPT;
use jiff::Timestamp;

use app::api::error::ApiError;

use crate::kubernetes::error::from_kube;
use crate::kubernetes::{Cluster, Kind};

/// Which part of which log to read.
#[derive(Debug, Clone, Default)]
pub struct LogRequest {
    /// Name of the Pod.
    pub pod: String,
    /// Name of the container.
    pub container: String,
    /// Stream new lines until the container terminates.
    pub follow: bool,
    /// Read the log of the container's previous run.
    pub previous: bool,
    /// Prefix each line with its time.
    pub timestamps: bool,
    /// Only the last `tail` lines.
    pub tail: Option<u32>,
    /// Only lines since this time, to the second.
    pub since: Option<Timestamp>,
}

impl Cluster {
    /// Opens a log. Only the start of the response has a timeout: a followed log has no end of its own.
    pub async fn log(
        &self,
        project: &str,
        log: &LogRequest,
    ) -> Result<impl AsyncBufRead + Send + use<>, ApiError> {
        let mut query = vec![("container", log.container.clone())];
        for (name, is_set) in [
            ("follow", log.follow),
            ("previous", log.previous),
            ("timestamps", log.timestamps),
        ] {
            if is_set {
                query.push((name, "true".to_owned()));
            }
        }
        if let Some(tail) = log.tail {
            query.push(("tailLines", tail.to_string()));
        }
        if let Some(since) = log.since {
            // `metav1.Time` has a resolution of one second.
            query.push(("sinceTime", since.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()));
        }
        let console_error = |message: String| ApiError::Console { message };
        let query = serde_urlencoded::to_string(query).map_err(|error| console_error(error.to_string()))?;
        let uri = format!("{}/log?{query}", Kind::PODS.object(project, &log.pod)?);
        let request = Request::get(uri)
            .header(ACCEPT, "*/*")
            .body(Vec::new())
            .map_err(|error| console_error(error.to_string()))?;
        let client = self.client();
        let opened = tokio::time::timeout(self.timeout(), client.request_stream(request)).await;
        match opened {
            Ok(opened) => opened.map_err(|error| from_kube(&error)),
            Err(_) => Err(ApiError::Unreachable {
                message: "the cluster did not send the log in time".to_owned(),
            }),
        }
    }
}
