//! Merging: cases become part of another one, and are taken out of it again.
//!
//! - Everything that a case holds moves to the other one and keeps where it came from; its timeline stays its own.
//! - The verdict of the other case stands, whether it is decided or not. What was declared on a case that became part of
//!   it counts no more, neither as a precedent nor in what voters are measured by, so that nothing counts twice.
//! - A true positive does not become part of a case that was declared otherwise: one of the two is wrong. Nothing
//!   becomes part of a case that was closed without a verdict: there nobody would see it.
//! - The severity is the higher one of both, unless a person set that of the other case.
//! - Tags stay with the case that people gave them to; one that is shared less widely by its TLP tag does not become
//!   part of one without that tag. A snooze rests, and goes on where its time is still ahead when the case is taken out.
//! - A case that is taken out is as it was, and so is the other one, except for what happened after the merge: that
//!   stays there. A run that ended meanwhile goes back with its result. What arrives does not join the two again.
//! - What the machine had closed is taken back once the other case is open or a true positive, and opens when it is
//!   taken out.
use super::settle::{is_derived, raise, settle};
use super::{ReviewError, blind, declare, gate};
use crate::domain::{Status, Verdict, tag};
use crate::jobs::learn;
use crate::jobs::triage::refresh_case;
use crate::limits;
use crate::store::cases::{self, Case};
use crate::store::merges::{self, By};
use crate::store::{Actor, ActorKind, Change, Tx, intel, precedents, record};
use crate::tuning::conflict;

/// Makes cases part of another one.
///
/// # Errors
/// `Invalid` where one of them is of another organisation, part of another case already, the case itself, or
/// declared a true positive where the other case was declared otherwise; `numbers` or `into` is the field.
pub async fn merge(tx: &mut Tx, actor: &Actor, numbers: &[i64], into: i64, now_ms: i64) -> Result<(), ReviewError> {
    let mut numbers = numbers.to_vec();
    numbers.sort_unstable();
    numbers.dedup();
    if numbers.is_empty() {
        return ReviewError::invalid("numbers", "Choose at least one other case.");
    }
    if numbers.len() > limits::MERGED_AT_ONCE {
        let text = format!("At most {} cases can be merged in one go.", limits::MERGED_AT_ONCE);
        return ReviewError::invalid("numbers", text);
    }
    merges::lock(tx, &[numbers.as_slice(), &[into]].concat()).await?;
    for number in numbers {
        let (from, home) = (cases::by_number(tx, number).await?, cases::by_number(tx, into).await?);
        if from.merged_into == Some(into) {
            continue;
        }
        check(&from, &home)?;
        merges::bring_together(tx, number, into).await?;
        let gained = gained(&from);
        let told = Told { moved: &format!("Merged into case #{into}"), gained: &gained };
        absorb(tx, actor, (&from, &home), told, now_ms).await?;
    }
    refresh_case(tx, into).await?;
    let home = cases::by_number(tx, into).await?;
    // As part of a case that is open, or a true positive, what the machine had closed is not closed any more.
    gate::taken_back(tx, actor, &home, &home.decision(), now_ms).await?;
    Ok(came_along(tx, actor, &home, now_ms).await?)
}

/// What came along with a true positive is part of one now: an exclusion may hide it, and gates learn of it.
///
/// # Errors
/// Where the database refuses.
pub(crate) async fn came_along(tx: &mut Tx, actor: &Actor, home: &Case, now_ms: i64) -> crate::store::Result<()> {
    if home.verdict == Verdict::TruePositive {
        conflict::declared_true_positive(tx, home, now_ms).await?;
        gate::followed(tx, declare::By::one(actor), home.number, now_ms).await?;
    }
    Ok(())
}

fn check(from: &Case, into: &Case) -> Result<(), ReviewError> {
    let (number, home) = (from.number, into.number);
    if number == home {
        return ReviewError::invalid("into", format!("Case #{number} can't become part of itself."));
    }
    if from.org_id != into.org_id {
        let text = format!(
            "Case #{number} is of {}, case #{home} of {}. Only cases of one organisation can be merged.",
            from.org, into.org
        );
        return ReviewError::invalid("into", text);
    }
    if let Some(holder) = from.merged_into {
        return ReviewError::invalid("numbers", format!("Case #{number} is part of case #{holder} already."));
    }
    if let Some(holder) = into.merged_into {
        let text = format!("Case #{home} is part of case #{holder} itself. Merge into that one.");
        return ReviewError::invalid("into", text);
    }
    if into.status == Status::Closed && !into.verdict.decided() {
        let text = format!(
            "Case #{home} is closed without a verdict, so nobody would look at case #{number} any more. Merge the other way round, or reopen #{home} first."
        );
        return ReviewError::invalid("into", text);
    }
    if from.verdict == Verdict::TruePositive && into.verdict.decided() && into.verdict != Verdict::TruePositive {
        let other = into.verdict.label().to_lowercase();
        let text = format!(
            "Case #{number} was declared true positive and case #{home} {other}. Merge the other way round, or declare one of them anew first."
        );
        return ReviewError::invalid("into", text);
    }
    let reach = tag::reach(&from.tags.0);
    if let Some((word, label)) = tag::TLP.get(reach).filter(|_| reach < tag::reach(&into.tags.0)) {
        let text = format!("Case #{number} is {label}. Tag case #{home} with {word} first.");
        return ReviewError::invalid("into", text);
    }
    Ok(())
}

