//! Several clusters in one console: each at its own addresses, over real TLS connections, with the credentials and
//! proxies that a kubeconfig can specify.
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use crate::common::TestApp;
use axum::body::Body;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::{Method, Request, StatusCode};
use k8s_openapi::api::batch::v1::Job;
use kube::api::PostParams;
use kube::config::Kubeconfig;
use kube::{Api, Client};
use playground::{Options, Playground};
use serde_json::{Value, json};
use server::contexts::{Clusters, Contexts};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// A kubeconfig that can be rewritten while the console runs.
#[derive(Clone, Default)]
struct File(Arc<Mutex<Vec<Entry>>>);

/// A context with its cluster and user, as in a kubeconfig.
#[derive(Clone)]
struct Entry {
    name: String,
    cluster: Value,
    user: Value,
}

impl File {
    fn of(entries: &[&Entry]) -> Self {
        let file = Self::default();
        file.write(entries);
        file
    }

    fn write(&self, entries: &[&Entry]) {
        *self.0.lock().unwrap() = entries.iter().copied().cloned().collect();
    }

    fn read(&self) -> Kubeconfig {
        let entries = self.0.lock().unwrap();
        let all = |part: fn(&Entry) -> Value| entries.iter().map(part).collect::<Vec<_>>();
        serde_json::from_value(json!({
            "current-context": entries.first().map(|entry| &entry.name),
            "contexts": all(|entry| json!({
                "name": entry.name, "context": {"cluster": entry.name, "user": entry.name},
            })),
            "clusters": all(|entry| json!({"name": entry.name, "cluster": entry.cluster})),
            "users": all(|entry| json!({"name": entry.name, "user": entry.user})),
        }))
        .unwrap()
    }

    /// Starts a console with its contexts.
    async fn console(&self, only: &[&str], private: bool) -> TestApp {
        let only: Vec<String> = only.iter().map(|name| (*name).to_owned()).collect();
        let file = self.clone();
        let contexts = Contexts::new(move || Ok(file.read()), &only, private).unwrap();
        TestApp::signed_in_to(Clusters::Contexts(contexts)).await
    }
}

/// A playground that serves TLS, with one Job named after it.
struct Cluster {
    entry: Entry,
    dir: TempDir,
    _playground: Playground,
}

impl Cluster {
    async fn start(name: &str) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let options = Options {
            data_dir: dir.path().to_owned(),
        };
        let playground = Playground::open(options).unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let path = dir.path().join("kubeconfig");
        playground
            .write_kubeconfig(&path, &format!("https://{address}"))
            .unwrap();
        let serving = playground.clone();
        tokio::spawn(async move { serving.serve_tls(listener).await });

        let jobs: Api<Job> = Api::namespaced(Client::new(playground.router(), "demo"), "demo");
        let job = json!({
            "metadata": {"name": format!("job-of-{}", name.replace(|c: char| !c.is_ascii_alphanumeric(), "-"))},
            "spec": {"template": {"spec": {
                "restartPolicy": "Never", "containers": [{"name": "c", "image": "perl"}],
            }}},
        });
        let job: Job = serde_json::from_value(job).unwrap();
        jobs.create(&PostParams::default(), &job).await.unwrap();

        let written = serde_json::to_value(Kubeconfig::read_from(&path).unwrap()).unwrap();
        Self {
            entry: Entry {
                name: name.to_owned(),
                cluster: written["clusters"][0]["cluster"].clone(),
                user: written["users"][0]["user"].clone(),
            },
            dir,
            _playground: playground,
        }
    }

    /// Returns the administrator's token.
    fn token(&self) -> &str {
        self.entry.user["token"].as_str().unwrap()
    }

    /// Returns the entry with credentials from a plugin, which records each run.
    fn with_plugin(&self, script: &str) -> Entry {
        let path = self.dir.path().join("jobwright-login");
        fs::write(
            &path,
            format!("#!/bin/sh\necho ran >>'{}'\n{script}", self.runs_file().display()),
        )
        .unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
        let exec = json!({"apiVersion": "client.authentication.k8s.io/v1", "command": path, "interactiveMode": "IfAvailable"});
        Entry {
            user: json!({"exec": exec}),
            ..self.entry.clone()
        }
    }

    fn runs_file(&self) -> PathBuf {
        self.dir.path().join("ran")
    }
}

