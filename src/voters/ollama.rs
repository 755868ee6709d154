//! Ollama's own API, `POST /api/chat`: the only one of its routes that takes `num_ctx`.
use super::build::{BuildError, Setup};
use super::call::{Call, Received, Trouble};
use super::http::{CHECKING, HttpVoter, Told, Turn, Wire};
use super::{Voter, form};
use crate::domain::Failure;
use crate::outbound::client;
use async_trait::async_trait;
use reqwest::header::HeaderMap;
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::OnceCell;

/// Where Ollama listens unless told otherwise.
pub const USUAL_ADDRESS: &str = "http://127.0.0.1:11434";
/// One size for each model: another one makes Ollama load the model again.
const CONTEXT: i64 = 8_192;
/// The longest answer.
const PREDICT: i64 = 900;
/// A model that thinks needs room for it: context and longest answer.
const THINKING: (i64, i64) = (16_384, 3_000);
/// How long a model stays in memory after its last question.
const KEEP: &str = "15m";
/// What only tells about models is asked with little patience.
const ASIDE: Duration = Duration::from_secs(1);

struct Ollama {
    base: String,
    name: String,
    /// Whether it can think; asked once.
    thinks: OnceCell<bool>,
}

/// Sets a voter up.
///
/// # Errors
/// See [`BuildError`].
pub fn make(setup: Setup<'_>) -> Result<Arc<dyn Voter>, BuildError> {
    HttpVoter::make(setup, USUAL_ADDRESS, |base, model, _| Ollama {
        base: base.to_owned(),
        name: model.to_owned(),
        thinks: OnceCell::new(),
    })
}

/// How a model is told not to think, or what it needs for it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Thinking {
    /// It can't, and a request that mentions it is refused.
    Cannot,
    /// It does unless told not to.
    CanStop,
    /// It can't stop, and only some take a word on how much.
    Must(Option<&'static str>),
}

#[async_trait]
impl Wire for Ollama {
    fn occupies(&self) -> &str {
        &self.name
    }

    async fn check(&self, call: &Call<'_>) -> Result<Option<String>, Trouble> {
        let got = call.fetch(&format!("{}/api/tags", self.base), HeaderMap::new(), CHECKING).await?;
        self.checked(&got)?;
        let missing = || Trouble::http(format!("it does not have the model; run: ollama pull {}", self.name));
        self.listed(&got.body).map(|_| None).ok_or_else(missing)
    }

    /// A model that is not in memory is loaded first, so that loading does not eat up the time of the vote.
    async fn is_cold(&self, call: &Call<'_>) -> Result<bool, Trouble> {
        self.thinking(call).await?;
        // Servers without this route load while they answer.
        let Some(got) = call.get(&format!("{}/api/ps", self.base), ASIDE).await else { return Ok(false) };
        Ok(got.status == 200 && got.body.get("models").is_some() && self.listed(&got.body).is_none())
    }

    async fn load(&self, call: &Call<'_>) -> Result<(), Trouble> {
        let thinking = self.thinking(call).await?;
        let body = json!({"model": self.name, "stream": false, "keep_alive": KEEP, "messages": [], "options": options(thinking)});
        self.checked(&call.post(self, &format!("{}/api/chat", self.base), &HeaderMap::new(), &body).await?)
    }

    async fn send(&self, call: &Call<'_>, turns: &[Turn]) -> Result<Told, Trouble> {
        let thinking = self.thinking(call).await?;
        // Asked for every vote: a name such as `qwen3:latest` may mean another model by now.
        let tags = call.get(&format!("{}/api/tags", self.base), ASIDE).await;
        let body = self.request(turns, thinking);
        let got = call.post(self, &format!("{}/api/chat", self.base), &HeaderMap::new(), &body).await?;
        self.checked(&got)?;
        let reply = &got.body;
        if reply.get("done_reason").and_then(Value::as_str) == Some("length") {
            return Err(Trouble::truncated());
        }
        let tokens_in = reply.get("prompt_eval_count").and_then(Value::as_i64);
        let (context, predict) = thinking.room();
        if let Some(tokens) = tokens_in.filter(|tokens| *tokens > context - predict) {
            let why =
                format!("the prompt of {tokens} tokens was truncated or left no room for an answer: {context} fit");
            return Err(Trouble::new(Failure::Parse, why));
        }
        Ok(Told {
            text: reply.pointer("/message/content").and_then(Value::as_str).unwrap_or_default().to_owned(),
            digest: tags.and_then(|tags| Some(text(self.listed(&tags.body)?, "digest"))).unwrap_or_default(),
            tokens_in,
            tokens_out: reply.get("eval_count").and_then(Value::as_i64),
        })
    }
}