/// What the other case's timeline says.
fn gained(from: &Case) -> String {
    let many = if from.detections == 1 { "" } else { "s" };
    let declared = if from.verdict.decided() {
        format!("; {} had declared it {}", from.decided_by, from.verdict.label().to_lowercase())
    } else {
        String::new()
    };
    format!("Case #{} with {} detection{many} became part of this one{declared}", from.number, from.detections)
}

/// What both timelines say.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Told<'a> {
    /// That of the case which became part of the other one.
    pub(crate) moved: &'a str,
    /// That of the other one.
    pub(crate) gained: &'a str,
}

/// Makes one case part of another one and tells it on both. The case's panel verdict is for the caller to refresh.
///
/// # Errors
/// Where the database refuses.
pub(crate) async fn absorb(
    tx: &mut Tx,
    actor: &Actor,
    (from, into): (&Case, &Case),
    told: Told<'_>,
    now_ms: i64,
) -> crate::store::Result<()> {
    let (number, home) = (from.number, into.number);
    let by = By { name: &actor.name, person: is_person(actor) };
    merges::absorb(tx, number, home, &from.decision(), by, now_ms).await?;
    if !is_derived(&from.severity_by) {
        raise(tx, home, from.severity, &from.severity_by).await?;
    } else if into.severity_by == "rule" && from.severity_by == "rule" {
        cases::set_severities(tx, home, (from.severity.max(into.severity), "rule"), None).await?;
    }
    cases::set_level(tx, home, from.rule_level.max(into.rule_level)).await?;
    blind::merged(tx, actor, (from, into), now_ms).await?;
    let (here, there) = (format!("case:{number}"), format!("case:{home}"));
    let sides =
        [(number, "merged", told.moved, from.status.as_str(), &there), (home, "case_merged", told.gained, "", &here)];
    for (case, kind, text, old, new) in sides {
        let change = Change { org_id: from.org_id, case, kind, text, old, new, run: None, undo: None };
        record(tx, actor, change, now_ms).await?;
    }
    Ok(())
}

const fn is_person(actor: &Actor) -> bool {
    matches!(actor.kind, ActorKind::Person | ActorKind::Token)
}

/// Takes a case out of the one that it is part of; `any` where the actor may undo what others did. Returns the other.
///
/// # Errors
/// `Invalid` where it is part of none, where somebody else merged it, or where the other would be left with nothing.
pub async fn unmerge(tx: &mut Tx, actor: &Actor, number: i64, any: bool, now_ms: i64) -> Result<i64, ReviewError> {
    merges::lock(tx, &[number]).await?;
    let case = cases::by_number(tx, number).await?;
    let Some(holder) = case.merged_into else {
        return ReviewError::invalid("number", format!("Case #{number} is not part of another one."));
    };
    let Some(merge) = merges::of(tx, number).await? else {
        let text =
            format!("How case #{number} became part of case #{holder} was not recorded, so it can't be taken out.");
        return ReviewError::invalid("number", text);
    };
    if merge.by_person && merge.merged_by != actor.name && !any {
        return ReviewError::invalid("number", "Only a lead can take apart what somebody else merged.");
    }
    merges::lock(tx, &[holder]).await?;
    precedents::weigh(tx, holder, -1).await?;
    merges::release(tx, &merge, holder, now_ms).await?;
    for one in [number, holder] {
        settle(tx, one).await?;
        precedents::weigh(tx, one, 1).await?;
    }
    learn::ask(tx, case.org_id, now_ms).await?;
    intel::leave(tx, holder, number).await?;
    let left = cases::by_number(tx, holder).await?;
    if crate::store::splits::is_empty(tx, holder).await? {
        let text = format!("Case #{holder} would be left without a detection, because its own were split off.");
        return ReviewError::invalid("number", text);
    }
    merges::keep_apart(tx, number, holder).await?;
    gate::follow(tx, declare::By::one(actor), (number, None), now_ms).await?;
    gate::open_after(tx, number, now_ms).await?;
    tell_apart(tx, actor, (&case, &left), now_ms).await?;
    Ok(holder)
}

async fn tell_apart(
    tx: &mut Tx,
    actor: &Actor,
    (case, holder): (&Case, &Case),
    now_ms: i64,
) -> Result<(), ReviewError> {
    let out = format!("Taken out of case #{} again; what happened there meanwhile stays there", holder.number);
    let lost = format!("Case #{} was taken out again", case.number);
    let (here, there) = (format!("case:{}", case.number), format!("case:{}", holder.number));
    for (number, text, old) in [(case.number, &out, &there), (holder.number, &lost, &here)] {
        let change =
            Change { org_id: case.org_id, case: number, kind: "unmerged", text, old, new: "", run: None, undo: None };
        record(tx, actor, change, now_ms).await?;
    }
    Ok(())
}
