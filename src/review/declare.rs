//! The declaration: a person's verdict, its reason, an optional note, and closing, in one step.
use super::settled::settled;
use super::{ReviewError, add_note, blind, fresh, gate, sight, stale, whole};
use crate::clock::now_ms;
use crate::domain::{MachineVerdict, Status, Verdict, reason};
use crate::jobs::learn;
use crate::store::cases::{self, Case, Decision};
use crate::store::{Actor, ActorKind, Change, Tx, fingerprints, precedents, record};
use crate::tuning::conflict;

/// What a person declares.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Declaration {
    /// The verdict.
    pub verdict: Verdict,
    /// The reason's code, or empty.
    pub reason: String,
    /// Free text, or empty.
    pub note: String,
    /// Whether to close the case as well.
    pub close: bool,
    /// The version of the case that the person saw.
    pub version: Option<i64>,
}

/// Who decides, and by which act over many cases where it is one.
#[derive(Debug, Clone, Copy)]
pub(super) struct By<'a> {
    /// Who.
    pub(super) actor: &'a Actor,
    /// The act's id.
    pub(super) act: Option<i64>,
}

impl<'a> By<'a> {
    /// Somebody who decides one case.
    pub(super) const fn one(actor: &'a Actor) -> Self {
        Self { actor, act: None }
    }
}

/// Declares a verdict; returns the timeline entry that can be undone, or nothing where it changes nothing.
///
/// # Errors
/// `Invalid` where a reason is missing or does not fit, `Conflict` where the page was out of date.
pub async fn declare(
    tx: &mut Tx,
    actor: &Actor,
    case: &Case,
    declaration: &Declaration,
    now_ms: i64,
) -> Result<Option<i64>, ReviewError> {
    declare_as(tx, By::one(actor), case, declaration, "", now_ms).await
}

/// The same where the timeline says more of how it was declared.
pub(super) async fn declare_as(
    tx: &mut Tx,
    by: By<'_>,
    case: &Case,
    declaration: &Declaration,
    how: &str,
    now_ms: i64,
) -> Result<Option<i64>, ReviewError> {
    let actor = by.actor;
    fresh(case, declaration.version)?;
    check(case, declaration)?;
    let to = decision(actor, case, declaration, now_ms);
    // Saying the same again confirms it against a vote that came later and dissents, and makes what a program said a
    // person's word.
    let confirms = case.dissent || case.by_program && to.by_program == Some(false);
    let unchanged = !confirms && (to.verdict, &to.reason, to.status) == (case.verdict, &case.reason, case.status);
    let id = if unchanged { None } else { Some(store(tx, by, case, (&to, how), now_ms).await?) };
    if !declaration.note.trim().is_empty() {
        add_note(tx, actor, case, &declaration.note, "general", now_ms).await?;
    }
    Ok(id)
}

fn check(case: &Case, declaration: &Declaration) -> Result<(), ReviewError> {
    let Declaration { verdict, reason: code, close, .. } = declaration;
    if *verdict == Verdict::Pending {
        return ReviewError::invalid("verdict", "Choose a verdict.");
    }
    let known = reason::of(*verdict);
    if !code.is_empty() && !known.iter().any(|(known, _)| known == code) {
        let codes = known.iter().map(|(code, _)| *code).collect::<Vec<_>>().join(", ");
        return ReviewError::invalid(
            "reason",
            format!("This reason does not fit the verdict. It must be one of {codes}."),
        );
    }
    let needed = match verdict {
        Verdict::TruePositive => Some("A true positive needs a reason."),
        verdict if verdict.contradicts(case.machine_verdict) => {
            Some("Give a reason, because you disagree with the vote.")
        }
        Verdict::Undetermined if *close => Some("Closing without a verdict needs a reason."),
        _ => None,
    };
    match needed {
        Some(text) if code.is_empty() => ReviewError::invalid("reason", text),
        _ => Ok(()),
    }
}

