//! What is told to the outside: a row for each thing and channel, kept with what came of it.
use super::many::{ROWS, places};
use super::{JsonText, Result, Tx, on, run};
use crate::domain::{Severity, words};
use crate::limits::NOTIFY_AGAIN_MS;
use serde::{Deserialize, Serialize};

words! {
    /// What a notification tells.
    Kind ("kind") {
        /// The panel calls a case a true positive.
        TruePositive = "true_positive", "Likely true positive";
        /// The votes on a case are split.
        Split = "split", "Split vote";
        /// Nobody has touched a case in time.
        Overdue = "overdue", "Overdue case";
        /// A snoozed case is back.
        Reminder = "reminder", "Back from snooze";
        /// A source delivers nothing for longer than it ever did.
        SilentSource = "silent_source", "Silent source";
        /// A model lost its vote in the injection range.
        VoterSuspended = "voter_suspended", "Vote taken away";
        /// An exclusion in force does not do what was approved.
        Exclusion = "exclusion", "Exclusion to look at";
        /// A scheduled backup failed.
        BackupFailed = "backup_failed", "Backup failed";
        /// The ledger is not what it was, and was not sealed.
        SealRefused = "seal_refused", "Audit log altered";
        /// Somebody tries the channel.
        Test = "test", "Test";
    }
}

words! {
    /// How far a notification is.
    Delivery ("delivery") {
        /// It waits for its turn or its next try.
        Queued = "queued", "Queued";
        /// The other side took it.
        Sent = "sent", "Sent";
        /// It was tried often enough.
        Failed = "failed", "Failed";
    }
}

/// What is told, already made harmless: see `notify::plain`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Facts {
    /// The organisation's short name, or empty.
    pub org: String,
    /// The case's number.
    pub case: Option<i64>,
    /// What it is about: the case's title, a source, a voter.
    pub title: String,
    /// The host's name, or empty.
    pub host: String,
    /// The case's severity.
    pub severity: Option<Severity>,
    /// The machine's verdict, or empty.
    pub verdict: String,
    /// What happened, in a sentence of ours.
    pub text: String,
    /// The rule's path, or empty where details stay inside.
    pub rule: String,
    /// The user, or empty.
    pub user: String,
    /// The process chain, or empty.
    pub chain: String,
}

/// A notification to queue.
#[derive(Debug, Clone, Copy)]
pub struct New<'a> {
    /// Its organisation; none where it is about the installation.
    pub org_id: Option<i64>,
    /// What it tells.
    pub kind: Kind,
    /// About what, such as `case:459`: told once for each kind and channel.
    pub subject: &'a str,
    /// By which channel.
    pub channel: &'a str,
    /// What is told.
    pub facts: &'a Facts,
}

/// A stored notification.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct Notification {
    /// Its id.
    pub id: i64,
    /// Its organisation; none where it is about the installation.
    pub org_id: Option<i64>,
    /// What it tells.
    pub kind: Kind,
    /// By which channel.
    pub channel: String,
    /// What is told.
    pub facts: JsonText<Facts>,
    /// How far it is.
    pub state: Delivery,
    /// How often it was tried.
    pub attempts: i64,
    /// Why the last try failed, or empty.
    pub error: String,
    /// When it happened.
    pub created_ms: i64,
    /// When it is tried next.
    pub due_ms: i64,
    /// When the other side took it.
    pub sent_ms: Option<i64>,
}

const COLUMNS: &str = "id, org_id, kind, channel, facts, state, attempts, error, created_ms, due_ms, sent_ms";

/// Queues a notification; `false` where it was queued before.
pub async fn insert(tx: &mut Tx, new: &New<'_>, now_ms: i64) -> Result<bool> {
    let added = run!(
        tx,
        sqlx::query(
            "INSERT INTO notifications (org_id, kind, subject, channel, facts, state, created_ms, due_ms)
             VALUES ($1, $2, $3, $4, $5, 'queued', $6, $6) ON CONFLICT (subject, kind, channel) DO NOTHING"
        )
        .bind(new.org_id)
        .bind(new.kind)
        .bind(new.subject)
        .bind(new.channel)
        .bind(JsonText(new.facts))
        .bind(now_ms)
    )?;
    Ok(added > 0)
}

/// Whether something was told of a subject, by whatever channel.
pub async fn is_known(tx: &mut Tx, kind: Kind, subject: &str) -> Result<bool> {
    let id: Option<i64> =
        on!(tx, |db| sqlx::query_scalar("SELECT id FROM notifications WHERE subject = $1 AND kind = $2 LIMIT 1")
            .bind(subject)
            .bind(kind)
            .fetch_optional(db))?;
    Ok(id.is_some())
}

/// Nothing waits longer than this for its next try: what is due later was put off by a clock that was ahead.
const LONGEST_MS: i64 = NOTIFY_AGAIN_MS[NOTIFY_AGAIN_MS.len() - 1];

/// What a channel has to send now, the oldest first.
pub async fn due(tx: &mut Tx, channel: &str, now_ms: i64, most: i64) -> Result<Vec<Notification>> {
    let sql = sqlx::AssertSqlSafe(format!(
        "SELECT {COLUMNS} FROM notifications WHERE state = 'queued' AND channel = $1 AND (due_ms <= $2 OR due_ms > $4) ORDER BY due_ms, id LIMIT $3"
    ));
    on!(tx, |db| sqlx::query_as(sql).bind(channel).bind(now_ms).bind(most).bind(now_ms + LONGEST_MS).fetch_all(db))
}

