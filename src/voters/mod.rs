//! The voters: who is asked, and how an answer or a failure comes back.
//!
//! One file for each wire kind. A new provider is one file and one line in [`build`].
//! Voters see a [`Question`] and nothing else: no other votes, no earlier AI text, no notes.
pub mod address;
pub mod anthropic;
pub mod build;
pub mod call;
pub mod endpoint;
pub mod form;
pub mod gemini;
pub mod gemini_cli;
pub mod http;
pub mod ollama;
pub mod openai;
pub mod precedent;
pub mod privacy;
pub mod quirks;
pub mod reading;
pub mod rules;
pub mod statistical;
pub mod turn;

pub use build::{Kind, build};
pub use privacy::{Mask, Privacy};

use crate::domain::{Answer, Dossier, Failure};
use crate::secret::{Key, Secret};
use async_trait::async_trait;
use schemars::JsonSchema;
use serde::Deserialize;
use std::sync::Arc;
use std::time::Duration;

/// What is shorter than this is no key, and taking it out of texts would only garble them.
const SHORTEST_KEY: usize = 6;

/// One voter as configuration describes it.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct VoterConfig {
    /// The name on pages and in reports, unique.
    pub name: String,
    /// How it is spoken to.
    pub kind: Kind,
    /// Where the server is; none for the usual address of the kind. It is in the cloud unless it is in the house.
    #[serde(default)]
    pub base_url: String,
    /// The model's name on that server; none for the voter's own name.
    #[serde(default)]
    pub model: String,
    /// A file with the API key; none where the server wants none, `GEMINI_API_KEY` has it for `gemini_cli`, or it is
    /// written on the page Integrations.
    #[serde(default)]
    #[schemars(extend("x-secret" = "file"))]
    pub api_key_file: String,
    /// The program, for `gemini_cli`.
    #[serde(default = "gemini_program")]
    pub command: String,
    /// Seconds for one vote in all, retries included; loading a local model may take 300 s more.
    #[serde(default = "two_minutes")]
    pub timeout_s: u64,
    /// How many questions the server may get at once. Voters with one `base_url` share them: the largest number counts.
    #[serde(default = "one")]
    pub concurrency: usize,
    /// Whether data leaves the house whatever the address, as with a gateway: such a voter is asked only where
    /// `policy.cloud_allowed` or `fusionsoc org cloud` allows it.
    #[serde(default)]
    pub cloud: bool,
    /// When users, hosts, inner addresses and secrets leave as words such as `USER_1`.
    #[serde(default)]
    pub privacy: Privacy,
    /// The price of a million tokens of questions, in whatever money budgets are in, 0 to 1000000000.
    #[serde(default)]
    pub price_in: f64,
    /// The price of a million tokens of answers, 0 to 1000000000.
    #[serde(default)]
    pub price_out: f64,
}

impl VoterConfig {
    /// A model on an Ollama server with everything else as usual.
    pub fn ollama(name: &str, base_url: &str, model: &str) -> Self {
        Self {
            name: name.to_owned(),
            kind: Kind::Ollama,
            base_url: base_url.to_owned(),
            model: model.to_owned(),
            api_key_file: String::new(),
            command: gemini_program(),
            timeout_s: two_minutes(),
            concurrency: one(),
            cloud: false,
            privacy: Privacy::Auto,
            price_in: 0.0,
            price_out: 0.0,
        }
    }
}

/// The start of a text, at most `max` bytes, whole characters only.
fn cut(text: &str, max: usize) -> String {
    text[..text.floor_char_boundary(max)].to_owned()
}

/// A list of finds as a sentence; empty where there is none.
fn sentence(list: &str) -> String {
    let mut letters = list.chars();
    letters.next().map_or_else(String::new, |first| format!("{}{}.", first.to_uppercase(), letters.as_str()))
}

/// Takes a key out of a text, the start of one that was cut at the end of the text included.
fn hide(text: &mut String, key: &str) {
    *text = text.replace(key, "***");
    let starts = (SHORTEST_KEY..key.len()).rev().filter_map(|end| key.get(..end));
    if let Some(rest) = starts.into_iter().find_map(|start| text.strip_suffix(start).map(str::len)) {
        text.truncate(rest);
        text.push_str("***");
    }
}

