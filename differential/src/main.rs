//! `rules-fuzz`: compares the rules, the editor's check and the playground with a real Kubernetes API server.
//!
//! It mutates Jobs that the server accepts, sends each as a strict dry run, which stores nothing, and prints how many
//! verdicts, sets of fields and messages agree, with the groups of what differs and a small example of each.

mod answer;
mod compare;
mod expectations;
mod judge;
mod meant;
mod minimize;
mod mutate;
mod replies;
mod requests;
mod run;
mod schema;
mod seeds;
mod server;
mod subjects;
mod texts;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Compares the rules, the editor's check and the playground with a real Kubernetes API server.
#[derive(Parser)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Mutates Jobs and sends them as JSON.
    Jobs(Live),
    /// Mutates manifests and sends them as YAML; also compares what the server makes of each value.
    Texts(Live),
    /// Sends mutated requests of every verb on a few Jobs to the server and to the playground.
    Requests(Live),
    /// Compares with the responses in a file that `jobs --record` has written.
    Replay {
        /// The file.
        file: PathBuf,
        /// Number of groups that are printed.
        #[arg(long, default_value_t = 20)]
        groups: usize,
    },
}

/// Options of a run against a server.
#[derive(clap::Args)]
pub struct Live {
    /// Kubeconfig of the API server.
    #[arg(long, env = "KUBECONFIG")]
    pub kubeconfig: PathBuf,
    /// Seed of the mutations: the same seed gives the same requests.
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
    /// Number of requests.
    #[arg(long, default_value_t = 5000)]
    pub count: usize,
    /// Stops after this time, in seconds.
    #[arg(long)]
    pub seconds: Option<u64>,
    /// Writes requests and responses to this file, one as JSON per line.
    #[arg(long)]
    pub record: Option<PathBuf>,
    /// Number of groups that are printed.
    #[arg(long, default_value_t = 20)]
    pub groups: usize,
    /// Fails if the rates are below those of docs/validation.md, or if a false alarm has no known reason.
    #[arg(long)]
    pub require: bool,
}

#[tokio::main]
async fn main() -> ExitCode {
    let result = match Arguments::parse().command {
        Command::Jobs(options) => run::jobs(&options).await,
        Command::Texts(options) => run::texts(&options).await,
        Command::Requests(options) => replies::run(&options).await,
        Command::Replay { file, groups } => run::replay(&file, groups).await,
    };
    match result {
        Ok(code) => code,
        Err(error) => {
            eprintln!("rules-fuzz: {error}");
            ExitCode::FAILURE
        }
    }
}
