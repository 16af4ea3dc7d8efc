//! Left column of a Job's page: settings, labels and times; and the dialog that edits alias and description.

use leptos::prelude::*;

use crate::api;
use crate::api::error::ApiError;
use crate::api::job::{DescriptionChange, GENERATED_LABELS, JobDetail, TextChange};
use crate::foreign_text::visible;
use crate::i18n::{Text, common, job_detail as text, t, tf};
use crate::kit::dialog::Dialog;
use crate::kit::erased::dynamic;
use crate::kit::notice::{Notice, Tone};
use crate::kit::time::{Duration, Time};
use crate::kit::toast::use_toaster;
use crate::pages::report;

/// Settings, labels and times.
#[component]
pub fn Summary(
    /// Job.
    detail: Memo<JobDetail>,
) -> impl IntoView {
    let fact = move |label: Text, value: fn(&JobDetail) -> String| {
        view! {
            <dt>{t(label)}</dt>
            <dd>{move || detail.with(value)}</dd>
        }
    };
    view! {
        <dl class="properties">
            <dt>{t(common::PROJECT)}</dt>
            <dd>{move || detail.with(|detail| detail.row.project.clone())}</dd>
            {fact(text::BACKOFF_LIMIT, |d| d.backoff_limit.to_string())}
            {fact(text::COMPLETIONS, |d| d.row.completions.map_or_else(not_set, |n| n.to_string()))}
            {fact(text::PARALLELISM, |d| d.row.parallelism.to_string())}
            {fact(text::DEADLINE, |d| seconds(d.active_deadline_seconds))}
            {fact(text::TTL, |d| seconds(d.ttl_seconds_after_finished))}
            {fact(text::COMPLETION_MODE, |d| d.completion_mode.clone())}
            {fact(text::RESTART_POLICY, |d| d.restart_policy.clone())}
            {fact(text::OWNER, |d| d.row.owner.clone().unwrap_or_else(|| t(common::NONE).to_owned()))}
            <dt>{t(text::CREATED)}</dt>
            <dd><Time at=Signal::derive(move || detail.with(|d| Some(d.row.created)))/></dd>
            <dt>{t(text::STARTED)}</dt>
            <dd><Time at=Signal::derive(move || detail.with(|d| d.row.started))/></dd>
            <dt>{t(text::ENDED)}</dt>
            <dd><Time at=Signal::derive(move || detail.with(|d| d.row.finished))/></dd>
            <dt>{t(text::DURATION)}</dt>
            <dd>
                <Duration
                    from=Signal::derive(move || detail.with(|d| d.row.started))
                    to=Signal::derive(move || detail.with(|d| d.row.finished))
                />
            </dd>
        </dl>
        <Pairs label=t(common::LABELS) pairs=Signal::derive(move || detail.with(own_labels))/>
        <Pairs label=t(text::NODE_SELECTOR) pairs=Signal::derive(move || detail.with(|d| d.node_selector.clone()))/>
        <Pairs label=t(text::ANNOTATIONS) pairs=Signal::derive(move || detail.with(|d| d.annotations.clone()))/>
    }
}

/// Returns the labels that users set.
fn own_labels(detail: &JobDetail) -> Vec<(String, String)> {
    let labels = detail.row.labels.iter();
    let own = labels.filter(|(key, _)| !GENERATED_LABELS.contains(&key.as_str()));
    own.cloned().collect()
}

fn not_set() -> String {
    t(text::NOT_SET).to_owned()
}

fn seconds(value: Option<i64>) -> String {
    value.map_or_else(not_set, |n| tf(text::SECONDS, &[("n", &n.to_string())]))
}

/// Keys and values as chips; renders nothing if there are none.
#[component]
fn Pairs(label: &'static str, pairs: Signal<Vec<(String, String)>>) -> impl IntoView {
    view! {
        <Show when=move || pairs.with(|pairs| !pairs.is_empty())>
            <h2 class="side-title">{label}</h2>
            <ul class="pairs">
                {dynamic(move || {
                    pairs
                        .get()
                        .into_iter()
                        .map(|(key, value)| {
                            let whole = format!("{key}: {value}");
                            view! {
                                <li class="pair" title=whole>
                                    <span class="pair-key">{key}</span>
                                    <span class="pair-value">{value}</span>
                                </li>
                            }
                        })
                        .collect_view()
                })}
            </ul>
        </Show>
    }
}

