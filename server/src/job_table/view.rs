//! Filtered and sorted views of a table, updated row by row, and the windows of them that pages show.

use std::collections::HashSet;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;

use app::api::job::{JobRow, Millis};
use app::api::job_filter::Filter;
use app::api::job_query::{JobPage, JobQuery, PageChange, SortColumn, StatusGroup, Summary};

use crate::job_table::order::{Key, compare};

/// How long a view is used whose filter depends on the time.
const TIME_STEP: Millis = 15_000;

/// A row, shared by the table and all views and windows.
#[derive(Debug)]
pub struct TableRow {
    /// The row.
    pub row: JobRow,
    /// Hash of its contents.
    hash: u64,
}

impl TableRow {
    /// Wraps a row.
    pub fn new(row: JobRow) -> Arc<Self> {
        let mut hasher = DefaultHasher::new();
        // A row can always be serialized; it has no `Hash`.
        serde_json::to_string(&row).unwrap_or_default().hash(&mut hasher);
        let hash = hasher.finish();
        Arc::new(Self { row, hash })
    }

    fn group(&self) -> StatusGroup {
        StatusGroup::of(self.row.status.kind)
    }
}

/// What a view selects, and in which order. A descending order is the reverse.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ViewKey {
    filter: Filter,
    group: Option<StatusGroup>,
    column: SortColumn,
}

impl ViewKey {
    /// Returns the key of the view that `query` shows a page of.
    pub fn of(query: &JobQuery) -> Self {
        Self {
            filter: Filter::new(&query.text),
            group: query.status,
            column: query.sort.column,
        }
    }
}

/// The rows that match a filter, in order.
#[derive(Debug)]
pub struct View {
    key: ViewKey,
    rows: Vec<Arc<TableRow>>,
    /// Number of rows that match the text of the filter, per group.
    counts: [u32; 5],
    built_at: Millis,
}

impl View {
    /// Builds a view of `all` rows, which are in the order of their names.
    pub fn build<'a>(key: ViewKey, all: impl Iterator<Item = &'a Arc<TableRow>>, now: Millis) -> Self {
        let mut view = Self {
            key,
            rows: Vec::new(),
            counts: [0; 5],
            built_at: now,
        };
        let mut rows = Vec::new();
        for row in all.filter(|row| view.key.filter.matches(&row.row, now)) {
            view.counts[row.group().index()] += 1;
            if view.shows(row) {
                rows.push(row);
            }
        }
        let column = view.key.column;
        if column != SortColumn::Name {
            // Comparing rows is slow, since they lie anywhere in memory. The sort is stable, so rows with equal keys
            // stay in the order of their names.
            rows.sort_by_cached_key(|row| Key::of(column, &row.row));
        }
        view.rows = rows.into_iter().map(Arc::clone).collect();
        view
    }

    /// Whether this is the view with `key`, and still true.
    pub fn is(&self, key: &ViewKey, now: Millis) -> bool {
        self.key == *key && !self.is_outdated(now)
    }

    /// Whether time has changed what it shows.
    pub fn is_outdated(&self, now: Millis) -> bool {
        self.key.filter.depends_on_time() && now.saturating_sub(self.built_at) >= TIME_STEP
    }

    /// Replaces a row by its next state; `None` before a Job exists and after it is deleted.
    pub fn replace(&mut self, before: Option<&Arc<TableRow>>, after: Option<&Arc<TableRow>>) {
        if let Some(row) = before
            && self.key.filter.matches(&row.row, self.built_at)
        {
            let count = &mut self.counts[row.group().index()];
            *count = count.saturating_sub(1);
            if let Ok(place) = self.place(row) {
                self.rows.remove(place);
            }
        }
        if let Some(row) = after
            && self.key.filter.matches(&row.row, self.built_at)
        {
            self.counts[row.group().index()] += 1;
            if self.shows(row)
                && let Err(place) = self.place(row)
            {
                self.rows.insert(place, Arc::clone(row));
            }
        }
    }

    /// Returns the page that `query` asks for; the last one if there are fewer. `summary` has the numbers that do not
    /// depend on the view.
    pub fn window(&self, query: &JobQuery, summary: Summary) -> Window {
        let size = usize::from(query.size.max(1));
        let last = self.rows.len().saturating_sub(1) / size;
        let page = usize::try_from(query.page).unwrap_or(usize::MAX).min(last);
        let skipped = page * size;
        let rows = if query.sort.descending {
            self.rows.iter().rev().skip(skipped).take(size).cloned().collect()
        } else {
            self.rows.iter().skip(skipped).take(size).cloned().collect()
        };
        Window {
            rows,
            summary: Summary {
                page: number(page),
                total: number(self.rows.len()),
                counts: self.counts,
                ..summary
            },
        }
    }

    /// Returns all rows in the order of `query`.
    pub fn rows(&self, descending: bool) -> impl Iterator<Item = &Arc<TableRow>> {
        let (forward, backward) = if descending {
            (None, Some(self.rows.iter().rev()))
        } else {
            (Some(self.rows.iter()), None)
        };
        forward
            .into_iter()
            .flatten()
            .chain(backward.into_iter().flatten())
    }

    fn shows(&self, row: &TableRow) -> bool {
        self.key.group.is_none_or(|group| row.group() == group)
    }

    fn place(&self, row: &TableRow) -> Result<usize, usize> {
        self.rows
            .binary_search_by(|other| compare(self.key.column, &other.row, &row.row))
    }
}

