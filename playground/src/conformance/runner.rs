//! Decides which scenarios run where: on a server, or on playgrounds with a clock of their own in this process.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use futures::StreamExt;

use crate::clock::Clock;
use crate::conformance::Outcome;
use crate::conformance::exchange;
use crate::conformance::exchange::client;
use crate::conformance::replay::Client;
use crate::conformance::scenario::{Baseline, Scenario};
use crate::conformance::server::{Remote, Server};
use crate::{Options, Playground};

/// Minor version of the server that the exchanges were recorded with.
const RECORDED: u16 = 36;

/// Maximum number of concurrent scenarios on a server: most of their time is waiting.
const MAX_CONCURRENT: usize = 48;

/// Maximum number of scenarios that share a playground, about as many as when they were recorded.
const MAX_SHARED: usize = 16;

/// A scenario to replay.
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

/// Groups the scenarios that share a playground: those that were recorded with controllers, as they affect one
/// another (a Pod that finishes frees resources for others). Each of the rest has its own.
fn groups(chosen: Vec<Chosen>) -> Vec<Vec<Chosen>> {
    let mut shared: BTreeMap<String, Vec<Chosen>> = BTreeMap::new();
    let mut groups = Vec::new();
    for one in chosen {
        if one.scenario.job_controller {
            shared.entry(one.group.clone()).or_default().push(one);
        } else {
            groups.push(vec![one]);
        }
    }
    // The long ones start first.
    shared.into_values().chain(groups).collect()
}

/// Replays scenarios on playgrounds of this process, with data below this directory.
pub(super) async fn own(scratch: &Path, baseline: &Arc<Baseline>, chosen: Vec<Chosen>) -> Vec<Outcome> {
    let at_once = std::thread::available_parallelism().map_or(1, usize::from);
    let runs = groups(chosen)
        .into_iter()
        .enumerate()
        .map(|(number, group)| on_own_thread(scratch.join(number.to_string()), Arc::clone(baseline), group));
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
    // Those with long waits start first, so that the others run meanwhile.
    chosen.sort_by_key(|one| !one.scenario.job_controller);
    all(&chosen, baseline, make, MAX_CONCURRENT).await
}

/// Runs scenarios on a thread of their own.
async fn on_own_thread(data: PathBuf, baseline: Arc<Baseline>, group: Vec<Chosen>) -> Vec<Outcome> {
    let group = Arc::new(group);
    let run = {
        let group = Arc::clone(&group);
        tokio::task::spawn_blocking(move || together(&data, &baseline, &group)).await
    };
    let why = match run {
        Ok(Ok(outcomes)) => return outcomes,
        Ok(Err(why)) => why,
        Err(error) => error.to_string(),
    };
    group.iter().map(|one| one.outcome(Err(why.clone()))).collect()
}

/// Runs scenarios with a playground and a clock of their own.
fn together(data: &Path, baseline: &Baseline, group: &[Chosen]) -> Result<Vec<Outcome>, String> {
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
        // The recorded Nodes were created before the controllers were stopped.
        playground.start_node_controllers();
        if group.iter().any(|one| one.scenario.job_controller) {
            playground.start_controllers();
        }
        exchange::prepare(&make(&Scenario::default()), baseline).await?;
        let outcomes = all(group, baseline, make, MAX_SHARED).await;
        playground.shutdown().await;
        Ok(outcomes)
    })
}

/// Replays scenarios on one prepared server.
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
