//! Sends what is due on a channel, in one message, and tries again where it is not taken.
//!
//! A message that was taken and whose worker died before it could say so is sent again with the same id.
use super::{JobError, Worker};
use crate::clock::now_ms;
use crate::limits;
use crate::notify::{self, Channel, Message, plain::plain};
use crate::store::notifications::{self, Notification};
use crate::store::{Tx, jobs};
use serde::Deserialize;

#[derive(Deserialize)]
struct Payload {
    channel: String,
}

/// Sends what is due.
///
/// # Errors
/// See [`JobError`].
pub async fn work(worker: &Worker, job: &jobs::Job) -> Result<(), JobError> {
    let payload: Payload =
        serde_json::from_str(&job.payload).map_err(|error| JobError::Unusable(format!("payload: {error}")))?;
    let name = payload.channel.as_str();
    let now = now_ms();
    let mut tx = worker.store.read().await?;
    let free_ms = free_at(worker, &mut tx, name, now).await?;
    let due = if free_ms <= now {
        notifications::due(&mut tx, name, now, limits::NOTIFY_TOGETHER).await?
    } else {
        Vec::new()
    };
    drop(tx);
    let sent = if due.is_empty() { Ok(()) } else { send(worker, worker.notify.named(name), &due).await };
    let now = now_ms();
    let mut tx = worker.store.write().await?;
    if !jobs::finish(&mut tx, job).await? {
        return Err(JobError::LeaseLost);
    }
    if !due.is_empty() {
        note(&mut tx, name, &due, sent, now).await?;
    }
    if let Some(next) = notifications::next_due(&mut tx, name, now).await? {
        let free_ms = free_at(worker, &mut tx, name, now).await?;
        notify::wake(&mut tx, name, next.max(free_ms)).await?;
    }
    Ok(tx.commit().await?)
}

/// When the channel may send again. What was sent by a clock that was ahead keeps nothing waiting.
async fn free_at(worker: &Worker, tx: &mut Tx, name: &str, now: i64) -> Result<i64, sqlx::Error> {
    let fared = notifications::channels(tx).await?.into_iter().find(|fared| fared.name == name);
    let last = fared.and_then(|fared| fared.sent_ms);
    let every_ms = i64::from(worker.notify.settings.every_s) * 1000;
    Ok(last.filter(|last| *last <= now).map_or(0, |last| last + every_ms))
}

async fn send(worker: &Worker, channel: Option<&Channel>, due: &[Notification]) -> Result<(), String> {
    let Some(channel) = channel else { return Err("this channel is not set up any more".to_owned()) };
    let message = Message::of(due, &worker.notify.public_url);
    let deadline = worker.notify.deadline();
    let sent = tokio::time::timeout(deadline, channel.notifier.send(&message)).await;
    sent.unwrap_or_else(|_| Err(format!("no answer within {} s", deadline.as_secs())))
}

async fn note(
    tx: &mut Tx,
    name: &str,
    due: &[Notification],
    sent: Result<(), String>,
    now: i64,
) -> Result<(), sqlx::Error> {
    let Err(error) = sent else {
        let ids: Vec<i64> = due.iter().map(|one| one.id).collect();
        return notifications::sent(tx, name, &ids, now).await;
    };
    // What the other side says of itself is shown to an admin, no more than a line of it.
    let error = plain(&error, 300);
    tracing::warn!(channel = name, error, waiting = due.len(), "a channel did not take its message");
    notifications::troubled(tx, name, &error, now).await?;
    for one in due {
        let again = usize::try_from(one.attempts).ok().and_then(|tries| limits::NOTIFY_AGAIN_MS.get(tries));
        notifications::not_sent(tx, one.id, &error, again.map(|wait| now + wait)).await?;
    }
    Ok(())
}
