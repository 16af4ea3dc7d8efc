//! The whole life of a Job, driven by `kubectl` over TLS.

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use playground::{Options, Playground};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpListener;
use tokio::process::Command;

const JOB: &str = "apiVersion: batch/v1
kind: Job
metadata:
  name: hello
  namespace: demo
spec:
  template:
    spec:
      restartPolicy: Never
      containers:
      - name: main
        image: busybox:1.36
        command: [sh, -c, 'echo hello from the Job; sleep 1; echo done']
";

const ROLE: &str = "apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata:
  name: reader
  namespace: demo
rules:
- apiGroups: [\"\"]
  resources: [pods]
  verbs: [get]
";

/// What kubectl said, and whether it was content.
struct Said {
    good: bool,
    text: String,
}

async fn kubectl(config: &Path, arguments: &[&str], input: &str) -> Said {
    let mut child = Command::new("kubectl")
        .arg("--kubeconfig")
        .arg(config)
        .arg("--cache-dir")
        .arg(config.with_file_name("cache"))
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    stdin.write_all(input.as_bytes()).await.unwrap();
    drop(stdin);
    let output = tokio::time::timeout(Duration::from_secs(60), child.wait_with_output())
        .await
        .unwrap()
        .unwrap();
    let text = [output.stdout, output.stderr].concat();
    Said {
        good: output.status.success(),
        text: String::from_utf8(text).unwrap(),
    }
}

async fn works(config: &Path, arguments: &[&str], input: &str) -> String {
    let said = kubectl(config, arguments, input).await;
    assert!(said.good, "kubectl {arguments:?}: {}", said.text);
    said.text
}

fn installed(program: &str) -> bool {
    std::process::Command::new(program)
        .arg("--help")
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok()
}

/// `kubectl logs` refuses as long as the container does not run.
async fn log_once_started(config: &Path) -> String {
    for _ in 0..20 {
        let said = kubectl(config, &["logs", "-n", "demo", "-f", "job/hello"], "").await;
        if said.good {
            return said.text;
        }
        assert!(
            said.text.contains("waiting to start") || said.text.contains("timed out"),
            "{}",
            said.text
        );
        tokio::time::sleep(Duration::from_millis(250)).await;
    }
    let pods = works(config, &["get", "pods,events", "-n", "demo", "-o", "yaml"], "").await;
    panic!("the container never started: {pods}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn kubectl_runs_a_job_from_apply_to_delete() {
    for program in ["kubectl", "bwrap"] {
        if !installed(program) {
            eprintln!("skipped: {program} is not installed");
            return;
        }
    }
    let folder = tempfile::tempdir().unwrap();
    let playground = Playground::open(Options {
        data_dir: folder.path().join("data"),
    })
    .unwrap();
    playground.start();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("https://{}", listener.local_addr().unwrap());
    let config = folder.path().join("kubeconfig");
    playground.write_kubeconfig(&config, &url).unwrap();
    let serving = playground.clone();
    let server = tokio::spawn(async move { serving.serve_tls(listener).await });
    let config = config.as_path();

    // Validation is the server's: an unknown field is refused, and nothing is made. kubectl before 1.25 does not ask
    // for it by itself, hence the bare request.
    let strict = "/apis/batch/v1/namespaces/demo/jobs?fieldValidation=Strict";
    let wrong = serde_json::json!({
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {"name": "hello"},
        "spec": {"template": {"spec": {
            "restartPolicy": "Never",
            "restartPolicies": "Never",
            "containers": [{"name": "main", "image": "busybox:1.36"}],
        }}},
    });
    let said = kubectl(
        config,
        &["create", "--raw", strict, "-f", "-"],
        &wrong.to_string(),
    )
    .await;
    assert!(
        !said.good
            && said
                .text
                .contains("unknown field \"spec.template.spec.restartPolicies\""),
        "{}",
        said.text
    );

    assert_eq!(
        works(config, &["apply", "-f", "-"], JOB).await.trim(),
        "job.batch/hello created"
    );
    assert_eq!(
        works(config, &["apply", "-f", "-"], JOB).await.trim(),
        "job.batch/hello unchanged"
    );
    let suspended = JOB.replace(
        "spec:\n  template",
        "spec:\n  activeDeadlineSeconds: 300\n  template",
    );
    assert_eq!(
        works(config, &["apply", "-f", "-"], &suspended).await.trim(),
        "job.batch/hello configured"
    );
    let log = log_once_started(config).await;
    assert_eq!(log, "hello from the Job\ndone\n");
    works(
        config,
        &[
            "wait",
            "-n",
            "demo",
            "--for=condition=complete",
            "job/hello",
            "--timeout=40s",
        ],
        "",
    )
    .await;
    let table = works(config, &["get", "jobs", "-n", "demo"], "").await;
    assert!(table.contains("Complete") && table.contains("1/1"), "{table}");
    let watched = works(
        config,
        &["get", "jobs", "-n", "demo", "-w", "--request-timeout=2s"],
        "",
    )
    .await;
    assert!(watched.contains("hello"), "{watched}");
    let described = works(config, &["describe", "job", "hello", "-n", "demo"], "").await;
    assert!(
        described.contains("Completed") && described.contains("1 Succeeded"),
        "{described}"
    );
    assert!(
        works(config, &["get", "pods", "-n", "demo", "-l", "job-name=hello"], "")
            .await
            .contains("Completed")
    );
    works(config, &["apply", "-f", "-"], ROLE).await;
    works(
        config,
        &["delete", "job", "hello", "-n", "demo", "--timeout=40s"],
        "",
    )
    .await;
    assert!(
        !kubectl(config, &["get", "job", "hello", "-n", "demo"], "")
            .await
            .good
    );

    playground.shutdown().await;
    server.abort();
}
