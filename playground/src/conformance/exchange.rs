//! Replays one scenario on a server: its setup and its requests, compared with the recording.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::{Value, json};

use crate::Playground;
use crate::clock::Clock;
use crate::conformance::normalize::{differences, generated_names, normal};
use crate::conformance::replay::{Client, flat};
use crate::conformance::scenario;
use crate::conformance::scenario::{Baseline, Request, Scenario, Step};
use crate::conformance::server::Server;
use crate::conformance::users;
use crate::conformance::users::{Credentials, User};
use crate::conformance::{observed, states};

/// Time between the requests of a scenario with controllers.
const PACE: Duration = Duration::from_millis(5);

/// Time in which the controllers settle after the baseline.
const SETTLED: Duration = Duration::from_millis(300);

/// Creates a client for a scenario; `compact` is the server, if it is in this process.
pub(super) fn client(
    server: Server,
    compact: Option<Playground>,
    baseline: &Baseline,
    scenario: &Scenario,
) -> Client {
    let users = users::all(&baseline.users);
    let carried = users.iter().map(|(name, user)| {
        let mut carried = server.credentials(name, user);
        if let User::Token(token) = user {
            carried = Credentials::token(token);
        }
        (name.clone(), carried)
    });
    Client {
        users: carried.collect(),
        server,
        clock: compact
            .as_ref()
            .map_or_else(Clock::system, |playground| playground.cluster.clock.clone()),
        compact,
        pace: if scenario.job_controller {
            PACE
        } else {
            Duration::ZERO
        },
        variables: BTreeMap::from([("ns".to_owned(), scenario.namespace.clone())]),
        creation_timestamps: BTreeMap::new(),
    }
}

/// Sends the requests that precede every scenario.
pub(super) async fn prepare(client: &Client, baseline: &Baseline) -> Result<(), String> {
    for request in &baseline.requests {
        expect(client, request, "baseline").await?;
    }
    tokio::time::sleep(SETTLED).await;
    Ok(())
}

/// Replays a scenario on a prepared server.
pub(super) async fn exchanged(
    mut client: Client,
    baseline: &Baseline,
    name: &str,
    scenario: &Scenario,
) -> Result<Vec<String>, String> {
    tokens(&mut client, baseline, scenario).await?;
    for request in &scenario.setup {
        client
            .wait(&request.awaits)
            .await
            .map_err(|error| error.to_string())?;
        expect(&client, request, "setup").await?;
    }
    let history = if scenario.observed.is_object() {
        // The scheduler assigns the Pods of the setup.
        tokio::time::sleep(SETTLED).await;
        let started = observed::Recorder::start(&client, &scenario.namespace, &scenario.observed).await;
        Some(started.map_err(|error| error.to_string())?)
    } else {
        None
    };
    let (mut found, cut) = replayed(&mut client, name, scenario, history.as_ref()).await?;
    if let Some(history) = history {
        found.extend(history.compare(&scenario.observed, cut.unwrap_or_default()).await);
    }
    Ok(found)
}

/// Sends a setup request: its response has to be a success, or say that it is done already.
async fn expect(client: &Client, request: &Request, what: &str) -> Result<(), String> {
    let answer = client.send(request).await.map_err(|error| error.to_string())?;
    if answer.status >= 300 && answer.status != 409 {
        let (method, path) = (&request.method, &request.path);
        return Err(format!("{what}: {method} {path}: {}", answer.body));
    }
    Ok(())
}

