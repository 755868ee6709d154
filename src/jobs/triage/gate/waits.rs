//! What a case waits for although a gate would let the machine close it.
use super::super::super::JobError;
use super::super::follow_up;
use crate::review::gate::{Scopes, about};
use crate::store::cases::Case;
use crate::store::gates::{self as store, Doubt, Gate, Ran};
use crate::store::{Tx, runs};

/// What it waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Waits {
    /// For the clock, by which nobody can tell now how old the reviews of the gate are.
    Clock,
    /// For people, who look again at another case that the machine had closed.
    Doubt(Doubt),
    /// For another vote: a detection joined since the voters were asked, and nobody looked at it yet. What is known is
    /// counted anew then, once; where more go on joining, a person decides.
    Joined,
}

/// What a case waits for, where a gate would let it be closed; `at` is the place of that gate among those of the case,
/// of which the first is its rule's.
pub(super) async fn waits(
    tx: &mut Tx,
    case: &Case,
    (newest, scopes, at): (&Ran, &Scopes, Option<usize>),
    now_ms: i64,
) -> Result<Option<Waits>, JobError> {
    let Some(at) = at else { return Ok(None) };
    if scopes.is_unsure(at) {
        return Ok(Some(Waits::Clock));
    }
    // Whichever gate had closed it, a case of the same rule is as doubtful as this one.
    let asked = [scopes.gates[at].id, scopes.gates[0].id];
    if let Some(doubt) = store::doubts(tx, &asked).await?.first() {
        return Ok(Some(Waits::Doubt(*doubt)));
    }
    let Some(run) = store::overtaken(tx, case.number).await? else { return Ok(None) };
    let run = runs::by_id(tx, run).await?;
    if run.continues.is_none() && run.id == newest.id {
        follow_up(tx, &run, run.tries, now_ms).await?;
    }
    Ok(Some(Waits::Joined))
}

impl Waits {
    /// What the timeline says of it; nothing where another vote follows at once.
    pub(super) fn told(self, gate: &Gate) -> Option<String> {
        let why = match self {
            Self::Joined => return None,
            Self::Clock => {
                "the clock is far ahead of the last run, so nobody can tell how old its reviews are".to_owned()
            }
            Self::Doubt(Doubt { case_number, holder, .. }) if case_number == holder => {
                format!("case #{case_number}, which the machine had closed, is open again and not decided")
            }
            Self::Doubt(Doubt { case_number, holder, .. }) => format!(
                "case #{case_number}, which the machine had closed, belongs to case #{holder}, which is open and not decided"
            ),
        };
        Some(format!("Not closed by the machine under {}: {why}", about(gate)))
    }

    /// What the receipt says of it.
    pub(super) fn words(self) -> String {
        match self {
            Self::Clock => "The clock is far ahead of the last run, so nobody can tell how old reviews are.".to_owned(),
            Self::Joined => "A detection joined after the voters were asked.".to_owned(),
            Self::Doubt(Doubt { case_number, holder, .. }) if case_number == holder => {
                format!("Case #{case_number}, which the machine had closed, is looked at again.")
            }
            Self::Doubt(Doubt { case_number, holder, .. }) => {
                format!("Case #{case_number}, which the machine had closed, is looked at again with case #{holder}.")
            }
        }
    }
}
