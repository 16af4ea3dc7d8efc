//! Columns of the list, and which of them the user has hidden (stored in this browser).

use leptos::prelude::*;
use leptos_router::NavigateOptions;
use leptos_router::hooks::use_navigate;

use crate::api::job_query::SortColumn;
use crate::i18n::{Text, common, job_list as text, t};
use crate::kit::icon::{Glyph, Icon};
use crate::kit::menu::Menu;
use crate::pages::job_list::address::Address;
use crate::urls;

/// Column that can be hidden. Name and status are always shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Column {
    /// Succeeded Pods of the required ones.
    Done,
    /// Duration of the run.
    Duration,
    /// Images.
    Image,
    /// Owner.
    Owner,
    /// Creation time.
    Age,
    /// Time of the last change.
    Updated,
}

impl Column {
    /// All columns, in the order of the table.
    pub const ALL: [Self; 6] = [
        Self::Done,
        Self::Duration,
        Self::Image,
        Self::Owner,
        Self::Age,
        Self::Updated,
    ];

    /// Returns the heading.
    pub fn label(self) -> Text {
        match self {
            Self::Done => text::COLUMN_DONE,
            Self::Duration => text::COLUMN_DURATION,
            Self::Image => text::COLUMN_IMAGE,
            Self::Owner => text::COLUMN_OWNER,
            Self::Age => text::COLUMN_AGE,
            Self::Updated => text::COLUMN_UPDATED,
        }
    }

    /// Returns the order that a click on the heading chooses.
    pub fn sort(self) -> SortColumn {
        match self {
            Self::Done => SortColumn::Done,
            Self::Duration => SortColumn::Duration,
            Self::Image => SortColumn::Image,
            Self::Owner => SortColumn::Owner,
            Self::Age => SortColumn::Age,
            Self::Updated => SortColumn::Updated,
        }
    }

    /// Returns the CSS class, which is also the key in the URL and in the browser's storage.
    pub fn key(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Duration => "duration",
            Self::Image => "image",
            Self::Owner => "owner",
            Self::Age => "age",
            Self::Updated => "updated",
        }
    }
}

/// Hidden columns: as the URL says, else as this browser has stored, else `owner` and `age`.
#[derive(Clone, Copy)]
pub struct Columns {
    hidden: RwSignal<Vec<Column>>,
    address: Address,
}

#[cfg(feature = "hydrate")]
const STORAGE_KEY: &str = "jobwright.hidden-columns";

impl Columns {
    /// Reads the URL, or starts with the default and then applies what this browser has stored.
    pub fn new(address: Address) -> Self {
        let from_url = move || address.columns.get().map(|shown| hidden_beside(&shown));
        let default = || vec![Column::Owner, Column::Age];
        let columns = Self {
            hidden: RwSignal::new(untrack(from_url).unwrap_or_else(default)),
            address,
        };
        #[cfg(feature = "hydrate")]
        Effect::new(move |_| {
            if let Some(hidden) = from_url().or_else(load) {
                columns.hidden.set(hidden);
            }
        });
        columns
    }

    /// Returns the `class` attribute of the table: `hide-owner hide-age`.
    pub fn class(self) -> String {
        self.hidden.with(|hidden| {
            let classes: Vec<_> = hidden
                .iter()
                .map(|column| format!("hide-{}", column.key()))
                .collect();
            classes.join(" ")
        })
    }

    fn shows(self, column: Column) -> bool {
        self.hidden.with(|hidden| !hidden.contains(&column))
    }

    /// Hides or shows a column; returns the URL with the choice.
    fn toggle(self, column: Column) -> String {
        self.hidden.update(|hidden| {
            if hidden.contains(&column) {
                hidden.retain(|other| *other != column);
            } else {
                hidden.push(column);
            }
        });
        #[cfg(feature = "hydrate")]
        self.save();
        let shown: Vec<&str> = Column::ALL
            .into_iter()
            .filter(|column| untrack(|| self.shows(*column)))
            .map(Column::key)
            .collect();
        untrack(|| self.address.with_columns(Some(shown.join(","))))
    }

    #[cfg(feature = "hydrate")]
    fn save(self) {
        let keys = self
            .hidden
            .with_untracked(|hidden| hidden.iter().map(|column| column.key()).collect::<Vec<_>>());
        if let Some(storage) = storage() {
            // Full or forbidden storage only means that the choice is not kept.
            let _ = storage.set_item(STORAGE_KEY, &keys.join(" "));
        }
    }
}

/// Returns the columns that are hidden if `shown` are not.
fn hidden_beside(shown: &str) -> Vec<Column> {
    let is_shown = |column: &Column| shown.split(',').any(|key| key == column.key());
    Column::ALL
        .into_iter()
        .filter(|column| !is_shown(column))
        .collect()
}

/// Returns the hidden columns that this browser has stored.
#[cfg(feature = "hydrate")]
fn load() -> Option<Vec<Column>> {
    let stored = storage()?.get_item(STORAGE_KEY).ok().flatten()?;
    let is_hidden = |column: &Column| stored.split(' ').any(|key| key == column.key());
    Some(Column::ALL.into_iter().filter(is_hidden).collect())
}

#[cfg(feature = "hydrate")]
fn storage() -> Option<web_sys::Storage> {
    window().local_storage().ok().flatten()
}

/// Menu that hides and shows columns.
#[component]
pub fn ColumnMenu(
    /// Hidden columns.
    columns: Columns,
) -> impl IntoView {
    let navigate = use_navigate();
    let toggle = Callback::new(move |column| {
        let options = NavigateOptions {
            replace: true,
            scroll: false,
            ..urls::whole()
        };
        navigate(&columns.toggle(column), options);
    });
    view! {
        <Menu
            label=Signal::stored(t(text::COLUMNS).to_owned())
            end=true
            button=ViewFn::from(|| {
                view! {
                    <Icon glyph=Glyph::List/>
                    <span class="wide-only">{t(text::COLUMNS)}</span>
                }
            })
            // Needs JavaScript in any case.
            lazy=true
        >
            <fieldset class="menu-group" on:click=|event| event.stop_propagation()>
                <legend class="sr-only">{t(common::MORE)}</legend>
                {Column::ALL
                    .into_iter()
                    .map(|column| {
                        view! {
                            <label class="menu-item menu-check">
                                <input
                                    type="checkbox"
                                    prop:checked=move || columns.shows(column)
                                    on:change=move |_| toggle.run(column)
                                />
                                {t(column.label())}
                            </label>
                        }
                    })
                    .collect_view()}
            </fieldset>
        </Menu>
    }
}
