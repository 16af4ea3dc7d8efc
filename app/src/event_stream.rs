//! Server-sent events: subscribes pages to live data of the cluster.

use leptos::prelude::*;

use crate::api::job::Millis;
#[cfg(feature = "hydrate")]
use crate::i18n::t;
#[cfg(feature = "hydrate")]
use crate::kit::notice::Tone;
#[cfg(feature = "hydrate")]
use crate::kit::toast::use_toaster;

/// Connection state of a stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Connection {
    /// Events arrive.
    Open,
    /// The connection was lost or the idle timeout expired; the browser reconnects.
    Disconnected,
    /// The server rejects the stream (the session has expired, the URL is wrong, a proxy fails); it is retried
    /// after a backoff.
    Closed,
    /// The stream starts from the beginning: events received before are sent again.
    Restarted,
}

/// Idle timeout in milliseconds, in which the server would have sent three `ping` events; after it a connection
/// counts as dead. Browsers do not detect this: sleep, VPNs and NAT drop connections silently.
#[cfg(feature = "hydrate")]
const IDLE_TIMEOUT_MS: f64 = 15_000.0;

/// Initial backoff before a rejected stream is retried, in seconds; doubles each time, up to a minute.
#[cfg(feature = "hydrate")]
const INITIAL_BACKOFF_SECONDS: u64 = 5;

/// Maximum length of an event `id` sent in the URL when a stream is reopened; proxies reject URLs above 8 kB.
#[cfg(feature = "hydrate")]
const MAX_EVENT_ID: usize = 6_000;

/// Status of a stream that is rejected because too many are open.
#[cfg(feature = "hydrate")]
const TOO_MANY: u16 = 429;

/// Where a stream is resumed: its URL and the `id` of its last event.
#[derive(Clone, Copy)]
pub struct Position(StoredValue<(String, String)>);

impl Position {
    /// Creates the position after the event with this `id` of a stream, or the start of any.
    pub fn after(event: Option<(String, String)>) -> Self {
        Self(StoredValue::new(event.unwrap_or_default()))
    }
}

/// Subscribes to `url` from the start; see [`subscribe_after`].
pub fn subscribe(
    url: Signal<Option<String>>,
    names: &'static [&'static str],
    on_event: impl Fn(&str, &str) + Clone + 'static,
    on_connection: impl Fn(Connection) + Clone + 'static,
) {
    subscribe_after(Position::after(None), url, names, on_event, on_connection);
}

/// Subscribes to `url` while the calling component exists.
///
/// Calls `on_event` with name and data of each event in `names`, and `on_connection` when the connection state
/// changes. `url` is tracked: when it changes, the old stream is closed and a new one opened; `None` closes it.
/// Does nothing on the server.
pub fn subscribe_after(
    position: Position,
    url: Signal<Option<String>>,
    names: &'static [&'static str],
    on_event: impl Fn(&str, &str) + Clone + 'static,
    on_connection: impl Fn(Connection) + Clone + 'static,
) {
    #[cfg(feature = "hydrate")]
    {
        let attempt = RwSignal::new(0_u32);
        let refusals = StoredValue::new(0_u32);
        let toaster = use_toaster();
        let notified = StoredValue::new(false);
        let Position(last) = position;
        Effect::new(move |_| {
            attempt.track();
            let Some(url) = url.get() else { return };
            let id = last.try_update_value(|(of, id)| {
                if *of != url {
                    of.clone_from(&url);
                    id.clear();
                }
                id.clone()
            });
            let id = id.unwrap_or_default();
            let address = match id.len() {
                0 => url,
                length if length > MAX_EVENT_ID => {
                    last.update_value(|(_, id)| id.clear());
                    on_connection(Connection::Restarted);
                    url
                }
                _ => format!("{url}&last={}", leptos_router::location::Url::escape(&id)),
            };
            let on_connection = on_connection.clone();
            let requested = address.clone();
            let changed = move |connection| {
                if connection == Connection::Open {
                    refusals.set_value(0);
                }
                if connection != Connection::Closed {
                    on_connection(connection);
                    return;
                }
                let pause = (INITIAL_BACKOFF_SECONDS << refusals.get_value().min(4)).min(60);
                refusals.update_value(|refusals| *refusals += 1);
                set_timeout(
                    move || browser::reconnect(attempt),
                    std::time::Duration::from_secs(pause),
                );
                // The error event does not say why.
                let (requested, on_connection) = (requested.clone(), on_connection.clone());
                leptos::task::spawn_local(async move {
                    if browser::status(&requested).await != Some(TOO_MANY) {
                        on_connection(Connection::Closed);
                        return;
                    }
                    on_connection(Connection::Disconnected);
                    if notified.try_get_value() == Some(false) {
                        notified.set_value(true);
                        if let Some(toaster) = toaster {
                            toaster.show(Tone::Warning, t(crate::i18n::error::TOO_MANY));
                        }
                    }
                });
            };
            let on_event = on_event.clone();
            let received = move |name: &str, data: &str, id: String| {
                if !id.is_empty() {
                    last.update_value(|(_, last)| *last = id);
                }
                on_event(name, data);
            };
            let Some(stream) = browser::open(&address, names, received, changed, attempt) else {
                return;
            };
            let stream = send_wrapper::SendWrapper::new(stream);
            on_cleanup(move || stream.take().close());
        });
    }
    #[cfg(not(feature = "hydrate"))]
    let _ = (position.0, url, names, on_event, on_connection);
}

