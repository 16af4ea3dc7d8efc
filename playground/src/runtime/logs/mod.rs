//! Container logs per container and attempt, in the CRI log format: each line with its timestamp, its stream and
//! whether it is full (`F`) or partial (`P`).

mod reader;
mod writer;

use std::collections::VecDeque;
use std::convert::Infallible;
use std::path::PathBuf;
use std::time::Duration;

use bytes::Bytes;
use futures::Stream;
use jiff::Timestamp;
use serde_json::Value;

use crate::cluster::Cluster;
use crate::resource::PODS;
use crate::runtime::logs::reader::{Line, Reader};
pub(super) use crate::runtime::logs::writer::{Writer, copy_output, truncate};
use crate::store::Key;

/// How often a follower polls for new lines.
const POLL_INTERVAL: Duration = Duration::from_millis(100);

/// Options of a log request, as in `PodLogOptions`.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct LogOptions {
    pub follow: bool,
    pub previous: bool,
    pub timestamps: bool,
    pub tail: Option<usize>,
    pub since: Option<Timestamp>,
    pub limit: Option<usize>,
}

/// Returns the directory of a Pod's logs.
pub(super) fn dir(cluster: &Cluster, pod: &Value) -> PathBuf {
    let metadata = &pod["metadata"];
    let text = |field: &str| metadata[field].as_str().unwrap_or_default();
    let dir = format!("{}_{}_{}", text("namespace"), text("name"), text("uid"));
    cluster.data_dir.join("logs").join(dir)
}

/// Returns the log file of an attempt (the container's restart count).
fn file(cluster: &Cluster, pod: &Value, container: &str, attempt: i64) -> PathBuf {
    dir(cluster, pod).join(container).join(format!("{attempt}.log"))
}

