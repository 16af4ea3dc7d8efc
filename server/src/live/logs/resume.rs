//! Resumes a log: finds which lines are new when it is read again from before the last position.

use std::time::Duration;

use jiff::Timestamp;
use tokio::time::Instant;

use crate::live::logs::line::TimestampedLine;
use crate::live::logs::line_position::{DISORDER, Position};

/// How long new lines are held back while the position's head has not been seen. Existing lines arrive at once, so
/// after this time it is another log: a rotated one, or that of the container's next run.
const HOLD: Duration = Duration::from_millis(1500);

/// Maximum number of lines that are held back, and of their bytes.
const MAX_HELD: (usize, usize) = (10_000, 1 << 20);

/// Separates new lines of a log from those already sent.
#[derive(Debug)]
pub struct Cursor {
    position: Option<Position>,
    state: State,
    /// Newest timestamp from the head on.
    top: Timestamp,
    identity: Identity,
}

/// Whether the log that is read is the one that was sent before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Identity {
    /// Not known: nothing was sent before.
    Unknown,
    /// The same log: the position's head was found.
    Same,
    /// Another log, of another run or a rotated one: the head was not found.
    Other,
}

#[derive(Debug)]
enum State {
    /// The head has not been seen yet. Lines newer than all that was sent are held back: if the head is among those
    /// that follow, they precede the part that was sent and were excluded by `tailLines`.
    Seeking {
        held: Vec<TimestampedLine>,
        bytes: usize,
        until: Option<Instant>,
    },
    /// This many more lines were sent already.
    Skipping(u32),
    /// All further lines are new.
    New,
}

impl Cursor {
    /// Creates a cursor for a log that was sent up to `position`.
    pub fn new(position: Option<Position>) -> Self {
        let seeking = State::Seeking {
            held: Vec::new(),
            bytes: 0,
            until: None,
        };
        Self {
            position,
            state: if position.is_some() { seeking } else { State::New },
            top: Timestamp::MIN,
            identity: Identity::Unknown,
        }
    }

    /// Returns whether it is the log that was sent before.
    pub fn identity(&self) -> Identity {
        self.identity
    }

    /// Returns the position after the lines read so far.
    pub fn position(&self) -> Option<Position> {
        self.position
    }

    /// Processes a line; appends new ones to `new`.
    pub fn take(&mut self, line: TimestampedLine, new: &mut Vec<TimestampedLine>) {
        let Some(at) = line.at else {
            // Not a line of the log, but a message of the cluster about it.
            new.push(line);
            return;
        };
        match (&mut self.state, self.position) {
            (State::Seeking { held, bytes, until }, Some(position)) => {
                if position.is_head(&line) {
                    self.top = at;
                    self.identity = Identity::Same;
                    self.state = skipping(position.count() - 1);
                } else if at > position.newest() {
                    until.get_or_insert_with(|| Instant::now() + HOLD);
                    *bytes += line.text.len();
                    held.push(line);
                    let far = position.newest().checked_add(DISORDER).is_ok_and(|far| at > far);
                    if far || held.len() >= MAX_HELD.0 || *bytes >= MAX_HELD.1 {
                        self.release_held(new);
                    }
                }
            }
            (State::Skipping(left), Some(_)) => {
                self.top = self.top.max(at);
                self.state = skipping(*left - 1);
            }
            (_, position) => {
                self.position = Some(position.map_or_else(
                    || Position::at(&line, at),
                    |position| position.after(&line, at, self.top),
                ));
                // After a new head, only later lines count.
                let is_head = self.position.is_some_and(|position| position.count() == 1);
                self.top = if is_head { at } else { self.top.max(at) };
                new.push(line);
            }
        }
    }

    /// Returns until when lines are held back.
    pub fn holds_until(&self) -> Option<Instant> {
        match &self.state {
            State::Seeking { until, .. } => *until,
            _ => None,
        }
    }

    /// Stops waiting for the head: releases the lines that were held back.
    pub fn release_held(&mut self, new: &mut Vec<TimestampedLine>) {
        let State::Seeking { held, .. } = &mut self.state else {
            return;
        };
        let held = std::mem::take(held);
        if held.is_empty() {
            return;
        }
        self.state = State::New;
        self.position = None;
        self.identity = Identity::Other;
        for line in held {
            self.take(line, new);
        }
    }
}

