//! Compares the responses of a server and of the playground to requests of any verb.

use std::collections::BTreeMap;
use std::process::ExitCode;

use fastrand::Rng;
use serde_json::{Value, json};

use crate::Live;
use crate::answer::mask_uids;
use crate::compare::first_difference;
use crate::requests::{Call, NAMESPACE, call, jobs};
use crate::schema::Schema;
use crate::server::Server;
use crate::subjects::Embedded;

/// Minimum numbers of responses with the same status code, and of the same responses, of 1000.
const MIN_CODES: usize = 990;
const MIN_BODIES: usize = 960;

type Error = Box<dyn std::error::Error + Send + Sync>;

/// Counts of one verb.
#[derive(Default)]
struct Count {
    all: usize,
    codes: usize,
    bodies: usize,
}

/// Sends mutated requests to both, and prints how many responses agree and what differs.
pub async fn run(options: &Live) -> Result<ExitCode, Error> {
    let server = Server::connect(&options.kubeconfig).await?;
    let embedded = Embedded::new()?;
    let schema = Schema::from_document(&server.read("/openapi/v3/apis/batch/v1").await?);
    let (stored, own) = prepare(&server, &embedded).await;
    let result = compare(options, &server, &embedded, &schema, (&stored, &own)).await;
    let namespace = format!("/api/v1/namespaces/{NAMESPACE}");
    server.call(&request("DELETE", &namespace, &Value::Null)).await;
    result
}

fn request(method: &'static str, url: &str, body: &Value) -> Call {
    Call {
        method,
        url: url.to_owned(),
        headers: vec![("content-type", "application/json".to_owned())],
        body: if body.is_null() {
            String::new()
        } else {
            body.to_string()
        },
    }
}

/// Creates the Jobs in both; returns them as each has stored them.
async fn prepare(server: &Server, embedded: &Embedded) -> (Vec<Value>, Vec<Value>) {
    let mut calls = vec![request(
        "POST",
        "/api/v1/namespaces",
        &json!({"metadata": {"name": NAMESPACE}}),
    )];
    calls.extend(jobs().iter().map(|job| {
        request(
            "POST",
            &format!("/apis/batch/v1/namespaces/{NAMESPACE}/jobs"),
            job,
        )
    }));
    let (mut stored, mut own) = (Vec::new(), Vec::new());
    for call in &calls {
        let (_, mine) = embedded.call(call).await;
        if let Some((_, body)) = server.call(call).await
            && body["kind"] == "Job"
        {
            stored.push(body);
            own.push(mine);
        }
    }
    (stored, own)
}

/// Returns the request with the playground's UIDs and versions in place of the server's.
fn translated(call: &Call, stored: &[Value], own: &[Value]) -> Call {
    let mut call = call.clone();
    for (theirs, mine) in stored.iter().zip(own) {
        for key in ["uid", "resourceVersion", "creationTimestamp"] {
            let text = |job: &Value| format!("\"{}\"", job["metadata"][key].as_str().unwrap_or_default());
            call.body = call.body.replace(&text(theirs), &text(mine));
        }
    }
    call
}

