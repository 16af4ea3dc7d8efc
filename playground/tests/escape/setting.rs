//! A playground for tests, its Pods, and how they ended.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Body;
use http::{Method, Request};
use playground::{Options, Playground};
use serde_json::{Value, json};
use tempfile::TempDir;
use tower::Service;

/// Timeout for a Pod. The whole machine may be busy with a build.
const TIMEOUT: Duration = Duration::from_secs(90);

pub struct Setting {
    pub playground: Playground,
    router: Router,
    /// A directory of the host that everybody may write to, which no container may reach.
    pub host: PathBuf,
    _folder: TempDir,
}

/// How a Pod ended.
pub struct Ended {
    pub pod: Value,
    pub log: String,
}

impl std::fmt::Debug for Ended {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "{:#}\n{}", self.pod["status"], self.log)
    }
}

impl Ended {
    pub fn exit_code(&self) -> Option<i64> {
        self.pod["status"]["containerStatuses"][0]["state"]["terminated"]["exitCode"].as_i64()
    }

    pub fn reason(&self) -> &str {
        let status = &self.pod["status"];
        status["reason"]
            .as_str()
            .or(status["containerStatuses"][0]["state"]["terminated"]["reason"].as_str())
            .unwrap_or_default()
    }
}

impl Setting {
    pub fn new() -> Self {
        // The umask that the console sets for its own files.
        rustix::process::umask(rustix::fs::Mode::from_bits_truncate(0o077));
        let dir = tempfile::tempdir().unwrap();
        let data = dir.path().join("data");
        Self::with_data(dir, &data)
    }

