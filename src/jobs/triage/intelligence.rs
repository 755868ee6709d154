//! Asks intelligence providers about a detection's observables before the vote; what is not answered in time is asked later.
use super::super::lookups::{self, Outcome};
use super::super::{JobError, Worker, intel as late};
use super::asking::{self, Questions, Source};
use super::held;
use crate::clock::now_ms;
use crate::domain::evidence::{EvidenceKind, EvidenceState, Line, Piece};
use crate::domain::intel::{IntelState, Opinion, Query};
use crate::domain::{ObservableKind, tag};
use crate::intel::{Intelligence, Seat, label};
use crate::limits;
use crate::store::evidence::{self, Place};
use crate::store::runs::Run;
use crate::store::{Actor, Change, Tx, cases, detections, intel, jobs, record, runs};
use std::collections::{BTreeMap, BTreeSet};
use tokio::time::Instant;

/// Why nothing of a case is asked.
pub(in crate::jobs) const RED: &str = "Nothing of a case that is tagged TLP:RED leaves.";

/// A question, the detection that holds the value, and what came of it.
struct Found<'a> {
    seat: &'a Seat,
    source: &'a Source,
    query: Query,
    outcome: Outcome,
}

/// What providers say, as one piece of evidence; none where no provider is set up.
pub(super) async fn gather(worker: &Worker, job: &jobs::Job, run: &Run) -> Result<Option<Piece>, JobError> {
    if worker.intel.seats.is_empty() {
        return Ok(None);
    }
    let mut tx = worker.store.read().await?;
    let case = cases::by_number(&mut tx, run.case_number).await?;
    let sources = asking::sources(&mut tx, run).await?;
    drop(tx);
    if sources.is_empty() {
        return Ok(None);
    }
    let red = tag::reach(&case.tags.0) == 0;
    let until = Instant::now() + limits::INTEL_ASKING;
    let asked = worker.intel.seats.iter().map(|seat| of_seat(worker, seat, &sources, red, until));
    let found: Vec<Found<'_>> = futures_util::future::try_join_all(asked).await?.into_iter().flatten().collect();
    keep(worker, job, run, &found).await.map(Some)
}

/// All that one provider is asked, one question after the other.
async fn of_seat<'a>(
    worker: &Worker,
    seat: &'a Seat,
    sources: &'a [Source],
    red: bool,
    until: Instant,
) -> Result<Vec<Found<'a>>, sqlx::Error> {
    let mut found = Vec::new();
    let Questions { asked, left } = asking::questions(&worker.intel, seat, sources);
    for (source, query) in asked {
        let outcome = if red && !seat.provider.is_local() {
            Outcome::withheld(RED, now_ms())
        } else {
            lookups::ask(worker, seat, &query, until).await?
        };
        found.push(Found { seat, source, query, outcome });
    }
    // Whoever fills an event with values must not have the ones that matter pass for asked.
    for (source, query, why) in left {
        found.push(Found { seat, source, query, outcome: Outcome::withheld(&why, now_ms()) });
    }
    Ok(found)
}

