//! Kills the playground in the middle of twenty Jobs and restarts it: nothing is lost, nothing runs twice.
use std::collections::BTreeMap;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use k8s_openapi::api::batch::v1::Job;
use k8s_openapi::api::core::v1::Pod;
use kube::api::{ListParams, LogParams, PostParams};
use kube::config::{KubeConfigOptions, Kubeconfig};
use kube::{Api, Client, Config};
use serde_json::json;

const JOBS: usize = 20;

/// The real program, running only the playground.
struct Playground(Child);

impl Playground {
    fn start(dir: &Path) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_jobwright"))
            .args(["playground", "--listen", "127.0.0.1:0", "--data-dir"])
            .arg(dir.join("data"))
            .arg("--kubeconfig")
            .arg(dir.join("kubeconfig"))
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        // It logs this once the kubeconfig is written.
        let log = BufReader::new(child.stderr.take().unwrap());
        let out = BufReader::new(child.stdout.take().unwrap());
        let (sender, receiver) = std::sync::mpsc::channel();
        for lines in [Box::new(log) as Box<dyn BufRead + Send>, Box::new(out)] {
            let sender = sender.clone();
            std::thread::spawn(move || {
                for line in lines.lines().map_while(Result::ok) {
                    if line.contains("listens") {
                        // The receiver is dropped after the first message.
                        let _ = sender.send(());
                    }
                }
            });
        }
        receiver.recv_timeout(Duration::from_secs(30)).unwrap();
        Self(child)
    }

    /// Sends SIGKILL, so that nothing more can be written.
    fn kill(&mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }
}

impl Drop for Playground {
    fn drop(&mut self) {
        // Fails only if the process has ended.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

async fn client(dir: &Path) -> Client {
    let kubeconfig = Kubeconfig::read_from(dir.join("kubeconfig")).unwrap();
    let config = Config::from_custom_kubeconfig(kubeconfig, &KubeConfigOptions::default())
        .await
        .unwrap();
    Client::try_from(config).unwrap()
}

fn job(index: usize) -> Job {
    let policy = if index.is_multiple_of(2) {
        "Never"
    } else {
        "OnFailure"
    };
    serde_json::from_value(json!({
        "metadata": {"name": format!("job-{index}")},
        "spec": {"template": {"spec": {
            "restartPolicy": policy,
            "containers": [{
                "name": "main", "image": "busybox:1.36",
                "command": ["sh", "-c", "echo begun; sleep 2; echo done"],
            }],
        }}},
    }))
    .unwrap()
}

fn is_complete(job: &Job) -> bool {
    let conditions = job.status.as_ref().and_then(|status| status.conditions.as_ref());
    conditions.is_some_and(|all| {
        all.iter()
            .any(|one| one.type_ == "Complete" && one.status == "True")
    })
}

async fn until(what: &str, mut done: impl AsyncFnMut() -> bool) {
    for _ in 0..900 {
        if done().await {
            return;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    panic!("not within 90 s: {what}");
}

#[tokio::test(flavor = "multi_thread")]
async fn jobs_survive_a_kill() {
    if Command::new("bwrap").arg("--version").output().is_err() {
        assert!(std::env::var_os("CI").is_none(), "bubblewrap is not installed");
        eprintln!("skipped: bubblewrap is not installed");
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let mut playground = Playground::start(dir.path());
    let jobs: Api<Job> = Api::namespaced(client(dir.path()).await, "demo");
    for index in 0..JOBS {
        jobs.create(&PostParams::default(), &job(index)).await.unwrap();
    }
    let everything = ListParams::default();
    until("one Job is complete", async || {
        jobs.list(&everything).await.unwrap().iter().any(is_complete)
    })
    .await;
    let before: Vec<_> = jobs
        .list(&everything)
        .await
        .unwrap()
        .into_iter()
        .filter(is_complete)
        .collect();
    assert!(before.len() < JOBS, "some Jobs are still running");
    playground.kill();

    let mut playground = Playground::start(dir.path());
    let client = client(dir.path()).await;
    let jobs: Api<Job> = Api::namespaced(client.clone(), "demo");
    let pods: Api<Pod> = Api::namespaced(client, "demo");
    until("all Jobs are complete", async || {
        jobs.list(&everything).await.unwrap().iter().all(is_complete)
    })
    .await;
    let after = jobs.list(&everything).await.unwrap();
    assert_eq!(after.items.len(), JOBS);
    for job in &after {
        assert_eq!(
            job.status.as_ref().unwrap().succeeded,
            Some(1),
            "{:?}",
            job.metadata.name
        );
    }
    // Jobs that had completed before the kill are unchanged.
    for job in &before {
        assert!(after.iter().any(|other| other.metadata.uid == job.metadata.uid
            && other.status.as_ref().unwrap().completion_time
                == job.status.as_ref().unwrap().completion_time));
    }
    let mut ended: BTreeMap<String, usize> = BTreeMap::new();
    for pod in pods.list(&everything).await.unwrap() {
        let phase = pod.status.as_ref().and_then(|status| status.phase.clone());
        if phase.as_deref() != Some("Succeeded") {
            continue;
        }
        let owner = pod.metadata.labels.as_ref().unwrap()["batch.kubernetes.io/job-name"].clone();
        *ended.entry(owner).or_default() += 1;
        let log = pods
            .logs(pod.metadata.name.as_ref().unwrap(), &LogParams::default())
            .await
            .unwrap();
        assert_eq!(log, "begun\ndone\n");
    }
    assert_eq!(ended.len(), JOBS);
    assert!(ended.values().all(|count| *count == 1), "{ended:?}");
    playground.kill();
}
