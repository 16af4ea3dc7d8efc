//! A console in a temporary directory, called through its router.
pub mod fake;
pub mod provider;
pub mod proxy;
pub mod users;

use std::net::IpAddr;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use app::sign_in_mode::SignInMode;
use axum::Router;
use axum::body::{Body, Bytes};
use futures::StreamExt;
use futures::stream::BoxStream;
use http::header::{ACCEPT, CONTENT_TYPE, COOKIE, HOST, LOCATION, SET_COOKIE};
use http::{HeaderMap, Method, Request, StatusCode};
use kube::Client;
use serde_json::Value;
use server::contexts::Clusters;
use server::identity::People;
use server::identity::open_id::{OpenIdSettings, Provider};
use server::job_table::JobTables;
use server::kubernetes::Cluster;
use server::operations::projects::ProjectDirectory;
use server::session::{CookieScope, Lifetime, SessionService, SharedSessions};
use server::web::client_address::TrustedProxies;
use server::web::health::Readiness;
use server::web::hosts::{Hosts, PublicUrl};
use server::web::router::router;
use server::web::state::{AppState, Shared, leptos_options};
use tempfile::TempDir;
use tower::ServiceExt;

/// The lines of all audit logs.
pub static AUDIT: Mutex<Vec<String>> = Mutex::new(Vec::new());

/// The address that the test's browser uses.
pub const AUTHORITY: &str = "127.0.0.1:3000";

/// A console and the browser that uses it.
pub struct TestApp {
    router: Router,
    state: AppState,
    cookie: Option<String>,
    pub dir: TempDir,
}

/// A response with its whole body.
#[derive(Debug)]
pub struct TestResponse {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: Bytes,
}

impl TestResponse {
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error}: {}", self.text()))
    }

    pub fn header(&self, name: impl http::header::AsHeaderName) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    pub fn location(&self) -> &str {
        self.header(LOCATION)
    }
}

/// A stream of server-sent events.
pub struct Events {
    body: BoxStream<'static, Result<Bytes, axum::Error>>,
    text: String,
    /// How long `next` waits: by default half a minute, far more than any event takes, so that only a hang fails.
    pub patience: Duration,
    /// How many `ping` events were received.
    pub pings: usize,
}

/// A server-sent event.
#[derive(Debug)]
pub struct Event {
    pub name: String,
    pub id: String,
    pub data: Value,
}

impl Events {
    /// Returns the next event, or `None` at the end of the stream. Panics without either for `patience`.
    pub async fn next(&mut self) -> Option<Event> {
        match tokio::time::timeout(self.patience, self.receive()).await {
            Ok(event) => event,
            Err(elapsed) => panic!(
                "no event for {:?} ({elapsed}); the rest is {:?}",
                self.patience, self.text
            ),
        }
    }

    async fn receive(&mut self) -> Option<Event> {
        loop {
            if let Some((event, rest)) = self.text.split_once("\n\n") {
                let event = event.to_owned();
                let rest = rest.to_owned();
                self.text = rest;
                if event.starts_with(':') {
                    continue;
                }
                let event = parse(&event);
                if event.name == "ping" {
                    self.pings += 1;
                    continue;
                }
                return Some(event);
            }
            let chunk = self.body.next().await;
            self.text.push_str(std::str::from_utf8(&chunk?.unwrap()).unwrap());
        }
    }
}

/// Panics for an event without data: browsers do not dispatch it (HTML Standard, "Interpreting an event stream").
fn parse(event: &str) -> Event {
    assert!(event.contains("data:"), "an event without data: {event}");
    let field = |name: &str| {
        let prefix = format!("{name}: ");
        event
            .lines()
            .find_map(|line| line.strip_prefix(&prefix))
            .unwrap_or_default()
            .to_owned()
    };
    Event {
        name: field("event"),
        id: field("id"),
        data: serde_json::from_str(&field("data")).unwrap(),
    }
}

impl TestApp {
    /// Creates a console for the API that `api` serves; nobody is signed in.
    pub fn new(api: Router) -> Self {
        Self::before(Clusters::One(cluster(api)))
    }

    /// Creates a console for a cluster, with a signed-in user.
    pub async fn signed_in_with(cluster: Cluster) -> Self {
        Self::signed_in_to(Clusters::One(cluster)).await
    }

