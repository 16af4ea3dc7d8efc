//! A proxy on loopback in front of an API server that injects faults: every byte goes over a real connection.

use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::ConnectInfo;
use axum::extract::connect_info::Connected;
use axum::response::{IntoResponse, Response};
use axum::serve::{IncomingStream, Listener};
use futures::StreamExt;
use http::header::RETRY_AFTER;
use http::{Request, StatusCode};
use kube::Config;
use server::kubernetes::Cluster;
use server::kubernetes::connect;
use server::kubernetes::timeouts::Timeouts;
use tokio::io::DuplexStream;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Notify, watch};
use tower::ServiceExt;

use super::fake::status;

/// A fault injected into a request.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Fault {
    /// No fault.
    None,
    /// Responds with this code instead, and with `Retry-After` in seconds if given.
    Respond(u16, Option<u32>),
    /// Forwards the request late.
    Delay(Duration),
    /// Cuts the connection before the request is processed.
    DropRequest,
    /// Cuts the connection after the request was processed, instead of responding.
    DropResponse,
    /// Never responds, after the request was processed.
    HangResponse,
    /// Cuts the connection after this many bytes of the response.
    CutAfter(usize),
    /// Ends the response after this many bytes as if it were complete.
    EndAfter(usize),
    /// Responds to a watch that its resource version is compacted.
    Expired,
}

/// Selects requests by their URI.
pub type UriFilter = fn(&str) -> bool;

type Rule = Box<dyn FnMut(&Request<Body>) -> Fault + Send>;

struct Shared {
    upstream: Mutex<Router>,
    rule: Mutex<Rule>,
    /// Whether the API server is up: its port is bound.
    up: watch::Sender<bool>,
    /// Number of times that all connections were cut.
    cuts: watch::Sender<u32>,
    /// Number of times that connections became half-open, and which ones, by their last request.
    freezes: watch::Sender<(u32, UriFilter)>,
    /// Whether new connections are half-open from the start.
    gone: watch::Sender<bool>,
    created: Mutex<usize>,
}

/// The proxy; it ends with the test's runtime.
#[derive(Clone)]
pub struct Proxy {
    address: SocketAddr,
    shared: Arc<Shared>,
}

impl Proxy {
    /// Starts a proxy in front of the API that `upstream` serves.
    pub async fn before(upstream: Router) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let shared = Arc::new(Shared {
            upstream: Mutex::new(upstream),
            rule: Mutex::new(Box::new(|_| Fault::None)),
            up: watch::Sender::new(true),
            cuts: watch::Sender::new(0),
            freezes: watch::Sender::new((0, |_| false)),
            gone: watch::Sender::new(false),
            created: Mutex::new(0),
        });
        let port = Port {
            address,
            listener: Some(listener),
            shared: Arc::clone(&shared),
        };
        let forwarded = Arc::clone(&shared);
        let router = Router::new().fallback(move |ConnectInfo(wire): ConnectInfo<Wire>, request| {
            forward(Arc::clone(&forwarded), wire, request)
        });
        tokio::spawn(
            async move { axum::serve(port, router.into_make_service_with_connect_info::<Wire>()).await },
        );
        Self { address, shared }
    }

    /// Returns a client of the API server behind the proxy.
    pub fn cluster(&self) -> Cluster {
        let config = Config::new(format!("http://{}", self.address).parse().unwrap());
        connect::cluster(config, "test".to_owned(), Timeouts::default().with_watch(3)).unwrap()
    }

    /// Sets the rule that selects the fault of each request.
    pub fn rule(&self, rule: impl FnMut(&Request<Body>) -> Fault + Send + 'static) {
        *self.shared.rule.lock().unwrap() = Box::new(rule);
    }

    /// Removes all faults.
    pub fn clear_rule(&self) {
        self.rule(|_| Fault::None);
    }

    /// Cuts all connections.
    pub fn cut(&self) {
        self.shared.cuts.send_modify(|count| *count += 1);
    }

    /// Stops the API server: connections are cut, and new ones refused.
    pub fn stop(&self) {
        self.shared.up.send_replace(false);
        self.cut();
    }

    /// Restarts the API server.
    pub fn start(&self) {
        self.shared.up.send_replace(true);
    }

    /// Replaces the API server behind the proxy.
    pub fn replace(&self, upstream: Router) {
        *self.shared.upstream.lock().unwrap() = upstream;
    }

    /// Makes all current connections half-open: they stay open, but transfer nothing. New ones work.
    pub fn freeze(&self) {
        self.freeze_matching(|_| true);
    }

    /// Makes the connections half-open whose last request `which` selects.
    pub fn freeze_matching(&self, which: UriFilter) {
        let count = self.shared.freezes.borrow().0 + 1;
        self.shared.freezes.send_replace((count, which));
    }

    /// Makes current and new connections half-open, until [`Proxy::reappear`].
    pub fn vanish(&self) {
        self.shared.gone.send_replace(true);
        self.freeze();
    }

    /// Makes new connections work again; existing ones stay as they are.
    pub fn reappear(&self) {
        self.shared.gone.send_replace(false);
    }

    /// Returns the number of `POST`s that the API server answered with 201.
    pub fn created(&self) -> usize {
        *self.shared.created.lock().unwrap()
    }
}

/// The port, which is bound only while the API server is up.
struct Port {
    address: SocketAddr,
    listener: Option<TcpListener>,
    shared: Arc<Shared>,
}

/// A connection's handle.
#[derive(Debug, Clone, Default)]
struct Wire {
    /// Cuts the connection.
    cut: Arc<Notify>,
    /// URI of the last request.
    last_uri: Arc<Mutex<String>>,
}

