//! Taking back what an act decided: each case goes back to where it stood, unless somebody decided otherwise since.
use super::step::{actor, now};
use crate::review::{ReviewError, undo};
use crate::store::Tx;
use crate::store::bulk::{Act, Fate, Member, MemberState, Why};

/// Takes some members back.
pub(super) async fn members(tx: &mut Tx, act: &Act, members: &[Member], now_ms: i64) -> Result<Vec<Fate>, ReviewError> {
    let now = now(tx, act, members).await?;
    let mut fates = Vec::with_capacity(members.len());
    for member in members {
        let stays = |why, detail| Fate {
            case_number: member.case_number,
            state: MemberState::Stayed,
            why: Some(why),
            detail,
            event_id: None,
        };
        let (Some(facts), Some(event)) = (now.get(&member.case_number), member.event_id) else {
            fates.push(stays(Why::Gone, String::new()));
            continue;
        };
        // Who may take the act back was asked before.
        fates.push(match undo(tx, &actor(act), &facts.case, event, true, now_ms).await {
            Ok(_) => Fate { state: MemberState::Undone, why: None, ..stays(Why::Since, String::new()) },
            Err(ReviewError::Store(error)) => return Err(error.into()),
            Err(refused) => stays(Why::Since, refused.to_string()),
        });
    }
    Ok(fates)
}
