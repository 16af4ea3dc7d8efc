//! What part of the Job list a page shows: filter, order and page, as written in the URL.

use leptos_router::location::Url;
use serde::{Deserialize, Serialize};

use crate::api::job::{JobRow, QuotaBanner, StatusKind};

/// Numbers of rows per page that the user can choose from; the first is the default.
pub const PAGE_SIZES: [u16; 3] = [25, 50, 100];

/// Maximum number of Jobs that can be selected at once.
pub const MAX_SELECTED: usize = 10_000;

/// Maximum length of the filter in bytes; the rest is ignored.
pub const MAX_TEXT: usize = 1_000;

/// Groups of states for the filter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum StatusGroup {
    /// Updating, running, or being deleted.
    Active,
    /// Blocked, unschedulable or without image: waits for a user.
    Stuck,
    /// Completed.
    Completed,
    /// Failed.
    Failed,
    /// Suspended.
    Suspended,
}

impl StatusGroup {
    /// All groups, in the order of the chips.
    pub const ALL: [Self; 5] = [
        Self::Active,
        Self::Stuck,
        Self::Completed,
        Self::Failed,
        Self::Suspended,
    ];

    /// Returns the position in [`Self::ALL`].
    pub fn index(self) -> usize {
        self as usize
    }

    /// Returns the group of a state.
    pub fn of(kind: StatusKind) -> Self {
        match kind {
            StatusKind::Updating | StatusKind::Running | StatusKind::Terminating => Self::Active,
            StatusKind::Blocked
            | StatusKind::Unschedulable
            | StatusKind::ImageError
            | StatusKind::ContainerError => Self::Stuck,
            StatusKind::Completed => Self::Completed,
            StatusKind::Failed => Self::Failed,
            StatusKind::Suspended => Self::Suspended,
        }
    }

    /// Returns the value of `?status=`.
    pub fn key(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Stuck => "stuck",
            Self::Completed => "completed",
            Self::Failed => "failed",
            Self::Suspended => "suspended",
        }
    }

    /// Parses such a value.
    pub fn from_key(key: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|group| group.key() == key)
    }
}

/// Column that the list can be sorted by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum SortColumn {
    /// Name.
    Name,
    /// Project, then name.
    Project,
    /// State: what needs attention first.
    Status,
    /// Part of the required Pods that succeeded.
    Done,
    /// Duration of the run; Jobs that have not started come first.
    Duration,
    /// First image.
    Image,
    /// Owner.
    Owner,
    /// Creation time.
    Age,
    /// Time of the last change.
    #[default]
    Updated,
}

impl SortColumn {
    /// All columns.
    pub const ALL: [Self; 9] = [
        Self::Name,
        Self::Project,
        Self::Status,
        Self::Done,
        Self::Duration,
        Self::Image,
        Self::Owner,
        Self::Age,
        Self::Updated,
    ];

    /// Returns the value of `?sort=`, without the sign.
    pub fn key(self) -> &'static str {
        match self {
            Self::Name => "name",
            Self::Project => "project",
            Self::Status => "status",
            Self::Done => "done",
            Self::Duration => "duration",
            Self::Image => "image",
            Self::Owner => "owner",
            Self::Age => "age",
            Self::Updated => "updated",
        }
    }

    /// Whether the first click on the heading sorts from the largest value on: the newest first.
    fn starts_descending(self) -> bool {
        matches!(self, Self::Done | Self::Duration | Self::Age | Self::Updated)
    }
}

/// Order of the list. In the URL a column in descending order has a minus sign: `-updated`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Sort {
    /// Column.
    pub column: SortColumn,
    /// Largest value first. For times this means the newest first, whichever way the column words them.
    pub descending: bool,
}

impl Default for Sort {
    fn default() -> Self {
        Self {
            column: SortColumn::Updated,
            descending: true,
        }
    }
}

