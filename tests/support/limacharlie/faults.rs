//! Faults on command: each spoils one call to the API.
use super::state::State;
use super::wire::{Asked, Reply};
use axum::body::{Body, Bytes};
use axum::response::Response;
use serde_json::Value;
use std::time::Duration;

/// How a call fails.
#[derive(Debug, Clone, PartialEq)]
pub enum Fault {
    /// This status; nothing is done.
    Status(u16),
    /// 429 with `Retry-After` in seconds.
    TooMany(u64),
    /// 200, and the headers that warn of the limit.
    Warned,
    /// Everything is done, and answered after so many milliseconds.
    Slow(u64),
    /// Everything is done, and the answer breaks off.
    Cut,
    /// Everything is done, and the answer is not JSON.
    Garbled,
    /// None: lets one call pass.
    Pass,
}

/// The fault of this call.
pub fn next(state: &mut State, _asked: &Asked) -> Option<Fault> {
    state.faults.pop_front()
}

impl Fault {
    /// A fault as `/__ctl` names it: a status, or a word.
    pub fn named(name: &Value) -> Option<Self> {
        if let Some(status) = name.as_u64() {
            return Some(if status == 429 { Self::TooMany(1) } else { Self::Status(u16::try_from(status).ok()?) });
        }
        Some(match name.as_str()? {
            "warned" => Self::Warned,
            "slow" => Self::Slow(3000),
            "cut" => Self::Cut,
            "garbled" => Self::Garbled,
            _ => Self::Pass,
        })
    }

    /// A reply in place of the call.
    pub fn refusal(&self) -> Option<Reply> {
        match self {
            Self::Status(401) => Some(Reply::error(401, "injected 401: token expired")),
            Self::Status(status) => Some(Reply::error(*status, &format!("injected {status}"))),
            Self::TooMany(seconds) => {
                let mut reply = Reply::error(429, "injected 429");
                reply.headers = limits();
                reply.headers.push(("retry-after", seconds.to_string()));
                Some(reply)
            }
            _ => None,
        }
    }

    pub fn delay(&self) -> Option<Duration> {
        match self {
            Self::Slow(ms) => Some(Duration::from_millis(*ms)),
            _ => None,
        }
    }

    /// What becomes of the reply of a call that was done.
    pub fn spoil(&self, mut reply: Reply) -> Response {
        match self {
            Self::Warned => {
                reply.headers = limits();
                reply.send()
            }
            Self::Garbled => {
                "<html>".clone_into(&mut reply.body);
                reply.send()
            }
            Self::Cut => {
                let half = Bytes::from(reply.body.as_bytes()[..reply.body.len() / 2].to_vec());
                let parts = [Ok(half), Err(std::io::Error::other("cut"))];
                reply.with(Body::from_stream(futures_util::stream::iter(parts)))
            }
            _ => reply.send(),
        }
    }
}

fn limits() -> Vec<(&'static str, String)> {
    vec![("x-ratelimit-quota", "1000".to_owned()), ("x-ratelimit-period", "60".to_owned())]
}
