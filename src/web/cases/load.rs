//! Everything of a case that its page shows, read in one transaction.
use super::Wanted;
use crate::clock::now_ms;
use crate::error::Result;
use crate::jobs::triage;
use crate::review::{self, sight};
use crate::store::cases::Case;
use crate::store::{
    Tx, actions, detections, evidence as gathered, exclusions, fingerprints, intel, notes, observables, policies,
    precedents, rules, sensors, tags, tasks, timeline, users,
};
use crate::web::measured;
use crate::web::view::case::{self as view, CaseData};
use crate::web::view::work::WorkData;

/// Detections that the page shows in full.
const SHOWN: i64 = 20;
/// Detections that only the tree shows, and the largest document of one, in bytes.
const IN_TREE: (i64, i64) = (180, 32 * 1024);
/// Entries of the timeline that one page shows.
pub(super) const ENTRIES: i64 = 500;

async fn work(tx: &mut Tx, case: &Case) -> Result<WorkData> {
    Ok(WorkData {
        tasks: tasks::of_case(tx, case.number).await?,
        fitting: review::fitting_templates(tx, case).await?,
        used: tags::used(tx, case.org_id).await?,
    })
}

pub(super) async fn load(tx: &mut Tx, case: Case, wanted: Wanted) -> Result<CaseData> {
    let (number, run) = (case.number, wanted.run);
    let before = match wanted.older {
        Some(id) => timeline::in_case(tx, number, id).await?.map(|entry| (entry.at_ms, entry.id)),
        None => None,
    };
    let shown = detections::of_case(tx, number, SHOWN).await?;
    let older = match shown.last().filter(|_| case.detections > SHOWN) {
        Some(last) => detections::after(tx, number, (last.event_ms, last.id), IN_TREE.1, IN_TREE.0).await?,
        None => Vec::new(),
    };
    let (runs, votes) = (sight::runs(tx, &case).await?, sight::votes(tx, &case).await?);
    Ok(CaseData {
        measured: measured::of_run(tx, case.org_id, view::shown_run(&runs, run), &votes).await?,
        own: policies::of_org(tx, case.org_id).await?,
        rule: rules::by_id(tx, case.rule_id).await?,
        sensor: sensors::by_id(tx, case.sensor_id).await?,
        detections: shown,
        older,
        runs,
        votes,
        sources: sight::sources(tx, &case).await?,
        observables: observables::of_case(tx, number).await?,
        techniques: sight::techniques(tx, &case).await?,
        intel: intel::of_case(tx, number).await?,
        actions: actions::of_case(tx, number).await?,
        attempts: actions::attempts(tx, number).await?,
        gathered: gathered::of_case(tx, number).await?,
        work: work(tx, &case).await?,
        notes: notes::of_case(tx, number).await?,
        timeline: timeline::before(tx, number, wanted.who, before.unwrap_or((i64::MAX, i64::MAX)), ENTRIES).await?,
        assignable: users::assignable(tx, case.org_id).await?,
        elsewhere: fingerprints::elsewhere(tx, case.org_id, &case.fingerprint, case.sensor_id).await?,
        hidden_by: exclusions::conflicts_of(tx, 0, number, now_ms()).await?,
        // On the heap: every form that answers with the page would carry it.
        local: Box::pin(triage::local_now(tx, &case)).await?,
        precedents: precedents::of(tx, case.org_id, &case.fingerprint).await?,
        prevalence: fingerprints::prevalence(tx, case.org_id, &case.fingerprint, number, case.sensor_id).await?,
        case,
    })
}
