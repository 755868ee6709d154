//! What the statistical voter learnt from an organisation's declarations.
use super::{ORGS, Result, Scope, Tx, on, run};

/// Documents longer than this are not learnt from.
const LONGEST: i64 = 64 * 1024;

/// Notes that an organisation's declarations changed.
pub async fn want(tx: &mut Tx, org_id: i64) -> Result<u64> {
    run!(
        tx,
        sqlx::query(
            "INSERT INTO learnt (org_id, wanted) VALUES ($1, 1) ON CONFLICT (org_id) DO UPDATE SET wanted = learnt.wanted + 1"
        )
        .bind(org_id)
    )
}

/// How often the declarations of an organisation changed.
pub async fn wanted(tx: &mut Tx, org_id: i64) -> Result<i64> {
    let wanted: Option<i64> = on!(tx, |db| sqlx::query_scalar("SELECT wanted FROM learnt WHERE org_id = $1")
        .bind(org_id)
        .fetch_optional(db))?;
    Ok(wanted.unwrap_or_default())
}

/// Organisations whose weights don't know all declarations, or began with other weights than `base`.
pub async fn behind(tx: &mut Tx, base: &str) -> Result<Vec<i64>> {
    on!(tx, |db| {
        sqlx::query_scalar("SELECT org_id FROM learnt WHERE seen <> wanted OR base <> $1 ORDER BY org_id")
            .bind(base)
            .fetch_all(db)
    })
}

/// Weights that were learnt.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct Learnt {
    /// The changes of declarations that they know.
    pub seen: i64,
    /// What they began with: the model's `data`.
    pub base: String,
    /// The model as JSON.
    pub model: String,
    /// When they were made.
    pub made_ms: i64,
}

/// Keeps what was learnt.
pub async fn keep(tx: &mut Tx, org_id: i64, new: &Learnt) -> Result<u64> {
    run!(
        tx,
        sqlx::query("UPDATE learnt SET seen = $1, base = $2, model = $3, made_ms = $4 WHERE org_id = $5")
            .bind(new.seen)
            .bind(&new.base)
            .bind(&new.model)
            .bind(new.made_ms)
            .bind(org_id)
    )
}

/// What an organisation's voter learnt, where it began with the weights `base`.
pub async fn of(tx: &mut Tx, org_id: i64, base: &str) -> Result<Option<Learnt>> {
    on!(tx, |db| {
        sqlx::query_as("SELECT seen, base, model, made_ms FROM learnt WHERE org_id = $1 AND base = $2 AND model <> ''")
            .bind(org_id)
            .bind(base)
            .fetch_optional(db)
    })
}

/// The same of every organisation in a scope, by its name.
pub async fn all(tx: &mut Tx, scope: Scope, base: &str) -> Result<Vec<(String, Learnt)>> {
    let sql = sqlx::AssertSqlSafe(format!(
        "SELECT o.name, l.seen, l.base, l.model, l.made_ms FROM learnt l JOIN orgs o ON o.id = l.org_id
         WHERE l.org_id IN {ORGS} AND l.base = $1 AND l.model <> '' ORDER BY o.name"
    ));
    let rows: Vec<(String, i64, String, String, i64)> =
        on!(tx, |db| sqlx::query_as(sql).bind(base).bind(scope.org_id).bind(scope.user_id).fetch_all(db))?;
    let learnt = |(name, seen, base, model, made_ms)| (name, Learnt { seen, base, model, made_ms });
    Ok(rows.into_iter().map(learnt).collect())
}

/// A behaviour that was declared, with the document of one detection that has it.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct Declared {
    /// The behaviour.
    pub fingerprint: String,
    /// The hash of rule, parent image and image, or empty.
    pub family: String,
    /// Cases that were declared false positive or benign true positive.
    pub benign: i64,
    /// Cases that were declared true positive.
    pub true_positive: i64,
    /// The document.
    pub raw: String,
}

/// The behaviours of an organisation that people declared and that were seen last; what programs declared is left out.
pub async fn declared(tx: &mut Tx, org_id: i64, limit: i64) -> Result<Vec<Declared>> {
    let mut all: Vec<Declared> = on!(tx, |db| {
        sqlx::query_as(
            "SELECT u.fingerprint, u.family, u.benign, u.true_positive, d.raw FROM (
                SELECT p.fingerprint, p.family, p.false_positive + p.benign_true_positive - p.program_benign AS benign,
                    p.true_positive - p.program_true_positive AS true_positive,
                    (SELECT MIN(s.id) FROM (SELECT x.id FROM case_fingerprints f
                        JOIN detections x ON x.sensor_id = f.sensor_id AND x.fingerprint = f.fingerprint
                        WHERE f.org_id = p.org_id AND f.fingerprint = p.fingerprint AND x.raw <> '' LIMIT 1) AS s) AS detection_id
                FROM precedents p WHERE p.org_id = $1 AND p.false_positive + p.benign_true_positive + p.true_positive > 0
                    AND p.false_positive + p.benign_true_positive + p.true_positive > p.program_benign + p.program_true_positive
                ORDER BY p.last_ms DESC LIMIT $2) AS u
             JOIN detections d ON d.id = u.detection_id WHERE LENGTH(d.raw) <= $3",
        )
        .bind(org_id)
        .bind(limit)
        .bind(LONGEST)
        .fetch_all(db)
    })?;
    // The same order gives the same weights, to the last digit.
    all.sort_by(|one, other| one.fingerprint.cmp(&other.fingerprint));
    Ok(all)
}
