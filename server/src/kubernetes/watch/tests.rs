//! How soon a dead connection is detected, in simulated time: the bounds hold whatever else the machine does.
//! `server/tests/it/faults/` breaks real connections.

use std::convert::Infallible;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use futures::StreamExt;
use futures::stream::BoxStream;
use http::{Request, Response, Uri};
use kube::Client;
use kube::client::Body;
use serde_json::{Value, json};
use tokio::sync::watch;
use tokio::time::Instant;

use crate::kubernetes::timeouts::Timeouts;
use crate::kubernetes::watch::{Change, Selection, follow};
use crate::kubernetes::{Cluster, Kind};

/// The time that `docs/reliability.md` promises for watches of three seconds.
const PROMISED: Duration = Duration::from_secs(5);

/// Which connections transfer nothing any more.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Dead {
    /// Those of the watches that are open at that time.
    Watches,
    /// Those too that are idle at that time, one of which the next watch uses, until the console opens new ones.
    Pool,
}

/// An API server with a collection of Jobs, reached over connections that can die.
#[derive(Clone)]
struct Api {
    /// Names of the Jobs, in order of their resource versions, which begin with 2.
    jobs: watch::Sender<Vec<String>>,
    /// Number of times that connections died.
    deaths: watch::Sender<u32>,
    /// The generation of the connections that are dead in the pool.
    dead_pool: Arc<Mutex<Option<u64>>>,
    lists: Arc<Mutex<usize>>,
    may_watch: watch::Sender<bool>,
    cluster: Arc<Mutex<Option<Cluster>>>,
}

impl Api {
    fn new() -> (Self, Cluster) {
        let api = Self {
            jobs: watch::Sender::default(),
            deaths: watch::Sender::default(),
            dead_pool: Arc::default(),
            lists: Arc::default(),
            may_watch: watch::Sender::new(true),
            cluster: Arc::default(),
        };
        let served = api.clone();
        let service = tower::service_fn(move |request: Request<Body>| {
            let api = served.clone();
            let uri = request.uri().clone();
            async move { Ok::<_, Infallible>(api.respond(&uri).await) }
        });
        let client = Client::new(service, "demo");
        let cluster = Cluster::build(
            client,
            None,
            "test".to_owned(),
            false,
            Timeouts::default().with_watch(3),
            None,
        );
        *api.cluster.lock().unwrap() = Some(cluster.clone());
        (api, cluster)
    }

    fn generation(&self) -> u64 {
        let cluster = self.cluster.lock().unwrap();
        cluster.as_ref().unwrap().inner.liveness.generation()
    }

    fn die(&self, dead: Dead) {
        if dead == Dead::Pool {
            *self.dead_pool.lock().unwrap() = Some(self.generation());
        }
        self.deaths.send_modify(|count| *count += 1);
    }

    fn add(&self, name: &str) {
        self.jobs.send_modify(|jobs| jobs.push(name.to_owned()));
    }

    async fn respond(&self, uri: &Uri) -> Response<axum::body::Body> {
        let query = uri.query().unwrap_or_default();
        if uri.path() == "/version" {
            return Response::new("{}".into());
        }
        if !query.contains("watch=true") {
            *self.lists.lock().unwrap() += 1;
            let items: Vec<Value> = self
                .jobs
                .borrow()
                .iter()
                .map(|name| json!({"metadata": {"name": name}}))
                .collect();
            let version = (items.len() + 1).to_string();
            let list = json!({"metadata": {"resourceVersion": version}, "items": items});
            return Response::new(list.to_string().into());
        }
        if !*self.may_watch.borrow() {
            let status = json!({"kind": "Status", "status": "Failure", "reason": "Forbidden", "code": 403});
            let mut response = Response::new(status.to_string().into());
            *response.status_mut() = http::StatusCode::FORBIDDEN;
            return response;
        }
        if *self.dead_pool.lock().unwrap() == Some(self.generation()) {
            return std::future::pending().await;
        }
        let version = query
            .split('&')
            .find_map(|pair| pair.strip_prefix("resourceVersion="));
        let events = self.events(version.unwrap().parse().unwrap());
        Response::new(axum::body::Body::from_stream(events))
    }

