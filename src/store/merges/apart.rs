//! Cases that people took apart: what arrives later must not join them at once.
use super::super::{Result, Tx, on, run};

const fn ordered(one: i64, two: i64) -> (i64, i64) {
    if one < two { (one, two) } else { (two, one) }
}

/// Remembers that two cases were taken apart.
pub async fn keep_apart(tx: &mut Tx, one: i64, two: i64) -> Result<u64> {
    let (left, right) = ordered(one, two);
    run!(
        tx,
        sqlx::query("INSERT INTO kept_apart (left_case, right_case) VALUES ($1, $2) ON CONFLICT DO NOTHING")
            .bind(left)
            .bind(right)
    )
}

/// Forgets it, because somebody joins them again.
pub async fn bring_together(tx: &mut Tx, one: i64, two: i64) -> Result<u64> {
    let (left, right) = ordered(one, two);
    run!(tx, sqlx::query("DELETE FROM kept_apart WHERE left_case = $1 AND right_case = $2").bind(left).bind(right))
}

/// Whether two cases were taken apart, or any that are part of them now.
pub async fn are_apart(tx: &mut Tx, one: i64, two: i64) -> Result<bool> {
    let found: Option<i64> = on!(tx, |db| sqlx::query_scalar(APART).bind(one).bind(two).fetch_optional(db))?;
    Ok(found.is_some())
}

const APART: &str = "SELECT k.left_case FROM kept_apart k
     WHERE k.left_case IN (SELECT number FROM cases WHERE number = $1 UNION ALL SELECT number FROM cases WHERE merged_into = $1)
        AND k.right_case IN (SELECT number FROM cases WHERE number = $2 UNION ALL SELECT number FROM cases WHERE merged_into = $2)
     UNION ALL SELECT k.left_case FROM kept_apart k
     WHERE k.left_case IN (SELECT number FROM cases WHERE number = $2 UNION ALL SELECT number FROM cases WHERE merged_into = $2)
        AND k.right_case IN (SELECT number FROM cases WHERE number = $1 UNION ALL SELECT number FROM cases WHERE merged_into = $1)
     LIMIT 1";
