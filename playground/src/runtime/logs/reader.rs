//! Reads logs across rotations.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use jiff::Timestamp;

use crate::runtime::logs::writer::rotated;

/// Maximum bytes read at once.
const CHUNK: u64 = 1 << 20;

/// An entry of a log.
pub(super) struct Line {
    pub time: Timestamp,
    pub stamp: String,
    pub text: Vec<u8>,
    pub is_full: bool,
    /// Whether this is the first part of its line.
    pub is_start: bool,
}

/// Reads a log from the start of its newest file, as the kubelet does; a follower continues across rotations.
pub(super) struct Reader {
    path: PathBuf,
    file: Option<File>,
    at: u64,
    /// Size of the file when the reader was opened.
    end: Option<u64>,
    /// The last entry was a partial line.
    in_partial_line: bool,
}

impl Reader {
    pub fn new(path: PathBuf) -> Self {
        Self {
            path,
            file: None,
            at: 0,
            end: None,
            in_partial_line: false,
        }
    }

    /// Returns the next entries, and whether more are available already: up to the size of the file when the reader
    /// was opened or, for a follower, up to its current size.
    pub async fn next(&mut self, follow: bool) -> (Vec<Line>, bool) {
        let mut reader = Self {
            path: self.path.clone(),
            file: self.file.take(),
            at: self.at,
            end: self.end,
            in_partial_line: self.in_partial_line,
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
                tracing::warn!(%error, "cannot read a container's log");
                (Vec::new(), false)
            }
            Err(_) => (Vec::new(), false),
        }
    }

    pub fn read(&mut self, follow: bool) -> io::Result<(Vec<Line>, bool)> {
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
        let mut in_partial_line = self.in_partial_line;
        let lines = content.split(|byte| *byte == b'\n').filter_map(|entry| {
            let line = Line::parse(entry, !in_partial_line)?;
            in_partial_line = !line.is_full;
            Some(line)
        });
        let lines = lines.collect();
        self.in_partial_line = in_partial_line;
        Ok((lines, true))
    }

    /// Moves on to the next file if the current one was rotated.
    fn rotate(&mut self) -> io::Result<bool> {
        use std::os::unix::fs::MetadataExt;

        let Some(file) = &self.file else { return Ok(false) };
        let own = file.metadata()?;
        // Continues at the new end of a truncated log.
        if own.len() < self.at {
            self.at = own.len();
        }
        let is_own = |path: &Path| {
            std::fs::metadata(path).is_ok_and(|meta| (meta.dev(), meta.ino()) == (own.dev(), own.ino()))
        };
        if is_own(&self.path) {
            return Ok(false);
        }
        // Everything in the file was written before it was rotated: read to its end before moving on.
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
    pub fn parse(entry: &[u8], is_start: bool) -> Option<Self> {
        let mut parts = entry.splitn(4, |byte| *byte == b' ');
        let stamp = std::str::from_utf8(parts.next()?).ok()?.to_owned();
        let _stream = parts.next()?;
        let is_full = parts.next()? == b"F";
        Some(Self {
            time: stamp.parse().ok()?,
            stamp,
            text: parts.next()?.to_vec(),
            is_full,
            is_start,
        })
    }
}
