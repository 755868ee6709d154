//! Receipts of runs, and the stored texts whose hashes they hold. A receipt is written once and stays.
use super::{Result, Tx, on, run};
use crate::domain::chain::{Hash, sha256};
use crate::domain::receipt::{Decision, Exhibit, Voted};

/// A receipt as it is kept.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct Kept {
    /// The run.
    pub run_id: i64,
    /// When it was written.
    pub at_ms: i64,
    /// The receipt as JSON; its hash is over this very text.
    pub body: String,
    /// SHA-256 of the body.
    pub hash: Vec<u8>,
    /// The signature over [`Kept::signed`] since the line of the ledger that told of it was removed; empty before.
    pub signature: Vec<u8>,
}

impl Kept {
    /// The text that is signed: a JSON array without spaces.
    pub fn signed(&self) -> String {
        serde_json::json!(["fusionsoc-receipt-kept-1", self.run_id, self.at_ms, hex::encode(&self.hash)]).to_string()
    }
}

const COLUMNS: &str = "run_id, at_ms, body, hash, signature";

/// Keeps a receipt.
pub async fn insert(tx: &mut Tx, run_id: i64, at_ms: i64, body: &str, hash: &Hash) -> Result<u64> {
    run!(
        tx,
        sqlx::query("INSERT INTO receipts (run_id, at_ms, body, hash) VALUES ($1, $2, $3, $4)")
            .bind(run_id)
            .bind(at_ms)
            .bind(body)
            .bind(hash.as_slice())
    )
}

/// The receipt of a run.
pub async fn of_run(tx: &mut Tx, run_id: i64) -> Result<Option<Kept>> {
    let sql = sqlx::AssertSqlSafe(format!("SELECT {COLUMNS} FROM receipts WHERE run_id = $1"));
    on!(tx, |db| sqlx::query_as(sql).bind(run_id).fetch_optional(db))
}

/// Keeps the signature over a receipt, once.
pub async fn sign(tx: &mut Tx, run_id: i64, signature: &[u8]) -> Result<u64> {
    run!(tx, sqlx::query("UPDATE receipts SET signature = $1 WHERE run_id = $2").bind(signature).bind(run_id))
}

/// How many receipts have a signature of their own.
pub async fn signed(tx: &mut Tx) -> Result<i64> {
    const SQL: &str = "SELECT COUNT(*) FROM receipts WHERE length(signature) > 0";
    on!(tx, |db| sqlx::query_scalar(SQL).fetch_one(db))
}

/// Receipts after a run's, in the order of runs.
pub async fn after(tx: &mut Tx, run_id: i64, limit: i64) -> Result<Vec<Kept>> {
    let sql = sqlx::AssertSqlSafe(format!("SELECT {COLUMNS} FROM receipts WHERE run_id > $1 ORDER BY run_id LIMIT $2"));
    on!(tx, |db| sqlx::query_as(sql).bind(run_id).bind(limit).fetch_all(db))
}

fn hashed(text: &str) -> String {
    hex::encode(sha256(text))
}

/// The detection that a run is about; the hash is over its raw document, and empty where that was removed since.
/// Nothing where run or detection are not there.
pub async fn detection(tx: &mut Tx, run_id: i64) -> Result<Option<Exhibit>> {
    let row: Option<(i64, String, String)> = on!(tx, |db| sqlx::query_as(
        "SELECT d.id, d.detect_id, d.raw FROM runs r JOIN detections d ON d.id = r.detection_id WHERE r.id = $1"
    )
    .bind(run_id)
    .fetch_optional(db))?;
    Ok(row.map(|(id, source, raw)| {
        let sha256 = if raw.is_empty() { String::new() } else { hashed(&raw) };
        Exhibit { kind: "detection".to_owned(), source, id, sha256 }
    }))
}

#[derive(sqlx::FromRow)]
struct Piece {
    id: i64,
    kind: String,
    source: String,
    state: String,
    text: String,
    from_ms: Option<i64>,
    to_ms: Option<i64>,
    taken_ms: i64,
    total: i64,
    lines: String,
    facts: String,
}