    /// Creates a console for these clusters, with a signed-in user.
    pub async fn signed_in_to(clusters: Clusters) -> Self {
        let mut app = Self::before(clusters);
        app.sign_in().await;
        app
    }

    fn before(clusters: Clusters) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let site = dir.path().join("site");
        std::fs::create_dir_all(site.join("pkg")).unwrap();
        std::fs::write(site.join("pkg/frontend.js"), "export default 1;\n").unwrap();
        std::fs::write(site.join("pkg/frontend.js.br"), "(brotli)").unwrap();
        std::fs::write(site.join("pkg/frontend_bg.wasm"), b"\0asm").unwrap();
        let data = dir.path().to_owned();
        let state = state(clusters, &data, SignInMode::LocalToken);
        Self {
            router: router(state.clone()).unwrap(),
            state,
            cookie: None,
            dir,
        }
    }

    /// Creates a console whose public URL has this path, such as `/console`, for the API that `api` serves.
    pub fn below(path: &str, api: Router) -> Self {
        let people = |_: &SessionService| People::default();
        Self::at_path(path, cluster(api), SignInMode::LocalToken, people)
    }

    /// Creates a console below a path whose users sign in at a provider.
    pub fn below_for_open_id(path: &str, cluster: Cluster, settings: OpenIdSettings) -> Self {
        let provider = Arc::new(Provider::new(settings).unwrap());
        let people = |sessions: &SessionService| People::with_provider(provider, sessions.token_store());
        Self::at_path(path, cluster, SignInMode::OpenIdConnect, people)
    }

    fn at_path(
        path: &str,
        cluster: Cluster,
        sign_in: SignInMode,
        people: impl FnOnce(&SessionService) -> People,
    ) -> Self {
        let mut app = Self::before(Clusters::One(cluster.clone()));
        let (clusters, dir) = (Clusters::One(cluster), app.dir.path());
        let sessions = SessionService::open(dir, LIFETIME, scope(path), None, None).unwrap();
        let mut shared = shared_of(clusters, dir, sign_in, sessions, people);
        let public = PublicUrl {
            secure: false,
            authority: AUTHORITY.parse().unwrap(),
            path: path.to_owned(),
        };
        shared.hosts = Hosts::new(IpAddr::from([127, 0, 0, 1]), Some(public));
        app.state = AppState::new(shared);
        app.router = router(app.state.clone()).unwrap();
        app
    }

    /// Creates a console for the API that `api` serves, with a signed-in user.
    pub async fn signed_in(api: Router) -> Self {
        let mut app = Self::new(api);
        app.sign_in().await;
        app
    }

    /// Creates a console for `cluster` in which each user signs in with a token of the cluster.
    pub fn for_users(cluster: Cluster) -> Self {
        let mut app = Self::before(Clusters::One(cluster.clone()));
        app.restart_for_users(cluster);
        app
    }

    /// Restarts that console with the same directory.
    pub fn restart_for_users(&mut self, cluster: Cluster) {
        self.state = state(Clusters::One(cluster), self.dir.path(), SignInMode::BearerToken);
        self.router = router(self.state.clone()).unwrap();
    }

    /// Creates a console for `cluster` whose users sign in at a provider.
    pub fn for_open_id(cluster: Cluster, settings: OpenIdSettings) -> Self {
        let mut app = Self::before(Clusters::One(cluster.clone()));
        app.restart_for_open_id(cluster, settings);
        app
    }

    /// Restarts that console with the same directory.
    pub fn restart_for_open_id(&mut self, cluster: Cluster, settings: OpenIdSettings) {
        let provider = Arc::new(Provider::new(settings).unwrap());
        let people = |sessions: &SessionService| People::with_provider(provider, sessions.token_store());
        let clusters = Clusters::One(cluster);
        self.state = state_with(clusters, self.dir.path(), SignInMode::OpenIdConnect, people);
        self.router = router(self.state.clone()).unwrap();
    }

    /// Signs in with a token of the cluster and stores the cookie.
    pub async fn sign_in_as(&mut self, token: &str) {
        let response = self.post("/session", &format!("token={token}")).await;
        assert_eq!(
            (response.status, response.location()),
            (StatusCode::SEE_OTHER, "/")
        );
        self.keep_cookie(&response);
    }

    /// Opens the printed URL and stores the cookie.
    pub async fn sign_in(&mut self) {
        let response = self.get(&format!("/?token={}", self.token())).await;
        assert_eq!(response.status, StatusCode::SEE_OTHER);
        self.keep_cookie(&response);
    }

    pub fn token(&self) -> String {
        self.state.sessions.token().to_string()
    }

    pub fn keep_cookie(&mut self, response: &TestResponse) {
        let cookies = response.headers.get_all(SET_COOKIE).iter();
        let mut set = cookies
            .map(|cookie| cookie.to_str().unwrap())
            .filter(|cookie| !cookie.contains("Max-Age=0"));
        let pair = set
            .next()
            .and_then(|cookie| cookie.split(';').next())
            .unwrap_or_default();
        assert!(!pair.is_empty(), "no cookie: {response:?}");
        self.cookie = Some(pair.to_owned());
    }

    /// Continues as another user, by their cookie; returns the previous cookie.
    pub fn swap_cookie(&mut self, cookie: Option<String>) -> Option<String> {
        std::mem::replace(&mut self.cookie, cookie)
    }

    /// Returns the same console as the user of another cookie sees it.
    pub fn with_cookie(&self, cookie: Option<String>) -> Self {
        Self {
            router: self.router.clone(),
            state: self.state.clone(),
            cookie,
            // Not that of the console.
            dir: tempfile::tempdir().unwrap(),
        }
    }

    /// Creates a replica of a console with a key and sessions that others share.
    pub fn with_shared_sessions(cluster: Cluster, key: &Path, shared: SharedSessions) -> Self {
        let mut app = Self::before(Clusters::One(cluster.clone()));
        let sessions = SessionService::open(app.dir.path(), LIFETIME, scope("/"), Some(key), Some(shared));
        let (clusters, dir) = (Clusters::One(cluster), app.dir.path());
        let people = |_: &SessionService| People::default();
        app.state = state_of(clusters, dir, SignInMode::LocalToken, sessions.unwrap(), people);
        app.router = router(app.state.clone()).unwrap();
        app
    }

    /// Creates a replica of a console whose users sign in at a provider.
    pub fn replica_for_open_id(
        cluster: Cluster,
        settings: OpenIdSettings,
        (key, shared): (&Path, SharedSessions),
    ) -> Self {
        let mut app = Self::before(Clusters::One(cluster.clone()));
        let provider = Arc::new(Provider::new(settings).unwrap());
        let (clusters, dir) = (Clusters::One(cluster), app.dir.path());
        let sessions = SessionService::open(dir, LIFETIME, scope("/"), Some(key), Some(shared)).unwrap();
        let people = |sessions: &SessionService| People::with_provider(provider, sessions.token_store());
        app.state = state_of(clusters, dir, SignInMode::OpenIdConnect, sessions, people);
        app.router = router(app.state.clone()).unwrap();
        app
    }

    /// Returns the console's router, to be served.
    pub fn router(&self) -> Router {
        self.router.clone()
    }

    /// Returns the router of the metrics' own address.
    pub fn metrics(&self) -> Router {
        server::web::metrics::router(self.state.clone())
    }

    pub fn forget_cookie(&mut self) {
        self.cookie = None;
    }

    /// Builds a request as the browser sends it: with the cookie, from the console's own page.
    pub fn request(&self, method: Method, path: &str) -> http::request::Builder {
        let mut request = Request::builder()
            .method(method)
            .uri(path)
            .header(HOST, AUTHORITY)
            .header("sec-fetch-site", "same-origin");
        if let Some(cookie) = &self.cookie {
            request = request.header(COOKIE, cookie);
        }
        request
    }

    pub async fn send(&self, request: Request<Body>) -> TestResponse {
        let response = self.router.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let body = axum::body::to_bytes(body, usize::MAX).await.unwrap();
        TestResponse {
            status: parts.status,
            headers: parts.headers,
            body,
        }
    }

    /// Returns the response with an unread body, for streams.
    pub async fn open(&self, path: &str, last_event_id: Option<&str>) -> axum::response::Response {
        let mut request = self.request(Method::GET, path);
        if let Some(id) = last_event_id {
            request = request.header("last-event-id", id);
        }
        self.router
            .clone()
            .oneshot(request.body(Body::empty()).unwrap())
            .await
            .unwrap()
    }

    pub async fn get(&self, path: &str) -> TestResponse {
        let request = self.request(Method::GET, path).header(ACCEPT, "text/html");
        self.send(request.body(Body::empty()).unwrap()).await
    }

    /// Submits a form.
    pub async fn post(&self, path: &str, form: &str) -> TestResponse {
        let request = self
            .request(Method::POST, path)
            .header(ACCEPT, "text/html")
            .header(CONTENT_TYPE, "application/x-www-form-urlencoded");
        self.send(request.body(Body::from(form.to_owned())).unwrap())
            .await
    }

    /// Calls a server function as the pages do.
    pub async fn call(&self, name: &str, arguments: &Value) -> TestResponse {
        self.call_at("", name, arguments).await
    }

    /// Calls a server function of the cluster with the address prefix `base`.
    pub async fn call_at(&self, base: &str, name: &str, arguments: &Value) -> TestResponse {
        let request = self
            .request(Method::POST, &format!("{base}/api/{name}"))
            .header(ACCEPT, "application/json")
            .header(CONTENT_TYPE, "application/json");
        self.send(request.body(Body::from(arguments.to_string())).unwrap())
            .await
    }

    /// Opens a stream.
    pub async fn stream(&self, path: &str, last_event_id: Option<&str>) -> Events {
        let response = self.open(path, last_event_id).await;
        assert_eq!(response.status(), StatusCode::OK);
        // Read at once, as a browser does: a stream that is not read stalls.
        let mut body = response.into_body().into_data_stream();
        let (send, mut arrived) = tokio::sync::mpsc::unbounded_channel();
        tokio::spawn(async move {
            loop {
                tokio::select! {
                    () = send.closed() => return,
                    chunk = body.next() => match chunk {
                        // The receiver may have been dropped in between.
                        Some(chunk) => { let _ = send.send(chunk); }
                        None => return,
                    }
                }
            }
        });
        Events {
            body: futures::stream::poll_fn(move |context| arrived.poll_recv(context)).boxed(),
            text: String::new(),
            patience: Duration::from_secs(30),
            pings: 0,
        }
    }

    /// Restarts the console with the same directory and API.
    pub fn restart(&mut self, api: Router) {
        self.state = state(
            Clusters::One(cluster(api)),
            self.dir.path(),
            SignInMode::LocalToken,
        );
        self.router = router(self.state.clone()).unwrap();
    }
}

