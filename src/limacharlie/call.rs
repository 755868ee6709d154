//! One call: signing in, waiting, repeating what may be repeated, and reading the answer within limits.
use super::error::{plain, privilege_in};
use super::sign_in::Token;
use super::{Client, Error, Result};
use crate::limits;
use crate::metrics;
use crate::outbound::unconnected;
use reqwest::Method;
use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderValue};
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::time::Duration;
use tokio::time::{Instant, sleep, timeout_at};

/// Whether a call changes anything.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Effect {
    /// It may be repeated.
    Read,
    /// It may be repeated only where it surely did nothing.
    Write,
}

/// A request that can be sent more than once.
#[derive(Debug)]
pub(super) struct Request {
    method: Method,
    url: String,
    headers: HeaderMap,
    body: String,
    effect: Effect,
}

impl Request {
    fn new(method: Method, url: String, effect: Effect) -> Self {
        Self { method, url, headers: HeaderMap::new(), body: String::new(), effect }
    }

    /// A question.
    pub(super) fn get(url: String) -> Self {
        Self::new(Method::GET, url, Effect::Read)
    }

    /// A form or JSON.
    pub(super) fn post(url: String, effect: Effect) -> Self {
        Self::new(Method::POST, url, effect)
    }

    /// A removal.
    pub(super) fn delete(url: String) -> Self {
        Self::new(Method::DELETE, url, Effect::Write)
    }

    /// With a percent-encoded form; a name may come more than once.
    pub(super) fn form(mut self, fields: &[(&str, &str)]) -> Self {
        self.body = encoded(fields);
        self.headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/x-www-form-urlencoded"));
        self
    }

    /// With JSON.
    pub(super) fn json(mut self, body: &Value) -> Self {
        self.body = body.to_string();
        self.headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        self
    }

    /// With one more header.
    pub(super) fn header(mut self, name: &'static str, value: HeaderValue) -> Self {
        self.headers.insert(name, value);
        self
    }
}

/// Pairs as in a form or a query.
pub(super) fn encoded(fields: &[(&str, &str)]) -> String {
    form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish()
}

/// What one sending came to.
enum Once {
    Done(Vec<u8>),
    /// Refused for now; surely nothing was done.
    Wait(Duration, Error),
    /// A passing failure that may be tried again.
    Again(Error),
    Failed(Error),
}

impl Client {
    /// An address of the API below `/v1/`. Every part that is not ours must be one of [`super::ids`].
    pub(super) fn v1(&self, path: &str) -> String {
        format!("{}/v1/{path}", self.0.settings.api())
    }

    /// Sends a request in our name and reads the JSON.
    pub(super) async fn read<T: DeserializeOwned>(&self, request: &Request) -> Result<T> {
        json(&self.send(request).await?)
    }

    /// Sends a request in our name; a refused token is renewed once.
    pub(super) async fn send(&self, request: &Request) -> Result<Vec<u8>> {
        let until = Instant::now() + self.0.settings.patience;
        let token = self.token(None, until).await?;
        match self.attempts(request, Some(&token), until).await {
            // A missing privilege looks the same as a token that has ended; the second answer tells.
            Err(Error::Refused { .. }) => {
                let token = self.token(Some(&token), until).await?;
                self.attempts(request, Some(&token), until).await
            }
            other => other,
        }
    }

    /// Sends a request without a name.
    pub(super) async fn send_unnamed(&self, request: &Request) -> Result<Vec<u8>> {
        self.attempts(request, None, Instant::now() + self.0.settings.patience).await
    }

    /// Sends until there is an answer, as long as there is time for it.
    pub(super) async fn attempts(&self, request: &Request, token: Option<&Token>, until: Instant) -> Result<Vec<u8>> {
        let mut waits = self.0.settings.back_off.into_iter();
        if let Some((wait, error)) = self.quiet() {
            self.wait(wait, error, until).await?;
        }
        loop {
            let (wait, error) = match self.once(request, token, until).await {
                Once::Done(body) => return Ok(body),
                Once::Failed(error) => return Err(error),
                Once::Wait(wait, error) => (wait, error),
                Once::Again(error) => match waits.next() {
                    Some(wait) => (wait, error),
                    None => return Err(error),
                },
            };
            self.wait(wait, error, until).await?;
        }
    }

    /// Waits; who would wake up too late says now what is wrong.
    async fn wait(&self, wait: Duration, error: Error, until: Instant) -> Result<()> {
        if wait > self.0.settings.longest_wait || Instant::now() + wait >= until {
            return Err(error);
        }
        sleep(wait).await;
        Ok(())
    }

