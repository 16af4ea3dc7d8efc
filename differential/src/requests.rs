//! Mutated requests of every verb on the same few Jobs of a server and of the playground. Changes are dry runs.

use std::fmt::Write;

use fastrand::Rng;
use serde_json::{Value, json};

use crate::mutate;
use crate::schema::Node;

/// The namespace of the Jobs, which is created for the run and deleted after it.
pub const NAMESPACE: &str = "rules-fuzz";

/// A request.
#[derive(Debug, Clone)]
pub struct Call {
    /// HTTP method.
    pub method: &'static str,
    /// Path with query.
    pub url: String,
    /// Headers.
    pub headers: Vec<(&'static str, String)>,
    /// Body.
    pub body: String,
}

impl Call {
    fn new(method: &'static str, path: &str, query: &[(String, String)]) -> Self {
        let mut url = format!("/apis/batch/v1/namespaces/{NAMESPACE}/jobs{path}");
        for (at, (key, value)) in query.iter().enumerate() {
            url.push(if at == 0 { '?' } else { '&' });
            url.push_str(&escaped(key));
            url.push('=');
            url.push_str(&escaped(value));
        }
        Self {
            method,
            url,
            headers: Vec::new(),
            body: String::new(),
        }
    }

    fn header(mut self, name: &'static str, value: &str) -> Self {
        self.headers.push((name, value.to_owned()));
        self
    }

    fn json(mut self, content_type: &str, body: &Value) -> Self {
        self.body = body.to_string();
        self.header("content-type", content_type)
    }
}

fn escaped(text: &str) -> String {
    let mut out = String::new();
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            // Writing to a `String` cannot fail.
            let _ = write!(out, "%{byte:02X}");
        }
    }
    out
}

/// Returns the Jobs that exist during a run. No controller manages them, so they stay as they are.
pub fn jobs() -> Vec<Value> {
    let job = |name: &str, labels: Value, more: Value| {
        let mut job = json!({
            "apiVersion": "batch/v1",
            "kind": "Job",
            "metadata": {"name": name, "labels": labels, "annotations": {"note": "x"}},
            "spec": {
                "managedBy": "example.com/rules-fuzz",
                "template": {"spec": {
                    "restartPolicy": "Never",
                    "containers": [{"name": "main", "image": "busybox:1.36", "env": [{"name": "A", "value": "1"}, {"name": "B", "value": "2"}]}],
                }},
            },
        });
        if let (Some(spec), Value::Object(more)) = (job["spec"].as_object_mut(), more) {
            spec.extend(more);
        }
        job
    };
    vec![
        job("a", json!({"app": "web", "tier": "front"}), json!({})),
        job(
            "b",
            json!({"app": "web"}),
            json!({"parallelism": 3, "completions": 9}),
        ),
        job(
            "c",
            json!({"app": "db", "tier": "back"}),
            json!({"suspend": true}),
        ),
        job(
            "d",
            json!({}),
            json!({"completionMode": "Indexed", "completions": 4, "backoffLimitPerIndex": 1}),
        ),
        job(
            "e",
            json!({"app": "db", "Odd_Key": ""}),
            json!({"ttlSecondsAfterFinished": 60, "activeDeadlineSeconds": 5}),
        ),
        job(
            "f.g-h",
            json!({"x/y": "z"}),
            json!({"podFailurePolicy": {"rules": [{"action": "Ignore", "onPodConditions": [{"type": "DisruptionTarget"}]}]}}),
        ),
    ]
}

const SELECTORS: &[&str] = &[
    "app=web",
    "app==web",
    "app!=web",
    "app",
    "!app",
    "app in (web,db)",
    "app in (web)",
    "app notin (web)",
    "app in ()",
    "app in",
    "tier=front,app=web",
    "tier",
    "x/y=z",
    "x/y",
    "Odd_Key",
    "Odd_Key=",
    "app=",
    "app=,tier",
    "=",
    "=a",
    "app=a b",
    "app=a=b",
    ",",
    "app,",
    ",app",
    "app in (web",
    "app>1",
    "app<1",
    "app>a",
    "app gt 1",
    "!app,tier",
    "-a",
    "a b",
    "app!",
    "!",
    "!!app",
    "app=web,app=db",
    "app notin ()",
    "app in (web,)",
    "app in (,web)",
    "app exists",
    "é=1",
    "app=é",
    "a/b/c=1",
    " app = web ",
    "app in(web)",
    "app=web,,tier",
    "(",
    ")",
    "app()",
];

