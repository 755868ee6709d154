//! What is removed because of its age is gone for ever, and only the clock tells its age. Where that is far ahead of the
//! last run, either nothing ran for long or the clock is wrong: then nothing is removed until it has said the same for a
//! day.
use crate::store::record::{Entry, audit};
use crate::store::{Actor, Tx, ledger, upkeep};

const HOUR_MS: i64 = 60 * 60 * 1000;
const DAY_MS: i64 = 24 * HOUR_MS;
/// What runs every day, or every hour, is not expected to have paused for longer.
const LEAP_MS: i64 = 8 * DAY_MS;
/// How long the clock must go on saying the same; a little less than the day between two runs, which is never exact.
const SURE_MS: i64 = DAY_MS - HOUR_MS;

/// Under which name it is noted that something of this name is held back, and since when.
pub(crate) fn name(of: &str) -> String {
    format!("{of}_held")
}

/// When a run of this name was last over, or else the ledger last written, and since when it is held back.
async fn last_run(tx: &mut Tx, of: &str, now: i64) -> crate::store::Result<(i64, Option<i64>)> {
    let known = upkeep::all(tx).await?;
    let ran_ms = |name: &str| known.iter().find(|one| one.name == name).map(|one| one.ran_ms);
    let last = match ran_ms(of) {
        Some(last) => last,
        None => ledger::newest_ms(tx).await?.unwrap_or(now),
    };
    Ok((last, ran_ms(&name(of))))
}

/// Whether the clock says the same for too short a time to be believed.
fn is_new(since: Option<i64>, now: i64) -> bool {
    since.is_some_and(|since| (0..SURE_MS).contains(&(now - since)))
}

/// Whether nobody can tell now how old something is: what follows from age alone has to wait.
///
/// # Errors
/// Where the database refuses.
pub(crate) async fn is_unsure(tx: &mut Tx, now: i64) -> crate::store::Result<bool> {
    let (last, since) = last_run(tx, super::upkeep::TURN, now).await?;
    Ok(now - last > LEAP_MS || is_new(since, now))
}

/// Whether a run of this name may not remove anything yet. Each run notes itself by [`upkeep::note`] when it is over.
///
/// # Errors
/// Where the database refuses.
pub(super) async fn is_held(tx: &mut Tx, of: &str, now: i64) -> crate::store::Result<bool> {
    let (last, since) = last_run(tx, of, now).await?;
    let held = name(of);
    if now - last > LEAP_MS {
        tracing::warn!(
            of,
            last_ms = last,
            now_ms = now,
            "the clock is far ahead of the last run: nothing is removed yet"
        );
        let text = |ms: i64| jiff::Timestamp::from_millisecond(ms).map(|at| format!("{at:.0}")).unwrap_or_default();
        let entry = Entry { action: "removal_held", object: of, old: &text(last), new: &text(now) };
        audit(tx, &Actor::system(), None, &entry, now).await?;
        upkeep::note(tx, &held, 0, now).await?;
        return Ok(true);
    }
    if is_new(since, now) {
        return Ok(true);
    }
    // It said the same for a day, or was put right.
    if since.is_some() {
        upkeep::forget(tx, &held).await?;
    }
    Ok(false)
}
