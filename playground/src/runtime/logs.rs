//! What containers wrote, per container and attempt, in the format of container runtimes (CRI): each line with its
//! time, its stream and whether it is whole (`F`) or goes on (`P`).

use std::convert::Infallible;
use std::path::{Path, PathBuf};
use std::time::Duration;

use bytes::Bytes;
use futures::Stream;
use jiff::Timestamp;
use serde_json::Value;
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncWriteExt, BufReader};
use tokio::sync::Mutex;

use crate::cluster::Cluster;
use crate::resource::PODS;
use crate::store::Key;

/// A line longer than this is kept in parts, as by container runtimes.
const PART: usize = 16 * 1024;
/// How often a follower looks for more.
const LOOK: Duration = Duration::from_millis(100);

/// Which lines a reader wants.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct LogOptions {
    pub follow: bool,
    pub previous: bool,
    pub timestamps: bool,
    pub tail: Option<usize>,
    pub since: Option<Timestamp>,
    pub limit: Option<usize>,
}

/// The file of an attempt (the container's restart count).
pub(super) fn file(cluster: &Cluster, pod: &Value, container: &str, attempt: i64) -> PathBuf {
    let metadata = &pod["metadata"];
    let text = |field: &str| metadata[field].as_str().unwrap_or_default();
    let folder = format!("{}_{}_{}", text("namespace"), text("name"), text("uid"));
    cluster
        .data_dir
        .join("logs")
        .join(folder)
        .join(container)
        .join(format!("{attempt}.log"))
}

/// Copies a stream into the log, line by line, until it ends.
pub(super) async fn keep(stream: impl AsyncRead + Unpin, name: &'static str, file: &Mutex<tokio::fs::File>) {
    let mut reader = BufReader::with_capacity(PART, stream);
    loop {
        let (line, whole, used) = match reader.fill_buf().await {
            Ok([]) | Err(_) => break,
            Ok(buffer) => match buffer.iter().position(|byte| *byte == b'\n') {
                Some(end) => (buffer[..end].to_vec(), true, end + 1),
                None => (buffer.to_vec(), false, buffer.len()),
            },
        };
        reader.consume(used);
        let mut entry = format!(
            "{:.9} {name} {} ",
            Timestamp::now(),
            if whole { "F" } else { "P" }
        )
        .into_bytes();
        entry.extend_from_slice(&line);
        entry.push(b'\n');
        let mut file = file.lock().await;
        if let Err(error) = file.write_all(&entry).await {
            tracing::warn!(%error, "output of a container is lost");
        }
        if let Err(error) = file.flush().await {
            tracing::warn!(%error, "output of a container is lost");
        }
    }
}

/// Reads a log; none if the container has not started (or, for `previous`, never ended before).
pub(crate) fn read(
    cluster: &Cluster,
    pod: &Value,
    container: &str,
    options: LogOptions,
) -> Option<impl Stream<Item = Result<Bytes, Infallible>> + Send + 'static> {
    let restarts = restarts(pod, container);
    let attempt = if options.previous {
        restarts.checked_sub(1).filter(|attempt| *attempt >= 0)?
    } else {
        restarts
    };
    let path = file(cluster, pod, container, attempt);
    if !path.exists() {
        return None;
    }
    let (cluster, container) = (cluster.clone(), container.to_owned());
    let key = Key::of(&PODS, pod).ok()?;
    Some(async_stream::stream! {
        let mut at = 0;
        let mut left = options.limit.unwrap_or(usize::MAX);
        let mut first = true;
        loop {
            // Asked before the file is read: what was written before the end is not missed.
            let over = !options.follow || options.previous || has_ended(&cluster, &key, &container, attempt);
            let (lines, end) = lines_from(&path, at).await;
            at = end;
            let mut chosen: Vec<_> = lines.into_iter().filter(|line| options.since.is_none_or(|since| line.time >= since)).collect();
            if first && let Some(tail) = options.tail {
                chosen.drain(..chosen.len().saturating_sub(tail));
            }
            first = false;
            let mut out = Vec::new();
            for line in chosen {
                if options.timestamps && line.begins {
                    out.extend_from_slice(line.stamp.as_bytes());
                    out.push(b' ');
                }
                out.extend_from_slice(&line.text);
                if line.whole {
                    out.push(b'\n');
                }
            }
            out.truncate(left);
            left -= out.len();
            if !out.is_empty() {
                yield Ok(Bytes::from(out));
            }
            if over || left == 0 {
                break;
            }
            tokio::time::sleep(LOOK).await;
        }
    })
}

fn status_of<'a>(pod: &'a Value, container: &str) -> Option<&'a Value> {
    ["containerStatuses", "initContainerStatuses"]
        .into_iter()
        .flat_map(|list| pod["status"][list].as_array().map_or(&[][..], Vec::as_slice))
        .find(|status| status["name"] == container)
}

fn restarts(pod: &Value, container: &str) -> i64 {
    status_of(pod, container)
        .and_then(|status| status["restartCount"].as_i64())
        .unwrap_or(0)
}

fn has_ended(cluster: &Cluster, key: &Key, container: &str, attempt: i64) -> bool {
    let Ok(Some(pod)) = cluster.store.get(key) else {
        return true;
    };
    let running = status_of(&pod, container).is_some_and(|status| status["state"]["running"].is_object());
    restarts(&pod, container) != attempt || !running
}

struct Line {
    time: Timestamp,
    stamp: String,
    text: Vec<u8>,
    whole: bool,
    /// The first part of its line.
    begins: bool,
}

/// Whole entries after a byte, and where they end.
async fn lines_from(path: &Path, at: usize) -> (Vec<Line>, usize) {
    use tokio::io::{AsyncReadExt, AsyncSeekExt};

    let read = async {
        let mut file = tokio::fs::File::open(path).await?;
        file.seek(std::io::SeekFrom::Start(at as u64)).await?;
        let mut content = Vec::new();
        file.read_to_end(&mut content).await?;
        Ok::<_, std::io::Error>(content)
    };
    let content = match read.await {
        Ok(content) => content,
        Err(error) => {
            tracing::warn!(%error, "a log cannot be read");
            return (Vec::new(), at);
        }
    };
    let end = content
        .iter()
        .rposition(|byte| *byte == b'\n')
        .map_or(0, |last| last + 1);
    let mut begins = true;
    let lines = content[..end]
        .split(|byte| *byte == b'\n')
        .filter_map(|entry| {
            let mut parts = entry.splitn(4, |byte| *byte == b' ');
            let stamp = std::str::from_utf8(parts.next()?).ok()?.to_owned();
            let _stream = parts.next()?;
            let whole = parts.next()? == b"F";
            let line = Line {
                time: stamp.parse().ok()?,
                stamp,
                text: parts.next()?.to_vec(),
                whole,
                begins,
            };
            begins = whole;
            Some(line)
        })
        .collect();
    (lines, at + end)
}