const FIELDS: &[&str] = &[
    "metadata.name=a",
    "metadata.name!=a",
    "metadata.name==a",
    "metadata.namespace=rules-fuzz",
    "metadata.namespace=other",
    "status.successful=0",
    "status.successful=1",
    "status.successful!=1",
    "spec.suspend=true",
    "metadata.name",
    "metadata.name=",
    "metadata.name=a,metadata.name=b",
    "metadata.name=a,status.successful=0",
    "metadata.uid=1",
    "=",
    ",",
    "metadata.name=a=b",
    "metadata.name in (a)",
    "foo=bar",
    "status.successful=x",
    "metadata.name=a\\,b",
    "metadata.name=\\x",
    "name=a",
    "metadata.name!=",
    "!metadata.name",
];

const ACCEPTS: &[&str] = &[
    "application/json",
    "*/*",
    "application/*",
    "text/html",
    "application/yaml",
    "application/json;as=Table;g=meta.k8s.io;v=v1",
    "application/json;as=Table;g=meta.k8s.io;v=v1beta1",
    "application/json;as=Table;g=meta.k8s.io;v=v1,application/json",
    "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1",
    "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1",
    "application/json;as=Foo;g=meta.k8s.io;v=v1",
    "application/json;as=Table;g=foo;v=v1",
    "application/json;q=0.5",
    "application/xml",
    "application/json;as=Table",
    "text/html,application/json",
    "application/json;stream=watch",
];

fn one<'a>(of: &[&'a str], random: &mut Rng) -> &'a str {
    of[random.usize(..of.len())]
}

fn pair(key: &str, value: impl Into<String>) -> (String, String) {
    (key.to_owned(), value.into())
}

/// Makes a request. `versions`: resource versions of the server's collection, an old and the current one.
pub fn call(schema: Node<'_>, stored: &[Value], random: &mut Rng) -> (Call, String) {
    match random.u8(..100) {
        0..25 => (list(random), "list".to_owned()),
        25..32 => (get(random), "get".to_owned()),
        32..52 => update(schema, stored, random),
        52..80 => patch(schema, stored, random),
        80..90 => (delete(random), "delete".to_owned()),
        90..94 => (delete_collection(random), "deletecollection".to_owned()),
        _ => (create(schema, random), "create".to_owned()),
    }
}

fn list(random: &mut Rng) -> Call {
    let mut query = Vec::new();
    for _ in 0..random.usize(..4) {
        query.push(match random.u8(..10) {
            0..3 => pair("labelSelector", one(SELECTORS, random)),
            3..5 => pair("fieldSelector", one(FIELDS, random)),
            5 => pair(
                "limit",
                one(
                    &[
                        "1",
                        "2",
                        "3",
                        "100",
                        "0",
                        "-1",
                        "x",
                        "1.5",
                        "",
                        "99999999999999999999",
                    ],
                    random,
                ),
            ),
            6 => pair(
                "resourceVersion",
                one(&["0", "", "x", "-1", "1.5", "1", "18446744073709551616"], random),
            ),
            7 => pair(
                "resourceVersionMatch",
                one(&["Exact", "NotOlderThan", "", "x", "exact"], random),
            ),
            8 => pair(
                "continue",
                one(&["", "x", "eyJ2IjoibWV0YS5rOHMuaW8vdjEifQ", "e30", "%"], random),
            ),
            _ => pair(
                one(
                    &[
                        "pretty",
                        "allowWatchBookmarks",
                        "sendInitialEvents",
                        "timeoutSeconds",
                        "foo",
                        "watch",
                        "includeObject",
                    ],
                    random,
                ),
                one(&["true", "false", "0", "x", "", "None", "1"], random),
            ),
        });
    }
    query.retain(|(key, value)| key != "watch" || ["false", "0"].contains(&value.as_str()));
    Call::new("GET", "", &query).header(
        "accept",
        if random.bool() {
            ACCEPTS[0]
        } else {
            one(ACCEPTS, random)
        },
    )
}

