//! Drives the whole life cycle of a Job with `kubectl` over TLS.

#![allow(
    clippy::unwrap_used,
    clippy::too_many_lines,
    reason = "a test goes step by step, and what fails ends it"
)]

use std::path::{Path, PathBuf};
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

/// The output of kubectl, and whether it succeeded.
struct Output {
    success: bool,
    text: String,
}

async fn kubectl(config: &Path, arguments: &[&str], input: &str) -> Output {
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
    let output = tokio::time::timeout(Duration::from_mins(1), child.wait_with_output())
        .await
        .unwrap()
        .unwrap();
    let text = [output.stdout, output.stderr].concat();
    Output {
        success: output.status.success(),
        text: String::from_utf8(text).unwrap(),
    }
}

async fn works(config: &Path, arguments: &[&str], input: &str) -> String {
    let output = kubectl(config, arguments, input).await;
    assert!(output.success, "kubectl {arguments:?}: {}", output.text);
    output.text
}

/// A playground behind TLS.
struct Served {
    dir: tempfile::TempDir,
    playground: Playground,
    config: PathBuf,
    server: tokio::task::JoinHandle<std::io::Result<()>>,
}

async fn serve() -> Served {
    let dir = tempfile::tempdir().unwrap();
    let playground = Playground::open(Options {
        data_dir: dir.path().join("data"),
    })
    .unwrap();
    playground.start();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("https://{}", listener.local_addr().unwrap());
    let config = dir.path().join("kubeconfig");
    playground.write_kubeconfig(&config, &url).unwrap();
    let serving = playground.clone();
    let server = tokio::spawn(async move { serving.serve_tls(listener).await });
    Served {
        dir,
        playground,
        config,
        server,
    }
}

/// Whether a program can be run; in CI it must be installed.
fn installed(program: &str) -> bool {
    let found = std::process::Command::new(program)
        .arg("--help")
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok();
    assert!(
        found || std::env::var_os("CI").is_none(),
        "{program} is not installed"
    );
    found
}

/// Retries `kubectl logs`, which fails as long as the container does not run.
async fn log_once_started(config: &Path) -> String {
    for _ in 0..20 {
        let output = kubectl(config, &["logs", "-n", "demo", "-f", "job/hello"], "").await;
        if output.success {
            return output.text;
        }
        assert!(
            output.text.contains("waiting to start") || output.text.contains("timed out"),
            "{}",
            output.text
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
    let Served {
        dir: _folder,
        playground,
        config,
        server,
    } = serve().await;
    let config = config.as_path();

    // Validation is the server's: an unknown field is rejected, and nothing is created. kubectl before 1.25 does
    // not request it on its own, hence the bare request.
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
    let output = kubectl(
        config,
        &["create", "--raw", strict, "-f", "-"],
        &wrong.to_string(),
    )
    .await;
    assert!(
        !output.success
            && output
                .text
                .contains("unknown field \"spec.template.spec.restartPolicies\""),
        "{}",
        output.text
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
            .success
    );

    playground.shutdown().await;
    server.abort();
}

/// Objects that `kubectl create` generates are sent as Protocol Buffers.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn kubectl_creates_generated_objects() {
    if !installed("kubectl") {
        eprintln!("skipped: kubectl is not installed");
        return;
    }
    let served = serve().await;
    let config = served.config.as_path();
    for arguments in [
        "create namespace extra",
        "create configmap settings -n demo --from-literal=mode=fast",
        "create secret generic keys -n demo --from-literal=key=value",
        "create serviceaccount robot -n demo",
        "create quota few -n extra --hard=pods=3,requests.cpu=2",
        "create role reader -n demo --verb=get,list --resource=pods,jobs.batch",
        "create rolebinding reads -n demo --role=reader --serviceaccount=demo:robot --user=alice",
        "create clusterrole nodes --verb=get --resource=nodes",
        "create clusterrolebinding sees --clusterrole=nodes --group=dev",
        "create priorityclass high --value=1000",
        "create job once -n extra --image=busybox -- true",
        "create cronjob often -n extra --image=busybox --schedule=0 * * * * -- true",
    ] {
        // The schedule is one argument of five words.
        let mut words: Vec<String> = Vec::new();
        for word in arguments.split(' ') {
            match words.last_mut() {
                Some(last) if last.starts_with("--schedule=") && (word == "*" || word == "0") => {
                    last.push(' ');
                    last.push_str(word);
                }
                _ => words.push(word.to_owned()),
            }
        }
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        let output = works(config, &words, "").await;
        assert!(output.contains("created"), "{output}");
    }
    let shown = |path: &'static str| {
        let config = config.to_owned();
        async move { works(&config, &["get", "-n", "demo", path, "-o", "json"], "").await }
    };
    let json = |text: String| serde_json::from_str::<serde_json::Value>(&text).unwrap();
    assert_eq!(json(shown("configmap/settings").await)["data"]["mode"], "fast");
    assert_eq!(json(shown("secret/keys").await)["data"]["key"], "dmFsdWU=");
    let job = json(works(config, &["get", "job", "once", "-n", "extra", "-o", "json"], "").await);
    assert_eq!(
        job["spec"]["template"]["spec"]["containers"][0]["command"],
        serde_json::json!(["true"])
    );
    assert_eq!(job["spec"]["template"]["spec"]["restartPolicy"], "Never");
    served.playground.shutdown().await;
    served.server.abort();
}

