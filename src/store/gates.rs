//! Gates: how far each scope has come with proving that the machine may close its cases alone.
//!
//! What a row says follows from its events; the functions here keep and find rows, and decide nothing. Whoever changes
//! one takes the organisation's turn first (`locks::gates`), so that numbers of events never meet.
mod board;
mod cases;
mod days;
mod doubts;
mod earlier;
mod events;
mod listed;
mod reviews;

pub use board::{Board, board};
pub use cases::{
    Kept, Ran, kept, last_true_positive, not_eligible, of_org_after, overtaken, put, ran, set_closed, set_declared,
    still_eligible, that_follow,
};
pub use days::{count, counts, eligible_since};
pub use doubts::{Doubt, closed_parts, doubts, set_doubted, set_reopened, undoubted, waiting};
pub use earlier::{Earlier, earlier};
pub use events::{Event, events, insert as insert_events};
pub use listed::{Listed, MOST, listed};
pub use reviews::{Review, review, set_review};

use super::{ORGS, Result, Scope, Tx, on, run};
use crate::domain::gate::family;
use crate::domain::{GateLevel, GateState};

/// A gate.
#[derive(Debug, Clone, PartialEq, sqlx::FromRow)]
pub struct Gate {
    /// Its id.
    pub id: i64,
    /// Its organisation.
    pub org_id: i64,
    /// How much it is about.
    pub level: GateLevel,
    /// The rule's path, the family's, or empty for an organisation.
    pub key: String,
    /// Which panel, and at the level of a rule which words of it: SHA-256 in hex.
    pub version: String,
    /// The panel in words.
    pub panel: String,
    /// Where it stands.
    pub state: GateState,
    /// Since when.
    pub state_ms: i64,
    /// Who moved it there.
    pub state_by: String,
    /// Why, in words.
    pub state_why: String,
    /// The share of errors that is accepted.
    #[sqlx(rename = "error_limit")]
    pub limit: f64,
    /// 1, 2, 3 …: each suspension begins another one.
    pub epoch: i64,
    /// Looks in its whole life.
    pub looks: i64,
    /// Of these, in this epoch.
    pub fresh: i64,
    /// Reviews of this epoch in the window, as they were last counted.
    pub n: i64,
    /// Errors among them.
    pub k: i64,
    /// Cases that were ever eligible.
    pub eligible: i64,
    /// When its last true positive was declared.
    pub last_tp_ms: Option<i64>,
    /// Of the last look that passed: reviews.
    pub look_n: Option<i64>,
    /// Errors among them.
    pub look_k: Option<i64>,
    /// What it spent.
    pub look_delta: Option<f64>,
    /// Its bound.
    pub look_bound: Option<f64>,
    /// The limit at that time.
    pub look_limit: Option<f64>,
    /// When.
    pub look_ms: Option<i64>,
    /// The number of its last event.
    pub seq: i64,
    /// When its first eligible case came.
    pub first_ms: i64,
    /// When its last one did.
    pub last_ms: i64,
    /// The vetoes under which its cases are judged, in JSON; empty where that was not noted yet.
    pub vetoes: String,
    /// Who is asked for evidence, one a line; empty where that was not noted yet.
    pub sources: String,
    /// Clean reviews count of cases that were found eligible since then: before, others were let through.
    pub since_ms: i64,
}

const COLUMNS: &str = "g.id, g.org_id, g.level, g.key, g.version, g.panel, g.state, g.state_ms, g.state_by, g.state_why, g.error_limit, \
    g.epoch, g.looks, g.fresh, g.n, g.k, g.eligible, g.last_tp_ms, g.look_n, g.look_k, g.look_delta, g.look_bound, g.look_limit, \
    g.look_ms, g.seq, g.first_ms, g.last_ms, g.vetoes, g.sources, g.since_ms";

/// A scope to find or to open.
#[derive(Debug, Clone, PartialEq)]
pub struct Wanted<'a> {
    /// How much it is about.
    pub level: GateLevel,
    /// The rule's path, the family's, or empty.
    pub key: &'a str,
    /// The version.
    pub version: &'a str,
}

