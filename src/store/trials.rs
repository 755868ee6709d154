//! Panels that are tried on declared cases. Nothing here touches a case or its runs.
mod came;

pub use came::*;

use super::measured::Declared;
use super::{JsonText, ORGS, Result, Scope, Tx, on, run};
use crate::domain::{Answer, Failure, MachineVerdict, Outcome, VoteState, words};

words! {
    /// How far a trial is.
    TrialState ("trial_state") {
        /// Waiting for a worker.
        Queued = "queued", "Waiting";
        /// Voters are being asked.
        Running = "running", "Under way";
        /// All cases were asked about.
        Done = "done", "Done";
        /// A person stopped it; what was asked until then stands.
        Cancelled = "cancelled", "Cancelled";
        /// It could not be carried out.
        Failed = "failed", "Failed";
    }
}

/// A trial.
#[derive(Debug, Clone, PartialEq, sqlx::FromRow)]
pub struct Trial {
    /// Its id.
    pub id: i64,
    /// Who asked for it.
    pub user_id: i64,
    /// Their name.
    pub asked_by: String,
    /// Names of the voters in order.
    pub voters: JsonText<Vec<String>>,
    /// The mode of voting.
    pub mode: String,
    /// How far it is.
    pub state: TrialState,
    /// Why it failed.
    pub error: String,
    /// When it was asked for.
    pub queued_ms: i64,
    /// When it ended.
    pub finished_ms: Option<i64>,
}

const COLUMNS: &str = "t.id, t.user_id, t.asked_by, t.voters, t.mode, t.state, t.error, t.queued_ms, t.finished_ms";

/// A trial to queue.
#[derive(Debug, Clone, Copy)]
pub struct New<'a> {
    /// Who asks.
    pub user_id: i64,
    /// Their name.
    pub asked_by: &'a str,
    /// The voters in order.
    pub voters: &'a [String],
    /// The mode of voting.
    pub mode: &'a str,
}

/// Queues a trial on these cases; returns its id.
pub async fn insert(tx: &mut Tx, new: New<'_>, cases: &[Declared], now_ms: i64) -> Result<i64> {
    let id = on!(tx, |db| {
        sqlx::query_scalar(
        "INSERT INTO trials (user_id, asked_by, voters, mode, state, queued_ms) VALUES ($1, $2, $3, $4, 'queued', $5) RETURNING id"
    )
    .bind(new.user_id)
    .bind(new.asked_by)
    .bind(JsonText(new.voters))
    .bind(new.mode)
    .bind(now_ms)
    .fetch_one(db)
    })?;
    for (position, case) in (0_i64..).zip(cases) {
        run!(
            tx,
            sqlx::query(
                "INSERT INTO trial_cases (trial_id, position, case_number, org_id, run_id, declared, said_then) VALUES ($1, $2, $3, $4, $5, $6, $7)"
            )
            .bind(id)
            .bind(position)
            .bind(case.case_number)
            .bind(case.org_id)
            .bind(case.run_id)
            .bind(case.declared)
            .bind(case.vote)
        )?;
    }
    Ok(id)
}

/// One by id.
pub async fn by_id(tx: &mut Tx, id: i64) -> Result<Option<Trial>> {
    let sql = sqlx::AssertSqlSafe(format!("SELECT {COLUMNS} FROM trials t WHERE t.id = $1"));
    on!(tx, |db| sqlx::query_as(sql).bind(id).fetch_optional(db))
}

/// The newest with a case that may be seen.
pub async fn newest(tx: &mut Tx, scope: Scope, limit: i64) -> Result<Vec<Trial>> {
    let sql = sqlx::AssertSqlSafe(format!(
        "SELECT {COLUMNS} FROM trials t WHERE EXISTS (SELECT 1 FROM trial_cases c WHERE c.trial_id = t.id AND c.org_id IN {ORGS})
         ORDER BY t.id DESC LIMIT $1"
    ));
    on!(tx, |db| sqlx::query_as(sql).bind(limit).bind(scope.org_id).bind(scope.user_id).fetch_all(db))
}

/// Moves a trial that has not ended; `false` where it has.
pub async fn move_to(tx: &mut Tx, id: i64, state: TrialState, error: &str, now_ms: i64) -> Result<bool> {
    let ended = !matches!(state, TrialState::Queued | TrialState::Running);
    let changed = run!(
        tx,
        sqlx::query("UPDATE trials SET state = $1, error = $2, finished_ms = $3 WHERE id = $4 AND state IN ('queued', 'running')")
            .bind(state)
            .bind(error)
            .bind(ended.then_some(now_ms))
            .bind(id)
    )?;
    Ok(changed > 0)
}

/// A case that a trial still has to ask about.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct Open {
    /// Its place in the trial.
    pub position: i64,
    /// The case.
    pub case_number: i64,
    /// Its organisation.
    pub org_id: i64,
    /// The run whose detection stands for it.
    pub run_id: i64,
}