fn name(random: &mut Rng) -> &'static str {
    one(
        &[
            "/a",
            "/b",
            "/c",
            "/d",
            "/e",
            "/f.g-h",
            "/missing",
            "/UPPER",
            "/a/status",
            "/a/foo",
            "/missing/status",
        ],
        random,
    )
}

fn get(random: &mut Rng) -> Call {
    let mut query = Vec::new();
    if random.bool() {
        let key = one(&["pretty", "resourceVersion", "foo", "fieldSelector"], random);
        query.push(pair(key, one(&["true", "0", "", "x", "1", "2"], random)));
    }
    let path = name(random);
    Call::new("GET", path, &query).header(
        "accept",
        if random.bool() {
            ACCEPTS[0]
        } else {
            one(ACCEPTS, random)
        },
    )
}

/// Returns the query of a dry run, now and then with mistakes that keep it one.
fn dry(random: &mut Rng) -> Vec<(String, String)> {
    let mut query = vec![pair("dryRun", "All")];
    if random.u8(..12) == 0 {
        one(&["all", "x", "None"], random).clone_into(&mut query[0].1);
        // It must not be carried out.
        query.push(pair("dryRun", "All"));
    }
    if random.u8(..6) == 0 {
        query.push(pair(
            "fieldValidation",
            one(&["Strict", "Warn", "Ignore", "x", ""], random),
        ));
    }
    if random.u8(..8) == 0 {
        let long = "m".repeat(129);
        query.push(pair(
            "fieldManager",
            one(&["me", "", "a b", "é", "a\u{7f}", &long], random),
        ));
    }
    query
}

fn stored_job<'a>(stored: &'a [Value], random: &mut Rng) -> (&'a Value, String) {
    let job = &stored[random.usize(..stored.len())];
    let name = job["metadata"]["name"].as_str().unwrap_or_default();
    (job, format!("/{name}"))
}

fn update(schema: Node<'_>, stored: &[Value], random: &mut Rng) -> (Call, String) {
    let (job, mut path) = stored_job(stored, random);
    let mut job = job.clone();
    for key in [
        "uid",
        "resourceVersion",
        "creationTimestamp",
        "managedFields",
        "generation",
    ] {
        if random.u8(..10) != 0
            && let Some(metadata) = job["metadata"].as_object_mut()
        {
            metadata.shift_remove(key);
        }
    }
    let mut how = mutate::mutate(&mut job, schema, random);
    if random.u8(..12) == 0 {
        let version = one(&["1", "x", "", "0"], random);
        if let Some(metadata) = job.get_mut("metadata").and_then(Value::as_object_mut) {
            metadata.insert("resourceVersion".to_owned(), json!(version));
            how.push("resourceVersion".to_owned());
        }
    }
    if random.u8(..8) == 0 {
        path.push_str("/status");
        how.push("status".to_owned());
    }
    (
        Call::new("PUT", &path, &dry(random)).json("application/json", &job),
        format!("update {}", how.join(", ")),
    )
}

/// Returns a value at a path of its own: `{"spec": {"parallelism": value}}`.
fn nested(path: &[mutate::Step], value: Value) -> Value {
    path.iter().rev().fold(value, |inside, step| match step {
        mutate::Step::Key(key) => json!({ key.as_str(): inside }),
        mutate::Step::Index(_) => json!([inside]),
    })
}

fn pointer(path: &[mutate::Step]) -> String {
    path.iter()
        .map(|step| match step {
            mutate::Step::Key(key) => format!("/{}", key.replace('~', "~0").replace('/', "~1")),
            mutate::Step::Index(index) => format!("/{index}"),
        })
        .collect()
}

