//! What containers wrote, per container and attempt, in the format of container runtimes (CRI): each line with its
//! time, its stream and whether it is whole (`F`) or goes on (`P`).

use std::collections::VecDeque;
use std::convert::Infallible;
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use futures::Stream;
use jiff::Timestamp;
use serde_json::Value;
use tokio::io::{AsyncBufReadExt, AsyncRead, BufReader};

use crate::cluster::Cluster;
use crate::resource::PODS;
use crate::store::Key;

/// A line longer than this is kept in parts, as by container runtimes.
const PART: usize = 16 * 1024;
/// Bytes of a file (the kubelet's `containerLogMaxSize`).
const MAX_SIZE: u64 = 10 << 20;
/// Files of an attempt (the kubelet's `containerLogMaxFiles`).
const MAX_FILES: usize = 5;
/// Bytes that are left of a log when the disk is full.
const SHRUNK: u64 = 64 << 10;
/// Bytes that are read at once.
const CHUNK: u64 = 1 << 20;
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

/// The folder of a Pod's logs.
pub(super) fn folder(cluster: &Cluster, pod: &Value) -> PathBuf {
    let metadata = &pod["metadata"];
    let text = |field: &str| metadata[field].as_str().unwrap_or_default();
    let folder = format!("{}_{}_{}", text("namespace"), text("name"), text("uid"));
    cluster.data_dir.join("logs").join(folder)
}

/// The file of an attempt (the container's restart count).
fn file(cluster: &Cluster, pod: &Value, container: &str, attempt: i64) -> PathBuf {
    folder(cluster, pod)
        .join(container)
        .join(format!("{attempt}.log"))
}

/// The log of an attempt that runs. It is rotated as by the kubelet: a full file gets a number, and the oldest goes.
pub(super) struct Writer {
    path: PathBuf,
    file: File,
    size: u64,
    next: u64,
    /// The last write failed; it has been said.
    failing: bool,
}

impl Writer {
    /// Opens the log of an attempt, and removes those of attempts before the last one, as the kubelet does.
    pub fn open(cluster: &Cluster, pod: &Value, container: &str, attempt: i64) -> io::Result<Self> {
        let path = file(cluster, pod, container, attempt);
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder)?;
            for old in std::fs::read_dir(folder)?.flatten() {
                let name = old.file_name();
                let number = name
                    .to_str()
                    .and_then(|name| name.split('.').next()?.parse::<i64>().ok());
                if number.is_some_and(|number| number + 1 < attempt) {
                    std::fs::remove_file(old.path())?;
                }
            }
        }
        let file = append(&path)?;
        let size = file.metadata()?.len();
        let next = rotated(&path).last().map_or(1, |(last, _)| last + 1);
        Ok(Self {
            path,
            file,
            size,
            next,
            failing: false,
        })
    }

    /// Appends whole entries. What the disk does not take is lost, and what was taken of it is taken back: an entry
    /// that is cut short would spoil the next.
    fn write(&mut self, entries: &[u8]) {
        match self.append(entries) {
            Ok(()) => self.failing = false,
            Err(error) => {
                if !self.failing {
                    tracing::warn!(%error, log = %self.path.display(), "output of a container is lost");
                }
                self.failing = true;
                if let Err(error) = self.file.set_len(self.size) {
                    tracing::debug!(%error, "a log keeps half an entry");
                }
            }
        }
    }

    fn append(&mut self, entries: &[u8]) -> io::Result<()> {
        if self.size > 0 && self.size + entries.len() as u64 > MAX_SIZE {
            self.rotate()?;
        }
        self.file.write_all(entries)?;
        self.size += entries.len() as u64;
        Ok(())
    }

    fn rotate(&mut self) -> io::Result<()> {
        std::fs::rename(&self.path, numbered(&self.path, self.next))?;
        self.next += 1;
        let old = rotated(&self.path);
        for (_, path) in old.iter().take((old.len() + 1).saturating_sub(MAX_FILES)) {
            std::fs::remove_file(path)?;
        }
        self.file = append(&self.path)?;
        self.size = 0;
        Ok(())
    }
}

