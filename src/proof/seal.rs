//! Signs stretches of the ledger, and removes old ones whole.
use super::{Fault, Walk};
use crate::domain::chain::START;
use crate::secret::Signer;
use crate::store::ledger::{self, Segment};
use crate::store::record::{Entry, audit};
use crate::store::{Actor, Store, Tx};

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

/// Seals what is due, segment by segment; returns how many there were.
///
/// # Errors
/// Where the database refuses, or a line is not as it was written: nothing is signed that can't be proven.
pub async fn seal(store: &Store, signer: &Signer, now_ms: i64) -> Result<usize, SealError> {
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
    if waiting < LINES && first.body.at_ms > now_ms - AGE_MS {
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
    };
    segment.signature = signer.sign(&segment.signed());
    Ok(Some(segment))
}

/// Removes the lines of segments that are older than a moment as a whole; returns how many lines there were.
///
/// # Errors
/// Where the database refuses.
pub async fn purge(store: &Store, before_ms: i64, now_ms: i64) -> Result<u64, sqlx::Error> {
    let mut removed = 0;
    loop {
        let mut tx = store.write().await?;
        let Some(segment) = ledger::old_segment(&mut tx, before_ms).await? else { return Ok(removed) };
        removed += ledger::purge(&mut tx, &segment, now_ms).await?;
        let (object, old) = (object(&segment), format!("lines {} to {}", segment.first_id, segment.last_id));
        let left = format!("seal with last hash {}", hex::encode(&segment.last_hash));
        let entry = Entry { action: "ledger_purged", object: &object, old: &old, new: &left };
        audit(&mut tx, &Actor::system(), None, &entry, now_ms).await?;
        tx.commit().await?;
    }
}
