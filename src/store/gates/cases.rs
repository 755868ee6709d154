//! Cases that are or were eligible: their gates, their draw, and what became of them.
use super::Gate;
use crate::domain::{GateLevel, MachineVerdict, Verdict};
use crate::store::related::FOLLOWERS;
use crate::store::runs::{Flag, SUPERSEDES};
use crate::store::{JsonText, Result, Tx, on, run};

/// A case that is or was eligible.
#[derive(Debug, Clone, PartialEq, sqlx::FromRow)]
pub struct Kept {
    /// The case.
    pub case_number: i64,
    /// Its organisation.
    pub org_id: i64,
    /// Its rule.
    pub rule_id: i64,
    /// The run after which it was last judged.
    pub run_id: i64,
    /// How many behaviours it held then.
    pub behaviours: i64,
    /// The gate of its rule.
    pub rule_gate: i64,
    /// The gate of the rule's family, where it has one.
    pub family_gate: Option<i64>,
    /// The gate of its organisation.
    pub org_gate: i64,
    /// Whether it is eligible now.
    pub eligible: bool,
    /// Why not, in words, or empty.
    pub why: String,
    /// When it became eligible.
    pub at_ms: i64,
    /// The share by which it was drawn or not.
    pub share: f64,
    /// Whether people review it blind.
    pub drawn: bool,
    /// Whether the machine would close it if its gate were open.
    pub would_close: bool,
    /// The open gate that lets the machine close it.
    pub opened_by: Option<i64>,
    /// When the machine closed it.
    pub closed_ms: Option<i64>,
    /// When it was opened again after that.
    pub reopened_ms: Option<i64>,
    /// The action on the sensor that followed.
    pub action_id: Option<i64>,
    /// What a person declared since.
    pub verdict: Verdict,
    /// When.
    pub declared_ms: Option<i64>,
    /// The act by which it counts as a review.
    pub act: Option<String>,
    /// In which of its gates it counts, one bit for each in the order of [`Kept::gates`].
    pub counted: i64,
}

impl Kept {
    /// A case of which nothing is known yet.
    pub fn of(case_number: i64, org_id: i64) -> Self {
        Self {
            case_number,
            org_id,
            rule_id: 0,
            run_id: 0,
            behaviours: 0,
            rule_gate: 0,
            family_gate: None,
            org_gate: 0,
            eligible: true,
            why: String::new(),
            at_ms: 0,
            share: 0.0,
            drawn: false,
            would_close: false,
            opened_by: None,
            closed_ms: None,
            reopened_ms: None,
            action_id: None,
            verdict: Verdict::Pending,
            declared_ms: None,
            act: None,
            counted: 0,
        }
    }

    /// Its gates, from the rule's to the organisation's.
    pub fn gates(&self) -> Vec<i64> {
        [Some(self.rule_gate), self.family_gate, Some(self.org_gate)].into_iter().flatten().collect()
    }
}

const COLUMNS: &str = "case_number, org_id, rule_id, run_id, behaviours, rule_gate, family_gate, org_gate, eligible, why, at_ms, share, drawn, \
    would_close, opened_by, closed_ms, reopened_ms, action_id, verdict, declared_ms, act, counted";

/// What is kept of a case, where it ever was eligible.
pub async fn kept(tx: &mut Tx, case: i64) -> Result<Option<Kept>> {
    let sql = sqlx::AssertSqlSafe(format!("SELECT {COLUMNS} FROM gate_cases WHERE case_number = $1"));
    on!(tx, |db| sqlx::query_as(sql).bind(case).fetch_optional(db))
}

/// Keeps a case that is eligible. What was declared and closed before stays.
pub async fn put(tx: &mut Tx, kept: &Kept) -> Result<u64> {
    run!(
        tx,
        sqlx::query(
            "INSERT INTO gate_cases (case_number, org_id, rule_id, run_id, behaviours, rule_gate, family_gate, org_gate, eligible, at_ms, share,
                drawn, would_close, opened_by)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, TRUE, $9, $10, $11, $12, $13)
             ON CONFLICT (case_number) DO UPDATE SET rule_id = $3, run_id = $4, behaviours = $5, rule_gate = $6, family_gate = $7, org_gate = $8,
                eligible = TRUE, why = '', at_ms = $9, share = $10, drawn = $11, would_close = $12, opened_by = $13"
        )
        .bind(kept.case_number)
        .bind(kept.org_id)
        .bind(kept.rule_id)
        .bind(kept.run_id)
        .bind(kept.behaviours)
        .bind(kept.rule_gate)
        .bind(kept.family_gate)
        .bind(kept.org_gate)
        .bind(kept.at_ms)
        .bind(kept.share)
        .bind(kept.drawn)
        .bind(kept.would_close)
        .bind(kept.opened_by)
    )
}

/// Notes that a case is not eligible any more; 0 where it never was, or is not already.
pub async fn not_eligible(tx: &mut Tx, case: i64, why: &str) -> Result<u64> {
    run!(
        tx,
        sqlx::query("UPDATE gate_cases SET eligible = FALSE, why = $2 WHERE case_number = $1 AND eligible = TRUE")
            .bind(case)
            .bind(why)
    )
}

