//! A log that is read again from before where it was: which of its lines are new.

use std::time::Duration;

use jiff::Timestamp;
use tokio::time::Instant;

use crate::live::logs::line::Stamped;
use crate::live::logs::line_position::{DISORDER, Position};

/// How long new lines are held back where the position's head has not been seen. What is there already is sent at
/// once, so it is another log then: a rotated one, or that of the container's next start.
const HOLD: Duration = Duration::from_millis(1500);

/// At most this many lines are held back.
const MOST_HELD: usize = 10_000;

/// Reads along.
#[derive(Debug)]
pub struct Cursor {
    position: Option<Position>,
    state: State,
    /// Newest time from the head on.
    top: Timestamp,
}

#[derive(Debug)]
enum State {
    /// The head was not seen yet. Lines newer than all that was sent are held back: should the head be among those
    /// that follow, they stand before the part that was sent, and were not wanted (`tailLines`).
    Seeking {
        held: Vec<Stamped>,
        until: Option<Instant>,
    },
    /// So many lines more were sent already.
    Skipping(u32),
    /// Everything is new.
    New,
}

impl Cursor {
    /// On a log that was sent up to `position`.
    pub fn new(position: Option<Position>) -> Self {
        let seeking = State::Seeking {
            held: Vec::new(),
            until: None,
        };
        Self {
            position,
            state: if position.is_some() { seeking } else { State::New },
            top: Timestamp::MIN,
        }
    }

    /// How far the log was read.
    pub fn position(&self) -> Option<Position> {
        self.position
    }

