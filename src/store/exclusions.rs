//! Exclusions: what people propose and approve. Their back-test is in `test`, what they hide in `hits`,
//! and what is declared of a rule's detections in `samples`.
mod hits;
mod samples;
mod test;
mod watched;

pub use hits::{
    Hit, add_hits, classify, clear_hits, conflict, conflicts_of, hits, hits_of_case, hits_true_positive, keep_looked,
    unlooked,
};
pub use samples::{Noisy, Place, acts, answers, by_programs, documents, noisy, places_of_rule, steered};
pub use test::{
    Arrived, Batch, begin_test, end_test, newest_of_rule, next_batch, next_rule, rule_by_path, start_test, step_test,
};

pub use watched::{set_watched, to_watch};

use super::{JsonText, Result, Scope, Tx, on, run};
use crate::domain::{ExclusionState, HitKind, WorkState};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// How a chain of (number, root, hop) goes on from cases to those that they are part of or duplicates of: what is decided
/// of the last one holds for them. No longer than linking lets one become.
const ONWARD: &str = "UNION ALL SELECT k.number, COALESCE(c.merged_into, c.duplicate_of), k.hop + 1
    FROM chain k JOIN cases c ON c.number = k.root WHERE COALESCE(c.merged_into, c.duplicate_of) IS NOT NULL AND k.hop < 100";

/// Of an exclusion that is over: whether it may still be in LimaCharlie.
const LEFT: &str = "x.state IN ('disabled', 'expired') AND x.publish_state NOT IN ('none', 'done')";

/// How many cases and detections of one kind an exclusion would hide.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tally {
    /// The kind.
    pub kind: HitKind,
    /// Cases.
    pub cases: i64,
    /// Detections of them that it would hide.
    pub detections: i64,
}

/// An exclusion.
#[derive(Debug, Clone, PartialEq, sqlx::FromRow)]
pub struct Exclusion {
    /// Its id.
    pub id: i64,
    /// Its organisation.
    pub org_id: i64,
    /// The organisation's short name.
    pub org: String,
    /// The case that it was proposed for.
    pub case_number: i64,
    /// Its name, unique in the organisation and in LimaCharlie.
    pub name: String,
    /// Why it is there.
    pub comment: String,
    /// The rule in LimaCharlie's syntax.
    pub rule: JsonText<Value>,
    /// Its conditions in words.
    pub conditions: JsonText<Vec<String>>,
    /// How far it is; its time may be over nevertheless.
    pub state: ExclusionState,
    /// When it ends.
    pub expires_ms: i64,
    /// Who proposed it.
    pub proposed_by: String,
    /// When.
    pub proposed_ms: i64,
    /// Who approved it, or whose approval waits for the back-test; or empty.
    pub approver: String,
    /// Whether that person looked at the warnings.
    pub acknowledged: bool,
    /// Who changed it last.
    pub changed_by: String,
    /// When.
    pub changed_ms: Option<i64>,
    /// What was said with the last change.
    pub note: String,
    /// How far its back-test is.
    pub test_state: WorkState,
    /// Which back-test it is: 1, 2, 3 …
    pub test_no: i64,
    /// The rule whose detections are read.
    pub test_rule: i64,
    /// The last of them that was read.
    pub test_detection: i64,
    /// Detections read.
    pub test_read: i64,
    /// Of those, how many could not be evaluated; they count as hidden.
    pub test_unread: i64,
    /// When the first of them happened.
    pub test_first_ms: Option<i64>,
    /// When the back-test ended.
    pub tested_ms: Option<i64>,
    /// What it found.
    pub tallies: JsonText<Vec<Tally>>,
    /// How far writing it to LimaCharlie is.
    pub publish_state: WorkState,
    /// What came of it.
    pub publish_result: String,
    /// LimaCharlie's etag, or empty where it is not there.
    pub etag: String,
    /// Detections that could not be evaluated when it was approved.
    pub looked_at: i64,
    /// When it was last looked whether it does what was approved.
    pub watched_ms: Option<i64>,
    /// What was amiss then, in sentences.
    pub warnings: JsonText<Vec<String>>,
}

impl Exclusion {
    /// How far it is at a time.
    pub fn state_at(&self, now_ms: i64) -> ExclusionState {
        let ends = matches!(self.state, ExclusionState::Proposed | ExclusionState::Approved | ExclusionState::Active);
        if ends && self.expires_ms <= now_ms { ExclusionState::Expired } else { self.state }
    }

