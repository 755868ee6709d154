//! One question to an intelligence provider: the kept answer, else the quota, then the question itself, and what came of it.
use super::Worker;
use crate::clock::now_ms;
use crate::domain::intel::{IntelState, Opinion, Query};
use crate::intel::{Provider, Seat, Trouble};
use crate::limits;
use crate::secret::Key;
use crate::store::lookups::{self, Leave};
use crate::store::{JsonText, intel};
use std::time::Duration;
use tokio::time::{Instant, timeout_at};

/// What came of a question.
#[derive(Debug, Clone, PartialEq)]
pub struct Outcome {
    /// In one word.
    pub state: IntelState,
    /// Why there is no answer, or empty.
    pub why: String,
    /// The answer.
    pub opinion: Option<Opinion>,
    /// When it was given; an answer that was kept is older than now.
    pub at_ms: i64,
    /// When the question may be asked, or asked again.
    pub again_ms: Option<i64>,
}

impl Outcome {
    fn said(opinion: Option<Opinion>, at_ms: i64) -> Self {
        let state = if opinion.is_some() { IntelState::Answered } else { IntelState::Unknown };
        Self { state, why: String::new(), opinion, at_ms, again_ms: None }
    }

    fn waits(why: String, until_ms: i64, now_ms: i64) -> Self {
        Self { state: IntelState::Waiting, why, opinion: None, at_ms: now_ms, again_ms: Some(until_ms) }
    }

    /// It is not asked, for a reason.
    pub fn withheld(why: &str, now_ms: i64) -> Self {
        Self { state: IntelState::Withheld, why: why.to_owned(), opinion: None, at_ms: now_ms, again_ms: None }
    }

    /// It was asked in vain.
    pub fn failed(why: String, again_ms: Option<i64>, now_ms: i64) -> Self {
        Self { state: IntelState::Failed, why, opinion: None, at_ms: now_ms, again_ms }
    }

    /// Whether the provider answered, be it that it knows nothing.
    pub const fn is_certain(&self) -> bool {
        matches!(self.state, IntelState::Answered | IntelState::Unknown)
    }

    /// Writes it into a row; `tries` of a question that fails go up.
    pub fn write(&self, row: &mut intel::Answer) {
        row.state = self.state;
        row.why.clone_from(&self.why);
        row.payload = JsonText(self.opinion.as_ref().map_or(serde_json::Value::Null, |said| serde_json::json!(said)));
        row.fetched_ms = self.at_ms;
        row.tries = if self.state == IntelState::Failed { row.tries + 1 } else { row.tries };
        let tries = usize::try_from(row.tries).unwrap_or(usize::MAX);
        let over = self.state == IntelState::Failed && tries > limits::INTEL_AGAIN_MS.len();
        let wait = limits::INTEL_AGAIN_MS.get(tries.saturating_sub(1)).copied().unwrap_or_default();
        row.due_ms = self.again_ms.filter(|_| !over).map(|again| match self.state {
            IntelState::Failed => again.max(self.at_ms + wait),
            _ => again,
        });
    }
}

/// Asks a provider about a value. The question begins before `until` or not at all; it has its own deadline.
///
/// # Errors
/// Where the database refuses.
pub async fn ask(worker: &Worker, seat: &Seat, query: &Query, until: Instant) -> Result<Outcome, sqlx::Error> {
    let provider = seat.provider.as_ref();
    if provider.is_local() {
        let now = now_ms();
        return Ok(provider.ask(query).await.map_or_else(
            |trouble| Outcome::failed(told(provider, &trouble), None, now),
            |said| Outcome::said(said, now),
        ));
    }
    if let Some(kept) = kept(worker, provider, query).await? {
        return Ok(kept);
    }
    // Without a key nobody can be asked: that takes nothing from the quotas and is no failure of theirs.
    if let Some(Err(why)) = provider.key().map(usable) {
        let now = now_ms();
        return Ok(Outcome::failed(format!("{} is not asked: {why}.", provider.label()), Some(now), now));
    }
    let Ok(_turn) = timeout_at(until, seat.turn.lock()).await else { return Ok(late()) };
    // Another case may have asked the same while this one waited for its turn.
    if let Some(kept) = kept(worker, provider, query).await? {
        return Ok(kept);
    }
    if Instant::now() >= until {
        return Ok(late());
    }
    if let Some(waits) = reserve(worker, provider).await? {
        return Ok(waits);
    }
    let said = seat.ask(query, worker.intel.settings.patience).await;
    settle(worker, provider, query, said).await
}

