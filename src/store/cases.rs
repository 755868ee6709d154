//! Cases: opened by ingest, moved by runs and people, read one at a time. Lists are in `queue`.
mod blind;
mod decision;
mod dissent;
mod grown;
mod host;
mod merged;
mod overdue;
mod states;
mod triaged;

pub use blind::{Committed, blind_among, commit_blind, set_blind};
pub(super) use decision::by_program;
pub use decision::{Decision, decide};
pub use grown::{Grown, grow};
pub use host::high_on_host;
pub use merged::{own_severity, raise, set_level, set_severities, severities_of_parts, untouched};
pub use overdue::overdue;
pub use states::{State, states};
pub use triaged::{Triaged, first_of, rank, set_triaged};

use super::runs::RunState;
use super::{JsonText, Result, Scope, Tx, on, run};
use crate::domain::{Blind, MachineVerdict, Outcome, Severity, Status, Verdict};
use serde::{Deserialize, Serialize};

/// A case.
#[derive(Debug, Clone, PartialEq, sqlx::FromRow)]
pub struct Case {
    /// Its number, unique in the installation.
    pub number: i64,
    /// Its organisation.
    pub org_id: i64,
    /// The organisation's short name.
    pub org: String,
    /// The rule's title.
    pub title: String,
    /// The rule that opened it.
    pub rule_id: i64,
    /// The rule's path.
    pub rule_path: String,
    /// The sensor.
    pub sensor_id: i64,
    /// The host's name.
    pub hostname: String,
    /// The user, or empty.
    pub user_name: String,
    /// `parent → child`, or empty.
    pub chain: String,
    /// The behaviour that opened it.
    pub fingerprint: String,
    /// Where it stands.
    pub status: Status,
    /// What a person decided.
    pub verdict: Verdict,
    /// The reason's code, or empty.
    pub reason: String,
    /// Who decided, or empty.
    pub decided_by: String,
    /// When it was decided.
    pub decided_ms: Option<i64>,
    /// The worst of its runs' verdicts.
    pub machine_verdict: MachineVerdict,
    /// How the votes of that run came out.
    pub outcome: Option<Outcome>,
    /// The stated confidence of that run.
    pub confidence: Option<f64>,
    /// 0 to 100.
    pub risk_score: Option<i64>,
    /// How far the newest run is.
    pub triage_state: RunState,
    /// The votes for the queue.
    pub glance: JsonText<Vec<Glance>>,
    /// The severity that counts now.
    pub severity: Severity,
    /// `rule`, `panel` or a person's name.
    pub severity_by: String,
    /// The rule's own level, the highest of its detections.
    pub rule_level: Option<Severity>,
    /// How many flags argue against the verdict.
    pub flags: i64,
    /// Who has it.
    pub assignee: Option<String>,
    /// The closed case that this one repeats.
    pub previous_case: Option<i64>,
    /// The case that this one became part of.
    pub merged_into: Option<i64>,
    /// The case that it was closed as a duplicate of.
    pub duplicate_of: Option<i64>,
    /// How many detections it holds.
    pub detections: i64,
    /// How often those were sent again.
    pub repeats: i64,
    /// When it was opened.
    pub opened_ms: i64,
    /// When it last changed.
    pub updated_ms: i64,
    /// Its earliest event.
    pub first_event_ms: i64,
    /// Its latest event.
    pub last_event_ms: i64,
    /// When it was closed.
    pub closed_ms: Option<i64>,
    /// When the machine closed it, while it stands closed since.
    pub machine_closed_ms: Option<i64>,
    /// Grows with every decision, to tell that a page is stale.
    pub version: i64,
    /// Whether it holds a recorded triage of elsewhere.
    pub recorded: bool,
    /// Whether a run ended after a person's verdict and says otherwise.
    pub dissent: bool,
    /// When a person declared it for the first time, slips left out.
    pub first_decided_ms: Option<i64>,
    /// When a verdict on it was last overturned.
    pub overturned_ms: Option<i64>,
    /// Whether AI had closed it before a person looked at it.
    pub spot_checked: bool,
    /// Whether it stands aside until `snoozed_until_ms`.
    pub snoozed: bool,
    /// Until when it stands aside, or last did.
    pub snoozed_until_ms: Option<i64>,
    /// Who put it aside, or last did; or empty.
    pub snoozed_by: String,
    /// Why it came back: `time`, `detection`, `vote` or `hand`; empty while it is aside or never was.
    pub woken: String,
    /// When it was given to the one who has it.
    pub assigned_ms: Option<i64>,
    /// Tags that people gave it, sorted.
    pub tags: JsonText<Vec<String>>,
    /// Whether people decide it before they learn what the panel says.
    pub blind: Blind,
    /// The share of cases by which that was drawn, 0 to 1.
    pub blind_share: f64,
    /// Whether a program declared the verdict that stands.
    pub by_program: bool,
}

