//! Replays recorded exchanges of a real API server, and prints the differences and the counts of each group:
//! `conformance DIR [--server URL --kubeconfig FILE] [FILTER]`.

use std::path::PathBuf;
use std::process::ExitCode;

use playground::conformance::{Outcome, Target, run, totals};

const USAGE: &str = "usage: conformance DIR [--server URL --kubeconfig FILE] [FILTER]";
/// Maximum number of differences printed per scenario.
const MAX_SHOWN: usize = 8;

/// The parsed command line.
#[derive(Default)]
struct Arguments {
    dir: Option<PathBuf>,
    filter: String,
    server: Option<String>,
    kubeconfig: Option<PathBuf>,
}

fn arguments() -> Option<Arguments> {
    let mut found = Arguments::default();
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--server" => found.server = Some(arguments.next()?),
            "--kubeconfig" => found.kubeconfig = Some(arguments.next()?.into()),
            flag if flag.starts_with("--") => return None,
            _ if found.dir.is_none() => found.dir = Some(argument.into()),
            _ => found.filter = argument,
        }
    }
    Some(found)
}

#[tokio::main]
async fn main() -> ExitCode {
    let Some(Arguments {
        dir: Some(dir),
        filter,
        server,
        kubeconfig,
    }) = arguments()
    else {
        eprintln!("{USAGE}");
        return ExitCode::from(2);
    };
    let scratch = std::env::temp_dir().join(format!("playground-conformance-{}", std::process::id()));
    let target = match (server, kubeconfig) {
        (Some(url), Some(kubeconfig)) => Target::Server { url, kubeconfig },
        (None, None) => Target::Own(scratch.clone()),
        _ => {
            eprintln!("{USAGE}");
            return ExitCode::from(2);
        }
    };
    let outcome = run(&dir, &target, |name| name.contains(&filter)).await;
    if scratch.exists()
        && let Err(error) = std::fs::remove_dir_all(&scratch)
    {
        eprintln!("{}: {error}", scratch.display());
    }
    match outcome {
        Ok(outcomes) => print(&outcomes),
        Err(error) => {
            eprintln!("{error}");
            ExitCode::from(2)
        }
    }
}

fn print(outcomes: &[Outcome]) -> ExitCode {
    for outcome in outcomes.iter().filter(|outcome| !outcome.differences.is_empty()) {
        println!("{}/{}", outcome.group, outcome.name);
        for difference in outcome.differences.iter().take(MAX_SHOWN) {
            println!("    {difference}");
        }
    }
    let (mut passed, mut failed) = (0, 0);
    for (group, (good, bad)) in totals(outcomes) {
        println!("{group}: {good} passed, {bad} failed");
        passed += good;
        failed += bad;
    }
    println!("{passed} passed, {failed} failed");
    if failed == 0 {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}