impl Sort {
    /// Parses the value of `?sort=`.
    pub fn from_key(key: &str) -> Option<Self> {
        let (descending, key) = match key.strip_prefix('-') {
            Some(key) => (true, key),
            None => (false, key),
        };
        let column = SortColumn::ALL.into_iter().find(|column| column.key() == key)?;
        Some(Self { column, descending })
    }

    /// Returns the value of `?sort=`.
    pub fn key(self) -> String {
        format!("{}{}", if self.descending { "-" } else { "" }, self.column.key())
    }

    /// Returns the order after a click on the heading of `column`.
    #[must_use]
    pub fn clicked(self, column: SortColumn) -> Self {
        Self {
            column,
            descending: if column == self.column {
                !self.descending
            } else {
                column.starts_descending()
            },
        }
    }
}

/// Part of the list that a page shows.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(default)]
pub struct JobQuery {
    /// Text of the filter; see [`Filter`](crate::api::job_filter::Filter).
    pub text: String,
    /// Group of states.
    pub status: Option<StatusGroup>,
    /// Order.
    pub sort: Sort,
    /// Page, from 0 on.
    pub page: u32,
    /// Rows per page.
    pub size: u16,
}

impl Default for JobQuery {
    fn default() -> Self {
        Self {
            text: String::new(),
            status: None,
            sort: Sort::default(),
            page: 0,
            size: PAGE_SIZES[0],
        }
    }
}

impl JobQuery {
    /// Reads the query from the parameters of a URL: `q`, `status`, `sort`, `page` (from 1 on) and `size`. Values that
    /// mean nothing are ignored.
    pub fn from_params(param: impl Fn(&str) -> Option<String>) -> Self {
        let number = |name| param(name).and_then(|value| value.parse::<u32>().ok());
        let size = number("size").and_then(|size| u16::try_from(size).ok());
        Self {
            text: param("q").unwrap_or_default(),
            status: param("status").and_then(|key| StatusGroup::from_key(&key)),
            sort: param("sort")
                .and_then(|key| Sort::from_key(&key))
                .unwrap_or_default(),
            page: number("page").unwrap_or(1).saturating_sub(1),
            size: size.unwrap_or_default(),
        }
        .bounded()
    }

    /// Returns the query within its bounds: it comes from the browser.
    #[must_use]
    pub fn bounded(mut self) -> Self {
        if !PAGE_SIZES.contains(&self.size) {
            self.size = PAGE_SIZES[0];
        }
        let mut end = self.text.len().min(MAX_TEXT);
        while !self.text.is_char_boundary(end) {
            end -= 1;
        }
        self.text.truncate(end);
        self
    }

    /// Returns the parameters of a URL that differ from the default, in a fixed order. Values are not escaped.
    pub fn to_params(&self) -> Vec<(&'static str, String)> {
        let default = Self::default();
        let mut params = Vec::new();
        if !self.text.is_empty() {
            params.push(("q", self.text.clone()));
        }
        if let Some(status) = self.status {
            params.push(("status", status.key().to_owned()));
        }
        if self.sort != default.sort {
            params.push(("sort", self.sort.key()));
        }
        if self.page != 0 {
            params.push(("page", (self.page + 1).to_string()));
        }
        if self.size != default.size {
            params.push(("size", self.size.to_string()));
        }
        params
    }

    /// Returns the query of a URL: [`Self::to_params`] and `more`, with a question mark unless it is empty. Only the
    /// values that a user types need escaping.
    pub fn to_search(&self, more: Option<(&str, &str)>) -> String {
        let mut search = String::new();
        let params = self.to_params();
        let params = params.iter().map(|(name, value)| (*name, value.as_str()));
        for (name, value) in params.chain(more) {
            let value = match name {
                "q" => Url::escape(value),
                _ => value.to_owned(),
            };
            search += if search.is_empty() { "?" } else { "&" };
            search.extend([name, "=", &value]);
        }
        search
    }

    /// Returns whether all Jobs match.
    pub fn matches_all(&self) -> bool {
        self.status.is_none() && self.text.trim().is_empty()
    }
}

