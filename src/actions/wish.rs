//! What people do with an action: ask for it, approve or turn it down, take it back, reverse it,
//! and say what became of one whose effect nobody knows. Each is one transaction of the caller's.
use super::carry;
use crate::domain::action::{ActionState, Plan};
use crate::review::ReviewError;
use crate::store::actions::{self, Action};
use crate::store::cases::Case;
use crate::store::{Actor, ActorKind, Change, Tx, cases, merges, record, sensors};

/// The longest reason in characters.
const LONGEST_WHY: usize = 500;

/// The longest key by which a wish that is sent twice is known, in bytes.
const LONGEST_KEY: usize = 200;

/// Who wishes what, and from when on it may happen.
#[derive(Debug, Clone, Copy)]
pub struct Wish<'a> {
    /// Who acts.
    pub actor: &'a Actor,
    /// The id of the person who acts, or whose program does; a program of the command line's is nobody's.
    pub person: Option<i64>,
    /// The case.
    pub case: &'a Case,
    /// Milliseconds until an outside effect may begin, so that it can still be taken back.
    pub undo_ms: i64,
    /// Whether the organisation's LimaCharlie is set up.
    pub connected: bool,
    /// Now.
    pub now_ms: i64,
}

fn invalid<T>(field: &'static str, text: impl Into<String>) -> Result<T, ReviewError> {
    Err(ReviewError::Invalid { field, text: text.into() })
}

/// Asks for an action; returns its id. The same key twice is the same wish.
///
/// # Errors
/// `Invalid` where LimaCharlie is not set up or the reason is missing, `Conflict` where the same is under way.
pub async fn ask(tx: &mut Tx, wish: Wish<'_>, plan: &Plan, why: &str, key: &str) -> Result<i64, ReviewError> {
    let why = why.trim();
    if plan.needs_approval() && why.is_empty() {
        return invalid("why", "Say why: a second person has to decide on it.");
    }
    insert(tx, wish, plan, why, (None, key)).await
}

async fn insert(
    tx: &mut Tx,
    wish: Wish<'_>,
    plan: &Plan,
    why: &str,
    (reverses, key): (Option<&Action>, &str),
) -> Result<i64, ReviewError> {
    askable(wish, why, key)?;
    take_turns(tx, wish.case.number).await?;
    let origin = reverses.and_then(|action| action.origin_case);
    let key = merges::moved_key(origin, key);
    if let Some(known) = actions::by_key(tx, wish.case.number, &key).await? {
        return Ok(known);
    }
    let target = target(tx, wish, plan, origin).await?;
    alone(tx, wish, plan, &target).await?;
    let waits = plan.needs_approval();
    let run_at_ms = (!waits).then_some(wish.now_ms + wish.undo_ms);
    let new = actions::New {
        case: wish.case.number,
        origin,
        plan,
        target: &target,
        state: if waits { ActionState::Waiting } else { ActionState::Queued },
        asked_by: &wish.actor.name,
        asked_by_id: wish.person,
        why,
        run_at_ms,
        reverses: reverses.map(|action| action.id),
        request_key: (!key.is_empty()).then_some(&key),
    };
    let Some(id) = actions::insert(tx, new, wish.now_ms).await? else {
        return Err(ReviewError::Conflict("This was asked for already.".to_owned()));
    };
    if let Some(at) = run_at_ms {
        carry::enqueue(tx, id, at).await?;
    }
    tell(tx, wish, "action_asked", &asked(plan, why, origin), id).await?;
    Ok(id)
}

/// What it is done on: what takes an action back is done where that was done, also where its case is part of another one
/// now.
async fn target(tx: &mut Tx, wish: Wish<'_>, plan: &Plan, origin: Option<i64>) -> Result<String, ReviewError> {
    let sensor_id = match origin {
        Some(origin) => cases::by_number(tx, origin).await?.sensor_id,
        None => wish.case.sensor_id,
    };
    Ok(plan.target(&sensors::by_id(tx, sensor_id).await?.sid))
}

/// Two who press at once come one after the other, and the second one sees what the first one asked for.
async fn take_turns(tx: &mut Tx, case: i64) -> Result<(), ReviewError> {
    merges::lock(tx, &[case]).await?;
    crate::review::whole(&cases::by_number(tx, case).await?)
}

