//! Proof: that the ledger says what it said, and that what decisions rested on is still what it was.
//!
//! - [`verify`] reads the whole chain and names every line that was altered, removed or put in, and checks receipts.
//! - [`seal`] signs stretches of the chain, so that old ones can be removed whole, and removes them.
//! - [`checkpoint`] is the signed end of the chain: kept elsewhere, it shows also that lines were cut off, which
//!   nothing inside the database can show.
//! - [`newest`] keeps the newest seal beside the key file, so that the database can't be written anew behind it.
//! - [`receipt`] writes down what a run was decided on, and compares it with what is stored now.
//!
//! Whoever holds both the database and the key file can make another chain; a checkpoint that lies elsewhere still
//! tells it from the one that was.
pub mod checkpoint;
pub mod newest;
pub mod receipt;
pub mod seal;
pub mod verify;

use crate::domain::chain::{Hash, START};
use crate::secret::{Signer, is_signed};
use crate::store::ledger::{Chained, Segment};

/// Something that is not as it was written.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// The text of a line is not that of its hash.
    #[error("line {0}: was altered; its hash is not that of what it says")]
    Altered(i64),
    /// A line stands on another hash than that of the line before it.
    #[error("line {line}: does not follow line {before}; line {before} was written anew, or this one was put in")]
    Unlinked {
        /// The line.
        line: i64,
        /// The one before it.
        before: i64,
    },
    /// Lines are missing.
    #[error("lines {0} to {1}: are missing")]
    Missing(i64, i64),
    /// A line never got a hash.
    #[error("line {0}: is not part of the chain; it was put in beside the program")]
    Unchained(i64),
    /// The chain ends elsewhere than it says.
    #[error("the ledger ends at line {found}, but it was at line {told}: lines were cut off or put in at its end")]
    End {
        /// The last line.
        found: i64,
        /// What is noted as the last line.
        told: i64,
    },
    /// The noted end is another line.
    #[error("line {0}: is the last one, and not the one that the program wrote last")]
    Head(i64),
    /// A seal does not hold.
    #[error("segment {number}: {why}")]
    Segment {
        /// Its number.
        number: i64,
        /// What is wrong.
        why: String,
    },
    /// The seal that is kept beside the key file does not hold.
    #[error("newest seal: {0}")]
    Newest(String),
    /// A checkpoint does not hold.
    #[error("checkpoint: {0}")]
    Checkpoint(String),
    /// A receipt does not hold.
    #[error("receipt of run {run}: {why}")]
    Receipt {
        /// The run's id.
        run: i64,
        /// What is wrong.
        why: String,
    },
}

/// What is wrong with a seal by itself.
fn unsigned(segment: &Segment, signer: &Signer) -> Option<Fault> {
    let why = if segment.public_key != signer.public_key() {
        "was signed by another key than this installation's key file has"
    } else if !is_signed(&segment.signed(), &segment.public_key, &segment.signature) {
        "its signature is wrong: it was altered"
    } else {
        return None;
    };
    Some(Fault::Segment { number: segment.number, why: why.to_owned() })
}

/// Follows the chain from line to line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Walk {
    /// The last line that was followed; 0 for none.
    id: i64,
    /// Its hash.
    hash: Hash,
}

impl Walk {
    /// From the very beginning.
    const fn start() -> Self {
        Self { id: 0, hash: START }
    }

    /// Goes on to the next line; tells what is wrong with it. Goes on by what the line says of itself, so that one
    /// altered line is not told of again at each line behind it.
    fn step(&mut self, line: &Chained) -> Option<Fault> {
        let (before, follows) = (*self, line.before == self.hash);
        if line.hash.is_empty() {
            return Some(Fault::Unchained(line.id));
        }
        let known: Option<Hash> = line.before.as_slice().try_into().ok();
        let own = known.map(|stands_on| line.body.hash(line.id, &stands_on));
        let is_own = own.is_some_and(|own| own.as_slice() == line.hash);
        let next = Self { id: line.id, hash: line.hash.as_slice().try_into().unwrap_or(START) };
        *self = next;
        // Older versions left gaps between ids on PostgreSQL: only a broken link tells that lines are missing.
        match (is_own, follows) {
            (true, true) => None,
            (false, _) => Some(Fault::Altered(line.id)),
            (true, false) if line.id > before.id + 1 => Some(Fault::Missing(before.id + 1, line.id - 1)),
            (true, false) => Some(Fault::Unlinked { line: line.id, before: before.id }),
        }
    }
}
