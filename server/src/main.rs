//! The `jobwright` command.

use std::io::IsTerminal;
use std::process::ExitCode;

use server::cli::arguments::Command;
use server::cli::config_file;
use tracing_subscriber::EnvFilter;

#[tokio::main]
async fn main() -> ExitCode {
    server::data_dir::set_private_umask();
    let arguments = match config_file::parse(std::env::args_os().collect()) {
        Ok(arguments) => arguments,
        Err(error) => {
            eprintln!("jobwright: {}", server::with_causes(&error));
            return ExitCode::FAILURE;
        }
    };
    // kube's client logs can contain whole API responses, Secrets included. Its errors reach us as values anyway.
    let filter =
        EnvFilter::try_from_env("JOBWRIGHT_LOG").unwrap_or_else(|_| EnvFilter::new("info,kube_client=off"));
    // Standard output carries only the sign-in URL.
    let colours = std::io::stderr().is_terminal();
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(colours)
        .init();
    let outcome = match arguments.command {
        Command::Serve(serve) => server::cli::serve::run(serve).await,
        Command::Playground(playground) => server::cli::playground::run(playground).await,
        Command::Manifest { command } => {
            let code = server::cli::manifest::run(
                &command,
                &mut std::io::stdin().lock(),
                &mut std::io::stdout().lock(),
                &mut std::io::stderr().lock(),
            );
            return ExitCode::from(code);
        }
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("jobwright: {}", server::with_causes(&error));
            ExitCode::FAILURE
        }
    }
}
