//! Columns of the list, and which of them the user has hidden (stored in this browser).

use leptos::prelude::*;

use crate::i18n::{Text, common, job_list as text, t};
use crate::kit::icon::{Glyph, Icon};
use crate::kit::menu::Menu;

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

    /// Returns the CSS class, which is also the key in the browser's storage.
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

/// Hidden columns; `owner` and `age` by default.
#[derive(Clone, Copy)]
pub struct Columns(RwSignal<Vec<Column>>);

#[cfg(feature = "hydrate")]
const STORAGE_KEY: &str = "jobwright.hidden-columns";

impl Columns {
    /// Starts with the default, then applies what this browser has stored.
    pub fn new() -> Self {
        let columns = Self(RwSignal::new(vec![Column::Owner, Column::Age]));
        #[cfg(feature = "hydrate")]
        Effect::new(move |_| columns.load());
        columns
    }

    /// Returns the `class` attribute of the table: `hide-owner hide-age`.
    pub fn class(self) -> String {
        self.0.with(|hidden| {
            let classes: Vec<_> = hidden
                .iter()
                .map(|column| format!("hide-{}", column.key()))
                .collect();
            classes.join(" ")
        })
    }

    fn shows(self, column: Column) -> bool {
        self.0.with(|hidden| !hidden.contains(&column))
    }

    fn toggle(self, column: Column) {
        self.0.update(|hidden| {
            if hidden.contains(&column) {
                hidden.retain(|other| *other != column);
            } else {
                hidden.push(column);
            }
        });
        #[cfg(feature = "hydrate")]
        self.save();
    }

    #[cfg(feature = "hydrate")]
    fn load(self) {
        let Some(stored) = storage().and_then(|storage| storage.get_item(STORAGE_KEY).ok().flatten()) else {
            return;
        };
        let hidden = Column::ALL
            .into_iter()
            .filter(|column| stored.split(' ').any(|key| key == column.key()));
        self.0.set(hidden.collect());
    }

    #[cfg(feature = "hydrate")]
    fn save(self) {
        let keys = self
            .0
            .with_untracked(|hidden| hidden.iter().map(|column| column.key()).collect::<Vec<_>>());
        if let Some(storage) = storage() {
            // Full or forbidden storage only means that the choice is not kept.
            let _ = storage.set_item(STORAGE_KEY, &keys.join(" "));
        }
    }
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
                                    on:change=move |_| columns.toggle(column)
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