fn append(path: &Path) -> io::Result<File> {
    use std::os::unix::fs::OpenOptionsExt;

    let mut options = std::fs::OpenOptions::new();
    options.create(true).append(true).mode(0o600).open(path)
}

fn numbered(path: &Path, number: u64) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(format!(".{number}"));
    name.into()
}

/// The full files of a log, oldest first.
fn rotated(path: &Path) -> Vec<(u64, PathBuf)> {
    let (Some(folder), Some(name)) = (path.parent(), path.file_name().and_then(|name| name.to_str())) else {
        return Vec::new();
    };
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let mut all: Vec<_> = entries
        .filter_map(|entry| {
            let entry_name = entry.file_name();
            let number = entry_name
                .to_str()?
                .strip_prefix(name)?
                .strip_prefix('.')?
                .parse()
                .ok()?;
            Some((number, entry.path()))
        })
        .collect();
    all.sort();
    all
}

/// Leaves of a Pod's logs only the ends of the newest files: the disk is full, and the Pod will write no more.
pub(super) fn shrink(cluster: &Cluster, pod: &Value) -> io::Result<()> {
    let containers = match std::fs::read_dir(folder(cluster, pod)) {
        Ok(containers) => containers,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(error),
    };
    for file in containers
        .flatten()
        .flat_map(|container| std::fs::read_dir(container.path()))
        .flatten()
    {
        let path = file?.path();
        if path.extension().is_none_or(|extension| extension != "log") {
            std::fs::remove_file(path)?;
            continue;
        }
        let mut log = std::fs::OpenOptions::new().read(true).write(true).open(&path)?;
        let size = log.metadata()?.len();
        if size <= SHRUNK {
            continue;
        }
        log.seek(SeekFrom::Start(size - SHRUNK))?;
        let mut end = Vec::new();
        log.read_to_end(&mut end)?;
        let whole = end
            .iter()
            .position(|byte| *byte == b'\n')
            .map_or(end.len(), |line| line + 1);
        log.set_len(0)?;
        log.seek(SeekFrom::Start(0))?;
        log.write_all(&end[whole..])?;
    }
    Ok(())
}

/// Copies a stream into the log, line by line, until it ends. Without a log it is read all the same, or the command
/// would wait or fail.
pub(super) async fn keep(
    mut stream: impl AsyncRead + Unpin,
    name: &'static str,
    log: Option<&Arc<Mutex<Writer>>>,
) {
    let Some(log) = log else {
        // Its end is all that matters.
        let _ = tokio::io::copy(&mut stream, &mut tokio::io::sink()).await;
        return;
    };
    let mut reader = BufReader::with_capacity(4 * PART, stream);
    loop {
        let (entries, used) = match reader.fill_buf().await {
            Ok([]) | Err(_) => break,
            Ok(buffer) => (entries(buffer, name), buffer.len()),
        };
        reader.consume(used);
        let log = Arc::clone(log);
        let write = move || log.lock().unwrap_or_else(PoisonError::into_inner).write(&entries);
        if tokio::task::spawn_blocking(write).await.is_err() {
            break;
        }
    }
}

/// Output as entries: a line each, and parts of what has no end yet or is long.
fn entries(output: &[u8], stream: &str) -> Vec<u8> {
    let now = format!("{:.9}", Timestamp::now());
    let mut entries = Vec::with_capacity(output.len() * 2);
    let mut entry = |text: &[u8], tag: &str| {
        for word in [
            now.as_bytes(),
            b" ",
            stream.as_bytes(),
            b" ",
            tag.as_bytes(),
            b" ",
            text,
            b"\n",
        ] {
            entries.extend_from_slice(word);
        }
    };
    for line in output.split_inclusive(|byte| *byte == b'\n') {
        let (mut text, whole) = match line.strip_suffix(b"\n") {
            Some(text) => (text, true),
            None => (line, false),
        };
        while text.len() > PART {
            let (part, rest) = text.split_at(PART);
            entry(part, "P");
            text = rest;
        }
        entry(text, if whole { "F" } else { "P" });
    }
    entries
}