    /// Takes a line in; gives what is new.
    pub fn take(&mut self, line: Stamped, new: &mut Vec<Stamped>) {
        let Some(at) = line.at else {
            // No line of the log, but what the cluster says about it.
            new.push(line);
            return;
        };
        match (&mut self.state, self.position) {
            (State::Seeking { held, until }, Some(position)) => {
                if position.begins_at(&line) {
                    self.top = at;
                    self.state = skipping(position.count() - 1);
                } else if at > position.newest() {
                    until.get_or_insert_with(|| Instant::now() + HOLD);
                    held.push(line);
                    let far = position.newest().checked_add(DISORDER).is_ok_and(|far| at > far);
                    if far || held.len() >= MOST_HELD {
                        self.give_up(new);
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
                // From a new head on, only what comes after it counts.
                let is_head = self.position.is_some_and(|position| position.count() == 1);
                self.top = if is_head { at } else { self.top.max(at) };
                new.push(line);
            }
        }
    }

    /// Until when lines are held back.
    pub fn holds_until(&self) -> Option<Instant> {
        match &self.state {
            State::Seeking { until, .. } => *until,
            _ => None,
        }
    }

    /// The head does not come any more: gives the lines that were held back.
    pub fn give_up(&mut self, new: &mut Vec<Stamped>) {
        let State::Seeking { held, .. } = &mut self.state else {
            return;
        };
        let held = std::mem::take(held);
        if held.is_empty() {
            return;
        }
        self.state = State::New;
        self.position = None;
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
    fn line(millis: i64, text: &str) -> Stamped {
        let at = Timestamp::from_millisecond(1_764_000_000_000 + millis).unwrap();
        Stamped {
            at: Some(at),
            time: at.to_string(),
            text: text.to_owned(),
        }
    }

    /// How a server understands `sinceTime`.
    #[derive(Debug, Clone, Copy, PartialEq)]
    enum Since {
        /// A kubelet, and the playground: each line by itself.
        EachLine,
        /// All from the first line on that is not older.
        FirstLine,
        /// Not at all.
        Ignored,
    }

    const SERVERS: [Since; 3] = [Since::EachLine, Since::FirstLine, Since::Ignored];

    fn since(log: &[Stamped], position: Option<Position>, server: Since) -> Vec<Stamped> {
        let Some(position) = position else {
            return log.to_vec();
        };
        let is_asked_for = |line: &&Stamped| line.at.unwrap() >= position.since();
        match server {
            Since::EachLine => log.iter().filter(is_asked_for).cloned().collect(),
            Since::FirstLine => {
                let first = log.iter().position(|line| is_asked_for(&line));
                log[first.unwrap_or(log.len())..].to_vec()
            }
            Since::Ignored => log.to_vec(),
        }
    }

    /// A connection: how many lines are written when it breaks, and how many of them it brought at most.
    type Cut = (usize, usize);

    /// Reads `log` with connections that break, and then with one that does not; each new one knows an `id` alone. The
    /// first asks for the last `tail` of the lines that are `written` then.
    fn read(log: &[Stamped], tail: Option<(usize, usize)>, cuts: &[Cut], server: Since) -> Vec<String> {
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
            // Nothing more comes for a while.
            if is_whole {
                cursor.give_up(&mut new);
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

    /// Lines whose times are out of order by less than `disorder` milliseconds, many of them of one time. `pace` is
    /// the time between two of them at most.
    fn log(random: &mut Random, pace: i64, disorder: i64) -> Vec<Stamped> {
        let mut now = 0;
        let length = 2 + random.below(120);
        (0..length)
            .map(|number| {
                now += random.below(pace + 1);
                line(now - random.below(disorder + 1), &number.to_string())
            })
            .collect()
    }

    fn texts(log: &[Stamped]) -> Vec<String> {
        log.iter().map(|line| line.text.clone()).collect()
    }

    #[test]
    fn a_reconnect_at_any_line_loses_and_doubles_nothing() {
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
    fn many_reconnects_lose_and_double_nothing() {
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
    fn what_stands_before_the_last_lines_is_never_sent() {
        let mut random = Random(3);
        for round in 0..1000 {
            let log = log(
                &mut random,
                [0, 3, 200, 1500][round % 4],
                [0, 5, 9_000][round / 4 % 3],
            );
            let end = i64::try_from(log.len()).unwrap();
            // Somebody opens the page when so much is written, and asks for so many lines of it.
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
    fn a_clock_that_is_set_back_loses_nothing() {
        let log: Vec<Stamped> = [0, 400, 86_400_000, 500, 700, 86_400_001, 900, 2_000, 4_000, 4_000]
            .iter()
            .enumerate()
            .map(|(number, millis)| line(*millis, &number.to_string()))
            .collect();
        for cut in 0..=log.len() {
            // What is cut just before the clock is set back is not asked for by a kubelet.
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
    fn a_rotated_log_begins_within_or_after_what_was_sent() {
        let log: Vec<Stamped> = (0..40)
            .map(|number| line(number * 100, &number.to_string()))
            .collect();
        let mut cursor = Cursor::new(None);
        let mut new = Vec::new();
        for line in &log[..30] {
            cursor.take(line.clone(), &mut new);
        }
        for (rotated_at, first) in [(25, "30"), (30, "30"), (33, "33")] {
            let mut again = Cursor::new(cursor.position());
            let mut new = Vec::new();
            for line in since(&log[rotated_at..], cursor.position(), Since::EachLine) {
                again.take(line, &mut new);
            }
            again.give_up(&mut new);
            assert_eq!(new.first().unwrap().text, first);
            assert_eq!(new.last().unwrap().text, "39");
            assert_eq!(read(&log, None, &[], Since::EachLine).len(), 40);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn the_log_of_the_next_start_is_not_held_back_for_long() {
        let mut cursor = Cursor::new(None);
        let mut new = Vec::new();
        cursor.take(line(0, "first start"), &mut new);
        let mut again = Cursor::new(cursor.position());
        new.clear();
        again.take(line(900, "second start"), &mut new);
        assert!(new.is_empty());
        tokio::time::sleep_until(again.holds_until().unwrap()).await;
        again.give_up(&mut new);
        assert_eq!(texts(&new), ["second start"]);
        again.take(line(950, "more"), &mut new);
        assert_eq!(texts(&new), ["second start", "more"]);
    }
}
