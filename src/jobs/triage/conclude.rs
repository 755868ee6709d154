//! Counts the votes of a run, writes its report, and brings the case up to date.
use super::super::{JobError, Worker, panel::Seats};
use super::{
    REVOTE, budget, claimed, control, dossier, gate, held, look, recount, refresh_case, reuse, revote_at, second_look,
};
use crate::clock::now_ms;
use crate::config::Policy;
use crate::domain::{Claim, Dossier, MachineVerdict, Outcome, Report, Vote, VoteState, Weights};
use crate::notify;
use crate::review::{blind, sight, sight::TRIAGED};
use crate::store::activity::DAY_MS;
use crate::store::policies::{self, Own};
use crate::store::runs::{Finished, Flag, Run, RunState};
use crate::store::{Actor, Change, Tx, cases, jobs, measured, record, runs, spending, techniques, votes};
use crate::triage::{claims, flags, injection, policy, report, vote};

/// Ends the run: one transaction for report, case, techniques, timeline and the next try.
pub(super) async fn run(
    worker: &Worker,
    job: &jobs::Job,
    run: &Run,
    (seats, weights): (&Seats, &Weights),
    evidence: (&Dossier, bool),
) -> Result<(), JobError> {
    let now = now_ms();
    let mut tx = worker.store.write().await?;
    held(&mut tx, job).await?;
    // Its case may have become part of another one meanwhile, and may not do so before this is stored.
    runs::hold(&mut tx, run.id).await?;
    let run = &runs::by_id(&mut tx, run.id).await?;
    let stored = votes::of_run(&mut tx, run.id).await?;
    let stated = claimed::of(evidence.0, &stored, true);
    // Read here and not before, so that what was changed while the voters thought counts.
    let own = policies::of_case(&mut tx, run.case_number).await?;
    let by_now = dossier::by_now(&mut tx, run, evidence.0).await?;
    let mut end = concluded((&worker.policy, &own), (seats, weights), (evidence, &by_now), &stored, &stated);
    compare(&mut tx, (seats, weights), evidence.0, (run, &stored), &mut end, now).await?;
    if !runs::finish(&mut tx, run.id, &end, now).await? {
        jobs::finish(&mut tx, job).await?;
        return Ok(tx.commit().await?);
    }
    claimed::keep(&mut tx, &stored, &stated).await?;
    keep_what_is_said(&mut tx, run, &stored, evidence.0).await?;
    control::conclude(&mut tx, &stored, now).await?;
    tell(&mut tx, run, &end, now).await?;
    ask_again(&mut tx, job, run, &stored, now).await?;
    // Declared in the very millisecond in which the run ended.
    measured::refresh(&mut tx, run.case_number).await?;
    refresh_case(&mut tx, run.case_number).await?;
    gate::judge(worker, &mut tx, (run, evidence.0), (seats, &own), now).await?;
    if run.continues.is_none() {
        // What was still to be asked may have been answered while the voters thought.
        recount(&mut tx, run.case_number, None, now).await?;
    }
    notify::triaged(&worker.notify, &mut tx, run.case_number, now).await?;
    jobs::finish(&mut tx, job).await?;
    Ok(tx.commit().await?)
}

/// Keeps claims that don't count, and adds the techniques that the panel named, to the case that the run came with
/// where that is part of another one.
async fn keep_what_is_said(
    tx: &mut Tx,
    run: &Run,
    stored: &[votes::Stored],
    dossier: &Dossier,
) -> Result<(), JobError> {
    claimed::keep(tx, stored, &claimed::of(dossier, stored, false)).await?;
    for vote in stored.iter().filter(|vote| vote.counts()) {
        for technique in vote.answer.iter().flat_map(|answer| &answer.0.mitre_techniques) {
            match run.origin_case {
                Some(part) => techniques::add_to_part(tx, run.case_number, part, technique, &vote.voter).await?,
                None => drop(techniques::add(tx, run.case_number, technique, &vote.voter).await?),
            }
        }
    }
    Ok(())
}

/// Flags and counts a run that was asked to compare and came out otherwise.
async fn compare(
    tx: &mut Tx,
    panel: (&Seats, &Weights),
    dossier: &Dossier,
    (run, stored): (&Run, &[votes::Stored]),
    end: &mut Finished,
    now: i64,
) -> Result<(), JobError> {
    let Some((kind, text)) = reuse::differs(tx, panel, dossier, run, stored).await? else { return Ok(()) };
    let org_id = cases::by_number(tx, run.case_number).await?.org_id;
    spending::count(tx, (org_id, now.div_euclid(DAY_MS)), spending::Event::Differed).await?;
    end.flags.insert(0, Flag { kind: kind.to_owned(), text });
    Ok(())
}

async fn ask_again(
    tx: &mut Tx,
    job: &jobs::Job,
    run: &Run,
    stored: &[votes::Stored],
    now: i64,
) -> Result<(), JobError> {
    if let Some(at) = again_at(tx, run, stored, now).await? {
        jobs::enqueue(tx, REVOTE, &format!("revote:{}", run.id), &job.payload, 0, at).await?;
    }
    Ok(())
}

/// When missing votes are asked for again: after a while, and where the budget was used up once it renews.
async fn again_at(tx: &mut Tx, run: &Run, stored: &[votes::Stored], now: i64) -> Result<Option<i64>, JobError> {
    // Without a second look a false positive is none, so a missing one is asked for again as well.
    let matters = |vote: &&votes::Stored| vote.counts() || vote.role == votes::MASKED;
    // The day in which there was no room; it may have ended since.
    let unasked =
        stored.iter().filter(matters).filter(|vote| vote.unasked).map(|vote| vote.answered_ms.unwrap_or(now)).max();
    if let Some(at) = unasked.map(budget::renewal) {
        spending::renews(tx, run.id, at).await?;
        return Ok(Some(at));
    }
    let failed = stored.iter().filter(matters).any(|vote| vote.state == VoteState::Failed);
    Ok(revote_at(run, now).filter(|_| failed))
}