/// A vote as the queue shows it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Glance {
    /// The voter.
    pub voter: String,
    /// `pending`, `ok`, `abstained` or `failed`.
    pub state: crate::domain::VoteState,
    /// Its verdict, if it gave one.
    pub verdict: Option<MachineVerdict>,
}

/// The columns of [`Case`], from `cases c` joined with orgs, rules and users.
pub(super) const COLUMNS: &str = "c.number, c.org_id, o.slug AS org, c.title, c.rule_id, r.path AS rule_path, c.sensor_id, c.hostname, c.user_name, c.chain, \
    c.fingerprint, c.status, c.verdict, c.reason, c.decided_by, c.decided_ms, c.machine_verdict, c.outcome, c.confidence, c.risk_score, \
    c.triage_state, c.glance, c.severity, c.severity_by, c.rule_level, c.flags, u.username AS assignee, c.previous_case, c.merged_into, c.duplicate_of, c.detections, c.repeats, \
    c.opened_ms, c.updated_ms, c.first_event_ms, c.last_event_ms, c.closed_ms, c.machine_closed_ms, c.version, c.recorded, c.dissent, c.first_decided_ms, \
    c.overturned_ms, c.spot_checked, c.snoozed, c.snoozed_until_ms, c.snoozed_by, c.woken, c.assigned_ms, c.tags, c.blind, c.blind_share, c.by_program";
/// The tables behind [`COLUMNS`].
pub(super) const TABLES: &str =
    "cases c JOIN orgs o ON o.id = c.org_id JOIN rules r ON r.id = c.rule_id LEFT JOIN users u ON u.id = c.assignee_id";

/// A case to open.
#[derive(Debug, Clone, Copy)]
pub struct New<'a> {
    /// A number of choice, or the next one.
    pub number: Option<i64>,
    /// Its organisation.
    pub org_id: i64,
    /// The rule's title.
    pub title: &'a str,
    /// The rule.
    pub rule_id: i64,
    /// The sensor.
    pub sensor_id: i64,
    /// The host's name.
    pub hostname: &'a str,
    /// The user, or empty.
    pub user_name: &'a str,
    /// `parent → child`, or empty.
    pub chain: &'a str,
    /// The behaviour.
    pub fingerprint: &'a str,
    /// The rule's severity.
    pub severity: Severity,
    /// The rule's own level.
    pub rule_level: Option<Severity>,
    /// The closed case that this one repeats.
    pub previous_case: Option<i64>,
    /// When the event happened.
    pub event_ms: i64,
    /// When the case opens.
    pub opened_ms: i64,
    /// `Queued` where a run is about to be asked for, else `None`.
    pub triage_state: RunState,
    /// The share by which it is drawn for blind review, 0 to 1.
    pub blind_share: f64,
}

/// Opens a case with its first detection still to come; returns its number.
pub async fn insert(tx: &mut Tx, new: &New<'_>) -> Result<i64> {
    let sql = if new.number.is_some() { INSERT_NUMBERED } else { INSERT };
    on!(tx, |db| sqlx::query_scalar(sql)
        .bind(new.org_id)
        .bind(new.title)
        .bind(new.rule_id)
        .bind(new.sensor_id)
        .bind(new.hostname)
        .bind(new.user_name)
        .bind(new.chain)
        .bind(new.fingerprint)
        .bind(new.severity)
        .bind(new.rule_level)
        .bind(new.previous_case)
        .bind(new.event_ms)
        .bind(new.opened_ms)
        .bind(rank(MachineVerdict::None, None, 0, new.severity, 0.0))
        .bind(new.number.unwrap_or_default())
        .bind(new.triage_state)
        .bind(new.blind_share)
        .fetch_one(db))
}

