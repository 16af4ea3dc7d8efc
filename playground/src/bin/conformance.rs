//! `conformance DIR [FILTER]`: replays recorded exchanges of a real API server and prints what differs.

use std::path::PathBuf;
use std::process::ExitCode;

use playground::conformance::{run, totals};

#[tokio::main]
async fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    let Some(folder) = arguments.next().map(PathBuf::from) else {
        eprintln!("usage: conformance DIR [FILTER]");
        return ExitCode::from(2);
    };
    let filter = arguments.next().unwrap_or_default();
    let scratch = std::env::temp_dir().join(format!("playground-conformance-{}", std::process::id()));
    let outcome = run(&folder, &scratch, |name| name.contains(&filter)).await;
    if let Err(error) = std::fs::remove_dir_all(&scratch) {
        eprintln!("{}: {error}", scratch.display());
    }
    let outcomes = match outcome {
        Ok(outcomes) => outcomes,
        Err(error) => {
            eprintln!("{error}");
            return ExitCode::from(2);
        }
    };
    for outcome in outcomes.iter().filter(|outcome| !outcome.differences.is_empty()) {
        println!("{}/{}", outcome.group, outcome.name);
        for difference in outcome.differences.iter().take(8) {
            println!("    {difference}");
        }
    }
    let (mut passed, mut failed) = (0, 0);
    for (group, (good, bad)) in totals(&outcomes) {
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
