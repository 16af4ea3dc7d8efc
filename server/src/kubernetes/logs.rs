//! Reading a container's log.

use axum::http::Request;
use futures::AsyncBufRead;
use http::header::ACCEPT;
use jiff::Timestamp;

use app::api::error::ApiError;

use crate::kubernetes::error::from_kube;
use crate::kubernetes::{Cluster, Kind};

/// Which part of which log.
#[derive(Debug, Clone, Default)]
pub struct LogRequest {
    /// Pod.
    pub pod: String,
    /// Container.
    pub container: String,
    /// Wait for more until the container ends.
    pub follow: bool,
    /// The log of the container's last run but one.
    pub previous: bool,
    /// Begin each line with its time.
    pub timestamps: bool,
    /// Only this many last lines.
    pub tail: Option<u32>,
    /// Only lines since the second of this time.
    pub since: Option<Timestamp>,
}

impl Cluster {
    /// Opens a log. Only the beginning of the answer is bounded in time: a followed log lasts as long as it lasts.
    pub async fn log(
        &self,
        project: &str,
        log: &LogRequest,
    ) -> Result<impl AsyncBufRead + Send + use<>, ApiError> {
        let mut query = vec![("container", log.container.clone())];
        for (name, wanted) in [
            ("follow", log.follow),
            ("previous", log.previous),
            ("timestamps", log.timestamps),
        ] {
            if wanted {
                query.push((name, "true".to_owned()));
            }
        }
        if let Some(tail) = log.tail {
            query.push(("tailLines", tail.to_string()));
        }
        if let Some(since) = log.since {
            // `metav1.Time` knows seconds only.
            query.push(("sinceTime", since.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()));
        }
        let impossible = |message: String| ApiError::Console { message };
        let query = serde_urlencoded::to_string(query).map_err(|error| impossible(error.to_string()))?;
        let uri = format!("{}/log?{query}", Kind::PODS.object(project, &log.pod)?);
        let request = Request::get(uri)
            .header(ACCEPT, "*/*")
            .body(Vec::new())
            .map_err(|error| impossible(error.to_string()))?;
        let client = self.client();
        let opened = tokio::time::timeout(self.timeout(), client.request_stream(request)).await;
        match opened {
            Ok(opened) => opened.map_err(|error| from_kube(&error)),
            Err(_) => Err(ApiError::Unreachable {
                message: "the log is not sent".to_owned(),
            }),
        }
    }
}
