//! What the process counts about itself, in the format that Prometheus reads. Labels have few values: none is a name of a
//! project, an object or a user.

use std::sync::atomic::AtomicU64;
use std::sync::{LazyLock, Mutex, PoisonError};
use std::time::Duration;

use prometheus_client::encoding::{EncodeLabelSet, text};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::{Registry, Unit};

/// The metrics of this process.
pub static METRICS: LazyLock<Metrics> = LazyLock::new(Metrics::new);

/// Upper limits of durations in seconds: from a cached page to a list of a large project.
const BUCKETS: [f64; 9] = [0.005, 0.02, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0];

/// Labels of requests of browsers.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RequestLabels {
    route: &'static str,
    method: &'static str,
    status: u16,
}

/// The label of their durations.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RouteLabel {
    route: &'static str,
}

/// Labels of requests to clusters.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ClusterLabels {
    verb: &'static str,
    resource: &'static str,
    code: String,
}

/// Labels of their durations.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct VerbLabels {
    verb: &'static str,
    resource: &'static str,
}

/// The label of sign-ins.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ResultLabel {
    result: String,
}

type Durations<L> = Family<L, Histogram, fn() -> Histogram>;

/// All metrics.
pub struct Metrics {
    registry: Registry,
    requests: Family<RequestLabels, Counter>,
    durations: Durations<RouteLabel>,
    cluster_requests: Family<ClusterLabels, Counter>,
    cluster_durations: Durations<VerbLabels>,
    sign_ins: Family<ResultLabel, Counter>,
    streams: Gauge,
    watches: Gauge,
    sessions: Gauge,
    memory: Gauge<u64, AtomicU64>,
    files: Gauge<u64, AtomicU64>,
    /// Held while the values that are only known on request are set and written.
    writing: Mutex<()>,
}

/// Counts something as long as it exists.
#[derive(Debug)]
pub struct Counted(Gauge);

impl Counted {
    fn new(gauge: &Gauge) -> Self {
        gauge.inc();
        Self(gauge.clone())
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.dec();
    }
}

fn histogram() -> Histogram {
    Histogram::new(BUCKETS)
}

impl Metrics {
    fn new() -> Self {
        let mut registry = Registry::default();
        let metrics = Self {
            requests: Family::default(),
            durations: Family::new_with_constructor(histogram),
            cluster_requests: Family::default(),
            cluster_durations: Family::new_with_constructor(histogram),
            sign_ins: Family::default(),
            streams: Gauge::default(),
            watches: Gauge::default(),
            sessions: Gauge::default(),
            memory: Gauge::default(),
            files: Gauge::default(),
            writing: Mutex::default(),
            registry: Registry::default(),
        };
        let console = registry.sub_registry_with_prefix("jobwright");
        console.register(
            "http_requests",
            "Requests by route and status",
            metrics.requests.clone(),
        );
        console.register_with_unit(
            "http_request_duration",
            "Time until the head of a response",
            Unit::Seconds,
            metrics.durations.clone(),
        );
        console.register(
            "cluster_requests",
            "Requests to clusters; the code is that of the response, or error",
            metrics.cluster_requests.clone(),
        );
        console.register_with_unit(
            "cluster_request_duration",
            "Time until the head of a cluster's response",
            Unit::Seconds,
            metrics.cluster_durations.clone(),
        );
        console.register("sign_ins", "Sign-ins by result", metrics.sign_ins.clone());
        console.register(
            "open_streams",
            "Streams and downloads that are open",
            metrics.streams.clone(),
        );
        console.register(
            "watches",
            "Collections of clusters that are watched",
            metrics.watches.clone(),
        );
        console.register(
            "sessions",
            "Sessions that this process knows",
            metrics.sessions.clone(),
        );
        registry.register_with_unit(
            "process_resident_memory",
            "Memory of the process",
            Unit::Bytes,
            metrics.memory.clone(),
        );
        registry.register(
            "process_open_fds",
            "Open files of the process",
            metrics.files.clone(),
        );
        Self { registry, ..metrics }
    }

    /// Counts a request of a browser that was answered.
    pub fn request(&self, route: &'static str, method: &'static str, status: u16, duration: Duration) {
        let labels = RequestLabels {
            route,
            method,
            status,
        };
        self.requests.get_or_create(&labels).inc();
        self.durations
            .get_or_create(&RouteLabel { route })
            .observe(duration.as_secs_f64());
    }

