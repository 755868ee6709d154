//! Anthropic's own API, `POST /v1/messages`: the compatible route of others would ignore the schema.
use super::build::{BuildError, Setup};
use super::call::{Call, Received, Trouble};
use super::http::{CHECKING, HttpVoter, Told, Turn, Wire, has_model};
use super::openai::key_header;
use super::quirks::{Quirks, Thing};
use super::{Voter, form};
use crate::domain::Failure;
use crate::secret::Key;
use async_trait::async_trait;
use reqwest::header::{HeaderMap, HeaderValue};
use serde_json::{Value, json};
use std::sync::Arc;

const USUAL_ADDRESS: &str = "https://api.anthropic.com";
const VERSION: HeaderValue = HeaderValue::from_static("2023-06-01");
/// Newer models refuse a temperature, older ones a schema.
const THINGS: &[Thing] = &[
    ("temperature", &["temperature"]),
    ("schema", &["output_config", "output_format", "json_schema", "structured output"]),
];

struct Messages {
    url: String,
    model: String,
    key: Key,
    quirks: Quirks,
}

/// Sets a voter up.
///
/// # Errors
/// See [`BuildError`].
pub fn make(setup: Setup<'_>) -> Result<Arc<dyn Voter>, BuildError> {
    HttpVoter::make(setup, USUAL_ADDRESS, |base, model, key| {
        let version = if base.ends_with("/v1") { "" } else { "/v1" };
        Messages { url: format!("{base}{version}/messages"), model: model.to_owned(), key, quirks: Quirks::of(THINGS) }
    })
}

impl Messages {
    fn headers(&self) -> Result<HeaderMap, Trouble> {
        let mut headers = HeaderMap::new();
        headers.insert("anthropic-version", VERSION);
        if let Some(key) = self.key.now().map_err(|error| Trouble::http(error.to_string()))? {
            headers.insert("x-api-key", key_header(key.expose())?);
        }
        Ok(headers)
    }
}

#[async_trait]
impl Wire for Messages {
    async fn check(&self, call: &Call<'_>) -> Result<Option<String>, Trouble> {
        let about = format!("{}/models/{}", self.url.trim_end_matches("/messages"), self.model);
        has_model(&call.fetch(&about, self.headers()?, CHECKING).await?)
    }

    async fn send(&self, call: &Call<'_>, turns: &[Turn]) -> Result<Told, Trouble> {
        let headers = self.headers()?;
        let body = |without: &[&str]| request(&self.model, turns, without);
        told(&self.quirks.post(call, self, (&self.url, &headers), body).await?)
    }
}

fn request(model: &str, turns: &[Turn], without: &[&str]) -> Value {
    let has = |thing| !without.contains(&thing);
    let (mut system, mut messages) = (String::new(), Vec::new());
    for (role, text) in turns {
        match *role {
            "system" => system = if has("schema") { text.clone() } else { form::in_words(text) },
            role => messages.push(json!({"role": role, "content": text})),
        }
    }
    let mut body = json!({"model": model, "max_tokens": 2_048, "system": system, "messages": messages});
    if has("temperature") {
        body["temperature"] = json!(0);
    }
    if has("schema") {
        // It refuses a schema with bounds.
        body["output_config"] = json!({"format": {"type": "json_schema", "schema": form::without_bounds()}});
    }
    body
}

fn told(got: &Received) -> Result<Told, Trouble> {
    let reply = &got.body;
    if got.status != 200 || reply.get("type").and_then(Value::as_str) == Some("error") {
        return Err(Trouble::status(got.status, got.message()));
    }
    match reply.get("stop_reason").and_then(Value::as_str) {
        Some("refusal") => {
            return Err(Trouble::new(Failure::Refused, "the model refused to answer".to_owned()));
        }
        Some("max_tokens" | "model_context_window_exceeded") => return Err(Trouble::truncated()),
        _ => {}
    }
    // Blocks of thoughts stand beside those of text.
    let blocks = reply.get("content").and_then(Value::as_array);
    let said = |block: &&Value| block.get("type").and_then(Value::as_str) == Some("text");
    let tokens = |name: &str| reply.pointer(&format!("/usage/{name}")).and_then(Value::as_i64);
    Ok(Told {
        text: blocks.into_iter().flatten().filter(said).filter_map(|block| block.get("text")?.as_str()).collect(),
        digest: reply.get("model").and_then(Value::as_str).unwrap_or_default().to_owned(),
        tokens_in: tokens("input_tokens"),
        tokens_out: tokens("output_tokens"),
    })
}