    pub fn with_data(dir: TempDir, data: &Path) -> Self {
        let bwrap = Command::new("bwrap").arg("--version").output();
        assert!(
            bwrap.is_ok_and(|output| output.status.success()),
            "bubblewrap is not installed"
        );
        let host = dir.path().join("host");
        std::fs::create_dir(&host).unwrap();
        for path in [dir.path(), &host] {
            use std::os::unix::fs::PermissionsExt;
            std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o777)).unwrap();
        }
        let playground = Playground::open(Options {
            data_dir: data.to_owned(),
        })
        .unwrap();
        playground.start();
        Self {
            router: playground.router(),
            playground,
            host,
            _folder: dir,
        }
    }

    /// Sends a request; returns the code and the body.
    pub async fn request(&self, method: Method, path: &str, body: Option<&Value>) -> (u16, String) {
        let body = body.map_or_else(Body::empty, |body| Body::from(body.to_string()));
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header("content-type", "application/json")
            .body(body)
            .unwrap();
        let response = self.router.clone().call(request).await.unwrap();
        let code = response.status().as_u16();
        let bytes = axum::body::to_bytes(response.into_body(), 64 << 20)
            .await
            .unwrap();
        (code, String::from_utf8_lossy(&bytes).into_owned())
    }

    pub async fn create(&self, plural: &str, object: &Value) {
        let (code, text) = self
            .request(
                Method::POST,
                &format!("/api/v1/namespaces/demo/{plural}"),
                Some(object),
            )
            .await;
        assert_eq!(code, 201, "{text}");
    }

    pub async fn pod(&self, name: &str) -> Value {
        let (_, text) = self
            .request(Method::GET, &format!("/api/v1/namespaces/demo/pods/{name}"), None)
            .await;
        serde_json::from_str(&text).unwrap()
    }

    /// Returns the uids of all Pods.
    pub async fn uids(&self) -> Vec<String> {
        let (_, text) = self
            .request(Method::GET, "/api/v1/namespaces/demo/pods", None)
            .await;
        let pods: Value = serde_json::from_str(&text).unwrap();
        let uid = |pod: &Value| pod["metadata"]["uid"].as_str().unwrap().to_owned();
        pods["items"].as_array().unwrap().iter().map(uid).collect()
    }

    /// Creates a claim that Pods share, and returns it as a volume named `v`.
    pub async fn claim(&self) -> Value {
        let claim = json!({
            "apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {"name": "shared"},
            "spec": {"accessModes": ["ReadWriteMany"], "resources": {"requests": {"storage": "1Mi"}}},
        });
        self.create("persistentvolumeclaims", &claim).await;
        json!({"name": "v", "persistentVolumeClaim": {"claimName": "shared"}})
    }

    /// Waits until a container has ended or is waiting.
    pub async fn settled(&self, name: &str) -> Ended {
        let pod = self
            .wait(name, |pod| {
                let state = &pod["status"]["containerStatuses"][0]["state"];
                state["terminated"].is_object() || state["waiting"]["message"].is_string()
            })
            .await;
        self.with_log(pod).await
    }

    async fn with_log(&self, pod: Value) -> Ended {
        let name = pod["metadata"]["name"].as_str().unwrap();
        let path = format!("/api/v1/namespaces/demo/pods/{name}/log?container=main");
        let (_, log) = self.request(Method::GET, &path, None).await;
        Ended { pod, log }
    }

    /// Waits until a condition holds for a Pod.
    pub async fn wait(&self, name: &str, is: impl Fn(&Value) -> bool) -> Value {
        let started_at = Instant::now();
        loop {
            let pod = self.pod(name).await;
            if is(&pod) {
                return pod;
            }
            assert!(started_at.elapsed() < TIMEOUT, "{:#}", pod["status"]);
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// Waits for the end of a Pod.
    pub async fn end(&self, name: &str) -> Ended {
        let over = |pod: &Value| matches!(pod["status"]["phase"].as_str(), Some("Succeeded" | "Failed"));
        let pod = self.wait(name, over).await;
        self.with_log(pod).await
    }

    /// Runs a script in a Pod that `change` modifies first.
    pub async fn run_with(&self, name: &str, script: &str, change: impl FnOnce(&mut Value)) -> Ended {
        let mut pod = pod(name, script);
        change(&mut pod);
        self.create("pods", &pod).await;
        self.end(name).await
    }

    pub async fn run(&self, name: &str, script: &str) -> Ended {
        self.run_with(name, script, |_| {}).await
    }

    /// Asserts that nothing has escaped from any container.
    pub fn host_is_untouched(&self) {
        let found: Vec<_> = std::fs::read_dir(&self.host).unwrap().flatten().collect();
        assert!(found.is_empty(), "{found:?}");
    }

    /// Asserts that other commands still run.
    pub async fn other_commands_still_run(&self, name: &str) {
        let ended = self.run(name, "echo fine").await;
        assert_eq!(
            (ended.exit_code(), ended.log.as_str()),
            (Some(0), "fine\n"),
            "{ended:#?}"
        );
    }

    pub async fn shut_down(self) {
        self.playground.shutdown().await;
    }
}

/// Returns a Pod that runs a script.
pub fn pod(name: &str, script: &str) -> Value {
    json!({
        "apiVersion": "v1", "kind": "Pod",
        "metadata": {"name": name, "namespace": "demo"},
        "spec": {"restartPolicy": "Never", "terminationGracePeriodSeconds": 1, "containers": [{
            "name": "main", "image": "busybox",
            "env": [{"name": "PATH", "value": "/usr/sbin:/usr/bin:/sbin:/bin"}],
            "command": ["sh", "-c", script],
        }]},
    })
}

/// Returns the only container of a Pod.
pub fn container(pod: &mut Value) -> &mut Value {
    &mut pod["spec"]["containers"][0]
}

/// A small disk for a data directory, where one can be created.
pub struct SmallDisk(PathBuf);

impl SmallDisk {
    pub fn mount(dir: &Path) -> Option<Self> {
        let mounted = rustix::process::geteuid().is_root()
            && Command::new("mount")
                .args(["-t", "tmpfs", "-o", "size=50m,mode=700", "tmpfs"])
                .arg(dir)
                .status()
                .is_ok_and(|status| status.success());
        mounted.then(|| Self(dir.to_owned()))
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("--lazy").arg(&self.0).status();
    }
}

/// Adds volumes to a Pod, and their mounts to its container.
#[allow(
    clippy::needless_pass_by_value,
    reason = "calls read better with `json!` in place"
)]
pub fn mount(pod: &mut Value, volumes: Value, mounts: Value) {
    pod["spec"]["volumes"] = volumes;
    container(pod)["volumeMounts"] = mounts;
}