    /// Counts a request to a cluster; `status` is `None` if there was no response.
    pub fn cluster_request(
        &self,
        (verb, resource): (&'static str, &'static str),
        status: Option<u16>,
        duration: Duration,
    ) {
        let code = status.map_or_else(|| "error".to_owned(), |status| status.to_string());
        let labels = ClusterLabels { verb, resource, code };
        self.cluster_requests.get_or_create(&labels).inc();
        self.cluster_durations
            .get_or_create(&VerbLabels { verb, resource })
            .observe(duration.as_secs_f64());
    }

    /// Counts a sign-in: `done`, or why it failed.
    pub fn sign_in(&self, result: &str) {
        let result = result.to_owned();
        self.sign_ins.get_or_create(&ResultLabel { result }).inc();
    }

    /// Counts a stream as long as the result exists.
    pub fn stream(&self) -> Counted {
        Counted::new(&self.streams)
    }

    /// Counts a watched collection as long as the result exists.
    pub fn watch(&self) -> Counted {
        Counted::new(&self.watches)
    }

    /// Returns all metrics as text (`OpenMetrics` 1.0). `sessions` is the number of sessions now.
    pub fn text(&self, sessions: usize) -> String {
        let _writing = self.writing.lock().unwrap_or_else(PoisonError::into_inner);
        self.sessions.set(i64::try_from(sessions).unwrap_or(i64::MAX));
        let (memory, files) = process();
        self.memory.set(memory);
        self.files.set(files);
        let mut text = String::new();
        if let Err(error) = text::encode(&mut text, &self.registry) {
            // Writing to a `String` cannot fail.
            tracing::error!(%error, "cannot write the metrics");
        }
        text
    }
}

/// Returns the memory of the process in bytes and the number of its open files; 0 where the system does not tell.
fn process() -> (u64, u64) {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    // `VmRSS:     12345 kB`
    let memory = status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:"))
        .and_then(|size| size.trim().strip_suffix(" kB")?.parse::<u64>().ok());
    let files = std::fs::read_dir("/proc/self/fd").map_or(0, Iterator::count);
    (memory.unwrap_or_default() * 1024, files as u64)
}

/// Resources by which requests to clusters are counted; others are `other`.
const RESOURCES: [&str; 16] = [
    "configmaps",
    "events",
    "jobs",
    "limitranges",
    "namespaces",
    "nodes",
    "persistentvolumeclaims",
    "pods",
    "pods/log",
    "priorityclasses",
    "resourcequotas",
    "secrets",
    "selfsubjectaccessreviews",
    "selfsubjectreviews",
    "serviceaccounts",
    "other",
];

/// Returns verb and resource of a request to the Kubernetes API, as the API server's own metrics name them.
pub fn verb_and_resource(method: &http::Method, uri: &http::Uri) -> (&'static str, &'static str) {
    let mut parts = uri.path().trim_matches('/').split('/').peekable();
    let group = parts.next().unwrap_or_default();
    match group {
        // With the group and the version, or the version alone.
        "apis" => _ = parts.nth(1),
        "api" => _ = parts.next(),
        "version" => return (verb(method, true, false), "version"),
        "openapi" => return (verb(method, true, false), "openapi"),
        _ => return (verb(method, true, false), "other"),
    }
    let mut resource = parts.next().unwrap_or_default();
    let mut name = parts.next();
    // `namespaces/demo` is a namespace, `namespaces/demo/pods` a collection in it.
    if resource == "namespaces"
        && let Some(inner) = parts.next()
    {
        resource = inner;
        name = parts.next();
    }
    let subresource = parts.next();
    let found = RESOURCES
        .iter()
        .find(|known| match (known.split_once('/'), subresource) {
            (Some((known, sub)), Some(subresource)) => known == resource && sub == subresource,
            (None, None) => **known == resource,
            _ => false,
        });
    let is_watch = uri.query().is_some_and(|query| {
        query
            .split('&')
            .any(|pair| matches!(pair, "watch=true" | "watch=1"))
    });
    (
        verb(method, name.is_some(), is_watch),
        found.copied().unwrap_or("other"),
    )
}

