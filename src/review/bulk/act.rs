//! Beginning an act over many cases, and taking it back. Both leave a job behind, so that what was begun is
//! carried to its end whatever becomes of the process.
use super::{Plan, Why};
use crate::domain::{Verdict, reason};
use crate::jobs::bulk as job;
use crate::limits::{BULK_AT_ONCE, BULK_TAKE_UP_MS};
use crate::review::ReviewError;
use crate::store::bulk::{self, Act, ActState, New};
use crate::store::record::{Entry, audit};
use crate::store::{Actor, Tx};

/// The longest note in bytes.
const LONGEST_NOTE: usize = 64 * 1024;

/// What a person wants to declare of many cases.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Wanted<'a> {
    /// The verdict.
    pub verdict: Verdict,
    /// The reason's code, or empty.
    pub reason: &'a str,
    /// A note for each case, or empty.
    pub note: &'a str,
    /// Whether the cases are closed as well.
    pub close: bool,
    /// What tells this form from all others of the person.
    pub token: &'a str,
}

impl Wanted<'_> {
    fn check(&self, plan: &Plan) -> Result<(), ReviewError> {
        let known = reason::of(self.verdict);
        if matches!(self.verdict, Verdict::TruePositive | Verdict::Pending) {
            return ReviewError::invalid("verdict", "A true positive is declared one case at a time.");
        }
        if !self.reason.is_empty() && !known.iter().any(|(code, _)| *code == self.reason) {
            let codes = known.iter().map(|(code, _)| *code).collect::<Vec<_>>().join(", ");
            let text = format!("This reason does not fit the verdict. It must be one of {codes}.");
            return ReviewError::invalid("reason", text);
        }
        if self.note.len() > LONGEST_NOTE {
            return ReviewError::invalid("note", "A note holds at most 64 KiB.");
        }
        let undetermined = self.verdict == Verdict::Undetermined;
        if undetermined && self.note.trim().is_empty() {
            return ReviewError::invalid("note", "Write what is missing.");
        }
        if self.reason.is_empty() && undetermined && self.close {
            return ReviewError::invalid("reason", "Closing without a verdict needs a reason.");
        }
        if self.reason.is_empty() && plan.left_out(Why::Split).any(|member| member.back) {
            return ReviewError::invalid("reason", "Give a reason, because the voters do not agree.");
        }
        if plan.going() == 0 {
            return ReviewError::invalid("numbers", "All of these cases are left out.");
        }
        Ok(())
    }
}

/// Begins an act; returns its id, the earlier one's where this person has sent the form before.
///
/// # Errors
/// `Invalid` where a field is wrong or nothing is left to decide, otherwise where the database refuses.
pub async fn begin(
    tx: &mut Tx,
    (actor, user_id): (&Actor, i64),
    wanted: Wanted<'_>,
    plan: &Plan,
    now_ms: i64,
) -> Result<i64, ReviewError> {
    wanted.check(plan)?;
    let new = New {
        user_id,
        actor: &actor.name,
        client: &actor.client,
        request_id: &actor.request_id,
        token: wanted.token,
        verdict: wanted.verdict,
        reason: wanted.reason,
        note: wanted.note.trim_end(),
        close: wanted.close,
    };
    let Some(id) = bulk::insert(tx, &new, &plan.members, now_ms).await? else {
        let before = bulk::by_token(tx, user_id, wanted.token).await?;
        return before.map(|act| act.id).ok_or_else(|| sqlx::Error::RowNotFound.into());
    };
    let said =
        format!("{} over {} cases, {} left out", wanted.verdict, plan.going(), plan.members.len() - plan.going());
    ledger(tx, actor, id, "bulk", &said, now_ms).await?;
    job::enqueue(tx, id, due(plan.going(), now_ms)).await?;
    Ok(id)
}

/// When the job is due: at once for many cases; for few the request does the work itself.
fn due(cases: usize, now_ms: i64) -> i64 {
    if cases > BULK_AT_ONCE { now_ms } else { now_ms + BULK_TAKE_UP_MS }
}

/// Begins to take an act back; `false` where that was done already.
///
/// # Errors
/// Where the database refuses.
pub async fn undo(tx: &mut Tx, actor: &Actor, act: &Act, now_ms: i64) -> Result<bool, ReviewError> {
    // Nobody works on it while its state moves.
    let Some(act) = bulk::locked(tx, act.id).await? else { return Ok(false) };
    if !bulk::move_to(tx, act.id, ActState::Undoing, "", now_ms).await? {
        return Ok(false);
    }
    bulk::stop(tx, act.id).await?;
    bulk::undone_by(tx, act.id, actor).await?;
    ledger(tx, actor, act.id, "bulk_undo", &format!("{} cases", act.done), now_ms).await?;
    job::enqueue(tx, act.id, due(usize::try_from(act.done).unwrap_or_default(), now_ms)).await?;
    Ok(true)
}

/// A line of the ledger about an act itself.
pub(super) async fn ledger(
    tx: &mut Tx,
    actor: &Actor,
    act: i64,
    action: &str,
    new: &str,
    now_ms: i64,
) -> Result<(), ReviewError> {
    let object = format!("bulk:{act}");
    Ok(audit(tx, actor, None, &Entry { action, object: &object, old: "", new }, now_ms).await?)
}