fn patch(schema: Node<'_>, stored: &[Value], random: &mut Rng) -> (Call, String) {
    let (job, mut path) = stored_job(stored, random);
    if random.u8(..15) == 0 {
        name(random).clone_into(&mut path);
    }
    let mut changed = job.clone();
    let how = mutate::mutate(&mut changed, schema, random).join(", ");
    let places: Vec<mutate::Path> = mutate::paths(&changed)
        .into_iter()
        .filter(|path| {
            !path
                .iter()
                .any(|step| matches!(step, mutate::Step::Key(key) if key == "managedFields"))
        })
        .collect();
    let place = places[random.usize(..places.len())].clone();
    let value = mutate::part(&mut changed, &place).cloned().unwrap_or_default();
    let value = match random.u8(..12) {
        0 => Value::Null,
        1 => json!("x"),
        2 => json!(5),
        3 => json!({}),
        4 => json!([]),
        5 => json!({"$patch": one(&["replace", "delete", "merge", "x"], random)}),
        _ => value,
    };
    let mut query = dry(random);
    let (content_type, body) = match random.u8(..5) {
        0 => ("application/merge-patch+json", nested(&place, value)),
        1 => (
            "application/strategic-merge-patch+json",
            strategic(&place, value, random),
        ),
        2 | 3 => (
            "application/json-patch+json",
            operations(&places, &place, &value, random),
        ),
        _ => {
            if random.u8(..6) != 0 {
                query.push(pair("fieldManager", "applier"));
            }
            if random.bool() {
                query.push(pair("force", one(&["true", "false", "x"], random)));
            }
            let mut body = nested(&place, value);
            if let Some(map) = body.as_object_mut() {
                map.insert("apiVersion".to_owned(), json!("batch/v1"));
                map.insert(
                    "kind".to_owned(),
                    json!(one(&["Job", "Job", "Job", "Pod", ""], random)),
                );
                let metadata = map.entry("metadata").or_insert_with(|| json!({}));
                if let Some(metadata) = metadata.as_object_mut()
                    && random.u8(..8) != 0
                {
                    metadata.insert("name".to_owned(), json!(path.trim_start_matches('/')));
                }
            }
            ("application/apply-patch+yaml", body)
        }
    };
    let call = Call::new("PATCH", &path, &query).json(content_type, &body);
    (call, format!("{content_type} {how}"))
}

fn strategic(place: &[mutate::Step], value: Value, random: &mut Rng) -> Value {
    match random.u8(..6) {
        0 => {
            json!({"spec": {"template": {"spec": {"containers": [{"name": "main", "env": [{"name": one(&["A", "C"], random), "value": "9"}]}]}}}})
        }
        1 => {
            json!({"spec": {"template": {"spec": {"containers": [{"name": "main", "env": [{"name": "A", "$patch": one(&["delete", "replace", "merge", "x"], random)}]}]}}}})
        }
        2 => {
            json!({"spec": {"template": {"spec": {"$setElementOrder/containers": [{"name": one(&["main", "x"], random)}], "containers": [{"name": "main", "image": "x"}]}}}})
        }
        3 => {
            json!({"metadata": {"$retainKeys": ["name"], "labels": {"a": "b"}, "$deleteFromPrimitiveList/finalizers": ["x"], "finalizers": ["a/b"]}})
        }
        _ => nested(place, value),
    }
}

fn operations(places: &[mutate::Path], place: &[mutate::Step], value: &Value, random: &mut Rng) -> Value {
    let count = 1 + random.usize(..2);
    (0..count)
        .map(|_| {
            let mut path = pointer(place);
            match random.u8(..12) {
                0 => path.push_str("/x"),
                1 => path.push_str("/-"),
                2 => path.push_str("/0"),
                3 => path = path.trim_start_matches('/').to_owned(),
                4 => path.push_str("/99"),
                5 => one(&["", "/", "/metadata/labels/x~1y", "/spec/foo", "/metadata/annotations/a~1b", "~", "/spec/~2"], random).clone_into(&mut path),
                _ => {}
            }
            let from = pointer(&places[random.usize(..places.len())]);
            let mut operation = json!({"op": one(&["add", "remove", "replace", "test", "move", "copy", "x", ""], random), "path": path, "value": value, "from": from});
            if random.u8(..8) == 0
                && let Some(map) = operation.as_object_mut()
            {
                map.shift_remove(one(&["op", "path", "value", "from"], random));
            }
            operation
        })
        .collect()
}

