//! Reads one container's log and passes its new lines on.

use futures::{AsyncBufRead, AsyncBufReadExt};
use std::pin::pin;
use std::time::Duration;
use tokio::sync::mpsc::Sender;
use tokio::time::Instant;

use app::api::error::ApiError;

use crate::kubernetes::Cluster;
use crate::kubernetes::logs::LogRequest;
use crate::live::logs::at;
use crate::live::logs::line::{Splitter, Stamped};
use crate::live::logs::line_position::Position;
use crate::live::logs::resume::Cursor;

/// What a reader reports.
#[derive(Debug)]
pub enum Report {
    /// New lines of a log, and how far it was read with them.
    Lines(Vec<Stamped>, Option<Position>),
    /// This person may not read the log; its end follows.
    Refused(ApiError),
    /// The log was read to its end, or as far as it could be followed.
    End(End),
}

impl Report {
    fn is_empty(&self) -> bool {
        matches!(self, Self::Lines(lines, _) if lines.is_empty())
    }
}

/// Why a reader ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum End {
    /// The log ended.
    Complete,
    /// The connection broke, or the cluster did not answer (and why, if it said so): there may be more.
    Broken(Option<String>),
    /// Nothing was written, or the connection is dead: who knows.
    Silent,
    /// There is no such log, in the cluster's words.
    None(String),
    /// This person may not read it, or nobody listens any more.
    Refused,
}

/// Reads a log from `position` on, reporting as `key`. One that is followed may be silent for as long as `silence`.
pub async fn read(
    cluster: Cluster,
    project: String,
    log: LogRequest,
    (position, silence): (Option<Position>, Duration),
    key: String,
    send: Sender<(String, Report)>,
) {
    let mut disconnections = cluster.disconnections();
    let end = match cluster.log(&project, &log).await {
        Ok(stream) => {
            let silence = log.follow.then_some(silence);
            let lines = lines(stream, Cursor::new(position), silence, (&key, &send));
            tokio::select! {
                end = lines => end,
                // A connection whose other end has vanished says nothing for ever.
                () = disconnections.next_disconnection() => End::Broken(None),
            }
        }
        Err(error @ ApiError::Forbidden { .. }) => {
            // Nobody listens any more: nobody has to be told.
            let _ = send.send((key.clone(), Report::Refused(error))).await;
            End::Refused
        }
        Err(error) => {
            tracing::debug!(pod = log.pod, container = log.container, %error, "no log");
            match error {
                ApiError::NotFound { message } | ApiError::Invalid { message, .. } => End::None(message),
                error => End::Broken(Some(error.to_string())),
            }
        }
    };
    // Nobody listens any more: nobody has to be told.
    let _ = send.send((key, Report::End(end))).await;
}

async fn lines(
    stream: impl AsyncBufRead,
    mut cursor: Cursor,
    followed: Option<Duration>,
    (key, send): (&str, &Sender<(String, Report)>),
) -> End {
    let mut stream = pin!(stream);
    let mut splitter = Splitter::default();
    let mut end = None;
    while end.is_none() {
        let mut new = Vec::new();
        tokio::select! {
            bytes = stream.fill_buf() => match bytes {
                // Where a followed log stops, its last line may be half of one; the whole comes when it is read again.
                Ok([]) if followed.is_some() => end = Some(End::Complete),
                Ok([]) => {
                    if let Some(last) = splitter.end() {
                        cursor.take(last, &mut new);
                    }
                    cursor.give_up(&mut new);
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
                    tracing::debug!(key, %error, "a log broke off");
                    end = Some(End::Broken(None));
                }
            },
            () = at(cursor.holds_until()) => cursor.give_up(&mut new),
            () = at(followed.map(|silence| Instant::now() + silence)) => end = Some(End::Silent),
        }
        let report = Report::Lines(new, cursor.position());
        if !report.is_empty() && send.send((key.to_owned(), report)).await.is_err() {
            return End::Refused;
        }
    }
    end.unwrap_or(End::Refused)
}
