//! Tags that people give to cases.
use super::{JsonText, Result, Tx, on, run};

/// Gives a case a tag.
pub async fn add(tx: &mut Tx, org_id: i64, case: i64, tag: &str) -> Result<u64> {
    let added = run!(
        tx,
        sqlx::query("INSERT INTO case_tags (case_number, org_id, tag) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING")
            .bind(case)
            .bind(org_id)
            .bind(tag)
    )?;
    if added == 0 {
        return Ok(0);
    }
    run!(
        tx,
        sqlx::query(
            "INSERT INTO tags (org_id, tag, cases) VALUES ($1, $2, 1) ON CONFLICT (org_id, tag) DO UPDATE SET cases = tags.cases + 1"
        )
        .bind(org_id)
        .bind(tag)
    )
}

/// Takes a tag from a case.
pub async fn remove(tx: &mut Tx, org_id: i64, case: i64, tag: &str) -> Result<u64> {
    let removed =
        run!(tx, sqlx::query("DELETE FROM case_tags WHERE case_number = $1 AND tag = $2").bind(case).bind(tag))?;
    if removed == 0 {
        return Ok(0);
    }
    run!(tx, sqlx::query("UPDATE tags SET cases = cases - 1 WHERE org_id = $1 AND tag = $2").bind(org_id).bind(tag))
}

/// The tags of a case, sorted.
pub async fn of_case(tx: &mut Tx, case: i64) -> Result<Vec<String>> {
    on!(tx, |db| sqlx::query_scalar("SELECT tag FROM case_tags WHERE case_number = $1 ORDER BY tag")
        .bind(case)
        .fetch_all(db))
}

/// Notes all tags of a case with the case.
pub async fn note(tx: &mut Tx, case: i64, tags: &[String]) -> Result<u64> {
    run!(tx, sqlx::query("UPDATE cases SET tags = $1 WHERE number = $2").bind(JsonText(tags)).bind(case))
}

/// The 50 tags that most cases of an organisation carry.
pub async fn used(tx: &mut Tx, org_id: i64) -> Result<Vec<String>> {
    on!(tx, |db| sqlx::query_scalar(
        "SELECT tag FROM tags WHERE org_id = $1 AND cases > 0 ORDER BY cases DESC, tag LIMIT 50"
    )
    .bind(org_id)
    .fetch_all(db))
}
