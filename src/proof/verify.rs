//! Reads the whole ledger and says what of it is not as it was written.
mod receipts;

use self::receipts::Removed;
use super::checkpoint::Checkpoint;
use super::newest::Newest;
use super::{Fault, Walk, unsigned};
use crate::domain::chain::START;
use crate::secret::{Signer, is_signed};
use crate::store::ledger::{self, Segment};
use crate::store::{Store, Tx, receipts as stored};

/// Lines that are read in one go.
const LINES: i64 = 1_000;
/// Where receipts are gone or were put in, their number of before is looked for so far around the one of now.
const COUNTED: i64 = 1_000;
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
    /// The number of the segment whose seal is kept beside the key file; none where none is.
    pub newest: Option<i64>,
    /// Lines after the last seal: who has the database can write them anew, and a checkpoint alone tells.
    pub unsealed: i64,
    /// Receipts that were checked.
    pub receipts: u64,
    /// Receipts that nothing vouches for any more: an older version of the program removed their lines without signing.
    pub lost: u64,
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

/// Reads chain, seals, receipts, and compares with checkpoints, all as they are at one moment.
///
/// # Errors
/// Where the database refuses.
pub async fn verify<'a>(
    store: &Store,
    signer: &Signer,
    checkpoints: impl IntoIterator<Item = &'a Checkpoint>,
) -> Result<Found, sqlx::Error> {
    let mut checkpoints: Vec<_> = checkpoints.into_iter().collect();
    checkpoints.sort_by_key(|one| one.line);
    let mut tx = store.read().await?;
    let mut found = Found::default();
    let segments = ledger::segments(&mut tx).await?;
    let start = seals(&segments, signer, &mut found);
    found.fault(removal(&mut tx, &segments, signer).await?);
    newest(&segments, signer, &mut found);
    let removed = chain(&mut tx, start, &segments, &mut found).await?;
    for (after, one) in (0..checkpoints.len()).rev().zip(&checkpoints) {
        // One that is too old matters where there is none after it.
        if after == 0 || !one.is_too_old(&segments) {
            found.fault(one.compare(&mut tx).await?);
        }
    }
    receipts::all(&mut tx, signer, removed, &mut found).await?;
    Ok(found)
}

/// Checks the seals by themselves; returns where the lines that are left begin.
fn seals(segments: &[Segment], signer: &Signer, found: &mut Found) -> Walk {
    let (mut end, mut start) = (Walk::start(), Walk::start());
    for (number, segment) in (1_i64..).zip(segments) {
        found.fault(unsigned(segment, signer));
        let mut wrong = |why: &str| found.fault(Fault::Segment { number: segment.number, why: why.to_owned() });
        if segment.number != number {
            wrong("a segment before it is missing");
        }
        if segment.prev_hash != end.hash || segment.first_id <= end.id {
            wrong("does not follow the one before");
        }
        let before = end;
        end = Walk { id: segment.last_id, hash: segment.last_hash.as_slice().try_into().unwrap_or(START) };
        if segment.purged_ms.is_some() {
            if start != before {
                wrong("is called purged, and one before it is not");
            }
            found.purged += 1;
            start = end;
        }
    }
    found.segments = segments.len();
    start
}

/// Checks that this installation removed the lines that are called old, and that the receipts of which they told are all
/// there: segments leave in their order, so that the newest one stands for all before it.
async fn removal(tx: &mut Tx, segments: &[Segment], signer: &Signer) -> Result<Option<Fault>, sqlx::Error> {
    let newest = segments.iter().rev().find_map(|segment| Some((segment, segment.purged_ms?)));
    let Some((segment, purged_ms)) = newest else { return Ok(None) };
    let receipts = stored::signed(tx).await?;
    let signature = segment.purge_signature.as_deref().unwrap_or_default();
    let fits = |text: &str| is_signed(text, signer.public_key(), signature);
    let counted = |count: &i64| fits(&segment.signed_purge(purged_ms, *count));
    if counted(&receipts) || fits(&segment.signed_purge_uncounted(purged_ms)) {
        return Ok(None);
    }
    let why = match ((receipts - COUNTED).max(0)..receipts + COUNTED).find(counted) {
        Some(then) => format!("was purged when {then} receipts of removed lines were there, and now {receipts} are"),
        None => "is called purged, and the signature over that is missing or wrong".to_owned(),
    };
    Ok(Some(Fault::Segment { number: segment.number, why }))
}

/// Compares with the seal that is kept beside the key file.
fn newest(segments: &[Segment], signer: &Signer, found: &mut Found) {
    match Newest::read(signer) {
        Err(fault) => found.fault(fault),
        Ok(None) => {}
        Ok(Some(newest)) => {
            found.newest = Some(newest.segment);
            found.fault(newest.compare(segments.iter().find(|segment| segment.number == newest.segment)));
        }
    }
}

async fn chain(tx: &mut Tx, start: Walk, segments: &[Segment], found: &mut Found) -> Result<Removed, sqlx::Error> {
    // No line of ours has a number below 1: where there is one, it is not part of the chain.
    let (mut walk, mut at, mut removed) = (start, i64::MIN, Removed::default());
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
            removed.hear(line);
            receipts::told(tx, line, found).await?;
        }
    }
    if let Some(segment) = sealed.next() {
        let why = format!("lines up to {} were sealed, and are not all there", segment.last_id);
        found.fault(Fault::Segment { number: segment.number, why });
    }
    let sealed_to = segments.last().map_or(0, |segment| segment.last_id);
    end(tx, walk, sealed_to, found).await?;
    Ok(removed)
}

/// The end of the chain: where it is noted to be.
async fn end(tx: &mut Tx, walk: Walk, sealed_to: i64, found: &mut Found) -> Result<(), sqlx::Error> {
    let head = ledger::head(tx).await?;
    found.unsealed = head.id - sealed_to;
    if head.id != walk.id {
        found.fault(Fault::End { found: walk.id, told: head.id });
    } else if head.hash != walk.hash {
        found.fault(Fault::Head(walk.id));
    }
    Ok(())
}