async fn compare(
    options: &Live,
    server: &Server,
    embedded: &Embedded,
    schema: &Schema,
    (stored, own): (&[Value], &[Value]),
) -> Result<ExitCode, Error> {
    if stored.is_empty() {
        return Err(
            "the Jobs could not be created; is the namespace of an earlier run still being deleted?".into(),
        );
    }
    let mut random = Rng::with_seed(options.seed);
    let mut counts: BTreeMap<String, Count> = BTreeMap::new();
    let mut groups: BTreeMap<String, (usize, String)> = BTreeMap::new();
    for _ in 0..options.count {
        let (call, how) = call(schema.job(), stored, &mut random);
        let Some((code, body)) = server.call(&call).await else {
            continue;
        };
        let (own_code, own_body) = embedded.call(&translated(&call, stored, own)).await;
        let verb = how.split(' ').next().unwrap_or_default().to_owned();
        let count = counts.entry(verb.clone()).or_default();
        count.all += 1;
        count.codes += usize::from(code == own_code);
        let (body, own_body) = (normal(body), normal(own_body));
        let is_same = body == own_body;
        count.bodies += usize::from(code == own_code && is_same);
        if code == own_code && is_same {
            continue;
        }
        let at = first_difference(&body, &own_body, String::new()).unwrap_or_default();
        let shown = |body: &Value| {
            body["message"]
                .as_str()
                .map_or_else(String::new, |text| text.chars().take(300).collect())
        };
        let short: String = shown(&body)
            .chars()
            .filter(|one| !one.is_ascii_digit())
            .take(60)
            .collect();
        let own: String = shown(&own_body)
            .chars()
            .filter(|one| !one.is_ascii_digit())
            .take(60)
            .collect();
        let group = format!(
            "{verb} {code}/{own_code} {} | {short} | {own}",
            at.split('[').next().unwrap_or_default()
        );
        let example = format!(
            "{how}\n    {} {} {}\n    {}\n    server     {}\n    playground {}",
            call.method,
            call.url,
            call.headers
                .iter()
                .map(|(_, value)| value.as_str())
                .collect::<Vec<_>>()
                .join(" "),
            call.body.chars().take(400).collect::<String>(),
            if shown(&body).is_empty() || at.contains("causes") {
                at.clone() + " " + &part(&body, &at)
            } else {
                shown(&body)
            },
            if shown(&own_body).is_empty() || at.contains("causes") {
                at.clone() + " " + &part(&own_body, &at)
            } else {
                shown(&own_body)
            },
        );
        groups.entry(group).or_insert((0, example)).0 += 1;
    }
    let (mut all, mut codes, mut bodies) = (0, 0, 0);
    for count in counts.values() {
        all += count.all;
        codes += count.codes;
        bodies += count.bodies;
    }
    println!("| verb | requests | same status code | same response |\n|---|---|---|---|");
    for (verb, count) in &counts {
        println!("| {verb} | {} | {} | {} |", count.all, count.codes, count.bodies);
    }
    let mut groups: Vec<_> = groups.into_iter().collect();
    groups.sort_by_key(|(_, (count, _))| std::cmp::Reverse(*count));
    for (group, (count, example)) in groups.iter().take(options.groups) {
        println!("\n{count} {group}\n    {example}");
    }
    println!("\n{codes} of {all} with the same status code, {bodies} with the same response");
    let is_enough = codes * 1000 >= all * MIN_CODES && bodies * 1000 >= all * MIN_BODIES;
    if !is_enough {
        println!("NOT MET: at least {MIN_CODES} and {MIN_BODIES} of 1000 are required");
    }
    Ok(if options.require && !is_enough {
        ExitCode::FAILURE
    } else {
        ExitCode::SUCCESS
    })
}

/// Returns the part of a body at a path of [`first_difference`], shortened.
fn part(body: &Value, path: &str) -> String {
    let mut at = body;
    for key in path.split('.').filter(|key| !key.is_empty()) {
        at = &at[key.trim_end_matches("[]")];
    }
    at.to_string().chars().take(300).collect()
}

/// Returns a body without what differs between two servers: UIDs, versions, times, tokens.
fn normal(body: Value) -> Value {
    match body {
        Value::Object(map) => map
            .into_iter()
            .filter(|(key, _)| {
                !matches!(
                    key.as_str(),
                    "creationTimestamp" | "deletionTimestamp" | "time" | "managedFields"
                )
            })
            .map(|(key, value)| {
                let value = match key.as_str() {
                    // The order of some differs from request to request, and messages are compared as a whole.
                    "causes" => {
                        let items = value.as_array();
                        let mut causes: Vec<String> = items
                            .into_iter()
                            .flatten()
                            .map(|cause| format!("{} {}", cause["reason"], cause["field"]))
                            .collect();
                        causes.sort();
                        causes.into()
                    }
                    "uid" | "resourceVersion" | "continue" if value.is_string() && value != "" => "X".into(),
                    _ => normal(value),
                };
                (key, value)
            })
            .collect(),
        Value::Array(items) => Value::Array(items.into_iter().map(normal).collect()),
        Value::String(text) => {
            let text = mask_uids(&without_dumps(&text));
            let is_age = text.len() < 8
                && text.ends_with(['s', 'm', 'h', 'd'])
                && text.starts_with(|one: char| one.is_ascii_digit());
            if is_age {
                return "AGE".into();
            }
            let parts = text.split(['[', ']']).flat_map(|part| part.split(", "));
            let mut parts: Vec<&str> = parts.collect();
            parts.sort_unstable();
            parts.join(", ").into()
        }
        other => other,
    }
}

/// Returns a message without the dumps of Go values in it, whose fields are those of the server's own types.
fn without_dumps(text: &str) -> String {
    match (text.find(['{']), text.rfind('}')) {
        (Some(start), Some(end)) if start < end && end - start > 300 => {
            format!("{}{{}}{}", &text[..start], &text[end + 1..])
        }
        _ => text.to_owned(),
    }
}
