//! Triage runs: numbered within their case, never changed once finished.
use super::{JsonText, Result, Tx, on, run};
use crate::domain::{MachineVerdict, Outcome, Report, Severity, Weighing, words};
use serde::{Deserialize, Serialize};

words! {
    /// How far a run is; of a case, how far its newest one is.
    RunState ("triage_state") {
        /// There is no run.
        None = "none", "Not triaged";
        /// Waiting for a worker.
        Queued = "queued", "Waiting";
        /// Voters are being asked.
        Running = "running", "Voting";
        /// Finished.
        Done = "done", "Done";
        /// Broken off; another run takes over.
        Interrupted = "interrupted", "Interrupted";
    }
}

/// Something to look at before agreeing, or what keeps the machine from acting alone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Flag {
    /// A word for programs, such as `host_tags`.
    pub kind: String,
    /// A sentence for people.
    pub text: String,
}

/// A run.
#[derive(Debug, Clone, PartialEq, sqlx::FromRow)]
pub struct Run {
    /// Its id.
    pub id: i64,
    /// Its case.
    pub case_number: i64,
    /// The case that it came with, which is part of this one.
    pub origin_case: Option<i64>,
    /// 1, 2, 3 … within the case.
    pub number: i64,
    /// The detection that stands for the fingerprint.
    pub detection_id: i64,
    /// The behaviour it is about.
    pub fingerprint: String,
    /// How far it is.
    pub state: RunState,
    /// Who asked for it.
    pub asked_by: String,
    /// The run whose given votes it takes over.
    pub continues: Option<i64>,
    /// How many runs before it tried to get the missing votes.
    pub tries: i64,
    /// The mode of voting.
    pub mode: String,
    /// Something to know about it, such as that it was interrupted.
    pub note: String,
    /// When it was asked for.
    pub queued_ms: i64,
    /// When the first voter was asked.
    pub started_ms: Option<i64>,
    /// When it ended.
    pub finished_ms: Option<i64>,
    /// Its verdict.
    pub machine_verdict: MachineVerdict,
    /// How the votes came out.
    pub outcome: Option<Outcome>,
    /// Stated confidence.
    pub confidence: Option<f64>,
    /// Its severity.
    pub severity: Option<Severity>,
    /// 0 to 100.
    pub risk_score: Option<i64>,
    /// What the vote would allow the machine to do.
    pub auto_action: Option<String>,
    /// What each vote weighed, in the weighted mode.
    pub weighing: Option<JsonText<Weighing>>,
    /// The report in full.
    pub report: Option<JsonText<Report>>,
    /// What argues against the verdict.
    pub flags: JsonText<Vec<Flag>>,
    /// What keeps the machine from acting alone.
    pub vetoes: JsonText<Vec<Flag>>,
    /// Whether it took place elsewhere and is only recorded here.
    pub recorded: bool,
    /// Whether a person asked for it.
    pub by_hand: bool,
    /// The run of another case whose votes it took.
    pub reused_from: Option<i64>,
    /// The run whose votes it could have taken, and is compared with.
    pub checked_from: Option<i64>,
    /// When the budget renews that it found used up.
    pub renews_ms: Option<i64>,
}

const COLUMNS: &str = "id, case_number, origin_case, number, detection_id, fingerprint, state, asked_by, continues, tries, mode, note, queued_ms, started_ms, finished_ms, \
    machine_verdict, outcome, confidence, severity, risk_score, auto_action, report, flags, vetoes, recorded, weighing, \
    by_hand, reused_from, checked_from, renews_ms";

/// A run to queue.
#[derive(Debug, Clone, Copy)]
pub struct New<'a> {
    /// Its case.
    pub case: i64,
    /// The detection that stands for the fingerprint.
    pub detection_id: i64,
    /// The behaviour.
    pub fingerprint: &'a str,
    /// Who asks.
    pub asked_by: &'a str,
    /// The run whose given votes it takes over.
    pub continues: Option<i64>,
    /// How many runs before it tried.
    pub tries: i64,
    /// The mode of voting.
    pub mode: &'a str,
    /// Whether a person asks.
    pub by_hand: bool,
}

/// Queues a run; returns its id and its number in the case. It belongs to the case that its detection came with.
pub async fn insert(tx: &mut Tx, new: &New<'_>, now_ms: i64) -> Result<(i64, i64)> {
    on!(tx, |db| {
        sqlx::query_as(
        "INSERT INTO runs (case_number, number, detection_id, fingerprint, state, asked_by, continues, tries, mode, queued_ms, machine_verdict, by_hand, origin_case)
         VALUES ($1, (SELECT COALESCE(MAX(number), 0) + 1 FROM runs WHERE case_number = $1), $2, $3, 'queued', $4, $5, $6, $7, $8, 'none', $9,
            (SELECT d.origin_case FROM detections d WHERE d.id = $2))
         RETURNING id, number"
    )
    .bind(new.case)
    .bind(new.detection_id)
    .bind(new.fingerprint)
    .bind(new.asked_by)
    .bind(new.continues)
    .bind(new.tries)
    .bind(new.mode)
    .bind(now_ms)
    .bind(new.by_hand)
    .fetch_one(db)
    })
}

/// One by id.
pub async fn by_id(tx: &mut Tx, id: i64) -> Result<Run> {
    let sql = sqlx::AssertSqlSafe(format!("SELECT {COLUMNS} FROM runs WHERE id = $1"));
    on!(tx, |db| sqlx::query_as(sql).bind(id).fetch_one(db))
}

