//! Completion indexes of an Indexed Job as a grid (feature D8). Each cell links to the Pods of its indexes.

pub mod model;

use leptos::prelude::*;
use leptos_router::components::A;

use crate::api::job::JobDetail;
use crate::i18n::{Text, job_detail as text, t, tf};
use crate::kit::erased::dynamic;
use crate::pages::job_detail::indexes::model::{Cell, IndexState, Span, Tally, cells, tally};

/// Maximum number of cells that show their index; larger grids use small squares.
const NUMBERED: usize = 120;

/// Grid with the number of indexes in each state; empty for a Job that is not Indexed.
#[component]
pub fn Indexes(
    /// Job.
    detail: Memo<JobDetail>,
    /// Path of the Job page.
    path: Signal<String>,
    /// Indexes whose Pods are shown.
    chosen: Signal<Option<Span>>,
) -> impl IntoView {
    let grid = Memo::new(move |_| detail.with(cells));
    view! {
        <Show when=move || grid.with(|cells| !cells.is_empty())>
            <section class="indexes" aria-label=t(text::INDEXES)>
                <div class="indexes-head">
                    <h2 class="section-title">{t(text::INDEXES)}</h2>
                    <ul class="index-legend">{dynamic(move || legend(grid.with(|cells| tally(cells))))}</ul>
                </div>
                <ol class="index-grid" class:index-grid-dense=move || grid.with(|cells| cells.len() > NUMBERED)>
                    {dynamic(move || {
                        let chosen = chosen.get();
                        let one = |cell: &Cell| view! { <Square cell=*cell path chosen=chosen == Some(cell.span)/> };
                        grid.with(|cells| cells.iter().map(one).collect_view())
                    })}
                </ol>
            </section>
        </Show>
    }
}

/// Number of indexes in each state, with the style of their cells.
fn legend(all: Tally) -> impl IntoView {
    let named = |state: IndexState| {
        let number = all.of(state);
        view! {
            <li class:quiet=number == 0>
                <span class=format!("index {}", class(state)) aria-hidden="true"></span>
                {tf(count_label(state), &[("n", &number.to_string())])}
            </li>
        }
    };
    IndexState::ALL.map(named).collect_view()
}

#[component]
fn Square(cell: Cell, path: Signal<String>, chosen: bool) -> impl IntoView {
    let (label, class) = (cell_label(cell), class(cell.state()));
    // The selected cell links back to all Pods.
    let href = move || {
        let path = path.get();
        if chosen {
            format!("{path}?tab=pods")
        } else {
            format!("{path}?tab=pods&index={}", cell.span)
        }
    };
    view! {
        <li>
            <A
                href=href
                scroll=false
                attr:class=if chosen { format!("index index-chosen {class}") } else { format!("index {class}") }
                attr:title=label.clone()
                attr:aria-label=label
            >
                {cell.span.first}
            </A>
        </li>
    }
}

/// Returns `Index 3: completed`, or for several indexes `Indexes 100-149: 30 completed · 20 waiting`.
fn cell_label(cell: Cell) -> String {
    let span = cell.span.to_string();
    if cell.span.len() == 1 {
        return tf(
            text::INDEX_STATE,
            &[("n", &span), ("state", t(state_label(cell.state())))],
        );
    }
    let counts = IndexState::ALL
        .into_iter()
        .filter(|state| cell.tally.of(*state) > 0)
        .map(|state| tf(count_label(state), &[("n", &cell.tally.of(state).to_string())]))
        .collect::<Vec<_>>()
        .join(" · ");
    tf(text::INDEXES_STATE, &[("span", &span), ("counts", &counts)])
}

fn class(state: IndexState) -> &'static str {
    match state {
        IndexState::Completed => "index-completed",
        IndexState::Running => "index-running",
        IndexState::Failed => "index-failed",
        IndexState::Waiting => "index-waiting",
    }
}

fn count_label(state: IndexState) -> Text {
    match state {
        IndexState::Completed => text::INDEXES_COMPLETED,
        IndexState::Running => text::INDEXES_RUNNING,
        IndexState::Failed => text::INDEXES_FAILED,
        IndexState::Waiting => text::INDEXES_WAITING,
    }
}

fn state_label(state: IndexState) -> Text {
    match state {
        IndexState::Completed => text::INDEX_COMPLETED,
        IndexState::Running => text::RUNNING,
        IndexState::Failed => text::INDEX_FAILED,
        IndexState::Waiting => text::WAITING,
    }
}
