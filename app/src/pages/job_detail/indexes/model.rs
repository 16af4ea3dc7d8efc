//! State of each completion index, aggregated into a bounded number of cells.

use std::collections::{HashMap, HashSet};
use std::fmt;
use std::str::FromStr;

use crate::api::job::JobDetail;

/// Maximum number of cells in a grid; with more indexes, a cell covers several.
const MAX_CELLS: i64 = 500;

/// Inclusive range of indexes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    /// First index.
    pub first: i64,
    /// Last index.
    pub last: i64,
}

impl Span {
    /// Returns the span of one index.
    pub fn of(index: i64) -> Self {
        Self {
            first: index,
            last: index,
        }
    }

    /// Returns the number of indexes.
    pub fn len(self) -> i64 {
        self.last - self.first + 1
    }

    /// Returns whether an index is in the span.
    pub fn contains(self, index: i64) -> bool {
        (self.first..=self.last).contains(&index)
    }
}

/// As the API server writes it: `7` or `2-4`.
impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.len() {
            1 => write!(f, "{}", self.first),
            _ => write!(f, "{}-{}", self.first, self.last),
        }
    }
}

impl FromStr for Span {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let (first, last) = text.split_once('-').unwrap_or((text, text));
        let number = |text: &str| text.parse::<i64>().ok().filter(|n| *n >= 0).ok_or(());
        let span = Self {
            first: number(first)?,
            last: number(last)?,
        };
        if span.first <= span.last {
            Ok(span)
        } else {
            Err(())
        }
    }
}

/// Parses the spans of `status.completedIndexes` (`0,2-4`), ignoring invalid ones.
fn spans(text: &str) -> impl Iterator<Item = Span> {
    text.split(',').filter_map(|span| span.parse().ok())
}

/// State of an index.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IndexState {
    /// One of its Pods succeeded.
    Completed,
    /// No further Pod will be created for it, and none succeeded.
    Failed,
    /// One of its Pods runs.
    Running,
    /// Waiting for its first or its next Pod.
    Waiting,
}

impl IndexState {
    /// All states, in display order.
    pub const ALL: [Self; 4] = [Self::Completed, Self::Running, Self::Failed, Self::Waiting];
}

/// Number of indexes in each state.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Tally {
    completed: i64,
    running: i64,
    failed: i64,
    waiting: i64,
}

impl Tally {
    /// Returns the number of indexes in one state.
    pub fn of(self, state: IndexState) -> i64 {
        match state {
            IndexState::Completed => self.completed,
            IndexState::Running => self.running,
            IndexState::Failed => self.failed,
            IndexState::Waiting => self.waiting,
        }
    }

    fn count(&mut self, state: IndexState, number: i64) {
        match state {
            IndexState::Completed => self.completed += number,
            IndexState::Running => self.running += number,
            IndexState::Failed => self.failed += number,
            IndexState::Waiting => self.waiting += number,
        }
    }
}

/// Cell of the grid.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cell {
    /// Indexes of the cell.
    pub span: Span,
    /// States of the indexes.
    pub tally: Tally,
}

impl Cell {
    /// Returns the state to display: a failure first, then running; completed only if all indexes are.
    pub fn state(self) -> IndexState {
        if self.tally.failed > 0 {
            IndexState::Failed
        } else if self.tally.running > 0 {
            IndexState::Running
        } else if self.tally.completed == self.span.len() {
            IndexState::Completed
        } else {
            IndexState::Waiting
        }
    }
}

/// Returns the grid of an Indexed Job, in the order of its indexes; empty for another Job.
pub fn cells(detail: &JobDetail) -> Vec<Cell> {
    let Some(indexes) = &detail.indexes else {
        return Vec::new();
    };
    let mut grid = Grid::new(indexes.count.max(0));
    for span in spans(&indexes.completed) {
        grid.settle(span, IndexState::Completed);
    }
    for span in spans(&indexes.failed) {
        grid.settle(span, IndexState::Failed);
    }
    let mut terminal: Vec<Span> = spans(&indexes.completed).chain(spans(&indexes.failed)).collect();
    terminal.sort_unstable_by_key(|span| span.first);
    for (index, state) in pod_states(detail) {
        let before = terminal.partition_point(|span| span.first <= index);
        let is_terminal = before > 0 && terminal[before - 1].contains(index);
        if !is_terminal {
            grid.settle(Span::of(index), state);
        }
    }
    grid.cells
}

