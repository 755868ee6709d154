//! API tokens: shown once, kept as SHA-256, each bound to one organisation.
use super::{Result, Tx, on, run};
use crate::domain::Role;
use crate::domain::role::Scope;

/// A token without its secret.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct Token {
    /// Its id.
    pub id: i64,
    /// The organisation that everything done with it belongs to.
    pub org_id: i64,
    /// Its name.
    pub name: String,
    /// `ingest,read,write,admin` or some of them.
    pub scopes: String,
    /// When it ends.
    pub expires_ms: i64,
    /// When it was last used.
    pub used_ms: Option<i64>,
    /// When it was revoked.
    pub revoked_ms: Option<i64>,
    /// Who made it; none where that was the command line.
    pub owner_id: Option<i64>,
    /// Their name.
    pub owner: Option<String>,
    /// What they may do now.
    pub owner_role: Option<Role>,
    /// Whether they are locked out.
    pub owner_disabled: bool,
    /// Whether they are a member of the token's organisation.
    pub owner_here: bool,
}

impl Token {
    /// What it may do.
    pub fn scopes(&self) -> impl Iterator<Item = Scope> {
        self.scopes.split(',').filter_map(|word| word.parse().ok())
    }

    /// Why it is refused although it lives: it may never do more than whoever made it. All of it is refused where one
    /// scope is too much, so that nobody has to know which half still works. Empty where nothing holds it.
    pub fn held(&self) -> &'static str {
        let (Some(_), Some(role)) = (self.owner_id, self.owner_role) else { return "" };
        if self.owner_disabled {
            "its owner is disabled"
        } else if !self.owner_here {
            "its owner left the organisation"
        } else if self.scopes().any(|scope| scope.needs() > role) {
            "its owner may do less than it"
        } else {
            ""
        }
    }
}

/// A token with its owner, who is `u`.
const SELECT: &str = "SELECT t.id, t.org_id, t.name, t.scopes, t.expires_ms, t.used_ms, t.revoked_ms, t.owner_id,
        u.username AS owner, u.role AS owner_role, COALESCE(u.disabled, FALSE) AS owner_disabled,
        EXISTS (SELECT 1 FROM memberships h WHERE h.user_id = t.owner_id AND h.org_id = t.org_id) AS owner_here";
const FROM: &str = "FROM tokens t LEFT JOIN users u ON u.id = t.owner_id";

/// Adds a token.
pub async fn insert(
    tx: &mut Tx,
    org_id: i64,
    name: &str,
    hash: &[u8],
    scopes: &str,
    now_ms: i64,
    expires_ms: i64,
) -> Result<i64> {
    on!(tx, |db| {
        sqlx::query_scalar(
        "INSERT INTO tokens (org_id, name, token_hash, scopes, created_ms, expires_ms) VALUES ($1, $2, $3, $4, $5, $6) RETURNING id"
    )
    .bind(org_id)
    .bind(name)
    .bind(hash)
    .bind(scopes)
    .bind(now_ms)
    .bind(expires_ms)
    .fetch_one(db)
    })
}

/// The token with this hash that is neither revoked nor expired, and that its owner may still use.
pub async fn live(tx: &mut Tx, hash: &[u8], now_ms: i64) -> Result<Option<Token>> {
    let sql = sqlx::AssertSqlSafe(format!(
        "{SELECT} {FROM} WHERE t.token_hash = $1 AND t.expires_ms > $2 AND t.revoked_ms IS NULL"
    ));
    let found: Option<Token> = on!(tx, |db| sqlx::query_as(sql).bind(hash).bind(now_ms).fetch_optional(db))?;
    Ok(found.filter(|token| token.held().is_empty()))
}

/// One by its id.
pub async fn by_id(tx: &mut Tx, id: i64) -> Result<Option<Token>> {
    let sql = sqlx::AssertSqlSafe(format!("{SELECT} {FROM} WHERE t.id = $1"));
    on!(tx, |db| sqlx::query_as(sql).bind(id).fetch_optional(db))
}

/// All tokens, newest first.
pub async fn all(tx: &mut Tx) -> Result<Vec<Token>> {
    let sql = sqlx::AssertSqlSafe(format!("{SELECT} {FROM} ORDER BY t.id DESC"));
    on!(tx, |db| sqlx::query_as(sql).fetch_all(db))
}

/// A token in a list.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct Listed {
    /// The token.
    #[sqlx(flatten)]
    pub token: Token,
    /// The short name of its organisation.
    pub org: String,
    /// When it was made.
    pub created_ms: i64,
}

/// Tokens of a person's organisations before an id, newest first.
pub async fn page(tx: &mut Tx, user_id: i64, before: i64, limit: i64) -> Result<Vec<Listed>> {
    let sql = sqlx::AssertSqlSafe(format!(
        "{SELECT}, o.slug AS org, t.created_ms {FROM} JOIN orgs o ON o.id = t.org_id
         WHERE t.id < $2 AND t.org_id IN (SELECT m.org_id FROM memberships m WHERE m.user_id = $1)
         ORDER BY t.id DESC LIMIT $3"
    ));
    on!(tx, |db| sqlx::query_as(sql).bind(user_id).bind(before).bind(limit).fetch_all(db))
}

/// Names who made a token.
pub async fn set_owner(tx: &mut Tx, id: i64, owner_id: i64) -> Result<u64> {
    run!(tx, sqlx::query("UPDATE tokens SET owner_id = $1 WHERE id = $2").bind(owner_id).bind(id))
}

/// Notes that a token was used.
pub async fn touch(tx: &mut Tx, id: i64, now_ms: i64) -> Result<u64> {
    run!(tx, sqlx::query("UPDATE tokens SET used_ms = $1 WHERE id = $2").bind(now_ms).bind(id))
}

/// Revokes a token.
pub async fn revoke(tx: &mut Tx, id: i64, now_ms: i64) -> Result<u64> {
    run!(
        tx,
        sqlx::query("UPDATE tokens SET revoked_ms = $1 WHERE id = $2 AND revoked_ms IS NULL").bind(now_ms).bind(id)
    )
}
