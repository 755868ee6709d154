//! How far each organisation's detections were pulled from LimaCharlie, and what could not be read.
use super::{Result, Scope, Tx, on, run};

/// The state of an organisation's pull. Seconds and milliseconds since 1970, UTC.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct Pull {
    /// The organisation.
    pub org_id: i64,
    /// Its short name.
    pub org: String,
    /// Up to this second everything is read.
    pub done_s: i64,
    /// The last second of the window under way; 0 for none.
    pub to_s: i64,
    /// The next page of this window, in LimaCharlie's words; empty for the first.
    pub next_page: String,
    /// When it was last tried.
    pub tried_ms: i64,
    /// When a window was last read to its end.
    pub read_ms: Option<i64>,
    /// How often in a row it failed.
    pub failures: i64,
    /// Since when it fails.
    pub failing_since_ms: Option<i64>,
    /// Why.
    pub error: String,
}

/// A stretch that could not be read; both ends are included.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct Gap {
    /// Its id.
    pub id: i64,
    /// The organisation.
    pub org_id: i64,
    /// The first second.
    pub from_s: i64,
    /// The last second.
    pub to_s: i64,
    /// When it was last tried.
    pub tried_ms: i64,
    /// Why it could not be read.
    pub error: String,
}

/// Where a pull is; a change names the old one, so that of two that pull at once only one goes on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Position {
    /// Up to this second everything is read.
    pub done_s: i64,
    /// The last second of the window under way; 0 for none.
    pub to_s: i64,
    /// Its next page; empty for the first.
    pub next_page: String,
}

impl Pull {
    /// Where it is.
    pub fn position(&self) -> Position {
        Position { done_s: self.done_s, to_s: self.to_s, next_page: self.next_page.clone() }
    }
}

/// Begins an organisation's pull after this second, unless it has begun; gives its state.
pub async fn begin(tx: &mut Tx, org_id: i64, done_s: i64, now_ms: i64) -> Result<Pull> {
    run!(
        tx,
        sqlx::query("INSERT INTO pulls (org_id, done_s, tried_ms) VALUES ($1, $2, $3) ON CONFLICT (org_id) DO NOTHING")
            .bind(org_id)
            .bind(done_s)
            .bind(now_ms)
    )?;
    on!(tx, |db| {
        sqlx::query_as(
        "SELECT p.org_id, o.slug AS org, p.done_s, p.to_s, p.next_page, p.tried_ms, p.read_ms, p.failures, p.failing_since_ms, p.error
         FROM pulls p JOIN orgs o ON o.id = p.org_id WHERE p.org_id = $1"
    )
    .bind(org_id)
    .fetch_one(db)
    })
}

/// Moves on; `false` where somebody else did.
pub async fn advance(tx: &mut Tx, org_id: i64, from: &Position, to: &Position, now_ms: i64) -> Result<bool> {
    let changed = run!(
        tx,
        sqlx::query(
            "UPDATE pulls SET done_s = $1, to_s = $2, next_page = $3, tried_ms = $4, failures = 0, failing_since_ms = NULL, error = '',
                read_ms = CASE WHEN $2 = 0 THEN $4 ELSE read_ms END
             WHERE org_id = $5 AND done_s = $6 AND to_s = $7 AND next_page = $8"
        )
        .bind(to.done_s)
        .bind(to.to_s)
        .bind(&to.next_page)
        .bind(now_ms)
        .bind(org_id)
        .bind(from.done_s)
        .bind(from.to_s)
        .bind(&from.next_page)
    )?;
    Ok(changed > 0)
}

/// Goes back to a second up to which everything is surely read; `false` where somebody else moved it meanwhile.
pub async fn rewind(tx: &mut Tx, org_id: i64, from: &Position, done_s: i64) -> Result<bool> {
    let changed = run!(
        tx,
        sqlx::query(
            "UPDATE pulls SET done_s = $1, to_s = 0, next_page = '' WHERE org_id = $2 AND done_s = $3 AND to_s = $4 AND next_page = $5"
        )
        .bind(done_s)
        .bind(org_id)
        .bind(from.done_s)
        .bind(from.to_s)
        .bind(&from.next_page)
    )?;
    Ok(changed > 0)
}

