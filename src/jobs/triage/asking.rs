//! What intelligence providers are asked for a run: the values of its detection first, then those of the case's others.
use crate::domain::intel::Query;
use crate::domain::{Detection, Observable, ObservableKind};
use crate::intel::leave::Border;
use crate::intel::{Intelligence, Seat};
use crate::limits;
use crate::review::sight::{VOTED, sight};
use crate::store::runs::Run;
use crate::store::votes::Stored;
use crate::store::{Actor, Change, Result, Tx, cases, detections, record};
use crate::triage::observables;
use crate::voters::Said;
use std::collections::BTreeSet;

/// A detection of the case.
pub(super) struct Source {
    /// Its id.
    pub id: i64,
    /// Its behaviour.
    pub fingerprint: String,
    hostname: String,
    observables: Vec<Observable>,
}

/// What a provider is asked, and what it is not because there is too much, one value of each with why.
pub(super) struct Questions<'a> {
    pub asked: Vec<(&'a Source, Query)>,
    pub left: Vec<(&'a Source, Query, String)>,
}

/// The detections whose values are looked up: the one that stands for the run, the newest of each behaviour of the case,
/// and the newest of all, whose values may differ within a behaviour. None where the first can't be read.
pub(super) async fn sources(tx: &mut Tx, run: &Run) -> Result<Vec<Source>> {
    let mut all = vec![detections::by_id(tx, run.detection_id).await?];
    all.extend(detections::of_each_behaviour(tx, run.case_number, limits::INTEL_DETECTIONS).await?);
    all.extend(detections::of_case(tx, run.case_number, limits::INTEL_DETECTIONS).await?);
    let mut seen = BTreeSet::new();
    all.retain(|one| seen.insert(one.id));
    let sources: Vec<Source> = all.into_iter().filter_map(source).collect();
    let stands = sources.first().is_some_and(|first| first.id == run.detection_id);
    Ok(if stands { sources } else { Vec::new() })
}

fn source(stored: detections::Stored) -> Option<Source> {
    let detection = Detection::read(&serde_json::from_str(&stored.raw).ok()?).ok()?;
    let observables = observables::of(&detection);
    Some(Source { id: stored.id, fingerprint: stored.fingerprint, hostname: detection.hostname, observables })
}

/// Lists of ours are asked about everything, because it costs nothing; others about what may leave, what tells most first.
pub(super) fn questions<'a>(all: &Intelligence, seat: &Seat, sources: &'a [Source]) -> Questions<'a> {
    let mut seen = BTreeSet::new();
    let mut each = sources.iter().map(|source| {
        let mut queries =
            if seat.provider.is_local() { plain(seat, source) } else { leaving(all, seat, source, sources) };
        queries.retain(|query| seen.insert((query.kind, query.observable.clone())));
        queries.into_iter().map(|query| (source, query)).collect::<Vec<_>>()
    });
    let mut asked = each.next().unwrap_or_default();
    let more: Vec<_> = each.flatten().collect();
    if seat.provider.is_local() {
        asked.extend(more);
        return Questions { asked, left: Vec::new() };
    }
    let mut left = Vec::new();
    left.extend(cut(&mut asked, limits::INTEL_VALUES, (limits::INTEL_VALUES, "an event")));
    let mut more = more;
    let room = limits::INTEL_CASE_VALUES - asked.len();
    left.extend(cut(&mut more, room, (limits::INTEL_CASE_VALUES, "a case")));
    asked.extend(more);
    Questions { asked, left }
}

/// Cuts a list; the first one that is left stands for the rest, with why.
fn cut<'a>(
    all: &mut Vec<(&'a Source, Query)>,
    room: usize,
    (most, of): (usize, &str),
) -> Option<(&'a Source, Query, String)> {
    let more = all.len().saturating_sub(room);
    let (source, query) = all.drain(all.len() - more..).next()?;
    Some((source, query, format!("Not asked: {more} more than the {most} values of {of} that are.")))
}

fn plain(seat: &Seat, source: &Source) -> Vec<Query> {
    let taken = source.observables.iter().filter(|one| seat.provider.takes(one.kind));
    taken.map(|one| Query::plain(one.kind, &one.value)).collect()
}

/// What may leave of a detection, as far as none of the case's hosts keeps it in.
fn leaving(all: &Intelligence, seat: &Seat, source: &Source, sources: &[Source]) -> Vec<Query> {
    let told = |one: &&Observable| seat.provider.takes(one.kind) && !is_told_better(one, &source.observables);
    let hosts: BTreeSet<&str> = sources.iter().map(|one| one.hostname.as_str()).collect();
    let passes = |one: &Observable| {
        let passed = hosts.iter().map(|hostname| Border { settings: &all.settings, hostname }.pass(one));
        passed.reduce(Option::and).flatten()
    };
    let mut queries: Vec<Query> = source.observables.iter().filter(told).filter_map(passes).collect();
    queries.sort_by_key(|query| match query.kind {
        ObservableKind::Ip => 1,
        ObservableKind::Domain => 2,
        ObservableKind::Url => 3,
        _ => 0,
    });
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

/// Tells on the timeline what came of asking. In blind review it says no more than that a vote is in, and nothing of a
/// second look, which is asked of whom the count depends on.
pub(super) async fn tell(tx: &mut Tx, (case, run): (i64, i64), vote: &Stored, said: &Said, now: i64) -> Result<()> {
    let case = cases::by_number(tx, case).await?;
    let sight = sight(&case);
    if sight.is_blind() && vote.is_beside() {
        return Ok(());
    }
    let new = match said {
        Said::Answered(answer) => answer.verdict.as_str(),
        Said::Abstained(_) => "abstained",
        Said::Failed(failure, _) => failure.as_str(),
    };
    let text = told(&vote.voter, said);
    let (text, new) = sight.told((&text, new), VOTED);
    let (org_id, case) = (case.org_id, case.number);
    let change = Change { org_id, case, kind: "vote", text, old: "", new, run: Some(run), undo: None };
    record(tx, &Actor::panel(), change, now).await?;
    Ok(())
}

/// A vote in words, for the timeline.
fn told(voter: &str, said: &Said) -> String {
    match said {
        Said::Answered(answer) => {
            format!("{voter} says {}, {:.0}%", answer.verdict.label().to_lowercase(), answer.confidence * 100.0)
        }
        Said::Abstained(_) => format!("{voter} abstains"),
        Said::Failed(failure, _) => format!("{voter} {}", failure.label()),
    }
}

/// What came of asking, in a word for what is counted.
pub(super) const fn state(said: &Said) -> &'static str {
    match said {
        Said::Answered(_) => "ok",
        Said::Abstained(_) => "abstained",
        Said::Failed(..) => "failed",
    }
}
