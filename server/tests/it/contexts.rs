//! Several clusters in one console: each at its own addresses, over real TLS connections, with what a kubeconfig can
//! say of credentials and proxies.
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

    /// A console of its contexts.
    async fn console(&self, only: &[&str], private: bool) -> TestApp {
        let only: Vec<String> = only.iter().map(|name| (*name).to_owned()).collect();
        let file = self.clone();
        let contexts = Contexts::new(move || Ok(file.read()), &only, private).unwrap();
        TestApp::signed_in_to(Clusters::Contexts(contexts)).await
    }
}

/// A playground that listens with TLS, with one Job named like it.
struct Cluster {
    entry: Entry,
    folder: TempDir,
    _playground: Playground,
}

impl Cluster {
    async fn start(name: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let options = Options {
            data_dir: folder.path().to_owned(),
        };
        let playground = Playground::open(options).unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let path = folder.path().join("kubeconfig");
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
            folder,
            _playground: playground,
        }
    }

    /// The administrator's token.
    fn token(&self) -> &str {
        self.entry.user["token"].as_str().unwrap()
    }

    /// The same with credentials from a program, which notes that it ran.
    fn with_plugin(&self, script: &str) -> Entry {
        let path = self.folder.path().join("jobwright-login");
        fs::write(
            &path,
            format!("#!/bin/sh\necho ran >>'{}'\n{script}", self.ran().display()),
        )
        .unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
        let exec = json!({"apiVersion": "client.authentication.k8s.io/v1", "command": path, "interactiveMode": "IfAvailable"});
        Entry {
            user: json!({"exec": exec}),
            ..self.entry.clone()
        }
    }

    fn ran(&self) -> PathBuf {
        self.folder.path().join("ran")
    }
}

/// The end of a plugin's script that gives a token.
fn gives(token: &str, expires: Option<jiff::Timestamp>) -> String {
    let status = json!({"token": token, "expirationTimestamp": expires.map(|expires| expires.to_string())});
    let credential =
        json!({"apiVersion": "client.authentication.k8s.io/v1", "kind": "ExecCredential", "status": status});
    format!("printf '%s' '{credential}'\n")
}

fn runs(of: &Path) -> usize {
    fs::read_to_string(of).map_or(0, |lines| lines.lines().count())
}