/// Notes a failure. With `again` the window under way begins again with its first page.
pub async fn failed(tx: &mut Tx, org_id: i64, error: &str, again: bool, now_ms: i64) -> Result<u64> {
    run!(
        tx,
        sqlx::query(
            "UPDATE pulls SET failures = failures + 1, failing_since_ms = COALESCE(failing_since_ms, $1), error = $2, tried_ms = $1,
                to_s = CASE WHEN $3 THEN 0 ELSE to_s END, next_page = CASE WHEN $3 THEN '' ELSE next_page END WHERE org_id = $4"
        )
        .bind(now_ms)
        .bind(error)
        .bind(again)
        .bind(org_id)
    )
}

/// The pulls of somebody's organisations by short name.
pub async fn all(tx: &mut Tx, scope: Scope) -> Result<Vec<Pull>> {
    on!(tx, |db| {
        sqlx::query_as(
        "SELECT p.org_id, o.slug AS org, p.done_s, p.to_s, p.next_page, p.tried_ms, p.read_ms, p.failures, p.failing_since_ms, p.error
         FROM pulls p JOIN orgs o ON o.id = p.org_id
         WHERE p.org_id = $1 OR EXISTS (SELECT 1 FROM memberships m WHERE m.org_id = p.org_id AND m.user_id = $2) ORDER BY o.slug"
    )
    .bind(scope.org_id)
    .bind(scope.user_id)
    .fetch_all(db)
    })
}

/// Keeps a stretch that could not be read.
pub async fn add_gap(tx: &mut Tx, gap: &Gap) -> Result<u64> {
    run!(
        tx,
        sqlx::query("INSERT INTO pull_gaps (org_id, from_s, to_s, tried_ms, error) VALUES ($1, $2, $3, $4, $5)")
            .bind(gap.org_id)
            .bind(gap.from_s)
            .bind(gap.to_s)
            .bind(gap.tried_ms)
            .bind(&gap.error)
    )
}

/// The first gaps of an organisation, at most 100.
pub async fn gaps(tx: &mut Tx, org_id: i64) -> Result<Vec<Gap>> {
    on!(tx, |db| sqlx::query_as(
        "SELECT id, org_id, from_s, to_s, tried_ms, error FROM pull_gaps WHERE org_id = $1 ORDER BY from_s LIMIT 100"
    )
    .bind(org_id)
    .fetch_all(db))
}

/// Notes that a gap was tried again in vain.
pub async fn retried(tx: &mut Tx, id: i64, error: &str, now_ms: i64) -> Result<u64> {
    run!(
        tx,
        sqlx::query("UPDATE pull_gaps SET tried_ms = $1, error = $2 WHERE id = $3").bind(now_ms).bind(error).bind(id)
    )
}

/// Takes a stretch that was read out of the gaps; gives how many it touched.
pub async fn fill(tx: &mut Tx, org_id: i64, from_s: i64, to_s: i64) -> Result<usize> {
    let open = gaps(tx, org_id).await?;
    let touched: Vec<_> = open.into_iter().filter(|gap| gap.from_s <= to_s && gap.to_s >= from_s).collect();
    for gap in &touched {
        run!(tx, sqlx::query("DELETE FROM pull_gaps WHERE id = $1").bind(gap.id))?;
        let before = Gap { to_s: from_s - 1, ..gap.clone() };
        let after = Gap { from_s: to_s + 1, ..gap.clone() };
        for rest in [before, after].iter().filter(|rest| rest.from_s <= rest.to_s) {
            add_gap(tx, rest).await?;
        }
    }
    Ok(touched.len())
}
