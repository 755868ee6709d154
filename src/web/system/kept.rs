//! What is kept apart or sealed: backups, and the stretches of the audit log that were signed.
use super::super::view::text::{start, visible};
use super::super::view::words::{When, when};
use crate::error::Result;
use crate::store::record::Ended;
use crate::store::{Tx, backups, ledger};

/// Seals that are shown.
const SEALS: i64 = 10;

/// The last backup and the one that failed since, each when and what is to be known of it.
pub struct Backups {
    pub made: Option<(When, String)>,
    pub failed: Option<(When, String)>,
}

/// How backups fared, whoever made them.
pub async fn backups(tx: &mut Tx) -> Result<Backups> {
    let (made, last) = (backups::last_made(tx).await?, backups::last(tx).await?);
    let failed = last.filter(|last| last.result == Ended::Failed);
    Ok(Backups {
        made: made.map(|one| (when(one.at_ms), visible(one.name()))),
        failed: failed.map(|one| (when(one.at_ms), start(&one.new_value, 300))),
    })
}

/// A stretch of the audit log that was signed.
pub struct Seal {
    pub number: i64,
    pub lines: i64,
    pub from: When,
    pub to: When,
    pub sealed: When,
    /// When its lines were removed.
    pub purged: Option<When>,
}

/// The newest of them, the newest first.
pub async fn seals(tx: &mut Tx) -> Result<Vec<Seal>> {
    let seal = |one: ledger::Segment| Seal {
        number: one.number,
        lines: one.line_count,
        from: when(one.from_ms),
        to: when(one.to_ms),
        sealed: when(one.sealed_ms),
        purged: one.purged_ms.map(when),
    };
    Ok(ledger::newest_segments(tx, SEALS).await?.into_iter().map(seal).collect())
}