impl Piece {
    /// Hashed over a JSON array of its columns in the order of the query.
    fn exhibit(self) -> (i64, Exhibit) {
        let row = (&self.kind, &self.source, &self.state, &self.text, self.from_ms, self.to_ms, self.taken_ms);
        let text = serde_json::json!([row, self.total, self.lines, self.facts]).to_string();
        (self.taken_ms, Exhibit { kind: self.kind, source: self.source, id: self.id, sha256: hashed(&text) })
    }
}

/// The pieces of a behaviour in a case that its triage asked for since a moment, with the time of each.
pub async fn pieces(tx: &mut Tx, case: i64, fingerprint: &str, since_ms: i64) -> Result<Vec<(i64, Exhibit)>> {
    let rows: Vec<Piece> = on!(tx, |db| {
        sqlx::query_as(
            "SELECT id, kind, source, state, text, from_ms, to_ms, taken_ms, total, lines, facts FROM evidence
             WHERE case_number = $1 AND fingerprint = $2 AND action_id IS NULL AND taken_ms >= $3 ORDER BY id",
        )
        .bind(case)
        .bind(fingerprint)
        .bind(since_ms)
        .fetch_all(db)
    })?;
    Ok(rows.into_iter().map(Piece::exhibit).collect())
}

/// One piece by id.
pub async fn piece(tx: &mut Tx, id: i64) -> Result<Option<Exhibit>> {
    let row: Option<Piece> = on!(tx, |db| {
        sqlx::query_as(
        "SELECT id, kind, source, state, text, from_ms, to_ms, taken_ms, total, lines, facts FROM evidence WHERE id = $1"
    )
    .bind(id)
    .fetch_optional(db)
    })?;
    Ok(row.map(|row| row.exhibit().1))
}

#[derive(sqlx::FromRow)]
struct Vote {
    voter: String,
    role: String,
    model: String,
    digest: String,
    state: String,
    verdict: Option<String>,
    prompt_version: String,
    prompt: String,
    raw: String,
    answer: Option<String>,
    carried_from: Option<i64>,
    reused_from: Option<i64>,
}

/// The votes of a run in their order, as a receipt holds them.
pub async fn votes(tx: &mut Tx, run_id: i64) -> Result<Vec<Voted>> {
    let rows: Vec<Vote> = on!(tx, |db| {
        sqlx::query_as(
        "SELECT voter, role, model, digest, state, verdict, prompt_version, prompt, raw, answer, carried_from, reused_from FROM votes
         WHERE run_id = $1 ORDER BY position, id"
    )
    .bind(run_id)
    .fetch_all(db)
    })?;
    let voted = |row: Vote| Voted {
        prompt_sha256: hashed(&row.prompt),
        raw_sha256: hashed(&row.raw),
        answer_sha256: hashed(row.answer.as_deref().unwrap_or_default()),
        voter: row.voter,
        role: row.role,
        model: row.model,
        digest: row.digest,
        state: row.state,
        verdict: row.verdict.unwrap_or_default(),
        prompt_version: row.prompt_version,
        carried_from: row.carried_from,
        reused_from: row.reused_from,
    };
    Ok(rows.into_iter().map(voted).collect())
}

/// How a run came out, as a receipt holds it; nothing where there is no such run.
pub async fn decision(tx: &mut Tx, run_id: i64) -> Result<Option<Decision>> {
    type Row = (String, Option<String>, Option<String>, Option<String>, String, String);
    let row: Option<Row> = on!(tx, |db| sqlx::query_as(
        "SELECT machine_verdict, outcome, auto_action, report, flags, vetoes FROM runs WHERE id = $1"
    )
    .bind(run_id)
    .fetch_optional(db))?;
    let Some((verdict, outcome, auto_action, report, flags, vetoes)) = row else { return Ok(None) };
    let report_sha256 = hashed(&serde_json::json!([report, flags, vetoes]).to_string());
    let [outcome, auto_action] = [outcome, auto_action].map(Option::unwrap_or_default);
    Ok(Some(Decision { verdict, outcome, auto_action, report_sha256 }))
}
