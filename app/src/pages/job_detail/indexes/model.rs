//! The state of each completion index, gathered into cells that a page can hold.

use std::collections::{HashMap, HashSet};
use std::fmt;
use std::str::FromStr;

use crate::api::job::JobDetail;

/// A grid has at most this many cells; with more indexes, a cell stands for several.
const MAX_CELLS: i64 = 500;

/// Indexes from the first to the last of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    /// The first.
    pub first: i64,
    /// The last.
    pub last: i64,
}

impl Span {
    /// One index.
    pub fn of(index: i64) -> Self {
        Self {
            first: index,
            last: index,
        }
    }

    /// How many.
    pub fn len(self) -> i64 {
        self.last - self.first + 1
    }

    /// Whether an index is one of them.
    pub fn contains(self, index: i64) -> bool {
        (self.first..=self.last).contains(&index)
    }
}

/// As the cluster writes it: `7` or `2-4`.
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

/// The spans of `status.completedIndexes` (`0,2-4`). What cannot be read is left out.
fn spans(text: &str) -> impl Iterator<Item = Span> {
    text.split(',').filter_map(|span| span.parse().ok())
}

/// The state of an index.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IndexState {
    /// One of its Pods succeeded.
    Completed,
    /// No further Pod will be made for it, and none succeeded.
    Failed,
    /// A Pod of it runs.
    Running,
    /// It waits for its first Pod, or for its next.
    Waiting,
}

impl IndexState {
    /// All of them, in the order in which a page names them.
    pub const ALL: [Self; 4] = [Self::Completed, Self::Running, Self::Failed, Self::Waiting];
}

/// How many indexes are in each state.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Tally {
    completed: i64,
    running: i64,
    failed: i64,
    waiting: i64,
}

impl Tally {
    /// Those in one state.
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

/// A square of the grid.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cell {
    /// Its indexes.
    pub span: Span,
    /// Their states.
    pub tally: Tally,
}

impl Cell {
    /// What a person has to see of it first: a failure, then what runs; completed is what is so as a whole.
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

/// The grid of an Indexed Job, in order of its indexes; none for another Job.
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
    let mut settled: Vec<Span> = spans(&indexes.completed).chain(spans(&indexes.failed)).collect();
    settled.sort_unstable_by_key(|span| span.first);
    for (index, state) in of_pods(detail) {
        let before = settled.partition_point(|span| span.first <= index);
        let is_settled = before > 0 && settled[before - 1].contains(index);
        if !is_settled {
            grid.settle(Span::of(index), state);
        }
    }
    grid.cells
}

/// Indexes about which their Pods say something: one that runs, or that all failed when nothing more will come.
fn of_pods(detail: &JobDetail) -> HashMap<i64, IndexState> {
    let ended = detail.row.status.kind.is_finished();
    let with = |phase: &str| -> HashSet<i64> {
        let pods = detail.readable_pods().iter().filter(|pod| pod.phase == phase);
        pods.filter_map(|pod| pod.index).collect()
    };
    let failed = if ended { with("Failed") } else { HashSet::new() };
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
    /// All indexes wait.
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

    /// Moves indexes from waiting to a state. Those beyond the grid are of no concern (completions were lowered).
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

/// Indexes in a cell: 1, 2 or 5 times a power of ten.
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

/// The states of a whole grid.
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
    fn each_index_has_a_cell_while_they_are_few() {
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
    fn many_indexes_share_cells_and_none_is_lost() {
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
    fn what_the_cluster_writes_is_read_and_the_rest_left_out() {
        let read: Vec<_> = spans("1,3-5,x,-1,9-7,,12").collect();
        let span = |first, last| Span { first, last };
        assert_eq!(read, [span(1, 1), span(3, 5), span(12, 12)]);
        assert_eq!(spans("").count(), 0);
    }

    #[test]
    fn indexes_beyond_lowered_completions_are_of_no_concern() {
        let cells = grid(2, "0-9", "20");
        assert_eq!(tally(&cells).of(IndexState::Completed), 2);
    }
}
