//! Cases of the past, on which a change of policy is tried.
use super::many::of_each;
use super::runs::{Flag, SUPERSEDES};
use super::{JsonText, Result, Tx, on};
use crate::domain::evidence::Facts;
use crate::domain::{Answer, Claim, Failure, Outcome, Severity, Verdict, Vote, VoteState};
use crate::limits::{PREVIEWED, PREVIEWED_DOCUMENT, PREVIEWED_RUNS};

/// The newest finished run of a behaviour of a case.
#[derive(Debug, Clone, PartialEq, sqlx::FromRow)]
pub struct Voted {
    /// The case.
    pub case_number: i64,
    /// When it was opened.
    pub opened_ms: i64,
    /// What an analyst declared.
    pub verdict: Verdict,
    /// Whether the vote allowed closing.
    pub allowed: bool,
    /// The severity that it came to.
    pub severity: Option<Severity>,
    /// What stood against it.
    pub vetoes: JsonText<Vec<Flag>>,
    /// The detection's document where closing was allowed; empty otherwise, where it was removed, and where it is very
    /// large.
    pub raw: String,
    /// What was last known of the sensor when the behaviour was looked at.
    pub sensor: Option<JsonText<Facts>>,
}

/// Of an organisation's newest cases, at most [`PREVIEWED`], the newest finished runs, newest case first. Parts of
/// other cases, those in blind review and votes that were given elsewhere are left out, and cases whose runs are not
/// all among the first [`PREVIEWED_RUNS`].
pub async fn voted(tx: &mut Tx, org_id: i64) -> Result<Vec<Voted>> {
    let sql = sqlx::AssertSqlSafe(format!(
        "SELECT c.number AS case_number, c.opened_ms, c.verdict, r.auto_action IS NOT NULL AS allowed, r.severity, r.vetoes,
            CASE WHEN r.auto_action IS NULL OR length(d.raw) > {PREVIEWED_DOCUMENT} THEN '' ELSE d.raw END AS raw,
            (SELECT e.facts FROM evidence e WHERE e.case_number = r.case_number AND e.fingerprint = r.fingerprint
                AND e.kind = 'tags' AND e.action_id IS NULL ORDER BY e.id DESC LIMIT 1) AS sensor
         FROM (SELECT number, opened_ms, verdict FROM cases WHERE org_id = $1 AND merged_into IS NULL AND blind <> 'blind'
            ORDER BY opened_ms DESC, number DESC LIMIT {PREVIEWED}) c
         JOIN runs r ON r.case_number = c.number AND r.state = 'done' AND r.recorded = FALSE
            AND NOT EXISTS (SELECT 1 FROM runs n WHERE {SUPERSEDES})
         JOIN detections d ON d.id = r.detection_id
         ORDER BY c.opened_ms DESC, c.number DESC, r.number DESC LIMIT $2"
    ));
    let mut all: Vec<Voted> = on!(tx, |db| sqlx::query_as(sql).bind(org_id).bind(PREVIEWED_RUNS + 1).fetch_all(db))?;
    // Of the last case there may be more than was read.
    if let Some(cut) = all.get(usize::try_from(PREVIEWED_RUNS).unwrap_or(usize::MAX)).map(|one| one.case_number) {
        all.retain(|one| one.case_number != cut);
    }
    Ok(all)
}

/// A case that is or was eligible, as gates play it.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct Eligible {
    /// The case.
    pub case_number: i64,
    /// The gate of its rule.
    pub rule_gate: i64,
    /// The gate of the rule's family, where it has one.
    pub family_gate: Option<i64>,
    /// The gate of its organisation.
    pub org_gate: i64,
    /// When it became eligible.
    pub at_ms: i64,
    /// What a person declared since.
    pub verdict: Verdict,
    /// When.
    pub declared_ms: Option<i64>,
    /// The act by which it counts as a review.
    pub act: Option<String>,
}

/// Of an organisation's newest cases, at most `most`, those that are or were eligible, newest first.
pub async fn eligible(tx: &mut Tx, org_id: i64, most: i64) -> Result<Vec<Eligible>> {
    // Written as a cross join so that SQLite begins with the cases, which are bounded.
    let sql = "SELECT g.case_number, g.rule_gate, g.family_gate, g.org_gate, g.at_ms, g.verdict, g.declared_ms, g.act
        FROM (SELECT number, opened_ms FROM cases WHERE org_id = $1 ORDER BY opened_ms DESC, number DESC LIMIT $2) c
        CROSS JOIN gate_cases g WHERE g.case_number = c.number ORDER BY c.opened_ms DESC, c.number DESC";
    on!(tx, |db| sqlx::query_as(sql).bind(org_id).bind(most).fetch_all(db))
}

