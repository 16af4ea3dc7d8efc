//! Names and texts of the cluster that contain markup: each page, parsed as by a browser, has the same elements and
//! attributes as with harmless ones.

use std::collections::BTreeSet;

use crate::common::TestApp;
use crate::common::fake::{Fake, list, status};
use app::foreign_text::visible;
use http::StatusCode;
use kube::Client;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use scraper::{ElementRef, Html, Node};
use serde_json::{Value, json};
use server::kubernetes::Cluster;

/// Suffixes of all texts. The first one is harmless.
const ENDINGS: [&str; 14] = [
    "x",
    "</title><h1 id=injected onclick=\"x()\">x</h1>",
    "</script><script>injected()</script>",
    "\"><img src=x onerror=injected()>",
    "' onmouseover='injected()' x='",
    "` onfocus=`injected()` autofocus x=`",
    "--><meta http-equiv=refresh content=0;url=//evil.example><!--",
    "]]></style></textarea></noscript><iframe srcdoc='<b>'></iframe>",
    "<!--<script>",
    "&quot;&gt;&lt;b&gt;&#x3c;i&#62;",
    "javascript:injected()//",
    "{{injected}}${injected}\\u003c/script\\u003e\\x3cb\\x3e\\",
    "\u{2028}\u{2029}\0\u{1b}[31m\u{7f}",
    "<base href=//evil.example><form action=//evil.example><svg/onload=injected()>",
];

/// Returns an API all of whose texts have this suffix.
#[allow(clippy::too_many_lines, reason = "one table of responses")]
fn api(ending: &str) -> Fake {
    let t = |text: &str| format!("{text}{ending}");
    let map = || json!({t("a"): t("b"), "kubesphere.io/alias-name": t("alias"), "kubesphere.io/description": t("about")});
    let env = json!([
        {"name": t("PLAIN"), "value": t("value")},
        {"name": t("SECRET"), "valueFrom": {"secretKeyRef": {"name": t("keys"), "key": t("token")}}},
        {"name": t("CONFIG"), "valueFrom": {"configMapKeyRef": {"name": "settings", "key": t("key")}}},
        {"name": t("FIELD"), "valueFrom": {"fieldRef": {"fieldPath": t("metadata.name")}}},
        {"name": t("RESOURCE"), "valueFrom": {"resourceFieldRef": {"resource": t("limits.cpu")}}},
    ]);
    let container =
        |name: &str| json!({"name": t(name), "image": t("perl"), "env": env, "command": [t("sh")]});
    let spec = json!({
        "restartPolicy": t("Never"), "nodeName": t("node"), "nodeSelector": map(),
        "initContainers": [container("first")], "containers": [container("main")],
    });
    let job = json!({
        "apiVersion": "batch/v1", "kind": "Job",
        "metadata": {
            "name": "pi", "namespace": "demo", "uid": "uid-pi", "creationTimestamp": "2026-11-23T10:00:00Z",
            "labels": map(), "annotations": map(),
            "ownerReferences": [{"controller": true, "kind": t("CronJob"), "name": t("nightly"), "uid": "u"}],
        },
        "spec": {
            "completions": 2, "completionMode": "Indexed", "backoffLimit": 1,
            "selector": {"matchLabels": {"batch.kubernetes.io/controller-uid": "uid-pi"}},
            "template": {"metadata": {"labels": map()}, "spec": spec},
        },
        "status": {
            "failed": 1, "startTime": "2026-11-23T10:00:01Z", "completedIndexes": t("0"), "failedIndexes": t("1"),
            "conditions": [{
                "type": "Failed", "status": "True", "reason": t("BackoffLimitExceeded"), "message": t("no more"),
                "lastTransitionTime": "2026-11-23T10:00:09Z",
            }],
        },
    });
    let pod = |name: &str, state: Value| {
        json!({
            "metadata": {
                "name": t(name), "namespace": "demo", "uid": format!("uid-of-{name}"), "labels": map(),
                "creationTimestamp": "2026-11-23T10:00:02Z",
                "annotations": {"batch.kubernetes.io/job-completion-index": "0"},
                "ownerReferences": [{"controller": true, "kind": "Job", "name": "pi", "uid": "uid-pi"}],
            },
            "spec": spec,
            "status": {
                "phase": t("Failed"), "reason": t("Evicted"), "message": t("evicted"), "podIP": t("10.0.0.1"),
                "containerStatuses": [{"name": t("main"), "state": state, "restartCount": 2}],
            },
        })
    };
    let pods = [
        pod(
            "pi-a",
            json!({"waiting": {"reason": t("ErrImagePull"), "message": t("no image")}}),
        ),
        pod(
            "pi-b",
            json!({"terminated": {"reason": t("Error"), "message": t("died"), "exitCode": 3}}),
        ),
    ];
    let event = json!({
        "metadata": {"uid": t("event"), "name": t("event"), "namespace": "demo"},
        "type": t("Warning"), "reason": t("FailedCreate"), "message": t("quota"),
        "involvedObject": {"kind": t("Job"), "name": t("pi"), "uid": "uid-pi"},
        "source": {"component": t("job-controller")}, "count": 2, "lastTimestamp": "2026-11-23T10:00:03Z",
    });
    let quota = json!({
        "metadata": {"name": t("quota")},
        "status": {"hard": {"pods": t("1"), t("x"): "1"}, "used": {"pods": t("1")}},
    });
    let keyed =
        |name: &str| json!({"metadata": {"name": t(name)}, "type": t("Opaque"), "data": {t("key"): t("dA")}});
    let node = json!({
        "metadata": {"name": t("node"), "labels": map()},
        "spec": {"taints": [{"key": t("k"), "value": t("v"), "effect": t("NoSchedule")}]},
        "status": {
            "conditions": [{"type": "Ready", "status": "True"}],
            "addresses": [{"type": "InternalIP", "address": t("10.0.0.1")}],
        },
    });
    let namespace = |name: &str| json!({"metadata": {"name": name}});
    let in_demo = |plural: &str| format!("GET /api/v1/namespaces/demo/{plural}");
    Fake::default()
        .on("GET /version", 200, json!({"gitVersion": t("v1.36.2")}))
        .on("GET /api/v1/namespaces", 200, list(&[namespace("demo"), namespace("other"), namespace(&t("</h1>"))]))
        .on(
            "POST /apis/authentication.k8s.io/v1/selfsubjectreviews",
            201,
            json!({"status": {"userInfo": {"username": t("alice")}}}),
        )
        .on("GET /apis/batch/v1/namespaces/demo/jobs", 200, list(std::slice::from_ref(&job)))
        .on("GET /apis/batch/v1/namespaces/demo/jobs/pi", 200, job)
        .on(&in_demo("pods"), 200, list(&pods))
        .on(&in_demo("events"), 200, list(&[event]))
        .on(&in_demo("resourcequotas"), 200, list(&[quota]))
        .on(&in_demo("configmaps"), 200, list(&[keyed("settings")]))
        .on(&in_demo("configmaps/settings"), 200, keyed("settings"))
        .on(&in_demo("secrets"), 200, list(&[keyed("keys")]))
        .on(&in_demo("serviceaccounts"), 200, list(&[keyed("robot")]))
        .on(&in_demo("persistentvolumeclaims"), 200, list(&[json!({
            "metadata": {"name": t("claim")}, "spec": {"storageClassName": t("fast"), "accessModes": [t("RWO")]},
            "status": {"phase": t("Bound"), "capacity": {"storage": t("1Gi")}},
        })]))
        .on("GET /api/v1/nodes", 200, list(&[node]))
        .on("GET /apis/scheduling.k8s.io/v1/priorityclasses", 200, list(&[keyed("high")]))
}

