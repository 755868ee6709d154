//! The work queue by kind, and what was given up.
use super::super::view::text::start;
use super::super::view::words::{When, duration, when};
use crate::error::Result;
use crate::jobs::{KINDS, may_be_tried_again};
use crate::store::{Tx, jobs};

/// Jobs that were given up on the page.
const SHOWN: i64 = 50;

/// Jobs of a kind.
pub struct KindView {
    pub label: &'static str,
    pub waiting: i64,
    pub late: String,
    pub dead: i64,
}

/// A job that was given up.
pub struct DeadView {
    pub id: i64,
    pub label: String,
    pub at: When,
    pub attempt: i64,
    pub error: String,
    /// Whether it can be tried again; otherwise it was told to those concerned, and is only forgotten.
    pub again: bool,
}

fn label(kind: &str) -> &str {
    KINDS.iter().find(|(known, _)| *known == kind).map_or(kind, |(_, label)| label)
}

/// Every kind of which there is a job.
pub async fn kinds(tx: &mut Tx, now_ms: i64) -> Result<Vec<KindView>> {
    let known: Vec<&str> = KINDS.iter().map(|(kind, _)| *kind).collect();
    let depths = jobs::depths(tx, &known, now_ms).await?;
    let there = KINDS.iter().filter_map(|(kind, label)| {
        let one = depths.iter().find(|one| one.kind == *kind).filter(|one| one.waiting + one.dead > 0)?;
        let late = one.due_ms.map(|due| duration(now_ms - due)).unwrap_or_default();
        Some(KindView { label, waiting: one.waiting, late, dead: one.dead })
    });
    Ok(there.collect())
}

/// Those that were given up.
pub async fn dead(tx: &mut Tx) -> Result<Vec<DeadView>> {
    let all = jobs::dead(tx, SHOWN).await?.into_iter().map(|one| DeadView {
        id: one.id,
        label: label(&one.kind).to_owned(),
        at: when(one.run_at_ms),
        attempt: one.attempt,
        error: start(&one.error, 300),
        again: may_be_tried_again(&one.kind),
    });
    Ok(all.collect())
}
