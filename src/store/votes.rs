//! Votes: one row for each voter of a run, filled in as answers come.
use super::{JsonText, Result, Tx, on, run};
use crate::domain::{Answer, Claim, Failure, MachineVerdict, Vote, VoteState};

/// The role of a second look at the event without its words: it stands beside the count.
pub const MASKED: &str = "masked";

/// The role of a question with a planted instruction: it measures a model and never counts.
pub const CONTROL: &str = "control";

/// A vote with all that is known of how it came about.
#[derive(Debug, Clone, PartialEq, sqlx::FromRow)]
pub struct Stored {
    /// Its id.
    pub id: i64,
    /// Its run.
    pub run_id: i64,
    /// Its place in the panel; the first is the primary.
    pub position: i64,
    /// The voter's name.
    pub voter: String,
    /// `panel`, `adviser`, `masked` or `control`.
    pub role: String,
    /// The wire kind.
    pub kind: String,
    /// The model.
    pub model: String,
    /// The model's digest.
    pub digest: String,
    /// How it stands.
    pub state: VoteState,
    /// Why it failed.
    pub failure: Option<Failure>,
    /// Details of a failure or an abstention.
    pub detail: String,
    /// What it said.
    pub verdict: Option<MachineVerdict>,
    /// 0 to 1.
    pub confidence: Option<f64>,
    /// The checked answer.
    pub answer: Option<JsonText<Answer>>,
    /// The raw answer.
    pub raw: String,
    /// The prompt as it was sent.
    pub prompt: String,
    /// The prompt's version.
    pub prompt_version: String,
    /// SHA-256 of the prompt without boundary and canary.
    pub prompt_hash: String,
    /// Tokens of the prompt.
    pub tokens_in: Option<i64>,
    /// Tokens of the answer.
    pub tokens_out: Option<i64>,
    /// From asking to answer, in ms.
    pub latency_ms: Option<i64>,
    /// Requests it took.
    pub attempts: i64,
    /// When it was asked.
    pub asked_ms: Option<i64>,
    /// When it answered.
    pub answered_ms: Option<i64>,
    /// The number of the run that it was taken over from.
    pub carried_from: Option<i64>,
    /// What it states about the event.
    pub claims: JsonText<Vec<Claim>>,
    /// How many values were replaced in the prompt before it left.
    pub replaced: i64,
    /// The run of another case that it was given in.
    pub reused_from: Option<i64>,
    /// What it cost, in millionths.
    pub cost_micro: Option<i64>,
    /// Whether it is missing because the budget was used up.
    pub unasked: bool,
}

impl Stored {
    /// Whether it belongs to the panel and so counts.
    pub fn counts(&self) -> bool {
        self.role == "panel"
    }

    /// Whether it stands beside the votes of voters: a second look or a control.
    pub fn is_beside(&self) -> bool {
        self.role == MASKED || self.role == CONTROL
    }

    /// The vote as the count sees it.
    pub fn vote(&self) -> Vote {
        Vote {
            voter: self.voter.clone(),
            state: self.state,
            failure: self.failure,
            answer: self.answer.clone().map(|answer| answer.0),
        }
    }
}

const COLUMNS: &str = "id, run_id, position, voter, role, kind, model, digest, state, failure, detail, verdict, confidence, answer, raw, prompt, \
    prompt_version, prompt_hash, tokens_in, tokens_out, latency_ms, attempts, asked_ms, answered_ms, carried_from, claims, replaced, \
    reused_from, cost_micro, unasked";

/// A place in a run that a voter is to fill.
#[derive(Debug, Clone, Copy)]
pub struct Seat<'a> {
    /// The run.
    pub run_id: i64,
    /// Its place.
    pub position: i64,
    /// The voter.
    pub voter: &'a str,
    /// `panel`, `adviser`, `masked` or `control`.
    pub role: &'a str,
    /// The wire kind.
    pub kind: &'a str,
    /// The model.
    pub model: &'a str,
}

/// Reserves a voter's place unless it is there.
pub async fn reserve(tx: &mut Tx, seat: Seat<'_>) -> Result<u64> {
    run!(
        tx,
        sqlx::query(
            "INSERT INTO votes (run_id, position, voter, role, kind, model, state) VALUES ($1, $2, $3, $4, $5, $6, 'pending')
             ON CONFLICT (run_id, voter) DO NOTHING"
        )
        .bind(seat.run_id)
        .bind(seat.position)
        .bind(seat.voter)
        .bind(seat.role)
        .bind(seat.kind)
        .bind(seat.model)
    )
}

/// Takes a vote that was given in an earlier run over into this one; `reused_from` where that run is another case's.
pub async fn carry(tx: &mut Tx, run_id: i64, from: &Stored, from_number: i64, reused_from: Option<i64>) -> Result<u64> {
    run!(
        tx,
        sqlx::query(
            "INSERT INTO votes (run_id, position, voter, role, kind, model, digest, state, failure, detail, verdict, confidence, answer, raw, prompt,
                prompt_version, prompt_hash, tokens_in, tokens_out, latency_ms, attempts, asked_ms, answered_ms, replaced, carried_from, reused_from)
             SELECT $1, position, voter, role, kind, model, digest, state, failure, detail, verdict, confidence, answer, raw, prompt,
                prompt_version, prompt_hash, tokens_in, tokens_out, latency_ms, attempts, asked_ms, answered_ms, replaced, COALESCE(carried_from, $2), COALESCE(reused_from, $4)
             FROM votes WHERE id = $3 ON CONFLICT (run_id, voter) DO NOTHING"
        )
        .bind(run_id)
        .bind(from_number)
        .bind(from.id)
        .bind(reused_from)
    )
}

