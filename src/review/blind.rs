//! How a case leaves blind review.
//!
//! - The first declaration of a person commits it: the panel is shown, and the review counts.
//! - Where the panel says true positive, it is shown at once and counts as no review: nobody may lose time to a
//!   measure.
//! - Whatever else would show what the panel says, or closes the case without a verdict, takes it out uncounted: a
//!   program's declaration, closing without a verdict, becoming part of another case, or gaining one that was not
//!   drawn. A case stays in where what it gains was in as well, and what is split off it is in too.
//! - A declaration that is undone is no review either: who made it has seen what the panel says. One that is changed,
//!   or taken back by reopening, was made blind all the same and counts, as a reversal.
use super::gate;
use super::sight::sight;
use crate::domain::{Blind, MachineVerdict, Verdict};
use crate::jobs::triage::refresh_case;
use crate::store::cases::{self, Case, Committed, Decision};
use crate::store::runs::{self, Run};
use crate::store::{Actor, ActorKind, Change, Result, Tx, record};

/// What the timeline and the ledger call it.
const KIND: &str = "blind";

/// Whether a declaration on a case is one that was made blind, as the case was before it. Who declares first what the
/// panel has shown them has not; `stays` says that one counted before, or that it is an error, which counts all the same.
pub(super) fn counts(case: &Case, actor: &Actor, stays: bool) -> bool {
    match case.blind {
        Blind::Committed => stays,
        Blind::Waiting => actor.kind == ActorKind::Person,
        Blind::No | Blind::Shown => false,
    }
}

/// Follows a decision that was just stored; `case` is the case before it.
pub(super) async fn decided(tx: &mut Tx, actor: &Actor, case: &Case, to: &Decision, now_ms: i64) -> Result<()> {
    if case.blind != Blind::Waiting {
        return Ok(());
    }
    match (to.verdict, actor.kind) {
        (Verdict::Pending, _) if to.status.is_open() => Ok(()),
        (Verdict::Pending, _) => show(tx, actor, case, "it was closed without a verdict", now_ms).await,
        (verdict, ActorKind::Person) => commit(tx, actor, case, verdict, now_ms).await,
        _ => show(tx, actor, case, "a program declared it", now_ms).await,
    }
}

async fn commit(tx: &mut Tx, actor: &Actor, case: &Case, verdict: Verdict, now_ms: i64) -> Result<()> {
    let finished = runs::newest_of_each(tx, case.number).await?;
    let worst = finished.iter().max_by_key(|run| (run.machine_verdict, run.number));
    let machine = worst.map_or(MachineVerdict::None, |run| run.machine_verdict);
    let said_blind = Committed { by: &actor.name, verdict, machine, at_ms: now_ms };
    if cases::commit_blind(tx, case.number, &said_blind).await? == 0 {
        // It was shown since this case was read.
        return Ok(());
    }
    gate::revealed(tx, case, now_ms).await?;
    let text = format!("Declared blind: {}", said(worst));
    tell(tx, actor, case, (&text, Blind::Committed), now_ms).await?;
    refresh_case(tx, case.number).await
}

/// What the panel had said, in words.
fn said(worst: Option<&Run>) -> String {
    let Some(run) = worst else { return "the panel had not concluded yet".to_owned() };
    let stated = run.confidence.map(|share| format!(", stated confidence {:.1}%", share * 100.0)).unwrap_or_default();
    format!("the panel had said {}{stated}", run.machine_verdict.label().to_lowercase())
}

/// Takes a case out of blind review, uncounted, and shows what the panel says.
async fn show(tx: &mut Tx, actor: &Actor, case: &Case, why: &str, now_ms: i64) -> Result<()> {
    if case.blind == Blind::Waiting {
        gate::revealed(tx, case, now_ms).await?;
    }
    leave(tx, actor, case, why, now_ms).await
}

async fn leave(tx: &mut Tx, actor: &Actor, case: &Case, why: &str, now_ms: i64) -> Result<()> {
    cases::set_blind(tx, case.number, Blind::Shown).await?;
    tell(tx, actor, case, (&format!("Taken out of blind review: {why}"), Blind::Shown), now_ms).await?;
    refresh_case(tx, case.number).await
}

async fn tell(tx: &mut Tx, actor: &Actor, case: &Case, (text, to): (&str, Blind), now_ms: i64) -> Result<()> {
    let change = Change {
        org_id: case.org_id,
        case: case.number,
        kind: KIND,
        text,
        old: case.blind.as_str(),
        new: to.as_str(),
        run: None,
        undo: None,
    };
    record(tx, actor, change, now_ms).await?;
    Ok(())
}

/// Shows a case at once where the panel says true positive.
///
/// # Errors
/// Where the database refuses.
pub(crate) async fn show_true_positive(tx: &mut Tx, number: i64, now_ms: i64) -> Result<()> {
    let case = cases::by_number(tx, number).await?;
    if !sight(&case).is_blind() {
        return Ok(());
    }
    let finished = runs::newest_of_each(tx, number).await?;
    if finished.iter().any(|run| run.machine_verdict == MachineVerdict::TruePositive) {
        show(tx, &Actor::panel(), &case, "the panel says true positive", now_ms).await?;
    }
    Ok(())
}

/// Takes a case out of blind review because a verdict from elsewhere is brought in: whoever gave it may have seen what
/// was said of the case there.
///
/// # Errors
/// Where the database refuses.
pub(crate) async fn brought_in(tx: &mut Tx, actor: &Actor, case: &Case, now_ms: i64) -> Result<()> {
    if sight(case).is_blind() {
        show(tx, actor, case, "a verdict from elsewhere was brought in", now_ms).await?;
    }
    Ok(())
}

/// Takes a declaration that was undone out of the reviews; `case` is the case before that.
pub(super) async fn undone(tx: &mut Tx, actor: &Actor, case: &Case, to: &Decision, now_ms: i64) -> Result<()> {
    if case.blind == Blind::Committed && case.verdict.decided() && !to.verdict.decided() {
        show(tx, actor, case, "the declaration was undone", now_ms).await?;
    }
    Ok(())
}

/// Follows a case becoming part of another one.
pub(super) async fn merged(tx: &mut Tx, actor: &Actor, (from, into): (&Case, &Case), now_ms: i64) -> Result<()> {
    match (sight(from).is_blind(), sight(into).is_blind()) {
        // What the panel says of it goes along, and stays hidden, for the gates too, where the other one is blind as well.
        (true, true) => leave(tx, actor, from, &format!("it became part of case #{}", into.number), now_ms).await,
        (true, false) => show(tx, actor, from, &format!("it became part of case #{}", into.number), now_ms).await,
        (false, true) => {
            let why = format!("case #{}, which was not in it, became part of this one", from.number);
            show(tx, actor, into, &why, now_ms).await
        }
        (false, false) => Ok(()),
    }
}
