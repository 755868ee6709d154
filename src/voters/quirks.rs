//! What a server turned out not to accept: it is left out from then on, where that helped.
//!
//! Servers of one API differ in what they take, and say so with a 400 that names it. Asking again
//! without the thing is no retry: another question is asked.
use super::call::{Call, Received, Trouble};
use super::http::Wire;
use reqwest::header::HeaderMap;
use serde_json::Value;
use std::sync::{Mutex, PoisonError};

/// How servers say that they don't take something.
const REJECTIONS: [&str; 12] = [
    "not support",
    "unsupported",
    "unrecognized",
    "unknown",
    "not permitted",
    "not allowed",
    "not available",
    "unavailable",
    "deprecated",
    "invalid schema",
    "is invalid",
    "only works",
];

/// A thing that can be left out, and the words that name it, in lower case.
pub type Thing = (&'static str, &'static [&'static str]);

/// The things that one server does not take.
pub struct Quirks {
    things: &'static [Thing],
    known: Mutex<Vec<&'static str>>,
}

impl Quirks {
    /// Nothing is known yet; these things can be left out.
    pub const fn of(things: &'static [Thing]) -> Self {
        Self { things, known: Mutex::new(Vec::new()) }
    }

    /// Posts what `body` makes without the things in its list, which grows with each that is rejected.
    ///
    /// # Errors
    /// As [`Call::post`].
    pub async fn post<B>(
        &self,
        call: &Call<'_>,
        wire: &dyn Wire,
        (url, headers): (&str, &HeaderMap),
        body: B,
    ) -> Result<Received, Trouble>
    where
        B: Fn(&[&'static str]) -> Value + Send + Sync,
    {
        let mut without = self.known.lock().unwrap_or_else(PoisonError::into_inner).clone();
        loop {
            let got = call.post(wire, url, headers, &body(&without)).await?;
            let Some(thing) = self.rejected(&got, &without) else {
                if got.status == 200 {
                    *self.known.lock().unwrap_or_else(PoisonError::into_inner) = without;
                }
                return Ok(got);
            };
            without.push(thing);
        }
    }

    /// What a refusal names that could still be left out.
    fn rejected(&self, got: &Received, without: &[&str]) -> Option<&'static str> {
        if !matches!(got.status, 400 | 422) {
            return None;
        }
        let said = got.message().to_lowercase();
        if !REJECTIONS.iter().any(|words| said.contains(words)) {
            return None;
        }
        let named = |thing: &&Thing| !without.contains(&thing.0) && thing.1.iter().any(|word| said.contains(word));
        self.things.iter().find(named).map(|thing| thing.0)
    }
}
