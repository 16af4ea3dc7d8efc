//! Server-sent events: what the pages know of the cluster arrives by itself.

use leptos::prelude::*;

use crate::api::job::Millis;

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
    Effect::new(move |_| {
        let Some(url) = url.get() else { return };
        let Some(stream) = browser::open(&url, names, on_event.clone(), on_connection.clone()) else {
            return;
        };
        let stream = send_wrapper::SendWrapper::new(stream);
        on_cleanup(move || stream.take().close());
    });
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

    use wasm_bindgen::JsCast;
    use wasm_bindgen::closure::Closure;
    use web_sys::{Event, EventSource, MessageEvent};

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
