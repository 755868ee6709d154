//! The second look: before a false positive stands, one model is asked again about the event
//! without the words that somebody else may have written.
//!
//! It is a vote of the run like others, asked once under the same lease, but it stands beside the
//! count. Built-in voters don't read words, so they are not asked again.
use super::super::{JobError, Worker, panel::Seats};
use super::ask::{One, Private};
use super::held;
use crate::domain::{Dossier, MachineVerdict, Outcome, Vote, VoteState, Weights};
use crate::review::sight;
use crate::store::runs::Run;
use crate::store::votes::{self, MASKED, Stored};
use crate::store::{cases, jobs};
use crate::triage::policy::Named;
use crate::triage::prompt;
use crate::triage::vote::{self, Count};
use crate::voters::{Kind, Question, Voter};
use std::sync::Arc;

/// Flag and veto of a look that saw something else.
pub(super) const FLAG: &str = "masked_look";
/// Veto of a look that gave no answer.
pub(super) const FAILED: &str = "masked_look_failed";
/// What follows the voter's name: a voter has one vote of a name in a run.
const SUFFIX: &str = ", second look";

/// Asks for a second look where the votes amount to a false positive and a model is among them.
pub(super) async fn ask(
    worker: &Worker,
    job: &jobs::Job,
    run: &Run,
    (seats, weights): (&Seats, &Weights),
    dossier: Arc<Dossier>,
) -> Result<(), JobError> {
    let mut tx = worker.store.write().await?;
    held(&mut tx, job).await?;
    let stored = votes::of_run(&mut tx, run.id).await?;
    let is_blind = sight(&cases::by_number(&mut tx, run.case_number).await?).is_blind();
    let Some(voter) = who((seats, weights), &stored, &dossier, is_blind) else { return Ok(()) };
    if !stored.iter().any(|vote| vote.role == MASKED) {
        let name = format!("{}{SUFFIX}", voter.name());
        let position = i64::try_from(stored.len()).unwrap_or(i64::MAX);
        let (kind, model) = (voter.kind().as_str(), voter.model());
        let seat = votes::Seat { run_id: run.id, position, voter: &name, role: MASKED, kind, model };
        votes::reserve(&mut tx, seat).await?;
    }
    let seat = votes::of_run(&mut tx, run.id).await?.into_iter().find(|vote| vote.role == MASKED);
    tx.commit().await?;
    let Some(seat) = seat.filter(|seat| seat.state == VoteState::Pending) else { return Ok(()) };
    let private = voter.private().then(|| Arc::new(Private::again(&dossier)));
    let prompt = Arc::new(prompt::masked(&dossier, rand::random(), rand::random(), None));
    let one = One::new(worker, job, run, Question { dossier, prompt, learnt: None }).await?;
    let one = private.map(|private| one.hiding(private)).unwrap_or(one);
    one.ask(Some(voter), &seat).await
}

/// The first model of the panel that voted, where the count is a false positive. In blind review it is asked unless
/// the count is a true positive, which is shown: who sees a model asked again would know what the others said.
fn who(
    (seats, weights): (&Seats, &Weights),
    stored: &[Stored],
    dossier: &Dossier,
    is_blind: bool,
) -> Option<Arc<dyn Voter>> {
    let panel: Vec<&Stored> = stored.iter().filter(|vote| vote.counts()).collect();
    let given: Vec<Vote> = panel.iter().map(|vote| vote.vote()).collect();
    let count = vote::count(seats.rules, &given, weights, dossier.detection.rule_severity());
    let as_well = is_blind && count.verdict != MachineVerdict::TruePositive;
    if count.verdict != MachineVerdict::FalsePositive && !as_well {
        return None;
    }
    let voted = panel.iter().filter(|vote| vote.state == VoteState::Ok);
    let seated = voted.filter_map(|vote| seats.panel.iter().find(|voter| voter.name() == vote.voter));
    seated.into_iter().find(|voter| voter.kind() != Kind::Builtin).cloned()
}

/// The voter behind the name of a vote, which may be its second look or a control.
pub(super) fn voter_of(name: &str) -> &str {
    let name = name.strip_suffix(SUFFIX).unwrap_or(name);
    name.strip_suffix(super::control::SUFFIX).unwrap_or(name)
}

/// What a second look adds to a run.
#[derive(Debug, Default)]
pub(super) struct Second {
    /// What argues against the verdict.
    pub flag: Option<Named>,
    /// What keeps the machine from acting.
    pub veto: Option<Named>,
}

/// Takes the second look into account: a false positive that stands only with the event's words is none.
pub(super) fn look(count: &mut Count, stored: &[Stored]) -> Second {
    let asked = stored.iter().find(|vote| vote.role == MASKED);
    let Some(asked) = asked.filter(|_| count.verdict == MachineVerdict::FalsePositive) else {
        return Second::default();
    };
    looked(count, &asked.voter, asked.vote().verdict())
}

/// What a second look of this name, where it gave an answer, makes of a false positive.
pub(super) fn looked(count: &mut Count, name: &str, said: Option<MachineVerdict>) -> Second {
    let voter = voter_of(name);
    match said {
        Some(MachineVerdict::FalsePositive) => Second::default(),
        Some(verdict) => {
            count.verdict = MachineVerdict::NeedsReview;
            count.outcome = Outcome::Split;
            count.auto_action = None;
            let said =
                format!("Asked again without the attacker's words, {voter} says {}.", verdict.label().to_lowercase());
            Second { flag: Some((FLAG, format!("Second look. {said}"))), veto: Some((FLAG, said)) }
        }
        None => Second {
            flag: None,
            veto: Some((FAILED, format!("The second look failed: {voter} gave no answer to it."))),
        },
    }
}
