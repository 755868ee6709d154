//! Which job comes next. A worker has places for several groups of kinds, so that a backlog of one keeps no other waiting.
use super::super::{Result, Tx, on, run};
use super::{ABSURD_LEASE_MS, Job, time};

/// From this priority on a job does not wait for those that ask models: people do.
pub const URGENT: i64 = 10;
/// Any job.
pub const ANY: Which<'static> = Which::From(i64::MIN);

/// Which jobs are meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Which<'a> {
    /// Those of at least a priority, the most urgent first.
    From(i64),
    /// Those of other kinds than these, the most urgent first.
    Except(&'a [&'a str]),
    /// Those of these kinds, in the order in which they fell due: none of them can keep another one waiting for ever.
    Of(&'a [&'a str]),
}

impl Which<'_> {
    /// What a job must be like, its values bound from `first` on, and the order.
    fn sql(self, first: usize) -> (String, &'static str) {
        let kinds = |kinds: &[&str]| {
            let places: Vec<_> = (first..first + kinds.len()).map(|at| format!("${at}")).collect();
            places.join(", ")
        };
        match self {
            Self::From(_) => (format!("priority >= ${first}"), "priority DESC, run_at_ms, id"),
            Self::Except(all) => (format!("kind NOT IN ({})", kinds(all)), "priority DESC, run_at_ms, id"),
            Self::Of(all) => (format!("kind IN ({})", kinds(all)), "run_at_ms, id"),
        }
    }
}

/// Binds what [`Which::sql`] names.
macro_rules! bound {
    ($query:ident, $which:expr) => {
        match $which {
            Which::From(least) => $query = $query.bind(least),
            Which::Except(kinds) | Which::Of(kinds) => {
                for kind in kinds {
                    $query = $query.bind(*kind);
                }
            }
        }
    };
}

/// Takes the next job that is due.
pub async fn claim(tx: &mut Tx, owner: &str, which: Which<'_>, now_ms: i64, lease_ms: i64) -> Result<Option<Job>> {
    let (fits, order) = which.sql(5);
    // `PostgreSQL` runs several claimers at once; `SQLite` has one writer and no such clause.
    let skip = if matches!(tx, Tx::Postgres(_)) { " FOR UPDATE SKIP LOCKED" } else { "" };
    let sql = format!(
        "UPDATE jobs SET leased_until_ms = $1, owner = $2, attempt = attempt + 1 WHERE id = (SELECT id FROM jobs
         WHERE dead = FALSE AND run_at_ms <= $3 AND (leased_until_ms < $3 OR leased_until_ms > $4) AND {fits}
         ORDER BY {order} LIMIT 1{skip}) RETURNING id, kind, payload, owner, attempt"
    );
    let time_ms = time(tx, now_ms).await?;
    on!(tx, |db| {
        let mut query = sqlx::query_as(sqlx::AssertSqlSafe(sql.as_str()))
            .bind(time_ms + lease_ms)
            .bind(owner)
            .bind(time_ms)
            .bind(time_ms + ABSURD_LEASE_MS);
        bound!(query, which);
        query.fetch_optional(db)
    })
}

/// Whether there is one that is due and that nobody holds.
pub async fn due(tx: &mut Tx, which: Which<'_>, now_ms: i64) -> Result<bool> {
    let (fits, _) = which.sql(3);
    let sql = format!(
        "SELECT id FROM jobs WHERE dead = FALSE AND run_at_ms <= $1 AND (leased_until_ms < $1 OR leased_until_ms > $2)
         AND {fits} LIMIT 1"
    );
    let time_ms = time(tx, now_ms).await?;
    let id: Option<i64> = on!(tx, |db| {
        let mut query =
            sqlx::query_scalar(sqlx::AssertSqlSafe(sql.as_str())).bind(time_ms).bind(time_ms + ABSURD_LEASE_MS);
        bound!(query, which);
        query.fetch_optional(db)
    })?;
    Ok(id.is_some())
}

/// Gives back whatever a worker holds: it works on nothing any more, and nobody need wait for its leases to run out.
/// What another one took up meanwhile is not its any more. That it was begun does not count as a try: nothing failed.
pub async fn give_back(tx: &mut Tx, owner: &str) -> Result<u64> {
    run!(
        tx,
        sqlx::query(
            "UPDATE jobs SET leased_until_ms = 0, owner = '', attempt = attempt - 1 WHERE owner = $1 AND dead = FALSE"
        )
        .bind(owner)
    )
}
