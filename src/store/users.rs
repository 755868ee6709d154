//! People and the organisations they belong to.
use super::{Result, Tx, on, run};
use crate::domain::Role;

/// A person.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct User {
    /// Their id.
    pub id: i64,
    /// The name they sign in with, lower case.
    pub username: String,
    /// What they may do.
    pub role: Role,
    /// An argon2id hash in PHC form.
    pub password_hash: String,
    /// Whether they are locked out.
    pub disabled: bool,
    /// `dark`, `light`, or empty for the system's.
    pub theme: String,
    /// `compact`, or empty for comfortable.
    pub density: String,
    /// Whether single keys do something.
    pub keys: bool,
    /// The time zone of the second clock as an IANA name, or empty for none.
    pub zone: String,
}

/// Adds a person.
///
/// # Errors
/// A unique violation where the name is taken.
pub async fn insert(tx: &mut Tx, username: &str, role: Role, password_hash: &str, now_ms: i64) -> Result<i64> {
    on!(tx, |db| sqlx::query_scalar(
        "INSERT INTO users (username, role, password_hash, created_ms) VALUES ($1, $2, $3, $4) RETURNING id"
    )
    .bind(username)
    .bind(role)
    .bind(password_hash)
    .bind(now_ms)
    .fetch_one(db))
}

/// Makes a person a member of an organisation.
pub async fn join(tx: &mut Tx, user_id: i64, org_id: i64) -> Result<u64> {
    run!(
        tx,
        sqlx::query("INSERT INTO memberships (user_id, org_id) VALUES ($1, $2) ON CONFLICT DO NOTHING")
            .bind(user_id)
            .bind(org_id)
    )
}

/// One by name.
pub async fn by_name(tx: &mut Tx, username: &str) -> Result<Option<User>> {
    on!(tx, |db| sqlx::query_as(
        "SELECT id, username, role, password_hash, disabled, theme, density, keys, zone FROM users WHERE username = $1"
    )
    .bind(username)
    .fetch_optional(db))
}

/// All people by name.
pub async fn all(tx: &mut Tx) -> Result<Vec<User>> {
    on!(tx, |db| sqlx::query_as(
        "SELECT id, username, role, password_hash, disabled, theme, density, keys, zone FROM users ORDER BY username"
    )
    .fetch_all(db))
}

/// People who may be given a case of this organisation: its members who can decide cases.
pub async fn assignable(tx: &mut Tx, org_id: i64) -> Result<Vec<User>> {
    on!(tx, |db| {
        sqlx::query_as(
        "SELECT u.id, u.username, u.role, u.password_hash, u.disabled, u.theme, u.density, u.keys, u.zone FROM users u JOIN memberships m ON m.user_id = u.id
         WHERE m.org_id = $1 AND u.disabled = FALSE AND u.role <> 'viewer' ORDER BY u.username"
    )
    .bind(org_id)
    .fetch_all(db)
    })
}

/// Names of those who can be given a case of some organisation of a person, at most 200.
pub async fn colleagues(tx: &mut Tx, user_id: i64) -> Result<Vec<String>> {
    on!(tx, |db| {
        sqlx::query_scalar(
        "SELECT DISTINCT u.username FROM memberships own JOIN memberships m ON m.org_id = own.org_id JOIN users u ON u.id = m.user_id
         WHERE own.user_id = $1 AND u.role <> 'viewer' AND u.disabled = FALSE ORDER BY u.username LIMIT 200"
    )
    .bind(user_id)
    .fetch_all(db)
    })
}

/// Whether there is anybody.
pub async fn any(tx: &mut Tx) -> Result<bool> {
    let id: Option<i64> = on!(tx, |db| sqlx::query_scalar("SELECT id FROM users LIMIT 1").fetch_optional(db))?;
    Ok(id.is_some())
}

/// Sets a new password hash.
pub async fn set_password(tx: &mut Tx, id: i64, password_hash: &str) -> Result<u64> {
    run!(tx, sqlx::query("UPDATE users SET password_hash = $1 WHERE id = $2").bind(password_hash).bind(id))
}

/// Locks a person out.
pub async fn disable(tx: &mut Tx, id: i64) -> Result<u64> {
    run!(tx, sqlx::query("UPDATE users SET disabled = TRUE WHERE id = $1").bind(id))
}

/// Remembers the look that a person chose.
pub async fn set_theme(tx: &mut Tx, id: i64, theme: &str) -> Result<u64> {
    run!(tx, sqlx::query("UPDATE users SET theme = $1 WHERE id = $2").bind(theme).bind(id))
}

/// How a person wants pages to look and to answer keys.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Look {
    /// `dark`, `light`, or empty for the system's.
    pub theme: String,
    /// `compact`, or empty for comfortable.
    pub density: String,
    /// Whether single keys do something.
    pub keys: bool,
    /// The time zone of the second clock as an IANA name, or empty for none.
    pub zone: String,
}

/// Remembers all of it.
pub async fn set_look(tx: &mut Tx, id: i64, look: &Look) -> Result<u64> {
    run!(
        tx,
        sqlx::query("UPDATE users SET theme = $1, density = $2, keys = $3, zone = $4 WHERE id = $5")
            .bind(&look.theme)
            .bind(&look.density)
            .bind(look.keys)
            .bind(&look.zone)
            .bind(id)
    )
}
