//! `conformance DIR... [--filter TEXT] [--server URL --kubeconfig FILE]`: replays recorded exchanges of a real API server and
//! prints what differs, and the counts of each group.

use std::path::PathBuf;
use std::process::ExitCode;

use playground::conformance::{Outcome, Target, run, totals};

const USAGE: &str = "usage: conformance DIR... [--filter TEXT] [--server URL --kubeconfig FILE]";
/// Most differences that are printed of a scenario.
const SHOWN: usize = 8;

/// What the command line says.
#[derive(Default)]
struct Arguments {
    folders: Vec<PathBuf>,
    filter: String,
    server: Option<String>,
    kubeconfig: Option<PathBuf>,
}

fn arguments() -> Option<Arguments> {
    let mut found = Arguments::default();
    let mut given = std::env::args().skip(1);
    while let Some(argument) = given.next() {
        match argument.as_str() {
            "--filter" => found.filter = given.next()?,
            "--server" => found.server = Some(given.next()?),
            "--kubeconfig" => found.kubeconfig = Some(given.next()?.into()),
            flag if flag.starts_with("--") => return None,
            _ => found.folders.push(argument.into()),
        }
    }
    (!found.folders.is_empty()).then_some(found)
}

#[tokio::main]
async fn main() -> ExitCode {
    let Some(Arguments {
        folders,
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
    let outcome = run(&folders, &target, |name| name.contains(&filter)).await;
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
        for difference in outcome.differences.iter().take(SHOWN) {
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
