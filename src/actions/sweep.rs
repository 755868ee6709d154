//! Reads what a sensor did around the detection's event. It changes nothing there; what it finds is kept as evidence.
use super::effect::{Came, Effect, On, Trouble};
use crate::clock::now_ms;
use crate::domain::action::Plan;
use crate::domain::evidence::{EvidenceState, Piece};
use crate::jobs::evidence;
use crate::limacharlie::Error;
use crate::limits;
use async_trait::async_trait;

/// The activity sweep.
pub struct Sweep;

#[async_trait]
impl Effect for Sweep {
    async fn run(&self, on: &On<'_>) -> Result<Came, Trouble> {
        let (Plan::Sweep { minutes }, Some(detection)) = (on.plan, on.detection) else {
            return Err(Trouble::Failed("there is no detection to look around".to_owned()));
        };
        let sweep = evidence::sweep(on.client, detection, *minutes, now_ms());
        found(tokio::time::timeout(limits::SWEEP, sweep).await)
    }
}

/// What came of a question. A question has no effect, so that any passing failure may be tried again.
pub(super) fn found(answer: Result<Result<Piece, Error>, tokio::time::error::Elapsed>) -> Result<Came, Trouble> {
    match answer {
        Err(_) => Err(Trouble::Again(format!("LimaCharlie did not answer within {} s.", limits::SWEEP.as_secs()))),
        Ok(Err(error)) if error.is_passing() => Err(Trouble::Again(error.to_string())),
        Ok(Err(error)) => Err(Trouble::Failed(error.to_string())),
        Ok(Ok(piece)) if piece.state == EvidenceState::Failed => Err(Trouble::Failed(piece.text)),
        Ok(Ok(piece)) => Ok(Came::Found(piece.text.clone(), Box::new(piece))),
    }
}
