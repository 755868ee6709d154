//! What organisations set otherwise than the settings file.
use super::{JsonText, Result, Tx, on, orgs, run};
use crate::domain::{AutoClose, Severity};

/// What an organisation set itself; nothing stands for what the settings file says.
#[derive(Debug, Clone, PartialEq, Default, sqlx::FromRow)]
pub struct Own {
    /// How far the machine may go alone.
    pub auto_close: Option<AutoClose>,
    /// The share of missed true positives that is accepted.
    #[sqlx(rename = "error_limit")]
    pub limit: Option<f64>,
    /// The share of cases that people review blind.
    pub review_share: Option<f64>,
    /// Whether people decide every case before they learn what the panel says.
    pub blind_first: Option<bool>,
    /// From this severity on, the machine never closes.
    pub veto_severity: Option<Severity>,
    /// Sensor tags with which the machine never closes.
    pub veto_tags: Option<JsonText<Vec<String>>>,
    /// Paths of rules whose cases the machine never closes, besides those of the settings file.
    pub veto_rules: Option<JsonText<Vec<String>>>,
    /// Whether an admin has allowed its data to leave to cloud voters.
    pub cloud_allowed: bool,
    /// Grows with every change; 0 where there was none.
    pub version: i64,
}

/// An organisation and what it set itself.
#[derive(Debug, Clone, PartialEq, sqlx::FromRow)]
pub struct OfOrg {
    /// The organisation's id.
    pub id: i64,
    /// Its short name.
    pub slug: String,
    /// Its name for people.
    pub name: String,
    /// What it set.
    #[sqlx(flatten)]
    pub own: Own,
}

impl Own {
    /// Whether it sets anything of what the vetoes and the gate depend on.
    pub const fn is_set(&self) -> bool {
        self.auto_close.is_some()
            || self.limit.is_some()
            || self.review_share.is_some()
            || self.blind_first.is_some()
            || self.veto_severity.is_some()
            || self.veto_tags.is_some()
            || self.veto_rules.is_some()
    }
}

const COLUMNS: &str = "p.auto_close, p.error_limit, p.review_share, p.blind_first, p.veto_severity, p.veto_tags, p.veto_rules, o.cloud_allowed, \
    COALESCE(p.version, 0) AS version";

/// What an organisation set.
pub async fn of_org(tx: &mut Tx, org_id: i64) -> Result<Own> {
    let sql = sqlx::AssertSqlSafe(format!(
        "SELECT {COLUMNS} FROM orgs o LEFT JOIN org_policies p ON p.org_id = o.id WHERE o.id = $1"
    ));
    on!(tx, |db| sqlx::query_as(sql).bind(org_id).fetch_one(db))
}

/// What the organisation of a case set.
pub async fn of_case(tx: &mut Tx, case: i64) -> Result<Own> {
    let sql = sqlx::AssertSqlSafe(format!(
        "SELECT {COLUMNS} FROM cases c JOIN orgs o ON o.id = c.org_id LEFT JOIN org_policies p ON p.org_id = o.id
         WHERE c.number = $1"
    ));
    on!(tx, |db| sqlx::query_as(sql).bind(case).fetch_one(db))
}

/// What the organisation of a rule set.
pub async fn of_rule(tx: &mut Tx, rule_id: i64) -> Result<Own> {
    let sql = sqlx::AssertSqlSafe(format!(
        "SELECT {COLUMNS} FROM rules r JOIN orgs o ON o.id = r.org_id LEFT JOIN org_policies p ON p.org_id = o.id
         WHERE r.id = $1"
    ));
    on!(tx, |db| sqlx::query_as(sql).bind(rule_id).fetch_one(db))
}

/// The organisations of a person by slug, each with what it set.
pub async fn of_user(tx: &mut Tx, user_id: i64) -> Result<Vec<OfOrg>> {
    let sql = sqlx::AssertSqlSafe(format!(
        "SELECT o.id, o.slug, o.name, {COLUMNS} FROM memberships m JOIN orgs o ON o.id = m.org_id
         LEFT JOIN org_policies p ON p.org_id = o.id WHERE m.user_id = $1 ORDER BY o.slug"
    ));
    on!(tx, |db| sqlx::query_as(sql).bind(user_id).fetch_all(db))
}

/// Sets all but the cloud where nobody changed anything since `own.version`; 0 where somebody did.
pub async fn set(tx: &mut Tx, org_id: i64, own: &Own) -> Result<u64> {
    run!(
        tx,
        sqlx::query(
            "INSERT INTO org_policies (org_id, auto_close, error_limit, review_share, veto_severity, veto_tags, blind_first, veto_rules, version)
             VALUES ($1, $2, $3, $4, $5, $6, $8, $9, 1)
             ON CONFLICT (org_id) DO UPDATE SET auto_close = excluded.auto_close, error_limit = excluded.error_limit,
                review_share = excluded.review_share, veto_severity = excluded.veto_severity,
                veto_tags = excluded.veto_tags, blind_first = excluded.blind_first, veto_rules = excluded.veto_rules, version = org_policies.version + 1
             WHERE org_policies.version = $7"
        )
        .bind(org_id)
        .bind(own.auto_close)
        .bind(own.limit)
        .bind(own.review_share)
        .bind(own.veto_severity)
        .bind(&own.veto_tags)
        .bind(own.version)
        .bind(own.blind_first)
        .bind(&own.veto_rules)
    )
}

/// Allows or forbids that an organisation's data leaves to cloud voters, where nobody changed anything since `version`;
/// 0 where somebody did.
pub async fn allow_cloud(tx: &mut Tx, org_id: i64, allowed: bool, version: i64) -> Result<u64> {
    let held = run!(
        tx,
        sqlx::query(
            "INSERT INTO org_policies (org_id, version) VALUES ($1, 1)
             ON CONFLICT (org_id) DO UPDATE SET version = org_policies.version + 1 WHERE org_policies.version = $2"
        )
        .bind(org_id)
        .bind(version)
    )?;
    if held == 0 {
        return Ok(0);
    }
    orgs::allow_cloud(tx, org_id, allowed).await
}
