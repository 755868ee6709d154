//! Any server that speaks the `OpenAI` API's `POST /chat/completions`: `OpenAI`, vLLM, llama.cpp, LM Studio, `OpenRouter`.
use super::build::{BuildError, Setup};
use super::call::{Call, Received, Trouble};
use super::http::{CHECKING, HttpVoter, Told, Turn, Wire};
use super::quirks::{Quirks, Thing};
use super::{Voter, form};
use crate::domain::Failure;
use crate::secret::Key;
use async_trait::async_trait;
use reqwest::header::{AUTHORIZATION, HeaderMap};
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;

const USUAL_ADDRESS: &str = "https://api.openai.com/v1";
/// Models that reason want another name for the longest answer, and refuse a temperature; some
/// servers know no seed, no bounds in a schema, or no schema at all.
const THINGS: &[Thing] = &[
    ("max_tokens", &["max_tokens"]),
    ("temperature", &["temperature"]),
    ("seed", &["seed"]),
    ("bounds", &["maxlength", "maxitems", "'minimum'", "'maximum'", "invalid schema"]),
    ("schema", &["response_format", "json_schema"]),
];

struct Completions {
    base: String,
    model: String,
    key: Key,
    quirks: Quirks,
}

/// Sets a voter up.
///
/// # Errors
/// See [`BuildError`].
pub fn make(setup: Setup<'_>) -> Result<Arc<dyn Voter>, BuildError> {
    HttpVoter::make(setup, USUAL_ADDRESS, |base, model, key| Completions {
        base: base.to_owned(),
        model: model.to_owned(),
        key,
        quirks: Quirks::of(THINGS),
    })
}

impl Completions {
    fn headers(&self) -> Result<HeaderMap, Trouble> {
        let mut headers = HeaderMap::new();
        if let Some(key) = self.key.now().map_err(|error| Trouble::http(error.to_string()))? {
            headers.insert(AUTHORIZATION, key_header(&format!("Bearer {}", key.expose()))?);
        }
        Ok(headers)
    }
}

#[async_trait]
impl Wire for Completions {
    /// Some servers list nothing, and some take any name, so that is only noted.
    async fn check(&self, call: &Call<'_>) -> Result<Option<String>, Trouble> {
        let got = call.fetch(&format!("{}/models", self.base), self.headers()?, CHECKING).await?;
        let list = got.body.get("data").and_then(Value::as_array);
        match (got.status, list) {
            (200, Some(list)) if list.iter().any(|one| one["id"] == self.model.as_str()) => Ok(None),
            (200, Some(_)) => Ok(Some(format!("it answers, but does not list the model {}", self.model))),
            (200 | 404, _) => Ok(Some("it answers, but lists no models".to_owned())),
            _ => Err(Trouble::status(got.status, got.message())),
        }
    }

    async fn send(&self, call: &Call<'_>, turns: &[Turn]) -> Result<Told, Trouble> {
        let headers = self.headers()?;
        let url = format!("{}/chat/completions", self.base);
        let body = |without: &[&str]| request(&self.base, &self.model, turns, without);
        told(&self.quirks.post(call, self, (&url, &headers), body).await?)
    }

    fn signal(&self, got: &Received) -> (u16, Option<Duration>) {
        (status(got), got.wait)
    }
}

/// `OpenRouter` answers 200 and puts what its upstream answered into the body.
fn status(got: &Received) -> u16 {
    let code = error(&got.body).and_then(|error| error.get("code")?.as_u64());
    let inside = code.and_then(|code| u16::try_from(code).ok()).filter(|code| (400..600).contains(code));
    if got.status == 200 { inside.unwrap_or(200) } else { got.status }
}

/// A header that holds a key, and never prints it.
///
/// # Errors
/// Where the key can't be a header.
pub(super) fn key_header(text: &str) -> Result<reqwest::header::HeaderValue, Trouble> {
    let mut value = reqwest::header::HeaderValue::from_str(text)
        .map_err(|_| Trouble::http("the API key holds characters that can't be sent".to_owned()))?;
    value.set_sensitive(true);
    Ok(value)
}

/// The body of a request without what the server does not take.
pub fn request(base: &str, model: &str, turns: &[Turn], without: &[&str]) -> Value {
    let has = |thing| !without.contains(&thing);
    let message = |(role, content): &Turn| match *role {
        "system" if !has("schema") => json!({"role": role, "content": form::in_words(content)}),
        _ => json!({"role": role, "content": content}),
    };
    let mut body = json!({"model": model, "messages": turns.iter().map(message).collect::<Vec<_>>()});
    if has("temperature") {
        body["temperature"] = json!(0);
    }
    if has("max_tokens") {
        body["max_tokens"] = json!(900);
    } else {
        // Who asks for this name counts thoughts as well.
        body["max_completion_tokens"] = json!(4_000);
    }
    if has("schema") {
        let schema = if has("bounds") { form::schema() } else { form::without_bounds() };
        let json_schema = json!({"name": "triage_vote", "strict": true, "schema": schema});
        body["response_format"] = json!({"type": "json_schema", "json_schema": json_schema});
    }
    if is_openrouter(base) {
        // Else it may choose an upstream that ignores the schema. Few of them take a seed.
        body["provider"] = json!({"require_parameters": true});
    } else if has("seed") {
        body["seed"] = json!(1);
    }
    body
}

fn is_openrouter(base: &str) -> bool {
    let host = reqwest::Url::parse(base).ok().and_then(|url| url.host_str().map(str::to_owned)).unwrap_or_default();
    host == "openrouter.ai" || host.ends_with(".openrouter.ai")
}

/// Errors come with any status, at the top or within a choice.
fn error(body: &Value) -> Option<&Value> {
    body.get("error").or_else(|| body.pointer("/choices/0/error")).filter(|error| !error.is_null())
}

fn told(got: &Received) -> Result<Told, Trouble> {
    let reply = &got.body;
    if error(reply).is_some() || got.status != 200 {
        let said = got.message();
        return Err(Trouble::status(status(got), if said.is_empty() { "it does not say why" } else { said }));
    }
    let choice = reply.pointer("/choices/0").unwrap_or(&Value::Null);
    let message = choice.get("message").unwrap_or(&Value::Null);
    if let Some(refusal) = message.get("refusal").and_then(Value::as_str).filter(|refusal| !refusal.is_empty()) {
        return Err(Trouble::new(Failure::Refused, super::cut(refusal, 300)));
    }
    match choice.get("finish_reason").and_then(Value::as_str) {
        Some("content_filter") => {
            return Err(Trouble::new(Failure::Blocked, "the provider's content filter stopped the answer".to_owned()));
        }
        Some("length") => return Err(Trouble::truncated()),
        Some("error") => return Err(Trouble::http("the server broke the answer off".to_owned())),
        _ => {}
    }
    Ok(Told {
        text: text(message.get("content").unwrap_or(&Value::Null)),
        digest: reply.get("system_fingerprint").and_then(Value::as_str).unwrap_or_default().to_owned(),
        tokens_in: reply.pointer("/usage/prompt_tokens").and_then(Value::as_i64),
        tokens_out: reply.pointer("/usage/completion_tokens").and_then(Value::as_i64),
    })
}

/// The content is a text, or a list of parts with texts. Thoughts stand beside it and don't count.
fn text(content: &Value) -> String {
    match content {
        Value::String(text) => text.clone(),
        Value::Array(parts) => parts.iter().filter_map(|part| part.get("text")?.as_str()).collect(),
        _ => String::new(),
    }
}
