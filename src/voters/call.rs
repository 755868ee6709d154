//! One request within a vote: what is tried again, what is waited for, and how much is read.
use super::http::Wire;
use crate::clock::now_ms;
use crate::domain::Failure;
use crate::limits;
use crate::metrics;
use crate::outbound;
use flate2::read::GzDecoder;
use reqwest::header::{CONTENT_ENCODING, HeaderMap, RETRY_AFTER};
use serde_json::Value;
use std::io::Read;
use std::time::Duration;
use tokio::time::Instant;

/// Waits between the tries of one request; each is drawn between zero and this.
const BACK_OFF: [Duration; 2] = [Duration::from_secs(1), Duration::from_secs(4)];
/// Answers that may be better the next time.
const PASSING: [u16; 7] = [408, 429, 500, 502, 503, 504, 529];

/// Why there is no text of a model's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trouble {
    /// The kind of failure.
    pub failure: Failure,
    /// What happened, in words for the analyst.
    pub why: String,
    /// Whether it speaks against the server as a whole, not against one model or one answer.
    pub server: bool,
}

impl Trouble {
    /// An answer that can't be used.
    pub const fn new(failure: Failure, why: String) -> Self {
        Self { failure, why, server: false }
    }

    /// A server that can't be used.
    pub const fn http(why: String) -> Self {
        Self { failure: Failure::Http, why, server: true }
    }

    /// No answer in time.
    pub fn late(patience: Duration) -> Self {
        Self { failure: Failure::Timeout, why: format!("no answer within {} s", patience.as_secs()), server: true }
    }

    /// A status with what the server said. Another model may be there where this one is not.
    pub fn status(status: u16, said: &str) -> Self {
        let what = match status {
            300..=399 => "; redirects are not followed",
            401 | 403 => ", so it did not accept the key or forbids this",
            402 => ", so the account has no credit left",
            404 => ", so it does not know the model or the address",
            413 => ", so the prompt is too large for it",
            429 => ", so too much was asked of it",
            503 | 529 => ", so it has too much to do",
            _ => "",
        };
        let said = if said.is_empty() { String::new() } else { format!(": {}", super::cut(said, 300)) };
        Self { server: status != 404, ..Self::http(format!("the server answered {status}{what}{said}")) }
    }

    /// An answer that ended at its longest permitted length.
    pub fn truncated() -> Self {
        Self::new(Failure::Parse, "the answer was cut off at its longest permitted length".to_owned())
    }
}

/// What a server answered.
#[derive(Debug, Clone, PartialEq)]
pub struct Received {
    /// The HTTP status.
    pub status: u16,
    /// When to come again, as the headers say.
    pub wait: Option<Duration>,
    /// The JSON; null where an error has none.
    pub body: Value,
}

impl Received {
    /// What the server says is wrong, in any of the shapes that are in use.
    pub fn message(&self) -> &str {
        let body = if let Value::Array(list) = &self.body { list.first() } else { Some(&self.body) };
        let error = body.and_then(|body| body.get("error").or_else(|| body.pointer("/choices/0/error")));
        let inside = error.and_then(|error| error.get("message")).or(error);
        let beside = body.and_then(|body| body.get("message").or_else(|| body.get("detail")));
        inside.and_then(Value::as_str).or_else(|| beside.and_then(Value::as_str)).unwrap_or_default()
    }
}

/// The requests of one vote and the time they have.
pub struct Call<'a> {
    client: &'a reqwest::Client,
    /// Whose server it is, for what is counted.
    provider: &'static str,
    until: Instant,
    patience: Duration,
}

impl<'a> Call<'a> {
    /// A call that may take so long from now on.
    pub fn new(client: &'a reqwest::Client, provider: &'static str, patience: Duration) -> Self {
        Self { client, provider, until: Instant::now() + patience, patience }
    }

    /// Gives a future what time is left.
    ///
    /// # Errors
    /// Its own, or that it was too late.
    pub async fn within<T>(&self, future: impl Future<Output = Result<T, Trouble>>) -> Result<T, Trouble> {
        tokio::time::timeout_at(self.until, future).await.unwrap_or_else(|_| Err(Trouble::late(self.patience)))
    }