    /// A watch of three seconds from this resource version on.
    fn events(&self, version: usize) -> BoxStream<'static, Result<Bytes, Infallible>> {
        let end = Instant::now() + Duration::from_secs(3);
        let receivers = (self.jobs.subscribe(), self.deaths.subscribe());
        let events =
            futures::stream::unfold((version, receivers), move |(version, mut receivers)| async move {
                loop {
                    let (jobs, deaths) = &mut receivers;
                    if deaths.has_changed().unwrap() {
                        std::future::pending::<()>().await;
                    }
                    let next = jobs.borrow_and_update().get(version - 1).cloned();
                    if let Some(name) = next {
                        let version = version + 1;
                        let metadata =
                            json!({"name": name, "uid": name, "resourceVersion": version.to_string()});
                        let object = json!({"apiVersion": "batch/v1", "kind": "Job", "metadata": metadata});
                        return Some((json!({"type": "ADDED", "object": object}), (version, receivers)));
                    }
                    tokio::select! {
                        _ = jobs.changed() => {}
                        _ = deaths.changed() => std::future::pending().await,
                        () = tokio::time::sleep_until(end) => return None,
                    }
                }
            });
        events.map(|event| Ok(Bytes::from(format!("{event}\n")))).boxed()
    }
}

/// Lets connections die at this time after the list, and returns how long it takes until a Job that is created then is
/// reported.
async fn detection_time(dead: Dead, at: Duration) -> Duration {
    let (api, cluster) = Api::new();
    let mut changes = follow(&cluster, Kind::JOBS, "demo", Selection::default());
    assert!(matches!(changes.next().await, Some(Change::Reset(_))));
    tokio::time::sleep(at).await;
    let dead_at = Instant::now();
    api.die(dead);
    api.add("unseen");
    let change = changes.next().await;
    assert!(
        matches!(&change, Some(Change::Applied(job)) if job["metadata"]["name"] == "unseen"),
        "{change:?}"
    );
    assert_eq!(
        *api.lists.lock().unwrap(),
        1,
        "the watch resumes without relisting"
    );
    dead_at.elapsed()
}

#[tokio::test(start_paused = true)]
async fn dead_watches_are_replaced_in_time_without_a_relist() {
    for dead in [Dead::Watches, Dead::Pool] {
        let mut longest = Duration::ZERO;
        // Every part of two watches.
        for step in 0..66 {
            longest = longest.max(detection_time(dead, Duration::from_millis(100 * step)).await);
        }
        assert!(longest < PROMISED, "{dead:?}: {longest:?}");
        // Detection is by the overdue end, not by luck.
        assert!(longest > Duration::from_secs(3), "{dead:?}: {longest:?}");
    }
}

/// A user who may list but not watch sees what was listed last, and never a project without Jobs.
#[tokio::test(start_paused = true)]
async fn collection_that_may_not_be_watched_is_listed_again_and_again() {
    let (api, cluster) = Api::new();
    api.may_watch.send_replace(false);
    api.add("first");
    let mut changes = follow(&cluster, Kind::JOBS, "demo", Selection::default());
    let mut seen = Vec::new();
    let began_at = Instant::now();
    while seen.len() < 6 {
        if seen.len() == 3 && *api.jobs.borrow() == ["first"] {
            api.add("second");
        }
        let change = changes.next().await;
        let Some(Change::Reset(jobs)) = change else {
            panic!("{change:?}");
        };
        seen.push(jobs.len());
    }
    assert_eq!(seen, [1, 1, 1, 2, 2, 2]);
    let took = began_at.elapsed();
    assert!((60..90).contains(&took.as_secs()), "{took:?}");
    // Once it may be watched, changes come at once.
    api.may_watch.send_replace(true);
    assert!(matches!(changes.next().await, Some(Change::Reset(_))));
    api.add("third");
    assert!(matches!(changes.next().await, Some(Change::Applied(_))));
}