/// The next case to ask about.
pub async fn next(tx: &mut Tx, trial: i64) -> Result<Option<Open>> {
    on!(tx, |db| {
        sqlx::query_as(
        "SELECT position, case_number, org_id, run_id FROM trial_cases WHERE trial_id = $1 AND verdict IS NULL ORDER BY position LIMIT 1"
    )
    .bind(trial)
    .fetch_optional(db)
    })
}

/// A vote of a trial.
#[derive(Debug, Clone, PartialEq)]
pub struct TrialVote {
    /// The voter.
    pub voter: String,
    /// Its model.
    pub model: String,
    /// How it stands.
    pub state: VoteState,
    /// Why it failed.
    pub failure: Option<Failure>,
    /// Details of a failure or an abstention.
    pub detail: String,
    /// What it said.
    pub answer: Option<Answer>,
    /// The prompt's version.
    pub prompt_version: String,
    /// SHA-256 of the prompt without boundary and canary.
    pub prompt_hash: String,
    /// Requests it took; 0 where it was there already.
    pub calls: i64,
    /// Tokens in and out; 0 where it was there already.
    pub tokens: i64,
    /// Whether it was there already.
    pub reused: bool,
}

/// Stores what a trial's panel says of a case.
pub async fn conclude(
    tx: &mut Tx,
    trial: i64,
    position: i64,
    end: (MachineVerdict, Outcome),
    votes: &[TrialVote],
) -> Result<()> {
    for vote in votes {
        run!(
            tx,
            sqlx::query(
                "INSERT INTO trial_votes (trial_id, position, voter, model, state, failure, detail, answer, prompt_version, prompt_hash, calls, tokens, reused)
                 VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)"
            )
            .bind(trial)
            .bind(position)
            .bind(&vote.voter)
            .bind(&vote.model)
            .bind(vote.state)
            .bind(vote.failure)
            .bind(vote.detail.replace('\0', "\u{FFFD}"))
            .bind(vote.answer.as_ref().map(JsonText))
            .bind(&vote.prompt_version)
            .bind(&vote.prompt_hash)
            .bind(vote.calls)
            .bind(vote.tokens)
            .bind(vote.reused)
        )?;
    }
    run!(
        tx,
        sqlx::query("UPDATE trial_cases SET verdict = $1, outcome = $2 WHERE trial_id = $3 AND position = $4")
            .bind(end.0)
            .bind(end.1)
            .bind(trial)
            .bind(position)
    )
    .map(|_| ())
}

/// What a voter was asked about a case before.
#[derive(Debug, Clone, Copy)]
pub struct Asked<'a> {
    /// The case.
    pub case: i64,
    /// The run whose detection stands for it.
    pub run_id: i64,
    /// The voter.
    pub voter: &'a str,
    /// Its model.
    pub model: &'a str,
    /// The prompt's version now.
    pub version: &'a str,
    /// The prompt's hash now.
    pub hash: &'a str,
}

/// A valid vote that this voter and model gave on the same case: to the same prompt, or in the run that counted,
/// to the same version of the prompt with the evidence of then.
pub async fn given(tx: &mut Tx, asked: Asked<'_>) -> Result<Option<Answer>> {
    let in_run: Option<JsonText<Answer>> = on!(tx, |db| {
        sqlx::query_scalar(
        "SELECT v.answer FROM runs r JOIN votes v ON v.run_id = r.id WHERE r.case_number = $1 AND v.voter = $2 AND v.model = $3 AND v.state = 'ok'
            AND v.answer IS NOT NULL AND (v.prompt_hash = $4 OR r.id = $5 AND v.prompt_version = $6)
         ORDER BY CASE WHEN r.id = $5 THEN 0 ELSE 1 END, r.id DESC LIMIT 1"
    )
    .bind(asked.case)
    .bind(asked.voter)
    .bind(asked.model)
    .bind(asked.hash)
    .bind(asked.run_id)
    .bind(asked.version)
    .fetch_optional(db)
    })?;
    if let Some(answer) = in_run {
        return Ok(Some(answer.0));
    }
    let in_trial: Option<JsonText<Answer>> = on!(tx, |db| {
        sqlx::query_scalar(
        "SELECT v.answer FROM trial_cases c JOIN trial_votes v ON v.trial_id = c.trial_id AND v.position = c.position
         WHERE c.case_number = $1 AND v.voter = $2 AND v.model = $3 AND v.prompt_hash = $4 AND v.state = 'ok' AND v.answer IS NOT NULL LIMIT 1"
    )
    .bind(asked.case)
    .bind(asked.voter)
    .bind(asked.model)
    .bind(asked.hash)
    .fetch_optional(db)
    })?;
    Ok(in_trial.map(|answer| answer.0))
}