/// A finished run, on which another panel is tried.
#[derive(Debug, Clone, PartialEq, sqlx::FromRow)]
pub struct Ran {
    /// The case that it was for; that may be part of another one now.
    pub case_number: i64,
    /// The case that this one is part of, or itself.
    pub holder: i64,
    /// What was declared there.
    pub verdict: Verdict,
    /// When.
    pub decided_ms: Option<i64>,
    /// The run.
    pub run_id: i64,
    /// The behaviour.
    pub fingerprint: String,
    /// How votes were counted.
    pub mode: String,
    /// How they came out.
    pub outcome: Option<Outcome>,
    /// Whether the vote allowed closing.
    pub allowed: bool,
    /// When it ended.
    pub finished_ms: i64,
    /// The rule of its detection.
    pub rule_id: i64,
    /// That rule's path.
    pub rule: String,
    /// The level that the detection has of it.
    pub level: Option<String>,
    /// What stood against closing.
    pub vetoes: JsonText<Vec<Flag>>,
}

/// So many cases of an organisation by their numbers, after one; parts of other cases as well.
pub async fn numbers_after(tx: &mut Tx, org_id: i64, after: i64, limit: i64) -> Result<Vec<i64>> {
    let sql = "SELECT number FROM cases WHERE org_id = $1 AND number > $2 ORDER BY number LIMIT $3";
    on!(tx, |db| sqlx::query_scalar(sql).bind(org_id).bind(after).bind(limit).fetch_all(db))
}

/// The finished runs for these cases, the oldest of each first. Votes that were given elsewhere are left out, and cases
/// in blind review.
pub async fn ran(tx: &mut Tx, cases: &[i64]) -> Result<Vec<Ran>> {
    of_each(tx, cases, |places| {
        format!(
            "SELECT c.number AS case_number, h.number AS holder, h.verdict, h.decided_ms, r.id AS run_id, r.fingerprint,
                r.mode, r.outcome, r.auto_action IS NOT NULL AS allowed,
                COALESCE(r.finished_ms, r.queued_ms) AS finished_ms, d.rule_id, u.path AS rule, d.level, r.vetoes
             FROM cases c JOIN cases h ON h.number = COALESCE(c.merged_into, c.number) AND h.blind <> 'blind'
             JOIN runs r ON r.case_number = h.number AND COALESCE(r.origin_case, r.case_number) = c.number AND r.state = 'done'
                AND r.recorded = FALSE
             JOIN detections d ON d.id = r.detection_id JOIN rules u ON u.id = d.rule_id
             WHERE c.number IN {places} ORDER BY c.number, 10, r.number"
        )
    })
    .await
}

/// A behaviour of a case, and when its first detection arrived.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct Arose {
    /// The case; that may be part of another one now.
    pub case_number: i64,
    /// The behaviour.
    pub fingerprint: String,
    /// When.
    pub first_ms: i64,
}

/// The behaviours of cases, and of those that are part of them.
pub async fn arose(tx: &mut Tx, holders: &[i64]) -> Result<Vec<Arose>> {
    of_each(tx, holders, |places| {
        format!(
            "SELECT COALESCE(origin_case, case_number) AS case_number, fingerprint, MIN(received_ms) AS first_ms FROM detections
             WHERE case_number IN {places} GROUP BY 1, 2"
        )
    })
    .await
}

/// A vote of a run of the past, without what was asked and how it was answered.
#[derive(Debug, Clone, PartialEq, sqlx::FromRow)]
pub struct Given {
    /// The run.
    pub run_id: i64,
    /// The voter's name.
    pub voter: String,
    /// `panel`, `adviser` or `masked`.
    pub role: String,
    /// The wire kind.
    pub kind: String,
    /// The model.
    pub model: String,
    /// Its digest, or empty.
    pub digest: String,
    /// The version of the prompt.
    pub prompt_version: String,
    /// How it stands.
    pub state: VoteState,
    /// Why it failed.
    pub failure: Option<Failure>,
    /// The checked answer.
    pub answer: Option<JsonText<Answer>>,
    /// What it states about the event.
    pub claims: JsonText<Vec<Claim>>,
}

impl Given {
    /// The vote as the count sees it.
    pub fn vote(&self) -> Vote {
        let answer = self.answer.clone().map(|answer| answer.0);
        Vote { voter: self.voter.clone(), state: self.state, failure: self.failure, answer }
    }
}

/// The votes of runs, those of advisers and second looks included.
pub async fn given(tx: &mut Tx, runs: &[i64]) -> Result<Vec<Given>> {
    of_each(tx, runs, |places| {
        format!(
            "SELECT run_id, voter, role, kind, model, digest, prompt_version, state, failure, answer, claims FROM votes
             WHERE run_id IN {places} AND role <> 'control' ORDER BY run_id, position"
        )
    })
    .await
}