/// Returns the same API, with errors whose messages have this suffix.
fn refusing(code: u16, reason: &str, ending: &str) -> Fake {
    let refusal = |what: &str| status(code, reason, &format!("{what}{ending}"));
    let mut fake = api(ending);
    for path in [
        "/api/v1/namespaces",
        "/apis/batch/v1/namespaces/demo/jobs",
        "/apis/batch/v1/namespaces/demo/jobs/pi",
        "/api/v1/namespaces/demo/pods",
        "/api/v1/namespaces/demo/events",
        "/api/v1/nodes",
    ] {
        fake = fake.on(&format!("GET {path}"), code, refusal(path));
    }
    fake
}

async fn app(fake: &Fake, ending: &str) -> TestApp {
    let client = Client::new(fake.router(), format!("own{ending}"));
    TestApp::signed_in_with(Cluster::new(client, format!("cluster{ending}"), false)).await
}

/// Returns all pages, with this suffix wherever an address accepts any text.
fn pages(ending: &str) -> Vec<String> {
    let t = |text: &str| utf8_percent_encode(&format!("{text}{ending}"), NON_ALPHANUMERIC).to_string();
    // Names as encoded in the page's own links.
    let shown = |text: &str| {
        let name = format!("{text}{ending}");
        utf8_percent_encode(&visible(&name), NON_ALPHANUMERIC).to_string()
    };
    let mut pages = vec![
        format!("/sign-in?back={}&error={}&ended={}", t("/"), t("token"), t("1")),
        format!("/sign-in?error=token&ended=1&back={}", t("/projects/demo/jobs?")),
        format!("/nowhere?{}={}", t("a"), t("b")),
        format!("/{}", t("nowhere")),
        format!(
            "/projects/demo/jobs?q={}&status={}&page={}&sort={}",
            t("nothing"),
            t("failed"),
            t("1"),
            t("name")
        ),
        format!("/projects/demo/jobs?q=&{}={}", t("x"), t("y")),
        format!(
            "/projects/demo/create-job?example={}&copy={}&step={}&mode={}",
            t("pi"),
            t("pi"),
            t("basic"),
            t("yaml")
        ),
        "/projects/demo/create-job?copy=pi".to_owned(),
        "/projects/demo/create-job?example=pi".to_owned(),
        "/projects/demo/jobs/gone".to_owned(),
        format!("/projects/demo/{}", t("nowhere")),
    ];
    for tab in [
        "",
        "pods",
        "logs",
        "events",
        "environment",
        "records",
        "manifest",
        "metadata",
        "status",
    ] {
        pages.push(format!("/projects/demo/jobs/pi?tab={tab}"));
    }
    pages.push(format!(
        "/projects/demo/jobs/pi?tab={}&pod={}&container={}",
        t("logs"),
        shown("pi-a"),
        shown("main")
    ));
    pages.push(format!(
        "/projects/demo/jobs/pi?tab=logs&pod={}&container={}&q={}",
        shown("pi-a"),
        shown("main"),
        t("x")
    ));
    pages
}