/// Only the administrator's token has an administrator's rights; others may do what their roles allow.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn permissions_depend_on_user() {
    if !installed("kubectl") {
        eprintln!("skipped: kubectl is not installed");
        return;
    }
    let served = serve().await;
    let config = served.config.as_path();
    for arguments in [
        &["create", "serviceaccount", "robot", "-n", "demo"][..],
        &[
            "create",
            "role",
            "reader",
            "-n",
            "demo",
            "--verb=get,list",
            "--resource=pods",
        ],
        &[
            "create",
            "rolebinding",
            "reads",
            "-n",
            "demo",
            "--role=reader",
            "--serviceaccount=demo:robot",
            "--user=alice",
        ],
    ] {
        works(config, arguments, "").await;
    }
    let token = works(config, &["create", "token", "robot", "-n", "demo"], "").await;
    // The kubeconfig's own token is removed only if another credential takes its place.
    let text = std::fs::read_to_string(config).unwrap();
    let without = text
        .lines()
        .map(|line| {
            if line.trim_start().starts_with("token:") {
                "    {}"
            } else {
                line
            }
        })
        .collect::<Vec<_>>()
        .join("\n");
    let bare = config.with_file_name("bare");
    std::fs::write(&bare, without).unwrap();
    let (certificate, key) = served.playground.client_certificate("alice", &["dev"]).unwrap();
    let (certificate_file, key_file) = (
        config.with_file_name("alice.crt"),
        config.with_file_name("alice.key"),
    );
    std::fs::write(&certificate_file, certificate).unwrap();
    std::fs::write(&key_file, key).unwrap();
    let robot = format!("--token={}", token.trim());
    let alice = [
        format!("--client-certificate={}", certificate_file.display()),
        format!("--client-key={}", key_file.display()),
    ];
    let alice: Vec<&str> = alice.iter().map(String::as_str).collect();
    for credentials in [vec![robot.as_str()], alice.clone()] {
        let with = |arguments: &[&'static str]| [&credentials[..], arguments].concat();
        works(&bare, &with(&["get", "pods", "-n", "demo"]), "").await;
        for refused in [
            &["get", "secrets", "-n", "demo"][..],
            &["get", "pods", "-n", "default"],
            &[
                "get",
                "pods",
                "-n",
                "demo",
                "--as=admin",
                "--as-group=system:masters",
            ],
        ] {
            let output = kubectl(&bare, &with(refused), "").await;
            assert!(
                !output.success && output.text.contains("Forbidden"),
                "{refused:?}: {}",
                output.text
            );
        }
    }
    let output = kubectl(&bare, &["--token=wrong", "get", "pods", "-n", "demo"], "").await;
    assert!(
        !output.success && output.text.contains("nauthorized"),
        "{}",
        output.text
    );
    let who = works(config, &["auth", "whoami", "-o", "json", "--as=alice"], "").await;
    assert!(who.contains("\"alice\""), "{who}");
    served.playground.shutdown().await;
    served.server.abort();
}
