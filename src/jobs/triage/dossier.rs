//! Gathers from the store what the voters are shown.
use super::super::{JobError, Worker};
use super::local::{local, without_case};
use crate::clock::now_ms;
use crate::domain::Detection;
use crate::domain::dossier::{Dossier, Intel, Precedents, Prevalence};
use crate::domain::evidence::Piece;
use crate::domain::intel::IntelVerdict;
use crate::store::activity::DAY_MS;
use crate::store::runs::Run;
use crate::store::{Tx, cases, detections, fingerprints, intel, precedents, runs};
use crate::triage::observables;
use std::sync::Arc;

/// For so many days an open case of its host speaks against a detection.
const HOST_DAYS: i64 = 14;

/// The evidence for a run.
pub(super) async fn gather(worker: &Worker, run: &Run, evidence: Vec<Piece>) -> Result<Arc<Dossier>, JobError> {
    let mut tx = worker.store.read().await?;
    let dossier = assemble(&mut tx, run.case_number, run).await?;
    Ok(Arc::new(Dossier { evidence, ..dossier }))
}

/// The evidence for a run of a case, read in the caller's transaction.
///
/// # Errors
/// Where the database refuses or a stored document can't be read any more.
pub(crate) async fn of_run(tx: &mut Tx, case: i64, run_id: i64) -> crate::store::Result<Dossier> {
    let run = runs::by_id(tx, run_id).await?;
    assemble(tx, case, &run).await
}

async fn assemble(tx: &mut Tx, case: i64, run: &Run) -> crate::store::Result<Dossier> {
    let stored = detections::by_id(tx, run.detection_id).await?;
    let unreadable = |error: String| sqlx::Error::Decode(format!("detection {}: {error}", stored.detect_id).into());
    if stored.raw.is_empty() {
        return Err(unreadable("its document was removed because of its age".to_owned()));
    }
    let value = serde_json::from_str(&stored.raw).map_err(|error| unreadable(error.to_string()))?;
    let detection = Detection::read(&value).map_err(|error| unreadable(error.to_string()))?;
    // Of a case with several hosts, the one that this behaviour was seen on.
    let case = cases::Case { sensor_id: stored.sensor_id, ..cases::by_number(tx, case).await? };
    let (precedents, prevalence, intel) = known(tx, &case, &run.fingerprint).await?;
    Ok(Dossier {
        observables: observables::of(&detection),
        precedents,
        prevalence,
        intel,
        evidence: Vec::new(),
        local: Some(local(tx, &case, &run.fingerprint, stored.rule_id, &detection).await?),
        detection,
    })
}

/// What the voters were shown, with what is known by now of the behaviour, its host and its observables: votes take
/// minutes, and nothing may be closed on what was true before them.
pub(super) async fn by_now(tx: &mut Tx, run: &Run, shown: &Dossier) -> crate::store::Result<Dossier> {
    let sensor_id = detections::by_id(tx, run.detection_id).await?.sensor_id;
    let case = cases::Case { sensor_id, ..cases::by_number(tx, run.case_number).await? };
    let (precedents, prevalence, intel) = known(tx, &case, &run.fingerprint).await?;
    Ok(Dossier { precedents, prevalence, intel, ..shown.clone() })
}

async fn known(
    tx: &mut Tx,
    case: &cases::Case,
    fingerprint: &str,
) -> crate::store::Result<(Precedents, Prevalence, Vec<Intel>)> {
    let seen = fingerprints::prevalence(tx, case.org_id, fingerprint, case.number, case.sensor_id).await?;
    let high_on_host = high_on_host(tx, case.sensor_id, case.number).await?;
    let precedents = without_case(precedents::of(tx, case.org_id, fingerprint).await?, case);
    Ok((precedents, Prevalence { high_on_host, ..seen }, intel_of(tx, case.number).await?))
}

/// How many other cases of a host speak against one.
pub(super) async fn high_on_host(tx: &mut Tx, sensor_id: i64, case: i64) -> crate::store::Result<i64> {
    cases::high_on_host(tx, sensor_id, case, now_ms() - HOST_DAYS * DAY_MS).await
}

/// What providers say of the values of a case.
pub(super) async fn intel_of(tx: &mut Tx, case: i64) -> crate::store::Result<Vec<Intel>> {
    Ok(intel::of_case(tx, case).await?.iter().filter(|answer| says(answer)).map(read_intel).collect())
}

/// Whether an answer tells how bad a value is. That a list of ours calls it harmless speaks for no verdict.
fn says(answer: &intel::Answer) -> bool {
    answer.opinion().is_some_and(|said| said.verdict != IntelVerdict::KnownGood)
}

/// An answer in `VirusTotal`'s shape: counts under `stats`, a score under `reputation`.
pub(crate) fn read_intel(answer: &intel::Answer) -> Intel {
    let count = |name: &str| answer.count(name);
    Intel {
        provider: answer.provider.clone(),
        observable: answer.observable.clone(),
        malicious: count("malicious"),
        suspicious: count("suspicious"),
        undetected: count("undetected"),
        harmless: count("harmless"),
        no_answer: ["timeout", "confirmed-timeout", "failure", "type-unsupported"].into_iter().map(count).sum(),
        reputation: answer.payload.0.get("reputation").and_then(serde_json::Value::as_i64),
    }
}