/// When a channel has something to send next.
pub async fn next_due(tx: &mut Tx, channel: &str, now_ms: i64) -> Result<Option<i64>> {
    let due: Option<i64> = on!(tx, |db| sqlx::query_scalar(
        "SELECT due_ms FROM notifications WHERE state = 'queued' AND channel = $1 ORDER BY due_ms, id LIMIT 1"
    )
    .bind(channel)
    .fetch_optional(db))?;
    Ok(due.map(|due| if due > now_ms + LONGEST_MS { now_ms } else { due }))
}

/// Notes that the other side took some; whatever still waits for the channel is worth a try now.
pub async fn sent(tx: &mut Tx, channel: &str, ids: &[i64], now_ms: i64) -> Result<()> {
    for part in ids.chunks(ROWS) {
        let sql = sqlx::AssertSqlSafe(format!(
            "UPDATE notifications SET state = 'sent', error = '', attempts = attempts + 1, sent_ms = {now_ms} WHERE id IN {}",
            places(1, part.len())
        ));
        run!(tx, part.iter().fold(sqlx::query(sql), |query, id| query.bind(*id)))?;
    }
    run!(
        tx,
        sqlx::query("UPDATE notifications SET due_ms = $1 WHERE state = 'queued' AND channel = $2 AND due_ms > $1")
            .bind(now_ms)
            .bind(channel)
    )?;
    run!(
        tx,
        sqlx::query(
            "INSERT INTO channels (name, sent_ms) VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET sent_ms = $2"
        )
        .bind(channel)
        .bind(now_ms)
    )?;
    Ok(())
}

/// Notes that one was not taken, and when it is tried again; never again without a time.
pub async fn not_sent(tx: &mut Tx, id: i64, error: &str, again_ms: Option<i64>) -> Result<u64> {
    run!(
        tx,
        sqlx::query(
            "UPDATE notifications SET attempts = attempts + 1, error = $1, due_ms = COALESCE($2, due_ms), state = $3 WHERE id = $4"
        )
        .bind(error)
        .bind(again_ms)
        .bind(if again_ms.is_some() { Delivery::Queued } else { Delivery::Failed })
        .bind(id)
    )
}

/// Notes why a channel failed.
pub async fn troubled(tx: &mut Tx, channel: &str, error: &str, now_ms: i64) -> Result<u64> {
    run!(
        tx,
        sqlx::query(
            "INSERT INTO channels (name, error, error_ms) VALUES ($1, $2, $3) ON CONFLICT (name) DO UPDATE SET error = $2, error_ms = $3"
        )
        .bind(channel)
        .bind(error)
        .bind(now_ms)
    )
}

/// Queues a failed one again, as if it were new; returns its channel and organisation.
pub async fn again(tx: &mut Tx, user_id: i64, id: i64, now_ms: i64) -> Result<Option<(String, Option<i64>)>> {
    on!(tx, |db| {
        sqlx::query_as(
        "UPDATE notifications SET state = 'queued', attempts = 0, due_ms = $1 WHERE id = $2 AND state = 'failed'
         AND (org_id IS NULL OR EXISTS (SELECT 1 FROM memberships m WHERE m.org_id = notifications.org_id AND m.user_id = $3))
         RETURNING channel, org_id"
    )
    .bind(now_ms)
    .bind(id)
    .bind(user_id)
    .fetch_optional(db)
    })
}

/// The newest of a person's organisations and of the installation.
pub async fn newest(tx: &mut Tx, user_id: i64, most: i64) -> Result<Vec<Notification>> {
    let sql = sqlx::AssertSqlSafe(format!(
        "SELECT {COLUMNS} FROM notifications n WHERE n.org_id IS NULL
         OR EXISTS (SELECT 1 FROM memberships m WHERE m.org_id = n.org_id AND m.user_id = $1)
         ORDER BY created_ms DESC, id DESC LIMIT $2"
    ));
    on!(tx, |db| sqlx::query_as(sql).bind(user_id).bind(most).fetch_all(db))
}

/// How a channel fared.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct Fared {
    /// The channel.
    pub name: String,
    /// When it last took a message.
    pub sent_ms: Option<i64>,
    /// Why it last failed, or empty.
    pub error: String,
    /// When that was.
    pub error_ms: Option<i64>,
}

/// How each channel fared.
pub async fn channels(tx: &mut Tx) -> Result<Vec<Fared>> {
    on!(tx, |db| sqlx::query_as("SELECT name, sent_ms, error, error_ms FROM channels ORDER BY name").fetch_all(db))
}

/// How many wait for each channel.
pub async fn waiting(tx: &mut Tx) -> Result<Vec<(String, i64)>> {
    on!(tx, |db| sqlx::query_as(
        "SELECT channel, COUNT(*) FROM notifications WHERE state = 'queued' GROUP BY channel ORDER BY channel"
    )
    .fetch_all(db))
}

/// Removes what was told before a time and waits for nothing.
pub async fn purge(tx: &mut Tx, before_ms: i64) -> Result<u64> {
    run!(tx, sqlx::query("DELETE FROM notifications WHERE created_ms < $1 AND state <> 'queued'").bind(before_ms))
}