/// Keeps the answers while the job is still ours, and queues what has still to be asked.
async fn keep(worker: &Worker, job: &jobs::Job, run: &Run, found: &[Found<'_>]) -> Result<Piece, JobError> {
    let now = now_ms();
    let mut tx = worker.store.write().await?;
    held(&mut tx, job).await?;
    // Its case may have become part of another one meanwhile, and each detection may have left for another one.
    let number = runs::by_id(&mut tx, run.id).await?.case_number;
    let ids: BTreeSet<i64> = found.iter().map(|one| one.source.id).collect();
    let places = detections::places(&mut tx, &ids.into_iter().collect::<Vec<_>>()).await?;
    let mut known = BTreeMap::new();
    for (_, case, _) in &places {
        if !known.contains_key(case) {
            known.insert(*case, intel::held(&mut tx, *case).await?);
        }
    }
    let mut rows = Vec::new();
    for one in found {
        let Some((_, case, origin)) = places.iter().find(|(id, ..)| *id == one.source.id) else { continue };
        let known = known.get(case).map(Vec::as_slice).unwrap_or_default();
        rows.extend(store(&mut tx, (*case, *origin), known, one).await?);
    }
    late::queue(&mut tx).await?;
    let piece = piece(&worker.intel, &rows, now);
    let since = now - limits::EVIDENCE_FRESH_MS;
    let same = |old: &Piece| {
        old.kind == piece.kind && (&old.text, old.state, &old.lines) == (&piece.text, piece.state, &piece.lines)
    };
    if !evidence::gathered(&mut tx, number, &run.fingerprint, since).await?.iter().any(same) {
        tell(&mut tx, run, number, &piece, now).await?;
    }
    tx.commit().await?;
    Ok(piece)
}

/// Stores one answer and gives the row as it stands then; nothing for a list of ours that does not hold the value.
async fn store(
    tx: &mut Tx,
    (case, origin): (i64, Option<i64>),
    known: &[intel::Answer],
    Found { seat, source, query, outcome }: &Found<'_>,
) -> Result<Option<intel::Answer>, JobError> {
    let name = seat.provider.name();
    let same = |row: &&intel::Answer| {
        !row.recorded
            && (row.origin_case, row.provider.as_str()) == (origin, name)
            && row.kind == Some(query.kind)
            && row.observable.as_deref() == Some(&query.observable)
    };
    let before = known.iter().find(same);
    if before.is_none() && seat.provider.is_local() && outcome.state == IntelState::Unknown {
        return Ok(None);
    }
    if let Some(old) = before.filter(|old| old.is_certain()) {
        // An older answer is better than none; its age is told.
        if !outcome.is_certain() || old.fetched_ms == outcome.at_ms {
            return Ok(Some(old.clone()));
        }
    }
    let mut row = before.filter(|old| !old.is_certain()).cloned().unwrap_or_else(|| intel::Answer {
        provider: name.to_owned(),
        kind: Some(query.kind),
        observable: Some(query.observable.clone()),
        value: query.value.clone(),
        origin_case: origin,
        ..intel::Answer::default()
    });
    source.fingerprint.clone_into(&mut row.fingerprint);
    outcome.write(&mut row);
    match row.id {
        0 => row.id = intel::insert(tx, case, &row).await?,
        _ => drop(intel::update(tx, &row).await?),
    }
    Ok(Some(row))
}

async fn tell(tx: &mut Tx, run: &Run, number: i64, piece: &Piece, now: i64) -> Result<(), JobError> {
    let case = cases::by_number(tx, number).await?;
    let place = Place {
        org_id: case.org_id,
        case: number,
        origin: runs::by_id(tx, run.id).await?.origin_case,
        sensor_id: case.sensor_id,
        fingerprint: &run.fingerprint,
        action_id: None,
    };
    evidence::insert(tx, place, piece).await?;
    let text = format!("Asked intelligence: {}", piece.text);
    let change = Change {
        org_id: case.org_id,
        case: number,
        kind: "evidence",
        text: &text,
        old: "",
        new: "",
        run: Some(run.id),
        undo: None,
    };
    record(tx, &Actor::system(), change, now).await?;
    Ok(())
}

/// All answers as one piece: how many there are of each state, and a line for each question.
fn piece(all: &Intelligence, rows: &[intel::Answer], now: i64) -> Piece {
    let count = |state: IntelState| rows.iter().filter(|row| row.state == state).count();
    let certain = count(IntelState::Answered) + count(IntelState::Unknown);
    let state = match (rows.len(), certain) {
        (0, _) => EvidenceState::Empty,
        (all, certain) if all == certain && count(IntelState::Answered) > 0 => EvidenceState::Ok,
        (all, certain) if all == certain => EvidenceState::Empty,
        (_, 0) if count(IntelState::Failed) > 0 => EvidenceState::Failed,
        _ => EvidenceState::Inconclusive,
    };
    let parts = IntelState::ALL.iter().map(|state| (count(*state), state.label()));
    let parts: Vec<_> = parts.filter(|(count, _)| *count > 0).map(|(count, word)| format!("{count} {word}")).collect();
    let text = if rows.is_empty() {
        "Nothing in the event may be asked about.".to_owned()
    } else {
        format!("{}: {}.", super::super::evidence::count(rows.len(), "question"), parts.join(", "))
    };
    let lines: Vec<Line> = rows.iter().map(line).collect();
    let mut piece = Piece::new(EvidenceKind::Intelligence, state, text, now).with(lines, rows.len());
    let labels: Vec<_> = all.seats.iter().map(|seat| seat.provider.label()).collect();
    piece.source = labels.join(", ");
    piece
}

/// One question in our words; nothing in it comes from a provider.
fn line(row: &intel::Answer) -> Line {
    let said: Option<Opinion> = serde_json::from_value(row.payload.0.clone()).ok();
    let word = match (row.state, said) {
        (IntelState::Answered, Some(said)) => said.verdict.label(),
        (state, _) => state.label(),
    };
    let text = format!("{}: {}: {word}", row.observable.as_deref().unwrap_or_default(), label(&row.provider));
    let kind = row.kind.map_or("", ObservableKind::label);
    Line { event_type: kind.to_owned(), text, ..Line::default() }
}