    /// Whether a person put it into LimaCharlie, where nothing from here can take it out.
    pub fn is_by_hand(&self) -> bool {
        self.state == ExclusionState::Active && self.publish_state == WorkState::None
    }

    /// Whether it is over and may hide detections all the same, because it was not, or not for sure, taken out of
    /// LimaCharlie.
    pub fn may_be_left(&self, now_ms: i64) -> bool {
        matches!(self.state_at(now_ms), ExclusionState::Disabled | ExclusionState::Expired)
            && !matches!(self.publish_state, WorkState::None | WorkState::Done)
    }

    /// Detections of a kind that it would hide.
    pub fn hidden(&self, kind: HitKind) -> i64 {
        self.tallies.0.iter().filter(|tally| tally.kind == kind).map(|tally| tally.detections).sum()
    }
}

const COLUMNS: &str = "x.id, x.org_id, o.slug AS org, x.case_number, x.name, x.comment, x.rule, x.conditions, x.state, x.expires_ms, x.proposed_by, \
    x.proposed_ms, x.approver, x.acknowledged, x.changed_by, x.changed_ms, x.note, x.test_state, x.test_no, x.test_rule, x.test_detection, x.test_read, \
    x.test_unread, x.test_first_ms, x.tested_ms, x.tallies, x.publish_state, x.publish_result, x.etag, x.looked_at, \
    x.watched_ms, x.warnings";

/// An exclusion to propose.
#[derive(Debug, Clone, Copy)]
pub struct New<'a> {
    /// Its organisation.
    pub org_id: i64,
    /// The case it is for.
    pub case_number: i64,
    /// Its name.
    pub name: &'a str,
    /// Why.
    pub comment: &'a str,
    /// The rule.
    pub rule: &'a Value,
    /// The conditions in words.
    pub conditions: &'a [String],
    /// When it ends.
    pub expires_ms: i64,
    /// Who proposes it.
    pub by: &'a str,
}

/// Adds one; its back-test is still to be asked for.
///
/// # Errors
/// A unique violation where the organisation has one of this name.
pub async fn insert(tx: &mut Tx, new: &New<'_>, now_ms: i64) -> Result<i64> {
    on!(tx, |db| {
        sqlx::query_scalar(
        "INSERT INTO exclusions (org_id, case_number, name, comment, rule, conditions, state, expires_ms, proposed_by, proposed_ms, test_state)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, 'none') RETURNING id"
    )
    .bind(new.org_id)
    .bind(new.case_number)
    .bind(new.name)
    .bind(new.comment)
    .bind(JsonText(new.rule))
    .bind(JsonText(new.conditions))
    .bind(ExclusionState::Proposed)
    .bind(new.expires_ms)
    .bind(new.by)
    .bind(now_ms)
    .fetch_one(db)
    })
}

/// Whether an organisation has one of this name.
pub async fn named(tx: &mut Tx, org_id: i64, name: &str) -> Result<Option<i64>> {
    on!(tx, |db| sqlx::query_scalar("SELECT id FROM exclusions WHERE org_id = $1 AND name = $2")
        .bind(org_id)
        .bind(name)
        .fetch_optional(db))
}

/// One by id, where the scope may see it.
pub async fn visible(tx: &mut Tx, scope: Scope, id: i64) -> Result<Option<Exclusion>> {
    let sql = sqlx::AssertSqlSafe(format!(
        "SELECT {COLUMNS} FROM exclusions x JOIN orgs o ON o.id = x.org_id WHERE x.id = $1
         AND (x.org_id = $2 OR EXISTS (SELECT 1 FROM memberships m WHERE m.org_id = x.org_id AND m.user_id = $3))"
    ));
    on!(tx, |db| sqlx::query_as(sql).bind(id).bind(scope.org_id).bind(scope.user_id).fetch_optional(db))
}

/// One by id, for the product's own work.
pub async fn by_id(tx: &mut Tx, id: i64) -> Result<Exclusion> {
    let sql = sqlx::AssertSqlSafe(format!(
        "SELECT {COLUMNS} FROM exclusions x JOIN orgs o ON o.id = x.org_id WHERE x.id = $1"
    ));
    on!(tx, |db| sqlx::query_as(sql).bind(id).fetch_one(db))
}