fn gemini_program() -> String {
    "gemini".to_owned()
}

const fn two_minutes() -> u64 {
    120
}

const fn one() -> usize {
    1
}

/// What a voter is asked.
#[derive(Debug, Clone)]
pub struct Question {
    /// The evidence, for the built-in voters.
    pub dossier: Arc<Dossier>,
    /// The same evidence in words, for models.
    pub prompt: Arc<Prompt>,
    /// What the statistical voter learnt in the organisation that asks.
    pub learnt: Option<Arc<statistical::Model>>,
}

/// A prompt, ready to send.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Prompt {
    /// The system message.
    pub system: String,
    /// The user message, data lines included.
    pub user: String,
    /// A word that must never come back.
    pub canary: String,
    /// The version of the template.
    pub version: &'static str,
    /// SHA-256 in hex of the prompt with boundary and canary taken out: equal for equal evidence.
    pub hash: String,
    /// What was cut to fit, in words; empty when nothing was.
    pub truncated: Vec<String>,
}

/// What came of asking.
#[derive(Debug, Clone, PartialEq)]
pub struct Reply {
    /// A vote, nothing to say, or a failure.
    pub said: Said,
    /// The raw answer, cut to 64 KiB.
    pub raw: String,
    /// The model's digest, where the server tells it.
    pub digest: String,
    /// Tokens of the prompt, where the server tells them.
    pub tokens_in: Option<i64>,
    /// Tokens of the answer, where the server tells them.
    pub tokens_out: Option<i64>,
    /// How many requests it took.
    pub attempts: i64,
    /// How long it stood in the queue of its server; no part of the time it took to answer.
    pub waited: Duration,
}

/// The outcome of one question.
#[derive(Debug, Clone, PartialEq)]
#[expect(clippy::large_enum_variant, reason = "there are as many as voters, and most are answers")]
pub enum Said {
    /// A checked answer.
    Answered(Answer),
    /// Nothing to say, and why.
    Abstained(String),
    /// No usable answer, and why in words for the analyst.
    Failed(Failure, String),
}

impl Reply {
    /// A reply that is only what was said.
    pub const fn bare(said: Said) -> Self {
        Self {
            said,
            raw: String::new(),
            digest: String::new(),
            tokens_in: None,
            tokens_out: None,
            attempts: 1,
            waited: Duration::ZERO,
        }
    }

    /// The same without the key: a server may repeat what it was given, and pages and logs must not.
    #[must_use]
    pub fn without(mut self, key: Option<&Secret>) -> Self {
        if let Some(key) = key.map(Secret::expose).filter(|key| key.len() >= SHORTEST_KEY) {
            if let Said::Failed(_, why) = &mut self.said {
                hide(why, key);
            }
            hide(&mut self.raw, key);
        }
        self
    }
}

/// Somebody who votes.
#[async_trait]
pub trait Voter: Send + Sync {
    /// The name on pages and in reports.
    fn name(&self) -> &str;
    /// The wire kind.
    fn kind(&self) -> Kind;
    /// The model's name, or the voter's own for built-in ones.
    fn model(&self) -> &str;
    /// Whether data leaves the house.
    fn cloud(&self) -> bool {
        false
    }
    /// Whether names and secrets are replaced by words before they are sent.
    fn private(&self) -> bool {
        self.cloud()
    }
    /// The total time this voter may take, retries included.
    fn deadline(&self) -> Duration {
        Duration::from_mins(2)
    }
    /// How long its server is left alone, after failures in a row.
    fn rest(&self) -> Option<Duration> {
        None
    }
    /// The key that it uses, where it takes one.
    fn key(&self) -> Option<&Key> {
        None
    }
    /// Finds out, without a question, whether it could answer; what is worth noting, if anything.
    ///
    /// # Errors
    /// A sentence for people on what is wrong, without the key.
    async fn check(&self) -> Result<Option<String>, String> {
        Ok(None)
    }
    /// Asks. Never panics and never hangs: every failure is a [`Said::Failed`].
    async fn ask(&self, question: &Question) -> Reply;
}