impl Thinking {
    /// The size of the context, and of it what an answer may take.
    const fn room(self) -> (i64, i64) {
        if matches!(self, Self::Must(_)) { THINKING } else { (CONTEXT, PREDICT) }
    }
}

/// The same for loading as for asking: other ones would load the model again.
fn options(thinking: Thinking) -> Value {
    let (context, predict) = thinking.room();
    json!({"num_ctx": context, "num_predict": predict, "temperature": 0, "seed": 1})
}

impl Ollama {
    /// `stream`, `truncate` and `shift` default to what would lose text, and an unset `num_ctx` depends on the machine.
    fn request(&self, turns: &[Turn], thinking: Thinking) -> Value {
        let messages: Vec<_> = turns.iter().map(|(role, content)| json!({"role": role, "content": content})).collect();
        let mut body = json!({
            "model": self.name, "stream": false, "keep_alive": KEEP, "truncate": false, "shift": false,
            "format": form::schema(), "options": options(thinking), "messages": messages,
        });
        match thinking {
            Thinking::CanStop => body["think"] = json!(false),
            Thinking::Must(Some(level)) => body["think"] = json!(level),
            Thinking::Cannot | Thinking::Must(None) => {}
        }
        body
    }

    /// Only an answer is remembered: a model that thinks does so unless told not to.
    async fn thinking(&self, call: &Call<'_>) -> Result<Thinking, Trouble> {
        let name = self.name.to_lowercase();
        Ok(match *self.thinks.get_or_try_init(|| self.can_think(call)).await? {
            false => Thinking::Cannot,
            true if name.contains("deepseek-r1") => Thinking::Must(None),
            true if name.contains("gpt-oss") => Thinking::Must(Some("low")),
            true => Thinking::CanStop,
        })
    }

    async fn can_think(&self, call: &Call<'_>) -> Result<bool, Trouble> {
        let body = json!({"model": self.name});
        let got = call.post(self, &format!("{}/api/show", self.base), &HeaderMap::new(), &body).await?;
        self.checked(&got)?;
        let capabilities = got.body.get("capabilities").and_then(Value::as_array);
        Ok(capabilities.is_some_and(|list| list.iter().any(|capability| capability == "thinking")))
    }

    /// This model in a list of models; `qwen3` and `qwen3:latest` are one.
    fn listed<'a>(&self, list: &'a Value) -> Option<&'a Value> {
        let same = |name: &str| name == self.name || name.strip_suffix(":latest") == Some(&self.name);
        let named = |model: &&Value| ["name", "model"].iter().any(|field| same(&text(model, field)));
        list.get("models")?.as_array()?.iter().find(named)
    }

    /// An error comes with any status.
    fn checked(&self, got: &Received) -> Result<(), Trouble> {
        let said = got.message();
        match got.status {
            404 => Err(Trouble {
                why: format!("the model is not installed there; run: ollama pull {}", self.name),
                ..Trouble::status(404, said)
            }),
            200 if said.is_empty() => Ok(()),
            200 => Err(Trouble::http(format!("Ollama says: {}", super::cut(said, 300)))),
            status => Err(Trouble::status(status, said)),
        }
    }
}

fn text(model: &Value, field: &str) -> String {
    model.get(field).and_then(Value::as_str).unwrap_or_default().to_owned()
}

/// The models that an Ollama server has, with their digests; asked with little patience.
///
/// # Errors
/// A sentence for people where the server does not answer.
pub async fn models(base_url: &str) -> Result<Vec<(String, String)>, String> {
    let client = client().map_err(|error| error.to_string())?;
    let asked = client.get(format!("{base_url}/api/tags")).timeout(ASIDE).send().await;
    let reply = asked.map_err(|_| format!("no Ollama answers at {base_url}"))?;
    let list: Value = reply.json().await.map_err(|_| format!("{base_url} does not answer as Ollama does"))?;
    let models = list.get("models").and_then(Value::as_array).cloned().unwrap_or_default();
    Ok(models
        .iter()
        .map(|model| (text(model, "name"), text(model, "digest")))
        .filter(|(name, _)| !name.is_empty())
        .collect())
}
