//! The URL of the list: which project, filter, order, page and columns.

use leptos::prelude::*;
use leptos_router::hooks::use_query_map;

use crate::api::job_query::{JobQuery, SortColumn, StatusGroup};
use crate::layout::LastList;
use crate::urls;

/// Parameter with the columns shown.
pub const COLUMNS: &str = "columns";

/// The URL of the list that is shown, and those of its neighbours.
#[derive(Clone, Copy)]
pub struct Address {
    /// Project; empty for all projects.
    pub project: Memo<String>,
    /// Filter, order and page.
    pub query: Signal<JobQuery>,
    /// Value of `?columns=`.
    pub columns: Signal<Option<String>>,
}

impl Address {
    /// Reads the page's URL.
    ///
    /// The page holds a copy, which an effect keeps up to date; see [`crate::kit::query_param`].
    pub fn of_page(project: Memo<String>) -> Self {
        let map = use_query_map();
        let read = move || map.with(|map| (JobQuery::from_params(|name| map.get(name)), map.get(COLUMNS)));
        let (query, columns) = untrack(read);
        let (query, columns) = (RwSignal::new(query), RwSignal::new(columns));
        Effect::new(move |_| {
            let (new_query, new_columns) = read();
            if query.try_with_untracked(|query| *query != new_query) == Some(true) {
                query.set(new_query);
            }
            if columns.try_with_untracked(|columns| *columns != new_columns) == Some(true) {
                columns.set(new_columns);
            }
        });
        let address = Self {
            project,
            query: query.into(),
            columns: columns.into(),
        };
        if let Some(LastList(last)) = use_context() {
            Effect::new(move |_| {
                let url = address.url(&address.query.get(), address.columns.get());
                last.set(Some((project.get(), url)));
            });
        }
        address
    }

    /// Returns the URL of the list with another filter text.
    pub fn with_text(self, text: String) -> String {
        self.with(|query| {
            query.text = text;
            query.page = 0;
        })
    }

    /// Returns the URL of the list with another group of states.
    pub fn with_status(self, status: Option<StatusGroup>) -> String {
        self.with(|query| {
            query.status = status;
            query.page = 0;
        })
    }

    /// Returns the URL of the list after a click on a heading.
    pub fn with_sort(self, column: SortColumn) -> String {
        self.with(|query| {
            query.sort = query.sort.clicked(column);
            query.page = 0;
        })
    }

    /// Returns the URL of another page.
    pub fn with_page(self, page: u32) -> String {
        self.with(|query| query.page = page)
    }

    /// Returns the URL of the list with another number of rows per page.
    pub fn with_size(self, size: u16) -> String {
        self.with(|query| {
            query.size = size;
            query.page = 0;
        })
    }

    /// Returns the URL of the list with these columns.
    pub fn with_columns(self, columns: Option<String>) -> String {
        let query = self.query.get();
        self.url(&query, columns)
    }

    /// Returns the URL of the list without a filter.
    pub fn without_filter(self) -> String {
        self.with(|query| {
            query.text.clear();
            query.status = None;
            query.page = 0;
        })
    }

    fn with(self, change: impl FnOnce(&mut JobQuery)) -> String {
        let mut query = self.query.get();
        change(&mut query);
        self.url(&query, self.columns.get())
    }

    fn url(self, query: &JobQuery, columns: Option<String>) -> String {
        let columns = columns.as_deref().filter(|columns| is_plain(columns));
        urls::jobs(&self.project.get()) + &query.to_search(columns.map(|columns| (COLUMNS, columns)))
    }
}

/// Whether a list of columns needs no escaping. It may come from the URL.
fn is_plain(columns: &str) -> bool {
    columns
        .bytes()
        .all(|byte| byte.is_ascii_lowercase() || byte == b',')
}
