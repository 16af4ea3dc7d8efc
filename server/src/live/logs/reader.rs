//! Reads one container's log and reports its new lines.

use futures::{AsyncBufRead, AsyncBufReadExt};
use std::pin::pin;
use std::time::Duration;
use tokio::sync::mpsc::Sender;
use tokio::time::Instant;

use app::api::error::ApiError;

use crate::kubernetes::Cluster;
use crate::kubernetes::logs::LogRequest;
use crate::live::at;
use crate::live::logs::line::{LineSplitter, TimestampedLine};
use crate::live::logs::line_position::Position;
use crate::live::logs::resume::{Cursor, Identity};

/// A report of a reader.
#[derive(Debug)]
pub enum Report {
    /// New lines of a log.
    Lines(Chunk),
    /// The user may not read the log; its end follows.
    Refused(ApiError),
    /// The log was read to its end, or as far as possible.
    End(End),
}

/// New lines of a log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chunk {
    /// The lines, in the log's order.
    pub lines: Vec<TimestampedLine>,
    /// The position after them.
    pub position: Option<Position>,
    /// Whether the log is the one that was sent before.
    pub identity: Identity,
}

/// Why a reader ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum End {
    /// The log is complete.
    Complete,
    /// The connection broke or the cluster did not respond (with its message, if any): there may be more.
    Broken(Option<String>),
    /// The idle timeout passed: nothing was written, or the connection is dead.
    IdleTimeout,
    /// It was read for so long that the cluster has to check again whether the user may read it.
    Unchecked,
    /// The log does not exist, with the cluster's message.
    None(String),
    /// The user may not read it, or the stream was closed.
    Refused,
}

/// Reads a log from `position` on, reporting as `key`. `idle_timeout` applies to a followed log only.
pub async fn read(
    cluster: Cluster,
    project: String,
    log: LogRequest,
    (position, idle_timeout): (Option<Position>, Duration),
    key: String,
    send: Sender<(String, Report)>,
) {
    let mut disconnections = cluster.disconnections();
    let end = match cluster.log(&project, &log).await {
        Ok(stream) => {
            let idle_timeout = log.follow.then_some(idle_timeout);
            let lines = lines(stream, Cursor::new(position), idle_timeout, (&key, &send));
            let unchecked = cluster.max_unchecked().filter(|_| log.follow);
            tokio::select! {
                end = lines => end,
                // A half-open connection never returns an error.
                () = disconnections.next_disconnection() => End::Broken(None),
                () = at(unchecked.map(|time| Instant::now() + time)) => End::Unchecked,
            }
        }
        Err(error @ ApiError::Forbidden { .. }) => {
            // Fails if the stream was closed.
            let _ = send.send((key.clone(), Report::Refused(error))).await;
            End::Refused
        }
        Err(error) => {
            tracing::debug!(pod = log.pod, container = log.container, %error, "cannot read the log");
            match error {
                ApiError::NotFound { message } | ApiError::Invalid { message, .. } => End::None(message),
                error => End::Broken(Some(error.to_string())),
            }
        }
    };
    // Fails if the stream was closed.
    let _ = send.send((key, Report::End(end))).await;
}

async fn lines(
    stream: impl AsyncBufRead,
    mut cursor: Cursor,
    followed: Option<Duration>,
    (key, send): (&str, &Sender<(String, Report)>),
) -> End {
    let mut stream = pin!(stream);
    let mut splitter = LineSplitter::default();
    let mut end = None;
    while end.is_none() {
        let mut new = Vec::new();
        tokio::select! {
            bytes = stream.fill_buf() => match bytes {
                // The last line of an interrupted followed log may be incomplete; it is read again as a whole.
                Ok([]) if followed.is_some() => end = Some(End::Complete),
                Ok([]) => {
                    if let Some(last) = splitter.end() {
                        cursor.take(last, &mut new);
                    }
                    cursor.release_held(&mut new);
                    end = Some(End::Complete);
                }
                Ok(bytes) => {
                    let length = bytes.len();
                    for line in splitter.take(bytes) {
                        cursor.take(line, &mut new);
                    }
                    stream.as_mut().consume(length);
                }
                Err(error) => {
                    tracing::debug!(key, %error, "the log was interrupted");
                    end = Some(End::Broken(None));
                }
            },
            () = at(cursor.holds_until()) => cursor.release_held(&mut new),
            () = at(followed.map(|idle_timeout| Instant::now() + idle_timeout)) => end = Some(End::IdleTimeout),
        }
        if new.is_empty() {
            continue;
        }
        let report = Report::Lines(Chunk {
            lines: new,
            position: cursor.position(),
            identity: cursor.identity(),
        });
        if send.send((key.to_owned(), report)).await.is_err() {
            return End::Refused;
        }
    }
    end.unwrap_or(End::Refused)
}
