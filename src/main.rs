//! Process entry: logging, the runtime, and the command line.
use clap::Parser;
use std::process::ExitCode;

#[tokio::main]
async fn main() -> ExitCode {
    // Whatever is written holds detections or secrets: nobody else on this machine reads it.
    rustix::process::umask(rustix::fs::Mode::from_raw_mode(0o077));
    fusionsoc::api::metrics::started_ms();
    let cli = fusionsoc::cli::Cli::parse();
    fusionsoc::cli::log::start();
    // A panic is a line of the log like any other, with the id of the request that it happened in.
    std::panic::set_hook(Box::new(|panic| {
        let place = panic.location().map(ToString::to_string);
        tracing::error!(place, panic = panic.payload_as_str(), "a part of the program panicked");
    }));
    fusionsoc::cli::run(cli).await
}