/// A wish in words, for the timeline.
fn asked(plan: &Plan, why: &str, origin: Option<i64>) -> String {
    let host = origin.map(|case| format!(" (the host of case #{case})")).unwrap_or_default();
    let because = if why.is_empty() { String::new() } else { format!(": {why}") };
    let then = if plan.needs_approval() { "; it waits for a second person" } else { "" };
    format!("Asked to {}{host}{because}{then}", plan.words())
}

/// Whether anything can be run, and reason and key be stored on both databases.
fn askable(wish: Wish<'_>, why: &str, key: &str) -> Result<(), ReviewError> {
    if !wish.connected {
        return invalid("kind", "Nothing can be run: no LimaCharlie key is set up for this organisation.");
    }
    if why.chars().count() > LONGEST_WHY || why.contains('\0') {
        return invalid("why", format!("At most {LONGEST_WHY} characters, and no NUL."));
    }
    // As keys of what came with another case are told apart.
    if key.split_once('/').is_some_and(|(case, _)| case.parse::<i64>().is_ok()) {
        return invalid("idempotency_key", "Must not begin with a number and a slash.");
    }
    if key.len() > LONGEST_KEY || key.contains('\0') {
        return invalid("idempotency_key", format!("At most {LONGEST_KEY} bytes, and no NUL."));
    }
    Ok(())
}

/// One wish at a time for one target: the second of two people who press at once is told.
async fn alone(tx: &mut Tx, wish: Wish<'_>, plan: &Plan, target: &str) -> Result<(), ReviewError> {
    let same = |other: &Action| {
        other.kind == plan.kind() && other.target == target && other.state.under_way() && !other.recorded
    };
    match actions::of_case(tx, wish.case.number).await?.into_iter().find(same) {
        None => Ok(()),
        Some(other) => {
            let text = format!("{} asked for the same: {}.", other.asked_by, other.state.label().to_lowercase());
            Err(ReviewError::Conflict(text))
        }
    }
}

/// Approves an action that waits for a second person.
///
/// # Errors
/// `Invalid` where the actor asked for it or is a program, `Conflict` where it does not wait any more.
pub async fn approve(tx: &mut Tx, wish: Wish<'_>, id: i64) -> Result<(), ReviewError> {
    let (action, plan) = found(tx, wish, id).await?;
    let Some(person) = wish.person.filter(|_| wish.actor.kind == ActorKind::Person) else {
        return invalid("action", "A person has to approve it.");
    };
    if action.is_of(person, &wish.actor.name) {
        return invalid("action", "You asked for it: somebody else has to approve it.");
    }
    let at = wish.now_ms + wish.undo_ms;
    let step = (ActionState::Waiting, ActionState::Queued);
    if actions::decide(tx, id, step, &wish.actor.name, Some(at), wish.now_ms).await? == 0 {
        return Err(moved_on(&action));
    }
    carry::enqueue(tx, id, at).await?;
    tell(tx, wish, "action_approved", &format!("Approved what {} asked: {}", action.asked_by, plan.words()), id).await
}

/// Turns down an action that waits for a second person, or takes one back that did not start.
///
/// # Errors
/// `Conflict` where it started or ended meanwhile.
pub async fn reject(tx: &mut Tx, wish: Wish<'_>, id: i64) -> Result<(), ReviewError> {
    let (action, plan) = found(tx, wish, id).await?;
    let own = wish.person.map_or(action.asked_by == wish.actor.name, |id| action.is_of(id, &wish.actor.name));
    let to = match action.state {
        ActionState::Waiting if !own => ActionState::Rejected,
        ActionState::Waiting | ActionState::Queued => ActionState::Cancelled,
        _ => return Err(moved_on(&action)),
    };
    if actions::decide(tx, id, (action.state, to), &wish.actor.name, None, wish.now_ms).await? == 0 {
        return Err(moved_on(&action));
    }
    let text = format!("{}: {}, asked by {}", to.label(), plan.words(), action.asked_by);
    tell(tx, wish, "action_taken_back", &text, id).await
}

