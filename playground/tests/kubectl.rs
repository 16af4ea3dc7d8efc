//! The playground as kubectl sees it: over loopback TLS, with the kubeconfig that the playground writes.

use std::path::{Path, PathBuf};
use std::process::{Output, Stdio};
use std::time::Duration;

use playground::{Options, Playground};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpListener;
use tokio::process::Command;

const JOB: &str = r#"
apiVersion: batch/v1
kind: Job
metadata:
  name: greet
  labels: {app: greet}
spec:
  backoffLimit: 0
  template:
    spec:
      restartPolicy: Never
      containers:
        - name: main
          image: busybox:1.36
          command: ["sh", "-c", "echo one; sleep 1; echo two"]
"#;

struct Cluster {
    playground: Playground,
    folder: tempfile::TempDir,
}

impl Cluster {
    async fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let playground = Playground::open(Options {
            data_dir: folder.path().join("data"),
        })
        .unwrap();
        playground.start();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("https://{}", listener.local_addr().unwrap());
        playground
            .write_kubeconfig(&folder.path().join("kubeconfig"), &url)
            .unwrap();
        let serving = playground.clone();
        tokio::spawn(async move { serving.serve_tls(listener).await });
        Self { playground, folder }
    }

    /// Runs kubectl; gives what it printed, and fails with its error text.
    async fn kubectl(&self, arguments: &str, input: &str) -> String {
        let output = self.run(arguments, input).await;
        assert!(
            output.status.success(),
            "kubectl {arguments}: {}",
            String::from_utf8_lossy(&output.stderr)
        );
        String::from_utf8(output.stdout).unwrap()
    }

    async fn run(&self, arguments: &str, input: &str) -> Output {
        let mut child = Command::new("kubectl")
            .arg("--kubeconfig")
            .arg(self.folder.path().join("kubeconfig"))
            .args(["--namespace", "demo"])
            .args(arguments.split(' '))
            // Its cache of what servers offer.
            .env("HOME", self.folder.path())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let mut stdin = child.stdin.take().unwrap();
        // A command that does not read its input may have ended.
        let _ = stdin.write_all(input.as_bytes()).await;
        drop(stdin);
        tokio::time::timeout(Duration::from_secs(60), child.wait_with_output())
            .await
            .unwrap_or_else(|_| panic!("kubectl {arguments} does not end"))
            .unwrap()
    }
}

/// True if kubectl is here; `make test` installs it.
fn has_kubectl() -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let found = std::env::split_paths(&path)
        .map(|folder: PathBuf| folder.join("kubectl"))
        .any(|file: PathBuf| Path::exists(&file));
    if !found {
        eprintln!("skipped: kubectl is not installed");
    }
    found
}

fn columns(line: &str) -> Vec<&str> {
    line.split_whitespace().collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_is_applied_watched_described_read_and_deleted() {
    if !has_kubectl() {
        return;
    }
    let cluster = Cluster::start().await;
    assert_eq!(
        cluster.kubectl("apply -f -", JOB).await,
        "job.batch/greet created\n"
    );
    assert_eq!(
        cluster.kubectl("apply -f -", JOB).await,
        "job.batch/greet unchanged\n"
    );
    // Follows until the container ends; as on any cluster, only from when it has started.
    let mut followed = cluster.run("logs -f job/greet", "").await;
    for _ in 0..50 {
        if followed.status.success() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
        followed = cluster.run("logs -f job/greet", "").await;
    }
    assert_eq!(String::from_utf8_lossy(&followed.stdout), "one\ntwo\n");
    let waited = cluster
        .kubectl("wait --for=condition=complete --timeout=30s job/greet", "")
        .await;
    assert_eq!(waited, "job.batch/greet condition met\n");

    let jobs = cluster.kubectl("get jobs --show-labels", "").await;
    let jobs: Vec<_> = jobs.lines().map(columns).collect();
    assert_eq!(
        jobs[0],
        ["NAME", "STATUS", "COMPLETIONS", "DURATION", "AGE", "LABELS"]
    );
    assert_eq!(jobs[1][..3], ["greet", "Complete", "1/1"]);
    assert_eq!(jobs[1][5], "app=greet");
    let pods = cluster.kubectl("get pods", "").await;
    let pods: Vec<_> = pods.lines().map(columns).collect();
    assert_eq!(pods[0], ["NAME", "READY", "STATUS", "RESTARTS", "AGE"]);
    assert!(pods[1][0].starts_with("greet-"));
    assert_eq!(pods[1][1..4], ["0/1", "Completed", "0"]);

    let described = cluster.kubectl("describe job greet", "").await;
    for words in [
        "Pods Statuses:",
        "1 Succeeded",
        "SuccessfulCreate",
        "Created pod: greet-",
        "Job completed",
    ] {
        assert!(described.contains(words), "{words} in\n{described}");
    }
    assert_eq!(
        cluster.kubectl("delete job greet", "").await.trim(),
        cluster_deleted("greet"),
    );
    let missing = cluster.run("get job greet", "").await;
    assert_eq!(
        String::from_utf8_lossy(&missing.stderr),
        "Error from server (NotFound): jobs.batch \"greet\" not found\n"
    );
    cluster.playground.shutdown().await;
}

/// What kubectl prints; newer ones name the namespace too.
fn cluster_deleted(name: &str) -> String {
    format!("job.batch \"{name}\" deleted")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_watch_tells_of_a_job_from_its_start_to_its_end() {
    if !has_kubectl() {
        return;
    }
    let cluster = Cluster::start().await;
    cluster.kubectl("create -f -", JOB).await;
    let seen = cluster
        .run("get job greet --watch --request-timeout=6s -o custom-columns=DONE:.status.succeeded,END:.status.completionTime --no-headers", "")
        .await;
    let seen = String::from_utf8_lossy(&seen.stdout).into_owned();
    let rows: Vec<_> = seen.lines().map(columns).collect();
    assert_eq!(rows[0], ["<none>", "<none>"], "{seen}");
    let last = rows.last().unwrap();
    assert_eq!(last[0], "1", "{seen}");
    assert!(last[1].ends_with('Z'), "{seen}");
    cluster.playground.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_that_breaks_a_rule_is_refused_at_its_field() {
    if !has_kubectl() {
        return;
    }
    let cluster = Cluster::start().await;
    let refused = cluster
        .run(
            "create -f -",
            &JOB.replace("restartPolicy: Never", "restartPolicy: Always"),
        )
        .await;
    let text = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(!refused.status.success());
    assert!(text.contains("spec.template.spec.restartPolicy"), "{text}");
    cluster.playground.shutdown().await;
}
