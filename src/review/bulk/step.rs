//! The next cases of an act: each is looked at again, then decided as if it were alone.
use super::act::ledger;
use super::{by_case, look, take_back};
use crate::limits::BULK_STEP;
use crate::review::declare::{By, declare_as};
use crate::review::{Declaration, ReviewError};
use crate::store::bulk::{self, Act, ActState, Facts, Fate, Member, MemberState, Purpose, Said, Why};
use crate::store::{Actor, ActorKind, Scope, Tx};
use std::collections::HashMap;

/// Decides the next cases of an act, or takes them back; `false` where none is left to work on.
///
/// # Errors
/// Where the database refuses; then the transaction must not be committed.
pub async fn step(tx: &mut Tx, id: i64, now_ms: i64) -> Result<bool, ReviewError> {
    let Some(act) = bulk::locked(tx, id).await? else { return Ok(false) };
    let (from, ended) = match act.state {
        ActState::Running => (MemberState::Waiting, ActState::Done),
        ActState::Undoing => (MemberState::Done, ActState::Undone),
        ActState::Done | ActState::Undone | ActState::Failed => return Ok(false),
    };
    let members = bulk::next(tx, id, from, BULK_STEP).await?;
    let fates = match act.state {
        ActState::Undoing => take_back::members(tx, &act, &members, now_ms).await?,
        _ => decide(tx, &act, &members, now_ms).await?,
    };
    bulk::settle(tx, id, &fates).await?;
    // The end is told with the last cases, so that whoever hears of those sees it.
    let last = i64::try_from(members.len()).is_ok_and(|count| count < BULK_STEP);
    if last || bulk::next(tx, id, from, 1).await?.is_empty() {
        bulk::move_to(tx, id, ended, "", now_ms).await?;
        ledger(tx, &actor(&act), id, &format!("bulk_{ended}"), "", now_ms).await?;
        return Ok(false);
    }
    Ok(true)
}

/// Whoever acts, or takes back.
pub(super) fn actor(act: &Act) -> Actor {
    let name = if act.state == ActState::Undoing { &act.undone_by } else { &act.actor };
    Actor {
        kind: ActorKind::Person,
        name: name.clone(),
        client: act.client.clone(),
        request_id: act.request_id.clone(),
    }
}

/// What some members hold now, by number.
pub(super) async fn now(tx: &mut Tx, act: &Act, members: &[Member]) -> Result<HashMap<i64, Facts>, ReviewError> {
    let numbers: Vec<_> = members.iter().map(|member| member.case_number).collect();
    let found = bulk::facts(tx, Scope::user(act.user_id), &numbers, Purpose::Change).await?;
    Ok(found.into_iter().map(|facts| (facts.case.number, facts)).collect())
}

async fn decide(tx: &mut Tx, act: &Act, members: &[Member], now_ms: i64) -> Result<Vec<Fate>, ReviewError> {
    let now = now(tx, act, members).await?;
    let numbers: Vec<_> = members.iter().map(|member| member.case_number).collect();
    let said = by_case(bulk::said(tx, &numbers).await?);
    let mut fates = Vec::with_capacity(members.len());
    for member in members {
        let facts = now.get(&member.case_number);
        let said = said.get(&member.case_number).map_or(&[][..], Vec::as_slice);
        let fate = match against(member, facts, said) {
            Some((why, detail)) => left_out(member, why, detail),
            None => declared(tx, act, member, facts, now_ms).await?,
        };
        fates.push(fate);
    }
    Ok(fates)
}

/// Why a member can't be decided any more. A version and the number of behaviours tell whether it still is what it
/// was compared as.
fn against(member: &Member, facts: Option<&Facts>, said: &[Said]) -> Option<(Why, String)> {
    let Some(facts) = facts else { return Some((Why::Gone, String::new())) };
    let why = look::why(&facts.case, said).filter(|(why, _)| Some(*why) != member.why);
    let changed = (facts.case.version, facts.behaviours) != (member.version, member.behaviours);
    why.or_else(|| changed.then(|| (Why::Changed, "It changed after it was chosen.".to_owned())))
}

fn left_out(member: &Member, why: Why, detail: String) -> Fate {
    Fate { case_number: member.case_number, state: MemberState::LeftOut, why: Some(why), detail, event_id: None }
}

async fn declared(
    tx: &mut Tx,
    act: &Act,
    member: &Member,
    facts: Option<&Facts>,
    now_ms: i64,
) -> Result<Fate, ReviewError> {
    let Some(facts) = facts else { return Ok(left_out(member, Why::Gone, String::new())) };
    let declaration = Declaration {
        verdict: act.verdict,
        reason: act.reason.clone(),
        note: act.note.clone(),
        close: act.close,
        version: Some(member.version),
    };
    let how = format!(", in one act over {} cases (bulk {})", act.members, act.id);
    let actor = actor(act);
    let by = By { actor: &actor, act: Some(act.id) };
    match declare_as(tx, by, &facts.case, &declaration, &how, now_ms).await {
        Ok(event_id) => Ok(Fate {
            case_number: member.case_number,
            state: MemberState::Done,
            why: None,
            detail: String::new(),
            event_id,
        }),
        Err(ReviewError::Store(error)) => Err(error.into()),
        Err(refused) => Ok(left_out(member, Why::Changed, refused.to_string())),
    }
}