/// The gate of a scope, where it has one.
pub async fn of_scope(tx: &mut Tx, org_id: i64, wanted: &Wanted<'_>) -> Result<Option<Gate>> {
    let sql = sqlx::AssertSqlSafe(format!(
        "SELECT {COLUMNS} FROM gates g WHERE g.org_id = $1 AND g.level = $2 AND g.key = $3 AND g.version = $4"
    ));
    on!(tx, |db| sqlx::query_as(sql)
        .bind(org_id)
        .bind(wanted.level)
        .bind(wanted.key)
        .bind(wanted.version)
        .fetch_optional(db))
}

/// Opens a gate that only counts.
pub async fn insert(
    tx: &mut Tx,
    org_id: i64,
    wanted: &Wanted<'_>,
    (panel, limit): (&str, f64),
    now_ms: i64,
) -> Result<Gate> {
    let sql = sqlx::AssertSqlSafe(format!(
        "INSERT INTO gates AS g (org_id, level, key, version, panel, state, state_ms, state_by, state_why, error_limit, first_ms, last_ms)
         VALUES ($1, $2, $3, $4, $5, 'shadow', $7, '', '', $6, $7, $7) RETURNING {}",
        COLUMNS.replace("g.", "")
    ));
    on!(tx, |db| sqlx::query_as(sql)
        .bind(org_id)
        .bind(wanted.level)
        .bind(wanted.key)
        .bind(wanted.version)
        .bind(panel)
        .bind(limit)
        .bind(now_ms)
        .fetch_one(db))
}

/// Gates that stand, proposed or active, of the same level and key under another version.
pub async fn others(tx: &mut Tx, org_id: i64, wanted: &Wanted<'_>) -> Result<Vec<Gate>> {
    let sql = sqlx::AssertSqlSafe(format!(
        "SELECT {COLUMNS} FROM gates g WHERE g.state IN ('proposed', 'active') AND g.org_id = $1 AND g.level = $2 AND g.key = $3
            AND g.version <> $4 ORDER BY g.id"
    ));
    on!(tx, |db| sqlx::query_as(sql)
        .bind(org_id)
        .bind(wanted.level)
        .bind(wanted.key)
        .bind(wanted.version)
        .fetch_all(db))
}

/// All gates of an organisation that stand.
pub async fn standing(tx: &mut Tx, org_id: i64) -> Result<Vec<Gate>> {
    let sql = sqlx::AssertSqlSafe(format!(
        "SELECT {COLUMNS} FROM gates g WHERE g.state IN ('proposed', 'active') AND g.org_id = $1 ORDER BY g.id"
    ));
    on!(tx, |db| sqlx::query_as(sql).bind(org_id).fetch_all(db))
}

/// The gates of an organisation with another limit, or with other vetoes where those were noted.
pub async fn under_other(tx: &mut Tx, org_id: i64, (limit, vetoes): (f64, &str)) -> Result<Vec<Gate>> {
    let sql = sqlx::AssertSqlSafe(format!(
        "SELECT {COLUMNS} FROM gates g WHERE g.org_id = $1 AND (g.error_limit <> $2 OR g.vetoes <> $3 AND g.vetoes <> '') ORDER BY g.id"
    ));
    on!(tx, |db| sqlx::query_as(sql).bind(org_id).bind(limit).bind(vetoes).fetch_all(db))
}

/// The organisations that have gates which stand, by id.
pub async fn orgs_standing(tx: &mut Tx) -> Result<Vec<i64>> {
    on!(tx, |db| {
        sqlx::query_scalar("SELECT DISTINCT org_id FROM gates WHERE state IN ('proposed', 'active') ORDER BY org_id")
            .fetch_all(db)
    })
}

/// The gates of a case, from the rule's to the organisation's.
pub async fn of_case(tx: &mut Tx, kept: &Kept) -> Result<Vec<Gate>> {
    let mut found = Vec::new();
    for id in kept.gates() {
        found.extend(by_id(tx, id).await?);
    }
    Ok(found)
}

/// One by id.
pub async fn by_id(tx: &mut Tx, id: i64) -> Result<Option<Gate>> {
    let sql = sqlx::AssertSqlSafe(format!("SELECT {COLUMNS} FROM gates g WHERE g.id = $1"));
    on!(tx, |db| sqlx::query_as(sql).bind(id).fetch_optional(db))
}

