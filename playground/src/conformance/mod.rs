//! Replays exchanges that were recorded with a real API server, and compares the answers.
//!
//! Without a server to ask, scenarios have a playground of their own, without the runtime, as the recordings had no
//! kubelet; and a time of their own, that jumps to the next timer whenever nothing else is to do. So waiting costs
//! nothing, and who comes first does not depend on how fast or how busy the machine is.

mod normal;
mod observed;
mod replay;
pub mod scenario;
mod server;
mod states;
mod users;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use futures::StreamExt;
use serde_json::{Value, json};

use crate::cluster::Clock;
use crate::{Options, Playground};
use normal::{differences, generated_names, normal};
use replay::{Client, flat};
use scenario::{Baseline, Request, Scenario, ScenarioError, Step};
pub use server::ServerError;
use server::{Remote, Server};
use users::{Credentials, User};

/// Scenarios that ask a server at the same time: most of their time is waiting.
const AT_ONCE: usize = 48;

/// Scenarios that share a playground at the same time, about as many as when they were recorded.
const COMPANY: usize = 16;

/// Time between the requests of a scenario with controllers.
const PACE: Duration = Duration::from_millis(5);

/// What the baseline sets off is over after this time.
const SETTLED: Duration = Duration::from_millis(300);

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

/// Why nothing could be replayed.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// The scenarios cannot be read.
    #[error(transparent)]
    Scenario(#[from] ScenarioError),
    /// The server cannot be used.
    #[error(transparent)]
    Server(#[from] ServerError),
}

/// Whom to ask.
#[derive(Clone, Debug)]
pub enum Target {
    /// Playgrounds of this process, with data below this folder.
    Own(PathBuf),
    /// A server, with a kubeconfig whose user `admin` (or only user) is an administrator.
    Server {
        /// Such as `https://127.0.0.1:6443`.
        url: String,
        /// The kubeconfig.
        kubeconfig: PathBuf,
    },
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

/// Runs the scenarios of a folder whose `group/file` the filter takes.
pub async fn run(
    folder: &Path,
    target: &Target,
    filter: impl Fn(&str) -> bool,
) -> Result<Vec<Outcome>, RunError> {
    let baseline: Arc<Baseline> = Arc::new(scenario::read(&folder.join("baseline.json"))?);
    let mut chosen = Vec::new();
    for (group, path) in scenario::files(folder)? {
        let name = path
            .file_stem()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        if filter(&format!("{group}/{name}")) {
            let scenario = scenario::read(&path)?;
            chosen.push(Chosen {
                group,
                name,
                scenario,
            });
        }
    }
    let outcomes = match target {
        Target::Own(scratch) => {
            let at_once = std::thread::available_parallelism().map_or(1, usize::from);
            let runs = companies(chosen)
                .into_iter()
                .enumerate()
                .map(|(number, company)| {
                    let (data, baseline) = (scratch.join(number.to_string()), Arc::clone(&baseline));
                    let run = async move {
                        let failed = company.iter().map(Chosen::name).collect::<Vec<_>>();
                        let run =
                            tokio::task::spawn_blocking(move || together(&data, &baseline, company)).await;
                        let why = match run {
                            Ok(Ok(outcomes)) => return outcomes,
                            Ok(Err(why)) => why,
                            Err(error) => error.to_string(),
                        };
                        let fail = |(group, name)| outcome(group, name, Err(why.clone()));
                        failed.into_iter().map(fail).collect()
                    };
                    run
                });
            futures::stream::iter(runs)
                .buffer_unordered(at_once)
                .collect::<Vec<_>>()
                .await
                .concat()
        }
        Target::Server { url, kubeconfig } => {
            let remote = Arc::new(Remote::read(url, kubeconfig)?);
            // Those that wait for long begin first, so that the others run meanwhile.
            chosen.sort_by_key(|one| !one.scenario.job_controller);
            let make =
                |scenario: &Scenario| client(Server::Remote(Arc::clone(&remote)), None, &baseline, scenario);
            match prepare(&make(&Scenario::default()), &baseline).await {
                Ok(()) => all(chosen, &baseline, make, AT_ONCE).await,
                Err(why) => chosen
                    .iter()
                    .map(Chosen::name)
                    .map(|(group, name)| outcome(group, name, Err(why.clone())))
                    .collect(),
            }
        }
    };
    let mut outcomes = outcomes;
    outcomes.sort_by(|a, b| (&a.group, &a.name).cmp(&(&b.group, &b.name)));
    Ok(outcomes)
}

/// A scenario that is to be replayed.
struct Chosen {
    group: String,
    name: String,
    scenario: Scenario,
}

impl Chosen {
    fn name(&self) -> (String, String) {
        (self.group.clone(), self.name.clone())
    }
}

/// Scenarios that share a playground: those of a group that were recorded with controllers, as these act on one
/// another (a Pod that ends makes room for others). Each of the rest has its own.
fn companies(chosen: Vec<Chosen>) -> Vec<Vec<Chosen>> {
    let mut shared: BTreeMap<String, Vec<Chosen>> = BTreeMap::new();
    let mut companies = Vec::new();
    for one in chosen {
        if one.scenario.job_controller {
            shared.entry(one.group.clone()).or_default().push(one);
        } else {
            companies.push(vec![one]);
        }
    }
    // The long ones begin first.
    shared.into_values().chain(companies).collect()
}

/// Replays scenarios on one server that is prepared.
async fn all(
    chosen: Vec<Chosen>,
    baseline: &Baseline,
    client: impl Fn(&Scenario) -> Client,
    at_once: usize,
) -> Vec<Outcome> {
    let runs = chosen.into_iter().map(|one| {
        let client = client(&one.scenario);
        async move {
            let result = exchanged(client, baseline, &one.name, &one.scenario).await;
            outcome(one.group, one.name, result)
        }
    });
    futures::stream::iter(runs)
        .buffer_unordered(at_once)
        .collect()
        .await
}

fn outcome(group: String, name: String, result: Result<Vec<String>, String>) -> Outcome {
    Outcome {
        group,
        name,
        differences: result.unwrap_or_else(|why| vec![why]),
    }
}

fn client(server: Server, compact: Option<Playground>, baseline: &Baseline, scenario: &Scenario) -> Client {
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
        stamps: BTreeMap::new(),
    }
}

/// Scenarios with a playground and a time of their own.
fn together(data: &Path, baseline: &Baseline, company: Vec<Chosen>) -> Result<Vec<Outcome>, String> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build();
    runtime.map_err(|error| error.to_string())?.block_on(async {
        let options = Options {
            data_dir: data.to_owned(),
        };
        let playground =
            Playground::in_memory(options, Clock::of_runtime()).map_err(|error| error.to_string())?;
        let make = |scenario: &Scenario| {
            let server = Server::Own(playground.guarded_router());
            client(server, Some(playground.clone()), baseline, scenario)
        };
        // The recorded Nodes were made before anything was frozen.
        playground.start_node_controllers();
        if company.iter().any(|one| one.scenario.job_controller) {
            playground.start_controllers();
        }
        prepare(&make(&Scenario::default()), baseline).await?;
        let outcomes = all(company, baseline, make, COMPANY).await;
        playground.shutdown().await;
        Ok(outcomes)
    })
}

