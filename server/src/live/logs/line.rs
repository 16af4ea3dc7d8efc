//! Log lines: split from a byte stream, with their timestamps.

use std::collections::VecDeque;

use jiff::Timestamp;
use serde::Serialize;

/// Maximum length of a line that is sent, in bytes; a line of many megabytes would freeze the page.
const MAX_LINE: usize = 64 * 1024;

/// A line as it is sent to the browser.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Line {
    /// Name of the Pod.
    pub pod: String,
    /// Name of the container.
    pub container: String,
    /// When the container wrote it, in the cluster's format (RFC 3339, nanoseconds).
    pub time: String,
    /// The line without its line break.
    pub text: String,
    /// Number of the container's restart that wrote it; 0 is the first run.
    #[serde(skip_serializing_if = "is_first_run")]
    pub restart: i64,
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
fn is_first_run(restart: &i64) -> bool {
    *restart == 0
}

/// A line as it comes from a container.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TimestampedLine {
    /// When it was written; `None` if the line has no timestamp.
    pub at: Option<Timestamp>,
    /// The timestamp as text.
    pub time: String,
    /// The line without timestamp and line break.
    pub text: String,
}

/// Splits bytes into lines. A chunk may end anywhere, even within a character.
#[derive(Default)]
pub struct LineSplitter {
    unfinished: Vec<u8>,
    /// Number of bytes of the unfinished line that were dropped.
    dropped: usize,
}

impl LineSplitter {
    /// Adds bytes; returns the lines that they complete.
    pub fn take(&mut self, mut bytes: &[u8]) -> VecDeque<TimestampedLine> {
        let mut lines = VecDeque::new();
        while let Some(end) = bytes.iter().position(|byte| *byte == b'\n') {
            self.keep(&bytes[..end]);
            lines.push_back(self.finish());
            bytes = &bytes[end + 1..];
        }
        self.keep(bytes);
        lines
    }

    /// Returns the last line if the log does not end with a line break.
    pub fn end(&mut self) -> Option<TimestampedLine> {
        (!self.unfinished.is_empty()).then(|| self.finish())
    }

    fn keep(&mut self, bytes: &[u8]) {
        let room = MAX_LINE.saturating_sub(self.unfinished.len()).min(bytes.len());
        self.unfinished.extend_from_slice(&bytes[..room]);
        self.dropped += bytes.len() - room;
    }

    fn finish(&mut self) -> TimestampedLine {
        let bytes = std::mem::take(&mut self.unfinished);
        let dropped = std::mem::take(&mut self.dropped);
        let bytes = bytes.strip_suffix(b"\r").unwrap_or(&bytes);
        // Truncated at a character boundary, so that any invalid UTF-8 is the container's own.
        let whole = if dropped == 0 {
            bytes
        } else {
            whole_characters(bytes)
        };
        let mut text = String::from_utf8_lossy(whole).into_owned();
        if dropped > 0 {
            text = format!("{text} … [+{} bytes]", dropped + bytes.len() - whole.len());
        }
        stamp(text)
    }
}

/// Strips an incomplete character from the end of `bytes`.
fn whole_characters(bytes: &[u8]) -> &[u8] {
    match std::str::from_utf8(bytes) {
        Err(error) if error.error_len().is_none() => &bytes[..error.valid_up_to()],
        _ => bytes,
    }
}

/// Splits the timestamp off the start of a line.
fn stamp(line: String) -> TimestampedLine {
    let (time, text) = line.split_once(' ').unwrap_or((line.as_str(), ""));
    match time.parse::<Timestamp>() {
        Ok(at) => TimestampedLine {
            at: Some(at),
            time: time.to_owned(),
            text: text.to_owned(),
        },
        Err(_) => TimestampedLine {
            at: None,
            time: String::new(),
            text: line,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(lines: impl IntoIterator<Item = TimestampedLine>) -> Vec<String> {
        lines.into_iter().map(|line| line.text).collect()
    }

    #[test]
    fn characters_survive_any_chunk_boundary() {
        let log = "2026-11-23T10:00:00.5Z 任务\r\n2026-11-23T10:00:01Z\nlast".as_bytes();
        for cut in 0..log.len() {
            let mut splitter = LineSplitter::default();
            let mut lines: Vec<TimestampedLine> = splitter.take(&log[..cut]).into();
            lines.extend(splitter.take(&log[cut..]));
            lines.extend(splitter.end());
            assert_eq!(texts(lines), ["任务", "", "last"], "cut at {cut}");
        }
    }

    #[test]
    fn line_has_its_timestamp() {
        let mut splitter = LineSplitter::default();
        let line = splitter
            .take(b"2026-11-23T10:00:00.123456789Z 3.14\n")
            .pop_front()
            .unwrap();
        assert_eq!(
            (line.time.as_str(), line.text.as_str()),
            ("2026-11-23T10:00:00.123456789Z", "3.14")
        );
        assert_eq!(line.at.unwrap().subsec_nanosecond(), 123_456_789);
    }

    #[test]
    fn long_line_is_truncated_with_a_note() {
        let mut splitter = LineSplitter::default();
        let long = "é".repeat(MAX_LINE);
        for chunk in long.as_bytes().chunks(1000) {
            assert!(splitter.take(chunk).is_empty());
        }
        let line = splitter.take(b"\n").pop_front().unwrap();
        assert_eq!(
            line.text,
            format!("{} … [+{MAX_LINE} bytes]", "é".repeat(MAX_LINE / 2))
        );
        assert_eq!(texts(splitter.take(b"next\n")), ["next"]);
    }
}
