//! Asks LimaCharlie about a detection: each question gives a piece of evidence, and one that can't be answered says why.
mod chain;
mod host;
pub mod hunt;
mod sweep;

pub use sweep::sweep;

use crate::domain::Detection;
use crate::domain::evidence::{EvidenceKind, EvidenceState, Piece};
use crate::limacharlie::{Client, Error, Sid};
use crate::limits;
use std::future::Future;
use tokio::time::{Instant, timeout_at};

/// What the triage asks, in the order in which it is shown.
pub const ASKED: [EvidenceKind; 5] = [
    EvidenceKind::Ancestors,
    EvidenceKind::Children,
    EvidenceKind::Sweep,
    EvidenceKind::Tags,
    EvidenceKind::Prevalence,
];
/// Minutes to each side of the event that the triage looks at.
const MINUTES: u32 = 2;

/// Asks some questions at once; each gives a piece, whatever becomes of it.
pub async fn ask(client: &Client, detection: &Detection, kinds: &[EvidenceKind], now_ms: i64) -> Vec<Piece> {
    let until = Instant::now() + limits::EVIDENCE;
    let asked = kinds.iter().map(|kind| async move {
        let piece = in_time(until, one(client, detection, *kind, now_ms)).await;
        let piece = piece.unwrap_or_else(|why| Piece::new(*kind, EvidenceState::Failed, why, now_ms));
        placed(piece, client, detection)
    });
    futures_util::future::join_all(asked).await
}

async fn in_time(until: Instant, asking: impl Future<Output = Result<Piece, Error>>) -> Result<Piece, String> {
    match timeout_at(until, asking).await {
        Ok(Ok(piece)) => Ok(piece),
        Ok(Err(error)) => Err(format!("{error}.")),
        Err(_) => Err(format!("LimaCharlie did not answer within {} s.", limits::EVIDENCE.as_secs())),
    }
}

async fn one(client: &Client, detection: &Detection, kind: EvidenceKind, now_ms: i64) -> Result<Piece, Error> {
    let sid: Sid = match detection.sid.parse() {
        Ok(sid) => sid,
        Err(bad) => return Ok(Piece::new(kind, EvidenceState::Failed, format!("Nothing was asked: {bad}."), now_ms)),
    };
    match kind {
        EvidenceKind::Ancestors => chain::ancestors(client, &sid, detection, now_ms).await,
        EvidenceKind::Children => chain::children(client, &sid, detection, now_ms).await,
        EvidenceKind::Sweep => sweep(client, detection, MINUTES, now_ms).await,
        EvidenceKind::Tags => host::now(client, &sid, now_ms).await,
        EvidenceKind::Prevalence => host::prevalence(client, detection, now_ms).await,
        EvidenceKind::Hunt | EvidenceKind::Intelligence => {
            Ok(Piece::new(kind, EvidenceState::Failed, "This is not asked of LimaCharlie.", now_ms))
        }
    }
}

/// With where the events are, for links to them.
pub(crate) fn placed(mut piece: Piece, client: &Client, detection: &Detection) -> Piece {
    client.oid().as_str().clone_into(&mut piece.facts.oid);
    if detection.sid.parse::<Sid>().is_ok() {
        detection.sid.clone_into(&mut piece.facts.sid);
    }
    piece
}

/// A number with its noun.
pub(crate) fn count(number: usize, noun: &str) -> String {
    if number == 1 { format!("1 {noun}") } else { format!("{number} {noun}s") }
}
