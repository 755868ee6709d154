//! A run that lacked intelligence is counted anew once the last answer is there: the models' votes stand, and whatever
//! code makes of the evidence, the vetoes above all, is made again in a run of its own.
use super::super::JobError;
use super::follow_up;
use crate::store::runs::Run;
use crate::store::{Actor, Change, Tx, cases, intel, record, runs};
use crate::triage::policy;

/// Counts anew the newest runs of a case that lacked nothing but intelligence, where none is lacking any more and
/// nobody has decided; also those of a behaviour about which something worse became known.
pub(in crate::jobs) async fn recount(tx: &mut Tx, number: i64, worse: Option<&str>, now: i64) -> Result<(), JobError> {
    let case = cases::by_number(tx, number).await?;
    if !case.status.is_open() {
        return Ok(());
    }
    let newest = runs::newest_of_each(tx, number).await?;
    let complete =
        !case.verdict.decided() && newest.iter().any(is_lacking) && is_complete(&intel::of_case(tx, number).await?);
    for run in newest {
        let concerned = worse == Some(&run.fingerprint) || complete && is_lacking(&run);
        if !concerned || runs::under_way(tx, number, &run.fingerprint).await? {
            continue;
        }
        let text = format!("Run {} is counted anew with what intelligence said since", run.number);
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
        follow_up(tx, &run, run.tries, now).await?;
    }
    Ok(())
}

fn is_lacking(run: &Run) -> bool {
    policy::lacks_only_intelligence(run.vetoes.0.iter().map(|veto| (veto.kind.as_str(), veto.text.as_str())))
}

/// Whether every question was answered. Of more than are read nobody can tell.
fn is_complete(answers: &[intel::Answer]) -> bool {
    answers.len() < intel::MOST && answers.iter().all(|one| one.recorded || one.is_certain())
}
