//! Log of a Job: all its Pods and containers merged, or one; followed live, searched, downloaded (D5).

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

/// Maximum number of lines kept in the page; older ones are dropped and stay in the download.
const MAX_LINES: usize = 5_000;

/// One line, as the stream sends it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
struct Line {
    pod: String,
    container: String,
    time: String,
    text: String,
    #[serde(default)]
    restart: i64,
}

/// Error of a log that cannot be read, as the stream sends it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
struct LogError {
    pod: String,
    container: String,
    message: String,
    retries: bool,
}

/// Row of the page.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Row {
    line: Line,
    /// Whether the row only reports that its container was restarted.
    is_marker: bool,
}

/// Selected log and display options.
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

/// Received data: lines with sequence numbers.
#[derive(Clone, Copy)]
struct Received {
    lines: RwSignal<Vec<(u64, Row)>>,
    next: StoredValue<u64>,
    /// Number of dropped lines.
    dropped: RwSignal<u64>,
    /// Latest restart count of each container, by Pod and container.
    runs: StoredValue<HashMap<(String, String), i64>>,
    errors: RwSignal<Vec<LogError>>,
    ended: RwSignal<bool>,
    /// Whether the Job no longer exists.
    gone: RwSignal<bool>,
    is_disconnected: RwSignal<bool>,
    refused: RwSignal<Option<ApiError>>,
}

impl Received {
    fn new() -> Self {
        Self {
            lines: RwSignal::new(Vec::new()),
            next: StoredValue::new(0),
            dropped: RwSignal::new(0),
            runs: StoredValue::new(HashMap::new()),
            errors: RwSignal::new(Vec::new()),
            ended: RwSignal::new(false),
            gone: RwSignal::new(false),
            is_disconnected: RwSignal::new(false),
            refused: RwSignal::new(None),
        }
    }

    /// Clears everything: another log is received, or the same one from its start.
    fn clear(self) {
        self.lines.set(Vec::new());
        self.dropped.set(0);
        self.runs.set_value(HashMap::new());
        self.errors.set(Vec::new());
        self.ended.set(false);
        self.gone.set(false);
        self.is_disconnected.set(false);
        self.refused.set(None);
    }

    fn record_error(self, new: LogError) {
        self.errors.update(|all| {
            all.retain(|old| (&old.pod, &old.container) != (&new.pod, &new.container));
            all.push(new);
        });
    }
}