/// Returns the end of a plugin's script, which prints a token.
fn prints_token(token: &str, expires: Option<jiff::Timestamp>) -> String {
    let status = json!({"token": token, "expirationTimestamp": expires.map(|expires| expires.to_string())});
    let credential =
        json!({"apiVersion": "client.authentication.k8s.io/v1", "kind": "ExecCredential", "status": status});
    format!("printf '%s' '{credential}'\n")
}

fn runs(of: &Path) -> usize {
    fs::read_to_string(of).map_or(0, |lines| lines.lines().count())
}

/// Returns the names of the Jobs at the address prefix `base`.
async fn jobs(app: &TestApp, base: &str) -> Vec<String> {
    let response = app.call_at(base, "jobs", &json!({"project": "demo"})).await;
    assert_eq!(response.status, StatusCode::OK, "{}", response.text());
    let rows = response.json();
    let rows = rows["rows"].as_array().unwrap();
    rows.iter()
        .map(|row| row["name"].as_str().unwrap().to_owned())
        .collect()
}

#[tokio::test]
async fn each_cluster_has_its_own_addresses() {
    let (one, two) = (
        Cluster::start("one").await,
        Cluster::start("admin@two:6443").await,
    );
    let app = File::of(&[&one.entry, &two.entry]).console(&[], true).await;

    assert_eq!(app.get("/").await.location(), "/clusters/one/projects/demo/jobs");
    let second = "/clusters/admin~40two~3a6443";
    for address in [second.to_owned(), format!("{second}/")] {
        assert_eq!(
            app.get(&address).await.location(),
            format!("{second}/projects/demo/jobs")
        );
    }
    // An address without a cluster means the default one.
    let moved = app.get("/projects/demo/jobs?q=a").await;
    assert_eq!(moved.status, StatusCode::TEMPORARY_REDIRECT);
    assert_eq!(moved.location(), "/clusters/one/projects/demo/jobs?q=a");

    assert_eq!(jobs(&app, "/clusters/one").await, ["job-of-one"]);
    assert_eq!(jobs(&app, second).await, ["job-of-admin-two-6443"]);
    // A page that was loaded while there was only one cluster must not act on another one.
    let nameless = app.call("jobs", &json!({"project": "demo"})).await;
    assert_eq!(nameless.status, StatusCode::CONFLICT);
    let nameless = app.open("/stream/jobs?project=demo", None).await;
    assert_eq!(nameless.status(), StatusCode::CONFLICT);
    for mixed in [
        "/clusters/one/clusters/one/projects/demo/jobs",
        "/clusters/one/elsewhere",
    ] {
        assert_eq!(app.get(mixed).await.status, StatusCode::NOT_FOUND, "{mixed}");
    }

    let page = app.get(&format!("{second}/projects/demo/jobs")).await;
    assert_eq!(page.status, StatusCode::OK);
    let html = page.text();
    assert!(html.contains("job-of-admin-two-6443") && !html.contains("job-of-one"));
    let links: Vec<&str> = html
        .split("href=\"")
        .skip(1)
        .filter_map(|rest| rest.split('"').next())
        .collect();
    let strays: Vec<&&str> = links
        .iter()
        .filter(|link| link.contains("/projects/") && !link.starts_with(second))
        .collect();
    assert!(strays.is_empty(), "links to another cluster: {strays:?}");
    assert!(links.iter().any(|link| link.ends_with("/create-job")));
    assert!(links.contains(&"/clusters/one"), "a link to the other cluster");

    let mut events = app
        .stream(&format!("{second}/stream/jobs?project=demo"), None)
        .await;
    let first = events.next().await.unwrap();
    assert!(
        first.data.to_string().contains("job-of-admin-two-6443"),
        "{first:?}"
    );
    let manifest = app
        .call_at(
            second,
            "manifest",
            &json!({"project": "demo", "name": "job-of-one"}),
        )
        .await;
    assert_eq!(manifest.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn unknown_cluster_is_reported_and_others_are_offered() {
    let (one, two) = (Cluster::start("one").await, Cluster::start("two").await);
    let app = File::of(&[&one.entry, &two.entry]).console(&[], true).await;
    let response = app
        .call_at("/clusters/three", "jobs", &json!({"project": "demo"}))
        .await;
    assert_eq!(response.status, StatusCode::NOT_FOUND);
    let stream = app.open("/clusters/three/stream/jobs?project=demo", None).await;
    assert_eq!(stream.status(), StatusCode::NOT_FOUND);
    let choice = app
        .call_at("/clusters/three", "clusters", &json!({}))
        .await
        .json();
    let keys: Vec<&str> = choice["all"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|offer| offer["key"].as_str())
        .collect();
    assert_eq!(keys, ["one", "two"]);
}

#[tokio::test]
async fn unauthenticated_requests_reveal_no_clusters_and_run_no_plugin() {
    let one = Cluster::start("one").await;
    let plugin = one.with_plugin("exit 1\n");
    let mut app = File::of(&[&plugin, &one.entry]).console(&[], true).await;
    app.forget_cookie();
    let before = runs(&one.runs_file());
    assert_eq!(app.get("/").await.location(), "/sign-in");
    for path in [
        "/clusters/one",
        "/clusters/one/projects/demo/jobs",
        "/clusters/none/projects/demo/jobs",
    ] {
        let response = app.get(path).await;
        assert_eq!(response.status, StatusCode::SEE_OTHER, "{path}");
        assert!(
            response.location().starts_with("/sign-in?"),
            "{path}: {}",
            response.location()
        );
    }
    for name in ["clusters", "jobs", "workspace"] {
        let response = app
            .call_at("/clusters/one", name, &json!({"project": "demo"}))
            .await;
        assert_eq!(response.status, StatusCode::UNAUTHORIZED, "{name}");
    }
    for path in [
        "/clusters/one/stream/jobs?project=demo",
        "/clusters/one/cluster/schema",
    ] {
        assert_eq!(
            app.open(path, None).await.status(),
            StatusCode::UNAUTHORIZED,
            "{path}"
        );
    }
    assert_eq!(app.get("/readyz").await.status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(runs(&one.runs_file()), before);
}

#[tokio::test]
async fn rejected_request_runs_no_plugin() {
    let one = Cluster::start("one").await;
    let app = File::of(&[&one.with_plugin("exit 1\n")]).console(&[], true).await;
    for path in [
        "/stream/jobs?project=demo",
        "/download/log?project=demo&job=x",
        "/api/nothing",
    ] {
        let request = app.request(Method::GET, path).body(Body::empty()).unwrap();
        let (mut parts, body) = request.into_parts();
        parts
            .headers
            .insert("sec-fetch-site", "cross-site".parse().unwrap());
        let status = app.send(Request::from_parts(parts, body)).await.status;
        assert!(status.is_client_error(), "{path}: {status}");
    }
    assert_eq!(runs(&one.runs_file()), 0);
}

#[tokio::test]
async fn plugin_provides_credentials_and_is_shown() {
    let one = Cluster::start("one").await;
    let app = File::of(&[&one.with_plugin(&prints_token(one.token(), None))])
        .console(&[], true)
        .await;
    assert_eq!(jobs(&app, "").await, ["job-of-one"]);
    assert_eq!(jobs(&app, "").await, ["job-of-one"]);
    assert_eq!(runs(&one.runs_file()), 1, "one run for all requests");
    let choice = app.call("clusters", &json!({})).await.json();
    assert_eq!(choice["all"][0]["plugin"], "jobwright-login");
    assert_eq!(choice["all"][0]["refused"], Value::Null);
    let html = app.get("/projects/demo/jobs").await.text();
    assert!(html.contains("jobwright-login"), "the page shows its name");
}

#[tokio::test]
async fn slow_plugin_result_is_kept_and_other_clusters_stay_available() {
    let one = Cluster::start("one").await;
    let script = format!("sleep 10\n{}", prints_token(one.token(), None));
    let app = File::of(&[&one.with_plugin(&script)]).console(&[], true).await;
    let early = app.call("jobs", &json!({"project": "demo"})).await;
    assert_eq!(early.json()["kind"], "credentials", "{}", early.text());
    let nothing = json!({});
    let choice = app.call("clusters", &nothing);
    let choice = tokio::time::timeout(Duration::from_secs(1), choice)
        .await
        .unwrap();
    assert_eq!(choice.status, StatusCode::OK);
    assert_eq!(jobs(&app, "").await, ["job-of-one"]);
    assert_eq!(runs(&one.runs_file()), 1);
}

#[tokio::test]
async fn expired_credentials_are_refreshed() {
    let one = Cluster::start("one").await;
    // With an expiry.
    let soon = jiff::Timestamp::now() + jiff::SignedDuration::from_secs(2);
    let app = File::of(&[&one.with_plugin(&prints_token(one.token(), Some(soon)))])
        .console(&[], true)
        .await;
    assert_eq!(jobs(&app, "").await, ["job-of-one"]);
    assert_eq!(jobs(&app, "").await, ["job-of-one"]);
    assert_eq!(runs(&one.runs_file()), 2);

    // Without an expiry: the cluster rejects the credentials. An open page recovers by itself.
    let two = Cluster::start("two").await;
    let script = format!(
        "if [ $(wc -l <'{}') = 1 ]; then\n{}else\n{}fi\n",
        two.runs_file().display(),
        prints_token("expired", None),
        prints_token(two.token(), None)
    );
    let app = File::of(&[&two.with_plugin(&script)]).console(&[], true).await;
    let refused = app.call("jobs", &json!({"project": "demo"})).await;
    assert_eq!(refused.json()["kind"], "credentials", "{}", refused.text());
    let mut events = app.stream("/stream/jobs?project=demo", None).await;
    let rows = loop {
        let event = events.next().await.unwrap().data.to_string();
        if event.contains("job-of-two") {
            break event;
        }
    };
    assert!(!rows.contains("expired"));
    assert_eq!(runs(&two.runs_file()), 2);
}

#[tokio::test]
async fn token_file_is_trimmed() {
    let one = Cluster::start("one").await;
    let path = one.dir.path().join("token");
    fs::write(&path, format!("{}\n", one.token())).unwrap();
    let entry = Entry {
        user: json!({"tokenFile": path}),
        ..one.entry.clone()
    };
    let app = File::of(&[&entry]).console(&[], true).await;
    assert_eq!(jobs(&app, "").await, ["job-of-one"]);
}

#[tokio::test]
async fn auth_provider_is_rejected() {
    let one = Cluster::start("one").await;
    let path = one.dir.path().join("ran");
    let config = json!({"cmd-path": "/bin/sh", "cmd-args": format!("-c 'echo ran >>{}'", path.display())});
    let entry = Entry {
        user: json!({"auth-provider": {"name": "gcp", "config": config}}),
        ..one.entry.clone()
    };
    for private in [true, false] {
        let app = File::of(&[&entry]).console(&["one"], private).await;
        let response = app.call("jobs", &json!({"project": "demo"})).await;
        assert_eq!(response.json()["kind"], "credentials", "{}", response.text());
        let choice = app.call("clusters", &json!({})).await.json();
        assert_eq!(choice["all"][0]["refused"], "provider");
    }
    assert_eq!(runs(&path), 0);
}

#[tokio::test]
async fn plugin_is_not_run_if_others_can_reach_the_console() {
    let one = Cluster::start("one").await;
    let app = File::of(&[&one.with_plugin("exit 1\n")])
        .console(&["one"], false)
        .await;
    let response = app.call("jobs", &json!({"project": "demo"})).await;
    assert_eq!(response.status, StatusCode::BAD_GATEWAY);
    assert_eq!(response.json()["kind"], "credentials");
    assert_eq!(runs(&one.runs_file()), 0);
    let choice = app.call("clusters", &json!({})).await.json();
    assert_eq!(choice["all"][0]["refused"], "plugin");
}

#[tokio::test]
async fn failed_plugin_shows_its_standard_error_but_not_its_output() {
    let one = Cluster::start("one").await;
    let script = "echo 'SECRET-OUTPUT'\necho first >&2\necho 'run: login --again' >&2\nexit 3\n";
    let app = File::of(&[&one.with_plugin(script)]).console(&[], true).await;
    let response = app.call("jobs", &json!({"project": "demo"})).await;
    let text = response.text();
    assert!(
        text.contains("run: login --again") && text.contains("exit status: 3"),
        "{text}"
    );
    assert!(!text.contains("SECRET-OUTPUT"), "{text}");
    let page = app.get("/projects/demo/jobs").await.text();
    assert!(page.contains("run: login --again") && !page.contains("SECRET-OUTPUT"));
}

#[tokio::test]
async fn changed_kubeconfig_needs_no_restart() {
    let (one, two) = (Cluster::start("one").await, Cluster::start("two").await);
    let expired = Entry {
        user: json!({"token": "expired"}),
        ..one.entry.clone()
    };
    let file = File::of(&[&expired]);
    let app = file.console(&[], true).await;
    let response = app.call("jobs", &json!({"project": "demo"})).await;
    assert_eq!(response.json()["kind"], "credentials", "{}", response.text());

    file.write(&[&one.entry, &two.entry]);
    tokio::time::sleep(Duration::from_millis(2100)).await;
    assert_eq!(jobs(&app, "/clusters/two").await, ["job-of-two"]);
    assert_eq!(jobs(&app, "/clusters/one").await, ["job-of-one"]);
}

#[tokio::test]
async fn renewed_certificate_file_needs_no_restart() {
    let (one, two) = (Cluster::start("one").await, Cluster::start("two").await);
    let authority = |of: &Cluster| {
        let data = of.entry.cluster["certificate-authority-data"].as_str().unwrap();
        STANDARD.decode(data).unwrap()
    };
    let path = one.dir.path().join("ca.crt");
    // The wrong authority at first: the cluster is not trusted.
    fs::write(&path, authority(&two)).unwrap();
    let entry = Entry {
        cluster: json!({"server": one.entry.cluster["server"], "certificate-authority": path}),
        ..one.entry.clone()
    };
    let app = File::of(&[&entry]).console(&[], true).await;
    let response = app.call("jobs", &json!({"project": "demo"})).await;
    assert_eq!(response.json()["kind"], "unreachable", "{}", response.text());

    fs::write(&path, authority(&one)).unwrap();
    assert_eq!(jobs(&app, "").await, ["job-of-one"]);
}

#[tokio::test]
async fn only_requested_contexts_are_offered() {
    let (one, two) = (Cluster::start("one").await, Cluster::start("two").await);
    let file = File::of(&[&one.entry, &two.entry]);
    // Reachable by others and without `--context`, it offers only the current context.
    let app = file.console(&[], false).await;
    let response = app
        .call_at("/clusters/two", "jobs", &json!({"project": "demo"}))
        .await;
    assert_eq!(response.status, StatusCode::NOT_FOUND);
    assert_eq!(jobs(&app, "").await, ["job-of-one"]);

    let app = file.console(&["two"], true).await;
    assert_eq!(jobs(&app, "").await, ["job-of-two"]);
    assert_eq!(
        app.get("/").await.location(),
        "/projects/demo/jobs",
        "a single cluster needs no name"
    );
    let choice = app.call("clusters", &json!({})).await.json();
    assert_eq!(choice["all"].as_array().unwrap().len(), 1);

    let missing = Contexts::new(move || Ok(file.read()), &["three".to_owned()], true);
    assert!(missing.is_err_and(|error| error.to_string().contains("three")));
}

#[tokio::test]
async fn cluster_is_reached_through_its_proxy() {
    let one = Cluster::start("one").await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let tunnels = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&tunnels);
    tokio::spawn(async move {
        loop {
            let (socket, _) = listener.accept().await.unwrap();
            let counted = Arc::clone(&counted);
            tokio::spawn(async move { tunnel(socket, &counted).await });
        }
    });
    let mut entry = one.entry.clone();
    entry.cluster["proxy-url"] = json!(format!("http://{address}"));
    let app = File::of(&[&entry]).console(&[], true).await;
    assert_eq!(jobs(&app, "").await, ["job-of-one"]);
    assert!(tunnels.load(Ordering::SeqCst) > 0);
}

/// Implements `CONNECT` only.
async fn tunnel(mut socket: TcpStream, tunnels: &AtomicUsize) {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(socket.read_u8().await.unwrap());
    }
    let head = String::from_utf8(head).unwrap();
    let target = head
        .strip_prefix("CONNECT ")
        .and_then(|rest| rest.split(' ').next())
        .unwrap();
    let mut upstream = TcpStream::connect(target).await.unwrap();
    socket.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await.unwrap();
    tunnels.fetch_add(1, Ordering::SeqCst);
    // Either side may close it.
    let _ = tokio::io::copy_bidirectional(&mut socket, &mut upstream).await;
}
