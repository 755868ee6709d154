//! The ledger: a chain of lines, in which each holds the hash of the one before.
//!
//! Lines are appended by the commit of the transaction that recorded them. Here they are read: as admins do, newest
//! first, filtered, of their own organisations and of the installation; and as a proof does, all in their order.
mod append;
mod segments;

pub use append::{Head, adopt, head};
pub use segments::{
    Segment, all as segments, insert as seal, last as last_segment, newest as newest_segments, old as old_segment,
    one as segment, purge, purged,
};

pub(super) use append::append;

use super::record::{ActorKind, Ended};
use super::{Result, Tx, on};
use crate::domain::chain::Body;

/// A line of the ledger.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct Line {
    /// Its id.
    pub id: i64,
    /// When.
    pub at_ms: i64,
    /// The organisation's short name, or empty.
    pub org: String,
    /// What kind of actor.
    pub actor_kind: ActorKind,
    /// Who.
    pub actor: String,
    /// The client's address, or empty.
    pub client: String,
    /// What was done.
    pub action: String,
    /// On what.
    pub object: String,
    /// The value before.
    pub old_value: String,
    /// The value after.
    pub new_value: String,
    /// The request's id, or empty.
    pub request_id: String,
    /// Whether it was done.
    pub result: Ended,
}

/// Which lines; empty texts don't filter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Filter<'a> {
    /// Who.
    pub actor: &'a str,
    /// What was done.
    pub action: &'a str,
    /// On what.
    pub object: &'a str,
    /// The short name of an organisation.
    pub org: &'a str,
    /// Whether it was done.
    pub result: Option<Ended>,
    /// Whether also what the machine did by itself.
    pub machine: bool,
    /// Not before this moment.
    pub from_ms: i64,
}

/// What people and programs did, in the words of the index that holds such lines alone.
const PEOPLE: &str = " AND (l.actor_kind IN ('person', 'token') OR l.actor = 'command line')";

/// Lines before a place, newest first. Lines of no organisation are everybody's who is an admin, but for
/// those by or about a person who is in none of the admin's organisations.
pub async fn page(tx: &mut Tx, user_id: i64, filter: &Filter<'_>, before: (i64, i64), limit: i64) -> Result<Vec<Line>> {
    let texts: Vec<(&str, &str)> = [
        ("l.actor = $#", filter.actor),
        ("l.action = $#", filter.action),
        ("l.object = $#", filter.object),
        ("l.org_id = (SELECT id FROM orgs WHERE slug = $#)", filter.org),
        // Most lines are ok, so that the index holds the others alone.
        ("l.result = $#", if filter.result == Some(Ended::Ok) { "ok" } else { "" }),
        (
            "l.result <> 'ok' AND l.result = $#",
            match filter.result {
                None | Some(Ended::Ok) => "",
                Some(other) => other.as_str(),
            },
        ),
    ]
    .into_iter()
    .filter(|(_, value)| !value.is_empty())
    .collect();
    let numbered = texts.iter().enumerate();
    let numbered = numbered.map(|(at, (sql, _))| format!(" AND {}", sql.replace('#', &(at + 6).to_string())));
    let people = (!filter.machine).then(|| PEOPLE.to_owned());
    let conditions = numbered.chain(people).collect::<Vec<_>>().concat();
    // With the plus no index of organisations is used for whose lines may be seen; it would lose the order.
    let sql = sqlx::AssertSqlSafe(format!(
        "SELECT l.id, l.at_ms, COALESCE(o.slug, '') AS org, l.actor_kind, l.actor, l.client, l.action, l.object,
                l.old_value, l.new_value, l.request_id, l.result
         FROM ledger l LEFT JOIN orgs o ON o.id = l.org_id
         WHERE (l.at_ms, l.id) < ($1, $2) AND l.at_ms >= $3
               AND (+l.org_id IN (SELECT m.org_id FROM memberships m WHERE m.user_id = $4)
                    OR +l.org_id IS NULL AND NOT EXISTS (
                        SELECT 1 FROM users u WHERE (u.username = l.actor AND l.actor_kind = 'person'
                            OR u.username = SUBSTR(l.object, 6) AND l.object LIKE 'user:%') AND NOT EXISTS (
                            SELECT 1 FROM memberships a JOIN memberships b ON b.org_id = a.org_id
                            WHERE a.user_id = u.id AND b.user_id = $4))){conditions}
         ORDER BY l.at_ms DESC, l.id DESC LIMIT $5"
    ));
    on!(tx, |db| {
        let query = sqlx::query_as(sql).bind(before.0).bind(before.1).bind(filter.from_ms).bind(user_id).bind(limit);
        texts.iter().fold(query, |query, (_, value)| query.bind(*value)).fetch_all(db)
    })
}