/// Why there is no key to use.
fn usable(key: &Key) -> Result<(), String> {
    let key = key.now().map_err(|error| error.to_string())?;
    key.map(drop).ok_or_else(|| "no key is set".to_owned())
}

fn late() -> Outcome {
    let now = now_ms();
    Outcome::waits("There was no time left to ask before the vote.".to_owned(), now, now)
}

async fn kept(worker: &Worker, provider: &dyn Provider, query: &Query) -> Result<Option<Outcome>, sqlx::Error> {
    let mut tx = worker.store.read().await?;
    let kept = lookups::cached(&mut tx, provider.name(), query.kind, &query.value, now_ms()).await?;
    Ok(kept.map(|kept| Outcome::said(Some(kept.payload.0).filter(|_| kept.known), kept.fetched_ms)))
}

/// Takes a question from the quotas; otherwise what to say.
///
/// # Errors
/// Where the database refuses.
pub async fn reserve(worker: &Worker, provider: &dyn Provider) -> Result<Option<Outcome>, sqlx::Error> {
    let (now, quota) = (now_ms(), provider.quota());
    let mut tx = worker.store.write().await?;
    let leave = lookups::reserve(&mut tx, provider.name(), (quota.per_minute, quota.per_day), now).await?;
    tx.commit().await?;
    let label = provider.label();
    let (why, until) = match leave {
        Leave::Go => return Ok(None),
        Leave::Minute(until) => {
            (format!("The quota of {} questions a minute to {label} is used up.", quota.per_minute), until)
        }
        Leave::Day(until) => (format!("The quota of {} questions a day to {label} is used up.", quota.per_day), until),
        Leave::Quiet(until, error) => (format!("{label} is left alone for a while: {error}."), until),
    };
    Ok(Some(Outcome::waits(why, until, now)))
}

fn told(provider: &dyn Provider, trouble: &Trouble) -> String {
    format!("{} gave no answer: {trouble}.", provider.label())
}

/// Keeps what came of a question, and how the provider fares.
async fn settle(
    worker: &Worker,
    provider: &dyn Provider,
    query: &Query,
    said: Result<Option<Opinion>, Trouble>,
) -> Result<Outcome, sqlx::Error> {
    let (now, name) = (now_ms(), provider.name());
    let mut tx = worker.store.write().await?;
    let outcome = match said {
        Ok(said) => {
            let settings = &worker.intel.settings;
            let keep = if said.is_some() { settings.keep_ms } else { settings.keep_unknown_ms };
            lookups::answered(&mut tx, name, now).await?;
            lookups::keep(&mut tx, name, (query.kind, &query.value), said.as_ref(), (now, now + keep)).await?;
            Outcome::said(said, now)
        }
        Err(trouble) => {
            let failures = lookups::failed(&mut tx, name, &trouble.to_string(), now).await?;
            let quiet_until = quiet_ms(&trouble, failures).map(|wait| now + wait);
            if let Some(until) = quiet_until {
                lookups::leave_alone(&mut tx, name, until).await?;
            }
            match trouble {
                Trouble::Limited(_) => {
                    let why =
                        format!("{} was asked too often and wants to be left alone for a while.", provider.label());
                    Outcome::waits(why, quiet_until.unwrap_or(now), now)
                }
                Trouble::Refused(_) => Outcome::failed(told(provider, &trouble), None, now),
                _ => Outcome::failed(told(provider, &trouble), Some(now), now),
            }
        }
    };
    tx.commit().await?;
    Ok(outcome)
}

/// For how long a provider is left alone after a failure, the so many-th in a row.
fn quiet_ms(trouble: &Trouble, failures: i64) -> Option<i64> {
    match trouble {
        Trouble::Refused(_) => Some(limits::INTEL_REFUSED_MS),
        Trouble::Limited(wait) => {
            let usual = Duration::from_mins(1) * 2_u32.pow(u32::try_from(failures.clamp(1, 5)).unwrap_or(1) - 1);
            let wait = i64::try_from(wait.unwrap_or(usual).as_millis()).unwrap_or(i64::MAX);
            Some(wait.clamp(1_000, limits::INTEL_QUIET_MS))
        }
        _ => (failures >= limits::INTEL_FAILURES).then_some(60_000),
    }
}