/// Sends what comes before every scenario.
async fn prepare(client: &Client, baseline: &Baseline) -> Result<(), String> {
    for request in &baseline.requests {
        expect(client, request, "baseline").await?;
    }
    tokio::time::sleep(SETTLED).await;
    Ok(())
}

/// Replays a scenario on a server that is prepared.
async fn exchanged(
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
        // The scheduler places what the setup has made.
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

/// A request that prepares: its answer has to be good, or say that it is done already.
async fn expect(client: &Client, request: &Request, what: &str) -> Result<(), String> {
    let answer = client.send(request).await.map_err(|error| error.to_string())?;
    if answer.status >= 300 && answer.status != 409 {
        let (method, path) = (&request.method, &request.path);
        return Err(format!("{what}: {method} {path}: {}", answer.body));
    }
    Ok(())
}

/// Tokens for the ServiceAccounts among the users, if the scenario needs them.
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
    // What the last request sets off may be in the recording or not.
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
    // A captured name stands for the one that was recorded under the same variable.
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
        let mut want = side(&step.response, &recorded_names);
        let mut got = side(&answer, &seen_names);
        let at = format!("step {number}");
        // Of a whole life the server may show a state more or less.
        if name.contains("-life") && want["body"].is_array() && got["body"].is_array() {
            let (a, b) = (want["body"].take(), got["body"].take());
            found.extend(states::lives(&format!("{at}/body"), &a, &b));
        }
        differences(&at, &want, &got, &mut found);
    }
    Ok((found, cut))
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