/// A line with its place in the chain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chained {
    /// Its id.
    pub id: i64,
    /// What is hashed.
    pub body: Body,
    /// The hash that it says it stands on.
    pub before: Vec<u8>,
    /// The hash that it says it has.
    pub hash: Vec<u8>,
}

const COLUMNS: &str = "l.id, l.org_id, l.at_ms, l.actor_kind, l.actor, l.client, l.action, l.object, l.old_value, l.new_value, \
    l.request_id, l.result, l.prev_hash, l.hash";

impl<'r, R: sqlx::Row> sqlx::FromRow<'r, R> for Chained
where
    &'static str: sqlx::ColumnIndex<R>,
    i64: sqlx::Decode<'r, R::Database> + sqlx::Type<R::Database>,
    Option<i64>: sqlx::Decode<'r, R::Database> + sqlx::Type<R::Database>,
    String: sqlx::Decode<'r, R::Database> + sqlx::Type<R::Database>,
    Vec<u8>: sqlx::Decode<'r, R::Database> + sqlx::Type<R::Database>,
{
    fn from_row(row: &'r R) -> Result<Self> {
        let body = Body {
            org_id: row.try_get("org_id")?,
            at_ms: row.try_get("at_ms")?,
            actor_kind: row.try_get("actor_kind")?,
            actor: row.try_get("actor")?,
            client: row.try_get("client")?,
            action: row.try_get("action")?,
            object: row.try_get("object")?,
            old: row.try_get("old_value")?,
            new: row.try_get("new_value")?,
            request_id: row.try_get("request_id")?,
            result: row.try_get("result")?,
        };
        Ok(Self { id: row.try_get("id")?, body, before: row.try_get("prev_hash")?, hash: row.try_get("hash")? })
    }
}

/// The lines after an id in the order of the chain.
pub async fn after(tx: &mut Tx, id: i64, limit: i64) -> Result<Vec<Chained>> {
    let sql = sqlx::AssertSqlSafe(format!("SELECT {COLUMNS} FROM ledger l WHERE l.id > $1 ORDER BY l.id LIMIT $2"));
    on!(tx, |db| sqlx::query_as(sql).bind(id).bind(limit).fetch_all(db))
}

/// One line by id.
pub async fn line(tx: &mut Tx, id: i64) -> Result<Option<Chained>> {
    Ok(after(tx, id - 1, 1).await?.into_iter().find(|line| line.id == id))
}

/// The line that tells of a run's receipt.
pub async fn of_receipt(tx: &mut Tx, run_id: i64) -> Result<Option<Chained>> {
    let object = format!("run:{run_id}");
    let sql = sqlx::AssertSqlSafe(format!(
        "SELECT {COLUMNS} FROM ledger l WHERE l.object = $1 AND l.action = 'receipt' ORDER BY l.at_ms, l.id LIMIT 1"
    ));
    on!(tx, |db| sqlx::query_as(sql).bind(&object).fetch_optional(db))
}

/// Whether there are lines of an older version of the program, which had no chain yet.
pub async fn is_unchained(tx: &mut Tx) -> Result<bool> {
    let sql = match tx {
        Tx::Sqlite(_) => {
            "SELECT id FROM ledger WHERE hash = x'' AND id > 0 AND (SELECT line_id FROM ledger_head WHERE id = 1) = 0
                AND NOT EXISTS (SELECT 1 FROM ledger_segments) LIMIT 1"
        }
        Tx::Postgres(_) => {
            "SELECT id FROM ledger WHERE hash = '' AND id > 0 AND (SELECT line_id FROM ledger_head WHERE id = 1) = 0
                AND NOT EXISTS (SELECT 1 FROM ledger_segments) LIMIT 1"
        }
    };
    let id: Option<i64> = on!(tx, |db| sqlx::query_scalar(sql).fetch_optional(db))?;
    Ok(id.is_some())
}

/// When the newest line was written.
pub async fn newest_ms(tx: &mut Tx) -> Result<Option<i64>> {
    on!(tx, |db| sqlx::query_scalar("SELECT at_ms FROM ledger ORDER BY id DESC LIMIT 1").fetch_optional(db))
}
