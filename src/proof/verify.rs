//! Reads the whole ledger and says what of it is not as it was written.
use super::checkpoint::Checkpoint;
use super::{Fault, Walk, receipt};
use crate::domain::chain::START;
use crate::secret::{Signer, is_signed};
use crate::store::ledger::{self, Chained, Segment};
use crate::store::{Store, Tx, receipts};

/// Lines that are read in one go.
const LINES: i64 = 1_000;
/// Receipts that are read in one go.
const RECEIPTS: i64 = 200;
/// So many faults are told; a chain that was written anew has one at most, one that was played with has few.
const TOLD: usize = 50;

/// What was found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Found {
    /// Lines that were read.
    pub lines: u64,
    /// The first of them; 0 where there is none.
    pub first: i64,
    /// The last of them.
    pub last: i64,
    /// Segments that are sealed.
    pub segments: usize,
    /// Segments of these whose lines were removed because they are old.
    pub purged: usize,
    /// Receipts that were checked.
    pub receipts: u64,
    /// Detections whose raw form is not there any more, so that it can't be compared.
    pub gone: u64,
    /// What is wrong, the first first; more than 50 are not told.
    pub faults: Vec<Fault>,
}

impl Found {
    fn fault(&mut self, fault: impl Into<Option<Fault>>) {
        if self.faults.len() < TOLD {
            self.faults.extend(fault.into());
        }
    }
}

/// Reads chain, seals, receipts, and compares with a checkpoint, all as they are at one moment.
///
/// # Errors
/// Where the database refuses.
pub async fn verify(store: &Store, signer: &Signer, checkpoint: Option<&Checkpoint>) -> Result<Found, sqlx::Error> {
    let mut tx = store.read().await?;
    let mut found = Found::default();
    let segments = ledger::segments(&mut tx).await?;
    let start = seals(&segments, signer, &mut found);
    chain(&mut tx, start, &segments, &mut found).await?;
    if let Some(checkpoint) = checkpoint {
        found.fault(checkpoint.compare(&mut tx).await?);
    }
    let purged_to = segments.iter().filter(|segment| segment.purged_ms.is_some()).map(|segment| segment.to_ms).max();
    all_receipts(&mut tx, purged_to.unwrap_or(i64::MIN), &mut found).await?;
    Ok(found)
}

/// Checks the seals by themselves; returns where the lines that are left begin.
fn seals(segments: &[Segment], signer: &Signer, found: &mut Found) -> Walk {
    let (mut end, mut start) = (Walk::start(), Walk::start());
    for (number, segment) in (1_i64..).zip(segments) {
        let mut wrong = |why: &str| found.fault(Fault::Segment { number: segment.number, why: why.to_owned() });
        if segment.number != number {
            wrong("a segment before it is missing");
        }
        if segment.public_key != signer.public_key() {
            wrong("was signed by another key than this installation's key file has");
        } else if !is_signed(&segment.signed(), &segment.public_key, &segment.signature) {
            wrong("its signature is wrong: it was altered");
        }
        if segment.prev_hash != end.hash || segment.first_id <= end.id {
            wrong("does not follow the one before");
        }
        end = Walk { id: segment.last_id, hash: segment.last_hash.as_slice().try_into().unwrap_or(START) };
        if segment.purged_ms.is_some() {
            found.purged += 1;
            start = end;
        }
    }
    found.segments = segments.len();
    start
}

async fn chain(tx: &mut Tx, start: Walk, segments: &[Segment], found: &mut Found) -> Result<(), sqlx::Error> {
    let (mut walk, mut at) = (start, 0);
    let mut sealed = segments.iter().filter(|segment| segment.purged_ms.is_none()).peekable();
    loop {
        let lines = ledger::after(tx, at, LINES).await?;
        let Some(last) = lines.last() else { break };
        at = last.id;
        for line in &lines {
            found.fault(walk.step(line));
            while let Some(segment) = sealed.next_if(|segment| segment.last_id <= line.id) {
                if segment.last_id != line.id || segment.last_hash != line.hash {
                    let why = format!("line {} is not the one that was sealed", segment.last_id);
                    found.fault(Fault::Segment { number: segment.number, why });
                }
            }
            if found.lines == 0 {
                found.first = line.id;
            }
            found.lines += 1;
            found.last = line.id;
            told_receipt(tx, line, found).await?;
        }
    }
    if let Some(segment) = sealed.next() {
        let why = format!("lines up to {} were sealed, and are not all there", segment.last_id);
        found.fault(Fault::Segment { number: segment.number, why });
    }
    let head = ledger::head(tx).await?;
    if head.id != walk.id {
        found.fault(Fault::End { found: walk.id, told: head.id });
    } else if head.hash != walk.hash {
        found.fault(Fault::Head(walk.id));
    }
    Ok(())
}

/// A line that tells of a receipt: it must be there, and be the one that the line tells of.
async fn told_receipt(tx: &mut Tx, line: &Chained, found: &mut Found) -> Result<(), sqlx::Error> {
    let run = line.body.object.strip_prefix("run:").and_then(|run| run.parse().ok());
    let Some(run) = run.filter(|_| line.body.action == receipt::ACTION) else { return Ok(()) };
    let why = match receipts::of_run(tx, run).await? {
        None => format!("line {} tells of it, and it is not there", line.id),
        Some(kept) if hex::encode(&kept.hash) != line.body.new => {
            format!("is not the one that line {} tells of", line.id)
        }
        Some(_) => return Ok(()),
    };
    found.fault(Fault::Receipt { run, why });
    Ok(())
}

/// Compares all receipts with what is stored. Lines up to `purged_to` may be gone.
async fn all_receipts(tx: &mut Tx, purged_to: i64, found: &mut Found) -> Result<(), sqlx::Error> {
    let mut at = 0;
    loop {
        let page = receipts::after(tx, at, RECEIPTS).await?;
        let Some(last) = page.last() else { return Ok(()) };
        at = last.run_id;
        for kept in &page {
            found.receipts += 1;
            let checked = receipt::check(tx, kept).await?;
            found.gone += u64::from(checked.gone);
            for why in checked.wrong {
                found.fault(Fault::Receipt { run: kept.run_id, why });
            }
            if kept.at_ms > purged_to && ledger::of_receipt(tx, kept.run_id).await?.is_none() {
                let why = "no line of the ledger tells of it".to_owned();
                found.fault(Fault::Receipt { run: kept.run_id, why });
            }
        }
    }
}
