//! Google's own API, `generateContent`: it takes the schema, and says when it blocked a prompt.
use super::build::{BuildError, Setup};
use super::call::{Call, Received, Trouble};
use super::http::{CHECKING, HttpVoter, Told, Turn, Wire, has_model};
use super::openai::key_header;
use super::quirks::{Quirks, Thing};
use super::{Voter, form};
use crate::domain::Failure;
use crate::secret::Key;
use async_trait::async_trait;
use reqwest::header::HeaderMap;
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;

const USUAL_ADDRESS: &str = "https://generativelanguage.googleapis.com";
/// Some models can't think, some can't stop; older ones know no JSON schema.
const THINGS: &[Thing] = &[
    ("thinking", &["thinking", "budget"]),
    ("bounds", &["maxlength", "maxitems", "minimum", "maximum"]),
    ("schema", &["responsejsonschema", "response_json_schema"]),
];
/// Ends that mean that a filter stopped the answer.
const BLOCKED: [&str; 8] = [
    "SAFETY",
    "RECITATION",
    "BLOCKLIST",
    "PROHIBITED_CONTENT",
    "SPII",
    "LANGUAGE",
    "IMAGE_SAFETY",
    "IMAGE_PROHIBITED_CONTENT",
];

struct Gemini {
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
        let version = if base.ends_with("/v1beta") || base.ends_with("/v1") { "" } else { "/v1beta" };
        let model = model.trim_start_matches("models/").to_owned();
        Gemini {
            url: format!("{base}{version}/models/{model}:generateContent"),
            model,
            key,
            quirks: Quirks::of(THINGS),
        }
    })
}

impl Gemini {
    fn headers(&self) -> Result<HeaderMap, Trouble> {
        let mut headers = HeaderMap::new();
        if let Some(key) = self.key.now().map_err(|error| Trouble::http(error.to_string()))? {
            headers.insert("x-goog-api-key", key_header(key.expose())?);
        }
        Ok(headers)
    }
}

#[async_trait]
impl Wire for Gemini {
    async fn check(&self, call: &Call<'_>) -> Result<Option<String>, Trouble> {
        let about = self.url.trim_end_matches(":generateContent");
        has_model(&call.fetch(about, self.headers()?, CHECKING).await?)
    }

    async fn send(&self, call: &Call<'_>, turns: &[Turn]) -> Result<Told, Trouble> {
        let headers = self.headers()?;
        let body = |without: &[&str]| request(&self.model, turns, without);
        told(&self.quirks.post(call, self, (&self.url, &headers), body).await?)
    }

    /// A quota says in the body when there is more of it.
    fn signal(&self, got: &Received) -> (u16, Option<Duration>) {
        let details = got.body.pointer("/error/details").and_then(Value::as_array);
        let delay = details.and_then(|details| {
            details.iter().find_map(|detail| detail.get("retryDelay")?.as_str()?.strip_suffix('s')?.parse::<f64>().ok())
        });
        (got.status, delay.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok()).or(got.wait))
    }
}

fn request(model: &str, turns: &[Turn], without: &[&str]) -> Value {
    let has = |thing| !without.contains(&thing);
    let (mut system, mut contents) = (String::new(), Vec::new());
    for (role, text) in turns {
        match *role {
            "system" => system = if has("schema") { text.clone() } else { form::in_words(text) },
            "assistant" => contents.push(json!({"role": "model", "parts": [{"text": text}]})),
            role => contents.push(json!({"role": role, "parts": [{"text": text}]})),
        }
    }
    // Thoughts count as output, and from the third generation on they can't be switched off.
    let (thinking, room) = match (has("thinking"), model.starts_with("gemini-3")) {
        (true, false) => (Some(json!({"thinkingBudget": 0})), 2_048),
        (true, true) => (Some(json!({"thinkingLevel": "low"})), 8_192),
        (false, _) => (None, 8_192),
    };
    let mut config = json!({"temperature": 0, "maxOutputTokens": room, "responseMimeType": "application/json"});
    if let Some(thinking) = thinking {
        config["thinkingConfig"] = thinking;
    }
    if has("schema") {
        config["responseJsonSchema"] = if has("bounds") { form::schema() } else { form::without_bounds() };
    }
    json!({"systemInstruction": {"parts": [{"text": system}]}, "contents": contents, "generationConfig": config})
}

fn told(got: &Received) -> Result<Told, Trouble> {
    let reply = &got.body;
    if got.status != 200 || reply.get("error").is_some() {
        return Err(Trouble::status(got.status, got.message()));
    }
    let word = |pointer| reply.pointer(pointer).and_then(Value::as_str);
    // A command line of malware is enough for this. It says nothing about the case, least of all that it is benign.
    if let Some(reason) = word("/promptFeedback/blockReason") {
        return Err(Trouble::new(
            Failure::Blocked,
            format!("the provider blocked the prompt: {}", super::cut(reason, 60)),
        ));
    }
    match word("/candidates/0/finishReason") {
        None | Some("STOP" | "FINISH_REASON_UNSPECIFIED") => {}
        Some("MAX_TOKENS") => return Err(Trouble::truncated()),
        Some(reason) if BLOCKED.contains(&reason) => {
            return Err(Trouble::new(Failure::Blocked, format!("the provider stopped the answer: {reason}")));
        }
        Some(reason) => {
            let why = format!("the answer ended early: {}", super::cut(reason, 60));
            return Err(Trouble::new(Failure::Parse, why));
        }
    }
    let tokens = |name: &str| reply.pointer(&format!("/usageMetadata/{name}")).and_then(Value::as_i64);
    let parts = reply.pointer("/candidates/0/content/parts").and_then(Value::as_array);
    let said = |part: &&Value| part.get("thought").and_then(Value::as_bool) != Some(true);
    Ok(Told {
        text: parts.into_iter().flatten().filter(said).filter_map(|part| part.get("text")?.as_str()).collect(),
        digest: word("/modelVersion").unwrap_or_default().to_owned(),
        tokens_in: tokens("promptTokenCount"),
        tokens_out: tokens("candidatesTokenCount").map(|out| out + tokens("thoughtsTokenCount").unwrap_or_default()),
    })
}