fn decision(actor: &Actor, case: &Case, declaration: &Declaration, now_ms: i64) -> Decision {
    let status = match (declaration.close, case.status) {
        (true, _) => Status::Closed,
        (false, Status::New) => Status::InProgress,
        (false, status) => status,
    };
    // A program that repeats what a person declared takes nothing of it away.
    let repeats = case.verdict == declaration.verdict && !case.by_program;
    Decision {
        by_program: Some(actor.kind != ActorKind::Person && !repeats),
        status,
        verdict: declaration.verdict,
        reason: declaration.reason.clone(),
        decided_by: actor.name.clone(),
        decided_ms: Some(now_ms),
        closed_ms: if status == Status::Closed { case.closed_ms.or(Some(now_ms)) } else { None },
        ..case.decision()
    }
}

async fn store(
    tx: &mut Tx,
    by: By<'_>,
    case: &Case,
    (to, how): (&Decision, &str),
    now_ms: i64,
) -> Result<i64, ReviewError> {
    apply(tx, by, case, to).await?;
    let because =
        if to.reason.is_empty() { String::new() } else { format!(" ({})", reason::label(&to.reason).to_lowercase()) };
    let closed = if to.status == Status::Closed && case.status != Status::Closed { " and closed the case" } else { "" };
    let machine = match case.machine_verdict {
        MachineVerdict::None if sight(case).is_blind() => "in blind review".to_owned(),
        MachineVerdict::None => "before any vote".to_owned(),
        machine => format!("the vote said {}", machine.label().to_lowercase()),
    };
    let awake = if case.snoozed { "; its snooze ends" } else { "" };
    let text = format!("Declared {}{because}{closed}{how}; {machine}{awake}", to.verdict.label().to_lowercase());
    let undo = serde_json::to_string(&case.decision()).unwrap_or_default();
    let change = Change {
        org_id: case.org_id,
        case: case.number,
        kind: "verdict",
        text: &text,
        old: case.verdict.as_str(),
        new: to.verdict.as_str(),
        run: None,
        undo: Some(&undo),
    };
    Ok(record(tx, by.actor, change, now_ms).await?)
}

/// Sets a decision, moves the precedents of the case's behaviours along, counts it for the gates, and flags exclusions
/// that hide a true positive.
pub(super) async fn apply(tx: &mut Tx, by: By<'_>, case: &Case, to: &Decision) -> Result<(), ReviewError> {
    whole(case)?;
    let to = settled(case, to, now_ms());
    if !cases::decide(tx, case.number, case.version, &to).await? {
        return Err(ReviewError::Conflict(stale(case)));
    }
    // Before anything counts it: what the gates were not to know yet, they learn here.
    blind::decided(tx, by.actor, case, &to, now_ms()).await?;
    shift(tx, case, &to).await?;
    // An undo makes true positives as well.
    if case.verdict != to.verdict && to.verdict == Verdict::TruePositive {
        conflict::declared_true_positive(tx, case, now_ms()).await?;
        super::tasks::declared_true_positive(tx, case, now_ms()).await?;
    }
    gate::declared(tx, by, case, &to, now_ms()).await?;
    gate::taken_back(tx, by.actor, case, &to, now_ms()).await
}

/// Moves the precedents of the case's behaviours along, and has them learnt from.
async fn shift(tx: &mut Tx, case: &Case, to: &Decision) -> Result<(), ReviewError> {
    let by_program = match to.by_program {
        Some(by_program) => by_program,
        None => cases::by_number(tx, case.number).await?.by_program,
    };
    let (from, to) = ((case.verdict, case.by_program), (to.verdict, by_program));
    if from == to {
        return Ok(());
    }
    for fingerprint in fingerprints::of_case(tx, case.number).await? {
        precedents::shift(tx, case.org_id, &fingerprint, from, to).await?;
    }
    Ok(learn::ask(tx, case.org_id, now_ms()).await?)
}