impl Connected<IncomingStream<'_, Port>> for Wire {
    fn connect_info(stream: IncomingStream<'_, Port>) -> Self {
        stream.remote_addr().clone()
    }
}

impl Listener for Port {
    type Io = DuplexStream;
    type Addr = Wire;

    async fn accept(&mut self) -> (DuplexStream, Wire) {
        let mut up = self.shared.up.subscribe();
        loop {
            if !*up.borrow_and_update() {
                self.listener = None;
                up.changed().await.unwrap();
                continue;
            }
            if self.listener.is_none() {
                self.listener = TcpListener::bind(self.address).await.ok();
            }
            let Some(listener) = &self.listener else {
                tokio::time::sleep(Duration::from_millis(10)).await;
                continue;
            };
            tokio::select! {
                accepted = listener.accept() => {
                    let Ok((socket, _)) = accepted else { continue };
                    let (near, far) = tokio::io::duplex(64 * 1024);
                    let wire = Wire::default();
                    tokio::spawn(pump(socket, far, wire.clone(), Arc::clone(&self.shared)));
                    return (near, wire);
                }
                _ = up.changed() => {}
            }
        }
    }

    fn local_addr(&self) -> io::Result<Wire> {
        Ok(Wire::default())
    }
}

/// Copies bytes until the connection is cut, which closes both ends.
async fn pump(mut socket: TcpStream, mut server: DuplexStream, wire: Wire, shared: Arc<Shared>) {
    let (mut cuts, mut freezes) = (shared.cuts.subscribe(), shared.freezes.subscribe());
    if *shared.gone.borrow() {
        let _ = cuts.changed().await;
        return;
    }
    let frozen = async {
        while freezes.changed().await.is_ok() {
            let (_, is_meant) = *freezes.borrow_and_update();
            if is_meant(&wire.last_uri.lock().unwrap()) {
                return;
            }
        }
    };
    tokio::select! {
        _ = tokio::io::copy_bidirectional(&mut socket, &mut server) => {}
        () = wire.cut.notified() => {}
        _ = cuts.changed() => {}
        () = frozen => {
            let _ = cuts.changed().await;
        }
    }
}

/// Whether a request is a watch.
pub fn is_watch(request: &Request<Body>) -> bool {
    request
        .uri()
        .query()
        .is_some_and(|query| query.contains("watch=true"))
}

async fn forward(shared: Arc<Shared>, wire: Wire, request: Request<Body>) -> Response {
    let fault = (shared.rule.lock().unwrap())(&request);
    *wire.last_uri.lock().unwrap() = request.uri().to_string();
    match fault {
        Fault::Respond(code, after) => return error_response(code, after),
        Fault::Delay(time) => tokio::time::sleep(time).await,
        Fault::DropRequest => {
            wire.cut.notify_one();
            return std::future::pending().await;
        }
        Fault::Expired => {
            let gone = status(410, "Expired", "too old resource version: 1 (2)");
            return format!("{}\n", serde_json::json!({"type": "ERROR", "object": gone})).into_response();
        }
        _ => {}
    }
    let upstream = shared.upstream.lock().unwrap().clone();
    let is_post = request.method() == http::Method::POST;
    let response = upstream.oneshot(request).await.unwrap();
    if is_post && response.status() == StatusCode::CREATED {
        *shared.created.lock().unwrap() += 1;
    }
    match fault {
        Fault::DropResponse => {
            wire.cut.notify_one();
            std::future::pending().await
        }
        Fault::HangResponse => std::future::pending().await,
        Fault::CutAfter(bytes) => limited(response, bytes, true),
        Fault::EndAfter(bytes) => limited(response, bytes, false),
        _ => response,
    }
}

fn error_response(code: u16, after: Option<u32>) -> Response {
    let mut body = status(code, "Injected", "injected by the proxy");
    if let Some(seconds) = after {
        body["details"] = serde_json::json!({"retryAfterSeconds": seconds});
    }
    let mut response = (StatusCode::from_u16(code).unwrap(), body.to_string()).into_response();
    if let Some(seconds) = after {
        response.headers_mut().insert(RETRY_AFTER, seconds.into());
    }
    response
}

/// Truncates a response; then ends it, or fails, which cuts its connection.
fn limited(response: Response, bytes: usize, broken: bool) -> Response {
    let (mut parts, body) = response.into_parts();
    parts.headers.remove(http::header::CONTENT_LENGTH);
    let mut left = bytes;
    let mut done = false;
    let body = body.into_data_stream().flat_map(move |chunk| {
        let mut out: Vec<Result<Bytes, axum::Error>> = Vec::new();
        if !done {
            match chunk {
                Ok(mut chunk) => {
                    chunk.truncate(left.min(chunk.len()));
                    left -= chunk.len();
                    out.push(Ok(chunk));
                }
                Err(error) => out.push(Err(error)),
            }
            if left == 0 {
                done = true;
                out.push(Err(axum::Error::new(io::Error::other("cut"))));
            }
        }
        futures::stream::iter(out)
    });
    if broken {
        // Give the data sent so far time to arrive: it would be discarded with the connection.
        let body = body.then(async |chunk| {
            if chunk.is_err() {
                tokio::time::sleep(Duration::from_millis(30)).await;
            }
            chunk
        });
        return Response::from_parts(parts, Body::from_stream(body));
    }
    let whole = body.take_while(|chunk| std::future::ready(chunk.is_ok()));
    Response::from_parts(parts, Body::from_stream(whole))
}
