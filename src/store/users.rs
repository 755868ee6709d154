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
    /// Whether the password was given by somebody else and has to be changed first.
    pub must_change: bool,
    /// For how many seconds they want an undo offered; none for the installation's.
    pub undo_s: Option<i64>,
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
        "SELECT id, username, role, password_hash, disabled, theme, density, keys, zone, must_change, undo_s
         FROM users WHERE username = $1"
    )
    .bind(username)
    .fetch_optional(db))
}

/// All people by name.
pub async fn all(tx: &mut Tx) -> Result<Vec<User>> {
    on!(tx, |db| sqlx::query_as(
        "SELECT id, username, role, password_hash, disabled, theme, density, keys, zone, must_change, undo_s
         FROM users ORDER BY username"
    )
    .fetch_all(db))
}

/// People who may be given a case of this organisation: its members who can decide cases.
pub async fn assignable(tx: &mut Tx, org_id: i64) -> Result<Vec<User>> {
    on!(tx, |db| {
        sqlx::query_as(
        "SELECT u.id, u.username, u.role, u.password_hash, u.disabled, u.theme, u.density, u.keys, u.zone, u.must_change, u.undo_s
         FROM users u JOIN memberships m ON m.user_id = u.id
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

/// Sets a new password hash. With `must_change` somebody else knows the password, and it opens nothing but the page on
/// which it is changed.
pub async fn set_password(tx: &mut Tx, id: i64, password_hash: &str, must_change: bool) -> Result<u64> {
    run!(
        tx,
        sqlx::query("UPDATE users SET password_hash = $1, must_change = $2 WHERE id = $3")
            .bind(password_hash)
            .bind(must_change)
            .bind(id)
    )
}

/// Sets the hash of a password that a person chose in place of an old one; `false` where that is theirs no more.
pub async fn change_password(tx: &mut Tx, id: i64, old_hash: &str, new_hash: &str) -> Result<bool> {
    let changed = run!(
        tx,
        sqlx::query("UPDATE users SET password_hash = $1, must_change = FALSE WHERE id = $2 AND password_hash = $3")
            .bind(new_hash)
            .bind(id)
            .bind(old_hash)
    )?;
    Ok(changed > 0)
}

/// Whether a person has no password here, because a provider vouches for them.
pub async fn is_without_password(tx: &mut Tx, id: i64) -> Result<bool> {
    let found: Option<i64> =
        on!(tx, |db| sqlx::query_scalar("SELECT id FROM users WHERE id = $1 AND password_hash = ''")
            .bind(id)
            .fetch_optional(db))?;
    Ok(found.is_some())
}

/// Notes a sign-in with the password behind a hash; `false` where that is not their password any more, or they are
/// locked out. The row stays locked until the end, so that whoever changes it meanwhile ends the session that begins.
pub async fn signed_in(tx: &mut Tx, id: i64, password_hash: &str, now_ms: i64) -> Result<bool> {
    let noted = run!(
        tx,
        sqlx::query("UPDATE users SET signed_in_ms = $1 WHERE id = $2 AND password_hash = $3 AND disabled = FALSE")
            .bind(now_ms)
            .bind(id)
            .bind(password_hash)
    )?;
    Ok(noted > 0)
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
    /// For how many seconds an undo is offered; none for the installation's.
    pub undo_s: Option<i64>,
}

/// Remembers all of it.
pub async fn set_look(tx: &mut Tx, id: i64, look: &Look) -> Result<u64> {
    run!(
        tx,
        sqlx::query("UPDATE users SET theme = $1, density = $2, keys = $3, zone = $4, undo_s = $5 WHERE id = $6")
            .bind(&look.theme)
            .bind(&look.density)
            .bind(look.keys)
            .bind(&look.zone)
            .bind(look.undo_s)
            .bind(id)
    )
}