/// Returns `url` while the page is visible, else none: a browser has six connections for all tabs of this console,
/// and a reopened stream starts with a snapshot.
pub fn while_visible(url: impl Fn() -> String + Send + Sync + 'static) -> Signal<Option<String>> {
    let visible = RwSignal::new(true);
    #[cfg(feature = "hydrate")]
    Effect::new(move |_| {
        visible.set(!document().hidden());
        let handle = window_event_listener(leptos::ev::visibilitychange, move |_| {
            let now = !document().hidden();
            if visible.try_get_untracked() == Some(!now) {
                visible.set(now);
            }
        });
        on_cleanup(move || handle.remove());
    });
    Signal::derive(move || visible.get().then(&url))
}

/// Records since when the displayed data may be stale, by the browser's clock: the stream itself is disconnected.
pub fn mark_stale(stale: RwSignal<Option<Millis>>) {
    #[cfg(feature = "hydrate")]
    #[allow(
        clippy::cast_possible_truncation,
        reason = "milliseconds since 1970 fit into 53 bits"
    )]
    stale.update(|stale| {
        stale.get_or_insert(js_sys::Date::now() as Millis);
    });
    #[cfg(not(feature = "hydrate"))]
    let _ = stale;
}

#[cfg(feature = "hydrate")]
mod browser {
    //! `EventSource` with callbacks kept alive as long as the stream, and an idle timeout.

    use std::cell::Cell;
    use std::rc::Rc;
    use std::time::Duration;

    use leptos::prelude::*;
    use wasm_bindgen::JsCast;
    use wasm_bindgen::closure::Closure;
    use wasm_bindgen_futures::JsFuture;
    use web_sys::{Event, EventSource, MessageEvent, RequestInit, Response};

    use crate::event_stream::{Connection, IDLE_TIMEOUT_MS};

    /// Open stream. It owns its callbacks: dropped closures would throw when called.
    pub struct Stream {
        source: EventSource,
        idle_timer: Option<IntervalHandle>,
        _message: Closure<dyn Fn(MessageEvent)>,
        _open: Closure<dyn Fn(Event)>,
        _error: Closure<dyn Fn(Event)>,
    }

    impl Stream {
        pub fn close(self) {
            self.source.set_onopen(None);
            self.source.set_onerror(None);
            self.source.close();
            if let Some(timer) = self.idle_timer {
                timer.clear();
            }
        }
    }

    /// Reopens the stream, unless its page is gone.
    pub fn reconnect(attempt: RwSignal<u32>) {
        if let Some(number) = attempt.try_get_untracked() {
            attempt.set(number.wrapping_add(1));
        }
    }

    /// Returns the status of the server's response, if there is one.
    pub async fn status(url: &str) -> Option<u16> {
        let request = RequestInit::new();
        request.set_method("HEAD");
        let answer = JsFuture::from(window().fetch_with_str_and_init(url, &request)).await;
        Some(answer.ok()?.dyn_into::<Response>().ok()?.status())
    }

    pub fn open(
        url: &str,
        names: &[&str],
        on_event: impl Fn(&str, &str, String) + 'static,
        on_connection: impl Fn(Connection) + Clone + 'static,
        attempt: RwSignal<u32>,
    ) -> Option<Stream> {
        let source = EventSource::new(url)
            .inspect_err(|error| leptos::logging::warn!("cannot open {url}: {error:?}"))
            .ok()?;
        let last_event_at = Rc::new(Cell::new(js_sys::Date::now()));
        let received_at = Rc::clone(&last_event_at);
        let message = Closure::<dyn Fn(MessageEvent)>::new(move |event: MessageEvent| {
            received_at.set(js_sys::Date::now());
            if event.type_() == "ping" {
                return;
            }
            if let Some(data) = event.data().as_string() {
                on_event(&event.type_(), &data, event.last_event_id());
            }
        });
        for name in names.iter().chain(&["ping"]) {
            // Fails only if the name is not a string.
            let _ = source.add_event_listener_with_callback(name, message.as_ref().unchecked_ref());
        }
        let (opened, opened_at) = (on_connection.clone(), Rc::clone(&last_event_at));
        let open = Closure::<dyn Fn(Event)>::new(move |_| {
            opened_at.set(js_sys::Date::now());
            opened(Connection::Open);
        });
        source.set_onopen(Some(open.as_ref().unchecked_ref()));
        let (watched, failed) = (source.clone(), on_connection.clone());
        let error = Closure::<dyn Fn(Event)>::new(move |_| {
            let closed = watched.ready_state() == EventSource::CLOSED;
            failed(if closed {
                Connection::Closed
            } else {
                Connection::Disconnected
            });
        });
        source.set_onerror(Some(error.as_ref().unchecked_ref()));
        let watched = source.clone();
        let idle_timer = set_interval_with_handle(
            move || {
                let is_idle = js_sys::Date::now() - last_event_at.get() > IDLE_TIMEOUT_MS;
                if is_idle && watched.ready_state() != EventSource::CLOSED {
                    last_event_at.set(js_sys::Date::now());
                    on_connection(Connection::Disconnected);
                    reconnect(attempt);
                }
            },
            Duration::from_secs(1),
        );
        Some(Stream {
            source,
            idle_timer: idle_timer.ok(),
            _message: message,
            _open: open,
            _error: error,
        })
    }
}
