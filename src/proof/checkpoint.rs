//! Checkpoints: the signed end of the chain at a moment, to be kept elsewhere.
use super::Fault;
use crate::secret::{Signer, is_signed};
use crate::store::Tx;
use crate::store::ledger::{self, Head, Segment};
use serde::{Deserialize, Serialize};

/// The name of this form.
const FORMAT: &str = "fusionsoc-ledger-checkpoint-1";

/// What the chain was.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Checkpoint {
    /// [`FORMAT`].
    pub format: String,
    /// When, in RFC 3339 UTC.
    pub at: String,
    /// The last line.
    pub line: i64,
    /// Its hash in hex.
    pub hash: String,
    /// The Ed25519 key in hex.
    pub public_key: String,
    /// The signature in hex over a JSON array without spaces of format, time, line and hash.
    pub signature: String,
}

/// The text that is signed.
fn signed(at: &str, line: i64, hash: &str) -> String {
    serde_json::json!([FORMAT, at, line, hash]).to_string()
}

impl Checkpoint {
    /// Signs an end of the chain.
    pub fn sign(signer: &Signer, head: Head, at: &str) -> Self {
        let hash = hex::encode(head.hash);
        Self {
            format: FORMAT.to_owned(),
            at: at.to_owned(),
            line: head.id,
            signature: hex::encode(signer.sign(&signed(at, head.id, &hash))),
            public_key: hex::encode(signer.public_key()),
            hash,
        }
    }

    /// Reads a file of them, one a line as they were appended; each must be one that this installation signed.
    ///
    /// # Errors
    /// Where there is none, or see [`Self::read`].
    pub fn all(text: &str, signer: &Signer) -> Result<Vec<Self>, Fault> {
        // One that was laid out anew stands on several lines.
        if let Ok(only) = Self::read(text, signer) {
            return Ok(vec![only]);
        }
        let lines = text.lines().filter(|line| !line.trim().is_empty());
        let all = lines.map(|line| Self::read(line, signer)).collect::<Result<Vec<_>, _>>()?;
        if all.is_empty() { Err(Fault::Checkpoint("is an empty file".to_owned())) } else { Ok(all) }
    }

    /// Reads one and proves that this installation signed it.
    ///
    /// # Errors
    /// Where it is none, or another key signed it, or it was altered.
    pub fn read(text: &str, signer: &Signer) -> Result<Self, Fault> {
        let bad = |why: &str| Fault::Checkpoint(why.to_owned());
        let read: Self = serde_json::from_str(text).map_err(|error| Fault::Checkpoint(format!("is none: {error}")))?;
        if read.format != FORMAT {
            return Err(bad("is of another form than this version of the program knows"));
        }
        if read.public_key != hex::encode(signer.public_key()) {
            return Err(bad("was signed by another key than this installation's key file has"));
        }
        let signature = hex::decode(&read.signature).map_err(|_| bad("its signature is not hex"))?;
        if !is_signed(&signed(&read.at, read.line, &read.hash), signer.public_key(), &signature) {
            return Err(bad("its signature is wrong: it was altered"));
        }
        Ok(read)
    }

    /// Whether its line was removed with others of its segment, so that it can't be compared any more.
    pub fn is_too_old(&self, segments: &[Segment]) -> bool {
        let removed = |segment: &Segment| segment.purged_ms.is_some() && segment.last_id >= self.line;
        segments.iter().any(removed) && segments.iter().all(|segment| segment.last_id != self.line)
    }

    /// What of the chain is not as it was then.
    ///
    /// # Errors
    /// Where the database refuses.
    pub async fn compare(&self, tx: &mut Tx) -> crate::store::Result<Option<Fault>> {
        if self.line == 0 {
            return Ok(None);
        }
        let segments = ledger::segments(tx).await?;
        let purged = segments.iter().rfind(|segment| segment.purged_ms.is_some());
        if purged.is_some_and(|segment| segment.last_id >= self.line) {
            return Ok(self.within(&segments));
        }
        let at = &self.at;
        Ok(match ledger::line(tx, self.line).await? {
            Some(line) if hex::encode(&line.hash) == self.hash => None,
            Some(line) => Some(Fault::Checkpoint(format!("line {} is not the one that it was at {at}", line.id))),
            None => {
                let last = ledger::head(tx).await?.id;
                let text = format!(
                    "at {at} the ledger went on to line {}, which is not there any more (it is at line {last}): its end was cut off",
                    self.line
                );
                Some(Fault::Checkpoint(text))
            }
        })
    }

    /// The same where its line was removed with its segment, whose seal has the hash of its last line alone.
    fn within(&self, segments: &[Segment]) -> Option<Fault> {
        let line = self.line;
        match segments.iter().find(|segment| segment.last_id == line) {
            Some(segment) if hex::encode(&segment.last_hash) == self.hash => None,
            Some(_) => Some(Fault::Checkpoint(format!("line {line} was another one"))),
            None => Some(Fault::Checkpoint(format!(
                "line {line} was removed with its segment because it is old, so it can't be compared; use a newer one"
            ))),
        }
    }
}
