//! The log of a Job: all its Pods and containers merged, or one; followed live, searched, downloaded (D5).

use std::collections::HashMap;

use leptos::prelude::*;
use leptos_router::hooks::use_query_map;
use leptos_router::location::Url;
use serde::Deserialize;

use crate::api::error::ApiError;
use crate::api::job::JobDetail;
use crate::event_stream;
use crate::event_stream::Connection;
use crate::foreign_text::into_visible;
use crate::i18n::{job_detail as text, t, tf};
use crate::kit::erased::dynamic;
use crate::kit::icon::{Glyph, Icon};
use crate::kit::notice::{Notice, Tone};
use crate::parts::api_error::Failure;
use crate::urls::here;

/// Lines kept in the page; older ones make room and stay in the download.
const KEPT: usize = 5_000;

/// One line as the stream sends it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
struct Line {
    pod: String,
    container: String,
    time: String,
    text: String,
    #[serde(default)]
    restart: i64,
}

/// A log that cannot be read, as the stream sends it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
struct Trouble {
    pod: String,
    container: String,
    message: String,
    retries: bool,
}

/// A line of the page.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Shown {
    line: Line,
    /// The line only says that its container was restarted.
    is_mark: bool,
}

/// Which log, and how it is shown.
#[derive(Clone, Copy)]
struct Choice {
    pod: RwSignal<String>,
    container: RwSignal<String>,
    previous: RwSignal<bool>,
    follow: RwSignal<bool>,
    wrap: RwSignal<bool>,
    times: RwSignal<bool>,
    search: RwSignal<String>,
}

/// What has arrived: lines with running numbers.
#[derive(Clone, Copy)]
struct Received {
    lines: RwSignal<Vec<(u64, Shown)>>,
    next: StoredValue<u64>,
    /// Lines that made room for others.
    dropped: RwSignal<u64>,
    /// The newest run of each container, by Pod and container.
    runs: StoredValue<HashMap<(String, String), i64>>,
    trouble: RwSignal<Vec<Trouble>>,
    ended: RwSignal<bool>,
    /// There is no such Job any more.
    gone: RwSignal<bool>,
    lost: RwSignal<bool>,
    refused: RwSignal<Option<ApiError>>,
}

impl Received {
    fn new() -> Self {
        Self {
            lines: RwSignal::new(Vec::new()),
            next: StoredValue::new(0),
            dropped: RwSignal::new(0),
            runs: StoredValue::new(HashMap::new()),
            trouble: RwSignal::new(Vec::new()),
            ended: RwSignal::new(false),
            gone: RwSignal::new(false),
            lost: RwSignal::new(false),
            refused: RwSignal::new(None),
        }
    }

    /// Forgets everything: another log is received, or the same from its start.
    fn clear(self) {
        self.lines.set(Vec::new());
        self.dropped.set(0);
        self.runs.set_value(HashMap::new());
        self.trouble.set(Vec::new());
        self.ended.set(false);
        self.gone.set(false);
        self.lost.set(false);
        self.refused.set(None);
    }

    fn note(self, new: Trouble) {
        self.trouble.update(|all| {
            all.retain(|old| (&old.pod, &old.container) != (&new.pod, &new.container));
            all.push(new);
        });
    }
}

/// The log with its controls.
#[component]
pub fn Logs(
    /// The Job.
    detail: Memo<JobDetail>,
) -> impl IntoView {
    let query = use_query_map();
    let asked = move |name: &str| query.with_untracked(|query| query.get(name).unwrap_or_default());
    let choice = Choice {
        pod: RwSignal::new(asked("pod")),
        container: RwSignal::new(asked("container")),
        previous: RwSignal::new(false),
        follow: RwSignal::new(true),
        wrap: RwSignal::new(true),
        times: RwSignal::new(false),
        search: RwSignal::new(String::new()),
    };
    let received = Received::new();
    let job = Memo::new(move |_| {
        detail.with(|detail| {
            (
                detail.row.project.clone(),
                detail.row.name.clone(),
                detail.row.uid.clone(),
            )
        })
    });
    let which = Memo::new(move |_| {
        let (project, name, uid) = job.get();
        let mut query = format!(
            "project={}&job={}&uid={}",
            Url::escape(&project),
            Url::escape(&name),
            Url::escape(&uid)
        );
        for (key, value) in [("pod", choice.pod.get()), ("container", choice.container.get())] {
            if !value.is_empty() {
                query.extend(["&", key, "=", &Url::escape(&value)]);
            }
        }
        if choice.previous.get() {
            query.push_str("&previous=true");
        }
        query
    });
    receive(which, received);
    view! {
        <Controls detail choice which/>
        {dynamic(move || received.lost.get().then(|| view! { <Notice tone=Tone::Warning>{t(text::LOGS_LOST)}</Notice> }))}
        {dynamic(move || received.refused.get().map(|error| view! { <Failure error/> }))}
        {dynamic(move || troubles(received))}
        <Text
            choice
            received
            gone=Signal::derive(move || {
                received.gone.get()
                    || detail.with(|detail| detail.pods.as_ref().is_some_and(Vec::is_empty))
            })
        />
    }
}

