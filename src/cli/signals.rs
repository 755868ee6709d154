//! Signals: what ends the program, and what does not.
use super::CliError;
use crate::limits;
use std::time::Duration;
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

/// Lets the program outlive SIGHUP, which would end it at once: who asks it to read its settings again must not stop
/// it. A certificate hears the same signal and is read again, see [`crate::web::tls::Certificate::watch`].
///
/// # Errors
/// Where the system lets nobody hear of signals.
pub fn outlive_hangups() -> Result<(), CliError> {
    let hangup = signal(SignalKind::hangup());
    let mut hangup = hangup.map_err(|error| CliError::Failed(format!("SIGHUP can't be heard of: {error}")))?;
    tokio::spawn(async move {
        while hangup.recv().await.is_some() {
            tracing::info!("SIGHUP: a certificate is read again, all other settings at a start alone");
        }
    });
    Ok(())
}

/// The first signal asks to stop, the second one stops at once. Whoever is told to end by the system still answers for a
/// moment that it is not ready, so that what balances load sends nobody any more; who interrupts it does not wait.
pub async fn until_stopped(stop: CancellationToken, close: CancellationToken) {
    let (Ok(mut term), Ok(mut int)) = (signal(SignalKind::terminate()), signal(SignalKind::interrupt())) else {
        return;
    };
    let mut either = async || tokio::select! { _ = term.recv() => limits::DRAIN, _ = int.recv() => Duration::ZERO };
    let wait = either().await;
    stop.cancel();
    tokio::select! {
        () = tokio::time::sleep(wait) => close.cancel(),
        _ = either() => std::process::exit(1),
    }
    either().await;
    std::process::exit(1);
}
