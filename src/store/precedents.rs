//! How analysts decided a behaviour before, kept up to date by every declaration and its undo.
use super::many::{ROWS, places};
use super::{Result, Tx, on, run};
use crate::domain::Verdict;
use crate::domain::dossier::Precedents;

/// Cases that hold a behaviour.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen {
    /// The organisation.
    pub org_id: i64,
    /// The behaviour.
    pub fingerprint: String,
    /// How many cases more hold it.
    pub cases: i64,
    /// Its rule.
    pub rule_id: i64,
    /// The hash of rule, parent image and image, or empty.
    pub family: String,
    /// Its canonical text, cut.
    pub text: String,
}

/// Counts cases with behaviours. None may be there twice.
pub async fn seen(tx: &mut Tx, all: &[Seen], now_ms: i64) -> Result<()> {
    for part in all.chunks(ROWS) {
        let sql = sqlx::AssertSqlSafe(format!(
            "INSERT INTO precedents (org_id, fingerprint, cases, first_ms, last_ms, rule_id, family, behaviour) VALUES {}
             ON CONFLICT (org_id, fingerprint) DO UPDATE SET cases = precedents.cases + excluded.cases, last_ms = excluded.last_ms,
                rule_id = excluded.rule_id, family = excluded.family, behaviour = excluded.behaviour",
            places(part.len(), 8)
        ));
        run!(tx, {
            let mut query = sqlx::query(sql);
            for one in part {
                query = query.bind(one.org_id).bind(&one.fingerprint).bind(one.cases).bind(now_ms).bind(now_ms);
                query = query.bind(one.rule_id).bind(&one.family).bind(&one.text);
            }
            query
        })?;
    }
    Ok(())
}

/// A verdict, and whether a program declared it.
pub type Said = (Verdict, bool);

/// Moves one case of a behaviour from one verdict to another.
pub async fn shift(tx: &mut Tx, org_id: i64, fingerprint: &str, from: Said, to: Said) -> Result<u64> {
    let delta = |verdict: Verdict| i64::from(to.0 == verdict) - i64::from(from.0 == verdict);
    let benign = |said: Said| matches!(said, (Verdict::FalsePositive | Verdict::BenignTruePositive, true));
    let malicious = |said: Said| said == (Verdict::TruePositive, true);
    run!(
        tx,
        sqlx::query(
            "UPDATE precedents SET false_positive = false_positive + $1, benign_true_positive = benign_true_positive + $2,
                true_positive = true_positive + $3, program_benign = program_benign + $6,
                program_true_positive = program_true_positive + $7 WHERE org_id = $4 AND fingerprint = $5"
        )
        .bind(delta(Verdict::FalsePositive))
        .bind(delta(Verdict::BenignTruePositive))
        .bind(delta(Verdict::TruePositive))
        .bind(org_id)
        .bind(fingerprint)
        .bind(i64::from(benign(to)) - i64::from(benign(from)))
        .bind(i64::from(malicious(to)) - i64::from(malicious(from)))
    )
}

/// Takes what a case counts for its behaviours out (`by` is -1), or adds it (1).
pub async fn weigh(tx: &mut Tx, case: i64, by: i64) -> Result<u64> {
    run!(
        tx,
        sqlx::query(
            "UPDATE precedents SET cases = precedents.cases + $2,
                false_positive = precedents.false_positive + CASE WHEN c.verdict = 'false_positive' THEN $2 ELSE 0 END,
                benign_true_positive = precedents.benign_true_positive + CASE WHEN c.verdict = 'benign_true_positive' THEN $2 ELSE 0 END,
                true_positive = precedents.true_positive + CASE WHEN c.verdict = 'true_positive' THEN $2 ELSE 0 END,
                program_benign = precedents.program_benign
                    + CASE WHEN c.by_program = TRUE AND c.verdict IN ('false_positive', 'benign_true_positive') THEN $2 ELSE 0 END,
                program_true_positive = precedents.program_true_positive
                    + CASE WHEN c.by_program = TRUE AND c.verdict = 'true_positive' THEN $2 ELSE 0 END
             FROM cases c JOIN case_fingerprints f ON f.case_number = c.number
             WHERE c.number = $1 AND precedents.org_id = c.org_id AND precedents.fingerprint = f.fingerprint"
        )
        .bind(case)
        .bind(by)
    )
}

/// The verdicts on a behaviour.
pub async fn of(tx: &mut Tx, org_id: i64, fingerprint: &str) -> Result<Precedents> {
    let row: Option<(i64, i64, i64, i64)> = on!(tx, |db| {
        sqlx::query_as(
        "SELECT false_positive, benign_true_positive, true_positive, program_benign + program_true_positive FROM precedents WHERE org_id = $1 AND fingerprint = $2"
    )
    .bind(org_id)
    .bind(fingerprint)
    .fetch_optional(db)
    })?;
    let (false_positive, benign_true_positive, true_positive, programs) = row.unwrap_or_default();
    Ok(Precedents { false_positive, benign_true_positive, true_positive, programs })
}

