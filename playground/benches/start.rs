//! Measures the time from the creation of a Pod until its container runs: Pods one after the other, the median, and
//! the time of two bubblewraps alone on the same machine.
//!
//! `cargo bench --profile quick -p playground --bench start [-- PODS]`

use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Body;
use http::{Method, Request};
use playground::{Options, Playground};
use serde_json::{Value, json};
use tower::Service;

type Error = Box<dyn std::error::Error>;

fn main() -> Result<(), Error> {
    // Cargo adds `--bench`.
    let pods = std::env::args().find_map(|word| word.parse().ok()).unwrap_or(20);
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let plain = runtime.block_on(measure(pods, &json!([]), &json!([])))?;
    let volumes = json!([{"name": "v", "emptyDir": {}}, {"name": "i", "downwardAPI": {"items": [
        {"path": "name", "fieldRef": {"fieldPath": "metadata.name"}}]}}]);
    let mounts =
        json!([{"name": "v", "mountPath": "/v", "subPath": "part"}, {"name": "i", "mountPath": "/etc/info"}]);
    let with_volumes = runtime.block_on(measure(pods, &volumes, &mounts))?;
    let bwraps = (0..pods).map(|_| {
        std::thread::sleep(Duration::from_millis(100));
        bubblewraps()
    });
    let bwraps = bwraps.collect::<Result<Vec<_>, _>>()?;
    for (name, times) in [
        ("Pod without volumes", plain),
        ("Pod with two volumes", with_volumes),
        ("two bubblewraps alone", bwraps),
    ] {
        println!("{name:22} {}", Summary::of(times));
    }
    Ok(())
}

struct Summary(Vec<Duration>);

impl Summary {
    fn of(mut times: Vec<Duration>) -> Self {
        times.sort();
        Self(times)
    }
}

impl std::fmt::Display for Summary {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let at = |percent: usize| {
            self.0
                .get(self.0.len() * percent / 100)
                .copied()
                .unwrap_or_default()
        };
        write!(
            formatter,
            "median {:>6.1?}  least {:>6.1?}  p90 {:>6.1?}",
            at(50),
            at(0),
            at(90)
        )
    }
}

/// Returns the time from the request that creates a Pod until its status says that it runs, for each Pod.
async fn measure(pods: usize, volumes: &Value, mounts: &Value) -> Result<Vec<Duration>, Error> {
    let dir = tempfile::tempdir()?;
    let playground = Playground::open(Options {
        data_dir: dir.path().join("data"),
    })?;
    playground.start();
    let mut router = playground.router();
    // Controllers settle.
    tokio::time::sleep(Duration::from_secs(1)).await;
    let mut times = Vec::new();
    for number in 0..pods {
        let name = format!("pod-{number}");
        let pod = json!({
            "apiVersion": "v1", "kind": "Pod", "metadata": {"name": name, "namespace": "demo"},
            "spec": {"restartPolicy": "Never", "terminationGracePeriodSeconds": 0, "volumes": volumes, "containers": [{
                "name": "main", "image": "busybox", "command": ["/bin/sleep", "60"], "volumeMounts": mounts,
            }]},
        });
        let started_at = Instant::now();
        let path = "/api/v1/namespaces/demo/pods";
        request(&mut router, Method::POST, path, &pod.to_string()).await?;
        let path = format!("{path}/{name}");
        loop {
            let pod = request(&mut router, Method::GET, &path, "").await?;
            if pod["status"]["phase"] == "Running" {
                break;
            }
            if started_at.elapsed() > Duration::from_secs(30) {
                return Err(format!("a Pod does not start: {:#}", pod["status"]).into());
            }
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        times.push(started_at.elapsed());
        request(&mut router, Method::DELETE, &path, "").await?;
        // Until it is gone, and its cleanup on disk and in the kernel is done.
        while request(&mut router, Method::GET, &path, "").await?["kind"] == "Pod" {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        tokio::time::sleep(Duration::from_millis(250)).await;
    }
    playground.shutdown().await;
    Ok(times)
}

async fn request(router: &mut Router, method: Method, path: &str, body: &str) -> Result<Value, Error> {
    let request = Request::builder()
        .method(method)
        .uri(path)
        .header("content-type", "application/json")
        .body(Body::from(body.to_owned()))?;
    let response = router.call(request).await?;
    let bytes = axum::body::to_bytes(response.into_body(), 1 << 20).await?;
    Ok(serde_json::from_slice(&bytes)?)
}

/// Returns the time of two nested bubblewraps that create the namespaces of a container and little else.
fn bubblewraps() -> Result<Duration, Error> {
    let programs: Vec<String> = ["bin", "lib", "lib64"]
        .iter()
        .filter(|name| std::path::Path::new("/").join(name).exists())
        .flat_map(|name| ["--ro-bind".to_owned(), format!("/{name}"), format!("/{name}")])
        .collect();
    let started_at = Instant::now();
    let status = Command::new("bwrap")
        .args([
            "--unshare-user",
            "--unshare-pid",
            "--unshare-net",
            "--ro-bind",
            "/usr",
            "/usr",
        ])
        .args(&programs)
        .args([
            "--proc",
            "/proc",
            "--dev",
            "/dev",
            "--dir",
            "/tmp",
            "--bind",
            "/proc",
            "/run/proc",
            "bwrap",
            "--unshare-all",
            "--ro-bind",
            "/usr",
            "/usr",
        ])
        .args(&programs)
        .args(["--proc", "/proc", "--dev", "/dev", "/bin/true"])
        .stdin(Stdio::null())
        .status()?;
    if !status.success() {
        return Err("bubblewrap makes no sandbox".into());
    }
    Ok(started_at.elapsed())
}
