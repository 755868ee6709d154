//! What of observables, processes and techniques goes with detections that leave a case, and what stays with the rest.
use super::super::ReviewError;
use super::opening::detection;
use crate::domain::ObservableKind;
use crate::ingest::processes;
use crate::limits;
use crate::store::cases::Case;
use crate::store::runs::Run;
use crate::store::splits::{self, Piece};
use crate::store::{Tx, atoms, observables, runs, techniques, votes};
use crate::triage::observables as extract;
use std::collections::{BTreeMap, BTreeSet};

/// Detections of the rest that are read at once.
const PAGE: i64 = 200;

/// What stands in detections.
#[derive(Default)]
pub(super) struct Read {
    /// Type and value, with where it was first.
    observables: BTreeMap<(ObservableKind, String), String>,
    /// Sensor, process, time.
    atoms: BTreeSet<(i64, String, i64)>,
    techniques: BTreeSet<String>,
    /// From the earliest to the latest event.
    span: Option<(i64, i64)>,
}

/// Reads detections as ingest did.
pub(super) fn read(pieces: &[Piece]) -> Read {
    let mut found = Read::default();
    for piece in pieces {
        let Some(read) = detection(&piece.raw) else { continue };
        for observable in extract::of(&read) {
            found.observables.entry((observable.kind, observable.value)).or_insert(observable.role);
        }
        found.atoms.extend(processes(&read).into_iter().map(|atom| (piece.sensor_id, atom.to_owned(), piece.event_ms)));
        found.techniques.extend(read.techniques());
        let (first, last) = found.span.unwrap_or((piece.event_ms, piece.event_ms));
        found.span = Some((first.min(piece.event_ms), last.max(piece.event_ms)));
    }
    found
}

/// Gives the new case what stands in its detections.
pub(super) async fn give(tx: &mut Tx, case: &Case, number: i64, read: &Read) -> Result<(), ReviewError> {
    let (first, last) = read.span.unwrap_or((case.first_event_ms, case.first_event_ms));
    let links = ids(tx, case, read, (first, last)).await?;
    let rows: Vec<_> = links.iter().map(|(id, _, role)| (number, *id, role.as_str())).collect();
    observables::link(tx, &rows).await?;
    for (sensor_id, atom, event_ms) in &read.atoms {
        atoms::add(tx, *sensor_id, &[atom], number, *event_ms).await?;
    }
    let named: Vec<_> = read.techniques.iter().map(|technique| (number, technique.as_str())).collect();
    techniques::add_all(tx, &named).await?;
    Ok(())
}

type Known = (i64, (ObservableKind, String), String);

/// The ids of observables, which are all known.
async fn ids(tx: &mut Tx, case: &Case, read: &Read, (first, last): (i64, i64)) -> Result<Vec<Known>, ReviewError> {
    let rows: Vec<observables::Seen<'_>> =
        read.observables.keys().map(|(kind, value)| (case.org_id, *kind, value.as_str(), first, last)).collect();
    let found = observables::upsert(tx, &rows).await?.into_iter();
    let known = found.map(|(id, _, kind, value)| {
        let role = read.observables.get(&(kind, value.clone())).cloned().unwrap_or_default();
        (id, (kind, value), role)
    });
    Ok(known.collect())
}

/// Takes from the case what stood in the detections that left and in none that is left.
pub(super) async fn keep_rest(tx: &mut Tx, case: &Case, gone: &Read) -> Result<(), ReviewError> {
    let rest = rest(tx, case, gone).await?;
    let span = gone.span.unwrap_or((case.first_event_ms, case.first_event_ms));
    for (id, key, _) in ids(tx, case, gone, span).await? {
        match rest.observables.get(&key) {
            Some(role) => splits::set_role(tx, case.number, id, role).await?,
            None => splits::drop_observable(tx, case.number, id).await?,
        };
    }
    for (sensor_id, atom, event_ms) in gone.atoms.difference(&rest.atoms) {
        splits::drop_atom(tx, case.number, (*sensor_id, atom, *event_ms)).await?;
    }
    for technique in gone.techniques.difference(&rest.techniques) {
        splits::drop_technique(tx, case.number, technique, "rule").await?;
    }
    Ok(())
}

/// What of that still stands in the rest. Where a document of the rest is gone, or the case is too large to be read again,
/// everything is taken to be there.
async fn rest(tx: &mut Tx, case: &Case, gone: &Read) -> Result<Read, ReviewError> {
    let mut found = Read::default();
    let (mut after, mut seen) = (0, 0);
    while seen < limits::SPLIT_READ {
        let page = splits::own(tx, case.number, after, PAGE).await?;
        let Some(last) = page.last() else { return Ok(found) };
        if page.iter().any(|piece| piece.raw.is_empty()) {
            break;
        }
        after = last.id;
        seen += PAGE;
        let more = read(&page);
        for (key, role) in more.observables.into_iter().filter(|(key, _)| gone.observables.contains_key(key)) {
            found.observables.entry(key).or_insert(role);
        }
        found.atoms.extend(more.atoms.intersection(&gone.atoms).cloned());
        found.techniques.extend(more.techniques.intersection(&gone.techniques).cloned());
    }
    Ok(Read {
        observables: gone.observables.clone(),
        atoms: gone.atoms.clone(),
        techniques: gone.techniques.clone(),
        ..found
    })
}

/// Moves the techniques that only runs named which went to the new case.
pub(super) async fn techniques_of(tx: &mut Tx, case: &Case, number: i64, moved: &[Run]) -> Result<(), ReviewError> {
    if moved.is_empty() {
        return Ok(());
    }
    let stayed = runs::of_case(tx, case.number).await?;
    let (gone, rest) = (named(tx, moved).await?, named(tx, &stayed).await?);
    for (technique, voter) in &gone {
        techniques::add(tx, number, technique, voter).await?;
        if !rest.contains(&(technique.clone(), voter.clone())) {
            splits::drop_technique(tx, case.number, technique, voter).await?;
        }
    }
    Ok(())
}

/// The techniques that voters named in runs.
async fn named(tx: &mut Tx, runs: &[Run]) -> Result<BTreeSet<(String, String)>, ReviewError> {
    let mut all = BTreeSet::new();
    for run in runs {
        for vote in votes::of_run(tx, run.id).await?.into_iter().filter(votes::Stored::counts) {
            let named = vote.answer.into_iter().flat_map(|answer| answer.0.mitre_techniques);
            all.extend(named.map(|technique| (technique, vote.voter.clone())));
        }
    }
    Ok(all)
}