/// The newest of an organisation before an id, newest first.
pub async fn page(tx: &mut Tx, org_id: i64, before: i64, limit: i64) -> Result<Vec<Exclusion>> {
    let sql = sqlx::AssertSqlSafe(format!(
        "SELECT {COLUMNS} FROM exclusions x JOIN orgs o ON o.id = x.org_id WHERE x.org_id = $1 AND x.id < $2 ORDER BY x.id DESC LIMIT $3"
    ));
    on!(tx, |db| sqlx::query_as(sql).bind(org_id).bind(before).bind(limit).fetch_all(db))
}

/// Those of an organisation that hide detections or may: approved or active ones whose time is not over, those that
/// somebody approved and that are tried once more before that holds, and those that may be left in LimaCharlie.
pub async fn in_force(tx: &mut Tx, org_id: i64, now_ms: i64) -> Result<Vec<Exclusion>> {
    let sql = sqlx::AssertSqlSafe(format!(
        "SELECT {COLUMNS} FROM exclusions x JOIN orgs o ON o.id = x.org_id WHERE x.org_id = $1
            AND (x.expires_ms > $2 AND (x.state IN ('approved', 'active') OR x.state = 'proposed' AND x.approver <> '') OR {LEFT}) ORDER BY x.id"
    ));
    on!(tx, |db| sqlx::query_as(sql).bind(org_id).bind(now_ms).fetch_all(db))
}

/// Those whose time is over and of which that is not noted, of all organisations.
pub async fn over(tx: &mut Tx, now_ms: i64, limit: i64) -> Result<Vec<Exclusion>> {
    let sql = sqlx::AssertSqlSafe(format!(
        "SELECT {COLUMNS} FROM exclusions x JOIN orgs o ON o.id = x.org_id
         WHERE x.state IN ('proposed', 'approved', 'active') AND x.expires_ms <= $1 ORDER BY x.id LIMIT $2"
    ));
    on!(tx, |db| sqlx::query_as(sql).bind(now_ms).bind(limit).fetch_all(db))
}

/// Notes how many detections could not be evaluated when it was approved.
pub async fn set_looked_at(tx: &mut Tx, id: i64, detections: i64) -> Result<u64> {
    run!(tx, sqlx::query("UPDATE exclusions SET looked_at = $1 WHERE id = $2").bind(detections).bind(id))
}

/// Those proposed for a case, newest first.
pub async fn of_case(tx: &mut Tx, case: i64) -> Result<Vec<Exclusion>> {
    let sql = sqlx::AssertSqlSafe(format!(
        "SELECT {COLUMNS} FROM exclusions x JOIN orgs o ON o.id = x.org_id WHERE x.case_number = $1 ORDER BY x.id DESC LIMIT 20"
    ));
    on!(tx, |db| sqlx::query_as(sql).bind(case).fetch_all(db))
}

/// A change of state.
#[derive(Debug, Clone, Copy)]
pub struct Step<'a> {
    /// The state that it must have.
    pub from: ExclusionState,
    /// The state that it gets.
    pub to: ExclusionState,
    /// Who approved it, as it shall stand there.
    pub approver: &'a str,
    /// Whether that person looked at the warnings.
    pub acknowledged: bool,
    /// Who changes it.
    pub by: &'a str,
    /// What is said with it.
    pub note: &'a str,
}

/// Changes the state; `false` where it is another one by now.
pub async fn step(tx: &mut Tx, id: i64, step: &Step<'_>, now_ms: i64) -> Result<bool> {
    let changed = run!(tx, sqlx::query(
        "UPDATE exclusions SET state = $1, approver = $2, acknowledged = $3, changed_by = $4, changed_ms = $5, note = $6 WHERE id = $7 AND state = $8"
    )
    .bind(step.to)
    .bind(step.approver)
    .bind(step.acknowledged)
    .bind(step.by)
    .bind(now_ms)
    .bind(step.note)
    .bind(id)
    .bind(step.from))?;
    Ok(changed > 0)
}

/// Notes how far writing to LimaCharlie is.
pub async fn set_published(tx: &mut Tx, id: i64, state: WorkState, result: &str, etag: &str) -> Result<u64> {
    run!(
        tx,
        sqlx::query("UPDATE exclusions SET publish_state = $1, publish_result = $2, etag = $3 WHERE id = $4")
            .bind(state)
            .bind(result)
            .bind(etag)
            .bind(id)
    )
}
