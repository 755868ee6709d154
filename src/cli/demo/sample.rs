//! The demo's data: real recorded detections, and case #459 with a triage that was recorded elsewhere.
use super::super::{CliError, failed};
use crate::clock::now_ms;
use crate::domain::action::{ActionKind, ActionState};
use crate::ingest::reading::document;
use crate::ingest::recorded::{self, Recorded};
use crate::ingest::{Accepted, Delivery, Gathered, accept};
use crate::store::notes::Note;
use crate::store::{Actor, ActorKind, Change, Store, Tx, actions, cases, notes, orgs, record};
use serde::Deserialize;
use serde_json::value::RawValue;

const DETECTION: &str = include_str!("../../../tests/fixtures/seed/detection.json");
const TRIAGE: &str = include_str!("../../../tests/fixtures/seed/triage.json");
const INTEL: &str = include_str!("../../../tests/fixtures/seed/intel.json");
const HISTORY: &str = include_str!("../../../tests/fixtures/seed/history.json");
const OTHERS: &str = include_str!("../../../tests/fixtures/demo/detections.jsonl");
/// When the recorded case was opened.
const RECEIVED_MS: i64 = 1_774_239_392_000;
/// So many detections are triaged at once; the rest follow one by one, so that one can watch.
const AT_ONCE: i64 = 10;
const PACE_MS: i64 = 400;

#[derive(Deserialize)]
struct Line<'a> {
    #[serde(borrow)]
    detection: &'a RawValue,
}

#[derive(Deserialize)]
struct History {
    notes: Vec<NoteLine>,
    actions: Vec<ActionLine>,
    timeline: Vec<TimelineLine>,
}

#[derive(Deserialize)]
struct NoteLine {
    at: jiff::Timestamp,
    author: String,
    kind: String,
    body: String,
}

#[derive(Deserialize)]
struct ActionLine {
    at: jiff::Timestamp,
    kind: ActionKind,
    target: String,
    state: ActionState,
    result: String,
    asked_for: String,
}

#[derive(Deserialize)]
struct TimelineLine {
    at: jiff::Timestamp,
    actor_kind: ActorKind,
    actor: String,
    kind: String,
    text: String,
}

/// Fills the demo's organisation unless it is filled; returns a new token.
pub(super) async fn fill(store: &Store) -> Result<String, CliError> {
    let mut tx = store.write().await?;
    let Some(org) = orgs::by_slug(&mut tx, "demo").await? else { return failed("the demo's organisation is missing") };
    let token = super::token(&mut tx).await?;
    if cases::visible(&mut tx, crate::store::Scope::org(org.id), 459).await?.is_none() {
        recorded_case(&mut tx, org.id).await?;
        others(&mut tx, org.id).await?;
    }
    tx.commit().await?;
    Ok(token)
}

fn sample<T>(read: serde_json::Result<T>) -> Result<T, CliError> {
    read.map_err(|error| CliError::Failed(format!("the demo's data: {error}")))
}

async fn recorded_case(tx: &mut Tx, org_id: i64) -> Result<(), CliError> {
    let Ok(seed) = document(DETECTION) else { return failed("the demo's recorded detection can't be read") };
    let delivery = Delivery {
        org_id,
        source: "pull (recorded)",
        raw: &seed.raw,
        detection: &seed.detection,
        received_ms: RECEIVED_MS,
        number: Some(459),
        triage_at_ms: None,
    };
    let mut gathered = Gathered::default();
    let accepted = accept(tx, &mut gathered, delivery).await?;
    gathered.write(tx).await?;
    if let Accepted::New { case, id } = accepted {
        let recorded = Recorded {
            triage: Some(sample(serde_json::from_str(TRIAGE))?),
            intel: Some(sample(serde_json::from_str(INTEL))?),
            verdict: None,
        };
        let fingerprint = crate::triage::fingerprint::of(&seed.detection);
        recorded::attach(tx, case, id, &fingerprint, &recorded, RECEIVED_MS).await?;
        history(tx, org_id, case, sample(serde_json::from_str(HISTORY))?).await?;
    }
    Ok(())
}

/// What the recorded page shows of notes, actions and timeline, oldest first.
async fn history(tx: &mut Tx, org_id: i64, case: i64, mut history: History) -> Result<(), CliError> {
    history.notes.sort_by_key(|note| note.at);
    for line in history.notes {
        let note = Note::new((ActorKind::Panel, &line.author), &line.kind, line.body, line.at.as_millisecond());
        notes::insert(tx, case, &note).await?;
    }
    history.actions.sort_by_key(|action| action.at);
    for line in history.actions {
        let at = line.at.as_millisecond();
        let action = actions::Recorded {
            kind: line.kind,
            target: line.target,
            state: line.state,
            result: line.result,
            asked_for: line.asked_for,
            asked_by: "FusionSOC".to_owned(),
            at_ms: at,
        };
        actions::insert_recorded(tx, case, &action).await?;
    }
    history.timeline.sort_by_key(|entry| entry.at);
    // Opening, triage and status are told by this installation's own entries.
    for line in
        history.timeline.into_iter().filter(|line| !matches!(line.kind.as_str(), "case_opened" | "triaged" | "status"))
    {
        let actor = Actor { kind: line.actor_kind, name: line.actor, ..Actor::system() };
        let change =
            Change { org_id, case, kind: &line.kind, text: &line.text, old: "", new: "", run: None, undo: None };
        record(tx, &actor, change, line.at.as_millisecond()).await?;
    }
    Ok(())
}

/// The other detections arrive now, over the last hours, and are triaged live.
async fn others(tx: &mut Tx, org_id: i64) -> Result<(), CliError> {
    let now = now_ms();
    let mut gathered = Gathered::default();
    let count = i64::try_from(OTHERS.lines().count()).unwrap_or_default();
    for (at, line) in (0_i64..).zip(OTHERS.lines()) {
        let raw = sample(serde_json::from_str::<Line<'_>>(line))?.detection.get();
        let Ok(other) = document(raw) else { return failed(format!("the demo's detection {} can't be read", at + 1)) };
        let delivery = Delivery {
            org_id,
            source: "webhook:demo",
            raw: &other.raw,
            detection: &other.detection,
            // The last one came a minute ago, the first one some hours before.
            received_ms: now - (count - at) * 6 * 60_000,
            number: None,
            triage_at_ms: Some(now + (at - AT_ONCE).max(0) * PACE_MS),
        };
        accept(tx, &mut gathered, delivery).await?;
    }
    Ok(gathered.write(tx).await?)
}