/// Reads a log; returns `None` if the container has not started (or, for `previous`, never ended before).
pub(crate) fn read(
    cluster: &Cluster,
    pod: &Value,
    container: &str,
    options: LogOptions,
) -> Option<impl Stream<Item = Result<Bytes, Infallible>> + Send + 'static> {
    let restarts = restarts(pod, container);
    // While a container waits for its restart, its previous attempt is the last one that ran.
    let attempt = if options.previous && !waits_for_restart(pod, container) {
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
        let mut reader = Reader::new(path);
        let mut left = options.limit.unwrap_or(usize::MAX);
        let follow = options.follow && !options.previous;
        let wanted = |line: &Line| options.since.is_none_or(|since| line.time >= since);
        let mut tail = options.tail;
        // First the existing content, which is finite; then what is appended.
        let mut first = true;
        loop {
            // Checked before the file is read, so that nothing written before the end is missed.
            let has_finished = has_ended(&cluster, &key, &container, attempt);
            let (mut lines, mut more) = reader.next(!first).await;
            lines.retain(wanted);
            let mut chosen = VecDeque::from(lines);
            if let Some(tail) = tail.take() {
                loop {
                    let above = chosen.len().saturating_sub(lines_of(&chosen, tail));
                    chosen.drain(..above);
                    if !more {
                        break;
                    }
                    (lines, more) = reader.next(false).await;
                    lines.retain(wanted);
                    chosen.extend(lines);
                }
            }
            let mut out = Vec::new();
            for line in chosen {
                if options.timestamps && line.is_start {
                    out.extend_from_slice(line.stamp.as_bytes());
                    out.push(b' ');
                }
                out.extend_from_slice(&line.text);
                if line.is_full {
                    out.push(b'\n');
                }
            }
            out.truncate(left);
            left -= out.len();
            if !out.is_empty() {
                yield Ok(Bytes::from(out));
            }
            if left == 0 {
                break;
            }
            if more {
                continue;
            }
            if !follow || has_finished && !first {
                break;
            }
            if !first {
                tokio::time::sleep(POLL_INTERVAL).await;
            }
            first = false;
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

fn waits_for_restart(pod: &Value, container: &str) -> bool {
    status_of(pod, container).is_some_and(|status| {
        status["state"]["waiting"].is_object() && status["lastState"]["terminated"].is_object()
    })
}

fn has_ended(cluster: &Cluster, key: &Key, container: &str, attempt: i64) -> bool {
    let Ok(Some(pod)) = cluster.store.get(key) else {
        return true;
    };
    let running = status_of(&pod, container).is_some_and(|status| status["state"]["running"].is_object());
    restarts(&pod, container) != attempt || !running
}

/// Returns how many entries make up the last `lines` lines, full or partial.
fn lines_of(entries: &VecDeque<Line>, lines: usize) -> usize {
    let mut left = lines;
    let mut count = 0;
    for entry in entries.iter().rev() {
        if left == 0 {
            break;
        }
        count += 1;
        left -= usize::from(entry.is_start);
    }
    count
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::clock::Clock;
    use crate::runtime::logs::writer::{MAX_ENTRY, MAX_SIZE, TRUNCATED_SIZE, entries, rotated};
    use crate::store::Store;

    fn setting() -> (tempfile::TempDir, Cluster, Value) {
        let dir = tempfile::tempdir().unwrap();
        let cluster = Cluster::new(Store::in_memory(), Clock::system(), dir.path().into());
        let pod = json!({"metadata": {"namespace": "demo", "name": "pi", "uid": "1"}});
        (dir, cluster, pod)
    }

    fn texts(lines: &[Line]) -> Vec<String> {
        lines
            .iter()
            .map(|line| String::from_utf8(line.text.clone()).unwrap())
            .collect()
    }

    #[test]
    fn log_keeps_five_files_of_ten_mebibytes() {
        let (_folder, cluster, pod) = setting();
        let mut log = Writer::open(&cluster, &pod, "main", 0).unwrap();
        let block = entries("x".repeat(MAX_ENTRY).as_bytes(), "stdout");
        for _ in 0..(8 * MAX_SIZE / block.len() as u64) {
            log.write(&block);
        }
        let files = rotated(&log.path);
        assert_eq!(files.len(), 4);
        for path in files.iter().map(|(_, path)| path).chain([&log.path]) {
            assert!(std::fs::metadata(path).unwrap().len() <= MAX_SIZE);
        }
        truncate(&cluster, &pod).unwrap();
        assert_eq!(rotated(&log.path).len(), 0);
        assert!(std::fs::metadata(&log.path).unwrap().len() <= TRUNCATED_SIZE);
    }

    #[test]
    fn follower_misses_nothing_across_rotation() {
        let (_folder, cluster, pod) = setting();
        let mut log = Writer::open(&cluster, &pod, "main", 0).unwrap();
        let mut reader = Reader::new(log.path.clone());
        let mut seen = Vec::new();
        for number in 0..30 {
            log.write(&entries(format!("line {number}\n").as_bytes(), "stdout"));
            if number % 3 == 2 {
                log.rotate().unwrap();
            }
            // Up to three rotations behind; four rotated files are kept.
            if number == 0 || number % 9 == 8 {
                while let (lines, true) = reader.read(true).unwrap() {
                    seen.extend(texts(&lines));
                }
            }
        }
        while let (lines, true) = reader.read(true).unwrap() {
            seen.extend(texts(&lines));
        }
        let expected: Vec<_> = (0..30).map(|number| format!("line {number}")).collect();
        assert_eq!(seen, expected);
    }

    #[test]
    fn long_line_is_split_into_partial_entries() {
        let output = [vec![b'a'; MAX_ENTRY + 1], b"\nb\nc".to_vec()].concat();
        let kept = entries(&output, "stderr");
        let shown: Vec<_> = kept
            .split(|byte| *byte == b'\n')
            .filter(|entry| !entry.is_empty())
            .map(|entry| Line::parse(entry, true).unwrap())
            .map(|line| (line.text.len(), line.is_full))
            .collect();
        assert_eq!(shown, [(MAX_ENTRY, false), (1, true), (1, true), (1, false)]);
    }

    #[test]
    fn only_last_two_attempts_are_kept() {
        let (_folder, cluster, pod) = setting();
        for attempt in 0..4 {
            Writer::open(&cluster, &pod, "main", attempt)
                .unwrap()
                .write(b"x\n");
        }
        let kept = |attempt| file(&cluster, &pod, "main", attempt).exists();
        assert_eq!([0, 1, 2, 3].map(kept), [false, false, true, true]);
    }
}