fn verb(method: &http::Method, has_name: bool, is_watch: bool) -> &'static str {
    match (method.as_str(), has_name) {
        ("GET" | "HEAD", _) if is_watch => "watch",
        ("GET" | "HEAD", true) => "get",
        ("GET" | "HEAD", false) => "list",
        ("POST", _) => "create",
        ("PUT", _) => "update",
        ("PATCH", _) => "patch",
        ("DELETE", true) => "delete",
        ("DELETE", false) => "deletecollection",
        _ => "other",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_to_clusters_have_no_names_in_their_labels() {
        for (method, path, expected) in [
            ("GET", "/apis/batch/v1/namespaces/demo/jobs", ("list", "jobs")),
            (
                "GET",
                "/apis/batch/v1/namespaces/demo/jobs?watch=true&x=1",
                ("watch", "jobs"),
            ),
            ("GET", "/apis/batch/v1/namespaces/demo/jobs/pi", ("get", "jobs")),
            (
                "PATCH",
                "/apis/batch/v1/namespaces/demo/jobs/pi",
                ("patch", "jobs"),
            ),
            (
                "PATCH",
                "/apis/batch/v1/namespaces/demo/jobs/pi/status",
                ("patch", "other"),
            ),
            (
                "DELETE",
                "/apis/batch/v1/namespaces/demo/jobs/pi",
                ("delete", "jobs"),
            ),
            (
                "POST",
                "/apis/batch/v1/namespaces/demo/jobs?dryRun=All",
                ("create", "jobs"),
            ),
            ("GET", "/api/v1/namespaces", ("list", "namespaces")),
            ("GET", "/api/v1/namespaces/demo", ("get", "namespaces")),
            (
                "GET",
                "/api/v1/namespaces/demo/pods/pi-1/log?follow=true",
                ("get", "pods/log"),
            ),
            ("GET", "/api/v1/namespaces/secrets/pods/log", ("get", "pods")),
            ("GET", "/api/v1/nodes", ("list", "nodes")),
            (
                "GET",
                "/apis/example.com/v1/namespaces/demo/widgets/w",
                ("get", "other"),
            ),
            (
                "POST",
                "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews",
                ("create", "selfsubjectaccessreviews"),
            ),
            ("GET", "/version", ("get", "version")),
            ("GET", "/openapi/v3/apis/batch/v1", ("get", "openapi")),
            ("GET", "/", ("get", "other")),
            ("GET", "/apis", ("list", "other")),
            ("BREW", "/api/v1/pods", ("other", "pods")),
        ] {
            let uri = path.parse().unwrap();
            let method = method.parse().unwrap();
            assert_eq!(verb_and_resource(&method, &uri), expected, "{method} {path}");
        }
    }

    #[test]
    fn text_has_counts_durations_and_what_is_open() {
        let metrics = Metrics::new();
        metrics.request("/api/jobs", "POST", 200, Duration::from_millis(30));
        metrics.request("/api/jobs", "POST", 502, Duration::from_secs(3));
        metrics.cluster_request(("list", "jobs"), Some(200), Duration::from_millis(2));
        metrics.cluster_request(("list", "jobs"), None, Duration::from_secs(20));
        metrics.sign_in("done");
        let (stream, watch) = (metrics.stream(), metrics.watch());
        let text = metrics.text(3);
        for line in [
            "jobwright_http_requests_total{route=\"/api/jobs\",method=\"POST\",status=\"200\"} 1",
            "jobwright_http_requests_total{route=\"/api/jobs\",method=\"POST\",status=\"502\"} 1",
            "jobwright_http_request_duration_seconds_count{route=\"/api/jobs\"} 2",
            "jobwright_http_request_duration_seconds_bucket{le=\"0.05\",route=\"/api/jobs\"} 1",
            "jobwright_cluster_requests_total{verb=\"list\",resource=\"jobs\",code=\"200\"} 1",
            "jobwright_cluster_requests_total{verb=\"list\",resource=\"jobs\",code=\"error\"} 1",
            "jobwright_cluster_request_duration_seconds_count{verb=\"list\",resource=\"jobs\"} 2",
            "jobwright_sign_ins_total{result=\"done\"} 1",
            "jobwright_open_streams 1",
            "jobwright_watches 1",
            "jobwright_sessions 3",
            "# EOF",
        ] {
            assert!(text.lines().any(|found| found == line), "{line}: {text}");
        }
        let value = |name: &str| {
            let line = text.lines().find_map(|line| line.strip_prefix(name));
            line.unwrap().trim().parse::<u64>().unwrap()
        };
        assert!(value("process_resident_memory_bytes ") > 1 << 20, "{text}");
        assert!(value("process_open_fds ") > 2, "{text}");
        drop((stream, watch));
        let text = metrics.text(0);
        for line in [
            "jobwright_open_streams 0",
            "jobwright_watches 0",
            "jobwright_sessions 0",
        ] {
            assert!(text.lines().any(|found| found == line), "{line}: {text}");
        }
    }
}