    /// Posts JSON; tries again what may pass by itself, as long as there is time for it.
    ///
    /// # Errors
    /// Where no answer came, or one that can't be read.
    pub async fn post(
        &self,
        wire: &dyn Wire,
        url: &str,
        headers: &HeaderMap,
        body: &Value,
    ) -> Result<Received, Trouble> {
        let mut waits = BACK_OFF.into_iter();
        loop {
            let counted = metrics::Call::begin(self.provider);
            let sent = self.client.post(url).headers(headers.clone()).json(body).send().await;
            let (asked, got) = match sent {
                Ok(reply) => {
                    counted.answered(reply.status().as_u16());
                    let got = receive(reply).await?;
                    let (status, asked) = wire.signal(&got);
                    if !PASSING.contains(&status) {
                        return Ok(got);
                    }
                    (asked, Ok(got))
                }
                Err(error) => {
                    let trouble = Trouble::http(format!("the server could not be reached: {}", kind(&error)));
                    if !error.is_connect() {
                        return Err(trouble);
                    }
                    (None, Err(trouble))
                }
            };
            let Some(back_off) = waits.next() else { return got };
            let wait = asked.unwrap_or_else(|| back_off.mul_f64(rand::random())).min(limits::RETRY_AFTER);
            // Who would wake up too late says now what is wrong.
            if Instant::now() + wait >= self.until {
                return got;
            }
            tokio::time::sleep(wait).await;
        }
    }

    /// Fetches JSON once, with little patience.
    pub async fn get(&self, url: &str, patience: Duration) -> Option<Received> {
        self.fetch(url, HeaderMap::new(), patience).await.ok()
    }

    /// Fetches JSON once, and says what went wrong.
    ///
    /// # Errors
    /// Where no answer came, or one that can't be read.
    pub async fn fetch(&self, url: &str, headers: HeaderMap, patience: Duration) -> Result<Received, Trouble> {
        let counted = metrics::Call::begin(self.provider);
        let sent = self.client.get(url).headers(headers).timeout(patience).send().await;
        let sent = sent.map_err(|error| Trouble::http(format!("the server could not be reached: {}", kind(&error))))?;
        counted.answered(sent.status().as_u16());
        receive(sent).await
    }
}

/// `Retry-After` in seconds or as a date.
fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    if let Ok(seconds) = text.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let at = jiff::fmt::rfc2822::parse(text).ok()?.timestamp().as_millisecond();
    Some(Duration::from_millis(u64::try_from(at - now_ms()).unwrap_or_default()))
}

/// A reply of at most the permitted size.
async fn receive(mut reply: reqwest::Response) -> Result<Received, Trouble> {
    let (status, wait) = (reply.status().as_u16(), retry_after(reply.headers()));
    let packing = reply.headers().get(CONTENT_ENCODING).and_then(|value| value.to_str().ok()).map(str::to_owned);
    let mut body = Vec::new();
    let broken = |error| Trouble::http(format!("the answer broke off: {}", kind(&error)));
    while let Some(chunk) = reply.chunk().await.map_err(broken)? {
        body.extend_from_slice(&chunk);
        if body.len() > limits::UPSTREAM_BODY {
            return Err(too_large());
        }
    }
    let body = unpacked(body, packing.as_deref())?;
    match serde_json::from_slice(&body) {
        Ok(body) => Ok(Received { status, wait, body }),
        Err(_) if status != 200 => Ok(Received { status, wait, body: Value::Null }),
        Err(_) if body.iter().all(u8::is_ascii_whitespace) => {
            Err(Trouble::http("the server's answer is empty".to_owned()))
        }
        Err(_) => Err(Trouble::http("the server's answer is not JSON".to_owned())),
    }
}

/// Some proxies pack what nobody asked them to pack; a small parcel may hold a very large answer.
fn unpacked(body: Vec<u8>, packing: Option<&str>) -> Result<Vec<u8>, Trouble> {
    match packing {
        None | Some("identity") => Ok(body),
        Some("gzip") => {
            let cap = u64::try_from(limits::UPSTREAM_BODY).unwrap_or(u64::MAX);
            let mut out = Vec::new();
            let read = GzDecoder::new(body.as_slice()).take(cap + 1).read_to_end(&mut out);
            read.map_err(|_| Trouble::http("the answer is badly packed".to_owned()))?;
            if out.len() > limits::UPSTREAM_BODY { Err(too_large()) } else { Ok(out) }
        }
        Some(_) => Err(Trouble::http("the answer is packed in a way that nobody asked for".to_owned())),
    }
}

fn too_large() -> Trouble {
    Trouble::http(format!("the answer is larger than {} bytes", limits::UPSTREAM_BODY))
}

/// What kind of failure, without addresses that may hold secrets.
fn kind(error: &reqwest::Error) -> &'static str {
    if error.is_connect() {
        outbound::unconnected(error)
    } else if error.is_timeout() {
        "it took too long"
    } else {
        "the transfer failed"
    }
}
