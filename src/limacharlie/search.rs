//! Search in LimaCharlie's own language, LCQL: started, asked for until it is done, and always removed.
use super::call::{Effect, Request, encoded};
use super::ids::QueryId;
use super::{Client, Error, Range, Result};
use serde::Deserialize;
use serde_json::json;
use serde_json::value::RawValue;
use std::collections::HashSet;
use std::time::Duration;
use tokio::time::{Instant, sleep};

/// What a search found.
#[derive(Debug, Clone, Default)]
pub struct Found {
    /// Rows exactly as they came, each with `mtd` and `data`.
    pub rows: Vec<Box<RawValue>>,
    /// Whether these are all.
    pub complete: bool,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Started {
    query_id: String,
}

/// The state of a search.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Polled {
    #[serde(default)]
    completed: bool,
    #[serde(default)]
    next_poll_in_ms: Option<u64>,
    #[serde(default)]
    error: Option<String>,
    #[serde(default)]
    results: Option<Vec<Part>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Part {
    #[serde(default, rename = "type")]
    kind: String,
    #[serde(default)]
    rows: Option<Vec<Box<RawValue>>>,
    #[serde(default)]
    next_token: Option<String>,
}

impl Client {
    /// Runs a query over a range until it is done, `most` rows are there, or the time is over; then removes it.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn search(&self, query: &str, range: Range, most: usize, patience: Duration) -> Result<Found> {
        let host = self.host("search").await?;
        let body = json!({
            "oid": self.oid().as_str(), "query": query, "paginated": true,
            "startTime": range.from_s().to_string(), "endTime": range.to_s().to_string(),
        });
        // A second start would leave the first search running: as careful as a write, yet it changes nothing.
        let started = self.send(&Request::post(format!("{host}/v1/search"), Effect::Write).json(&body)).await;
        let started: Started = super::call::json(&started.map_err(|error| match error {
            Error::Unknown(why) => Error::Unreachable(why),
            other => other,
        })?)?;
        let id: QueryId = started.query_id.parse().map_err(|_| Error::Bad("a search without an id".to_owned()))?;
        let found = self.collect(&format!("{host}/v1/search/{id}"), most, Instant::now() + patience).await;
        // A search that could not be removed ends by itself; what was found is worth more.
        if let Err(error) = self.send(&Request::delete(format!("{host}/v1/search/{id}"))).await {
            tracing::warn!(%error, "a search could not be removed from LimaCharlie");
        }
        found
    }

    async fn collect(&self, url: &str, most: usize, until: Instant) -> Result<Found> {
        let mut found = Found::default();
        let (mut token, mut seen) = (None::<String>, HashSet::new());
        loop {
            let query = token.as_deref().map(|token| format!("?{}", encoded(&[("token", token)])));
            let polled: Polled = self.read(&Request::get(format!("{url}{}", query.unwrap_or_default()))).await?;
            if let Some(error) = polled.error.filter(|error| !error.is_empty()) {
                return Err(Error::Bad(super::error::plain(&error)));
            }
            if !polled.completed {
                let wait = Duration::from_millis(polled.next_poll_in_ms.unwrap_or(1000).clamp(50, 10_000));
                if Instant::now() + wait >= until {
                    return Ok(found);
                }
                sleep(wait).await;
                continue;
            }
            let mut next = None;
            for part in polled.results.unwrap_or_default().into_iter().filter(|part| part.kind == "events") {
                found.rows.extend(part.rows.unwrap_or_default());
                next = part.next_token.filter(|token| !token.is_empty()).or(next);
            }
            if found.rows.len() > most {
                found.rows.truncate(most);
                return Ok(found);
            }
            match next {
                None => return Ok(Found { complete: true, ..found }),
                Some(next) if !seen.insert(next.clone()) => {
                    return Err(Error::Bad("the search leads back to a page that was read already".to_owned()));
                }
                next => token = next,
            }
        }
    }
}