/// Notes that a case is eligible again, and leaves everything else.
pub async fn still_eligible(tx: &mut Tx, case: i64) -> Result<u64> {
    run!(tx, sqlx::query("UPDATE gate_cases SET eligible = TRUE, why = '' WHERE case_number = $1").bind(case))
}

/// Notes what a person declared, by which act it counts, and in which of the case's gates.
pub async fn set_declared(
    tx: &mut Tx,
    case: i64,
    (verdict, at_ms): (Verdict, Option<i64>),
    (act, counted): (Option<&str>, i64),
) -> Result<u64> {
    run!(
        tx,
        sqlx::query(
            "UPDATE gate_cases SET verdict = $1, declared_ms = $2, act = $3, counted = $4 WHERE case_number = $5"
        )
        .bind(verdict)
        .bind(at_ms)
        .bind(act)
        .bind(counted)
        .bind(case)
    )
}

/// Notes that the machine closed a case, and the action that follows.
pub async fn set_closed(tx: &mut Tx, case: i64, now_ms: i64, action: Option<i64>) -> Result<u64> {
    run!(
        tx,
        sqlx::query(
            "UPDATE gate_cases SET closed_ms = $1, action_id = $2, reopened_ms = NULL, doubted = FALSE WHERE case_number = $3"
        )
        .bind(now_ms)
        .bind(action)
        .bind(case)
    )
}

/// When the newest true positive that stands was declared on a case of a gate.
pub async fn last_true_positive(tx: &mut Tx, gate: &Gate) -> Result<Option<i64>> {
    let column = match gate.level {
        GateLevel::Rule => "rule_gate",
        GateLevel::Family => "family_gate",
        GateLevel::Org => "org_gate",
    };
    let sql = sqlx::AssertSqlSafe(format!(
        "SELECT MAX(declared_ms) FROM gate_cases WHERE {column} = $1 AND verdict = 'true_positive'"
    ));
    on!(tx, |db| sqlx::query_scalar(sql).bind(gate.id).fetch_one(db))
}

/// Cases that are or were eligible and are what another one is: part of it, closed as a duplicate of it, and so on.
pub async fn that_follow(tx: &mut Tx, holder: i64) -> Result<Vec<i64>> {
    let sql = sqlx::AssertSqlSafe(format!(
        "{FOLLOWERS} SELECT number FROM followers WHERE number <> $1
            AND EXISTS (SELECT 1 FROM gate_cases g WHERE g.case_number = number) ORDER BY number"
    ));
    on!(tx, |db| sqlx::query_scalar(sql).bind(holder).fetch_all(db))
}

/// The newest run of a behaviour, as far as the gate asks for it.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct Ran {
    /// The run.
    pub id: i64,
    /// The behaviour.
    pub fingerprint: String,
    /// The rule of the detection that stood for it.
    pub rule_id: i64,
    /// Its verdict.
    pub machine_verdict: MachineVerdict,
    /// What the vote would allow.
    pub auto_action: Option<String>,
    /// What keeps the machine from acting alone.
    pub vetoes: JsonText<Vec<Flag>>,
    /// Whether it took place elsewhere.
    pub recorded: bool,
}

/// The newest finished run of each behaviour of a case, the newest first.
pub async fn ran(tx: &mut Tx, case: i64) -> Result<Vec<Ran>> {
    let sql = sqlx::AssertSqlSafe(format!(
        "SELECT r.id, r.fingerprint, d.rule_id, r.machine_verdict, r.auto_action, r.vetoes, r.recorded
         FROM runs r JOIN detections d ON d.id = r.detection_id WHERE r.case_number = $1 AND r.state = 'done'
            AND NOT EXISTS (SELECT 1 FROM runs n WHERE {SUPERSEDES}) ORDER BY r.number DESC"
    ));
    on!(tx, |db| sqlx::query_as(sql).bind(case).fetch_all(db))
}

/// The newest finished run of a case that a detection of its behaviour came after: what was asked before anybody voted
/// need not know it. Ids tell that and no clock does: a case takes its detections one after the other. Of a run that
/// noted none, the detection that stood for it is the newest that it surely knew.
pub async fn overtaken(tx: &mut Tx, case: i64) -> Result<Option<i64>> {
    let sql = sqlx::AssertSqlSafe(format!(
        "SELECT r.id FROM runs r WHERE r.case_number = $1 AND r.state = 'done' AND NOT EXISTS (SELECT 1 FROM runs n WHERE {SUPERSEDES})
            AND EXISTS (SELECT 1 FROM detections d WHERE d.case_number = $1 AND d.fingerprint = r.fingerprint
                AND d.id > COALESCE(r.newest_detection, r.detection_id)) ORDER BY r.number DESC LIMIT 1"
    ));
    on!(tx, |db| sqlx::query_scalar(sql).bind(case).fetch_optional(db))
}

/// Cases of an organisation that are or were eligible, in the order of their numbers, after one.
pub async fn of_org_after(tx: &mut Tx, org_id: i64, after: i64, limit: i64) -> Result<Vec<Kept>> {
    let sql = sqlx::AssertSqlSafe(format!(
        "SELECT {COLUMNS} FROM gate_cases WHERE org_id = $1 AND case_number > $2 ORDER BY case_number LIMIT $3"
    ));
    on!(tx, |db| sqlx::query_as(sql).bind(org_id).bind(after).bind(limit).fetch_all(db))
}
