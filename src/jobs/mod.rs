//! Durable background work: a job is a row that was inserted with the change that needs it.
//!
//! [`Worker`] claims jobs under a lease, renews it while it works, and finishes each in the
//! transaction that stores the result. A worker that is killed loses its lease, and another one
//! takes the job up again. A new kind of job is one file and one line in `kinds.rs`.
pub mod backtest;
pub mod backup;
pub mod bulk;
mod connections;
pub mod evidence;
pub(crate) mod held;
pub mod intel;
pub mod keys;
mod kinds;
mod lanes;
pub mod learn;
mod lease;
pub mod ledger;
pub mod lookups;
pub mod measure;
pub mod notify;
pub mod panel;
pub mod publish_exclusion;
pub mod pull;
pub mod range;
pub mod reindex;
pub mod retention;
mod scheduling;
mod stopping;
pub mod triage;
pub mod trial;
pub mod upkeep;
pub mod wake;
pub mod watch;
pub mod watch_exclusions;
mod worker;

pub use connections::Connections;
pub use panel::PanelSource;
pub use worker::Worker;

/// Every kind of job, with what it is called on pages.
pub const KINDS: &[(&str, &str)] = &[
    (triage::KIND, "Votes on a case"),
    (triage::REVOTE, "Failed votes again"),
    (range::KIND, "Injection range"),
    (crate::actions::KIND, "Actions on sensors"),
    (crate::notify::JOB, "Notifications"),
    (crate::review::snooze::WAKE, "Back from snooze"),
    (crate::review::snooze::REMIND, "Reminders"),
    (watch::KIND, "Look-out for what is late"),
    (backtest::KIND, "Back-tests of exclusions"),
    (bulk::KIND, "Acts over many cases"),
    (publish_exclusion::KIND, "Exclusions to LimaCharlie"),
    (measure::KIND, "Measuring voters"),
    (learn::KIND, "Learning"),
    (trial::KIND, "Trials of panels"),
    (pull::KIND, "Pulls from LimaCharlie"),
    (intel::KIND, "Threat intelligence"),
    (retention::KIND, "Removal of old detections"),
    (watch_exclusions::KIND, "Looks at exclusions in force"),
    (ledger::KIND, "Seals of the audit ledger"),
    (backup::KIND, "Backups"),
];

/// Kinds that tell the people concerned when they are given up, and are asked for anew where they belong.
const SETTLED: &[&str] = &[crate::actions::KIND, backtest::KIND, bulk::KIND, publish_exclusion::KIND, trial::KIND];

/// Whether trying a job of a kind again can do something after it was given up.
pub fn may_be_tried_again(kind: &str) -> bool {
    !SETTLED.contains(&kind)
}

/// A kind as we know it, for what is counted.
pub fn known_kind(kind: &str) -> &'static str {
    KINDS.iter().find(|(known, _)| *known == kind).map_or("other", |(known, _)| known)
}

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
