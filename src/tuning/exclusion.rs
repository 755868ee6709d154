//! What people do with an exclusion: propose, approve, refuse, use, disable. Each leaves a trace in the ledger.
use super::condition::{self, Condition};
use crate::domain::{ExclusionState, Verdict};
use crate::jobs::backtest;
use crate::store::cases::Case;
use crate::store::exclusions::{self, Exclusion, New, Step};
use crate::store::record::{Entry, audit};
use crate::store::{Actor, Change, Tx, record};

/// The longest that an exclusion may hold, in days.
pub const MOST_DAYS: i64 = 365;
/// How long it holds unless somebody says otherwise, in days.
pub const USUAL_DAYS: i64 = 90;
const DAY_MS: i64 = 24 * 60 * 60 * 1000;
const LONGEST_COMMENT: usize = 1_000;

/// Why something could not be done.
#[derive(Debug, thiserror::Error)]
pub enum ExclusionError {
    /// A field is wrong; the text says how.
    #[error("{text}")]
    Invalid {
        /// The field's name in the form.
        field: &'static str,
        /// What is wrong, for the person.
        text: String,
    },
    /// It may not be done as things stand.
    #[error("{0}")]
    Refused(String),
    /// The database refused.
    #[error(transparent)]
    Store(#[from] sqlx::Error),
}

pub(super) fn invalid<T>(field: &'static str, text: impl Into<String>) -> Result<T, ExclusionError> {
    Err(ExclusionError::Invalid { field, text: text.into() })
}

pub(super) fn refused<T>(text: impl Into<String>) -> Result<T, ExclusionError> {
    Err(ExclusionError::Refused(text.into()))
}

/// What a person proposes.
#[derive(Debug, Clone)]
pub struct Proposal<'a> {
    /// Its name.
    pub name: &'a str,
    /// Why.
    pub comment: &'a str,
    /// For how many days.
    pub days: Option<i64>,
    /// The chosen conditions.
    pub chosen: &'a [&'a Condition],
}

/// Writes a proposal down and asks for its back-test; returns its id.
///
/// # Errors
/// `Invalid` names the field, `Refused` where the case is a true positive.
pub async fn propose(
    tx: &mut Tx,
    actor: &Actor,
    case: &Case,
    proposal: &Proposal<'_>,
    now_ms: i64,
) -> Result<i64, ExclusionError> {
    if case.verdict == Verdict::TruePositive {
        return refused("This case was declared true positive: there is nothing to exclude.");
    }
    check(proposal)?;
    let rule = match condition::combine(proposal.chosen) {
        Ok(rule) => rule,
        Err(error) => return invalid("condition", error.to_string()),
    };
    if exclusions::named(tx, case.org_id, proposal.name).await?.is_some() {
        return invalid("name", "There is an exclusion of this name already.");
    }
    let words: Vec<String> = proposal.chosen.iter().map(|condition| condition.label.clone()).collect();
    let new = New {
        org_id: case.org_id,
        case_number: case.number,
        name: proposal.name,
        comment: proposal.comment.trim(),
        rule: &rule,
        conditions: &words,
        expires_ms: now_ms + proposal.days.unwrap_or(USUAL_DAYS) * DAY_MS,
        by: &actor.name,
    };
    let id = exclusions::insert(tx, &new, now_ms).await?;
    noted(tx, actor, case, (id, proposal.name, &rule.to_string()), now_ms).await?;
    backtest::ask(tx, id, now_ms).await?;
    Ok(id)
}

/// Leaves the trace of a proposal, of id, name and rule, in the ledger and on its case.
async fn noted(
    tx: &mut Tx,
    actor: &Actor,
    case: &Case,
    (id, name, rule): (i64, &str, &str),
    now_ms: i64,
) -> Result<(), sqlx::Error> {
    trace(tx, actor, (case.org_id, id), "exclusion_proposed", ("", rule), now_ms).await?;
    let text = format!("Proposed the exclusion {name}");
    on_case(tx, actor, (case.org_id, case.number), (&text, name), now_ms).await
}

/// Tells something of an exclusion on a case, named by organisation and number; of text and the exclusion's name.
pub(crate) async fn on_case(
    tx: &mut Tx,
    actor: &Actor,
    (org_id, case): (i64, i64),
    (text, new): (&str, &str),
    now_ms: i64,
) -> Result<(), sqlx::Error> {
    let change = Change { org_id, case, kind: "exclusion", text, old: "", new, run: None, undo: None };
    record(tx, actor, change, now_ms).await?;
    Ok(())
}

