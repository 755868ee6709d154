//! What a lead does with a gate: switches it on, declines it, or shuts it. The panel never does.
use super::{Scopes, about, proof};
use crate::domain::{GateEvent, GateState};
use crate::review::ReviewError;
use crate::store::gates::{self, Gate};
use crate::store::{Actor, ActorKind, Tx};

/// The longest note in characters.
const LONGEST: usize = 500;

/// Why nothing is switched on while the clock may be wrong.
const UNSURE: &str =
    "The clock is far ahead of the last run, so nobody can tell how old the reviews are. Try again in a day.";

/// What is to be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// Switch a proposed gate on.
    Activate,
    /// Decline a proposed gate: it begins to count anew.
    Decline,
    /// Shut an active gate: it begins to count anew.
    Suspend,
}

impl Step {
    /// A step by its word in an address.
    pub fn read(word: &str) -> Option<Self> {
        match word {
            "activate" => Some(Self::Activate),
            "decline" => Some(Self::Decline),
            "suspend" => Some(Self::Suspend),
            _ => None,
        }
    }

    const fn from(self) -> GateState {
        match self {
            Self::Activate | Self::Decline => GateState::Proposed,
            Self::Suspend => GateState::Active,
        }
    }
}

/// Takes a step with a gate that the actor may see; whether they are a lead is for the caller. `Some(text)` where the
/// gate had lost its proof by now and was suspended instead: that is kept as well.
///
/// # Errors
/// `Invalid` where the actor is no person or the note too long, `Conflict` where the gate does not stand there any more.
pub async fn step(
    tx: &mut Tx,
    actor: &Actor,
    gate: &Gate,
    (step, note): (Step, &str),
    now_ms: i64,
) -> Result<Option<String>, ReviewError> {
    if actor.kind != ActorKind::Person {
        return ReviewError::invalid("gate", "A person has to do this.");
    }
    let note = note.split_whitespace().collect::<Vec<_>>().join(" ");
    if note.chars().count() > LONGEST {
        return ReviewError::invalid("note", format!("A note has at most {LONGEST} characters."));
    }
    let mut scopes = Scopes::begin(tx, gate.org_id).await?;
    scopes.gates.extend(gates::by_id(tx, gate.id).await?);
    let Some(gate) = scopes.gates.first().filter(|gate| gate.state == step.from()).cloned() else {
        let now = scopes.gates.first().map_or(gate.state, |gate| gate.state);
        let text = format!("{} does not stand there any more: {}.", about(gate), now.label().to_lowercase());
        return Err(ReviewError::Conflict(text));
    };
    scopes.count(tx, now_ms).await?;
    scopes.follow(0, false, now_ms);
    if scopes.gates[0].state == GateState::Suspended {
        let why = scopes.gates[0].state_why.clone();
        scopes.keep(tx, None, now_ms).await?;
        return Ok(Some(format!("{} was suspended by itself: {why}.", about(&gate))));
    }
    if step == Step::Activate && scopes.is_unsure(0) {
        return Err(ReviewError::Conflict(UNSURE.to_owned()));
    }
    let told = |word: &str| if note.is_empty() { word.to_owned() } else { format!("{word}: {note}") };
    match step {
        Step::Activate => {
            scopes.become_(0, (GateState::Active, GateEvent::Activated), actor, &told(&proof(&gate)), now_ms);
        }
        Step::Decline => scopes.suspend(0, actor, &told("declined"), now_ms),
        Step::Suspend => scopes.suspend(0, actor, &told("shut by a person"), now_ms),
    }
    scopes.keep(tx, None, now_ms).await?;
    Ok(None)
}