/// Takes the row of a run and that of its case for this transaction, in the order in which a merge takes them.
/// `SQLite` has one writer, who has taken everything already.
pub async fn hold(tx: &mut Tx, id: i64) -> Result<()> {
    if matches!(tx, Tx::Sqlite(_)) {
        return Ok(());
    }
    for sql in [
        "UPDATE cases SET version = version WHERE number = (SELECT r.case_number FROM runs r WHERE r.id = $1)",
        "UPDATE runs SET tries = tries WHERE id = $1",
    ] {
        run!(tx, sqlx::query(sql).bind(id))?;
    }
    Ok(())
}

/// The runs of a case, newest first, at most 50.
pub async fn of_case(tx: &mut Tx, case: i64) -> Result<Vec<Run>> {
    let sql =
        sqlx::AssertSqlSafe(format!("SELECT {COLUMNS} FROM runs WHERE case_number = $1 ORDER BY number DESC LIMIT 50"));
    on!(tx, |db| sqlx::query_as(sql).bind(case).fetch_all(db))
}

/// One of a case by its number.
pub async fn in_case(tx: &mut Tx, case: i64, number: i64) -> Result<Option<Run>> {
    let sql = sqlx::AssertSqlSafe(format!("SELECT {COLUMNS} FROM runs WHERE case_number = $1 AND number = $2"));
    on!(tx, |db| sqlx::query_as(sql).bind(case).bind(number).fetch_optional(db))
}

/// Whether a run of this behaviour waits or is under way in the case.
pub async fn under_way(tx: &mut Tx, case: i64, fingerprint: &str) -> Result<bool> {
    let id: Option<i64> = on!(tx, |db| sqlx::query_scalar(
        "SELECT id FROM runs WHERE case_number = $1 AND fingerprint = $2 AND state IN ('queued', 'running') LIMIT 1"
    )
    .bind(case)
    .bind(fingerprint)
    .fetch_optional(db))?;
    Ok(id.is_some())
}

/// Starts a run that is not finished; `false` where it is. `newest` is the newest detection of its case that it can have
/// asked about.
pub async fn start(tx: &mut Tx, (id, newest): (i64, Option<i64>), mode: &str, now_ms: i64) -> Result<bool> {
    let changed = run!(
        tx,
        sqlx::query(
            "UPDATE runs SET state = 'running', mode = $3, started_ms = COALESCE(started_ms, $1), newest_detection = COALESCE(newest_detection, $4)
             WHERE id = $2 AND state IN ('queued', 'running')"
        )
        .bind(now_ms)
        .bind(id)
        .bind(mode)
        .bind(newest)
    )?;
    Ok(changed > 0)
}

/// How a run ended.
#[derive(Debug, Clone, PartialEq)]
pub struct Finished {
    /// `Done` or `Interrupted`.
    pub state: RunState,
    /// Its verdict.
    pub machine_verdict: MachineVerdict,
    /// How the votes came out.
    pub outcome: Outcome,
    /// The report.
    pub report: Report,
    /// What the vote would allow.
    pub auto_action: Option<String>,
    /// What each vote weighed, in the weighted mode.
    pub weighing: Option<Weighing>,
    /// What argues against the verdict.
    pub flags: Vec<Flag>,
    /// What keeps the machine from acting alone.
    pub vetoes: Vec<Flag>,
    /// Something to know.
    pub note: String,
    /// Whether it took place elsewhere.
    pub recorded: bool,
}

/// Ends a run that is not finished; `false` where it is.
pub async fn finish(tx: &mut Tx, id: i64, end: &Finished, now_ms: i64) -> Result<bool> {
    let changed = run!(
        tx,
        sqlx::query(
            "UPDATE runs SET state = $1, finished_ms = $2, machine_verdict = $3, outcome = $4, confidence = $5, severity = $6, risk_score = $7,
                auto_action = $8, report = $9, flags = $10, vetoes = $11, note = $12, recorded = $13, weighing = $15
             WHERE id = $14 AND state IN ('queued', 'running')"
        )
        .bind(end.state)
        .bind(now_ms)
        .bind(end.machine_verdict)
        .bind(end.outcome)
        .bind(end.report.confidence)
        .bind(end.report.severity)
        .bind(i64::from(end.report.risk_score))
        .bind(&end.auto_action)
        .bind(JsonText(&end.report))
        .bind(JsonText(&end.flags))
        .bind(JsonText(&end.vetoes))
        .bind(&end.note)
        .bind(end.recorded)
        .bind(id)
        .bind(end.weighing.as_ref().map(JsonText))
    )?;
    Ok(changed > 0)
}

/// Whether a run `n` takes the place of a run `r` of its behaviour. The numbers of a case's own runs and of those that
/// came with a case which is part of it say nothing of which was first, so of two such runs both count; a run that was
/// asked for since then takes the place of all.
pub(super) const SUPERSEDES: &str =
    "n.case_number = r.case_number AND n.fingerprint = r.fingerprint AND n.state = 'done'
    AND n.number > r.number AND (n.origin_case IS NULL OR n.origin_case = r.origin_case)";

/// The newest finished runs of each behaviour of a case: one, and one more for each case with it that is part of this.
pub async fn newest_of_each(tx: &mut Tx, case: i64) -> Result<Vec<Run>> {
    let sql = sqlx::AssertSqlSafe(format!(
        "SELECT {COLUMNS} FROM runs r WHERE case_number = $1 AND state = 'done'
            AND NOT EXISTS (SELECT 1 FROM runs n WHERE {SUPERSEDES}) ORDER BY number DESC"
    ));
    on!(tx, |db| sqlx::query_as(sql).bind(case).fetch_all(db))
}
