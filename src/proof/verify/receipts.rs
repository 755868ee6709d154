//! The receipts among what is verified: each as it was, each told of, and what it rests on.
use super::super::receipt::{self, Anchored, Purged};
use super::{Fault, Found};
use crate::domain::spans;
use crate::secret::Signer;
use crate::store::ledger::Chained;
use crate::store::receipts::{self, Kept};
use crate::store::{Tx, retention};
use std::collections::BTreeSet;

/// Receipts that are read in one go.
const RECEIPTS: i64 = 200;

/// The detections whose documents were removed by their age, as lines of the ledger tell.
#[derive(Debug, Default)]
pub(super) struct Removed {
    spans: Vec<(i64, i64)>,
    /// So many more that lines of older versions of the program tell of without naming them.
    unnamed: usize,
    taken: BTreeSet<i64>,
}

impl Removed {
    /// Takes in what a line tells.
    pub(super) fn hear(&mut self, line: &Chained) {
        if line.body.action != retention::ACTION {
            return;
        }
        if line.body.old.is_empty() {
            self.unnamed += line.body.new.split(' ').next().and_then(|count| count.parse().ok()).unwrap_or(0);
        }
        self.spans.extend(spans::read(&line.body.old));
    }

    /// In order, so that one can be looked for.
    fn sorted(mut self) -> Self {
        self.spans.sort_unstable();
        self
    }

    /// Whether a line tells of a detection. None stands in two of them: a document is removed once.
    fn has(&mut self, id: i64) -> bool {
        let at = self.spans.partition_point(|(from, _)| *from <= id);
        let named = at.checked_sub(1).and_then(|at| self.spans.get(at)).is_some_and(|(_, to)| *to >= id);
        named || self.taken.contains(&id) || self.taken.len() < self.unnamed && self.taken.insert(id)
    }
}

/// A line that tells of a receipt: it must be there. Whether it is the one that the line tells of is seen from there.
pub(super) async fn told(tx: &mut Tx, line: &Chained, found: &mut Found) -> Result<(), sqlx::Error> {
    let Some(run) = receipt::told_by(line) else { return Ok(()) };
    if receipts::of_run(tx, run).await?.is_none() {
        found.fault(receipt::absent(run, line));
    }
    Ok(())
}

/// Compares all receipts with what is stored.
pub(super) async fn all(tx: &mut Tx, signer: &Signer, removed: Removed, found: &mut Found) -> Result<(), sqlx::Error> {
    let (purged, mut removed, mut at) = (Purged::of(tx).await?, removed.sorted(), i64::MIN);
    loop {
        let page = receipts::after(tx, at, RECEIPTS).await?;
        let Some(last) = page.last() else { return Ok(()) };
        at = last.run_id;
        for kept in &page {
            found.receipts += 1;
            one(tx, kept, (&purged, signer), &mut removed, found).await?;
        }
    }
}

async fn one(
    tx: &mut Tx,
    kept: &Kept,
    (purged, signer): (&Purged, &Signer),
    removed: &mut Removed,
    found: &mut Found,
) -> Result<(), sqlx::Error> {
    let checked = receipt::check(tx, kept).await?;
    let Anchored { wrong, lost, .. } = receipt::anchored(tx, kept, purged, signer).await?;
    let mut wrong: Vec<String> = checked.wrong.into_iter().chain(wrong).collect();
    found.lost += u64::from(lost);
    if let Some(receipt) = checked.receipt.filter(|_| checked.gone) {
        found.gone += 1;
        // The line that tells of the removal may be gone as well where the decision is that old.
        if kept.at_ms > purged.to_ms && !removed.has(receipt.detection.id) {
            wrong.push(format!(
                "the raw form of detection {} is gone, and no line of the ledger tells that it was removed",
                receipt.detection.source
            ));
        }
    }
    for why in wrong {
        found.fault(Fault::Receipt { run: kept.run_id, why });
    }
    Ok(())
}