/// A behaviour that analysts decided.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct Decided {
    /// The behaviour.
    pub fingerprint: String,
    /// The hash of rule, parent image and image, or empty.
    pub family: String,
    /// Its canonical text, cut.
    pub behaviour: String,
    /// Cases declared false positive.
    pub false_positive: i64,
    /// Cases declared benign true positive.
    pub benign_true_positive: i64,
    /// Cases declared true positive.
    pub true_positive: i64,
    /// Whether the case that asks holds it as well.
    pub own: bool,
}

/// Behaviours of one level that are compared: those with true positives first, then the newest.
pub const COMPARED: i64 = 50;

/// Decided behaviours of a rule; `case` is the case that asks.
pub async fn of_rule(tx: &mut Tx, org_id: i64, rule_id: i64, case: i64) -> Result<Vec<Decided>> {
    const SQL: &str =
        "SELECT p.fingerprint, p.family, p.behaviour, p.false_positive, p.benign_true_positive, p.true_positive,
            EXISTS (SELECT 1 FROM case_fingerprints f WHERE f.case_number = $3 AND f.fingerprint = p.fingerprint) AS own
         FROM precedents p WHERE p.org_id = $1 AND p.rule_id = $2
            AND p.false_positive + p.benign_true_positive + p.true_positive > 0 AND p.behaviour IS NOT NULL
         ORDER BY (p.true_positive > 0) DESC, p.last_ms DESC LIMIT $4";
    on!(tx, |db| sqlx::query_as(SQL).bind(org_id).bind(rule_id).bind(case).bind(COMPARED).fetch_all(db))
}

/// Decided behaviours of a family; `case` is the case that asks.
pub async fn of_family(tx: &mut Tx, org_id: i64, family: &str, case: i64) -> Result<Vec<Decided>> {
    const SQL: &str =
        "SELECT p.fingerprint, p.family, p.behaviour, p.false_positive, p.benign_true_positive, p.true_positive,
            EXISTS (SELECT 1 FROM case_fingerprints f WHERE f.case_number = $3 AND f.fingerprint = p.fingerprint) AS own
         FROM precedents p WHERE p.org_id = $1 AND p.family = $2
            AND p.false_positive + p.benign_true_positive + p.true_positive > 0 AND p.behaviour IS NOT NULL
         ORDER BY (p.true_positive > 0) DESC, p.last_ms DESC LIMIT $4";
    on!(tx, |db| sqlx::query_as(SQL).bind(org_id).bind(family).bind(case).bind(COMPARED).fetch_all(db))
}

/// Whether an organisation has decided behaviours that can't be compared yet.
pub async fn is_catching_up(tx: &mut Tx, org_id: i64) -> Result<bool> {
    on!(tx, |db| sqlx::query_scalar(
        "SELECT EXISTS (SELECT 1 FROM precedents WHERE org_id = $1 AND behaviour IS NULL
            AND false_positive + benign_true_positive + true_positive > 0)"
    )
    .bind(org_id)
    .fetch_one(db))
}

/// A behaviour that was stored before its text was.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct Unread {
    /// The organisation.
    pub org_id: i64,
    /// The behaviour.
    pub fingerprint: String,
    /// The rule of a detection with it, where there still is one.
    pub rule_id: Option<i64>,
    /// That detection's document.
    pub raw: Option<String>,
}

/// Behaviours without a text, in the order of organisation and fingerprint, from after `after` on.
pub async fn unread(tx: &mut Tx, after: (i64, &str), limit: i64) -> Result<Vec<Unread>> {
    on!(tx, |db| {
        sqlx::query_as(
            "SELECT u.org_id, u.fingerprint, d.rule_id, d.raw FROM (
                SELECT p.org_id, p.fingerprint, (SELECT MIN(s.id) FROM (
                    SELECT x.id FROM case_fingerprints f JOIN detections x ON x.sensor_id = f.sensor_id AND x.fingerprint = f.fingerprint
                    WHERE f.org_id = p.org_id AND f.fingerprint = p.fingerprint AND x.raw <> '' LIMIT 1) AS s) AS detection_id
                FROM precedents p WHERE p.behaviour IS NULL AND (p.org_id, p.fingerprint) > ($1, $2)
                ORDER BY p.org_id, p.fingerprint LIMIT $3) AS u
             LEFT JOIN detections d ON d.id = u.detection_id ORDER BY u.org_id, u.fingerprint",
        )
        .bind(after.0)
        .bind(after.1)
        .bind(limit)
        .fetch_all(db)
    })
}

/// Gives a behaviour its text, where it has none.
pub async fn read(tx: &mut Tx, of: &Unread, family: &str, text: &str) -> Result<u64> {
    run!(
        tx,
        sqlx::query(
            "UPDATE precedents SET rule_id = $1, family = $2, behaviour = $3 WHERE org_id = $4 AND fingerprint = $5 AND behaviour IS NULL"
        )
        .bind(of.rule_id)
        .bind(family)
        .bind(text)
        .bind(of.org_id)
        .bind(&of.fingerprint)
    )
}