/// `evidence` is the dossier, whether part of the event did not fit into the prompt, and the dossier by now.
fn concluded(
    (usual, own): (&Policy, &Own),
    (seats, weights): (&Seats, &Weights),
    ((dossier, truncated), by_now): ((&Dossier, bool), &Dossier),
    stored: &[votes::Stored],
    stated: &[Claim],
) -> Finished {
    let of_role =
        |role: &str| stored.iter().filter(|vote| vote.role == role).map(votes::Stored::vote).collect::<Vec<Vote>>();
    let (panel, advisers) = (of_role("panel"), of_role("adviser"));
    let counted = claims::counted(&panel, stated);
    let mut count = vote::count(seats.rules, &counted, weights, dossier.detection.rule_severity());
    let second = second_look::look(&mut count, stored);
    let mut report = report::report(&count, seats.rules.mode, &counted, dossier);
    let holds = usual.of(own);
    let mut vetoes = policy::vetoes(by_now, &count, report.severity, truncated, holds.vetoes());
    vetoes.extend(policy::claims(stated).into_iter().chain(policy::builtin(dossier, &panel)));
    let said = flags::Said { panel: &panel, advisers: &advisers, claims: stated };
    let mut flags = flags::of(dossier, &report, said, &holds.veto_tags);
    let steering = injection::of(dossier);
    if !steering.is_empty() {
        report.risk_score = report.risk_score.max(injection::RISK);
    }
    look::suspect(&steering, &mut flags, &mut vetoes);
    flags.splice(0..0, control::flag(stored));
    flags.splice(0..0, second.flag);
    vetoes.extend(second.veto);
    vetoes.extend(without_vote(seats).map(|text| ("degraded", text)));
    Finished {
        state: RunState::Done,
        machine_verdict: count.verdict,
        outcome: count.outcome,
        auto_action: count.auto_action.map(str::to_owned),
        weighing: count.weighing,
        flags: look::named(flags),
        vetoes: look::named(vetoes),
        note: [note(seats).as_str(), &under(own)].join(" ").trim().to_owned(),
        recorded: false,
        report,
    }
}

/// Models that lost their vote are told: a panel without them is not the one that was set up.
fn without_vote(seats: &Seats) -> Option<String> {
    let names = seats.suspended.join(", ");
    (!names.is_empty()).then(|| format!("Without a vote after the injection range: {names}."))
}

/// Under which policy a run was concluded, where that is not the settings file's; the ledger has what it was.
fn under(own: &Own) -> String {
    if own.is_set() { format!("The organisation's own policy held, version {}.", own.version) } else { String::new() }
}

fn note(seats: &Seats) -> String {
    let standing_in = match (seats.standing_in, seats.suspended.is_empty()) {
        (true, true) => Some("No model is set up: the built-in voters stand in.".to_owned()),
        (true, false) => Some("No model has a vote: the built-in voters stand in.".to_owned()),
        (false, _) => None,
    };
    standing_in.into_iter().chain(without_vote(seats)).collect::<Vec<_>>().join(" ")
}

/// Tells how a run ended; a case in blind review of which the panel says true positive is shown with that.
async fn tell(tx: &mut Tx, run: &Run, end: &Finished, now: i64) -> Result<(), JobError> {
    blind::show_true_positive(tx, run.case_number, now).await?;
    let text = format!(
        "Triaged as {}: {}, severity {}, stated confidence {:.1}%",
        end.machine_verdict.label().to_lowercase(),
        end.outcome.label().to_lowercase(),
        end.report.severity.label().to_lowercase(),
        end.report.confidence * 100.0
    );
    let case = cases::by_number(tx, run.case_number).await?;
    // Nothing here says in blind review what only the panel knows: the ledger and the feed have it at once.
    let (text, new) = sight(&case).told((&text, end.machine_verdict.as_str()), TRIAGED);
    let change = Change {
        org_id: case.org_id,
        case: run.case_number,
        kind: "triaged",
        text,
        old: "",
        new,
        run: Some(run.id),
        undo: None,
    };
    record(tx, &Actor::panel(), change, now).await?;
    Ok(())
}

/// What is said of a run that another one takes over.
pub(super) const TAKEN_OVER: &str =
    "The worker stopped while voters were being asked. The next run takes over the votes that were given.";

/// Ends a run that was broken off.
pub(super) async fn interrupted(tx: &mut Tx, run: &Run, note: &str, now: i64) -> Result<(), sqlx::Error> {
    let end = Finished {
        state: RunState::Interrupted,
        machine_verdict: MachineVerdict::NeedsReview,
        outcome: Outcome::Degraded,
        report: Report::unfinished(&run.mode),
        auto_action: None,
        weighing: None,
        flags: Vec::new(),
        vetoes: Vec::new(),
        note: note.to_owned(),
        recorded: false,
    };
    runs::finish(tx, run.id, &end, now).await?;
    let org_id = cases::by_number(tx, run.case_number).await?.org_id;
    let text = format!("Run {} was interrupted. {note}", run.number);
    let change = Change {
        org_id,
        case: run.case_number,
        kind: "run_interrupted",
        text: &text,
        old: "",
        new: "",
        run: Some(run.id),
        undo: None,
    };
    record(tx, &Actor::system(), change, now).await?;
    Ok(())
}
