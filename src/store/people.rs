//! People as an admin sees them: those who share an organisation with the admin, and nobody else.
use super::many::places;
use super::{Result, Tx, beyond, on, run};
use crate::domain::Role;

/// A person in a list of people.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct Person {
    /// Their id.
    pub id: i64,
    /// The name they sign in with.
    pub username: String,
    /// What they may do.
    pub role: Role,
    /// Whether they are locked out.
    pub disabled: bool,
    /// Whether they have a password that an admin gave them.
    pub must_change: bool,
    /// Moved on by each change by an admin.
    pub version: i64,
    /// When they were added.
    pub created_ms: i64,
    /// When they last signed in.
    pub signed_in_ms: Option<i64>,
    /// When a session that lives was last in use.
    pub seen_ms: Option<i64>,
    /// Sessions that live.
    pub sessions: i64,
    /// Whether a second factor is in use.
    pub second: bool,
    /// Whether they are in an organisation that the admin is not in.
    pub elsewhere: bool,
}

/// What makes a session live.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Now {
    /// It has not ended before now.
    pub now_ms: i64,
    /// It was in use after this moment.
    pub idle_since_ms: i64,
}

/// People whom `$1` sees; `$2` and `$3` are a [`Now`].
const SELECT: &str = "SELECT u.id, u.username, u.role, u.disabled, u.must_change, u.version, u.created_ms, u.signed_in_ms,
        (SELECT MAX(s.seen_ms) FROM sessions s WHERE s.user_id = u.id AND s.expires_ms > $2 AND s.seen_ms > $3) AS seen_ms,
        (SELECT CAST(COUNT(*) AS BIGINT) FROM sessions s
         WHERE s.user_id = u.id AND s.expires_ms > $2 AND s.seen_ms > $3) AS sessions,
        EXISTS (SELECT 1 FROM second_factors f WHERE f.user_id = u.id AND f.confirmed_ms IS NOT NULL) AS second,
        EXISTS (SELECT 1 FROM memberships t WHERE t.user_id = u.id AND NOT EXISTS (
            SELECT 1 FROM memberships m WHERE m.org_id = t.org_id AND m.user_id = $1)) AS elsewhere
     FROM users u WHERE EXISTS (
        SELECT 1 FROM memberships t JOIN memberships m ON m.org_id = t.org_id WHERE t.user_id = u.id AND m.user_id = $1)";

/// People whose names begin with a text, by name, after a name.
pub async fn page(tx: &mut Tx, admin: i64, now: Now, (prefix, after): (&str, &str), limit: i64) -> Result<Vec<Person>> {
    let sql = sqlx::AssertSqlSafe(format!(
        "{SELECT} AND u.username >= $4 AND u.username < $5 AND u.username > $6 ORDER BY u.username LIMIT $7"
    ));
    on!(tx, |db| sqlx::query_as(sql)
        .bind(admin)
        .bind(now.now_ms)
        .bind(now.idle_since_ms)
        .bind(prefix)
        .bind(beyond(prefix))
        .bind(after)
        .bind(limit)
        .fetch_all(db))
}

/// One of them.
pub async fn one(tx: &mut Tx, admin: i64, now: Now, id: i64) -> Result<Option<Person>> {
    let sql = sqlx::AssertSqlSafe(format!("{SELECT} AND u.id = $4"));
    on!(tx, |db| sqlx::query_as(sql).bind(admin).bind(now.now_ms).bind(now.idle_since_ms).bind(id).fetch_optional(db))
}

/// An organisation of a person that is the admin's as well.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct Shared {
    /// The person.
    pub user_id: i64,
    /// The organisation's id.
    pub org_id: i64,
    /// Its short name.
    pub slug: String,
    /// Its name for people.
    pub name: String,
}

/// The organisations that some people share with an admin, by short name. At most as many people as a page has.
pub async fn shared(tx: &mut Tx, admin: i64, people: &[i64]) -> Result<Vec<Shared>> {
    if people.is_empty() {
        return Ok(Vec::new());
    }
    let sql = sqlx::AssertSqlSafe(format!(
        "SELECT t.user_id, t.org_id, o.slug, o.name FROM (VALUES {}) AS p JOIN memberships t ON t.user_id = p.column1
         JOIN memberships m ON m.org_id = t.org_id JOIN orgs o ON o.id = t.org_id
         WHERE m.user_id = ${} ORDER BY o.slug",
        places(people.len(), 1),
        people.len() + 1
    ));
    on!(tx, |db| people.iter().fold(sqlx::query_as(sql), |query, id| query.bind(*id)).bind(admin).fetch_all(db))
}

/// What is changed of a person.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct Standing {
    /// Their id.
    pub id: i64,
    /// The name they sign in with.
    pub username: String,
    /// What they may do.
    pub role: Role,
    /// Whether they are locked out.
    pub disabled: bool,
    /// Moved on by each change.
    pub version: i64,
}

/// Lets changes of people follow one another: holds until the end of the transaction. `SQLite` has one writer as it is;
/// on `PostgreSQL` the row of whoever came first is locked.
pub async fn lock(tx: &mut Tx) -> Result<u64> {
    run!(tx, sqlx::query("UPDATE users SET version = version WHERE id = (SELECT MIN(id) FROM users)"))
}

/// How a person stands now.
pub async fn standing(tx: &mut Tx, id: i64) -> Result<Option<Standing>> {
    on!(tx, |db| sqlx::query_as("SELECT id, username, role, disabled, version FROM users WHERE id = $1")
        .bind(id)
        .fetch_optional(db))
}

/// Sets role and state of the version that is given; 0 where somebody was faster. Without a change it moves the version
/// on, for what is stored beside the row.
pub async fn set(tx: &mut Tx, to: &Standing) -> Result<u64> {
    run!(
        tx,
        sqlx::query("UPDATE users SET role = $1, disabled = $2, version = version + 1 WHERE id = $3 AND version = $4")
            .bind(to.role)
            .bind(to.disabled)
            .bind(to.id)
            .bind(to.version)
    )
}

/// Ids of the admins who are members of all organisations and not locked out.
pub async fn admins_everywhere(tx: &mut Tx) -> Result<Vec<i64>> {
    on!(tx, |db| sqlx::query_scalar(
        "SELECT u.id FROM users u WHERE u.role = 'admin' AND u.disabled = FALSE AND NOT EXISTS (
            SELECT 1 FROM orgs o WHERE NOT EXISTS (
                SELECT 1 FROM memberships m WHERE m.org_id = o.id AND m.user_id = u.id))"
    )
    .fetch_all(db))
}

/// Ends a person's membership.
pub async fn leave(tx: &mut Tx, user_id: i64, org_id: i64) -> Result<u64> {
    run!(tx, sqlx::query("DELETE FROM memberships WHERE user_id = $1 AND org_id = $2").bind(user_id).bind(org_id))
}

/// Ids of the organisations of a person that have no other admin who is not locked out.
pub async fn only_admin_of(tx: &mut Tx, user_id: i64) -> Result<Vec<i64>> {
    on!(tx, |db| sqlx::query_scalar(
        "SELECT t.org_id FROM memberships t WHERE t.user_id = $1 AND NOT EXISTS (
            SELECT 1 FROM memberships m JOIN users u ON u.id = m.user_id
            WHERE m.org_id = t.org_id AND u.id <> $1 AND u.role = 'admin' AND u.disabled = FALSE)"
    )
    .bind(user_id)
    .fetch_all(db))
}