/// An element: its depth, its name, the names of its attributes.
type Shape = (usize, String, BTreeSet<String>);

fn shape(html: &Html) -> Vec<Shape> {
    let elements = html
        .tree
        .root()
        .descendants()
        .filter_map(|node| match node.value() {
            Node::Element(element) => {
                let attributes = element.attrs().map(|(name, _)| name.to_owned()).collect();
                Some((node.ancestors().count(), element.name().to_owned(), attributes))
            }
            _ => None,
        });
    elements.collect()
}

/// Asserts that no text results in a foreign or script URL, an event handler or a frame.
fn assert_harmless(page: &str, html: &Html) {
    for element in html.root_element().descendants().filter_map(ElementRef::wrap) {
        let name = element.value().name();
        for (attribute, value) in element.value().attrs() {
            assert!(
                !attribute.starts_with("on") && attribute != "srcdoc",
                "{page}: {name} {attribute}"
            );
            let is_address = matches!(attribute, "href" | "src" | "action" | "formaction" | "data");
            let is_local = value.starts_with(['/', '?', '#']) && !value.starts_with("//") || value.is_empty();
            // An image, and the manifest as a download.
            let is_data = match attribute {
                "src" => value.starts_with("data:image/"),
                "href" => value.starts_with("data:application/yaml;charset=utf-8,"),
                _ => false,
            };
            assert!(
                !is_address || is_local || is_data || is_known_link(value),
                "{page}: {name} {attribute}={value:?}"
            );
        }
    }
}

/// Whether this is one of the console's own links to documentation.
fn is_known_link(value: &str) -> bool {
    ["https://kubernetes.io/", "https://github.com/"]
        .iter()
        .any(|start| value.starts_with(start))
}

async fn compare(harmless: &TestApp, hostile: &TestApp, ending: &str) {
    for (plain, page) in pages(ENDINGS[0]).iter().zip(pages(ending)) {
        let (expected, response) = (harmless.get(plain).await, hostile.get(&page).await);
        assert_eq!(expected.status, response.status, "{page}");
        let (expected, html) = (
            Html::parse_document(&expected.text()),
            Html::parse_document(&response.text()),
        );
        assert_harmless(&page, &html);
        let (expected, found) = (shape(&expected), shape(&html));
        for (index, (expected, found)) in expected.iter().zip(&found).enumerate() {
            assert_eq!(
                expected,
                found,
                "{page}, ending {ending:?}: element {index}\n{}",
                response.text()
            );
        }
        assert_eq!(
            expected.len(),
            found.len(),
            "{page}, ending {ending:?}\n{}",
            response.text()
        );
    }
}

#[tokio::test]
async fn markup_in_texts_adds_no_elements_or_attributes() {
    let harmless = app(&api(ENDINGS[0]), ENDINGS[0]).await;
    for ending in &ENDINGS[1..] {
        compare(&harmless, &app(&api(ending), ending).await, ending).await;
    }
}

