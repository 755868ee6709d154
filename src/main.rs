//! Process entry: logging, the runtime, and the command line.
use clap::Parser;
use std::process::ExitCode;

fn main() -> ExitCode {
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
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            tracing::error!(%error, "no threads could be started");
            return ExitCode::FAILURE;
        }
    };
    let code = runtime.block_on(fusionsoc::cli::run(cli));
    // Dropped, it would wait for a thread that is stuck for as long as that takes.
    runtime.shutdown_timeout(fusionsoc::limits::BUSY_GRACE);
    code
}