/// Opens the stream of the chosen log; choosing another begins anew.
fn receive(which: Memo<String>, received: Received) {
    Effect::new(move |_| {
        which.track();
        received.clear();
    });
    let url = Signal::derive(move || {
        (!received.ended.get()).then(|| here(&format!("/stream/logs?{}&tail={KEPT}", which.get())))
    });
    event_stream::subscribe(
        url,
        &["lines", "end", "gone", "refused", "trouble", "stale", "live"],
        move |event, data| {
            match event {
                "end" => return received.ended.set(true),
                "gone" => {
                    received.gone.set(true);
                    return received.ended.set(true);
                }
                "trouble" => {
                    return match serde_json::from_str(data) {
                        Ok(trouble) => received.note(trouble),
                        Err(error) => leptos::logging::warn!("unreadable trouble with a log: {error}"),
                    };
                }
                "stale" => return received.lost.set(true),
                "live" => return received.lost.set(false),
                _ => {}
            }
            if event == "refused" {
                received.refused.set(serde_json::from_str(data).ok());
                return;
            }
            match serde_json::from_str::<Vec<Line>>(data) {
                Ok(lines) => append(received, lines),
                Err(error) => leptos::logging::warn!("unreadable log lines: {error}"),
            }
        },
        move |connection| {
            if connection == Connection::Restarted {
                return received.clear();
            }
            received
                .lost
                .set(connection != Connection::Open && !received.ended.get_untracked());
            if connection == Connection::Closed {
                crate::pages::leave_if_signed_out();
            }
        },
    );
}

fn append(received: Received, new: Vec<Line>) {
    let new = received
        .runs
        .try_update_value(|runs| with_marks(runs, new))
        .unwrap_or_default();
    if received.trouble.with_untracked(|trouble| !trouble.is_empty()) {
        let comes = |trouble: &Trouble| {
            new.iter()
                .any(|shown| (&shown.line.pod, &shown.line.container) == (&trouble.pod, &trouble.container))
        };
        received
            .trouble
            .update(|all| all.retain(|trouble| !comes(trouble)));
    }
    let numbered = received.next.try_update_value(|next| {
        let first = *next;
        *next += new.len() as u64;
        (first..).zip(new).collect::<Vec<_>>()
    });
    let Some(numbered) = numbered else { return };
    let surplus = received.lines.try_update(|lines| {
        lines.extend(numbered);
        let surplus = lines.len().saturating_sub(KEPT);
        lines.drain(..surplus);
        surplus
    });
    if let Some(surplus) = surplus.filter(|surplus| *surplus > 0) {
        received.dropped.update(|dropped| *dropped += surplus as u64);
    }
}

/// `new` with a mark before the first line of each further run of a container. `runs` knows the newest run of each.
fn with_marks(runs: &mut HashMap<(String, String), i64>, new: Vec<Line>) -> Vec<Shown> {
    let mut shown = Vec::with_capacity(new.len());
    for line in new {
        let key = (line.pod.clone(), line.container.clone());
        let known = runs.insert(key, line.restart);
        if known.is_some_and(|known| known != line.restart) {
            let mark = Line {
                text: String::new(),
                ..line.clone()
            };
            shown.push(Shown {
                line: mark,
                is_mark: true,
            });
        }
        shown.push(Shown { line, is_mark: false });
    }
    shown
}

/// Which logs cannot be read, and why.
fn troubles(received: Received) -> Option<impl IntoView + use<>> {
    let troubles = received.trouble.get();
    (!troubles.is_empty()).then(|| {
        view! {
            <Notice tone=Tone::Warning>
                {troubles
                    .into_iter()
                    .map(|trouble| {
                        let words = if trouble.retries { text::LOGS_TROUBLE } else { text::LOGS_NONE };
                        let name = into_visible(format!("{}/{}", trouble.pod, trouble.container));
                        view! {
                            <strong>{tf(words, &[("name", &name)])}</strong>
                            <span class="notice-detail">{into_visible(trouble.message)}</span>
                        }
                    })
                    .collect_view()}
            </Notice>
        }
    })
}