/// Requests tokens for the ServiceAccounts among the users, if the scenario needs them.
async fn tokens(client: &mut Client, baseline: &Baseline, scenario: &Scenario) -> Result<(), String> {
    let used: Vec<&str> = scenario
        .setup
        .iter()
        .chain(flat(&scenario.steps).into_iter().map(|step: &Step| &step.request))
        .filter_map(|request| request.user.as_deref())
        .collect();
    for (user, proof) in users::all(&baseline.users) {
        let User::ServiceAccount { namespace, name } = proof else {
            continue;
        };
        if !used.contains(&user.as_str()) {
            continue;
        }
        let request: Request = serde_json::from_value(json!({
            "method": "POST", "path": format!("/api/v1/namespaces/{namespace}/serviceaccounts/{name}/token"),
            "headers": {"content-type": "application/json"},
            "body": {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": {}},
        }))
        .map_err(|error| error.to_string())?;
        let answer = client.send(&request).await.map_err(|error| error.to_string())?;
        let token = answer.body["status"]["token"].as_str().unwrap_or_default();
        if token.is_empty() {
            return Err(format!("no token for {user}: {}", answer.body));
        }
        client.users.insert(user, Credentials::token(token));
    }
    Ok(())
}

async fn replayed(
    client: &mut Client,
    name: &str,
    scenario: &Scenario,
    history: Option<&observed::Recorder>,
) -> Result<(Vec<String>, Option<Value>), String> {
    let (last, before) = match scenario.steps.split_last() {
        Some((last, before)) => (std::slice::from_ref(last), before),
        None => (&[][..], &[][..]),
    };
    let mut answers = client.steps(before).await.map_err(|error| error.to_string())?;
    // The effects of the last request may be in the recording or not.
    let cut = history.map(observed::Recorder::seen);
    answers.extend(client.steps(last).await.map_err(|error| error.to_string())?);
    let steps = flat(&scenario.steps);
    let (mut recorded_names, mut seen_names) = (Vec::new(), Vec::new());
    generated_names(&scenario.observed, &mut recorded_names);
    if let Some(history) = history {
        generated_names(&history.seen(), &mut seen_names);
    }
    for (step, answer) in steps.iter().zip(&answers) {
        generated_names(&step.response.body, &mut recorded_names);
        generated_names(&answer.body, &mut seen_names);
    }
    // A captured name replaces the one that was recorded under the same variable.
    for (variable, then) in &scenario.recorded {
        let now = client.variables.get(variable);
        if let (Some(then), Some(now)) = (then.as_str(), now)
            && let Some((_, stand_in)) = recorded_names.iter().find(|(known, _)| known == then)
        {
            seen_names.push((now.clone(), stand_in.clone()));
        }
    }
    let mut found = Vec::new();
    for (number, (step, answer)) in steps.iter().zip(&answers).enumerate() {
        let side = |response: &scenario::Response, names: &[(String, String)]| json!({"status": response.status, "headers": response.headers, "body": normal(&response.body, names)});
        let mut answer = answer.clone();
        let recorded = json!([step.response.body]).to_string();
        if scenario.job_controller && !recorded.contains("managedFields") {
            drop_managers(&mut answer.body);
        }
        let at = format!("step {number}");
        // What a later step refers to was in the response, though the recording has lost it.
        for (variable, pointer) in &step.capture {
            let lost = step.response.body.pointer(pointer).is_none()
                && scenario.recorded.get(variable).and_then(Value::as_str) == Some("");
            if lost && take(&mut answer.body, pointer).is_none() {
                found.push(format!("{at}/body{pointer}: missing, captured as {variable}"));
            }
        }
        let mut want = side(&step.response, &recorded_names);
        let mut got = side(&answer, &seen_names);
        // For a whole life cycle, the server may show a state more or less.
        if name.contains("-life") && want["body"].is_array() && got["body"].is_array() {
            let (a, b) = (want["body"].take(), got["body"].take());
            found.extend(states::lives(&format!("{at}/body"), &a, &b));
        }
        differences(&at, &want, &got, &mut found);
    }
    Ok((found, cut))
}

/// Removes and returns a member.
fn take(body: &mut Value, pointer: &str) -> Option<Value> {
    let (parent, member) = pointer.rsplit_once('/')?;
    body.pointer_mut(parent)?.as_object_mut()?.shift_remove(member)
}

/// Removes `managedFields`, for groups that were recorded without them.
pub(super) fn drop_managers(value: &mut Value) {
    match value {
        Value::Object(members) => {
            members.remove("managedFields");
            members.values_mut().for_each(drop_managers);
        }
        Value::Array(items) => items.iter_mut().for_each(drop_managers),
        _ => {}
    }
}