/// One by id, where the scope may see it.
pub async fn visible(tx: &mut Tx, scope: Scope, id: i64) -> Result<Option<Gate>> {
    let sql = sqlx::AssertSqlSafe(format!(
        "SELECT {COLUMNS} FROM gates g WHERE g.id = $1 AND g.eligible > 0 AND g.org_id IN {ORGS}"
    ));
    on!(tx, |db| sqlx::query_as(sql).bind(id).bind(scope.org_id).bind(scope.user_id).fetch_optional(db))
}

/// A page of an organisation's gates that have had an eligible case, after an id, in the order of ids.
pub async fn page(tx: &mut Tx, org_id: i64, after: i64, limit: i64) -> Result<Vec<Gate>> {
    let sql = sqlx::AssertSqlSafe(format!(
        "SELECT {COLUMNS} FROM gates g WHERE g.org_id = $1 AND g.id > $2 AND g.eligible > 0 ORDER BY g.id LIMIT $3"
    ));
    on!(tx, |db| sqlx::query_as(sql).bind(org_id).bind(after).bind(limit).fetch_all(db))
}

/// The gates of a level and key, the newest first: one for each version, at most 50.
pub async fn of_key(tx: &mut Tx, org_id: i64, level: GateLevel, key: &str) -> Result<Vec<Gate>> {
    let sql = sqlx::AssertSqlSafe(format!(
        "SELECT {COLUMNS} FROM gates g WHERE g.org_id = $1 AND g.level = $2 AND g.key = $3 AND g.eligible > 0 ORDER BY g.last_ms DESC, g.id DESC LIMIT 50"
    ));
    on!(tx, |db| sqlx::query_as(sql).bind(org_id).bind(level).bind(key).fetch_all(db))
}

/// The gate of a rule as it was last used, and of its family and organisation: at most one of each level.
pub async fn of_rule(tx: &mut Tx, rule_id: i64) -> Result<Vec<Gate>> {
    let sql = sqlx::AssertSqlSafe(format!(
        "SELECT {COLUMNS} FROM gates g WHERE g.level = 'rule' AND g.eligible > 0
            AND (g.org_id, g.key) = (SELECT r.org_id, r.path FROM rules r WHERE r.id = $1)
         ORDER BY g.last_ms DESC, g.id DESC LIMIT 1"
    ));
    let own: Option<Gate> = on!(tx, |db| sqlx::query_as(sql).bind(rule_id).fetch_optional(db))?;
    let Some(own) = own else { return Ok(Vec::new()) };
    let family = match family(&own.key) {
        Some(family) => of_key(tx, own.org_id, GateLevel::Family, family).await?.into_iter().next(),
        None => None,
    };
    let org = of_key(tx, own.org_id, GateLevel::Org, "").await?.into_iter().next();
    Ok([Some(own), family, org].into_iter().flatten().collect())
}

/// Keeps everything of a gate that changes.
pub async fn save(tx: &mut Tx, gate: &Gate) -> Result<u64> {
    run!(
        tx,
        sqlx::query(
            "UPDATE gates SET state = $1, state_ms = $2, state_by = $3, state_why = $4, error_limit = $5, epoch = $6, looks = $7, fresh = $8,
                n = $9, k = $10, eligible = $11, last_tp_ms = $12, look_n = $13, look_k = $14, look_delta = $15, look_bound = $16,
                look_limit = $17, look_ms = $18, seq = $19, last_ms = $20, first_ms = $21, vetoes = $22, sources = $23, since_ms = $24 WHERE id = $25"
        )
        .bind(gate.state)
        .bind(gate.state_ms)
        .bind(&gate.state_by)
        .bind(&gate.state_why)
        .bind(gate.limit)
        .bind(gate.epoch)
        .bind(gate.looks)
        .bind(gate.fresh)
        .bind(gate.n)
        .bind(gate.k)
        .bind(gate.eligible)
        .bind(gate.last_tp_ms)
        .bind(gate.look_n)
        .bind(gate.look_k)
        .bind(gate.look_delta)
        .bind(gate.look_bound)
        .bind(gate.look_limit)
        .bind(gate.look_ms)
        .bind(gate.seq)
        .bind(gate.last_ms)
        .bind(gate.first_ms)
        .bind(&gate.vetoes)
        .bind(&gate.sources)
        .bind(gate.since_ms)
        .bind(gate.id)
    )
}
