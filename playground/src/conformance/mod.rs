//! Replays exchanges that were recorded with a real API server, and compares the answers.
//!
//! Every scenario has a playground of its own, without the runtime, as the recordings had no kubelet.

mod normal;
mod observed;
mod replay;
pub mod scenario;

use std::collections::BTreeMap;
use std::path::Path;

use futures::StreamExt;
use serde_json::{Value, json};

use crate::{Options, Playground};
use normal::{differences, generated_names, normal};
use replay::{Client, flat};
use scenario::{Baseline, Scenario, ScenarioError};

/// Scenarios that run at the same time: most of their time is waiting.
const AT_ONCE: usize = 12;

/// What became of one scenario.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// Its group.
    pub group: String,
    /// Its file.
    pub name: String,
    /// Where it differs; empty if it passed.
    pub differences: Vec<String>,
}

/// Passed and failed scenarios of each group.
pub fn totals(outcomes: &[Outcome]) -> BTreeMap<&str, (usize, usize)> {
    let mut totals: BTreeMap<&str, (usize, usize)> = BTreeMap::new();
    for outcome in outcomes {
        let total = totals.entry(&outcome.group).or_default();
        if outcome.differences.is_empty() {
            total.0 += 1;
        } else {
            total.1 += 1;
        }
    }
    totals
}

/// Runs the scenarios of a folder whose `group/file` the filter takes, with data below `scratch`; those that only wait
/// for minutes are left out.
pub async fn run(
    folder: &Path,
    scratch: &Path,
    filter: impl Fn(&str) -> bool,
) -> Result<Vec<Outcome>, ScenarioError> {
    let baseline: Baseline = scenario::read(&folder.join("baseline.json"))?;
    let mut chosen = Vec::new();
    for (group, path) in scenario::files(folder)? {
        let name = path
            .file_stem()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        if filter(&format!("{group}/{name}")) {
            let scenario = scenario::read::<Scenario>(&path)?;
            if !scenario.is_long() {
                chosen.push((group, name, scenario));
            }
        }
    }
    let baseline = &baseline;
    let outcomes = futures::stream::iter(chosen).map(|(group, name, scenario)| async move {
        let data = scratch.join(format!("{group}-{name}"));
        let differences = one(&data, baseline, &scenario)
            .await
            .unwrap_or_else(|why| vec![why]);
        Outcome {
            group,
            name,
            differences,
        }
    });
    let mut outcomes: Vec<Outcome> = outcomes.buffer_unordered(AT_ONCE).collect().await;
    outcomes.sort_by(|a, b| (&a.group, &a.name).cmp(&(&b.group, &b.name)));
    Ok(outcomes)
}

async fn one(data: &Path, baseline: &Baseline, scenario: &Scenario) -> Result<Vec<String>, String> {
    let playground = Playground::open_bare(Options {
        data_dir: data.to_owned(),
    })
    .map_err(|error| error.to_string())?;
    let mut client = Client {
        router: playground.router(),
        variables: BTreeMap::from([("ns".to_owned(), scenario.namespace.clone())]),
        stamps: BTreeMap::new(),
    };
    for request in &baseline.requests {
        let answer = client.send(request).await.map_err(|error| error.to_string())?;
        if answer.status >= 300 && answer.status != 409 {
            return Err(format!(
                "baseline: {} {}: {}",
                request.method, request.path, answer.body
            ));
        }
    }
    if scenario.job_controller {
        playground.start_controllers();
    }
    let history = observed::Recorder::start(&playground, &scenario.namespace);
    let result = replayed(&mut client, scenario).await;
    let mut found = result?;
    if scenario.observed.is_object() {
        found.extend(history.compare(&scenario.observed).await);
    }
    playground.shutdown().await;
    Ok(found)
}

async fn replayed(client: &mut Client, scenario: &Scenario) -> Result<Vec<String>, String> {
    for request in &scenario.setup {
        client
            .wait(&request.awaits)
            .await
            .map_err(|error| error.to_string())?;
        let answer = client.send(request).await.map_err(|error| error.to_string())?;
        if answer.status >= 300 && answer.status != 409 {
            return Err(format!(
                "setup: {} {}: {}",
                request.method, request.path, answer.body
            ));
        }
    }
    let answers = client
        .steps(&scenario.steps)
        .await
        .map_err(|error| error.to_string())?;
    let steps = flat(&scenario.steps);
    let (mut recorded_names, mut seen_names) = (Vec::new(), Vec::new());
    for (step, answer) in steps.iter().zip(&answers) {
        generated_names(&step.response.body, &mut recorded_names);
        generated_names(&answer.body, &mut seen_names);
    }
    let mut found = Vec::new();
    for (number, (step, answer)) in steps.iter().zip(&answers).enumerate() {
        let side = |response: &scenario::Response, names: &[(String, String)]| json!({"status": response.status, "headers": response.headers, "body": normal(&response.body, names)});
        let want = side(&step.response, &recorded_names);
        let mut got = side(answer, &seen_names);
        if scenario.job_controller && !want.to_string().contains("managedFields") {
            drop_managers(&mut got);
        }
        differences(&format!("step {number}"), &want, &got, &mut found);
    }
    Ok(found)
}

/// Groups that were recorded without owners of fields.
fn drop_managers(value: &mut Value) {
    match value {
        Value::Object(members) => {
            members.remove("managedFields");
            members.values_mut().for_each(drop_managers);
        }
        Value::Array(items) => items.iter_mut().for_each(drop_managers),
        _ => {}
    }
}