    async fn once(&self, request: &Request, token: Option<&Token>, until: Instant) -> Once {
        let mut sending = self.0.http.request(request.method.clone(), &request.url).headers(request.headers.clone());
        if let Some(token) = token {
            let Ok(mut value) = HeaderValue::from_str(&format!("Bearer {}", token.text.expose())) else {
                return Once::Failed(Error::SignIn("the token can't be sent".to_owned()));
            };
            value.set_sensitive(true);
            sending = sending.header(AUTHORIZATION, value);
        }
        let answered = async {
            let counted = metrics::Call::begin("limacharlie");
            let reply = sending.body(request.body.clone()).send().await.map_err(Broken::of)?;
            counted.answered(reply.status().as_u16());
            let (status, headers) = (reply.status().as_u16(), reply.headers().clone());
            Ok::<_, Broken>((status, headers, received(reply).await?))
        };
        match timeout_at(until, answered).await {
            Err(_) => Once::Failed(self.late(request.effect)),
            Ok(Err(broken)) => broken.judged(request.effect),
            Ok(Ok((status, headers, body))) => self.judged(request.effect, status, &headers, body),
        }
    }

    fn late(&self, effect: Effect) -> Error {
        let seconds = self.0.settings.patience.as_secs();
        match effect {
            Effect::Read => Error::Timeout(seconds),
            Effect::Write => Error::Unknown(format!("no answer within {seconds} s")),
        }
    }

    /// What an answer means by its status.
    fn judged(&self, effect: Effect, status: u16, headers: &HeaderMap, body: Vec<u8>) -> Once {
        if status == 429 {
            let (wait, error) = self.note_refusal(headers);
            return Once::Wait(wait, error);
        }
        self.note_quota(headers);
        self.note_time(headers);
        let said = || message(&body);
        match status {
            200..=299 => Once::Done(body),
            401 | 403 => Once::Failed(Error::Refused { privilege: privilege_in(&said()), said: said() }),
            404 => Once::Failed(Error::NotFound),
            409 => Once::Failed(Error::Conflict),
            400 if said().contains("RECORD_NOT_FOUND") => Once::Failed(Error::NotFound),
            400 if said().contains("ETAG_MISMATCH") => Once::Failed(Error::Conflict),
            300..=399 => Once::Failed(Error::Bad(format!("it answered {status}; redirects are not followed"))),
            500.. if effect == Effect::Write => Once::Failed(Error::Unknown(status_words(status, &said()))),
            502..=504 => Once::Again(Error::Unreachable(status_words(status, &said()))),
            500.. => Once::Failed(Error::Unreachable(status_words(status, &said()))),
            _ => Once::Failed(Error::Bad(status_words(status, &said()))),
        }
    }
}

/// A transfer that did not come to its end.
enum Broken {
    /// No connection was made, so nothing was sent, and why.
    Unconnected(&'static str),
    /// It broke off, and the request may have arrived.
    Off,
    TooLarge,
}

impl Broken {
    #[expect(clippy::needless_pass_by_value, reason = "it is what `map_err` hands over")]
    fn of(error: reqwest::Error) -> Self {
        if error.is_connect() { Self::Unconnected(unconnected(&error)) } else { Self::Off }
    }

    fn judged(self, effect: Effect) -> Once {
        match (self, effect) {
            (Self::Unconnected(why), _) => Once::Again(Error::Unreachable(why.to_owned())),
            (Self::Off, Effect::Read) => Once::Again(Error::Unreachable("the connection broke off".to_owned())),
            (Self::Off, Effect::Write) => Once::Failed(Error::Unknown("the connection broke off".to_owned())),
            (Self::TooLarge, _) => {
                Once::Failed(Error::Bad(format!("the answer is larger than {} bytes", limits::LIMACHARLIE_BODY)))
            }
        }
    }
}

/// An answer's body of at most the permitted size.
async fn received(mut reply: reqwest::Response) -> std::result::Result<Vec<u8>, Broken> {
    let mut body = Vec::new();
    while let Some(chunk) = reply.chunk().await.map_err(Broken::of)? {
        body.extend_from_slice(&chunk);
        if body.len() > limits::LIMACHARLIE_BODY {
            return Err(Broken::TooLarge);
        }
    }
    Ok(body)
}

/// JSON, or that it is none.
pub(super) fn json<T: DeserializeOwned>(body: &[u8]) -> Result<T> {
    serde_json::from_slice(body)
        .map_err(|error| Error::Bad(format!("the answer can't be read: {}", plain(&error.to_string()))))
}

fn status_words(status: u16, said: &str) -> String {
    if said.is_empty() { format!("it answered {status}") } else { format!("it answered {status}: {said}") }
}

/// What the server says is wrong.
fn message(body: &[u8]) -> String {
    let said = serde_json::from_slice::<Value>(body).ok();
    let error =
        said.as_ref().and_then(|said| said.get("error").or_else(|| said.get("message"))).map(|error| match error {
            Value::String(text) => text.clone(),
            other => other.to_string(),
        });
    plain(&error.unwrap_or_else(|| String::from_utf8_lossy(&body[..body.len().min(600)]).into_owned()))
}
