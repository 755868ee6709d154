//! Process entry: logging, the runtime, and the command line.
use clap::Parser;
use std::process::ExitCode;
use tracing_subscriber::EnvFilter;

#[tokio::main]
async fn main() -> ExitCode {
    let cli = fusionsoc::cli::Cli::parse();
    let filter = EnvFilter::try_from_env("FUSIONSOC_LOG").unwrap_or_else(|_| EnvFilter::new("warn,fusionsoc=info"));
    tracing_subscriber::fmt().json().with_env_filter(filter).with_writer(std::io::stderr).init();
    fusionsoc::cli::run(cli).await
}
