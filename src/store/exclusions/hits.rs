//! The cases of which an exclusion would hide detections, and what that would mean.
use super::{LEFT, ONWARD, Tally};
use crate::domain::{HitKind, Severity, Verdict};
use crate::store::{Result, Tx, on, run};

/// Forgets what an earlier back-test found.
pub async fn clear_hits(tx: &mut Tx, id: i64) -> Result<u64> {
    run!(tx, sqlx::query("DELETE FROM exclusion_hits WHERE exclusion_id = $1").bind(id))
}

/// Begins a back-test anew after somebody looked at the cases with a warning: these are remembered, without detections.
pub async fn keep_looked(tx: &mut Tx, id: i64) -> Result<()> {
    run!(tx, sqlx::query("DELETE FROM exclusion_hits WHERE exclusion_id = $1 AND kind <> 'warned'").bind(id))?;
    run!(tx, sqlx::query("UPDATE exclusion_hits SET looked = TRUE, detections = 0 WHERE exclusion_id = $1").bind(id))?;
    Ok(())
}

/// Cases with a warning at which nobody looked before the approval.
pub async fn unlooked(tx: &mut Tx, id: i64) -> Result<i64> {
    on!(tx, |db| {
        sqlx::query_scalar(
        "SELECT CAST(COUNT(*) AS BIGINT) FROM exclusion_hits WHERE exclusion_id = $1 AND kind = 'warned' AND looked = FALSE"
    )
    .bind(id)
    .fetch_one(db)
    })
}

/// Adds detections of cases that would be hidden.
pub async fn add_hits(tx: &mut Tx, id: i64, cases: &[(i64, i64)]) -> Result<()> {
    for (case, detections) in cases {
        run!(
            tx,
            sqlx::query(
                "INSERT INTO exclusion_hits (exclusion_id, case_number, kind, detections) VALUES ($1, $2, $3, $4)
             ON CONFLICT (exclusion_id, case_number) DO UPDATE SET detections = exclusion_hits.detections + $4"
            )
            .bind(id)
            .bind(case)
            .bind(HitKind::Undecided)
            .bind(detections)
        )?;
    }
    Ok(())
}

/// Says of each hit what hiding it would mean as the cases stand now, and counts them. A case that
/// became part of another one, or was closed as its duplicate, counts as that one, however far the way is.
pub async fn classify(tx: &mut Tx, id: i64) -> Result<Vec<Tally>> {
    // Looked at for an approval, and not matched any more.
    run!(tx, sqlx::query("DELETE FROM exclusion_hits WHERE exclusion_id = $1 AND detections = 0").bind(id))?;
    run!(tx, sqlx::query(sqlx::AssertSqlSafe(format!(
        "WITH RECURSIVE chain (number, root, hop) AS (
            SELECT case_number, case_number, 0 FROM exclusion_hits WHERE exclusion_id = $1 {ONWARD}),
         said (number, kind) AS (SELECT k.number, CASE
                WHEN t.verdict IN ('true_positive', 'false_positive', 'benign_true_positive') THEN t.verdict
                WHEN t.verdict = 'undetermined' THEN 'warned'
                WHEN t.blind <> 'blind' AND (t.machine_verdict = 'true_positive' OR EXISTS (SELECT 1 FROM runs r WHERE r.case_number = t.number AND r.vetoes <> '[]'
                    AND r.number = (SELECT MAX(n.number) FROM runs n WHERE n.case_number = t.number))) THEN 'warned'
                ELSE 'undecided' END
            FROM chain k JOIN cases t ON t.number = k.root WHERE t.merged_into IS NULL AND t.duplicate_of IS NULL)
         UPDATE exclusion_hits SET kind = said.kind FROM said WHERE exclusion_hits.exclusion_id = $1 AND exclusion_hits.case_number = said.number"
    )))
    .bind(id))?;
    let rows: Vec<(HitKind, i64, i64)> = on!(tx, |db| {
        sqlx::query_as(
        "SELECT kind, CAST(COUNT(*) AS BIGINT), CAST(SUM(detections) AS BIGINT) FROM exclusion_hits WHERE exclusion_id = $1 GROUP BY kind"
    )
    .bind(id)
    .fetch_all(db)
    })?;
    let mut tallies: Vec<Tally> =
        rows.into_iter().map(|(kind, cases, detections)| Tally { kind, cases, detections }).collect();
    tallies.sort_by_key(|tally| tally.kind);
    Ok(tallies)
}

