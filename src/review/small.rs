//! The small steps: status, note, assignee, severity, another run.
use super::declare::{By, apply};
use super::snooze::is_person;
use super::{ReviewError, first_line, fresh, whole};
use crate::domain::{Severity, Status, Verdict, reason as reasons};
use crate::jobs::triage::{self, Ask};
use crate::store::cases::{self, Case, Decision};
use crate::store::notes::{self, Note};
use crate::store::{Actor, ActorKind, Change, Tx, detections, record, reminders, runs, users};

/// What a note may be for.
pub const NOTE_KINDS: &[(&str, &str)] = &[
    ("general", "General"),
    ("analysis", "Analysis"),
    ("remediation", "Remediation"),
    ("recommendation", "Recommendation"),
    ("escalation", "Escalation"),
    ("handoff", "Handoff"),
];
/// The longest note in bytes.
const LONGEST_NOTE: usize = 64 * 1024;

/// Adds a note.
///
/// # Errors
/// `Invalid` where it is empty, too long or of an unknown kind.
pub async fn add_note(
    tx: &mut Tx,
    actor: &Actor,
    case: &Case,
    body: &str,
    kind: &str,
    now_ms: i64,
) -> Result<i64, ReviewError> {
    whole(case)?;
    let (body, kind) = note_fields(body, kind)?;
    let note = Note::new((actor.kind, &actor.name), kind, body, now_ms);
    let id = notes::insert(tx, case.number, &note).await?;
    let text = format!("Note: {}", first_line(&note.body, 120));
    step(tx, actor, case, "note", &text, ("", &format!("note:{id}")), now_ms).await?;
    Ok(id)
}

/// A note's text and kind as they are stored.
pub(super) fn note_fields(body: &str, kind: &str) -> Result<(String, &'static str), ReviewError> {
    if body.trim().is_empty() {
        return ReviewError::invalid("body", "Write something first.");
    }
    if body.len() > LONGEST_NOTE {
        return ReviewError::invalid("body", "A note holds at most 64 KiB.");
    }
    let kind = if kind.is_empty() { "general" } else { kind };
    let Some((kind, _)) = NOTE_KINDS.iter().find(|(known, _)| *known == kind) else {
        return ReviewError::invalid("kind", "This kind of note does not exist.");
    };
    Ok((body.trim_end().replace('\0', "\u{FFFD}"), kind))
}

/// Moves a case. Reopening takes the verdict back, because the question is open again.
///
/// # Errors
/// `Invalid` where the step is not allowed or a reason is missing, `Conflict` where the page was out of date.
pub async fn set_status(
    tx: &mut Tx,
    actor: &Actor,
    case: &Case,
    to: Status,
    reason: &str,
    version: Option<i64>,
    now_ms: i64,
) -> Result<(), ReviewError> {
    whole(case)?;
    if to == case.status {
        return Ok(());
    }
    fresh(case, version)?;
    check_step(case, to, reason.trim())?;
    let reopening = case.status == Status::Closed;
    let decision = moved(case, to, reason.trim(), now_ms);
    apply(tx, By::one(actor), case, &decision).await?;
    let said = reasons::label(reason.trim()).chars().take(500).collect::<String>();
    let because = if said.is_empty() { said } else { format!(": {said}") };
    let verb = if reopening { "Reopened" } else { "Status" };
    let change = Change {
        org_id: case.org_id,
        case: case.number,
        kind: "status",
        text: &format!("{verb}: {} → {}{because}", case.status.label().to_lowercase(), to.label().to_lowercase()),
        old: case.status.as_str(),
        new: to.as_str(),
        run: None,
        undo: Some(&serde_json::to_string(&case.decision()).unwrap_or_default()),
    };
    record(tx, actor, change, now_ms).await?;
    Ok(())
}

/// The step must be allowed. Reopening needs a reason in words; closing without a verdict needs one of the codes for that.
fn check_step(case: &Case, to: Status, reason: &str) -> Result<(), ReviewError> {
    if !case.status.may_become(to) {
        let next =
            case.status.next().iter().map(|status| status.label().to_lowercase()).collect::<Vec<_>>().join(" or ");
        let text = format!(
            "A case that is {} can become {next}, not {}.",
            case.status.label().to_lowercase(),
            to.label().to_lowercase()
        );
        return ReviewError::invalid("status", text);
    }
    if case.status == Status::Closed && reason.is_empty() {
        return ReviewError::invalid("reason", "Reopening needs a reason.");
    }
    if to == Status::Closed && !case.verdict.decided() {
        let codes = reasons::of(Verdict::Pending);
        if !codes.iter().any(|(code, _)| *code == reason) {
            let codes = codes.iter().map(|(code, _)| *code).collect::<Vec<_>>().join(", ");
            return ReviewError::invalid(
                "reason",
                format!("Closing without a verdict needs a reason: one of {codes}."),
            );
        }
    }
    Ok(())
}

