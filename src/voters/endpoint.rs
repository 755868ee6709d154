//! A server as all its voters see it: one client, one queue, one circuit breaker.
use super::call::Trouble;
use super::turn::{Place, Turns};
use super::{Reply, Said};
use crate::domain::Failure;
use crate::outbound::{NoClient, client};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// So many failures in a row open the circuit …
const BREAKER_FAILURES: u32 = 5;
/// … for so long.
const BREAKER_OPEN: Duration = Duration::from_mins(1);

/// What the voters with one address share.
pub struct Endpoint {
    /// The connections.
    pub client: reqwest::Client,
    /// Who is served, and who waits.
    pub turns: Arc<Turns>,
    /// Whether it is asked at all.
    pub breaker: Breaker,
}

impl Endpoint {
    /// Waits for a turn; `model` is empty where it does not matter. Tells how long it took.
    ///
    /// # Errors
    /// The reply, where the server is left alone by then.
    pub async fn enter(&self, model: &str) -> Result<(Option<Place>, Duration), Reply> {
        let arrived = Instant::now();
        let place = self.turns.wait(model).await;
        let waited = arrived.elapsed();
        let Some(rest) = self.breaker.rest() else { return Ok((place, waited)) };
        let why = format!("not asked: it failed five times in a row and rests for {} s", rest.as_secs() + 1);
        Err(Reply { attempts: 0, waited, ..Reply::bare(Said::Failed(Failure::Http, why)) })
    }
}

/// The endpoints of a panel by their address.
#[derive(Default)]
pub struct Endpoints(Mutex<HashMap<String, Arc<Endpoint>>>);

impl Endpoints {
    /// The endpoint at an address. It serves as many at once as the most generous of its voters allows.
    ///
    /// # Errors
    /// Where TLS can't be set up.
    pub fn at(&self, base_url: &str, concurrency: usize) -> Result<Arc<Endpoint>, NoClient> {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(endpoint) = known.get(base_url) {
            endpoint.turns.widen(concurrency);
            return Ok(Arc::clone(endpoint));
        }
        let endpoint =
            Arc::new(Endpoint { client: client()?, turns: Turns::new(concurrency), breaker: Breaker::default() });
        known.insert(base_url.to_owned(), Arc::clone(&endpoint));
        Ok(endpoint)
    }
}

/// Leaves a server alone for a minute once it has failed five times in a row. The first failure
/// after the minute starts another one.
#[derive(Default)]
pub struct Breaker(Mutex<Count>);

#[derive(Default)]
struct Count {
    failures: u32,
    open_until: Option<Instant>,
}

impl Breaker {
    /// How long the server is left alone; nothing while it may be asked.
    pub fn rest(&self) -> Option<Duration> {
        let count = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let rest = count.open_until?.saturating_duration_since(Instant::now());
        (!rest.is_zero()).then_some(rest)
    }

    /// Counts a vote. A model that is not there says nothing about its server, neither good nor bad.
    pub fn count(&self, trouble: Option<&Trouble>) {
        match trouble {
            Some(Trouble { failure: Failure::Http, server: false, .. }) => {}
            other => self.note(other.is_some_and(|trouble| trouble.server)),
        }
    }

    fn note(&self, failed: bool) {
        let mut count = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        count.failures = if failed { count.failures.saturating_add(1) } else { 0 };
        count.open_until = (count.failures >= BREAKER_FAILURES).then(|| Instant::now() + BREAKER_OPEN);
    }
}
