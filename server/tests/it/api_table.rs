//! Every server function with every method, content type, session and origin: the table in `docs/security.md`.
//!
//! `UPDATE=1` rewrites the table.

use std::collections::BTreeSet;
use std::fmt::Write;
use std::path::Path;

use crate::common::fake::Fake;
use crate::common::{AUTHORITY, TestApp, TestResponse};
use axum::body::Body;
use http::header::{ACCEPT, CONTENT_TYPE, COOKIE, HOST};
use http::{Method, Request, StatusCode};
use leptos::server_fn::axum::server_fn_paths;
use serde_json::{Value, json};

const METHODS: [Method; 7] = [
    Method::GET,
    Method::HEAD,
    Method::POST,
    Method::PUT,
    Method::PATCH,
    Method::DELETE,
    Method::OPTIONS,
];

const TYPES: [Option<&str>; 7] = [
    Some("application/json"),
    Some("application/json; charset=utf-8"),
    Some("text/plain"),
    Some("application/x-www-form-urlencoded"),
    Some("multipart/form-data; boundary=x"),
    Some("application/octet-stream"),
    None,
];

/// Kinds of callers, with their headers.
const ORIGINS: [(&str, &[(&str, &str)]); 6] = [
    (
        "own page",
        &[
            ("sec-fetch-site", "same-origin"),
            ("origin", "http://127.0.0.1:3000"),
        ],
    ),
    ("program", &[]),
    ("own, https", &[("origin", "https://127.0.0.1:3000")]),
    (
        "other port",
        &[
            ("sec-fetch-site", "same-site"),
            ("origin", "http://127.0.0.1:4000"),
        ],
    ),
    (
        "other site",
        &[
            ("sec-fetch-site", "cross-site"),
            ("origin", "https://evil.example"),
        ],
    ),
    ("`null`", &[("origin", "null")]),
];

const SESSIONS: [(&str, bool); 3] = [("none", false), ("ended", false), ("valid", true)];

/// The paths of the server functions, with valid arguments.
fn calls() -> BTreeSet<(&'static str, String)> {
    server_fn_paths()
        .map(|(path, method)| {
            assert_eq!(method, Method::POST, "{path}");
            let job = json!({"name": "pi", "uid": "uid-pi"});
            let arguments = match path {
                "/api/workspace" | "/api/clusters" | "/api/sessions" => json!({}),
                "/api/jobs" | "/api/matching-jobs" | "/api/offers" | "/api/rights" => {
                    json!({"project": "demo"})
                }
                "/api/job" | "/api/manifest" => json!({"project": "demo", "name": "pi"}),
                "/api/rerun" => json!({"project": "demo", "job": job}),
                "/api/create" => {
                    json!({"project": "demo", "text": "kind: Job", "dry_run": true, "done": []})
                }
                "/api/delete" => json!({"project": "demo", "jobs": [job]}),
                "/api/suspend" => json!({"project": "demo", "job": job, "suspend": true}),
                "/api/describe" => {
                    json!({"project": "demo", "job": job, "change": {"alias": null, "description": null}})
                }
                other => panic!("add arguments for {other}"),
            };
            (path, arguments.to_string())
        })
        .collect()
}

struct Console {
    app: TestApp,
    fake: Fake,
    valid: String,
    ended: String,
}

impl Console {
    async fn new() -> Self {
        let fake = Fake::default();
        let mut app = TestApp::new(fake.router());
        let mut sessions = Vec::new();
        for _ in 0..2 {
            app.forget_cookie();
            app.sign_in().await;
            let request = app.request(Method::GET, "/").body(()).unwrap();
            sessions.push(request.headers()[COOKIE].to_str().unwrap().to_owned());
        }
        app.post("/sign-out", "").await;
        app.forget_cookie();
        let ended = sessions.pop().unwrap();
        let valid = sessions.pop().unwrap();
        Self {
            app,
            fake,
            valid,
            ended,
        }
    }

