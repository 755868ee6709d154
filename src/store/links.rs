//! Cases that people say belong beside each other.
use super::{Result, Tx, on, run};
use crate::domain::words;

words! {
    /// Why two cases are linked.
    LinkKind ("link kind") {
        /// Somebody said so.
        Link = "link", "Linked";
        /// One was split off the other.
        Split = "split", "Split off";
    }
}

/// Links two cases; `false` where they are linked so already. The lower number stands left, and was there first.
pub async fn add(tx: &mut Tx, (one, two): (i64, i64), kind: LinkKind, by: &str, now_ms: i64) -> Result<bool> {
    let added = run!(
        tx,
        sqlx::query(
            "INSERT INTO case_links (left_case, right_case, kind, made_by, made_ms) VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING"
        )
        .bind(one.min(two))
        .bind(one.max(two))
        .bind(kind)
        .bind(by)
        .bind(now_ms)
    )?;
    Ok(added > 0)
}

/// Takes a link away; `false` where there is none.
pub async fn remove(tx: &mut Tx, (one, two): (i64, i64)) -> Result<bool> {
    let removed = run!(
        tx,
        sqlx::query("DELETE FROM case_links WHERE left_case = $1 AND right_case = $2 AND kind = 'link'")
            .bind(one.min(two))
            .bind(one.max(two))
    )?;
    Ok(removed > 0)
}

/// Whether people linked a case with another one, or split one off the other.
pub async fn is_linked(tx: &mut Tx, number: i64) -> Result<bool> {
    on!(tx, |db| {
        sqlx::query_scalar(
        "SELECT EXISTS (SELECT 1 FROM case_links WHERE left_case = $1) OR EXISTS (SELECT 1 FROM case_links WHERE right_case = $1)"
    )
    .bind(number)
    .fetch_one(db)
    })
}

/// A case at the other end of a link.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct Linked {
    /// The case, or the one that it is part of by now.
    pub number: i64,
    /// The case that the link names.
    pub named: i64,
    /// Why.
    pub kind: LinkKind,
    /// Who linked them.
    pub made_by: String,
    /// Whether the other one stands left.
    pub is_first: bool,
}

/// The cases that a case and those which are part of it are linked with, newest link first.
pub async fn of_case(tx: &mut Tx, number: i64, limit: i64) -> Result<Vec<Linked>> {
    on!(tx, |db| sqlx::query_as(OF_CASE).bind(number).bind(limit).fetch_all(db))
}

const OF_CASE: &str = "SELECT COALESCE(c.merged_into, c.number) AS number, c.number AS named, l.kind, l.made_by, l.is_first FROM (
        SELECT right_case AS other, kind, made_by, made_ms, FALSE AS is_first FROM case_links
            WHERE left_case IN (SELECT number FROM cases WHERE number = $1 UNION ALL SELECT number FROM cases WHERE merged_into = $1)
        UNION ALL SELECT left_case, kind, made_by, made_ms, TRUE FROM case_links
            WHERE right_case IN (SELECT number FROM cases WHERE number = $1 UNION ALL SELECT number FROM cases WHERE merged_into = $1)
        ORDER BY 4 DESC LIMIT $2) AS l
    JOIN cases c ON c.number = l.other WHERE COALESCE(c.merged_into, c.number) <> $1 ORDER BY l.made_ms DESC, c.number DESC";
