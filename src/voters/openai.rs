//! Any server that speaks the `OpenAI` API's `POST /chat/completions`.
use super::http::{Server, Told, Turn, Wire};
use super::{Kind, Question, Reply, Voter, VoterConfig, reading};
use crate::domain::Failure;
use crate::secret::Secret;
use async_trait::async_trait;
use reqwest::header::{AUTHORIZATION, HeaderMap, HeaderValue};
use serde_json::{Value, json};
use std::time::Duration;

/// A model behind an OpenAI-compatible server.
pub struct Openai {
    config: VoterConfig,
    server: Server,
    wire: Completions,
}

struct Completions {
    base: String,
    model: String,
    key: Option<Secret>,
}

impl Openai {
    /// A voter of this configuration with its key.
    ///
    /// # Errors
    /// Where TLS can't be set up.
    pub fn new(config: VoterConfig, key: Option<Secret>) -> Result<Self, reqwest::Error> {
        let base = if config.base_url.is_empty() {
            "https://api.openai.com/v1"
        } else {
            config.base_url.trim_end_matches('/')
        }
        .to_owned();
        let server = Server::new(&config, &base)?;
        Ok(Self { wire: Completions { base, model: config.model.clone(), key }, config, server })
    }
}

#[async_trait]
impl Voter for Openai {
    fn name(&self) -> &str {
        &self.config.name
    }

    fn kind(&self) -> Kind {
        Kind::Openai
    }

    fn model(&self) -> &str {
        &self.config.model
    }

    fn cloud(&self) -> bool {
        self.config.cloud || !super::build::is_in_house(&self.wire.base)
    }

    fn deadline(&self) -> Duration {
        self.server.deadline()
    }

    async fn ask(&self, question: &Question) -> Reply {
        self.server.ask(&self.wire, &question.prompt).await
    }
}

#[async_trait]
impl Wire for Completions {
    async fn send(&self, server: &Server, turns: &[Turn]) -> Result<Told, (Failure, String)> {
        let messages: Vec<_> = turns.iter().map(|(role, content)| json!({"role": role, "content": content})).collect();
        let body = json!({
            "model": self.model, "messages": messages, "temperature": 0, "seed": 1, "max_tokens": 900,
            "response_format": {"type": "json_schema", "json_schema": {"name": "triage_vote", "strict": true, "schema": reading::schema()}},
        });
        let mut headers = HeaderMap::new();
        if let Some(key) = &self.key {
            let mut value = HeaderValue::from_str(&format!("Bearer {}", key.expose()))
                .map_err(|_| (Failure::Http, "the API key holds characters that can't be sent".to_owned()))?;
            value.set_sensitive(true);
            headers.insert(AUTHORIZATION, value);
        }
        let (status, reply) = server.post(&format!("{}/chat/completions", self.base), headers, &body).await?;
        told(status, &reply)
    }
}

/// Errors come with any status, at the top or within a choice.
fn told(status: u16, reply: &Value) -> Result<Told, (Failure, String)> {
    let error = reply.get("error").or_else(|| reply.pointer("/choices/0/error"));
    if let Some(error) = error.filter(|error| !error.is_null()) {
        let message = error
            .get("message")
            .and_then(Value::as_str)
            .or_else(|| error.as_str())
            .unwrap_or("an error without a message");
        return Err((Failure::Http, format!("the server answered {status}: {}", super::cut(message, 300))));
    }
    if status != 200 {
        return Err((Failure::Http, format!("the server answered {status}")));
    }
    if let Some(refusal) = reply.pointer("/choices/0/message/refusal").and_then(Value::as_str) {
        return Err((Failure::Refused, super::cut(refusal, 300)));
    }
    match reply.pointer("/choices/0/finish_reason").and_then(Value::as_str) {
        Some("content_filter") => {
            return Err((Failure::Blocked, "the provider's content filter stopped the answer".to_owned()));
        }
        Some("length") => {
            return Err((Failure::Parse, "the answer was cut off at its longest permitted length".to_owned()));
        }
        _ => {}
    }
    Ok(Told {
        text: reply.pointer("/choices/0/message/content").and_then(Value::as_str).unwrap_or_default().to_owned(),
        digest: reply.get("system_fingerprint").and_then(Value::as_str).unwrap_or_default().to_owned(),
        tokens_in: reply.pointer("/usage/prompt_tokens").and_then(Value::as_i64),
        tokens_out: reply.pointer("/usage/completion_tokens").and_then(Value::as_i64),
    })
}
