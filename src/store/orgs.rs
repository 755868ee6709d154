//! Organisations: the customers whose data must never mix.
use super::{Result, Tx, on, run, templates};

/// An organisation.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct Org {
    /// Its id here.
    pub id: i64,
    /// Its short name in URLs and on the command line.
    pub slug: String,
    /// Its name for people.
    pub name: String,
    /// Its LimaCharlie organisation, where it has one.
    pub oid: Option<String>,
    /// Whether an admin has allowed its data to leave to cloud voters.
    pub cloud_allowed: bool,
}

/// Adds an organisation.
///
/// # Errors
/// A unique violation where the slug or the oid is taken.
pub async fn insert(tx: &mut Tx, slug: &str, name: &str, oid: Option<&str>, now_ms: i64) -> Result<i64> {
    let id = on!(tx, |db| sqlx::query_scalar(
        "INSERT INTO orgs (slug, name, oid, created_ms) VALUES ($1, $2, $3, $4) RETURNING id"
    )
    .bind(slug)
    .bind(name)
    .bind(oid)
    .bind(now_ms)
    .fetch_one(db))?;
    templates::begin(tx, id).await?;
    Ok(id)
}

/// All organisations by slug.
pub async fn all(tx: &mut Tx) -> Result<Vec<Org>> {
    on!(tx, |db| sqlx::query_as("SELECT id, slug, name, oid, cloud_allowed FROM orgs ORDER BY slug").fetch_all(db))
}

/// One by its slug.
pub async fn by_slug(tx: &mut Tx, slug: &str) -> Result<Option<Org>> {
    on!(tx, |db| sqlx::query_as("SELECT id, slug, name, oid, cloud_allowed FROM orgs WHERE slug = $1")
        .bind(slug)
        .fetch_optional(db))
}

/// One by its id.
pub async fn by_id(tx: &mut Tx, id: i64) -> Result<Option<Org>> {
    on!(tx, |db| sqlx::query_as("SELECT id, slug, name, oid, cloud_allowed FROM orgs WHERE id = $1")
        .bind(id)
        .fetch_optional(db))
}

/// The organisation that owns a LimaCharlie oid.
pub async fn by_oid(tx: &mut Tx, oid: &str) -> Result<Option<Org>> {
    on!(tx, |db| sqlx::query_as("SELECT id, slug, name, oid, cloud_allowed FROM orgs WHERE oid = $1")
        .bind(oid)
        .fetch_optional(db))
}

/// The organisations of a person, by slug.
pub async fn of_user(tx: &mut Tx, user_id: i64) -> Result<Vec<Org>> {
    on!(tx, |db| {
        sqlx::query_as(
        "SELECT o.id, o.slug, o.name, o.oid, o.cloud_allowed FROM orgs o JOIN memberships m ON m.org_id = o.id WHERE m.user_id = $1 ORDER BY o.slug"
    )
    .bind(user_id)
    .fetch_all(db)
    })
}

/// Allows or forbids that an organisation's data leaves to cloud voters.
pub async fn allow_cloud(tx: &mut Tx, id: i64, allowed: bool) -> Result<u64> {
    run!(tx, sqlx::query("UPDATE orgs SET cloud_allowed = $1 WHERE id = $2").bind(allowed).bind(id))
}

/// Sets the LimaCharlie oid of an organisation, or takes it away.
///
/// # Errors
/// A unique violation where another one has it.
pub async fn set_oid(tx: &mut Tx, id: i64, oid: Option<&str>) -> Result<u64> {
    run!(tx, sqlx::query("UPDATE orgs SET oid = $1 WHERE id = $2").bind(oid).bind(id))
}

/// Gives an organisation another name.
pub async fn rename(tx: &mut Tx, id: i64, name: &str) -> Result<u64> {
    run!(tx, sqlx::query("UPDATE orgs SET name = $1 WHERE id = $2").bind(name).bind(id))
}

/// Moves the version of an organisation on; 0 where it is another one by now.
pub async fn move_on(tx: &mut Tx, id: i64, version: i64) -> Result<u64> {
    run!(tx, sqlx::query("UPDATE orgs SET version = version + 1 WHERE id = $1 AND version = $2").bind(id).bind(version))
}

/// Open cases of an organisation are counted up to this.
pub const OPEN_MOST: i64 = 1_000;

/// An organisation as its admin sees it.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct Told {
    /// The organisation.
    #[sqlx(flatten)]
    pub org: Org,
    /// Moved on by each change by an admin.
    pub version: i64,
    /// People who are not locked out.
    pub people: i64,
    /// Tokens that are neither revoked nor expired.
    pub tokens: i64,
    /// Open cases, counted up to [`OPEN_MOST`].
    pub open: i64,
}

/// The organisations of a person with what belongs to each, by slug.
pub async fn told(tx: &mut Tx, user_id: i64, now_ms: i64) -> Result<Vec<Told>> {
    on!(tx, |db| sqlx::query_as(
        "SELECT o.id, o.slug, o.name, o.oid, o.cloud_allowed, o.version,
            (SELECT CAST(COUNT(*) AS BIGINT) FROM memberships t JOIN users u ON u.id = t.user_id
             WHERE t.org_id = o.id AND u.disabled = FALSE) AS people,
            (SELECT CAST(COUNT(*) AS BIGINT) FROM tokens k
             WHERE k.org_id = o.id AND k.revoked_ms IS NULL AND k.expires_ms > $2) AS tokens,
            (SELECT CAST(COUNT(*) AS BIGINT) FROM
                (SELECT 1 FROM cases c WHERE c.org_id = o.id AND c.open = TRUE LIMIT $3) AS w) AS open
         FROM orgs o JOIN memberships m ON m.org_id = o.id WHERE m.user_id = $1 ORDER BY o.slug"
    )
    .bind(user_id)
    .bind(now_ms)
    .bind(OPEN_MOST)
    .fetch_all(db))
}