fn check(proposal: &Proposal<'_>) -> Result<(), ExclusionError> {
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    if !(3..=120).contains(&proposal.name.len()) || !proposal.name.chars().all(plain) {
        return invalid("name", "The name has 3 to 120 characters, each a small letter, a digit or a hyphen.");
    }
    if proposal.comment.trim().is_empty() {
        return invalid("comment", "Say why this is no threat.");
    }
    if proposal.comment.len() > LONGEST_COMMENT {
        return invalid("comment", "A comment holds at most 1,000 bytes.");
    }
    match proposal.days {
        Some(1..=MOST_DAYS) => Ok(()),
        _ => invalid("days", format!("An exclusion ends after 1 to {MOST_DAYS} days.")),
    }
}

/// Says no to a proposal, or takes one's own back.
///
/// # Errors
/// `Refused` where it is none any more, `Invalid` without a reason.
pub async fn refuse(
    tx: &mut Tx,
    actor: &Actor,
    exclusion: &Exclusion,
    note: &str,
    now_ms: i64,
) -> Result<(), ExclusionError> {
    if exclusion.state != ExclusionState::Proposed {
        return refused("Only a proposed exclusion can be refused.");
    }
    let note = reason(note)?;
    change(tx, actor, exclusion, ExclusionState::Refused, ("", false), note, now_ms).await
}

/// Notes that somebody put an approved exclusion into LimaCharlie by hand.
///
/// # Errors
/// `Refused` where it is not approved.
pub async fn pasted(tx: &mut Tx, actor: &Actor, exclusion: &Exclusion, now_ms: i64) -> Result<(), ExclusionError> {
    if exclusion.state_at(now_ms) != ExclusionState::Approved {
        return refused("Only an approved exclusion can be put into LimaCharlie.");
    }
    if let Some((_, _, case)) = exclusions::conflicts_of(tx, exclusion.id, 0, now_ms).await?.first() {
        return refused(format!("It hides detections of case #{case}, which was declared true positive. Disable it."));
    }
    let approver = (exclusion.approver.as_str(), exclusion.acknowledged);
    change(tx, actor, exclusion, ExclusionState::Active, approver, "Put into LimaCharlie by hand.", now_ms).await
}

pub(super) fn reason(note: &str) -> Result<&str, ExclusionError> {
    match note.trim() {
        "" => invalid("note", "Say why."),
        note if note.len() > LONGEST_COMMENT => invalid("note", "A reason holds at most 1,000 bytes."),
        note => Ok(note),
    }
}

pub(super) async fn change(
    tx: &mut Tx,
    actor: &Actor,
    exclusion: &Exclusion,
    to: ExclusionState,
    approver: (&str, bool),
    note: &str,
    now_ms: i64,
) -> Result<(), ExclusionError> {
    let step =
        Step { from: exclusion.state, to, approver: approver.0, acknowledged: approver.1, by: &actor.name, note };
    if !exclusions::step(tx, exclusion.id, &step, now_ms).await? {
        return refused("Somebody changed it meanwhile. Look again.");
    }
    let (action, words) = match to {
        ExclusionState::Proposed => ("exclusion_approval_asked", "is approved once its back-test has run again"),
        ExclusionState::Approved => ("exclusion_approved", "was approved"),
        ExclusionState::Active => ("exclusion_active", "hides detections from now on"),
        ExclusionState::Expired => ("exclusion_expired", "is over"),
        ExclusionState::Disabled => ("exclusion_disabled", "was disabled"),
        ExclusionState::Refused => ("exclusion_refused", "was refused"),
    };
    let new = if note.is_empty() { to.as_str().to_owned() } else { format!("{to}: {note}") };
    let of = (exclusion.org_id, exclusion.id);
    trace(tx, actor, of, action, (exclusion.state.as_str(), &new), now_ms).await?;
    Ok(told(tx, actor, exclusion, (words, note), now_ms).await?)
}

/// Tells on its case what became of an exclusion, in words that go on from its name, and with what is to be added.
pub(crate) async fn told(
    tx: &mut Tx,
    actor: &Actor,
    exclusion: &Exclusion,
    (words, note): (&str, &str),
    now_ms: i64,
) -> Result<(), sqlx::Error> {
    let more = if note.is_empty() { String::new() } else { format!(": {note}") };
    let text = format!("The exclusion {} {words}{more}", exclusion.name);
    on_case(tx, actor, (exclusion.org_id, exclusion.case_number), (&text, &exclusion.name), now_ms).await
}

/// Writes a ledger line for an exclusion, named by organisation and id.
pub(crate) async fn trace(
    tx: &mut Tx,
    actor: &Actor,
    of: (i64, i64),
    action: &str,
    values: (&str, &str),
    now_ms: i64,
) -> Result<(), sqlx::Error> {
    let object = format!("exclusion:{}", of.1);
    let entry = Entry { action, object: &object, old: values.0, new: values.1 };
    audit(tx, actor, Some(of.0), &entry, now_ms).await
}
