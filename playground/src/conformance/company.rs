//! Which scenarios run where: on a server, or on playgrounds and in a time of this process.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use futures::StreamExt;

use super::Outcome;
use super::exchange::{self, client};
use super::replay::Client;
use super::scenario::{Baseline, Scenario};
use super::server::{Remote, Server};
use crate::cluster::Clock;
use crate::{Options, Playground};

/// Minor version of the server that the exchanges were recorded with.
const RECORDED: u16 = 36;

/// Scenarios that ask a server at the same time: most of their time is waiting.
const AT_ONCE: usize = 48;

/// Scenarios that share a playground at the same time, about as many as when they were recorded.
const COMPANY: usize = 16;

/// A scenario that is to be replayed.
pub(super) struct Chosen {
    pub group: String,
    pub name: String,
    pub scenario: Scenario,
}

impl Chosen {
    fn outcome(&self, result: Result<Vec<String>, String>) -> Outcome {
        Outcome {
            group: self.group.clone(),
            name: self.name.clone(),
            differences: result.unwrap_or_else(|why| vec![why]),
        }
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

/// Replays scenarios on playgrounds of this process, with data below this folder.
pub(super) async fn own(scratch: &Path, baseline: &Arc<Baseline>, chosen: Vec<Chosen>) -> Vec<Outcome> {
    let at_once = std::thread::available_parallelism().map_or(1, usize::from);
    let runs = companies(chosen)
        .into_iter()
        .enumerate()
        .map(|(number, company)| apart(scratch.join(number.to_string()), Arc::clone(baseline), company));
    let outcomes: Vec<Vec<Outcome>> = futures::stream::iter(runs)
        .buffer_unordered(at_once)
        .collect()
        .await;
    outcomes.concat()
}

/// Replays scenarios on a server.
pub(super) async fn remote(remote: Remote, baseline: &Baseline, mut chosen: Vec<Chosen>) -> Vec<Outcome> {
    let remote = Arc::new(remote);
    let make = |scenario: &Scenario| client(Server::Remote(Arc::clone(&remote)), None, baseline, scenario);
    if let Err(why) = exchange::prepare(&make(&Scenario::default()), baseline).await {
        return chosen.iter().map(|one| one.outcome(Err(why.clone()))).collect();
    }
    // Those that wait for long begin first, so that the others run meanwhile.
    chosen.sort_by_key(|one| !one.scenario.job_controller);
    all(&chosen, baseline, make, AT_ONCE).await
}

/// Runs scenarios on a thread of their own.
async fn apart(data: PathBuf, baseline: Arc<Baseline>, company: Vec<Chosen>) -> Vec<Outcome> {
    let company = Arc::new(company);
    let run = {
        let company = Arc::clone(&company);
        tokio::task::spawn_blocking(move || together(&data, &baseline, &company)).await
    };
    let why = match run {
        Ok(Ok(outcomes)) => return outcomes,
        Ok(Err(why)) => why,
        Err(error) => error.to_string(),
    };
    company.iter().map(|one| one.outcome(Err(why.clone()))).collect()
}

/// Scenarios with a playground and a time of their own.
fn together(data: &Path, baseline: &Baseline, company: &[Chosen]) -> Result<Vec<Outcome>, String> {
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
        let playground = playground.of_minor(RECORDED);
        let make = |scenario: &Scenario| {
            let server = Server::Own(playground.guarded_router());
            client(server, Some(playground.clone()), baseline, scenario)
        };
        // The recorded Nodes were made before anything was frozen.
        playground.start_node_controllers();
        if company.iter().any(|one| one.scenario.job_controller) {
            playground.start_controllers();
        }
        exchange::prepare(&make(&Scenario::default()), baseline).await?;
        let outcomes = all(company, baseline, make, COMPANY).await;
        playground.shutdown().await;
        Ok(outcomes)
    })
}

/// Replays scenarios on one server that is prepared.
async fn all(
    chosen: &[Chosen],
    baseline: &Baseline,
    client: impl Fn(&Scenario) -> Client,
    at_once: usize,
) -> Vec<Outcome> {
    let runs = chosen.iter().map(|one| {
        let client = client(&one.scenario);
        async move { one.outcome(exchange::exchanged(client, baseline, &one.name, &one.scenario).await) }
    });
    futures::stream::iter(runs)
        .buffer_unordered(at_once)
        .collect()
        .await
}