/// What to show and how.
#[component]
fn Controls(detail: Memo<JobDetail>, choice: Choice, which: Memo<String>) -> impl IntoView {
    let pods = Memo::new(move |_| {
        detail.with(|d| {
            d.readable_pods()
                .iter()
                .map(|pod| pod.name.clone())
                .collect::<Vec<_>>()
        })
    });
    let containers = Memo::new(move |_| {
        detail.with(|detail| {
            let mut names = Vec::new();
            for container in detail.readable_pods().iter().flat_map(|pod| &pod.containers) {
                if !names.contains(&container.name) {
                    names.push(container.name.clone());
                }
            }
            names
        })
    });
    let restarted = move || {
        detail.with(|d| {
            d.readable_pods()
                .iter()
                .flat_map(|pod| &pod.containers)
                .any(|c| c.restarts > 0)
        })
    };
    view! {
        <div class="toolbar">
            <Pick label=t(text::LOGS_POD) all=t(text::LOGS_ALL_PODS) names=pods value=choice.pod/>
            <Pick label=t(text::LOGS_CONTAINER) all=t(text::LOGS_ALL_CONTAINERS) names=containers value=choice.container/>
            <div class="search">
                <Icon glyph=Glyph::Search/>
                <input
                    class="input"
                    type="search"
                    aria-label=t(text::LOGS_SEARCH)
                    placeholder=t(text::LOGS_SEARCH)
                    prop:value=move || choice.search.get()
                    on:input=move |event| choice.search.set(event_target_value(&event))
                />
            </div>
            <Toggle label=t(text::LOGS_FOLLOW) value=choice.follow/>
            <Toggle label=t(text::LOGS_WRAP) value=choice.wrap/>
            <Toggle label=t(text::LOGS_TIMES) value=choice.times/>
            <Show when=restarted>
                <Toggle label=t(text::LOGS_PREVIOUS) value=choice.previous/>
            </Show>
            <span class="bar-space"></span>
            <a class="button" rel="external" download href=move || here(&format!("/download/log?{}", which.get()))>
                <Icon glyph=Glyph::Download/>
                {t(text::DOWNLOAD)}
            </a>
        </div>
    }
}

/// One of several names, or all.
#[component]
fn Pick(
    label: &'static str,
    all: &'static str,
    names: Memo<Vec<String>>,
    value: RwSignal<String>,
) -> impl IntoView {
    view! {
        <select
            class="input select"
            aria-label=label
            prop:value=move || value.get()
            on:change=move |event| value.set(event_target_value(&event))
        >
            <option value="">{all}</option>
            {dynamic(move || {
                names
                    .get()
                    .into_iter()
                    .map(|name| {
                        let chosen = value.with_untracked(|value| *value == name);
                        view! { <option value=name.clone() selected=chosen>{name.clone()}</option> }
                    })
                    .collect_view()
            })}
        </select>
    }
}

#[component]
fn Toggle(label: &'static str, value: RwSignal<bool>) -> impl IntoView {
    view! {
        <label class="check">
            <input type="checkbox" prop:checked=move || value.get() on:change=move |event| value.set(event_target_checked(&event))/>
            {label}
        </label>
    }
}

