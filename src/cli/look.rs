//! Looking for damage in the database's file: for a moment before the start, to the end beside the work.
use super::CliError;
use crate::store::{OpenError, Store};
use std::time::Duration;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

/// How long a start waits for it: a small file is seen whole in it, a large one keeps nobody waiting.
const FIRST: Duration = Duration::from_millis(150);

/// How long looking at the whole file may take: meanwhile the journal only grows, because the look reads one state of it.
const WHOLE: Duration = Duration::from_mins(10);

/// Looks for a moment; says whether all of the file was seen.
///
/// # Errors
/// Where it is damaged.
pub async fn first(store: &Store) -> Result<bool, OpenError> {
    store.examine(FIRST, &CancellationToken::new()).await
}

/// Looks at the whole file beside the work. Where there is damage, the work ends: what is written on into a damaged
/// file is lost with it.
pub fn beside(store: &Store, stop: CancellationToken, close: CancellationToken) -> JoinHandle<Result<(), OpenError>> {
    let store = store.clone();
    tokio::spawn(async move {
        match store.examine(WHOLE, &stop).await {
            Err(error @ OpenError::Damaged(_)) => {
                tracing::error!(%error, "stopping");
                stop.cancel();
                close.cancel();
                Err(error)
            }
            Err(error) => {
                tracing::warn!(%error, "the database could not be looked at for damage");
                Ok(())
            }
            Ok(_) => Ok(()),
        }
    })
}

/// What was found beside the work.
///
/// # Errors
/// Where the file is damaged.
pub async fn found(looking: Option<JoinHandle<Result<(), OpenError>>>) -> Result<(), CliError> {
    let Some(looking) = looking else { return Ok(()) };
    match looking.await {
        Ok(looked) => Ok(looked?),
        Err(error) => Err(CliError::Failed(format!("looking for damage: {error}"))),
    }
}
