//! Cases beside each other: linked by hand, or one closed as a duplicate of another.
use super::ReviewError;
use super::declare::{By, apply};
use super::{fresh, whole};
use crate::domain::{Status, Verdict, reason};
use crate::store::cases::{self, Case, Decision};
use crate::store::links::{self, LinkKind};
use crate::store::{Actor, Change, Tx, merges, record};
use crate::tuning::conflict;

/// The longest row of duplicates of duplicates that is followed.
const CHAIN: usize = 100;

/// Links two cases of one organisation.
///
/// # Errors
/// `Invalid` where they are the same or of different organisations, or one is part of another case.
pub async fn link(tx: &mut Tx, actor: &Actor, case: &Case, to: &Case, now_ms: i64) -> Result<(), ReviewError> {
    beside(case, to, "to")?;
    if links::add(tx, (case.number, to.number), LinkKind::Link, &actor.name, now_ms).await? {
        tell(tx, actor, (case, to), ("link", "Linked with case"), now_ms).await?;
    }
    Ok(())
}

/// Takes a link away.
///
/// # Errors
/// `Invalid` where nobody linked them.
pub async fn unlink(tx: &mut Tx, actor: &Actor, case: &Case, to: &Case, now_ms: i64) -> Result<(), ReviewError> {
    if !links::remove(tx, (case.number, to.number)).await? {
        return ReviewError::invalid(
            "to",
            format!("Cases #{} and #{} are not linked by hand.", case.number, to.number),
        );
    }
    tell(tx, actor, (case, to), ("unlink", "No longer linked with case"), now_ms).await
}

/// Two different cases of one organisation, none of them part of another one.
fn beside(case: &Case, other: &Case, field: &'static str) -> Result<(), ReviewError> {
    whole(case)?;
    if case.number == other.number {
        return ReviewError::invalid(field, "Name another case than this one.");
    }
    if case.org_id != other.org_id {
        let text = format!("Case #{} is of {}, case #{} of {}.", case.number, case.org, other.number, other.org);
        return ReviewError::invalid(field, text);
    }
    match other.merged_into {
        Some(holder) => {
            ReviewError::invalid(field, format!("Case #{} is part of case #{holder}. Name that one.", other.number))
        }
        None => Ok(()),
    }
}

/// Tells something on both cases, each time of the other one.
async fn tell(
    tx: &mut Tx,
    actor: &Actor,
    (case, other): (&Case, &Case),
    (kind, words): (&str, &str),
    now_ms: i64,
) -> Result<(), ReviewError> {
    for (one, two) in [(case, other), (other, case)] {
        let (text, new) = (format!("{words} #{}", two.number), format!("case:{}", two.number));
        let change = Change {
            org_id: one.org_id,
            case: one.number,
            kind,
            text: &text,
            old: "",
            new: &new,
            run: None,
            undo: None,
        };
        record(tx, actor, change, now_ms).await?;
    }
    Ok(())
}

/// Closes a case as a duplicate of another one, whose verdict then counts for both: what was declared here counts
/// no more until it is undone.
///
/// # Errors
/// `Invalid` where it would be a duplicate of itself, by whatever way, of a case of another organisation, or
/// of one that was declared otherwise than this true positive; `Conflict` where the page was out of date.
pub async fn duplicate(
    tx: &mut Tx,
    actor: &Actor,
    case: &Case,
    of: &Case,
    version: Option<i64>,
    now_ms: i64,
) -> Result<(), ReviewError> {
    if case.duplicate_of == Some(of.number) {
        return Ok(());
    }
    // Two who close each case as a duplicate of the other wait for each other.
    merges::lock(tx, &[case.number, of.number]).await?;
    let (case, of) = (&cases::by_number(tx, case.number).await?, &cases::by_number(tx, of.number).await?);
    fresh(case, version)?;
    beside(case, of, "of")?;
    no_loop(tx, case, of).await?;
    agrees(case, of)?;
    let to = Decision {
        status: Status::Closed,
        verdict: Verdict::Pending,
        reason: reason::DUPLICATE.to_owned(),
        decided_by: String::new(),
        decided_ms: None,
        closed_ms: case.closed_ms.or(Some(now_ms)),
        duplicate_of: Some(of.number),
        ..case.decision()
    };
    apply(tx, By::one(actor), case, &to).await?;
    if of.verdict == Verdict::TruePositive {
        conflict::declared_true_positive(tx, of, now_ms).await?;
    }
    tell_duplicate(tx, actor, (case, of), now_ms).await
}

async fn tell_duplicate(
    tx: &mut Tx,
    actor: &Actor,
    (case, of): (&Case, &Case),
    now_ms: i64,
) -> Result<(), ReviewError> {
    let undo = serde_json::to_string(&case.decision()).unwrap_or_default();
    let (here, there) = (format!("case:{}", case.number), format!("case:{}", of.number));
    let closed = format!("Closed as a duplicate of case #{}", of.number);
    let gained = format!("Case #{} was closed as a duplicate of this one", case.number);
    let sides = [(case, "status", &closed, &there, Some(undo.as_str())), (of, "duplicate", &gained, &here, None)];
    for (one, kind, text, new, undo) in sides {
        let old = one.status.as_str();
        let change = Change { org_id: one.org_id, case: one.number, kind, text, old, new, run: None, undo };
        record(tx, actor, change, now_ms).await?;
    }
    Ok(())
}

/// A true positive is no duplicate of what was decided or closed as something else.
fn agrees(case: &Case, of: &Case) -> Result<(), ReviewError> {
    let answered = of.verdict.decided() || !of.status.is_open();
    if case.verdict == Verdict::TruePositive && answered && of.verdict != Verdict::TruePositive {
        let text =
            format!("This case was declared true positive, and case #{} was not. One of the two is wrong.", of.number);
        return ReviewError::invalid("of", text);
    }
    Ok(())
}

/// Follows what the other one is a duplicate of.
async fn no_loop(tx: &mut Tx, case: &Case, of: &Case) -> Result<(), ReviewError> {
    let mut next = of.duplicate_of;
    for _ in 0..CHAIN {
        match next {
            None => return Ok(()),
            Some(number) if number == case.number => break,
            Some(number) => {
                let case = cases::by_number(tx, number).await?;
                next = case.merged_into.or(case.duplicate_of);
            }
        }
    }
    ReviewError::invalid("of", format!("Case #{} is itself a duplicate of this one.", of.number))
}
