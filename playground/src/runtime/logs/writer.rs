//! Writes logs: rotated as by the kubelet, and truncated when the disk is full.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use jiff::Timestamp;
use serde_json::Value;
use tokio::io::{AsyncBufReadExt, AsyncRead, BufReader};

use crate::cluster::Cluster;
use crate::runtime::logs::{dir, file};

/// Maximum bytes of an entry; a longer line is split into partial entries, as by container runtimes.
pub(super) const MAX_ENTRY: usize = 16 * 1024;
/// Maximum bytes of a file (the kubelet's `containerLogMaxSize`).
pub(super) const MAX_SIZE: u64 = 10 << 20;
/// Maximum number of files of an attempt (the kubelet's `containerLogMaxFiles`).
const MAX_FILES: usize = 5;
/// Bytes kept of a log when the disk is full.
pub(super) const TRUNCATED_SIZE: u64 = 64 << 10;

/// The log of a running attempt. It is rotated as by the kubelet: a full file gets a number, and the oldest one is
/// removed.
pub(in crate::runtime) struct Writer {
    pub(super) path: PathBuf,
    file: File,
    size: u64,
    next: u64,
    /// The last write failed, which has been logged.
    failing: bool,
}

impl Writer {
    /// Opens the log of an attempt, and removes the logs of attempts before the previous one, as the kubelet does.
    pub fn open(cluster: &Cluster, pod: &Value, container: &str, attempt: i64) -> io::Result<Self> {
        let path = file(cluster, pod, container, attempt);
        if let Some(dir) = path.parent() {
            std::fs::create_dir_all(dir)?;
            for old in std::fs::read_dir(dir)?.flatten() {
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

    /// Appends whole entries. Entries that the disk does not accept are dropped, and a partial write is undone: a
    /// truncated entry would corrupt the next one.
    pub(super) fn write(&mut self, entries: &[u8]) {
        match self.append(entries) {
            Ok(()) => self.failing = false,
            Err(error) => {
                if !self.failing {
                    tracing::warn!(%error, log = %self.path.display(), "cannot write a container's log; output is dropped");
                }
                self.failing = true;
                if let Err(error) = self.file.set_len(self.size) {
                    tracing::debug!(%error, "cannot undo a partial write to a log");
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

    pub(super) fn rotate(&mut self) -> io::Result<()> {
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

/// Returns the rotated files of a log, oldest first.
pub(super) fn rotated(path: &Path) -> Vec<(u64, PathBuf)> {
    let (Some(dir), Some(name)) = (path.parent(), path.file_name().and_then(|name| name.to_str())) else {
        return Vec::new();
    };
    let entries = std::fs::read_dir(dir).into_iter().flatten().flatten();
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

/// Truncates a Pod's logs to the ends of the newest files, because the disk is full and the Pod will write no more.
pub(in crate::runtime) fn truncate(cluster: &Cluster, pod: &Value) -> io::Result<()> {
    let containers = match std::fs::read_dir(dir(cluster, pod)) {
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
        if size <= TRUNCATED_SIZE {
            continue;
        }
        log.seek(SeekFrom::Start(size - TRUNCATED_SIZE))?;
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

/// Copies a stream into the log, line by line, until it ends. Without a log the stream is drained all the same, or
/// the command would block or fail.
pub(in crate::runtime) async fn copy_output(
    mut stream: impl AsyncRead + Unpin,
    name: &'static str,
    log: Option<&Arc<Mutex<Writer>>>,
) {
    let Some(log) = log else {
        // Only the end of the stream matters.
        let _ = tokio::io::copy(&mut stream, &mut tokio::io::sink()).await;
        return;
    };
    let mut reader = BufReader::with_capacity(4 * MAX_ENTRY, stream);
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

/// Formats output as entries: one per line, and partial entries for a line that is long or has no end yet.
pub(super) fn entries(output: &[u8], stream: &str) -> Vec<u8> {
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
        while text.len() > MAX_ENTRY {
            let (part, rest) = text.split_at(MAX_ENTRY);
            entry(part, "P");
            text = rest;
        }
        entry(text, if whole { "F" } else { "P" });
    }
    entries
}