    async fn send(
        &self,
        method: &Method,
        path: &str,
        content_type: Option<&str>,
        session: &str,
        origin: &[(&str, &str)],
        body: String,
    ) -> TestResponse {
        let mut request = Request::builder()
            .method(method)
            .uri(path)
            .header(HOST, AUTHORITY)
            .header(ACCEPT, "text/html, application/json");
        if let Some(content_type) = content_type {
            request = request.header(CONTENT_TYPE, content_type);
        }
        match session {
            "valid" => request = request.header(COOKIE, &self.valid),
            "ended" => request = request.header(COOKIE, &self.ended),
            _ => {}
        }
        for (name, value) in origin {
            request = request.header(*name, *value);
        }
        self.app.send(request.body(Body::from(body)).unwrap()).await
    }
}

/// Returns the expected error status of a request to any server function; `None` if it is processed.
fn refusal(method: &Method, content_type: Option<&str>, session: bool, origin: &str) -> Option<u16> {
    let is_own = matches!(origin, "own page" | "program");
    if !method.is_safe() && !is_own {
        Some(403)
    } else if *method != Method::POST {
        Some(405)
    } else if !session {
        Some(401)
    } else if !content_type.is_some_and(|value| value.starts_with("application/json")) {
        Some(415)
    } else {
        None
    }
}

#[tokio::test]
async fn calls_are_rejected_as_documented_and_only_valid_ones_reach_the_cluster() {
    let console = Console::new().await;
    let calls = calls();
    assert!(calls.len() >= 11, "{calls:?}");
    for (path, arguments) in &calls {
        for method in &METHODS {
            for content_type in TYPES {
                for (session, is_valid) in SESSIONS {
                    for (origin, headers) in ORIGINS {
                        let requests = console.fake.requests().len();
                        let response = console
                            .send(method, path, content_type, session, headers, arguments.clone())
                            .await;
                        let case = format!("{method} {path} {content_type:?} {session} {origin}");
                        let status = response.status.as_u16();
                        match refusal(method, content_type, is_valid, origin) {
                            Some(code) => {
                                assert_eq!(status, code, "{case}");
                                assert_eq!(console.fake.requests().len(), requests, "{case}");
                                assert_eq!(response.header("location"), "", "{case}");
                            }
                            None => assert!(
                                !matches!(status, 400 | 401 | 403 | 405 | 413 | 415 | 500),
                                "{case}: {status} {}",
                                response.text()
                            ),
                        }
                    }
                }
            }
        }
    }
}

#[tokio::test]
async fn malformed_arguments_are_bad_requests() {
    let console = Console::new().await;
    let own = ORIGINS[0].1;
    for (path, arguments) in calls() {
        let more = arguments
            .replacen('{', "{\"force\": true, ", 1)
            .replace(", }", "}");
        let response = console
            .send(&Method::POST, path, TYPES[0], "valid", own, more)
            .await;
        assert_eq!(response.json()["message"], "unknown argument \"force\"", "{path}");
        assert_eq!(response.status, StatusCode::BAD_REQUEST, "{path}");
        for body in [
            "",
            "{",
            "nonsense",
            "[]",
            "null",
            "\"text\"",
            "{\"project\": 1, \"names\": 2, \"text\": []}",
            "\u{feff}{}",
            "{}x",
        ] {
            let response = console
                .send(&Method::POST, path, TYPES[0], "valid", own, body.to_owned())
                .await;
            // Some functions have no arguments, so they accept any object.
            let takes_nothing = matches!(path, "/api/workspace" | "/api/clusters" | "/api/sessions");
            // Those of lists have defaults for all arguments, which serde also takes from an empty array.
            let has_defaults = matches!(path, "/api/jobs" | "/api/matching-jobs") && body == "[]";
            if !takes_nothing && !has_defaults {
                assert_eq!(
                    response.status,
                    StatusCode::BAD_REQUEST,
                    "{path} {body:?}: {}",
                    response.text()
                );
            }
            assert_ne!(
                response.status,
                StatusCode::INTERNAL_SERVER_ERROR,
                "{path} {body:?}: {}",
                response.text()
            );
            assert!(
                has_defaults || response.json().is_object() || response.json().is_null(),
                "{path} {body:?}"
            );
        }
        let large = format!("{{\"project\": \"{}\"}}", "x".repeat(20 * 1024 * 1024));
        let response = console
            .send(&Method::POST, path, TYPES[0], "valid", own, large)
            .await;
        assert_eq!(response.status, StatusCode::PAYLOAD_TOO_LARGE, "{path}");
        assert_eq!(response.json()["code"], 413, "{path}");
    }
    let response = console
        .send(
            &Method::POST,
            "/api/nothing",
            TYPES[0],
            "valid",
            own,
            "{}".to_owned(),
        )
        .await;
    assert_eq!(
        (response.status, response.json()["kind"].clone()),
        (StatusCode::NOT_FOUND, json!("notFound"))
    );
}

