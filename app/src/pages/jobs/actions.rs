//! What can be done with Jobs from the list: rerun, suspend, clone, delete; one or many.

use leptos::prelude::*;
use leptos_router::components::A;

use super::model::Model;
use crate::address;
use crate::api::{self, job::JobRow};
use crate::i18n::{common, jobs as text, t, tf};
use crate::kit::dialog::Dialog;
use crate::kit::dynamic::dynamic;
use crate::kit::icon::{Glyph, Icon};
use crate::kit::menu::Menu;
use crate::kit::notice::Tone;
use crate::kit::toast::use_toaster;
use crate::pages::report;

/// Asks before it deletes; shared by the rows and the bar over them.
#[derive(Clone, Copy)]
pub struct Deletion {
    open: RwSignal<bool>,
    names: RwSignal<Vec<String>>,
}

impl Deletion {
    /// Nothing is asked yet.
    pub fn provide() -> Self {
        let deletion = Self {
            open: RwSignal::new(false),
            names: RwSignal::new(Vec::new()),
        };
        provide_context(deletion);
        deletion
    }

    /// Asks whether to delete these.
    pub fn ask(self, names: Vec<String>) {
        self.names.set(names);
        self.open.set(true);
    }
}

/// The menu of one row.
#[component]
pub fn RowMenu(
    /// The Job.
    row: Memo<JobRow>,
) -> impl IntoView {
    let name = move || row.with(|row| row.name.clone());
    let path = move || row.with(|row| address::job(&row.project, &row.name));
    let deletion = use_context::<Deletion>();
    let toaster = use_toaster();
    let rerun = Action::new(move |(): &()| {
        let (project, name) = row.with_untracked(|row| (row.project.clone(), row.name.clone()));
        async move {
            report(toaster, api::rerun(project, name).await, |new| {
                tf(text::RERAN, &[("name", &new.name)])
            });
        }
    });
    let suspend = Action::new(move |suspend: &bool| {
        let (suspend, row) = (*suspend, row.get_untracked());
        let done = if suspend { text::SUSPENDED } else { text::RESUMED };
        async move {
            let answer = api::suspend(row.project, row.name.clone(), suspend).await;
            report(toaster, answer, |()| tf(done, &[("name", &row.name)]));
        }
    });
    view! {
        <Menu
            label=Signal::derive(move || tf(text::ACTIONS_FOR, &[("name", &name())]))
            class="button button-icon"
            end=true
            button=ViewFn::from(|| view! { <Icon glyph=Glyph::More/> })
        >
            <button type="button" class="menu-item" on:click=move |_| { rerun.dispatch(()); }>
                <Icon glyph=Glyph::Refresh/>
                {t(common::RERUN)}
            </button>
            <A
                attr:rel="external"
                href=move || row.with(|row| address::create(&row.project, &format!("?from={}", row.name)))
                attr:class="menu-item"
            >
                <Icon glyph=Glyph::Copy/>
                {t(common::CLONE)}
            </A>
            <A href=move || format!("{}?tab=manifest", path()) attr:class="menu-item">
                <Icon glyph=Glyph::Code/>
                {t(text::VIEW_MANIFEST)}
            </A>
            {dynamic(move || {
                let (finished, suspended) = row.with(|row| (row.status.kind.is_finished(), row.suspended));
                (!finished)
                    .then(|| {
                        view! {
                            <button type="button" class="menu-item" on:click=move |_| { suspend.dispatch(!suspended); }>
                                <Icon glyph=if suspended { Glyph::Play } else { Glyph::Pause }/>
                                {t(if suspended { common::RESUME } else { common::SUSPEND })}
                            </button>
                        }
                    })
            })}
            <button
                type="button"
                class="menu-item menu-danger"
                on:click=move |_| {
                    if let Some(deletion) = deletion {
                        deletion.ask(vec![row.with_untracked(|row| row.name.clone())]);
                    }
                }
            >
                <Icon glyph=Glyph::Trash/>
                {t(common::DELETE)}
            </button>
        </Menu>
    }
}

/// The bar over the table while rows are ticked.
#[component]
pub fn BulkBar(
    /// The list's data.
    model: Model,
    /// Where to ask.
    deletion: Deletion,
) -> impl IntoView {
    let count = move || model.ticked.with(Vec::len);
    view! {
        <Show when=move || { count() > 0 }>
            <div class="bulk" role="status">
                <span>{move || tf(text::SELECTED, &[("n", &count().to_string())])}</span>
                <button
                    type="button"
                    class="button button-danger"
                    on:click=move |_| deletion.ask(model.ticked.get_untracked())
                >
                    <Icon glyph=Glyph::Trash/>
                    {t(common::DELETE)}
                </button>
                <button type="button" class="button button-quiet" on:click=move |_| model.ticked.set(Vec::new())>
                    {t(text::DESELECT)}
                </button>
            </div>
        </Show>
    }
}

/// The question before deleting, and the deleting.
#[component]
pub fn DeleteDialog(
    /// The current project.
    project: Memo<String>,
    /// What is asked.
    deletion: Deletion,
    /// Called with the names that were deleted.
    on_deleted: Callback<Vec<String>>,
) -> impl IntoView {
    let toaster = use_toaster();
    let delete = Action::new(move |names: &Vec<String>| {
        let (project, names) = (project.get_untracked(), names.clone());
        async move {
            let answer = api::delete(project, names.clone()).await;
            deletion.open.set(false);
            let results = match answer {
                Ok(results) => results,
                Err(error) => {
                    report(toaster, Err::<(), _>(error), |()| String::new());
                    return;
                }
            };
            let mut deleted = Vec::new();
            for (name, error) in names.into_iter().zip(results) {
                match error {
                    None => deleted.push(name),
                    Some(error) => report(toaster, Err::<(), _>(error), |()| String::new()),
                }
            }
            if let Some(toaster) = toaster.filter(|_| !deleted.is_empty()) {
                toaster.show(Tone::Good, tf(text::DELETED, &[("names", &deleted.join(", "))]));
            }
            on_deleted.run(deleted);
        }
    });
    let count = move || deletion.names.with(Vec::len).to_string();
    view! {
        <Dialog
            open=deletion.open
            title=Signal::derive(move || tf(text::DELETE_TITLE, &[("n", &count())]))
            action=Signal::stored(t(common::DELETE).to_owned())
            dangerous=true
            busy=Signal::derive(move || delete.pending().get())
            on_action=Callback::new(move |()| { delete.dispatch(deletion.names.get_untracked()); })
        >
            <ul class="name-list">
                {dynamic(move || deletion.names.get().into_iter().map(|name| view! { <li><code>{name}</code></li> }).collect_view())}
            </ul>
            <p>{t(text::DELETE_TEXT)}</p>
        </Dialog>
    }
}