/// One page of the Job list.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Default)]
pub struct JobPage {
    /// Rows, in order.
    pub rows: Vec<JobRow>,
    /// Numbers about the whole list.
    pub summary: Summary,
    /// Identifies the contents; a stream that is opened with it sends nothing until they change.
    pub version: String,
    /// The list is still being read from the cluster, and so many Jobs have been received.
    pub loading: Option<u32>,
}

/// Numbers about the whole list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Default)]
pub struct Summary {
    /// Page shown, from 0 on: the last one if the requested one does not exist.
    pub page: u32,
    /// Number of Jobs that match the filter.
    pub total: u32,
    /// Number of Jobs that match the text of the filter, per group of states ([`StatusGroup::ALL`]).
    pub counts: [u32; 5],
    /// Number of all Jobs.
    pub all: u32,
    /// Numbers of the banner; none for more than one project.
    pub quota: Option<QuotaBanner>,
}

/// Change of the page that is shown, as sent on `/stream/jobs`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "camelCase")]
pub enum PageChange {
    /// The whole page: after the connection is opened, unless the browser has it, and after an outage.
    Page {
        /// Page.
        page: JobPage,
    },
    /// Differences to the page that was sent before.
    Rows {
        /// New and changed rows.
        rows: Vec<JobRow>,
        /// `uid`s of the rows in order, if that changed.
        order: Option<Vec<String>>,
        /// `uid`s of Jobs that were on the page and do not exist any more.
        gone: Vec<String>,
        /// Numbers about the whole list.
        summary: Summary,
    },
    /// The cluster's list is being read; so many Jobs have been received.
    Loading {
        /// Number of Jobs.
        read: u32,
    },
    /// The watch has been disconnected since this time: rows may be stale. Another change follows once it reconnects.
    Stale {
        /// Time of the disconnection, in milliseconds since the Unix epoch.
        since: i64,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(search: &str) -> JobQuery {
        let pairs: Vec<(&str, &str)> = search
            .split('&')
            .filter_map(|pair| pair.split_once('='))
            .collect();
        JobQuery::from_params(|name| {
            let pair = pairs.iter().find(|(key, _)| *key == name);
            pair.map(|(_, value)| (*value).to_owned())
        })
    }

    #[test]
    fn query_survives_its_url() {
        for search in [
            "",
            "q=pi&status=failed&sort=name&page=3&size=50",
            "sort=-duration",
            "sort=updated&size=100",
        ] {
            let written: Vec<String> = read(search)
                .to_params()
                .iter()
                .map(|(name, value)| format!("{name}={value}"))
                .collect();
            assert_eq!(written.join("&"), search);
        }
    }

    #[test]
    fn only_typed_values_are_escaped() {
        let query = read("q=a&b&sort=-age");
        let query = JobQuery {
            text: "a&b c=示".to_owned(),
            ..query
        };
        assert_eq!(
            query.to_search(Some(("columns", "done,owner"))),
            "?q=a%26b%20c%3D%E7%A4%BA&sort=-age&columns=done,owner"
        );
        assert_eq!(JobQuery::default().to_search(None), "");
    }

    #[test]
    fn meaningless_values_are_ignored() {
        for search in [
            "status=none",
            "sort=--name",
            "sort=-",
            "page=0",
            "page=-1",
            "page=x",
            "size=0",
            "size=65561",
            "size=26",
        ] {
            assert_eq!(read(search), JobQuery::default(), "{search}");
        }
        assert_eq!(read("page=4294967295").page, u32::MAX - 1);
        assert_eq!(read(&format!("q={}", "示".repeat(1_000))).text.len(), 999);
    }

    #[test]
    fn second_click_on_a_heading_reverses_the_order() {
        let by = |key| Sort::from_key(key).unwrap();
        assert_eq!(by("-updated").clicked(SortColumn::Name), by("name"));
        assert_eq!(by("name").clicked(SortColumn::Name), by("-name"));
        assert_eq!(by("name").clicked(SortColumn::Age), by("-age"));
        assert_eq!(by("-age").clicked(SortColumn::Age), by("age"));
    }
}
