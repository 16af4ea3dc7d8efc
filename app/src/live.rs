//! Server-sent events: what the pages know of the cluster arrives by itself.

use leptos::prelude::*;

use crate::api::job::Millis;
#[cfg(feature = "hydrate")]
use crate::i18n::t;
#[cfg(feature = "hydrate")]
use crate::kit::{notice::Tone, toast::use_toaster};

/// What a stream reports besides its events.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Connection {
    /// Events arrive.
    Open,
    /// The connection is lost; the browser tries again by itself.
    Lost,
    /// The server refuses it (the session has ended, or the address is wrong); nothing more will come.
    Closed,
}

/// Status of a stream that is refused because too many are open.
#[cfg(feature = "hydrate")]
const TOO_MANY: u16 = 429;

/// When such a stream is opened again.
#[cfg(feature = "hydrate")]
const AGAIN: std::time::Duration = std::time::Duration::from_secs(5);

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
        let again = RwSignal::new(());
        let toaster = use_toaster();
        let told = StoredValue::new(false);
        Effect::new(move |_| {
            again.track();
            let Some(url) = url.get() else { return };
            let on_connection = on_connection.clone();
            let stream = browser::open(&url, names, on_event.clone(), {
                let url = url.clone();
                move |connection| {
                    if connection != Connection::Closed {
                        on_connection(connection);
                        return;
                    }
                    // The event does not say why: too many open streams pass, all else does not.
                    let (url, on_connection) = (url.clone(), on_connection.clone());
                    leptos::task::spawn_local(async move {
                        if browser::status(&url).await != Some(TOO_MANY) {
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
                        // The page may be gone by then.
                        set_timeout(
                            move || {
                                let _ = again.try_set(());
                            },
                            AGAIN,
                        );
                    });
                }
            });
            let Some(stream) = stream else { return };
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
    //! `EventSource`, with its callbacks kept alive as long as the stream.

    use leptos::prelude::window;
    use wasm_bindgen::JsCast;
    use wasm_bindgen::closure::Closure;
    use wasm_bindgen_futures::JsFuture;
    use web_sys::{Event, EventSource, MessageEvent, RequestInit, Response};

    use super::Connection;

    /// An open stream; dropped closures would throw when called, so it owns them.
    pub struct Stream {
        source: EventSource,
        _message: Closure<dyn Fn(MessageEvent)>,
        _open: Closure<dyn Fn(Event)>,
        _error: Closure<dyn Fn(Event)>,
    }

    impl Stream {
        pub fn close(self) {
            self.source.set_onopen(None);
            self.source.set_onerror(None);
            self.source.close();
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
        on_event: impl Fn(&str, &str) + 'static,
        on_connection: impl Fn(Connection) + Clone + 'static,
    ) -> Option<Stream> {
        let source = EventSource::new(url)
            .inspect_err(|error| leptos::logging::warn!("cannot open {url}: {error:?}"))
            .ok()?;
        let message = Closure::<dyn Fn(MessageEvent)>::new(move |event: MessageEvent| {
            if let Some(data) = event.data().as_string() {
                on_event(&event.type_(), &data);
            }
        });
        for name in names {
            // Fails only for a name that is no string.
            let _ = source.add_event_listener_with_callback(name, message.as_ref().unchecked_ref());
        }
        let opened = on_connection.clone();
        let open = Closure::<dyn Fn(Event)>::new(move |_| opened(Connection::Open));
        source.set_onopen(Some(open.as_ref().unchecked_ref()));
        let watched = source.clone();
        let error = Closure::<dyn Fn(Event)>::new(move |_| {
            let closed = watched.ready_state() == EventSource::CLOSED;
            on_connection(if closed {
                Connection::Closed
            } else {
                Connection::Lost
            });
        });
        source.set_onerror(Some(error.as_ref().unchecked_ref()));
        Some(Stream {
            source,
            _message: message,
            _open: open,
            _error: error,
        })
    }
}