/// Asks for what takes a done action back.
///
/// # Errors
/// `Invalid` where nothing takes it back, `Conflict` where it is not done or that was asked for already.
pub async fn reverse(tx: &mut Tx, wish: Wish<'_>, id: i64, why: &str, key: &str) -> Result<i64, ReviewError> {
    take_turns(tx, wish.case.number).await?;
    let (action, plan) = found(tx, wish, id).await?;
    let Some(back) = plan.reverse() else { return invalid("action", "Nothing takes this back.") };
    if action.state != ActionState::Done {
        return Err(moved_on(&action));
    }
    let reason =
        if why.trim().is_empty() { format!("reverses what {} asked", action.asked_by) } else { why.to_owned() };
    insert(tx, wish, &back, &reason, (Some(&action), key)).await
}

/// Asks for what takes an action back that started, whether it is done or nobody knows: what brought it about was taken
/// back.
///
/// # Errors
/// `Invalid` where nothing takes it back, `Conflict` where that was asked for already.
pub(crate) async fn compensate(tx: &mut Tx, wish: Wish<'_>, id: i64, why: &str) -> Result<i64, ReviewError> {
    take_turns(tx, wish.case.number).await?;
    let (action, plan) = found(tx, wish, id).await?;
    let Some(back) = plan.reverse() else { return invalid("action", "Nothing takes this back.") };
    insert(tx, wish, &back, why, (Some(&action), "")).await
}

/// Says what became of an action whose effect nobody knows.
///
/// # Errors
/// `Conflict` where that is known.
pub async fn settle(tx: &mut Tx, wish: Wish<'_>, id: i64, took_effect: bool) -> Result<(), ReviewError> {
    let (action, plan) = found(tx, wish, id).await?;
    if action.state != ActionState::Unknown {
        return Err(moved_on(&action));
    }
    let (state, word) =
        if took_effect { (ActionState::Done, "took effect") } else { (ActionState::Failed, "had no effect") };
    let result = format!("{} says that it {word}", wish.actor.name);
    actions::end(tx, id, state, &result, wish.now_ms).await?;
    actions::attempt(tx, id, &result, wish.now_ms).await?;
    tell(tx, wish, "action_settled", &format!("Says that this {word}: {}", plan.words()), id).await
}

/// Asks the sensor whether an action of unknown effect took effect. It changes nothing there.
///
/// # Errors
/// `Invalid` where the sensor can't be asked, `Conflict` where the effect is known.
pub async fn check(tx: &mut Tx, wish: Wish<'_>, id: i64) -> Result<(), ReviewError> {
    let (action, plan) = found(tx, wish, id).await?;
    if action.state != ActionState::Unknown {
        return Err(moved_on(&action));
    }
    if !plan.can_be_checked() {
        return invalid("action", "The sensor can't be asked about this. Say what became of it.");
    }
    carry::enqueue_check(tx, id, wish.now_ms).await?;
    tell(tx, wish, "action_check", &format!("Asked whether this took effect: {}", plan.words()), id).await
}

/// An action of this case and what it does; one that was recorded can't be touched and is as if it were not there.
async fn found(tx: &mut Tx, wish: Wish<'_>, id: i64) -> Result<(Action, Plan), ReviewError> {
    let action = actions::by_id(tx, id).await?.filter(|action| action.case_number == wish.case.number);
    let plan = action.as_ref().and_then(Action::plan);
    match (action, plan) {
        (Some(action), Some(plan)) => Ok((action, plan)),
        _ => Err(ReviewError::Missing("action")),
    }
}

fn moved_on(action: &Action) -> ReviewError {
    ReviewError::Conflict(format!("This action is not where it was: {}.", action.state.label().to_lowercase()))
}

async fn tell(tx: &mut Tx, wish: Wish<'_>, kind: &str, text: &str, id: i64) -> Result<(), ReviewError> {
    let change = Change {
        org_id: wish.case.org_id,
        case: wish.case.number,
        kind,
        text,
        old: "",
        new: &format!("action:{id}"),
        run: None,
        undo: None,
    };
    record(tx, wish.actor, change, wish.now_ms).await?;
    Ok(())
}
