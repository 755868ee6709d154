//! The machine closes a case, and that is taken back.
//!
//! What a case is stays a person's word: the verdict is pending, so nothing that learns counts it. What follows outside
//! waits until the closing can no longer be taken back at one press; after that, taking it back undoes it there as well.
use super::{Scopes, about, proof};
use crate::actions::wish::{self, Wish};
use crate::domain::action::{ActionState, Plan};
use crate::domain::{GateEvent, Status, Verdict};
use crate::review::ReviewError;
use crate::store::cases::{self, Case, Decision};
use crate::store::gates::{self, Gate, Kept};
use crate::store::{Actor, ActorKind, Change, Tx, actions, record};
use serde_json::json;

/// What the timeline calls the closing.
const CLOSED: &str = "machine_closed";

/// A case that the machine closes, and by what.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Closing<'a> {
    /// The case.
    pub(crate) case: &'a Case,
    /// The gate that lets it.
    pub(crate) gate: &'a Gate,
    /// The run after which it is closed.
    pub(crate) run: i64,
    /// What is done on the sensor, where something is.
    pub(crate) tag: Option<&'a Plan>,
    /// Milliseconds until that begins.
    pub(crate) undo_ms: i64,
}

/// Closes a case; `false` where somebody was faster. The verdict stays pending.
///
/// # Errors
/// Where the database refuses.
pub(crate) async fn close(tx: &mut Tx, closing: Closing<'_>, now_ms: i64) -> Result<bool, ReviewError> {
    let Closing { case, gate, run, tag, undo_ms } = closing;
    let to = Decision {
        status: Status::Closed,
        closed_ms: Some(now_ms),
        machine_closed_ms: Some(now_ms),
        snoozed: false,
        ..case.decision()
    };
    if !cases::decide(tx, case.number, case.version, &to).await? {
        return Ok(false);
    }
    let text = format!("Closed by the machine under {}: {}", about(gate), proof(gate));
    let undo = serde_json::to_string(&case.decision()).unwrap_or_default();
    let change = Change {
        org_id: case.org_id,
        case: case.number,
        kind: CLOSED,
        text: &text,
        old: case.status.as_str(),
        new: &format!("{} gate:{}", Status::Closed, gate.id),
        run: Some(run),
        undo: Some(&undo),
    };
    let actor = Actor::panel();
    record(tx, &actor, change, now_ms).await?;
    let action = match tag {
        Some(plan) => {
            let wish = Wish { actor: &actor, person: None, case, undo_ms, connected: true, now_ms };
            asked(wish::ask(tx, wish, plan, "closed by the machine", &format!("machine:{now_ms}")).await)?
        }
        None => None,
    };
    gates::set_closed(tx, case.number, now_ms, action).await?;
    Ok(true)
}

/// Somebody who asked for the same just now does what is needed.
fn asked(done: Result<i64, ReviewError>) -> Result<Option<i64>, ReviewError> {
    match done {
        Ok(id) => Ok(Some(id)),
        Err(ReviewError::Store(error)) => Err(error.into()),
        Err(_) => Ok(None),
    }
}

/// Opens a case again that the machine had closed, because it would not close it any more.
///
/// # Errors
/// Where the database refuses.
pub(crate) async fn reopen(tx: &mut Tx, case: &Case, why: &str, now_ms: i64) -> Result<(), ReviewError> {
    let to = Decision { status: Status::InProgress, closed_ms: None, machine_closed_ms: None, ..case.decision() };
    if !cases::decide(tx, case.number, case.version, &to).await? {
        return Ok(());
    }
    let actor = Actor::panel();
    let change = Change {
        org_id: case.org_id,
        case: case.number,
        kind: "machine_reopened",
        text: &format!("Open again: the machine had closed it, and would not any more. {why}"),
        old: case.status.as_str(),
        new: to.status.as_str(),
        run: None,
        undo: None,
    };
    record(tx, &actor, change, now_ms).await?;
    taken_back(tx, &actor, case, &to, now_ms).await
}

/// What becomes of a case that the machine had closed.
#[derive(Clone, Copy)]
struct Back {
    /// Whether the closing is taken back.
    opens: bool,
    /// The case that has to be decided, where people ask again what this one is: until then its gates let nothing else
    /// be closed.
    asked: Option<i64>,
}

/// Undoes outside what followed a closing by the machine, where a decision opens the case again or calls it a true
/// positive; also of cases that are part of it. Where people ask again what it is, be it as a duplicate of a case that
/// is open, its gates wait for them. `case` is the case before the decision.
///
/// # Errors
/// Where the database refuses.
pub(in crate::review) async fn taken_back(
    tx: &mut Tx,
    actor: &Actor,
    case: &Case,
    to: &Decision,
    now_ms: i64,
) -> Result<(), ReviewError> {
    let taken = to.status.is_open() || to.verdict == Verdict::TruePositive;
    let asked = asked_again(tx, actor, case, to).await?;
    if taken || asked.is_some() {
        let opens = taken && case.machine_closed_ms.is_some();
        back(tx, actor, case, Back { opens, asked }, now_ms).await?;
        parts_taken_back(tx, actor, case.number, Back { opens: taken, asked }, now_ms).await?;
    }
    Ok(())
}

