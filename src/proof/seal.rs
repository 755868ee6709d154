//! Signs stretches of the ledger, and removes old ones whole.
use super::{Fault, Walk, newest, receipt, unsigned};
use crate::domain::chain::START;
use crate::limits;
use crate::secret::Signer;
use crate::store::ledger::{self, Chained, Segment};
use crate::store::record::{Entry, audit};
use crate::store::{Actor, Store, Tx, receipts};

/// Lines of a segment at most.
const LINES: i64 = 10_000;
/// A line waits for its seal no longer than this.
const AGE_MS: i64 = 24 * 60 * 60 * 1000;

/// Why nothing was sealed.
#[derive(Debug, thiserror::Error)]
pub enum SealError {
    /// The database refused.
    #[error("database: {0}")]
    Store(#[from] sqlx::Error),
    /// What was to be signed is not what was written.
    #[error("the ledger is not what it was: {0}; it is not sealed any more, ask `fusionsoc ledger verify`")]
    Fault(Fault),
}

impl SealError {
    fn of(fault: Option<Fault>) -> Result<(), Self> {
        fault.map_or(Ok(()), |fault| Err(Self::Fault(fault)))
    }
}

/// Seals what is due, segment by segment, and keeps the newest seal beside the key file; returns how many there were.
///
/// # Errors
/// Where the database refuses, a line is not as it was written, or the database is not the one that was sealed before:
/// nothing is signed that can't be proven.
pub async fn seal(store: &Store, signer: &Signer, now_ms: i64) -> Result<usize, SealError> {
    SealError::of(newest::broken(&mut store.read().await?, signer).await?)?;
    let sealed = stretches(store, signer, now_ms).await?;
    let last = ledger::last_segment(&mut store.read().await?).await?;
    if let Some(Err(error)) = last.map(|last| newest::keep(signer, &last)) {
        let file = signer.seal_file().display();
        tracing::warn!(%file, %error, "the newest seal can't be kept beside the key file");
    }
    Ok(sealed)
}

async fn stretches(store: &Store, signer: &Signer, now_ms: i64) -> Result<usize, SealError> {
    let mut sealed = 0;
    while let Some(segment) = next(&mut store.read().await?, signer, now_ms).await? {
        let mut tx = store.write().await?;
        if ledger::seal(&mut tx, &segment).await? == 0 {
            return Ok(sealed);
        }
        let (object, lines) = (object(&segment), format!("lines {} to {}", segment.first_id, segment.last_id));
        let entry = Entry { action: "ledger_sealed", object: &object, old: "", new: &lines };
        audit(&mut tx, &Actor::system(), None, &entry, now_ms).await?;
        tx.commit().await?;
        sealed += 1;
    }
    Ok(sealed)
}

fn object(segment: &Segment) -> String {
    format!("segment:{}", segment.number)
}

/// The next segment, where it is due: it has as many lines as one may have, or its first line is a day old.
async fn next(tx: &mut Tx, signer: &Signer, now_ms: i64) -> Result<Option<Segment>, SealError> {
    let before = ledger::last_segment(tx).await?;
    let start = before.as_ref().map_or(Walk::start(), |segment| Walk {
        id: segment.last_id,
        hash: segment.last_hash.as_slice().try_into().unwrap_or(START),
    });
    let Some(first) = ledger::after(tx, start.id, 1).await?.into_iter().next() else { return Ok(None) };
    // Lines are numbered without gaps, so their count is known without reading them. Those of older versions may have
    // some: then this comes a little early.
    let waiting = ledger::head(tx).await?.id - start.id;
    // A clock that was far ahead keeps nothing waiting.
    let is_young = (now_ms - AGE_MS + 1..now_ms + AGE_MS).contains(&first.body.at_ms);
    if waiting < LINES && is_young {
        return Ok(None);
    }
    let lines = ledger::after(tx, start.id, LINES).await?;
    let Some(last) = lines.last() else { return Ok(None) };
    let mut walk = start;
    for line in &lines {
        if let Some(fault) = walk.step(line) {
            return Err(SealError::Fault(fault));
        }
    }
    let times = lines.iter().map(|line| line.body.at_ms);
    let mut segment = Segment {
        number: before.map_or(0, |segment| segment.number) + 1,
        first_id: first.id,
        last_id: last.id,
        line_count: i64::try_from(lines.len()).unwrap_or(LINES),
        from_ms: times.clone().min().unwrap_or(now_ms),
        to_ms: times.max().unwrap_or(now_ms),
        prev_hash: start.hash.to_vec(),
        last_hash: walk.hash.to_vec(),
        sealed_ms: now_ms,
        public_key: signer.public_key().to_vec(),
        signature: Vec::new(),
        purged_ms: None,
        purge_signature: None,
    };
    segment.signature = signer.sign(&segment.signed());
    Ok(Some(segment))
}

/// Removes the lines of segments that are older than a moment as a whole; returns how many lines there were. What they
/// prove is signed first: that they were old, and the receipts that they tell of.
///
/// # Errors
/// Where the database refuses, or lines are not those that were sealed: they stay, for somebody to look at.
pub async fn purge(store: &Store, signer: &Signer, before_ms: i64, now_ms: i64) -> Result<u64, SealError> {
    let mut removed = 0;
    loop {
        let mut tx = store.write().await?;
        let Some(segment) = ledger::old_segment(&mut tx, before_ms).await? else { return Ok(removed) };
        for line in proven(&mut tx, &segment, signer).await? {
            sign_receipt(&mut tx, &line, signer).await?;
        }
        let receipts = receipts::signed(&mut tx).await?;
        let signature = signer.sign(&segment.signed_purge(now_ms, receipts));
        removed += ledger::purge(&mut tx, &segment, &signature, now_ms).await?;
        let (object, old) = (object(&segment), format!("lines {} to {}", segment.first_id, segment.last_id));
        let left = format!("seal with last hash {}", hex::encode(&segment.last_hash));
        let entry = Entry { action: "ledger_purged", object: &object, old: &old, new: &left };
        audit(&mut tx, &Actor::system(), None, &entry, now_ms).await?;
        tx.commit().await?;
        tokio::time::sleep(limits::RETENTION_PAUSE).await;
    }
}

/// The lines of a segment, where they are those that were sealed.
async fn proven(tx: &mut Tx, segment: &Segment, signer: &Signer) -> Result<Vec<Chained>, SealError> {
    SealError::of(unsigned(segment, signer))?;
    let hash = segment.prev_hash.as_slice().try_into().unwrap_or(START);
    let mut walk = Walk { id: segment.first_id - 1, hash };
    let lines = ledger::after(tx, walk.id, segment.line_count).await?;
    for line in &lines {
        SealError::of(walk.step(line))?;
    }
    if walk.id != segment.last_id || walk.hash.as_slice() != segment.last_hash {
        let why = "its lines are not those that were sealed".to_owned();
        return Err(SealError::Fault(Fault::Segment { number: segment.number, why }));
    }
    Ok(lines)
}

/// Signs the receipt that a line tells of. One that is another is left without: that proves that it is. The line of one
/// that is not there is all that proves it.
async fn sign_receipt(tx: &mut Tx, line: &Chained, signer: &Signer) -> Result<(), SealError> {
    let Some(run) = receipt::told_by(line) else { return Ok(()) };
    let Some(kept) = receipts::of_run(tx, run).await? else {
        return Err(SealError::Fault(receipt::absent(run, line)));
    };
    if kept.signature.is_empty() && hex::encode(&kept.hash) == line.body.new {
        receipts::sign(tx, run, &signer.sign(&kept.signed())).await?;
    }
    Ok(())
}