/// Dialog for alias and description; a Job's name and settings cannot be changed. Only touched fields are sent, and
/// they are written only if the stored value is still the one that the user started from: a concurrent change is
/// shown, not overwritten.
#[component]
pub fn EditInformation(
    /// Job.
    detail: Memo<JobDetail>,
    /// Whether the dialog is open.
    open: RwSignal<bool>,
) -> impl IntoView {
    let alias = Edited::new();
    let description = Edited::new();
    Effect::new(move |_| {
        if open.get() {
            let row = detail.with_untracked(|detail| detail.row.clone());
            alias.begin(row.alias.unwrap_or_default());
            description.begin(row.description.unwrap_or_default());
        }
    });
    let toaster = use_toaster();
    let save = Action::new(move |(): &()| {
        let (project, job) = detail.with_untracked(|detail| (detail.row.project.clone(), detail.row.job()));
        let change = DescriptionChange {
            alias: alias.change(),
            description: description.change(),
        };
        async move {
            if change == DescriptionChange::default() {
                open.set(false);
                return;
            }
            match api::describe(project, job, change).await {
                Err(ApiError::Edited { field, message }) => {
                    if field == "alias" {
                        alias.theirs(message);
                    } else {
                        description.theirs(message);
                    }
                }
                answer => {
                    if answer.is_ok() {
                        open.set(false);
                    }
                    report(toaster, answer, |()| t(text::SAVED).to_owned());
                }
            }
        }
    });
    view! {
        <Dialog
            open
            title=Signal::stored(t(text::EDIT_INFORMATION).to_owned())
            action=Signal::stored(t(common::SAVE).to_owned())
            busy=Signal::derive(move || save.pending().get())
            on_action=Callback::new(move |()| { save.dispatch(()); })
        >
            <label class="field">
                <span class="field-label">{t(common::ALIAS)}</span>
                <input
                    class="input"
                    maxlength="63"
                    prop:value=move || alias.text.get()
                    on:input=move |event| alias.text.set(event_target_value(&event))
                />
            </label>
            <Theirs edited=alias/>
            <label class="field">
                <span class="field-label">{t(common::DESCRIPTION)}</span>
                <textarea
                    class="input"
                    rows="3"
                    maxlength="1000"
                    prop:value=move || description.text.get()
                    on:input=move |event| description.text.set(event_target_value(&event))
                ></textarea>
            </label>
            <Theirs edited=description/>
        </Dialog>
    }
}

/// Text field that is being edited.
#[derive(Clone, Copy)]
struct Edited {
    /// Content of the field.
    text: RwSignal<String>,
    /// Value in the cluster when the user last saw it.
    from: RwSignal<String>,
    /// Value that somebody else wrote meanwhile.
    theirs: RwSignal<Option<String>>,
}

impl Edited {
    fn new() -> Self {
        Self {
            text: RwSignal::new(String::new()),
            from: RwSignal::new(String::new()),
            theirs: RwSignal::new(None),
        }
    }

    fn begin(self, text: String) {
        self.from.set(text.clone());
        self.text.set(text);
        self.theirs.set(None);
    }

    /// Returns the change; none if the text was not touched.
    fn change(self) -> Option<TextChange> {
        let change = TextChange {
            from: self.from.get_untracked(),
            to: self.text.get_untracked(),
        };
        (change.from != change.to).then_some(change)
    }

    /// Records that the user has seen a concurrent change: saving once more replaces it.
    fn theirs(self, text: String) {
        self.from.set(text.clone());
        self.theirs.set(Some(text));
    }
}

/// Concurrent change of a field, with a button to take it over.
#[component]
fn Theirs(edited: Edited) -> impl IntoView {
    view! {
        {dynamic(move || {
            edited.theirs.get().map(|theirs| {
                let shown = if theirs.is_empty() {
                    t(common::NONE).to_owned()
                } else {
                    visible(&theirs).into_owned()
                };
                view! {
                    <Notice tone=Tone::Warning>
                        <span>{tf(text::EDITED_MEANWHILE, &[("text", &shown)])}</span>
                        <button
                            type="button"
                            class="button button-quiet"
                            on:click=move |_| {
                                edited.text.set(theirs.clone());
                                edited.theirs.set(None);
                            }
                        >
                            {t(text::EDITED_TAKE)}
                        </button>
                    </Notice>
                }
            })
        })}
    }
}
