//! How an action is done: one file for each kind, registered in [`of`].
use super::{hunt, isolation, sweep, tags, task};
use crate::domain::Detection;
use crate::domain::action::Plan;
use crate::domain::evidence::Piece;
use crate::limacharlie::ids::BadId;
use crate::limacharlie::{Client, Error};
use async_trait::async_trait;
use std::str::FromStr;

/// What an action is done with.
pub struct On<'a> {
    /// The organisation's LimaCharlie.
    pub client: &'a Client,
    /// The sensor.
    pub sid: &'a str,
    /// What exactly.
    pub plan: &'a Plan,
    /// The case's newest detection, where it can be read.
    pub detection: Option<&'a Detection>,
    /// The action's id: the other side's replies carry it.
    pub action: i64,
}

/// How far it came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Came {
    /// It took effect.
    Done(String),
    /// The other side took it; the effect is awaited.
    Awaited(String),
    /// It was a question, and this is the answer.
    Found(String, Box<Piece>),
    /// It is certain that it did not take effect.
    Not(String),
}

/// Why it did not come to anything.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Trouble {
    /// It certainly had no effect and may be tried again.
    #[error("{0}")]
    Again(String),
    /// It certainly had no effect, and another try would end the same way.
    #[error("{0}")]
    Failed(String),
    /// Nobody knows whether it had an effect.
    #[error("{0}")]
    Unknown(String),
}

/// A kind of action.
#[async_trait]
pub trait Effect: Send + Sync {
    /// Does it, once.
    ///
    /// # Errors
    /// See [`Trouble`].
    async fn run(&self, on: &On<'_>) -> Result<Came, Trouble>;

    /// Asks whether it took effect; changes nothing.
    ///
    /// # Errors
    /// See [`Trouble`].
    async fn check(&self, on: &On<'_>) -> Result<Came, Trouble> {
        let _ = on;
        Err(Trouble::Failed("the sensor can't be asked about this".to_owned()))
    }
}

/// Who does it; nothing for kinds that are not done on a sensor.
pub fn of(plan: &Plan) -> Option<&'static dyn Effect> {
    match plan {
        Plan::AddTag { .. } | Plan::RemoveTag { .. } => Some(&tags::Tags),
        Plan::Isolate | Plan::Rejoin => Some(&isolation::Isolation),
        Plan::Task { .. } => Some(&task::Task),
        Plan::Sweep { .. } => Some(&sweep::Sweep),
        Plan::Hunt { .. } => Some(&hunt::Hunt),
    }
}

/// A text as what it has to be before it may become part of a request.
///
/// # Errors
/// `Failed`: nothing was sent.
pub(super) fn id<T: FromStr<Err = BadId>>(text: &str) -> Result<T, Trouble> {
    text.parse().map_err(|bad: BadId| Trouble::Failed(bad.to_string()))
}

/// What a failed call means for an action: only what certainly never arrived may be tried again.
#[expect(clippy::needless_pass_by_value, reason = "it is what `map_err` hands over")]
pub(super) fn trouble(error: Error) -> Trouble {
    let text = error.to_string();
    match error {
        Error::Unreachable(_) | Error::RateLimited { .. } => Trouble::Again(text),
        Error::Unknown(_) | Error::Timeout(_) => Trouble::Unknown(text),
        Error::SignIn(_) | Error::Refused { .. } | Error::NotFound | Error::Conflict | Error::Bad(_) => {
            Trouble::Failed(text)
        }
    }
}