/// The names of the Jobs at addresses that begin with `base`.
async fn jobs(app: &TestApp, base: &str) -> Vec<String> {
    let answer = app.call_at(base, "jobs", &json!({"project": "demo"})).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text());
    let rows = answer.json();
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
    // An address without a cluster means the first one.
    let moved = app.get("/projects/demo/jobs?q=a").await;
    assert_eq!(moved.status, StatusCode::TEMPORARY_REDIRECT);
    assert_eq!(moved.location(), "/clusters/one/projects/demo/jobs?q=a");

    assert_eq!(jobs(&app, "/clusters/one").await, ["job-of-one"]);
    assert_eq!(jobs(&app, second).await, ["job-of-admin-two-6443"]);
    // A page that was loaded while there was one cluster only must not act on another.
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
    assert!(links.contains(&"/clusters/one"), "the way to the other one");

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
async fn an_unknown_cluster_is_told_and_can_be_left() {
    let (one, two) = (Cluster::start("one").await, Cluster::start("two").await);
    let app = File::of(&[&one.entry, &two.entry]).console(&[], true).await;
    let answer = app
        .call_at("/clusters/three", "jobs", &json!({"project": "demo"}))
        .await;
    assert_eq!(answer.status, StatusCode::NOT_FOUND);
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
async fn nobody_without_a_session_learns_of_clusters_or_runs_a_plugin() {
    let one = Cluster::start("one").await;
    let plugin = one.with_plugin("exit 1\n");
    let mut app = File::of(&[&plugin, &one.entry]).console(&[], true).await;
    app.forget_cookie();
    let before = runs(&one.ran());
    assert_eq!(app.get("/").await.location(), "/sign-in");
    for path in [
        "/clusters/one",
        "/clusters/one/projects/demo/jobs",
        "/clusters/none/projects/demo/jobs",
    ] {
        let answer = app.get(path).await;
        assert_eq!(answer.status, StatusCode::SEE_OTHER, "{path}");
        assert!(
            answer.location().starts_with("/sign-in?"),
            "{path}: {}",
            answer.location()
        );
    }
    for name in ["clusters", "jobs", "workspace"] {
        let answer = app
            .call_at("/clusters/one", name, &json!({"project": "demo"}))
            .await;
        assert_eq!(answer.status, StatusCode::UNAUTHORIZED, "{name}");
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
    assert_eq!(runs(&one.ran()), before);
}

#[tokio::test]
async fn a_request_that_is_refused_anyway_runs_no_plugin() {
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
    assert_eq!(runs(&one.ran()), 0);
}

#[tokio::test]
async fn a_plugin_gives_the_credentials_and_is_named() {
    let one = Cluster::start("one").await;
    let app = File::of(&[&one.with_plugin(&gives(one.token(), None))])
        .console(&[], true)
        .await;
    assert_eq!(jobs(&app, "").await, ["job-of-one"]);
    assert_eq!(jobs(&app, "").await, ["job-of-one"]);
    assert_eq!(runs(&one.ran()), 1, "once for all requests");
    let choice = app.call("clusters", &json!({})).await.json();
    assert_eq!(choice["all"][0]["plugin"], "jobwright-login");
    assert_eq!(choice["all"][0]["refused"], Value::Null);
    let html = app.get("/projects/demo/jobs").await.text();
    assert!(html.contains("jobwright-login"), "the page names it");
}

#[tokio::test]
async fn what_a_slow_plugin_gives_is_kept_and_the_way_to_others_stays_open() {
    let one = Cluster::start("one").await;
    let script = format!("sleep 10\n{}", gives(one.token(), None));
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
    assert_eq!(runs(&one.ran()), 1);
}

#[tokio::test]
async fn credentials_that_are_over_are_got_anew() {
    let one = Cluster::start("one").await;
    // It says when.
    let soon = jiff::Timestamp::now() + jiff::SignedDuration::from_secs(2);
    let app = File::of(&[&one.with_plugin(&gives(one.token(), Some(soon)))])
        .console(&[], true)
        .await;
    assert_eq!(jobs(&app, "").await, ["job-of-one"]);
    assert_eq!(jobs(&app, "").await, ["job-of-one"]);
    assert_eq!(runs(&one.ran()), 2);

    // It does not: the cluster's refusal says it. A page that is open goes on by itself.
    let two = Cluster::start("two").await;
    let script = format!(
        "if [ $(wc -l <'{}') = 1 ]; then\n{}else\n{}fi\n",
        two.ran().display(),
        gives("expired", None),
        gives(two.token(), None)
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
    assert_eq!(runs(&two.ran()), 2);
}

#[tokio::test]
async fn a_token_in_a_file_is_read_as_kubectl_reads_it() {
    let one = Cluster::start("one").await;
    let path = one.folder.path().join("token");
    fs::write(&path, format!("{}\n", one.token())).unwrap();
    let entry = Entry {
        user: json!({"tokenFile": path}),
        ..one.entry.clone()
    };
    let app = File::of(&[&entry]).console(&[], true).await;
    assert_eq!(jobs(&app, "").await, ["job-of-one"]);
}

#[tokio::test]
async fn an_auth_provider_is_refused_since_it_may_run_a_program() {
    let one = Cluster::start("one").await;
    let path = one.folder.path().join("ran");
    let config = json!({"cmd-path": "/bin/sh", "cmd-args": format!("-c 'echo ran >>{}'", path.display())});
    let entry = Entry {
        user: json!({"auth-provider": {"name": "gcp", "config": config}}),
        ..one.entry.clone()
    };
    for private in [true, false] {
        let app = File::of(&[&entry]).console(&["one"], private).await;
        let answer = app.call("jobs", &json!({"project": "demo"})).await;
        assert_eq!(answer.json()["kind"], "credentials", "{}", answer.text());
        let choice = app.call("clusters", &json!({})).await.json();
        assert_eq!(choice["all"][0]["refused"], "provider");
    }
    assert_eq!(runs(&path), 0);
}

#[tokio::test]
async fn a_plugin_is_not_run_where_others_can_reach_the_console() {
    let one = Cluster::start("one").await;
    let app = File::of(&[&one.with_plugin("exit 1\n")])
        .console(&["one"], false)
        .await;
    let answer = app.call("jobs", &json!({"project": "demo"})).await;
    assert_eq!(answer.status, StatusCode::BAD_GATEWAY);
    assert_eq!(answer.json()["kind"], "credentials");
    assert_eq!(runs(&one.ran()), 0);
    let choice = app.call("clusters", &json!({})).await.json();
    assert_eq!(choice["all"][0]["refused"], "plugin");
}

#[tokio::test]
async fn what_a_failed_plugin_complains_of_is_told_but_not_its_output() {
    let one = Cluster::start("one").await;
    let script = "echo 'SECRET-OUTPUT'\necho first >&2\necho 'run: login --again' >&2\nexit 3\n";
    let app = File::of(&[&one.with_plugin(script)]).console(&[], true).await;
    let answer = app.call("jobs", &json!({"project": "demo"})).await;
    let text = answer.text();
    assert!(
        text.contains("run: login --again") && text.contains("exit status: 3"),
        "{text}"
    );
    assert!(!text.contains("SECRET-OUTPUT"), "{text}");
    let page = app.get("/projects/demo/jobs").await.text();
    assert!(page.contains("run: login --again") && !page.contains("SECRET-OUTPUT"));
}

#[tokio::test]
async fn a_changed_kubeconfig_needs_no_restart() {
    let (one, two) = (Cluster::start("one").await, Cluster::start("two").await);
    let expired = Entry {
        user: json!({"token": "expired"}),
        ..one.entry.clone()
    };
    let file = File::of(&[&expired]);
    let app = file.console(&[], true).await;
    let answer = app.call("jobs", &json!({"project": "demo"})).await;
    assert_eq!(answer.json()["kind"], "credentials", "{}", answer.text());

    file.write(&[&one.entry, &two.entry]);
    tokio::time::sleep(Duration::from_millis(2100)).await;
    assert_eq!(jobs(&app, "/clusters/two").await, ["job-of-two"]);
    assert_eq!(jobs(&app, "/clusters/one").await, ["job-of-one"]);
}

#[tokio::test]
async fn a_certificate_that_is_renewed_under_its_name_needs_no_restart() {
    let (one, two) = (Cluster::start("one").await, Cluster::start("two").await);
    let authority = |of: &Cluster| {
        let data = of.entry.cluster["certificate-authority-data"].as_str().unwrap();
        STANDARD.decode(data).unwrap()
    };
    let path = one.folder.path().join("ca.crt");
    // Another's authority at first: the cluster cannot be trusted.
    fs::write(&path, authority(&two)).unwrap();
    let entry = Entry {
        cluster: json!({"server": one.entry.cluster["server"], "certificate-authority": path}),
        ..one.entry.clone()
    };
    let app = File::of(&[&entry]).console(&[], true).await;
    let answer = app.call("jobs", &json!({"project": "demo"})).await;
    assert_eq!(answer.json()["kind"], "unreachable", "{}", answer.text());

    fs::write(&path, authority(&one)).unwrap();
    assert_eq!(jobs(&app, "").await, ["job-of-one"]);
}

#[tokio::test]
async fn only_what_is_asked_for_is_offered() {
    let (one, two) = (Cluster::start("one").await, Cluster::start("two").await);
    let file = File::of(&[&one.entry, &two.entry]);
    // Others can reach it: without being told, it offers the current context alone.
    let app = file.console(&[], false).await;
    let answer = app
        .call_at("/clusters/two", "jobs", &json!({"project": "demo"}))
        .await;
    assert_eq!(answer.status, StatusCode::NOT_FOUND);
    assert_eq!(jobs(&app, "").await, ["job-of-one"]);

    let app = file.console(&["two"], true).await;
    assert_eq!(jobs(&app, "").await, ["job-of-two"]);
    assert_eq!(
        app.get("/").await.location(),
        "/projects/demo/jobs",
        "the only one needs no name"
    );
    let choice = app.call("clusters", &json!({})).await.json();
    assert_eq!(choice["all"].as_array().unwrap().len(), 1);

    let missing = Contexts::new(move || Ok(file.read()), &["three".to_owned()], true);
    assert!(missing.is_err_and(|error| error.to_string().contains("three")));
}

#[tokio::test]
async fn a_cluster_behind_a_proxy_is_reached_through_it() {
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

/// `CONNECT`, and nothing else.
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
    // Either side may end it.
    let _ = tokio::io::copy_bidirectional(&mut socket, &mut upstream).await;
}