fn cluster(api: Router) -> Cluster {
    Cluster::new(Client::new(api, "default"), "test", false)
}

fn state(clusters: Clusters, data: &Path, sign_in: SignInMode) -> AppState {
    state_with(clusters, data, sign_in, |_| People::default())
}

fn state_with(
    clusters: Clusters,
    data: &Path,
    sign_in: SignInMode,
    people: impl FnOnce(&SessionService) -> People,
) -> AppState {
    let sessions = SessionService::open(data, LIFETIME, scope("/"), None, None).unwrap();
    state_of(clusters, data, sign_in, sessions, people)
}

fn scope(path: &str) -> CookieScope {
    CookieScope {
        secure: false,
        port: 3000,
        path: path.to_owned(),
    }
}

/// How long sessions last.
const LIFETIME: Lifetime = Lifetime {
    idle: Duration::from_hours(12),
    absolute: Duration::from_hours(168),
};

fn state_of(
    clusters: Clusters,
    data: &Path,
    sign_in: SignInMode,
    sessions: SessionService,
    people: impl FnOnce(&SessionService) -> People,
) -> AppState {
    AppState::new(shared_of(clusters, data, sign_in, sessions, people))
}

fn shared_of(
    clusters: Clusters,
    data: &Path,
    sign_in: SignInMode,
    sessions: SessionService,
    people: impl FnOnce(&SessionService) -> People,
) -> Shared {
    let people = people(&sessions);
    Shared {
        leptos: leptos_options(),
        site: data.join("site"),
        sessions,
        hosts: Hosts::new(IpAddr::from([127, 0, 0, 1]), None),
        trusted_proxies: TrustedProxies::new(vec!["10.0.0.0/8".parse().unwrap()]),
        clusters: Arc::new(clusters),
        sign_in,
        people,
        directory: Arc::new(ProjectDirectory::new(
            vec!["demo".to_owned(), "other".to_owned()],
            None,
        )),
        tables: JobTables::default(),
        readiness: Readiness::default(),
        base: format!("http://{AUTHORITY}"),
        // As the command line does by default.
        audit: (sign_in != SignInMode::LocalToken)
            .then_some(|line| AUDIT.lock().unwrap().push(line.to_owned())),
        print: |_| {},
    }
}