const INSERT: &str = "INSERT INTO cases (org_id, title, rule_id, sensor_id, hostname, user_name, chain, fingerprint, status, open, verdict,
        machine_verdict, triage_state, severity, severity_by, rule_level, previous_case, detections, opened_ms, updated_ms, first_event_ms, last_event_ms, queue_rank, blind_share)
     SELECT $1, $2, $3, $4, $5, $6, $7, $8, 'new', TRUE, 'pending', 'none', $16, $9, 'rule', $10, $11, 0, $13, $13, $12, $12, $14, $17
     WHERE $15 = 0 RETURNING number";
const INSERT_NUMBERED: &str = "INSERT INTO cases (number, org_id, title, rule_id, sensor_id, hostname, user_name, chain, fingerprint, status, open, verdict,
        machine_verdict, triage_state, severity, severity_by, rule_level, previous_case, detections, opened_ms, updated_ms, first_event_ms, last_event_ms, queue_rank, blind_share)
     VALUES ($15, $1, $2, $3, $4, $5, $6, $7, $8, 'new', TRUE, 'pending', 'none', $16, $9, 'rule', $10, $11, 0, $13, $13, $12, $12, $14, $17) RETURNING number";

/// Counts a repeat.
pub async fn add_repeat(tx: &mut Tx, org_id: i64, detect_id: &str) -> Result<u64> {
    run!(
        tx,
        sqlx::query(
            "UPDATE cases SET repeats = repeats + 1 WHERE number = (SELECT case_number FROM detections WHERE org_id = $1 AND detect_id = $2)"
        )
        .bind(org_id)
        .bind(detect_id)
    )
}

/// The case, where the scope may see it.
pub async fn visible(tx: &mut Tx, scope: Scope, number: i64) -> Result<Option<Case>> {
    let sql = sqlx::AssertSqlSafe(format!(
        "SELECT {COLUMNS} FROM {TABLES} WHERE c.number = $1
         AND (c.org_id = $2 OR EXISTS (SELECT 1 FROM memberships m WHERE m.org_id = c.org_id AND m.user_id = $3))"
    ));
    on!(tx, |db| sqlx::query_as(sql).bind(number).bind(scope.org_id).bind(scope.user_id).fetch_optional(db))
}

/// The case, for the product's own work.
pub async fn by_number(tx: &mut Tx, number: i64) -> Result<Case> {
    let sql = sqlx::AssertSqlSafe(format!("SELECT {COLUMNS} FROM {TABLES} WHERE c.number = $1"));
    on!(tx, |db| sqlx::query_as(sql).bind(number).fetch_one(db))
}

/// Sets the severity by hand.
pub async fn set_severity(tx: &mut Tx, number: i64, severity: Severity, by: &str, rank: i64) -> Result<u64> {
    run!(
        tx,
        sqlx::query(
            "UPDATE cases SET severity = $1, severity_by = $2, queue_rank = $3, own_severity = NULL, own_severity_by = NULL,
                version = version + 1 WHERE number = $4"
        )
        .bind(severity)
        .bind(by)
        .bind(rank)
        .bind(number)
    )
}

/// Gives the case to somebody, or to nobody.
pub async fn assign(tx: &mut Tx, number: i64, user_id: Option<i64>, now_ms: i64) -> Result<u64> {
    run!(
        tx,
        sqlx::query("UPDATE cases SET assignee_id = $1, assigned_ms = $3, version = version + 1 WHERE number = $2")
            .bind(user_id)
            .bind(number)
            .bind(user_id.map(|_| now_ms))
    )
}

/// Makes stale pages of a case tell, because its question is open again.
pub async fn bump(tx: &mut Tx, number: i64) -> Result<u64> {
    run!(tx, sqlx::query("UPDATE cases SET version = version + 1 WHERE number = $1").bind(number))
}
