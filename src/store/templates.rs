//! Templates of tasks, each of one organisation.
use super::{JsonText, Result, Tx, on, run};
use crate::domain::template::Fits;

/// A template.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct Template {
    /// Its id.
    pub id: i64,
    /// Its organisation.
    pub org_id: i64,
    /// Its name.
    pub name: String,
    /// What it fits.
    pub fits: Fits,
    /// The rule's path, the technique, the severity; empty for true positives.
    pub value: String,
    /// The tasks, one a line.
    pub lines: JsonText<Vec<String>>,
    /// `opened` or `true_positive` where it is applied by itself, else empty.
    pub auto: String,
    /// Grows with every change.
    pub version: i64,
}

const COLUMNS: &str = "id, org_id, name, fits, value, lines, auto, version";

/// The templates of an organisation in order of their names; there are at most `limits::TEMPLATES`.
pub async fn of_org(tx: &mut Tx, org_id: i64) -> Result<Vec<Template>> {
    let sql = sqlx::AssertSqlSafe(format!(
        "SELECT {COLUMNS} FROM templates WHERE org_id = $1 AND removed_ms IS NULL ORDER BY name, id"
    ));
    on!(tx, |db| sqlx::query_as(sql).bind(org_id).fetch_all(db))
}

/// Those of an organisation that are applied by themselves when a case is opened.
pub async fn opening(tx: &mut Tx, org_id: i64) -> Result<Vec<Template>> {
    let sql = sqlx::AssertSqlSafe(format!(
        "SELECT {COLUMNS} FROM templates WHERE org_id = $1 AND auto = 'opened' AND removed_ms IS NULL ORDER BY name, id"
    ));
    on!(tx, |db| sqlx::query_as(sql).bind(org_id).fetch_all(db))
}

/// Adds one and returns its id.
pub async fn insert(tx: &mut Tx, new: &Template) -> Result<i64> {
    on!(tx, |db| sqlx::query_scalar(
        "INSERT INTO templates (org_id, name, fits, value, lines, auto) VALUES ($1, $2, $3, $4, $5, $6) RETURNING id"
    )
    .bind(new.org_id)
    .bind(&new.name)
    .bind(new.fits)
    .bind(&new.value)
    .bind(&new.lines)
    .bind(&new.auto)
    .fetch_one(db))
}

/// Changes one where it still has this version; 0 where somebody was faster.
pub async fn change(tx: &mut Tx, to: &Template) -> Result<u64> {
    run!(
        tx,
        sqlx::query(
            "UPDATE templates SET name = $1, fits = $2, value = $3, lines = $4, auto = $5, version = version + 1
             WHERE id = $6 AND org_id = $7 AND version = $8 AND removed_ms IS NULL"
        )
        .bind(&to.name)
        .bind(to.fits)
        .bind(&to.value)
        .bind(&to.lines)
        .bind(&to.auto)
        .bind(to.id)
        .bind(to.org_id)
        .bind(to.version)
    )
}

/// Takes one away; its row stays, so that no other ever gets its id.
pub async fn remove(tx: &mut Tx, org_id: i64, id: i64, now_ms: i64) -> Result<u64> {
    run!(
        tx,
        sqlx::query("UPDATE templates SET removed_ms = $1 WHERE id = $2 AND org_id = $3 AND removed_ms IS NULL")
            .bind(now_ms)
            .bind(id)
            .bind(org_id)
    )
}

/// Gives a new organisation the templates that each one begins with.
pub async fn begin(tx: &mut Tx, org_id: i64) -> Result<u64> {
    run!(
        tx,
        sqlx::query(
            "INSERT INTO templates (org_id, name, fits, value, lines)
             SELECT $1, t.name, t.fits, t.value, t.lines FROM templates t WHERE t.org_id IS NULL ORDER BY t.id"
        )
        .bind(org_id)
    )
}

/// Notes that a template was applied to a case; `false` where it was already.
pub async fn apply(tx: &mut Tx, case: i64, template: i64) -> Result<bool> {
    let added = run!(
        tx,
        sqlx::query("INSERT INTO case_templates (case_number, template_id) VALUES ($1, $2) ON CONFLICT DO NOTHING")
            .bind(case)
            .bind(template)
    )?;
    Ok(added > 0)
}

/// The templates that were applied to a case.
pub async fn applied(tx: &mut Tx, case: i64) -> Result<Vec<i64>> {
    on!(tx, |db| sqlx::query_scalar(
        "SELECT template_id FROM case_templates WHERE case_number = $1 ORDER BY template_id"
    )
    .bind(case)
    .fetch_all(db))
}