#[tokio::test]
async fn markup_in_errors_adds_no_elements_or_attributes() {
    for (code, reason) in [
        (403, "Forbidden"),
        (404, "NotFound"),
        (500, "InternalError"),
        (422, "Invalid"),
    ] {
        let harmless = app(&refusing(code, reason, ENDINGS[0]), ENDINGS[0]).await;
        for ending in &ENDINGS[1..6] {
            compare(
                &harmless,
                &app(&refusing(code, reason, ending), ending).await,
                ending,
            )
            .await;
        }
    }
}

#[tokio::test]
async fn pages_contain_the_texts_of_the_cluster() {
    // Otherwise the comparisons above would compare nothing.
    let app = app(&api(ENDINGS[3]), ENDINGS[3]).await;
    let job = "/projects/demo/jobs/pi?tab=";
    let table: [(String, &[&str]); 6] = [
        (
            "/projects/demo/jobs".to_owned(),
            &[
                "cluster",
                "alias",
                "about",
                "perl",
                "BackoffLimitExceeded",
                "no more",
            ],
        ),
        (
            format!("{job}records"),
            &["cluster", "alias", "about", "nightly", "a", "b", "no more"],
        ),
        (
            format!("{job}pods"),
            &["pi-a", "evicted", "node", "perl", "main", "no image", "died"],
        ),
        (format!("{job}events"), &["FailedCreate", "quota"]),
        (
            format!("{job}environment"),
            &[
                "PLAIN",
                "value",
                "keys",
                "token",
                "dA",
                "metadata.name",
                "limits.cpu",
                "first",
            ],
        ),
        (format!("{job}manifest"), &["sh", "perl"]),
    ];
    for (page, texts) in table {
        let html = Html::parse_document(&app.get(&page).await.text());
        let body: String = html
            .tree
            .root()
            .descendants()
            .filter(|node| {
                let parent = node.parent().and_then(ElementRef::wrap);
                parent.is_some_and(|parent| parent.value().name() != "script")
            })
            .filter_map(|node| node.value().as_text().map(|text| text.to_string()))
            .collect();
        for text in texts {
            assert!(
                body.contains(&format!("{text}{}", ENDINGS[3])),
                "{page}: {text}: {body}"
            );
        }
    }
}

#[tokio::test]
async fn invalid_names_in_addresses_are_not_rendered() {
    let app = app(&api(ENDINGS[0]), ENDINGS[0]).await;
    let signed_out = TestApp::new(Fake::default().router());
    for ending in &ENDINGS[1..] {
        let name = utf8_percent_encode(&format!("x{ending}"), NON_ALPHANUMERIC).to_string();
        for page in [
            format!("/projects/{name}/jobs"),
            format!("/projects/{name}/create-job"),
            format!("/projects/{name}"),
            format!("/projects/demo/jobs/{name}"),
            format!("/clusters/{name}/projects/demo/jobs"),
            format!("/clusters/{name}/projects/{name}/jobs/{name}"),
        ] {
            for app in [&app, &signed_out] {
                let response = app.get(&page).await;
                assert_eq!(response.status, StatusCode::NOT_FOUND, "{page}");
                assert_eq!(
                    response.header("content-type"),
                    "text/plain; charset=utf-8",
                    "{page}"
                );
                assert!(!response.text().contains("injected"), "{page}");
            }
        }
    }
}

/// Characters that reorder text or are invisible.
const HIDDEN: [char; 12] = [
    '\u{61c}', '\u{200b}', '\u{200e}', '\u{200f}', '\u{202a}', '\u{202b}', '\u{202d}', '\u{202e}',
    '\u{2066}', '\u{2067}', '\u{2069}', '\u{feff}',
];

#[tokio::test]
async fn invisible_characters_are_made_visible_on_every_page() {
    let ending: String = HIDDEN.iter().collect();
    for fake in [
        api(&ending),
        refusing(403, "Forbidden", &ending),
        refusing(500, "InternalError", &ending),
    ] {
        let app = app(&fake, &ending).await;
        for page in pages("x") {
            let html = Html::parse_document(&app.get(&page).await.text());
            for node in html.tree.root().descendants() {
                let is_data = node
                    .ancestors()
                    .filter_map(ElementRef::wrap)
                    // Hydration data, and the manifest, which is copied verbatim.
                    .any(|parent| matches!(parent.value().name(), "script" | "pre" | "textarea"));
                let texts: Vec<&str> = match node.value() {
                    Node::Text(text) if !is_data => vec![text],
                    Node::Element(element) => element
                        .attrs()
                        .filter(|(name, _)| matches!(*name, "title" | "aria-label" | "alt" | "placeholder"))
                        .map(|(_, value)| value)
                        .collect(),
                    _ => Vec::new(),
                };
                for text in texts {
                    assert!(!text.contains(HIDDEN), "{page}: {text:?}");
                }
            }
        }
    }
}