/// The case that people have to decide after a decision that leaves open what this one is.
async fn asked_again(tx: &mut Tx, actor: &Actor, case: &Case, to: &Decision) -> Result<Option<i64>, ReviewError> {
    let by_people = matches!(actor.kind, ActorKind::Person | ActorKind::Token);
    if !by_people || !matches!(to.verdict, Verdict::Pending | Verdict::Undetermined) {
        return Ok(None);
    }
    match to.duplicate_of {
        Some(of) => Ok(gates::waiting(tx, of).await?),
        None => Ok(Some(case.number).filter(|_| to.status.is_open())),
    }
}

/// The same for cases that are part of one that is open, or a true positive, and for all that are what it is.
async fn parts_taken_back(tx: &mut Tx, actor: &Actor, holder: i64, with: Back, now_ms: i64) -> Result<(), ReviewError> {
    let parts = if with.opens { gates::closed_parts(tx, holder).await? } else { Vec::new() };
    for number in parts {
        let part = cases::by_number(tx, number).await?;
        back(tx, actor, &part, with, now_ms).await?;
    }
    let followers = if with.asked.is_some() { gates::undoubted(tx, holder).await? } else { Vec::new() };
    for number in followers {
        let follower = cases::by_number(tx, number).await?;
        back(tx, actor, &follower, Back { opens: false, ..with }, now_ms).await?;
    }
    Ok(())
}

/// Opens a case that the machine had closed and that is as it was before it became part of another one, where the closing
/// was taken back meanwhile.
///
/// # Errors
/// Where the database refuses.
pub(in crate::review) async fn open_after(tx: &mut Tx, number: i64, now_ms: i64) -> Result<(), ReviewError> {
    let case = cases::by_number(tx, number).await?;
    let kept = gates::kept(tx, number).await?;
    if case.machine_closed_ms.is_none() || kept.is_none_or(|kept| kept.reopened_ms.is_none()) {
        return Ok(());
    }
    reopen(tx, &case, "Meanwhile it was part of a case that was open or a true positive.", now_ms).await
}

async fn back(tx: &mut Tx, actor: &Actor, case: &Case, with: Back, now_ms: i64) -> Result<(), ReviewError> {
    if !with.opens && with.asked.is_none() {
        return Ok(());
    }
    let Some(kept) = gates::kept(tx, case.number).await?.filter(|kept| kept.closed_ms.is_some()) else { return Ok(()) };
    let opened = with.opens && gates::set_reopened(tx, case.number, now_ms).await? > 0;
    let doubted = with.asked.is_some() && gates::set_doubted(tx, case.number).await? > 0;
    if !opened && !doubted {
        return Ok(());
    }
    let mut scopes = Scopes::begin(tx, case.org_id).await?;
    for id in kept.opened_by.into_iter().chain(Some(kept.rule_gate).filter(|id| kept.opened_by != Some(*id))) {
        scopes.gates.extend(gates::by_id(tx, id).await?);
    }
    for at in 0..scopes.gates.len() {
        if Some(scopes.gates[at].id) == kept.opened_by {
            let data = json!({"case": case.number, "by": actor.name, "doubted": doubted});
            scopes.tell(at, GateEvent::Reopened, &data, now_ms);
        }
        if let Some(holder) = with.asked.filter(|_| doubted) {
            scopes.doubted(at, (case.number, holder));
        }
    }
    scopes.keep(tx, Some(case).filter(|_| doubted), now_ms).await?;
    if opened { compensate(tx, actor, case, &kept, now_ms).await } else { Ok(()) }
}

/// What was to follow is taken back where it did not start; what started is undone by another action.
async fn compensate(tx: &mut Tx, actor: &Actor, case: &Case, kept: &Kept, now_ms: i64) -> Result<(), ReviewError> {
    let Some(id) = kept.action_id else { return Ok(()) };
    let Some(action) = actions::by_id(tx, id).await? else { return Ok(()) };
    // Its case may have become part of another one meanwhile; then that one tells it.
    let holder = cases::by_number(tx, action.case_number).await?;
    let case = if holder.number == case.number { case } else { &holder };
    let wish = Wish { actor, person: None, case, undo_ms: 0, connected: true, now_ms };
    match action.state {
        ActionState::Queued | ActionState::Waiting => wish::reject(tx, wish, id).await,
        ActionState::Running | ActionState::Unknown | ActionState::Done => {
            asked(wish::compensate(tx, wish, id, "the case is open again").await).map(drop)
        }
        ActionState::Failed | ActionState::Rejected | ActionState::Cancelled => Ok(()),
    }
}