fn delete_options(random: &mut Rng) -> Value {
    let mut options = json!({"kind": "DeleteOptions", "apiVersion": one(&["v1", "batch/v1", "v2", "", "meta.k8s.io/v1"], random)});
    let more = [
        (
            "propagationPolicy",
            json!(one(&["Background", "Foreground", "Orphan", "x", ""], random)),
        ),
        ("orphanDependents", json!(random.bool())),
        ("gracePeriodSeconds", json!(random.i64(-2..40))),
        ("gracePeriodSeconds", json!("x")),
        ("preconditions", json!({"uid": "x"})),
        ("preconditions", json!({"resourceVersion": "1"})),
        ("dryRun", json!(["x", "All"])),
        ("dryRun", json!("All")),
        ("foo", json!(1)),
        ("kind", json!(one(&["Job", "", "DeleteOption"], random))),
    ];
    // With a body, the query is ignored.
    options["dryRun"] = json!(["All"]);
    for _ in 0..random.usize(..3) {
        let (key, value) = &more[random.usize(..more.len())];
        options[*key] = value.clone();
    }
    options
}

fn delete(random: &mut Rng) -> Call {
    let mut query = dry(random);
    if random.u8(..4) == 0 {
        query.push(match random.u8(..3) {
            0 => pair(
                "propagationPolicy",
                one(&["Background", "Foreground", "Orphan", "x", ""], random),
            ),
            1 => pair("gracePeriodSeconds", one(&["0", "5", "-1", "x", ""], random)),
            _ => pair("orphanDependents", one(&["true", "false", "x"], random)),
        });
    }
    let call = Call::new("DELETE", name(random), &query);
    match random.u8(..6) {
        0 => call,
        1 => Call {
            body: one(&["x", "[]", "1", "\"a\"", "{"], random).to_owned(),
            ..call
        }
        .header("content-type", "application/json"),
        _ => call.json("application/json", &delete_options(random)),
    }
}

fn delete_collection(random: &mut Rng) -> Call {
    let mut query = dry(random);
    query.push(pair("labelSelector", one(SELECTORS, random)));
    if random.bool() {
        query.push(pair("fieldSelector", one(FIELDS, random)));
    }
    let call = Call::new("DELETE", "", &query);
    if random.bool() {
        call
    } else {
        call.json("application/json", &delete_options(random))
    }
}

fn create(schema: Node<'_>, random: &mut Rng) -> Call {
    let jobs = jobs();
    let mut job = jobs[random.usize(..jobs.len())].clone();
    if random.bool() {
        job["metadata"]["name"] = json!("new");
    }
    mutate::mutate(&mut job, schema, random);
    let metadata = job.get_mut("metadata").and_then(Value::as_object_mut);
    match (random.u8(..8), metadata) {
        (0, Some(metadata)) => {
            let namespace = one(&[NAMESPACE, "other", ""], random);
            metadata.insert("namespace".to_owned(), json!(namespace));
        }
        (3, Some(metadata)) => {
            metadata.insert("resourceVersion".to_owned(), json!("1"));
        }
        (1, _) => job["kind"] = json!(one(&["Job", "Pod", "", "job"], random)),
        (2, _) => job["apiVersion"] = json!(one(&["batch/v1", "batch/v1beta1", "v1", ""], random)),
        _ => {}
    }
    let content = one(
        &[
            "application/json",
            "application/json",
            "application/yaml",
            "text/plain",
            "",
            "application/json; charset=utf-8",
            "application/xml",
        ],
        random,
    );
    Call::new("POST", "", &dry(random))
        .json(content, &job)
        .header("accept", one(ACCEPTS, random))
}
