//! Ollama's own API, `POST /api/chat`: the only one of its routes that takes `num_ctx`.
use super::http::{Server, Told, Turn, Wire, client};
use super::{Kind, Question, Reply, Voter, VoterConfig, reading};
use crate::domain::Failure;
use async_trait::async_trait;
use reqwest::header::HeaderMap;
use serde_json::{Value, json};
use std::time::Duration;
use tokio::sync::OnceCell;

/// Where Ollama listens unless told otherwise.
pub const USUAL_ADDRESS: &str = "http://127.0.0.1:11434";
/// One size for each model: another one makes Ollama load the model again.
const CONTEXT: u32 = 8_192;
/// A model that thinks needs room for it.
const CONTEXT_THINKING: u32 = 16_384;

/// A model on an Ollama server.
pub struct Ollama {
    config: VoterConfig,
    server: Server,
    model: Model,
}

struct Model {
    base: String,
    name: String,
    /// Whether it can think; asked once.
    thinks: OnceCell<bool>,
}

impl Ollama {
    /// A voter of this configuration.
    ///
    /// # Errors
    /// Where TLS can't be set up.
    pub fn new(config: VoterConfig) -> Result<Self, reqwest::Error> {
        let base =
            if config.base_url.is_empty() { USUAL_ADDRESS } else { config.base_url.trim_end_matches('/') }.to_owned();
        let model = Model {
            name: if config.model.is_empty() { config.name.clone() } else { config.model.clone() },
            thinks: OnceCell::new(),
            base,
        };
        Ok(Self { server: Server::new(&config, &model.base)?, config, model })
    }
}

#[async_trait]
impl Voter for Ollama {
    fn name(&self) -> &str {
        &self.config.name
    }

    fn kind(&self) -> Kind {
        Kind::Ollama
    }

    fn model(&self) -> &str {
        &self.model.name
    }

    fn cloud(&self) -> bool {
        self.config.cloud || !super::build::is_in_house(&self.model.base)
    }

    fn deadline(&self) -> Duration {
        self.server.deadline()
    }

    async fn ask(&self, question: &Question) -> Reply {
        self.server.ask(&self.model, &question.prompt).await
    }
}

#[async_trait]
impl Wire for Model {
    async fn send(&self, server: &Server, turns: &[Turn]) -> Result<Told, (Failure, String)> {
        let thinks = *self.thinks.get_or_try_init(|| self.can_think(server)).await?;
        let (status, reply) =
            server.post(&format!("{}/api/chat", self.base), HeaderMap::new(), &self.request(turns, thinks)).await?;
        if status != 200 {
            return Err((Failure::Http, self.problem(status, &reply)));
        }
        if let Some(error) = reply.get("error").and_then(Value::as_str) {
            return Err((Failure::Http, format!("Ollama says: {}", super::cut(error, 300))));
        }
        if reply.get("done_reason").and_then(Value::as_str) == Some("length") {
            return Err((Failure::Parse, "the answer was cut off at its longest permitted length".to_owned()));
        }
        Ok(Told {
            text: reply.pointer("/message/content").and_then(Value::as_str).unwrap_or_default().to_owned(),
            digest: self.digest().await,
            tokens_in: reply.get("prompt_eval_count").and_then(Value::as_i64),
            tokens_out: reply.get("eval_count").and_then(Value::as_i64),
        })
    }
}

impl Model {
    /// `stream`, `truncate` and `shift` default to what would lose text, and an unset `num_ctx` depends on the machine.
    fn request(&self, turns: &[Turn], thinks: bool) -> Value {
        let messages: Vec<_> = turns.iter().map(|(role, content)| json!({"role": role, "content": content})).collect();
        // DeepSeek's r1 can't stop thinking, so it gets the room for it.
        let must_think = thinks && self.name.starts_with("deepseek-r1");
        let (context, predict) = if must_think { (CONTEXT_THINKING, 3_000) } else { (CONTEXT, 900) };
        let mut body = json!({
            "model": self.name, "stream": false, "keep_alive": "15m", "truncate": false, "shift": false, "format": reading::schema(),
            "options": {"num_ctx": context, "num_predict": predict, "temperature": 0, "seed": 1}, "messages": messages,
        });
        if thinks && !must_think {
            body["think"] = json!(false);
        }
        body
    }

    /// Only an answer is remembered: a model that thinks does so unless told not to.
    async fn can_think(&self, server: &Server) -> Result<bool, (Failure, String)> {
        let (status, show) =
            server.post(&format!("{}/api/show", self.base), HeaderMap::new(), &json!({"model": self.name})).await?;
        if status != 200 {
            return Err((Failure::Http, self.problem(status, &show)));
        }
        let capabilities = show.get("capabilities").and_then(Value::as_array).cloned().unwrap_or_default();
        Ok(capabilities.iter().any(|capability| capability == "thinking"))
    }

    /// Asked for every vote: a name such as `qwen3:latest` may mean another model by now.
    async fn digest(&self) -> String {
        let listed = models(&self.base).await.unwrap_or_default();
        listed.into_iter().find(|(name, _)| same_model(name, &self.name)).map(|(_, digest)| digest).unwrap_or_default()
    }

    fn problem(&self, status: u16, reply: &Value) -> String {
        let said = reply.get("error").and_then(Value::as_str).unwrap_or_default();
        match status {
            404 => format!("the model is not installed there; run: ollama pull {}", self.name),
            _ => format!("Ollama answered {status}: {}", super::cut(said, 300)),
        }
    }
}

/// `qwen3` and `qwen3:latest` are one model.
fn same_model(listed: &str, wanted: &str) -> bool {
    listed == wanted || listed.strip_suffix(":latest") == Some(wanted)
}

/// The models that an Ollama server has, with their digests; asked with little patience.
///
/// # Errors
/// A sentence for people where the server does not answer.
pub async fn models(base_url: &str) -> Result<Vec<(String, String)>, String> {
    let client = client().map_err(|error| error.to_string())?;
    let asked = client.get(format!("{base_url}/api/tags")).timeout(Duration::from_secs(1)).send().await;
    let reply = asked.map_err(|_| format!("no Ollama answers at {base_url}"))?;
    let list: Value = reply.json().await.map_err(|_| format!("{base_url} does not answer as Ollama does"))?;
    let models = list.get("models").and_then(Value::as_array).cloned().unwrap_or_default();
    let text = |model: &Value, field: &str| model.get(field).and_then(Value::as_str).unwrap_or_default().to_owned();
    Ok(models
        .iter()
        .map(|model| (text(model, "name"), text(model, "digest")))
        .filter(|(name, _)| !name.is_empty())
        .collect())
}
