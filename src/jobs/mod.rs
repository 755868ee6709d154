//! Durable background work: a job is a row that was inserted with the change that needs it.
//!
//! [`Worker`] claims jobs under a lease, renews it while it works, and finishes each in the
//! transaction that stores the result. A worker that is killed loses its lease, and another one
//! takes the job up again. A new kind of job is one file and one line in [`Worker::work`].
pub mod backtest;
pub mod bulk;
mod connections;
pub mod evidence;
pub mod intel;
pub mod keys;
pub mod learn;
pub mod ledger;
pub mod lookups;
pub mod measure;
pub mod notify;
pub mod panel;
pub mod publish_exclusion;
pub mod pull;
pub mod range;
pub mod reindex;
pub mod triage;
pub mod trial;
pub mod wake;
pub mod watch;
mod worker;

pub use connections::Connections;
pub use panel::PanelSource;
pub use worker::Worker;

/// Why a job did not get done this time.
#[derive(Debug, thiserror::Error)]
pub enum JobError {
    /// The database refused.
    #[error("database: {0}")]
    Store(#[from] sqlx::Error),
    /// Another worker has the job now; nothing that this one does counts any more.
    #[error("the lease was lost")]
    LeaseLost,
    /// Something outside could not be reached; trying again may help.
    #[error("{0}")]
    Elsewhere(String),
    /// Its input or its configuration can't be used.
    #[error("{0}")]
    Unusable(String),
}
