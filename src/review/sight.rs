//! What people and programs may learn of what the panel says of a case: everything, or in blind review nothing until
//! somebody has decided.
//!
//! Whatever tells of runs, votes, claims, receipts or techniques that voters named reads them here. What the panel
//! makes of a case in its own row, its timeline and the ledger is held out where it is written.
use crate::domain::Blind;
use crate::store::cases::Case;
use crate::store::reuse::{self, Source};
use crate::store::runs::{self, Run};
use crate::store::techniques::{self, InCase};
use crate::store::votes::{self, Stored};
use crate::store::{Result, Tx};

/// What stands in the place of the panel.
pub const HELD_BACK: &str =
    "This case is in blind review: decide it on the evidence. What the panel said is shown once you have decided.";
/// What the timeline says of a run that ended.
pub const TRIAGED: &str = "Triaged; what the panel says is shown once somebody has decided";
/// What it says of a vote.
pub const VOTED: &str = "A vote is in";
/// What the ledger has in the place of what was said.
const WITHHELD: &str = "blind";
/// Who named a technique that is no voter's word.
const BY_RULE: &str = "rule";

/// How much may be told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sight {
    /// Everything.
    Full,
    /// The evidence alone.
    Blind,
}

/// How much may be told of a case.
pub const fn sight(case: &Case) -> Sight {
    if matches!(case.blind, Blind::Waiting) { Sight::Blind } else { Sight::Full }
}

impl Sight {
    /// Whether nothing of the panel may be told.
    pub const fn is_blind(self) -> bool {
        matches!(self, Self::Blind)
    }

    /// Text and value of a change for timeline and ledger: as they are, or `held` and a word that says as little.
    pub const fn told<'a>(self, all: (&'a str, &'a str), held: &'a str) -> (&'a str, &'a str) {
        if self.is_blind() { (held, WITHHELD) } else { all }
    }
}

/// The runs of a case, newest first; in blind review none.
///
/// # Errors
/// Where the database refuses.
pub async fn runs(tx: &mut Tx, case: &Case) -> Result<Vec<Run>> {
    if sight(case).is_blind() { Ok(Vec::new()) } else { runs::of_case(tx, case.number).await }
}

/// The newest finished run of each behaviour of a case; in blind review none.
///
/// # Errors
/// Where the database refuses.
pub async fn newest(tx: &mut Tx, case: &Case) -> Result<Vec<Run>> {
    if sight(case).is_blind() { Ok(Vec::new()) } else { runs::newest_of_each(tx, case.number).await }
}

/// The votes of all runs of a case; in blind review none.
///
/// # Errors
/// Where the database refuses.
pub async fn votes(tx: &mut Tx, case: &Case) -> Result<Vec<Stored>> {
    if sight(case).is_blind() { Ok(Vec::new()) } else { votes::of_case(tx, case.number).await }
}

/// Where runs of a case took their votes from; in blind review nothing.
///
/// # Errors
/// Where the database refuses.
pub async fn sources(tx: &mut Tx, case: &Case) -> Result<Vec<Source>> {
    if sight(case).is_blind() { Ok(Vec::new()) } else { reuse::sources(tx, case.number).await }
}

/// The techniques of a case; in blind review those that its rules name.
///
/// # Errors
/// Where the database refuses.
pub async fn techniques(tx: &mut Tx, case: &Case) -> Result<Vec<InCase>> {
    let mut all = techniques::of_case(tx, case.number).await?;
    all.retain(|one| !sight(case).is_blind() || one.source == BY_RULE);
    Ok(all)
}
