//! Asks intelligence providers about a detection's observables before the vote; what is not answered in time is asked later.
use super::super::lookups::{self, Outcome};
use super::super::{JobError, Worker, intel as late};
use super::held;
use crate::clock::now_ms;
use crate::domain::evidence::{EvidenceKind, EvidenceState, Line, Piece};
use crate::domain::intel::{IntelState, Opinion, Query};
use crate::domain::{Detection, Observable, ObservableKind, tag};
use crate::intel::leave::Border;
use crate::intel::{Intelligence, Seat, label};
use crate::limits;
use crate::store::evidence::{self, Place};
use crate::store::runs::Run;
use crate::store::{Actor, Change, Tx, cases, detections, intel, jobs, record, runs};
use crate::triage::observables;
use tokio::time::Instant;

/// Why nothing of a case is asked.
pub(in crate::jobs) const RED: &str = "Nothing of a case that is tagged TLP:RED leaves.";

/// A question and what came of it.
type Found<'a> = (&'a Seat, Query, Outcome);

/// What providers say, as one piece of evidence; none where no provider is set up.
pub(super) async fn gather(worker: &Worker, job: &jobs::Job, run: &Run) -> Result<Option<Piece>, JobError> {
    if worker.intel.seats.is_empty() {
        return Ok(None);
    }
    let mut tx = worker.store.read().await?;
    let case = cases::by_number(&mut tx, run.case_number).await?;
    let stored = detections::by_id(&mut tx, run.detection_id).await?;
    drop(tx);
    let document = serde_json::from_str(&stored.raw).unwrap_or_default();
    let Ok(detection) = Detection::read(&document) else { return Ok(None) };
    let red = tag::reach(&case.tags.0) == 0;
    let until = Instant::now() + limits::INTEL_ASKING;
    let asked = worker.intel.seats.iter().map(|seat| of_seat(worker, seat, &detection, red, until));
    let found: Vec<Found<'_>> = futures_util::future::try_join_all(asked).await?.into_iter().flatten().collect();
    keep(worker, job, run, &found).await.map(Some)
}

/// All that one provider is asked, one question after the other.
async fn of_seat<'a>(
    worker: &Worker,
    seat: &'a Seat,
    detection: &Detection,
    red: bool,
    until: Instant,
) -> Result<Vec<Found<'a>>, sqlx::Error> {
    let mut found = Vec::new();
    let mut queries = questions(&worker.intel, seat, detection);
    // Lists of ours are asked about everything: it costs nothing.
    let most = if seat.provider.is_local() { queries.len() } else { limits::INTEL_VALUES };
    let more = queries.len().saturating_sub(most);
    let unasked = queries.drain(queries.len() - more..).next();
    for query in queries {
        let outcome = if red && !seat.provider.is_local() {
            Outcome::withheld(RED, now_ms())
        } else {
            lookups::ask(worker, seat, &query, until).await?
        };
        found.push((seat, query, outcome));
    }
    // Whoever fills an event with values must not have the ones that matter pass for asked.
    if let Some(query) = unasked {
        let why = format!("Not asked: {more} more than the {} values of an event that are.", limits::INTEL_VALUES);
        found.push((seat, query, Outcome::withheld(&why, now_ms())));
    }
    Ok(found)
}

/// What a provider is asked, more than it will be included: lists of ours about everything, others about what may leave, what tells most first.
fn questions(all: &Intelligence, seat: &Seat, detection: &Detection) -> Vec<Query> {
    let observables = observables::of(detection);
    if seat.provider.is_local() {
        let taken = observables.iter().filter(|one| seat.provider.takes(one.kind));
        return taken.map(|one| Query::plain(one.kind, &one.value)).collect();
    }
    let border = Border { settings: &all.settings, hostname: &detection.hostname };
    let told = |one: &&Observable| seat.provider.takes(one.kind) && !is_told_better(one, &observables);
    let mut queries: Vec<Query> = observables.iter().filter(told).filter_map(|one| border.pass(one)).collect();
    queries.sort_by_key(|query| match query.kind {
        ObservableKind::Ip => 1,
        ObservableKind::Domain => 2,
        ObservableKind::Url => 3,
        _ => 0,
    });
    queries.dedup();
    queries
}

/// Whether the same file is named by a stronger hash in the same place.
fn is_told_better(one: &Observable, all: &[Observable]) -> bool {
    let stronger: &[ObservableKind] = match one.kind {
        ObservableKind::Md5 => &[ObservableKind::Sha1, ObservableKind::Sha256],
        ObservableKind::Sha1 => &[ObservableKind::Sha256],
        _ => &[],
    };
    all.iter().any(|other| other.role == one.role && stronger.contains(&other.kind))
}

/// Keeps the answers while the job is still ours, and queues what has still to be asked.
async fn keep(worker: &Worker, job: &jobs::Job, run: &Run, found: &[Found<'_>]) -> Result<Piece, JobError> {
    let now = now_ms();
    let mut tx = worker.store.write().await?;
    held(&mut tx, job).await?;
    // Its case may have become part of another one meanwhile.
    let number = runs::by_id(&mut tx, run.id).await?.case_number;
    let known = intel::of_case(&mut tx, number).await?;
    let mut rows = Vec::new();
    for one in found {
        rows.extend(store(&mut tx, number, &run.fingerprint, &known, one).await?);
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
    case: i64,
    fingerprint: &str,
    known: &[intel::Answer],
    (seat, query, outcome): &Found<'_>,
) -> Result<Option<intel::Answer>, JobError> {
    let name = seat.provider.name();
    let same = |row: &&intel::Answer| {
        !row.recorded
            && row.provider == name
            && row.kind == Some(query.kind)
            && row.observable.as_deref() == Some(&query.observable)
    };
    let before = known.iter().find(same);
    if before.is_none() && seat.provider.is_local() && outcome.state == IntelState::Unknown {
        return Ok(None);
    }
    let certain = |row: &intel::Answer| matches!(row.state, IntelState::Answered | IntelState::Unknown);
    if let Some(old) = before.filter(|old| certain(old)) {
        // An older answer is better than none; its age is told.
        if !outcome.is_certain() || old.fetched_ms == outcome.at_ms {
            return Ok(Some(old.clone()));
        }
    }
    let mut row = before.filter(|old| !certain(old)).cloned().unwrap_or_else(|| intel::Answer {
        provider: name.to_owned(),
        kind: Some(query.kind),
        observable: Some(query.observable.clone()),
        value: query.value.clone(),
        ..intel::Answer::default()
    });
    fingerprint.clone_into(&mut row.fingerprint);
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
