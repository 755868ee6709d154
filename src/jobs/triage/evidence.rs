//! Gathers evidence before anybody is asked for an opinion; what can't be had is kept as a piece that says so.
use super::super::evidence::{ASKED, ask};
use super::super::{JobError, Worker};
use super::held;
use crate::clock::now_ms;
use crate::domain::Detection;
use crate::domain::evidence::{EvidenceState, Piece};
use crate::limits;
use crate::store::evidence::{self, Place};
use crate::store::runs::Run;
use crate::store::{Actor, Change, cases, detections, jobs, record, runs};

/// Why nothing could be asked where the settings are of no use; what is wrong with them is for the operator alone.
const UNUSABLE: &str = "Nothing was asked: the settings of LimaCharlie can't be used here.";

/// The pieces for a run, in the order of the questions; none where the organisation's LimaCharlie is not set up.
pub(super) async fn gather(worker: &Worker, job: &jobs::Job, run: &Run) -> Result<Vec<Piece>, JobError> {
    let now = now_ms();
    let mut tx = worker.store.read().await?;
    let case = cases::by_number(&mut tx, run.case_number).await?;
    let Some(set_up) = worker.connections.set_up(&case.org).filter(|_| !case.recorded) else { return Ok(Vec::new()) };
    let stored = detections::by_id(&mut tx, run.detection_id).await?;
    let since = now - limits::EVIDENCE_FRESH_MS;
    let mut pieces = evidence::gathered(&mut tx, case.number, &run.fingerprint, since).await?;
    drop(tx);
    pieces.retain(|piece| piece.state != EvidenceState::Failed);
    let missing: Vec<_> = ASKED.into_iter().filter(|kind| !pieces.iter().any(|piece| piece.kind == *kind)).collect();
    let document = serde_json::from_str(&stored.raw).unwrap_or_default();
    let Some(detection) = Detection::read(&document).ok().filter(|_| !missing.is_empty()) else { return Ok(pieces) };
    let new = match set_up {
        Ok(client) => ask(client, &detection, &missing, now).await,
        // It is needed all the same: nobody is to take for harmless what nobody could look at.
        Err(_) => missing.iter().map(|kind| Piece::new(*kind, EvidenceState::Failed, UNUSABLE, now)).collect(),
    };
    keep(worker, job, (run, stored.sensor_id), &new, now).await?;
    pieces.extend(new);
    pieces.sort_by_key(|piece| ASKED.iter().position(|kind| *kind == piece.kind));
    Ok(pieces)
}

/// Keeps the answers, while the job is still ours.
async fn keep(
    worker: &Worker,
    job: &jobs::Job,
    (run, sensor_id): (&Run, i64),
    pieces: &[Piece],
    now: i64,
) -> Result<(), JobError> {
    let mut tx = worker.store.write().await?;
    held(&mut tx, job).await?;
    // Its case may have become part of another one meanwhile.
    let Run { case_number: number, origin_case: origin, .. } = runs::by_id(&mut tx, run.id).await?;
    let case = cases::by_number(&mut tx, number).await?;
    let place =
        Place { org_id: case.org_id, case: number, origin, sensor_id, fingerprint: &run.fingerprint, action_id: None };
    for piece in pieces {
        evidence::insert(&mut tx, place, piece).await?;
    }
    let change = Change {
        org_id: case.org_id,
        case: number,
        kind: "evidence",
        text: &told(pieces),
        old: "",
        new: "",
        run: Some(run.id),
        undo: None,
    };
    record(&mut tx, &Actor::system(), change, now).await?;
    Ok(tx.commit().await?)
}

fn told(pieces: &[Piece]) -> String {
    let each = pieces.iter().map(|piece| format!("{} {}", piece.kind.label().to_lowercase(), piece.state.label()));
    format!("Asked LimaCharlie: {}", each.collect::<Vec<_>>().join(", "))
}