/// Formats the table: one row per path, with the response to each kind of request.
fn table() -> String {
    let json = TYPES[0];
    let columns: [(&str, Option<u16>); 7] = [
        (
            "`POST`, JSON, session, own page or a program",
            refusal(&Method::POST, json, true, "own page"),
        ),
        ("another origin", refusal(&Method::POST, json, true, "other site")),
        (
            "own host, other scheme",
            refusal(&Method::POST, json, true, "own, https"),
        ),
        ("another method", refusal(&Method::PUT, json, true, "own page")),
        (
            "no session, or an ended one",
            refusal(&Method::POST, json, false, "own page"),
        ),
        (
            "another content type, or none",
            refusal(&Method::POST, None, true, "own page"),
        ),
        ("not its arguments", Some(400)),
    ];
    let mut table = String::from("| call | largest body (KiB) |");
    for (name, _) in columns {
        write!(table, " {name} |").unwrap();
    }
    table.push_str("\n|---|---:|");
    table.push_str(&"---|".repeat(columns.len()));
    for (path, _) in calls() {
        let limit = match path {
            "/api/create" => server::web::limit::MANIFEST,
            "/api/delete" => server::web::limit::SELECTION,
            "/api/describe" => server::web::limit::DESCRIPTION,
            _ => server::web::limit::NAMES,
        };
        write!(table, "\n| `{path}` | {} |", limit / 1024).unwrap();
        for (_, code) in columns {
            match code {
                Some(code) => write!(table, " {code} |").unwrap(),
                None => table.push_str(" carried out |"),
            }
        }
    }
    table.push('\n');
    table
}

#[test]
fn documentation_has_the_table() {
    const BEGIN: &str = "<!-- calls: written by server/tests/it/api_table.rs -->\n";
    const END: &str = "<!-- end of calls -->";
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/security.md");
    let text = std::fs::read_to_string(&path).unwrap();
    let (before, rest) = text.split_once(BEGIN).expect("the start marker");
    let (found, after) = rest.split_once(END).expect("the end marker");
    let table = table();
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(&path, format!("{before}{BEGIN}{table}{END}{after}")).unwrap();
    } else {
        assert_eq!(found, table, "run with UPDATE=1 to rewrite it");
    }
}

#[tokio::test]
async fn manifests_are_accepted_up_to_three_mebibytes() {
    const MAX: usize = 3 * 1024 * 1024;
    let console = Console::new().await;
    let comment = |line: &str| {
        let mut text = String::from("# ");
        while text.len() + line.len() < MAX {
            text.push_str(line);
        }
        while text.len() < MAX {
            text.push('x');
        }
        text
    };
    let call = async |text: String| {
        let arguments: Value = json!({"project": "demo", "text": text, "dry_run": true, "done": []});
        console
            .send(
                &Method::POST,
                "/api/create",
                TYPES[0],
                "valid",
                ORIGINS[0].1,
                arguments.to_string(),
            )
            .await
    };
    for line in ["x", "\"", "\\", "\n# ", "\u{1}", "\u{7f}", "任", "🦀", "\t"] {
        let text = comment(line);
        assert_eq!(text.len(), MAX, "{line:?}");
        let response = call(text.clone()).await;
        // The text is not a manifest, but that is known only after reading it.
        assert_eq!(
            response.status,
            StatusCode::UNPROCESSABLE_ENTITY,
            "{line:?}: {}",
            response.text()
        );
        assert_eq!(response.json()["kind"], "unreadable", "{line:?}");
        let response = call(format!("{text}x")).await;
        assert_eq!(
            response.status,
            StatusCode::PAYLOAD_TOO_LARGE,
            "{line:?}: {}",
            response.text()
        );
        assert_eq!(
            response.json(),
            json!({"kind": "other", "code": 413, "message": "the manifest is larger than 3145728 bytes"})
        );
    }
}
