//! Replays exchanges that were recorded with a real API server, and compares the responses.
//!
//! Without a server, scenarios get a playground of their own, without the runtime, as the recordings had no
//! kubelet; and a clock of their own that jumps to the next timer whenever nothing else is to do. So waiting costs
//! nothing, and the order of events does not depend on how fast or how busy the machine is.

mod exchange;
mod normalize;
mod observed;
mod replay;
mod runner;
pub mod scenario;
mod server;
mod states;
mod users;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::conformance::runner::Chosen;
use crate::conformance::scenario::{Baseline, ScenarioError};
use crate::conformance::server::Remote;
pub use crate::conformance::server::ServerError;

/// The result of one scenario.
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

/// Where requests are sent.
#[derive(Clone, Debug)]
pub enum Target {
    /// Playgrounds of this process, with data below this directory.
    Own(PathBuf),
    /// A server, with a kubeconfig whose user `admin` (or only user) is an administrator.
    Server {
        /// Such as `https://127.0.0.1:6443`.
        url: String,
        /// The kubeconfig.
        kubeconfig: PathBuf,
    },
}

/// Returns the passed and failed scenarios of each group.
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

/// Runs the scenarios of directories, of which the first has the baseline, whose `group/file` matches the filter.
pub async fn run(
    dirs: &[PathBuf],
    target: &Target,
    filter: impl Fn(&str) -> bool,
) -> Result<Vec<Outcome>, RunError> {
    let first = dirs.first().map_or(Path::new(""), PathBuf::as_path);
    let baseline: Arc<Baseline> = Arc::new(scenario::read(&first.join("baseline.json"))?);
    let mut chosen = Vec::new();
    for (group, path) in scenario::files(dirs)? {
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
    let mut outcomes = match target {
        Target::Own(scratch) => runner::own(scratch, &baseline, chosen).await,
        Target::Server { url, kubeconfig } => {
            runner::remote(Remote::read(url, kubeconfig)?, &baseline, chosen).await
        }
    };
    outcomes.sort_by(|a, b| (&a.group, &a.name).cmp(&(&b.group, &b.name)));
    Ok(outcomes)
}