/// A page of a view.
#[derive(Debug, Clone)]
pub struct Window {
    rows: Vec<Arc<TableRow>>,
    summary: Summary,
}

impl Window {
    /// Identifies the contents, whichever replica or process returns them.
    pub fn version(&self) -> String {
        let mut hasher = DefaultHasher::new();
        for row in &self.rows {
            row.hash.hash(&mut hasher);
        }
        serde_json::to_string(&self.summary)
            .unwrap_or_default()
            .hash(&mut hasher);
        format!("{:016x}", hasher.finish())
    }

    /// Returns the page as it is sent.
    pub fn page(&self) -> JobPage {
        JobPage {
            rows: self.rows.iter().map(|row| row.row.clone()).collect(),
            summary: self.summary,
            version: self.version(),
            loading: None,
        }
    }

    /// Returns the empty difference.
    pub fn unchanged(&self) -> PageChange {
        PageChange::Rows {
            rows: Vec::new(),
            order: None,
            gone: Vec::new(),
            summary: self.summary,
        }
    }

    /// Returns what changed since `before`, if anything did; `exists` tells whether a Job still exists.
    pub fn changes_since(&self, before: &Self, exists: impl Fn(&str) -> bool) -> Option<PageChange> {
        let known: HashSet<u64> = before.rows.iter().map(|row| row.hash).collect();
        let rows: Vec<JobRow> = self
            .rows
            .iter()
            .filter(|row| !known.contains(&row.hash))
            .map(|row| row.row.clone())
            .collect();
        let order = !uids(&self.rows).eq(uids(&before.rows));
        if rows.is_empty() && !order && self.summary == before.summary {
            return None;
        }
        let shown: HashSet<&str> = uids(&self.rows).collect();
        let gone = uids(&before.rows)
            .filter(|uid| !shown.contains(uid) && !exists(uid))
            .map(str::to_owned)
            .collect();
        Some(PageChange::Rows {
            rows,
            order: order.then(|| uids(&self.rows).map(str::to_owned).collect()),
            gone,
            summary: self.summary,
        })
    }
}

fn uids(rows: &[Arc<TableRow>]) -> impl Iterator<Item = &str> {
    rows.iter().map(|row| row.row.uid.as_str())
}

/// Numbers of Jobs fit into 32 bits.
pub fn number(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}
