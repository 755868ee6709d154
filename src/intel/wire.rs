//! One question over HTTP: a cap on the answer, and JSON or a reason why not. Whoever asks sets the deadline.
use super::Trouble;
use crate::limits;
use crate::metrics;
use crate::outbound::unconnected;
use crate::secret::{Key, Secret, SecretError};
use reqwest::header::{HeaderMap, HeaderValue, RETRY_AFTER};
use reqwest::{RequestBuilder, StatusCode};
use serde_json::Value;
use std::time::Duration;

/// A key as it is now.
pub(super) fn key(key: &Key) -> Result<Secret, Trouble> {
    let unopened = |error: SecretError| Trouble::NoKey(error.to_string());
    key.now().map_err(unopened)?.ok_or_else(|| Trouble::NoKey("no key is set".to_owned()))
}

/// A key as a header's value, which no log shows.
pub(super) fn hidden(key: &Secret) -> Result<HeaderValue, Trouble> {
    let mut value =
        HeaderValue::from_str(key.expose()).map_err(|_| Trouble::Refused("the key can't be sent".to_owned()))?;
    value.set_sensitive(true);
    Ok(value)
}

/// An answer: its status, and its body as JSON.
pub(super) struct Reply {
    pub status: StatusCode,
    pub body: Value,
}

/// Sends a question. An answer of 404 is given back where it is JSON: its meaning is the provider's.
pub(super) async fn send(provider: &'static str, request: RequestBuilder, key: &Secret) -> Result<Reply, Trouble> {
    let counted = metrics::Call::begin(provider);
    let reply = request.header("accept", "application/json").send().await.map_err(|error| broken(&error))?;
    counted.answered(reply.status().as_u16());
    let (status, headers) = (reply.status(), reply.headers().clone());
    judged(status, &headers, &received(reply).await?, key)
}

fn judged(status: StatusCode, headers: &HeaderMap, body: &[u8], key: &Secret) -> Result<Reply, Trouble> {
    match status.as_u16() {
        401 | 403 => Err(Trouble::Refused(said(status, body, key))),
        429 => Err(Trouble::Limited(retry_after(headers))),
        300..=399 => Err(Trouble::Bad(format!("it answered {}; redirects are not followed", status.as_u16()))),
        200..=299 | 404 => Ok(Reply { status, body: json(status, body)? }),
        500.. => Err(Trouble::Unreachable(said(status, body, key))),
        _ => Err(Trouble::Bad(said(status, body, key))),
    }
}

fn json(status: StatusCode, body: &[u8]) -> Result<Value, Trouble> {
    let head = body.iter().find(|byte| !byte.is_ascii_whitespace());
    let code = status.as_u16();
    match (head, serde_json::from_slice(body)) {
        (Some(b'<'), _) => Err(Trouble::Bad(format!("it answered {code} with a web page instead of JSON"))),
        (_, Ok(value)) => Ok(value),
        (_, Err(_)) => Err(Trouble::Bad(format!("it answered {code} with what is no whole JSON"))),
    }
}

/// A status with the server's words, where they are in one of the usual places: capped, on one line, without the key.
fn said(status: StatusCode, body: &[u8], key: &Secret) -> String {
    let value: Value = serde_json::from_slice(body).unwrap_or_default();
    let places = ["/error/message", "/errors/0/detail", "/message", "/name"];
    let text = places.iter().find_map(|place| value.pointer(place)?.as_str()).unwrap_or_default();
    let text = text.replace(key.expose(), "***");
    let text: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(200).collect();
    let code = status.as_u16();
    if text.trim().is_empty() { format!("it answered {code}") } else { format!("it answered {code}: {}", text.trim()) }
}

/// What went wrong, without the address.
pub(crate) fn broken(error: &reqwest::Error) -> Trouble {
    let why = if error.is_connect() { unconnected(error) } else { "the connection broke off" };
    Trouble::Unreachable(why.to_owned())
}

/// A body of at most the permitted size.
pub(crate) async fn received(mut reply: reqwest::Response) -> Result<Vec<u8>, Trouble> {
    let mut body = Vec::new();
    while let Some(chunk) = reply.chunk().await.map_err(|error| broken(&error))? {
        body.extend_from_slice(&chunk);
        if body.len() > limits::UPSTREAM_BODY {
            return Err(Trouble::Bad(format!("its answer is larger than {} bytes", limits::UPSTREAM_BODY)));
        }
    }
    Ok(body)
}

/// `Retry-After` in seconds or as a date.
fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    if let Ok(seconds) = text.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let at = jiff::fmt::rfc2822::parse(text).ok()?.timestamp().as_millisecond();
    Some(Duration::from_millis(u64::try_from(at - crate::clock::now_ms()).unwrap_or_default()))
}

/// A time in seconds since 1970 as milliseconds; nothing for what lies outside 1980 to 2100.
pub(super) fn seconds(value: &Value) -> Option<i64> {
    let seconds = value.as_i64().or_else(|| value.as_str()?.parse().ok())?;
    (315_532_800..4_102_444_800).contains(&seconds).then(|| seconds * 1000)
}

/// An answer with something of another type than it must have.
pub(super) fn wrong(what: &str) -> Trouble {
    Trouble::Bad(format!("its answer has no usable {what}"))
}
