//! How analysts decided a behaviour before, kept up to date by every declaration and its undo.
use super::many::{ROWS, places};
use super::{Result, Tx, on, run};
use crate::domain::Verdict;
use crate::domain::dossier::Precedents;

/// Counts cases with a behaviour: organisation, fingerprint, how many. None may be there twice.
pub async fn seen(tx: &mut Tx, all: &[(i64, &str, i64)], now_ms: i64) -> Result<()> {
    for part in all.chunks(ROWS) {
        let sql = sqlx::AssertSqlSafe(format!(
            "INSERT INTO precedents (org_id, fingerprint, cases, first_ms, last_ms) VALUES {}
             ON CONFLICT (org_id, fingerprint) DO UPDATE SET cases = precedents.cases + excluded.cases, last_ms = excluded.last_ms",
            places(part.len(), 5)
        ));
        run!(tx, {
            let mut query = sqlx::query(sql);
            for (org_id, fingerprint, cases) in part {
                query = query.bind(*org_id).bind(*fingerprint).bind(*cases).bind(now_ms).bind(now_ms);
            }
            query
        })?;
    }
    Ok(())
}

/// Moves one case of a behaviour from one verdict to another.
pub async fn shift(tx: &mut Tx, org_id: i64, fingerprint: &str, from: Verdict, to: Verdict) -> Result<u64> {
    let delta = |verdict: Verdict| i64::from(to == verdict) - i64::from(from == verdict);
    run!(
        tx,
        sqlx::query(
            "UPDATE precedents SET false_positive = false_positive + $1, benign_true_positive = benign_true_positive + $2,
                true_positive = true_positive + $3 WHERE org_id = $4 AND fingerprint = $5"
        )
        .bind(delta(Verdict::FalsePositive))
        .bind(delta(Verdict::BenignTruePositive))
        .bind(delta(Verdict::TruePositive))
        .bind(org_id)
        .bind(fingerprint)
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
                true_positive = precedents.true_positive + CASE WHEN c.verdict = 'true_positive' THEN $2 ELSE 0 END
             FROM cases c JOIN case_fingerprints f ON f.case_number = c.number
             WHERE c.number = $1 AND precedents.org_id = c.org_id AND precedents.fingerprint = f.fingerprint"
        )
        .bind(case)
        .bind(by)
    )
}

/// The verdicts on a behaviour.
pub async fn of(tx: &mut Tx, org_id: i64, fingerprint: &str) -> Result<Precedents> {
    let row: Option<(i64, i64, i64)> = on!(tx, |db| {
        sqlx::query_as(
        "SELECT false_positive, benign_true_positive, true_positive FROM precedents WHERE org_id = $1 AND fingerprint = $2"
    )
    .bind(org_id)
    .bind(fingerprint)
    .fetch_optional(db)
    })?;
    let (false_positive, benign_true_positive, true_positive) = row.unwrap_or_default();
    Ok(Precedents { false_positive, benign_true_positive, true_positive })
}
