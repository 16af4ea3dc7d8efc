//! The `jobwright` command.

use std::process::ExitCode;

use clap::Parser;
use server::config::{Arguments, Command};
use tracing_subscriber::EnvFilter;

#[tokio::main]
async fn main() -> ExitCode {
    let arguments = Arguments::parse();
    // Standard output is for the address alone.
    let filter = EnvFilter::try_from_env("JOBWRIGHT_LOG").unwrap_or_else(|_| EnvFilter::new("info"));
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).init();
    let outcome = match arguments.command {
        Command::Serve(serve) => server::serve::run(serve).await,
        Command::Playground(playground) => server::playground::run(playground).await,
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("jobwright: {}", server::with_causes(&error));
            ExitCode::FAILURE
        }
    }
}