fn skipping(left: u32) -> State {
    if left == 0 {
        State::New
    } else {
        State::Skipping(left)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::live::logs::line_position::Positions;

    /// Pseudo-random numbers from a fixed seed (xorshift).
    struct Random(u64);

    impl Random {
        fn below(&mut self, end: i64) -> i64 {
            self.0 ^= self.0 << 13;
            self.0 ^= self.0 >> 7;
            self.0 ^= self.0 << 17;
            i64::try_from(self.0 % end.unsigned_abs()).unwrap()
        }
    }

    /// A line at `millis` after 2025-11-24 or so.
    fn line(millis: i64, text: &str) -> TimestampedLine {
        let at = Timestamp::from_millisecond(1_764_000_000_000 + millis).unwrap();
        TimestampedLine {
            at: Some(at),
            time: at.to_string(),
            text: text.to_owned(),
        }
    }

    /// How a server implements `sinceTime`.
    #[derive(Debug, Clone, Copy, PartialEq)]
    enum Since {
        /// By filtering each line, as a kubelet and the playground do.
        EachLine,
        /// From the first line on that is not older.
        FirstLine,
        /// Not at all.
        Ignored,
    }

    const SERVERS: [Since; 3] = [Since::EachLine, Since::FirstLine, Since::Ignored];

    fn since(log: &[TimestampedLine], position: Option<Position>, server: Since) -> Vec<TimestampedLine> {
        let Some(position) = position else {
            return log.to_vec();
        };
        let is_requested = |line: &&TimestampedLine| line.at.unwrap() >= position.since();
        match server {
            Since::EachLine => log.iter().filter(is_requested).cloned().collect(),
            Since::FirstLine => {
                let first = log.iter().position(|line| is_requested(&line));
                log[first.unwrap_or(log.len())..].to_vec()
            }
            Since::Ignored => log.to_vec(),
        }
    }

    /// An interrupted connection: the number of lines written when it breaks, and the maximum number it delivered.
    type Cut = (usize, usize);

    /// Reads `log` over connections that break, and finally one that does not; each knows only the last `id`. The
    /// first one requests the last `tail` of the lines `written` by then.
    fn read(
        log: &[TimestampedLine],
        tail: Option<(usize, usize)>,
        cuts: &[Cut],
        server: Since,
    ) -> Vec<String> {
        let mut received = Vec::new();
        let mut id = String::new();
        let last = (log.len(), usize::MAX);
        for (number, (written, most)) in cuts.iter().chain([&last]).enumerate() {
            let position = Positions::from_id(&id).get("pod/main");
            let mut cursor = Cursor::new(position);
            let start = match tail {
                Some((written, tail)) if number == 0 => written - tail,
                _ => 0,
            };
            let whole = since(&log[start..*written], position, server);
            let is_whole = whole.len() <= *most;
            let mut new = Vec::new();
            for line in whole.into_iter().take(*most) {
                cursor.take(line, &mut new);
            }
            // Nothing more arrives for a while.
            if is_whole {
                cursor.release_held(&mut new);
            }
            received.extend(new.into_iter().map(|line| line.text));
            if let Some(position) = cursor.position() {
                let mut positions = Positions::default();
                positions.set("pod/main", position);
                id = positions.id();
            }
        }
        received
    }

    /// Generates lines whose timestamps are out of order by less than `disorder` milliseconds, many of them equal.
    /// `pace` is the maximum time between two lines.
    fn log(random: &mut Random, pace: i64, disorder: i64) -> Vec<TimestampedLine> {
        let mut now = 0;
        let length = 2 + random.below(120);
        (0..length)
            .map(|number| {
                now += random.below(pace + 1);
                line(now - random.below(disorder + 1), &number.to_string())
            })
            .collect()
    }

    fn texts(log: &[TimestampedLine]) -> Vec<String> {
        log.iter().map(|line| line.text.clone()).collect()
    }

    #[test]
    fn reconnect_at_any_line_neither_loses_nor_repeats_lines() {
        let mut random = Random(20_261_124);
        for round in 0..400 {
            let pace = [0, 3, 200, 1500, 15_000][round % 5];
            let disorder = [0, 5, 900, 9_000][round / 5 % 4];
            let log = log(&mut random, pace, disorder);
            for server in SERVERS {
                for cut in 0..=log.len() {
                    let got = read(&log, None, &[(cut, cut)], server);
                    assert_eq!(got, texts(&log), "{server:?}, {pace}, {disorder}, cut at {cut}");
                }
            }
        }
    }

    #[test]
    fn many_reconnects_neither_lose_nor_repeat_lines() {
        let mut random = Random(7);
        for round in 0..2000 {
            let log = log(
                &mut random,
                [1, 40, 700][round % 3],
                [0, 20, 9_000][round / 3 % 3],
            );
            let end = i64::try_from(log.len()).unwrap();
            let mut any = || usize::try_from(random.below(end + 1)).unwrap();
            let mut cuts: Vec<Cut> = (0..round % 9).map(|_| (any(), any())).collect();
            cuts.sort_unstable();
            for server in SERVERS {
                assert_eq!(
                    read(&log, None, &cuts, server),
                    texts(&log),
                    "{server:?} {cuts:?}"
                );
            }
        }
    }

    #[test]
    fn lines_before_the_tail_are_never_sent() {
        let mut random = Random(3);
        for round in 0..1000 {
            let log = log(
                &mut random,
                [0, 3, 200, 1500][round % 4],
                [0, 5, 9_000][round / 4 % 3],
            );
            let end = i64::try_from(log.len()).unwrap();
            // The page is opened after `written` lines, and requests the last `tail` of them.
            let written = 1 + random.below(end);
            let tail = 1 + random.below(written);
            let cut = written + random.below(end - written + 1);
            let [written, tail, cut] = [written, tail, cut].map(|number| usize::try_from(number).unwrap());
            for server in SERVERS {
                let got = read(
                    &log,
                    Some((written, tail)),
                    &[(cut, cut), (cut, tail / 2), (log.len(), cut)],
                    server,
                );
                assert_eq!(
                    got,
                    texts(&log[written - tail..]),
                    "{server:?}: {tail} of {written}, {cut}"
                );
            }
        }
    }

    #[test]
    fn clock_set_back_loses_no_lines() {
        let log: Vec<TimestampedLine> = [0, 400, 86_400_000, 500, 700, 86_400_001, 900, 2_000, 4_000, 4_000]
            .iter()
            .enumerate()
            .map(|(number, millis)| line(*millis, &number.to_string()))
            .collect();
        for cut in 0..=log.len() {
            // A kubelet does not return lines cut just before the clock was set back.
            let servers = if matches!(cut, 3 | 6) {
                &SERVERS[2..]
            } else {
                &SERVERS[..]
            };
            for server in servers {
                assert_eq!(
                    read(&log, None, &[(cut, cut)], *server),
                    texts(&log),
                    "{server:?}, cut at {cut}"
                );
            }
        }
    }

    #[test]
    fn rotated_log_is_resumed() {
        let log: Vec<TimestampedLine> = (0..40)
            .map(|number| line(number * 100, &number.to_string()))
            .collect();
        let mut cursor = Cursor::new(None);
        let mut new = Vec::new();
        for line in &log[..30] {
            cursor.take(line.clone(), &mut new);
        }
        for (rotated_at, first) in [(25, "30"), (30, "30"), (33, "33")] {
            let mut resumed = Cursor::new(cursor.position());
            let mut new = Vec::new();
            for line in since(&log[rotated_at..], cursor.position(), Since::EachLine) {
                resumed.take(line, &mut new);
            }
            resumed.release_held(&mut new);
            assert_eq!(new.first().unwrap().text, first);
            assert_eq!(new.last().unwrap().text, "39");
            assert_eq!(read(&log, None, &[], Since::EachLine).len(), 40);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn log_of_the_next_run_is_released_after_a_delay() {
        let mut cursor = Cursor::new(None);
        let mut new = Vec::new();
        cursor.take(line(0, "first start"), &mut new);
        let mut resumed = Cursor::new(cursor.position());
        new.clear();
        resumed.take(line(900, "second start"), &mut new);
        assert!(new.is_empty());
        tokio::time::sleep_until(resumed.holds_until().unwrap()).await;
        resumed.release_held(&mut new);
        assert_eq!(texts(&new), ["second start"]);
        resumed.take(line(950, "more"), &mut new);
        assert_eq!(texts(&new), ["second start", "more"]);
    }
}