/// A case of which detections would be hidden.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct Hit {
    /// The case.
    pub number: i64,
    /// Its title.
    pub title: String,
    /// Its host.
    pub hostname: String,
    /// Its severity.
    pub severity: Severity,
    /// What a person decided by now.
    pub verdict: Verdict,
    /// What hiding it would mean, as the back-test saw it.
    pub kind: HitKind,
    /// How many of its detections would be hidden.
    pub detections: i64,
}

/// Cases of one kind before a number, newest first.
pub async fn hits(tx: &mut Tx, id: i64, kind: HitKind, before: i64, limit: i64) -> Result<Vec<Hit>> {
    on!(tx, |db| {
        sqlx::query_as(
        "SELECT c.number, c.title, c.hostname, c.severity, c.verdict, h.kind, h.detections FROM exclusion_hits h JOIN cases c ON c.number = h.case_number
         WHERE h.exclusion_id = $1 AND h.kind = $2 AND h.case_number < $3 ORDER BY h.case_number DESC LIMIT $4"
    )
    .bind(id)
    .bind(kind)
    .bind(before)
    .bind(limit)
    .fetch_all(db)
    })
}

/// A case that is declared true positive by now and of which detections would be hidden, if there is one.
pub async fn hits_true_positive(tx: &mut Tx, id: i64) -> Result<Option<i64>> {
    on!(tx, |db| {
        sqlx::query_scalar(
        "SELECT case_number FROM exclusion_hits WHERE exclusion_id = $1 AND kind = 'true_positive' ORDER BY case_number DESC LIMIT 1"
    )
    .bind(id)
    .fetch_optional(db)
    })
}

/// The exclusions whose back-test found detections of a case.
pub async fn hits_of_case(tx: &mut Tx, case: i64) -> Result<Vec<i64>> {
    on!(tx, |db| sqlx::query_scalar("SELECT exclusion_id FROM exclusion_hits WHERE case_number = $1 LIMIT 1000")
        .bind(case)
        .fetch_all(db))
}

/// Notes that an exclusion hides detections of a case that was declared true positive; `false` where that is known.
pub async fn conflict(tx: &mut Tx, id: i64, case: i64, now_ms: i64) -> Result<bool> {
    let added = run!(
        tx,
        sqlx::query(
            "INSERT INTO exclusion_conflicts (case_number, exclusion_id, found_ms) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING"
        )
        .bind(case)
        .bind(id)
        .bind(now_ms)
    )?;
    Ok(added > 0)
}

/// Pairs of exclusion, its name, and case that is still declared true positive, while the exclusion is in force or may be
/// left in LimaCharlie: those of an exclusion, or of a case where `id` is 0.
pub async fn conflicts_of(tx: &mut Tx, id: i64, case: i64, now_ms: i64) -> Result<Vec<(i64, String, i64)>> {
    let by = if id > 0 { "k.exclusion_id = $1" } else { "k.case_number = $2" };
    let sql = format!(
        "SELECT x.id, x.name, c.number FROM exclusion_conflicts k JOIN exclusions x ON x.id = k.exclusion_id JOIN cases c ON c.number = k.case_number
         WHERE {by} AND c.verdict = 'true_positive' AND (x.state IN ('approved', 'active') AND x.expires_ms > $3 OR {LEFT})
         ORDER BY c.number DESC, x.id LIMIT 20"
    );
    on!(tx, |db| sqlx::query_as(sqlx::AssertSqlSafe(sql.as_str())).bind(id).bind(case).bind(now_ms).fetch_all(db))
}
