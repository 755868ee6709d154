//! The store: every SQL statement of the program is under this folder, one file per noun.
//!
//! One SQL text runs on two native `sqlx` pools: `on!` picks the pool, and nothing above this
//! folder knows which database it talks to. A function takes `tx: &mut Tx` first and `now_ms`
//! where it needs the time. A change of a case goes through [`record`], which writes timeline
//! and ledger in the caller's transaction.
mod column;
mod copy;
mod many;
mod open;
mod snapshot;
mod told;
mod trouble;
mod under_way;

pub mod actions;
pub mod activity;
pub mod atoms;
pub mod backups;
pub mod bulk;
pub mod cases;
pub mod changes;
pub mod controls;
pub mod daily;
pub mod dashboard;
pub mod detections;
pub mod drafts;
pub mod draws;
pub mod evidence;
pub mod exclusions;
pub mod fingerprints;
pub mod gates;
pub mod handover;
pub mod history;
pub mod idempotency;
pub mod identities;
pub mod in_use;
pub mod intake;
pub mod intel;
pub mod jobs;
pub mod learnt;
pub mod ledger;
pub mod links;
pub mod local;
pub mod locks;
pub mod looks;
pub mod lookups;
pub mod measured;
pub mod merges;
pub mod notes;
pub mod notifications;
pub mod observables;
pub mod orgs;
pub mod past;
pub mod people;
pub mod policies;
pub mod precedents;
pub mod prompts;
pub mod pulls;
pub mod queue;
pub mod ranges;
pub mod receipts;
pub mod record;
pub mod rejects;
pub mod related;
pub mod reminders;
pub mod retention;
pub mod reuse;
pub mod reviews;
pub mod rules;
pub mod runs;
pub mod schema;
pub mod search;
pub mod second;
pub mod secrets;
pub mod sensors;
pub mod sessions;
pub mod snooze;
pub mod sources;
pub mod spending;
pub mod splits;
pub mod tags;
pub mod tasks;
pub mod techniques;
pub mod templates;
pub mod throttles;
pub mod timeline;
pub mod tokens;
pub mod trials;
pub mod upkeep;
pub mod users;
pub mod versions;
pub mod views;
pub mod voters;
pub mod votes;
pub mod wall;

pub use column::JsonText;
pub use copy::{CopyError, Counted, copy, counts, refuse_occupied};
pub use open::{CONNECTIONS, Durability, OpenError};
pub use record::{Actor, ActorKind, Change, record};
pub use snapshot::{Unsound, close_journal, verify};
pub use trouble::{full, is_busy, is_conflict, is_full, is_gone};
pub use under_way::UnderWay;

use crate::domain::chain::Body;
use sqlx::{AssertSqlSafe, PgPool, Postgres, Sqlite, SqlitePool};
use std::time::Instant;

/// What a store function returns.
pub type Result<T, E = sqlx::Error> = std::result::Result<T, E>;

/// The pools of one database.
#[derive(Clone)]
pub enum Store {
    /// `SQLite` has one writer: a pool of one connection queues writers fairly instead of letting them spin on a lock.
    Sqlite {
        /// Read-only connections.
        read: SqlitePool,
        /// The one writer.
        write: SqlitePool,
        /// The lock that says that the file is in use; none for a database in memory.
        in_use: Option<std::sync::Arc<std::fs::File>>,
    },
    /// `PostgreSQL`, for those who outgrow one machine.
    Postgres(PgPool),
}

/// An open transaction on either database.
pub enum Tx {
    /// On `SQLite`.
    Sqlite(UnderWay<Sqlite>),
    /// On `PostgreSQL`.
    Postgres(UnderWay<Postgres>),
}

/// Runs one query on whichever database the transaction belongs to.
macro_rules! on {
    ($tx:expr, |$db:ident| $query:expr) => {
        match $tx {
            $crate::store::Tx::Sqlite(t) => {
                let $db = &mut **t;
                $query.await
            }
            $crate::store::Tx::Postgres(t) => {
                let $db = &mut **t;
                $query.await
            }
        }
    };
}
pub(crate) use on;

/// Runs one statement and tells how many rows it changed.
macro_rules! run {
    ($tx:expr, $query:expr) => {
        match $tx {
            $crate::store::Tx::Sqlite(t) => $query.execute(&mut **t).await.map(|done| done.rows_affected()),
            $crate::store::Tx::Postgres(t) => $query.execute(&mut **t).await.map(|done| done.rows_affected()),
        }
    };
}
pub(crate) use run;

/// Whose rows may be seen: those of a person's organisations, or of one organisation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Scope {
    /// A person's id, or -1.
    pub user_id: i64,
    /// An organisation's id, or -1.
    pub org_id: i64,
}

/// The organisations of a scope as a query: `$2` is its organisation, `$3` its person.
const ORGS: &str = "(SELECT m.org_id FROM memberships m WHERE m.user_id = $3 UNION ALL SELECT $2)";

/// The first text after all that begin with `prefix`.
fn beyond(prefix: &str) -> String {
    format!("{prefix}\u{10FFFF}")
}

impl Scope {
    /// All organisations of a person.
    pub const fn user(user_id: i64) -> Self {
        Self { user_id, org_id: -1 }
    }

    /// One organisation.
    pub const fn org(org_id: i64) -> Self {
        Self { user_id: -1, org_id }
    }
}

impl Store {
    /// A consistent snapshot; dropping it costs nothing.
    ///
    /// # Errors
    /// Where the database can't be reached.
    pub async fn read(&self) -> Result<Tx> {
        Ok(match self {
            Self::Sqlite { read, .. } => Tx::Sqlite(read.begin().await?.into()),
            Self::Postgres(pool) => {
                Tx::Postgres(pool.begin_with(AssertSqlSafe(wall::begin(wall::READS))).await?.into())
            }
        })
    }

    /// A transaction that may write. The write lock is taken at once, so a read never has to be upgraded half way.
    ///
    /// # Errors
    /// Where the database can't be reached or another process holds the lock too long.
    pub async fn write(&self) -> Result<Tx> {
        let asked = Instant::now();
        let begun = self.begin().await;
        crate::metrics::wrote(asked.elapsed(), begun.as_ref().is_err_and(is_busy));
        begun
    }

    async fn begin(&self) -> Result<Tx> {
        Ok(match self {
            Self::Sqlite { write, .. } => Tx::Sqlite(write.begin_with("BEGIN IMMEDIATE").await?.into()),
            Self::Postgres(pool) => {
                Tx::Postgres(pool.begin_with(AssertSqlSafe(wall::begin(wall::WRITES))).await?.into())
            }
        })
    }
}

impl Store {
    /// Writes a row that means nothing, to see whether the database can write again.
    ///
    /// # Errors
    /// Where it can't.
    pub async fn probe(&self, now_ms: i64) -> Result<()> {
        let mut tx = self.write().await?;
        throttles::probe(&mut tx, now_ms).await?;
        tx.commit().await
    }
}

impl Tx {
    /// Appends what was recorded to the ledger, and makes the changes durable.
    ///
    /// # Errors
    /// Where the database can't make them durable; then nothing has changed.
    pub async fn commit(mut self) -> Result<()> {
        ledger::append(&mut self).await?;
        match self {
            Self::Sqlite(t) => t.commit().await,
            Self::Postgres(t) => t.commit().await,
        }
    }

    /// Lines for the ledger that are written at the commit.
    const fn lines(&mut self) -> &mut Vec<Body> {
        match self {
            Self::Sqlite(t) => &mut t.lines,
            Self::Postgres(t) => &mut t.lines,
        }
    }
}