/// What a voter is sent.
#[derive(Debug, Clone, Copy)]
pub struct Sent<'a> {
    /// The prompt as it is sent.
    pub prompt: &'a str,
    /// Its version.
    pub version: &'a str,
    /// SHA-256 of the prompt without boundary and canary.
    pub hash: &'a str,
    /// How many values were replaced in it.
    pub replaced: i64,
}

/// Notes that a voter is being asked; `false` where it was asked before.
pub async fn asking(tx: &mut Tx, id: i64, sent: Sent<'_>, now_ms: i64) -> Result<bool> {
    let changed = run!(
        tx,
        sqlx::query(
            "UPDATE votes SET state = 'asking', asked_ms = $1, prompt = $2, prompt_version = $3, prompt_hash = $4, replaced = $5 WHERE id = $6 AND state = 'pending'"
        )
        .bind(now_ms)
        .bind(sent.prompt)
        .bind(sent.version)
        .bind(sent.hash)
        .bind(sent.replaced)
        .bind(id)
    )?;
    Ok(changed > 0)
}

/// An answer to store.
#[derive(Debug, Clone, Copy)]
pub struct Given<'a> {
    /// How it stands now.
    pub state: VoteState,
    /// Why it failed.
    pub failure: Option<Failure>,
    /// Details.
    pub detail: &'a str,
    /// The checked answer.
    pub answer: Option<&'a Answer>,
    /// The raw answer.
    pub raw: &'a str,
    /// The model's digest.
    pub digest: &'a str,
    /// Tokens in and out.
    pub tokens: (Option<i64>, Option<i64>),
    /// Requests it took.
    pub attempts: i64,
    /// In ms.
    pub latency_ms: i64,
}

/// Stores an answer once; `false` where the vote has one.
pub async fn give(tx: &mut Tx, id: i64, given: &Given<'_>, now_ms: i64) -> Result<bool> {
    let changed = run!(
        tx,
        sqlx::query(
            "UPDATE votes SET state = $1, failure = $2, detail = $3, verdict = $4, confidence = $5, answer = $6, raw = $7, digest = $8,
                tokens_in = $9, tokens_out = $10, attempts = $11, latency_ms = $12, answered_ms = $13 WHERE id = $14 AND state IN ('pending', 'asking')"
        )
        .bind(given.state)
        .bind(given.failure)
        .bind(given.detail.replace('\0', "\u{FFFD}"))
        .bind(given.answer.map(|answer| answer.verdict))
        .bind(given.answer.map(|answer| answer.confidence))
        .bind(given.answer.map(JsonText))
        .bind(given.raw.replace('\0', "\u{FFFD}"))
        .bind(given.digest)
        .bind(given.tokens.0)
        .bind(given.tokens.1)
        .bind(given.attempts)
        .bind(given.latency_ms)
        .bind(now_ms)
        .bind(id)
    )?;
    Ok(changed > 0)
}

/// Keeps what a voter states about the event.
pub async fn claimed(tx: &mut Tx, id: i64, claims: Vec<Claim>) -> Result<u64> {
    run!(tx, sqlx::query("UPDATE votes SET claims = $1 WHERE id = $2").bind(JsonText(claims)).bind(id))
}

/// The votes of a run in the panel's order, advisers last.
pub async fn of_run(tx: &mut Tx, run_id: i64) -> Result<Vec<Stored>> {
    let sql = sqlx::AssertSqlSafe(format!("SELECT {COLUMNS} FROM votes WHERE run_id = $1 ORDER BY position, id"));
    on!(tx, |db| sqlx::query_as(sql).bind(run_id).fetch_all(db))
}

/// The votes of all runs of a case, by run and position.
pub async fn of_case(tx: &mut Tx, case: i64) -> Result<Vec<Stored>> {
    let sql = sqlx::AssertSqlSafe(format!(
        "SELECT {COLUMNS} FROM votes WHERE run_id IN (SELECT id FROM runs WHERE case_number = $1 ORDER BY number DESC LIMIT 50) ORDER BY run_id, position, id"
    ));
    on!(tx, |db| sqlx::query_as(sql).bind(case).fetch_all(db))
}

/// What came of asking a voter.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct Asked {
    /// When it was asked.
    pub asked_ms: i64,
    /// Whether it failed.
    pub failed: bool,
    /// Why, in words.
    pub detail: String,
}

/// The newest votes of a voter that came to something, newest first.
pub async fn newest(tx: &mut Tx, voter: &str, limit: i64) -> Result<Vec<Asked>> {
    on!(tx, |db| {
        sqlx::query_as(
            "SELECT asked_ms, CASE WHEN state = 'failed' THEN TRUE ELSE FALSE END AS failed, detail FROM
                (SELECT asked_ms, state, detail FROM votes WHERE voter = $1 AND asked_ms IS NOT NULL ORDER BY asked_ms DESC LIMIT $2) AS v
             WHERE state IN ('ok', 'abstained', 'failed') ORDER BY asked_ms DESC",
        )
        .bind(voter)
        .bind(limit)
        .fetch_all(db)
    })
}
