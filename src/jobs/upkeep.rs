//! Removes what is over, such as sessions and counts of wrong passwords: every hour, by one of all servers.
use super::held;
use crate::clock::now_ms;
use crate::limits;
use crate::review::gate;
use crate::store::{
    Result, Store, drafts, idempotency, identities, jobs, looks, lookups, second, sessions, throttles, upkeep,
};
use crate::tuning::ending;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// The turn that servers take.
pub(super) const TURN: &str = "hourly";
/// So long a turn holds. A little less than the servers' own hour, which is never exact.
const TURN_MS: i64 = 55 * 60_000;
/// How often a server looks whether it is due.
const LOOK: Duration = Duration::from_mins(10);

/// What is removed, with what it is called on pages.
pub const REMOVED: &[(&str, &str)] = &[
    ("sessions", "Sessions that ended"),
    ("second", "Sign-ins that waited for a code"),
    ("identities", "Sign-ins that began at the provider"),
    ("throttles", "Counts of wrong passwords"),
    ("forms", "Keys of sent forms"),
    ("drafts", "Drafts that nobody sent"),
    ("looks", "Who last looked at a case"),
    ("lookups", "Answers of intelligence providers"),
    ("workers", "Workers that are gone"),
];

/// Removes what is over, unless another server did within the hour.
///
/// # Errors
/// Where the database refuses; then nothing was removed.
pub async fn once(store: &Store) -> Result<bool> {
    let now = now_ms();
    let mut tx = store.write().await?;
    let is_held = held::is_held(&mut tx, TURN, now).await?;
    if !upkeep::take(&mut tx, TURN, TURN_MS, now).await? {
        return Ok(false);
    }
    let removed = [
        ("sessions", sessions::purge(&mut tx, now).await?),
        ("second", second::purge(&mut tx, now).await?),
        ("identities", identities::purge(&mut tx, now).await?),
        ("throttles", throttles::purge(&mut tx, now - limits::THROTTLE_MS).await?),
        ("forms", idempotency::purge(&mut tx, now - limits::FORM_KEY_MS).await?),
        ("drafts", drafts::purge(&mut tx, now - limits::DRAFT_MS).await?),
        ("looks", looks::purge(&mut tx, now - limits::LOOK_MS).await?),
        ("lookups", lookups::purge(&mut tx, now).await?),
        ("workers", jobs::forget_workers(&mut tx, now - limits::WORKER_KEPT_MS).await?),
    ];
    for (name, count) in removed {
        upkeep::note(&mut tx, name, count, now).await?;
    }
    // What rests on reviews that are too old by now is shut, unless the clock may be wrong.
    gate::check(&mut tx, None, now).await?;
    // What was ended is not taken up again once the clock is right.
    if !is_held {
        ending::end_those_over(&mut tx, now).await?;
    }
    tx.commit().await?;
    Ok(true)
}

/// The same every hour until `stop`.
pub async fn run(store: Store, stop: CancellationToken) {
    let mut look = tokio::time::interval(LOOK);
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            _ = look.tick() => {}
        }
        if let Err(error) = once(&store).await {
            tracing::warn!(%error, "old sessions could not be removed");
        }
    }
}
