//! Server-sent events: what the pages know of the cluster arrives by itself.

use leptos::prelude::*;

use crate::api::job::Millis;
#[cfg(feature = "hydrate")]
use crate::i18n::t;
#[cfg(feature = "hydrate")]
use crate::kit::notice::Tone;
#[cfg(feature = "hydrate")]
use crate::kit::toast::use_toaster;

/// What a stream reports besides its events.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Connection {
    /// Events arrive.
    Open,
    /// The connection is lost, or nothing has been heard for too long; it is opened again.
    Lost,
    /// The server refuses it (the session has ended, the address is wrong, a proxy is in trouble); it is asked again
    /// after a pause.
    Closed,
    /// It begins from the start: what was received before comes again.
    Restarted,
}

/// Milliseconds without a word, in which the server would have sent three `ping` events, after which a connection
/// counts as dead. A browser does not notice by itself: sleep, VPNs and NAT swallow connections silently.
#[cfg(feature = "hydrate")]
const MAX_SILENCE: f64 = 15_000.0;

/// Pause before a refused stream is asked for again, in seconds; twice as long each time, up to a minute.
#[cfg(feature = "hydrate")]
const REFUSED_PAUSE: u64 = 5;

/// The longest `id` that is sent in an address when a stream is opened again; proxies refuse addresses above 8 kB.
#[cfg(feature = "hydrate")]
const MAX_ID: usize = 6_000;

/// Status of a stream that is refused because too many are open.
#[cfg(feature = "hydrate")]
const TOO_MANY: u16 = 429;

/// Listens to `url` while the calling component lives, calling `on_event` with the data of each event that has one
/// of `names`, and `on_connection` when the connection changes. `url` is tracked: when it changes, the old stream
/// is closed and a new one opened; `None` closes it. On the server it does nothing.
pub fn subscribe(
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
        let told = StoredValue::new(false);
        // The address that is followed, and the `id` of its last event.
        let last = StoredValue::new((String::new(), String::new()));
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
                length if length > MAX_ID => {
                    last.update_value(|(_, id)| id.clear());
                    on_connection(Connection::Restarted);
                    url
                }
                _ => format!("{url}&last={}", leptos_router::location::Url::escape(&id)),
            };
            let on_connection = on_connection.clone();
            let asked = address.clone();
            let changed = move |connection| {
                if connection == Connection::Open {
                    refusals.set_value(0);
                }
                if connection != Connection::Closed {
                    on_connection(connection);
                    return;
                }
                let pause = (REFUSED_PAUSE << refusals.get_value().min(4)).min(60);
                refusals.update_value(|refusals| *refusals += 1);
                set_timeout(
                    move || browser::again(attempt),
                    std::time::Duration::from_secs(pause),
                );
                // The event does not say why.
                let (asked, on_connection) = (asked.clone(), on_connection.clone());
                leptos::task::spawn_local(async move {
                    if browser::status(&asked).await != Some(TOO_MANY) {
                        on_connection(Connection::Closed);
                        return;
                    }
                    on_connection(Connection::Lost);
                    if told.try_get_value() == Some(false) {
                        told.set_value(true);
                        if let Some(toaster) = toaster {
                            toaster.show(Tone::Warning, t(crate::i18n::error::TOO_MANY));
                        }
                    }
                });
            };
            let on_event = on_event.clone();
            let heard = move |name: &str, data: &str, id: String| {
                if !id.is_empty() {
                    last.update_value(|(_, last)| *last = id);
                }
                on_event(name, data);
            };
            let Some(stream) = browser::open(&address, names, heard, changed, attempt) else {
                return;
            };
            let stream = send_wrapper::SendWrapper::new(stream);
            on_cleanup(move || stream.take().close());
        });
    }
    #[cfg(not(feature = "hydrate"))]
    let _ = (url, names, on_event, on_connection);
}

/// `url` while the page can be seen, else none: a browser has six connections for all tabs of this console, and a
/// stream that begins anew brings everything.
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

/// Since when what is shown may be stale, by the browser's clock: the stream itself is lost.
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
    //! `EventSource`, with its callbacks kept alive as long as the stream, and a watch over its silence.

    use std::cell::Cell;
    use std::rc::Rc;
    use std::time::Duration;

    use leptos::prelude::*;
    use wasm_bindgen::JsCast;
    use wasm_bindgen::closure::Closure;
    use wasm_bindgen_futures::JsFuture;
    use web_sys::{Event, EventSource, MessageEvent, RequestInit, Response};

    use crate::event_stream::{Connection, MAX_SILENCE};

    /// An open stream; dropped closures would throw when called, so it owns them.
    pub struct Stream {
        source: EventSource,
        watch: Option<IntervalHandle>,
        _message: Closure<dyn Fn(MessageEvent)>,
        _open: Closure<dyn Fn(Event)>,
        _error: Closure<dyn Fn(Event)>,
    }

    impl Stream {
        pub fn close(self) {
            self.source.set_onopen(None);
            self.source.set_onerror(None);
            self.source.close();
            if let Some(watch) = self.watch {
                watch.clear();
            }
        }
    }

    /// Opens the stream anew, unless its page is gone.
    pub fn again(attempt: RwSignal<u32>) {
        if let Some(number) = attempt.try_get_untracked() {
            attempt.set(number.wrapping_add(1));
        }
    }

    /// The status of the server's answer, if there is one.
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
        let heard_at = Rc::new(Cell::new(js_sys::Date::now()));
        let heard = Rc::clone(&heard_at);
        let message = Closure::<dyn Fn(MessageEvent)>::new(move |event: MessageEvent| {
            heard.set(js_sys::Date::now());
            if event.type_() == "ping" {
                return;
            }
            if let Some(data) = event.data().as_string() {
                on_event(&event.type_(), &data, event.last_event_id());
            }
        });
        for name in names.iter().chain(&["ping"]) {
            // Fails only for a name that is no string.
            let _ = source.add_event_listener_with_callback(name, message.as_ref().unchecked_ref());
        }
        let (opened, heard) = (on_connection.clone(), Rc::clone(&heard_at));
        let open = Closure::<dyn Fn(Event)>::new(move |_| {
            heard.set(js_sys::Date::now());
            opened(Connection::Open);
        });
        source.set_onopen(Some(open.as_ref().unchecked_ref()));
        let (watched, failed) = (source.clone(), on_connection.clone());
        let error = Closure::<dyn Fn(Event)>::new(move |_| {
            let closed = watched.ready_state() == EventSource::CLOSED;
            failed(if closed {
                Connection::Closed
            } else {
                Connection::Lost
            });
        });
        source.set_onerror(Some(error.as_ref().unchecked_ref()));
        let watched = source.clone();
        let watch = set_interval_with_handle(
            move || {
                let silent = js_sys::Date::now() - heard_at.get() > MAX_SILENCE;
                if silent && watched.ready_state() != EventSource::CLOSED {
                    heard_at.set(js_sys::Date::now());
                    on_connection(Connection::Lost);
                    again(attempt);
                }
            },
            Duration::from_secs(1),
        );
        Some(Stream {
            source,
            watch: watch.ok(),
            _message: message,
            _open: open,
            _error: error,
        })
    }
}