/// The lines.
#[component]
fn Text(choice: Choice, received: Received, gone: Signal<bool>) -> impl IntoView {
    let frame = NodeRef::<leptos::html::Div>::new();
    let shown = Memo::new(move |_| {
        let search = choice.search.get().to_lowercase();
        received.lines.with(|lines| {
            lines
                .iter()
                .filter(|(_, shown)| search.is_empty() || shown.line.text.to_lowercase().contains(&search))
                .cloned()
                .collect::<Vec<_>>()
        })
    });
    // Scrolls to the end after new lines are in the page, and stops following when the person scrolls up.
    Effect::new(move |_| {
        shown.track();
        if choice.follow.get() {
            request_animation_frame(move || {
                if let Some(frame) = frame.try_get_untracked().flatten() {
                    frame.set_scroll_top(frame.scroll_height());
                }
            });
        }
    });
    let scrolled = move |_| {
        let Some(frame) = frame.get_untracked() else {
            return;
        };
        let at_end = frame.scroll_top() + frame.client_height() >= frame.scroll_height() - 24;
        if choice.follow.get_untracked() != at_end {
            choice.follow.set(at_end);
        }
    };
    let many = Memo::new(move |_| {
        received.lines.with(|lines| {
            let source = |(_, shown): &(u64, Shown)| (shown.line.pod.clone(), shown.line.container.clone());
            let first = lines.first().map(source);
            lines.iter().any(|shown| Some(source(shown)) != first)
        })
    });
    let trimmed = move || received.dropped.get() > 0;
    let foot = move || match (received.lines.with(Vec::is_empty), received.ended.get()) {
        (true, _) if received.refused.with(Option::is_some) => "",
        (true, false) => t(text::LOGS_WAITING),
        (true, true) if received.trouble.with(|trouble| !trouble.is_empty()) => "",
        (true, true) if gone.get() => t(text::LOGS_GONE),
        (true, true) => t(text::LOGS_EMPTY),
        (false, true) => t(text::LOGS_ENDED),
        (false, false) => "",
    };
    view! {
        {dynamic(move || trimmed().then(|| view! { <p class="hint">{t(text::LOGS_TRIMMED)}</p> }))}
        {dynamic(move || {
            choice
                .search
                .with(|search| !search.is_empty())
                .then(|| {
                    let count = shown.with(Vec::len).to_string();
                    let words = if trimmed() { text::LOGS_MATCHES_LAST } else { text::LOGS_MATCHES };
                    let kept = KEPT.to_string();
                    view! { <p class="hint" role="status">{tf(words, &[("n", &count), ("kept", &kept)])}</p> }
                })
        })}
        <div
            class="log"
            class:log-wrap=move || choice.wrap.get()
            class:log-times=move || choice.times.get()
            class:log-many=move || many.get()
            role="log"
            aria-label=t(text::LOGS_REGION)
            tabindex="0"
            node_ref=frame
            on:scroll=scrolled
        >
            <For each=move || shown.get() key=|(number, _)| *number let((_, shown))>
                {line(shown)}
            </For>
            <div class="log-foot">{foot}</div>
        </div>
    }
}

fn line(Shown { line, is_mark }: Shown) -> impl IntoView {
    let source = into_visible(format!("{} {}", short(&line.pod), line.container));
    let whole = into_visible(format!("{} {}", line.pod, line.container));
    if is_mark {
        let restart = line.restart.to_string();
        let words = tf(text::LOGS_RESTARTED, &[("name", &source), ("n", &restart)]);
        return view! { <div class="log-mark" title=whole>{words}</div> }.into_any();
    }
    view! {
        <div class="log-line">
            <span class="log-time">{line.time}</span>
            <span class="log-source" title=whole>{source}</span>
            <span class="log-text">{into_visible(without_colours(&line.text))}</span>
        </div>
    }
    .into_any()
}

/// The random end of a Pod's name, which tells Pods of one Job apart.
fn short(pod: &str) -> &str {
    pod.rsplit('-').next().unwrap_or(pod)
}

/// A line without the escape sequences that colour a terminal (ECMA-48, CSI): here they would only be boxes. The
/// download has them.
fn without_colours(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find("\u{1b}[") {
        out.push_str(&rest[..at]);
        let sequence = &rest[at + 2..];
        let end = sequence.find(|c: char| ('@'..='~').contains(&c));
        rest = end.map_or("", |end| &sequence[end + 1..]);
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_restarted_container_begins_with_a_mark() {
        let line = |container: &str, restart| Line {
            pod: "pi-x".to_owned(),
            container: container.to_owned(),
            time: String::new(),
            text: "hello".to_owned(),
            restart,
        };
        let mut runs = HashMap::new();
        let marks = |shown: Vec<Shown>| shown.iter().map(|shown| shown.is_mark).collect::<Vec<_>>();
        let first = with_marks(&mut runs, vec![line("a", 1), line("b", 0), line("a", 1)]);
        assert_eq!(
            marks(first),
            [false, false, false],
            "what came before is not known"
        );
        let second = with_marks(&mut runs, vec![line("a", 2), line("b", 0)]);
        assert_eq!(marks(second), [true, false, false]);
    }

    #[test]
    fn colours_of_a_terminal_are_left_out() {
        assert_eq!(
            without_colours("\u{1b}[31mred\u{1b}[0m and plain"),
            "red and plain"
        );
        assert_eq!(without_colours("任务 \u{1b}[1;32m完成"), "任务 完成");
        assert_eq!(without_colours("cut \u{1b}[3"), "cut ");
        assert_eq!(without_colours("no [brackets]"), "no [brackets]");
    }
}
