//! Reads one container's log and passes its new lines on.

use futures::{AsyncBufRead, AsyncBufReadExt};
use std::pin::pin;
use tokio::sync::mpsc::Sender;

use app::api::error::ApiError;

use super::line::{Splitter, Stamped};
use super::position::{Filter, Position};
use crate::cluster::Cluster;
use crate::cluster::logs::LogRequest;

/// What a reader reports.
#[derive(Debug)]
pub enum Report {
    /// New lines of a log.
    Lines(Vec<Stamped>),
    /// This person may not read the log; its end follows.
    Refused(ApiError),
    /// The log was read to its end, or as far as it could be followed.
    End(End),
}

/// Why a reader ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// The log ended.
    Complete,
    /// The connection broke, or the cluster did not answer: there may be more.
    Broken,
    /// There is no such log (any more).
    None,
}

/// Reads a log from `position` on, reporting as `key`.
pub async fn read(
    cluster: Cluster,
    project: String,
    log: LogRequest,
    position: Option<Position>,
    key: String,
    send: Sender<(String, Report)>,
) {
    let end = match cluster.log(&project, &log).await {
        Ok(stream) => lines(stream, Filter::new(position), &key, &send).await,
        Err(ApiError::Unreachable { .. }) => End::Broken,
        // The API server answers, but not the node's kubelet.
        Err(ApiError::Other { code: 500.., .. }) => End::Broken,
        Err(error @ ApiError::Forbidden { .. }) => {
            // Nobody listens any more: nobody has to be told.
            let _ = send.send((key.clone(), Report::Refused(error))).await;
            End::None
        }
        Err(error) => {
            tracing::debug!(pod = log.pod, container = log.container, %error, "no log");
            End::None
        }
    };
    // Nobody listens any more: nobody has to be told.
    let _ = send.send((key, Report::End(end))).await;
}

async fn lines(
    stream: impl AsyncBufRead,
    mut filter: Filter,
    key: &str,
    send: &Sender<(String, Report)>,
) -> End {
    let mut stream = pin!(stream);
    let mut splitter = Splitter::default();
    loop {
        let (length, lines) = match stream.fill_buf().await {
            Ok([]) => {
                let last: Vec<Stamped> = splitter
                    .end()
                    .into_iter()
                    .filter(|line| filter.is_new(line))
                    .collect();
                if !last.is_empty() && send.send((key.to_owned(), Report::Lines(last))).await.is_err() {
                    return End::None;
                }
                return End::Complete;
            }
            Ok(bytes) => (bytes.len(), splitter.take(bytes)),
            Err(error) => {
                tracing::debug!(key, %error, "a log broke off");
                return End::Broken;
            }
        };
        stream.as_mut().consume(length);
        let new: Vec<Stamped> = lines.into_iter().filter(|line| filter.is_new(line)).collect();
        if !new.is_empty() && send.send((key.to_owned(), Report::Lines(new))).await.is_err() {
            return End::None;
        }
    }
}
