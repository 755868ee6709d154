//! Everything of a case that its page shows, read in one transaction.
use crate::clock::now_ms;
use crate::error::Result;
use crate::store::cases::Case;
use crate::store::{
    Tx, actions, detections, evidence as gathered, exclusions, fingerprints, intel, notes, observables, precedents,
    reuse, rules, runs, sensors, techniques, timeline, users, votes,
};
use crate::web::measured;
use crate::web::view::case::{self as view, CaseData};

pub(super) async fn load(tx: &mut Tx, case: Case, run: Option<i64>) -> Result<CaseData> {
    let number = case.number;
    let (runs, votes) = (runs::of_case(tx, number).await?, votes::of_case(tx, number).await?);
    Ok(CaseData {
        measured: measured::of_run(tx, case.org_id, view::shown_run(&runs, run), &votes).await?,
        rule: rules::by_id(tx, case.rule_id).await?,
        sensor: sensors::by_id(tx, case.sensor_id).await?,
        detections: detections::of_case(tx, number, 20).await?,
        runs,
        votes,
        sources: reuse::sources(tx, number).await?,
        observables: observables::of_case(tx, number).await?,
        techniques: techniques::of_case(tx, number).await?,
        intel: intel::of_case(tx, number).await?,
        actions: actions::of_case(tx, number).await?,
        attempts: actions::attempts(tx, number).await?,
        gathered: gathered::of_case(tx, number).await?,
        notes: notes::of_case(tx, number).await?,
        timeline: timeline::of_case(tx, number, 500).await?,
        assignable: users::assignable(tx, case.org_id).await?,
        elsewhere: fingerprints::elsewhere(tx, case.org_id, &case.fingerprint, case.sensor_id).await?,
        hidden_by: exclusions::conflicts_of(tx, 0, number, now_ms()).await?,
        precedents: precedents::of(tx, case.org_id, &case.fingerprint).await?,
        prevalence: fingerprints::prevalence(tx, case.org_id, &case.fingerprint, number, case.sensor_id).await?,
        case,
    })
}