/// The decision after a step; a reopened case is not decided any more.
pub(super) fn moved(case: &Case, to: Status, reason: &str, now_ms: i64) -> Decision {
    let closed_ms = (to == Status::Closed).then_some(now_ms);
    if case.status == Status::Closed {
        let (reason, decided_by) = (String::new(), String::new());
        let verdict = Verdict::Pending;
        return Decision { status: to, verdict, reason, decided_by, decided_ms: None, closed_ms, ..case.decision() };
    }
    let undecided = to == Status::Closed && !case.verdict.decided();
    let reason = if undecided { reason.to_owned() } else { case.reason.clone() };
    Decision { status: to, closed_ms, reason, ..case.decision() }
}

/// Gives a case to somebody, or with an empty name to nobody; whoever had it is told. It may be called for many cases
/// in one transaction.
///
/// # Errors
/// `Invalid` where the name is not of somebody who can decide cases of this organisation.
pub async fn assign(tx: &mut Tx, actor: &Actor, case: &Case, name: &str, now_ms: i64) -> Result<(), ReviewError> {
    whole(case)?;
    if case.assignee.as_deref().unwrap_or_default() == name {
        return Ok(());
    }
    let user = match name {
        "" => None,
        name => {
            let found = users::assignable(tx, case.org_id).await?.into_iter().find(|user| user.username == name);
            match found {
                Some(user) => Some(user.id),
                None => {
                    return ReviewError::invalid("user", "Nobody of this name can take cases of this organisation.");
                }
            }
        }
    };
    cases::assign(tx, case.number, user, now_ms).await?;
    let text = match (name, case.assignee.as_deref()) {
        ("", _) => "Assigned to nobody".to_owned(),
        (name, Some(before)) => format!("Assigned to {name}, taken from {before}"),
        (name, None) => format!("Assigned to {name}"),
    };
    reminders::forget(tx, case.number, name, "taken").await?;
    // Whoever had it learns it on their own pages; who gave it away knows.
    if let Some(before) = case.assignee.as_deref().filter(|before| *before != actor.name || !is_person(actor)) {
        reminders::add(tx, before, case.number, "taken", &actor.name, now_ms).await?;
    }
    step(tx, actor, case, "assign", &text, (case.assignee.as_deref().unwrap_or_default(), name), now_ms).await
}

/// Sets the severity by hand; from then on runs leave it alone.
///
/// # Errors
/// `Conflict` where the page was out of date.
pub async fn set_severity(
    tx: &mut Tx,
    actor: &Actor,
    case: &Case,
    to: Severity,
    version: Option<i64>,
    now_ms: i64,
) -> Result<(), ReviewError> {
    whole(case)?;
    if to == case.severity {
        return Ok(());
    }
    fresh(case, version)?;
    let rank = cases::rank(case.machine_verdict, case.outcome, case.flags, to, case.confidence.unwrap_or_default());
    let rank = if case.woken.is_empty() { rank } else { cases::first_of(rank) };
    cases::set_severity(tx, case.number, to, &actor.name, rank).await?;
    let text = format!("Severity: {} → {}", case.severity.label().to_lowercase(), to.label().to_lowercase());
    step(tx, actor, case, "severity", &text, (case.severity.as_str(), to.as_str()), now_ms).await
}

/// Asks the panel again about the newest detection; `false` where a run waits or is under way already.
///
/// # Errors
/// Where the database refuses.
pub async fn ask_again(tx: &mut Tx, actor: &Actor, case: &Case, now_ms: i64) -> Result<bool, ReviewError> {
    whole(case)?;
    let Some(newest) = detections::newest_whole(tx, case.number).await? else {
        let text = "The raw detections of this case were removed because of their age: there is nothing left to vote on. What was voted stays.";
        return Err(ReviewError::Conflict(text.to_owned()));
    };
    if runs::under_way(tx, case.number, &newest.fingerprint).await? {
        return Ok(false);
    }
    let asked_by = if actor.kind == ActorKind::System { "FusionSOC" } else { &actor.name };
    let ask = Ask {
        case: case.number,
        detection_id: newest.id,
        fingerprint: &newest.fingerprint,
        asked_by,
        continues: None,
        tries: 0,
        run_at_ms: now_ms,
        by_hand: true,
    };
    let (_, number) = triage::enqueue(tx, ask, now_ms).await?;
    step(tx, actor, case, "triage_asked", &format!("Asked for run {number}"), ("", &format!("run:{number}")), now_ms)
        .await?;
    Ok(true)
}

/// One change of a case without a way back.
pub(super) async fn step(
    tx: &mut Tx,
    actor: &Actor,
    case: &Case,
    kind: &str,
    text: &str,
    (old, new): (&str, &str),
    now_ms: i64,
) -> Result<(), ReviewError> {
    let change = Change { org_id: case.org_id, case: case.number, kind, text, old, new, run: None, undo: None };
    record(tx, actor, change, now_ms).await?;
    Ok(())
}