/// Log with its controls.
#[component]
pub fn Logs(
    /// Job.
    detail: Memo<JobDetail>,
) -> impl IntoView {
    let query = use_query_map();
    let initial = move |name: &str| query.with_untracked(|query| query.get(name).unwrap_or_default());
    let choice = Choice {
        pod: RwSignal::new(initial("pod")),
        container: RwSignal::new(initial("container")),
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
        {dynamic(move || received.is_disconnected.get().then(|| view! { <Notice tone=Tone::Warning>{t(text::LOGS_LOST)}</Notice> }))}
        {dynamic(move || received.refused.get().map(|error| view! { <Failure error/> }))}
        {dynamic(move || log_errors(received))}
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

/// Opens the stream of the selected log; selecting another clears the lines.
fn receive(which: Memo<String>, received: Received) {
    Effect::new(move |_| {
        which.track();
        received.clear();
    });
    let url = Signal::derive(move || {
        (!received.ended.get()).then(|| here(&format!("/stream/logs?{}&tail={MAX_LINES}", which.get())))
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
                        Ok(log_error) => received.record_error(log_error),
                        Err(error) => {
                            leptos::logging::warn!("cannot parse an error of the log stream: {error}");
                        }
                    };
                }
                "stale" => return received.is_disconnected.set(true),
                "live" => return received.is_disconnected.set(false),
                _ => {}
            }
            if event == "refused" {
                received.refused.set(serde_json::from_str(data).ok());
                return;
            }
            match serde_json::from_str::<Vec<Line>>(data) {
                Ok(lines) => append(received, lines),
                Err(error) => leptos::logging::warn!("cannot parse log lines: {error}"),
            }
        },
        move |connection| {
            if connection == Connection::Restarted {
                return received.clear();
            }
            received
                .is_disconnected
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
        .try_update_value(|runs| with_restart_markers(runs, new))
        .unwrap_or_default();
    if received.errors.with_untracked(|log_error| !log_error.is_empty()) {
        let comes = |log_error: &LogError| {
            new.iter().any(|shown| {
                (&shown.line.pod, &shown.line.container) == (&log_error.pod, &log_error.container)
            })
        };
        received
            .errors
            .update(|all| all.retain(|log_error| !comes(log_error)));
    }
    let numbered = received.next.try_update_value(|next| {
        let first = *next;
        *next += new.len() as u64;
        (first..).zip(new).collect::<Vec<_>>()
    });
    let Some(numbered) = numbered else { return };
    let excess = received.lines.try_update(|lines| {
        lines.extend(numbered);
        let excess = lines.len().saturating_sub(MAX_LINES);
        lines.drain(..excess);
        excess
    });
    if let Some(excess) = excess.filter(|excess| *excess > 0) {
        received.dropped.update(|dropped| *dropped += excess as u64);
    }
}

/// Inserts a marker before the first line of each further run of a container. `runs` holds the latest run of each.
fn with_restart_markers(runs: &mut HashMap<(String, String), i64>, new: Vec<Line>) -> Vec<Row> {
    let mut shown = Vec::with_capacity(new.len());
    for line in new {
        let key = (line.pod.clone(), line.container.clone());
        let previous = runs.insert(key, line.restart);
        if previous.is_some_and(|previous| previous != line.restart) {
            let marker = Line {
                text: String::new(),
                ..line.clone()
            };
            shown.push(Row {
                line: marker,
                is_marker: true,
            });
        }
        shown.push(Row {
            line,
            is_marker: false,
        });
    }
    shown
}

/// Lists the logs that cannot be read, with the reasons.
fn log_errors(received: Received) -> Option<impl IntoView + use<>> {
    let log_errors = received.errors.get();
    (!log_errors.is_empty()).then(|| {
        view! {
            <Notice tone=Tone::Warning>
                {log_errors
                    .into_iter()
                    .map(|log_error| {
                        let message = if log_error.retries { text::LOGS_TROUBLE } else { text::LOGS_NONE };
                        let name = into_visible(format!("{}/{}", log_error.pod, log_error.container));
                        view! {
                            <strong>{tf(message, &[("name", &name)])}</strong>
                            <span class="notice-detail">{into_visible(log_error.message)}</span>
                        }
                    })
                    .collect_view()}
            </Notice>
        }
    })
}

/// Controls that select the log and how it is shown.
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
            <NameSelect label=t(text::LOGS_POD) all=t(text::LOGS_ALL_PODS) names=pods value=choice.pod/>
            <NameSelect label=t(text::LOGS_CONTAINER) all=t(text::LOGS_ALL_CONTAINERS) names=containers value=choice.container/>
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

/// Select of one name, or all.
#[component]
fn NameSelect(
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

/// Lines of the log.
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
    // Scrolls to the end after new lines are rendered, and stops following when the user scrolls up.
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
    let has_several_sources = Memo::new(move |_| {
        received.lines.with(|lines| {
            let source = |(_, shown): &(u64, Row)| (shown.line.pod.clone(), shown.line.container.clone());
            let first = lines.first().map(source);
            lines.iter().any(|shown| Some(source(shown)) != first)
        })
    });
    let trimmed = move || received.dropped.get() > 0;
    let footer = move || match (received.lines.with(Vec::is_empty), received.ended.get()) {
        (true, _) if received.refused.with(Option::is_some) => "",
        (true, false) => t(text::LOGS_WAITING),
        (true, true) if received.errors.with(|log_error| !log_error.is_empty()) => "",
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
                    let message = if trimmed() { text::LOGS_MATCHES_LAST } else { text::LOGS_MATCHES };
                    let max_lines = MAX_LINES.to_string();
                    view! { <p class="hint" role="status">{tf(message, &[("n", &count), ("kept", &max_lines)])}</p> }
                })
        })}
        <div
            class="log"
            class:log-wrap=move || choice.wrap.get()
            class:log-times=move || choice.times.get()
            class:log-many=move || has_several_sources.get()
            role="log"
            aria-label=t(text::LOGS_REGION)
            tabindex="0"
            node_ref=frame
            on:scroll=scrolled
        >
            <For each=move || shown.get() key=|(number, _)| *number let((_, shown))>
                {line(shown)}
            </For>
            <div class="log-foot">{footer}</div>
        </div>
    }
}

fn line(Row { line, is_marker }: Row) -> impl IntoView {
    let source = into_visible(format!("{} {}", short(&line.pod), line.container));
    let whole = into_visible(format!("{} {}", line.pod, line.container));
    if is_marker {
        let restart = line.restart.to_string();
        let message = tf(text::LOGS_RESTARTED, &[("name", &source), ("n", &restart)]);
        return view! { <div class="log-mark" title=whole>{message}</div> }.into_any();
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

/// Returns the random suffix of a Pod's name, which distinguishes the Pods of a Job.
fn short(pod: &str) -> &str {
    pod.rsplit('-').next().unwrap_or(pod)
}

/// Removes the escape sequences that colour terminal output (ECMA-48, CSI): in HTML they would only be boxes. The
/// download keeps them.
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
    fn restarted_container_starts_with_a_marker() {
        let line = |container: &str, restart| Line {
            pod: "pi-x".to_owned(),
            container: container.to_owned(),
            time: String::new(),
            text: "hello".to_owned(),
            restart,
        };
        let mut runs = HashMap::new();
        let markers = |shown: Vec<Row>| shown.iter().map(|shown| shown.is_marker).collect::<Vec<_>>();
        let first = with_restart_markers(&mut runs, vec![line("a", 1), line("b", 0), line("a", 1)]);
        assert_eq!(
            markers(first),
            [false, false, false],
            "the previous run is unknown"
        );
        let second = with_restart_markers(&mut runs, vec![line("a", 2), line("b", 0)]);
        assert_eq!(markers(second), [true, false, false]);
    }

    #[test]
    fn terminal_colours_are_removed() {
        assert_eq!(
            without_colours("\u{1b}[31mred\u{1b}[0m and plain"),
            "red and plain"
        );
        assert_eq!(without_colours("任务 \u{1b}[1;32m完成"), "任务 完成");
        assert_eq!(without_colours("cut \u{1b}[3"), "cut ");
        assert_eq!(without_colours("no [brackets]"), "no [brackets]");
    }
}