/// Reads a log; none if the container has not started (or, for `previous`, never ended before).
pub(crate) fn read(
    cluster: &Cluster,
    pod: &Value,
    container: &str,
    options: LogOptions,
) -> Option<impl Stream<Item = Result<Bytes, Infallible>> + Send + 'static> {
    let restarts = restarts(pod, container);
    // While a container waits for its restart, the run before is the last one that there was.
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
        // First what is there when the reader comes, which ends; then what comes.
        let mut first = true;
        loop {
            // Asked before the file is read: what was written before the end is not missed.
            let over = has_ended(&cluster, &key, &container, attempt);
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
            if left == 0 {
                break;
            }
            if more {
                continue;
            }
            if !follow || over && !first {
                break;
            }
            if !first {
                tokio::time::sleep(LOOK).await;
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

struct Line {
    time: Timestamp,
    stamp: String,
    text: Vec<u8>,
    whole: bool,
    /// The first part of its line.
    begins: bool,
}

/// How many entries the last `lines` whole or begun lines are.
fn lines_of(entries: &VecDeque<Line>, lines: usize) -> usize {
    let mut left = lines;
    let mut count = 0;
    for entry in entries.iter().rev() {
        if left == 0 {
            break;
        }
        count += 1;
        left -= usize::from(entry.begins);
    }
    count
}

/// Reads a log from the beginning of its newest file, as the kubelet does; a follower goes on over rotations.
struct Reader {
    path: PathBuf,
    file: Option<File>,
    at: u64,
    /// Where the file ended when the reader came.
    end: Option<u64>,
    /// The last entry was a part that goes on.
    within: bool,
}

impl Reader {
    fn new(path: PathBuf) -> Self {
        Self {
            path,
            file: None,
            at: 0,
            end: None,
            within: false,
        }
    }

    /// The next entries, and whether there are more already: up to where the file ended when the reader came, or for
    /// a follower up to now.
    async fn next(&mut self, follow: bool) -> (Vec<Line>, bool) {
        let mut reader = Self {
            path: self.path.clone(),
            file: self.file.take(),
            at: self.at,
            end: self.end,
            within: self.within,
        };
        let read = tokio::task::spawn_blocking(move || {
            let read = reader.read(follow);
            (reader, read)
        });
        match read.await {
            Ok((reader, Ok(read))) => {
                *self = reader;
                read
            }
            Ok((_, Err(error))) => {
                tracing::warn!(%error, "a log cannot be read");
                (Vec::new(), false)
            }
            Err(_) => (Vec::new(), false),
        }
    }

    fn read(&mut self, follow: bool) -> io::Result<(Vec<Line>, bool)> {
        let file = match &self.file {
            Some(file) => file,
            None => self.file.insert(File::open(&self.path)?),
        };
        let end = match self.end {
            Some(end) => end,
            None => *self.end.insert(file.metadata()?.len()),
        };
        let left = if follow {
            CHUNK
        } else {
            end.saturating_sub(self.at).min(CHUNK)
        };
        let mut content = Vec::new();
        let mut chunk = file;
        chunk.seek(SeekFrom::Start(self.at))?;
        chunk.take(left).read_to_end(&mut content)?;
        let Some(last) = content.iter().rposition(|byte| *byte == b'\n') else {
            let more = follow && self.rotate()?;
            return Ok((Vec::new(), more));
        };
        content.truncate(last);
        self.at += last as u64 + 1;
        let mut within = self.within;
        let lines = content.split(|byte| *byte == b'\n').filter_map(|entry| {
            let line = Line::parse(entry, !within)?;
            within = !line.whole;
            Some(line)
        });
        let lines = lines.collect();
        self.within = within;
        Ok((lines, true))
    }

    /// Goes to the file after this one, if this one was rotated.
    fn rotate(&mut self) -> io::Result<bool> {
        use std::os::unix::fs::MetadataExt;

        let Some(file) = &self.file else { return Ok(false) };
        let own = file.metadata()?;
        // A log that was shrunk goes on at its new end.
        if own.len() < self.at {
            self.at = own.len();
        }
        let is_own = |path: &Path| {
            std::fs::metadata(path).is_ok_and(|meta| (meta.dev(), meta.ino()) == (own.dev(), own.ino()))
        };
        if is_own(&self.path) {
            return Ok(false);
        }
        // Everything in it was there before it got its number: read to its end before going on.
        if own.len() > self.at {
            return Ok(true);
        }
        let all = rotated(&self.path);
        let after = all
            .iter()
            .position(|(_, path)| is_own(path))
            .map_or(0, |own| own + 1);
        let next = all.get(after).map_or(&self.path, |(_, path)| path);
        self.file = Some(File::open(next)?);
        self.at = 0;
        Ok(true)
    }
}

impl Line {
    fn parse(entry: &[u8], begins: bool) -> Option<Self> {
        let mut parts = entry.splitn(4, |byte| *byte == b' ');
        let stamp = std::str::from_utf8(parts.next()?).ok()?.to_owned();
        let _stream = parts.next()?;
        let whole = parts.next()? == b"F";
        Some(Self {
            time: stamp.parse().ok()?,
            stamp,
            text: parts.next()?.to_vec(),
            whole,
            begins,
        })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::cluster::Clock;
    use crate::store::Store;

    fn setting() -> (tempfile::TempDir, Cluster, Value) {
        let folder = tempfile::tempdir().unwrap();
        let cluster = Cluster::new(Store::in_memory(), Clock::system(), folder.path().into());
        let pod = json!({"metadata": {"namespace": "demo", "name": "pi", "uid": "1"}});
        (folder, cluster, pod)
    }

    fn texts(lines: &[Line]) -> Vec<String> {
        lines
            .iter()
            .map(|line| String::from_utf8(line.text.clone()).unwrap())
            .collect()
    }

    #[test]
    fn a_log_keeps_five_files_of_ten_mebibytes() {
        let (_folder, cluster, pod) = setting();
        let mut log = Writer::open(&cluster, &pod, "main", 0).unwrap();
        let block = entries("x".repeat(PART).as_bytes(), "stdout");
        for _ in 0..(8 * MAX_SIZE / block.len() as u64) {
            log.write(&block);
        }
        let files = rotated(&log.path);
        assert_eq!(files.len(), 4);
        for path in files.iter().map(|(_, path)| path).chain([&log.path]) {
            assert!(std::fs::metadata(path).unwrap().len() <= MAX_SIZE);
        }
        shrink(&cluster, &pod).unwrap();
        assert_eq!(rotated(&log.path).len(), 0);
        assert!(std::fs::metadata(&log.path).unwrap().len() <= SHRUNK);
    }

    #[test]
    fn a_follower_misses_nothing_when_a_log_is_rotated() {
        let (_folder, cluster, pod) = setting();
        let mut log = Writer::open(&cluster, &pod, "main", 0).unwrap();
        let mut reader = Reader::new(log.path.clone());
        let mut seen = Vec::new();
        for number in 0..30 {
            log.write(&entries(format!("line {number}\n").as_bytes(), "stdout"));
            if number % 3 == 2 {
                log.rotate().unwrap();
            }
            // Behind by up to three rotations, of which four are kept.
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
    fn a_long_line_is_kept_in_parts() {
        let output = [vec![b'a'; PART + 1], b"\nb\nc".to_vec()].concat();
        let kept = entries(&output, "stderr");
        let shown: Vec<_> = kept
            .split(|byte| *byte == b'\n')
            .filter(|entry| !entry.is_empty())
            .map(|entry| Line::parse(entry, true).unwrap())
            .map(|line| (line.text.len(), line.whole))
            .collect();
        assert_eq!(shown, [(PART, false), (1, true), (1, true), (1, false)]);
    }

    #[test]
    fn only_the_last_two_attempts_are_kept() {
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
