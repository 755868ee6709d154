//! Reuse: a run takes the votes of a fresh run with the same evidence in its organisation instead of asking.
//!
//! Only what models said is taken. Flags, vetoes, claims, intelligence and advice are worked out for
//! the new event as always, so a taken text that does not fit it is struck and counted accordingly; and
//! a false positive that rests on taken votes still gets a second look at its own event. A share of
//! the runs is asked all the same, drawn by a key, and compared with what would have been taken.
use super::super::{JobError, Worker, panel::Seats};
use super::claimed;
use crate::clock::now_ms;
use crate::config::Policy;
use crate::domain::{Dossier, MachineVerdict, Verdict, Vote, VoteState, Weights};
use crate::store::activity::DAY_MS;
use crate::store::reuse::{self as store, Lender};
use crate::store::runs::Run;
use crate::store::spending::{self, Event};
use crate::store::{Tx, cases, draws, votes};
use crate::triage::policy::Named;
use crate::triage::{claims, prompt, reuse, vote};
use crate::voters::{Kind, Mask, Voter};
use std::fmt::Write;
use std::sync::Arc;

/// The flag of a run that was asked to compare and came out otherwise.
pub(super) const FLAG: &str = "reuse_differs";
/// The name of the draw.
const DRAW: &str = "reuse";
const MINUTE_MS: i64 = 60_000;

/// What must be equal for votes to be taken; nothing where this event is to be asked about in any case.
pub(super) fn evidence(policy: &Policy, seats: &Seats, dossier: &Dossier) -> Option<String> {
    if models(seats).next().is_none() || is_cut(seats, dossier) {
        return None;
    }
    let mut panel = format!("{:?}", seats.rules);
    for voter in &seats.panel {
        let of_data = (voter.cloud(), voter.private());
        let _ = write!(panel, "|{:?} {} {:?} {of_data:?}", voter.name(), voter.kind().as_str(), voter.model());
    }
    reuse::evidence(dossier, &panel, &policy.veto_tags)
}

fn models(seats: &Seats) -> impl Iterator<Item = &Arc<dyn Voter>> {
    seats.panel.iter().filter(|voter| voter.kind() != Kind::Builtin)
}

/// Whether a voter would not see the whole event.
fn is_cut(seats: &Seats, dossier: &Dossier) -> bool {
    let plain = prompt::build(dossier, [0; 16], [0; 8]);
    let private = models(seats).any(|voter| voter.private());
    let private = private.then(|| prompt::private(dossier, [0; 16], [0; 8], &mut Mask::of(dossier)));
    !plain.truncated.is_empty() || private.is_some_and(|private| !private.truncated.is_empty())
}

/// Takes votes where there are any to take; returns in words where they come from.
pub(super) async fn take(
    worker: &Worker,
    tx: &mut Tx,
    run: &Run,
    seats: &Seats,
    evidence: &str,
) -> Result<Option<String>, JobError> {
    let settings = worker.panel.settings();
    let (now, fresh) = (now_ms(), i64::from(settings.reuse_minutes) * MINUTE_MS);
    if fresh == 0 {
        return Ok(None);
    }
    let org_id = cases::by_number(tx, run.case_number).await?.org_id;
    let lenders = store::lenders(tx, org_id, evidence, (now - fresh, now)).await?;
    let Some(lender) = lenders.first() else { return Ok(None) };
    // Where the same evidence came out in two ways, nobody knows which would come out now.
    let doubtful = |other: &Lender| contradicted(other) || other.machine_verdict != lender.machine_verdict;
    if lenders.iter().any(doubtful) {
        return Ok(None);
    }
    let Some(lent) = lent(tx, seats, lender, now - fresh).await? else { return Ok(None) };
    let day = (org_id, now.div_euclid(DAY_MS));
    let key = draws::key(tx, DRAW).await?;
    if reuse::drawn(key.as_bytes(), run.case_number, settings.reuse_check_share) {
        store::set_checked(tx, run.id, lender.id).await?;
        spending::count(tx, day, Event::Checked).await?;
        return Ok(None);
    }
    for vote in &lent {
        votes::carry(tx, run.id, vote, lender.number, Some(lender.id)).await?;
    }
    store::set_source(tx, run.id, lender.id).await?;
    spending::count(tx, day, Event::Reused).await?;
    Ok(Some(format!("votes reused from case #{} run {}", lender.case_number, lender.number)))
}

/// Whether an analyst found the lender's case malicious, or its verdict wrong.
fn contradicted(lender: &Lender) -> bool {
    lender.verdict == Verdict::TruePositive || lender.verdict.contradicts(lender.machine_verdict)
}

/// The votes of all models of the panel, where each gave one, lately, and is still the same model.
async fn lent(
    tx: &mut Tx,
    seats: &Seats,
    lender: &Lender,
    since_ms: i64,
) -> Result<Option<Vec<votes::Stored>>, JobError> {
    let given = votes::of_run(tx, lender.id).await?;
    let mut lent = Vec::new();
    for voter in models(seats) {
        let usable = |vote: &&votes::Stored| {
            vote.counts()
                && vote.voter == voter.name()
                && matches!(vote.state, VoteState::Ok | VoteState::Abstained)
                && vote.prompt_version == prompt::VERSION
                && vote.asked_ms.is_some_and(|asked| asked >= since_ms)
        };
        let Some(vote) = given.iter().find(usable) else { return Ok(None) };
        // A model may be exchanged under its name; its newest answer tells.
        let newest = store::newest_digest(tx, voter.name()).await?.unwrap_or_default();
        if newest != vote.digest {
            return Ok(None);
        }
        lent.push(vote.clone());
    }
    Ok(Some(lent))
}

/// What argues against a verdict that came out otherwise than with the votes that could have been taken.
pub(super) async fn differs(
    tx: &mut Tx,
    (seats, weights): (&Seats, &Weights),
    dossier: &Dossier,
    run: &Run,
    stored: &[votes::Stored],
) -> Result<Option<Named>, JobError> {
    let Some(lender) = run.checked_from else { return Ok(None) };
    let complete = stored.iter().filter(|vote| vote.counts()).all(|vote| vote.state != VoteState::Failed);
    let (asked, taken) = (
        counted((seats, weights), dossier, stored),
        counted((seats, weights), dossier, &votes::of_run(tx, lender).await?),
    );
    if !complete || asked == taken {
        return Ok(None);
    }
    let lender = crate::store::runs::by_id(tx, lender).await?;
    Ok(Some((
        FLAG,
        format!(
            "Reuse would differ. With the votes of case #{} run {} this would be {}; asked anew, the panel says {}.",
            lender.case_number,
            lender.number,
            taken.label().to_lowercase(),
            asked.label().to_lowercase()
        ),
    )))
}

/// What votes amount to for this event.
fn counted((seats, weights): (&Seats, &Weights), dossier: &Dossier, stored: &[votes::Stored]) -> MachineVerdict {
    let panel: Vec<Vote> = stored.iter().filter(|vote| vote.counts()).map(votes::Stored::vote).collect();
    let counted = claims::counted(&panel, &claimed::of(dossier, stored, true));
    vote::count(seats.rules, &counted, weights, dossier.detection.rule_severity()).verdict
}