/// Returns the indexes whose state their Pods determine: one runs, or all failed and the Job is finished.
fn pod_states(detail: &JobDetail) -> HashMap<i64, IndexState> {
    let is_finished = detail.row.status.kind.is_finished();
    let with = |phase: &str| -> HashSet<i64> {
        let pods = detail.readable_pods().iter().filter(|pod| pod.phase == phase);
        pods.filter_map(|pod| pod.index).collect()
    };
    let failed = if is_finished {
        with("Failed")
    } else {
        HashSet::new()
    };
    let states = failed.into_iter().map(|index| (index, IndexState::Failed));
    let running = with("Running")
        .into_iter()
        .map(|index| (index, IndexState::Running));
    states.chain(running).collect()
}

struct Grid {
    size: i64,
    cells: Vec<Cell>,
}

impl Grid {
    /// Creates a grid in which all indexes are waiting.
    fn new(count: i64) -> Self {
        let size = size(count);
        let starts = (0..count).step_by(usize::try_from(size).unwrap_or(1));
        let cell = |first| {
            let span = Span {
                first,
                last: (first + size).min(count) - 1,
            };
            let mut tally = Tally::default();
            tally.count(IndexState::Waiting, span.len());
            Cell { span, tally }
        };
        Self {
            size,
            cells: starts.map(cell).collect(),
        }
    }

    /// Moves indexes from waiting to a state, ignoring those beyond the grid (completions were lowered).
    fn settle(&mut self, span: Span, state: IndexState) {
        let first = usize::try_from(span.first / self.size).unwrap_or(usize::MAX);
        for cell in self.cells.iter_mut().skip(first) {
            let first = cell.span.first.max(span.first);
            let last = cell.span.last.min(span.last);
            if first > last {
                break;
            }
            let number = last - first + 1;
            cell.tally.count(IndexState::Waiting, -number);
            cell.tally.count(state, number);
        }
    }
}

/// Returns the number of indexes per cell: 1, 2 or 5 times a power of ten.
fn size(count: i64) -> i64 {
    let mut power = 1;
    loop {
        for step in [1, 2, 5] {
            if count <= MAX_CELLS * step * power {
                return step * power;
            }
        }
        power *= 10;
    }
}

/// Returns the totals of a grid.
pub fn tally(cells: &[Cell]) -> Tally {
    let mut all = Tally::default();
    for cell in cells {
        for state in IndexState::ALL {
            all.count(state, cell.tally.of(state));
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use crate::pages::job_detail::indexes::model::IndexState::{Completed, Failed, Waiting};
    use crate::pages::job_detail::indexes::model::{
        Cell, Grid, IndexState, MAX_CELLS, Span, size, spans, tally,
    };

    fn grid(count: i64, completed: &str, failed: &str) -> Vec<Cell> {
        let mut grid = Grid::new(count);
        for span in spans(completed) {
            grid.settle(span, IndexState::Completed);
        }
        for span in spans(failed) {
            grid.settle(span, IndexState::Failed);
        }
        grid.cells
    }

    #[test]
    fn few_indexes_have_one_cell_each() {
        let cells = grid(6, "0,2-3", "5");
        let states: Vec<_> = cells.iter().map(|cell| cell.state()).collect();
        assert_eq!(
            states,
            [Completed, Waiting, Completed, Completed, Waiting, Failed]
        );
        assert_eq!(tally(&cells).of(Completed), 3);
        assert_eq!(tally(&cells).of(Waiting), 2);
    }

    #[test]
    fn many_indexes_are_aggregated_without_loss() {
        for count in [500, 501, 1_234, 100_000, i64::from(i32::MAX)] {
            let cells = grid(count, &format!("0-{}", count / 3), &format!("{}", count - 1));
            assert!(
                i64::try_from(cells.len()).unwrap_or(i64::MAX) <= MAX_CELLS,
                "{count}"
            );
            let all = tally(&cells);
            let sum: i64 = IndexState::ALL.map(|state| all.of(state)).iter().sum();
            assert_eq!(sum, count);
            assert_eq!(all.of(IndexState::Completed), count / 3 + 1);
            assert_eq!(cells.last().map(|cell| cell.span.last), Some(count - 1));
            assert_eq!(cells.last().map(|cell| cell.state()), Some(IndexState::Failed));
        }
        assert_eq!(size(1_001), 5);
    }

    #[test]
    fn invalid_spans_are_ignored() {
        let read: Vec<_> = spans("1,3-5,x,-1,9-7,,12").collect();
        let span = |first, last| Span { first, last };
        assert_eq!(read, [span(1, 1), span(3, 5), span(12, 12)]);
        assert_eq!(spans("").count(), 0);
    }

    #[test]
    fn indexes_beyond_lowered_completions_are_ignored() {
        let cells = grid(2, "0-9", "20");
        assert_eq!(tally(&cells).of(IndexState::Completed), 2);
    }
}
