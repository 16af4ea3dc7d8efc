//! Lines of a log: cut out of a stream of bytes, with their times.

use std::collections::VecDeque;

use jiff::Timestamp;
use serde::Serialize;

/// Longest line that is sent; one of many megabytes would freeze the page.
const LONGEST: usize = 64 * 1024;

/// A line as it is sent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Line {
    /// Pod.
    pub pod: String,
    /// Container.
    pub container: String,
    /// When the container wrote it, as the cluster writes times (RFC 3339, nanoseconds).
    pub time: String,
    /// The line without its end.
    pub text: String,
    /// Which restart of the container wrote it; 0 is its first run.
    #[serde(skip_serializing_if = "is_first_run")]
    pub restart: i64,
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
fn is_first_run(restart: &i64) -> bool {
    *restart == 0
}

/// A line as it comes from a container.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stamped {
    /// When it was written; none if the cluster did not say.
    pub at: Option<Timestamp>,
    /// The time as text.
    pub time: String,
    /// The line without time and end.
    pub text: String,
}

/// Cuts bytes into lines. A chunk may end anywhere, even within a character.
#[derive(Default)]
pub struct Splitter {
    unfinished: Vec<u8>,
    /// Bytes of the unfinished line that were thrown away.
    dropped: usize,
}

impl Splitter {
    /// Takes bytes in; gives the lines that they complete.
    pub fn take(&mut self, mut bytes: &[u8]) -> VecDeque<Stamped> {
        let mut lines = VecDeque::new();
        while let Some(end) = bytes.iter().position(|byte| *byte == b'\n') {
            self.keep(&bytes[..end]);
            lines.push_back(self.finish());
            bytes = &bytes[end + 1..];
        }
        self.keep(bytes);
        lines
    }

    /// The last line, if the log ends without a line's end.
    pub fn end(&mut self) -> Option<Stamped> {
        (!self.unfinished.is_empty()).then(|| self.finish())
    }

    fn keep(&mut self, bytes: &[u8]) {
        let room = LONGEST.saturating_sub(self.unfinished.len()).min(bytes.len());
        self.unfinished.extend_from_slice(&bytes[..room]);
        self.dropped += bytes.len() - room;
    }

    fn finish(&mut self) -> Stamped {
        let bytes = std::mem::take(&mut self.unfinished);
        let dropped = std::mem::take(&mut self.dropped);
        let bytes = bytes.strip_suffix(b"\r").unwrap_or(&bytes);
        // Cut between characters, so that only what the container wrote can be unreadable.
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

/// `bytes` without an unfinished character at its end.
fn whole_characters(bytes: &[u8]) -> &[u8] {
    match std::str::from_utf8(bytes) {
        Err(error) if error.error_len().is_none() => &bytes[..error.valid_up_to()],
        _ => bytes,
    }
}

/// Takes the time from the beginning of a line.
fn stamp(line: String) -> Stamped {
    let (time, text) = line.split_once(' ').unwrap_or((line.as_str(), ""));
    match time.parse::<Timestamp>() {
        Ok(at) => Stamped {
            at: Some(at),
            time: time.to_owned(),
            text: text.to_owned(),
        },
        Err(_) => Stamped {
            at: None,
            time: String::new(),
            text: line,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(lines: impl IntoIterator<Item = Stamped>) -> Vec<String> {
        lines.into_iter().map(|line| line.text).collect()
    }

    #[test]
    fn characters_survive_any_cut() {
        let log = "2026-11-23T10:00:00.5Z 任务\r\n2026-11-23T10:00:01Z\nlast".as_bytes();
        for cut in 0..log.len() {
            let mut splitter = Splitter::default();
            let mut lines: Vec<Stamped> = splitter.take(&log[..cut]).into();
            lines.extend(splitter.take(&log[cut..]));
            lines.extend(splitter.end());
            assert_eq!(texts(lines), ["任务", "", "last"], "cut at {cut}");
        }
    }

    #[test]
    fn a_line_has_its_time() {
        let mut splitter = Splitter::default();
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
    fn a_long_line_is_cut_with_a_mark() {
        let mut splitter = Splitter::default();
        let long = "é".repeat(LONGEST);
        for chunk in long.as_bytes().chunks(1000) {
            assert!(splitter.take(chunk).is_empty());
        }
        let line = splitter.take(b"\n").pop_front().unwrap();
        assert_eq!(
            line.text,
            format!("{} … [+{LONGEST} bytes]", "é".repeat(LONGEST / 2))
        );
        assert_eq!(texts(splitter.take(b"next\n")), ["next"]);
    }
}
