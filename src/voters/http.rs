//! Voters over HTTP: what every wire kind shares, from the queue at the server to one repair turn.
use super::address::Address;
use super::build::{BuildError, Kind, Setup};
use super::call::{Call, Received, Trouble};
use super::endpoint::Endpoint;
use super::{Prompt, Question, Reply, Said, Voter, VoterConfig, reading};
use crate::domain::Failure;
use crate::limits;
use crate::secret::Key;
use async_trait::async_trait;
use std::fmt::Write;
use std::sync::Arc;
use std::time::Duration;

/// A local model may take so long to load.
const LOADING: Duration = Duration::from_mins(5);
/// A server that does not say within this time what it has is not there.
pub(super) const CHECKING: Duration = Duration::from_secs(10);

/// What one request came to: a text of the model's.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Told {
    /// The model's text.
    pub text: String,
    /// The model's digest.
    pub digest: String,
    /// Tokens of the prompt.
    pub tokens_in: Option<i64>,
    /// Tokens of the answer.
    pub tokens_out: Option<i64>,
}

/// One turn of the conversation: role and text.
pub type Turn = (&'static str, String);

/// A wire format: how turns become a request, and a reply a text.
#[async_trait]
pub trait Wire: Send + Sync {
    /// Sends the turns.
    ///
    /// # Errors
    /// Why there is no text.
    async fn send(&self, call: &Call<'_>, turns: &[Turn]) -> Result<Told, Trouble>;

    /// The model that must be in the server's memory for this; empty where that is the provider's affair.
    #[expect(clippy::unnecessary_literal_bound, reason = "a wire that has a model names it")]
    fn occupies(&self) -> &str {
        ""
    }

    /// Whether the model has to be loaded first.
    ///
    /// # Errors
    /// Why there can't be an answer.
    async fn is_cold(&self, _call: &Call<'_>) -> Result<bool, Trouble> {
        Ok(false)
    }

    /// Loads the model.
    ///
    /// # Errors
    /// Why it can't be loaded.
    async fn load(&self, _call: &Call<'_>) -> Result<(), Trouble> {
        Ok(())
    }

    /// Asks the server, at no cost, whether it would take a question; what is worth noting, if anything.
    ///
    /// # Errors
    /// Why it would not.
    async fn check(&self, call: &Call<'_>) -> Result<Option<String>, Trouble>;

    /// What an answer amounts to: a status and a wait, which some servers put into the body.
    fn signal(&self, got: &Received) -> (u16, Option<Duration>) {
        (got.status, got.wait)
    }
}

/// A voter behind a wire format.
pub struct HttpVoter<W> {
    config: VoterConfig,
    address: Address,
    server: Server,
    wire: W,
}

impl<W: Wire + 'static> HttpVoter<W> {
    /// A voter at the configured address, else at the kind's usual one; `wire` gets address, model and key.
    ///
    /// # Errors
    /// Where the address can't be used or TLS can't be set up.
    pub fn make(
        setup: Setup<'_>,
        usual: &str,
        wire: impl FnOnce(&str, &str, Key) -> W,
    ) -> Result<Arc<dyn Voter>, BuildError> {
        let mut config = setup.config;
        let address = Address::of(&config, usual)?;
        if config.model.is_empty() {
            config.model.clone_from(&config.name);
        }
        let endpoint = setup.endpoints.at(&address.0, config.concurrency);
        let endpoint = endpoint.map_err(|error| BuildError::Client(config.name.clone(), error))?;
        let server = Server {
            endpoint,
            deadline: Duration::from_secs(config.timeout_s.max(1)),
            key: setup.key.clone(),
            refused: address.refused(),
            kind: config.kind,
        };
        let wire = wire(&address.0, &config.model, setup.key);
        Ok(Arc::new(Self { config, address, server, wire }))
    }
}

#[async_trait]
impl<W: Wire> Voter for HttpVoter<W> {
    fn name(&self) -> &str {
        &self.config.name
    }

    fn kind(&self) -> Kind {
        self.config.kind
    }

    fn model(&self) -> &str {
        &self.config.model
    }

    fn cloud(&self) -> bool {
        self.config.cloud || !self.address.in_house()
    }

    fn private(&self) -> bool {
        self.config.privacy.holds(self.cloud())
    }

    fn deadline(&self) -> Duration {
        self.server.deadline
    }

    fn rest(&self) -> Option<Duration> {
        self.server.endpoint.breaker.rest()
    }

    fn key(&self) -> Option<&Key> {
        // The local server takes none.
        (self.config.kind != Kind::Ollama).then_some(&self.server.key)
    }

    async fn check(&self) -> Result<Option<String>, String> {
        self.server.check(&self.wire).await.map_err(|why| format!("{}: {why}", self.address.place()))
    }

    async fn ask(&self, question: &Question) -> Reply {
        self.server.ask(&self.wire, &question.prompt).await
    }
}

/// Reads what a server says of one model.
///
/// # Errors
/// Where it does not have the model, or does not let us have it.
pub(super) fn has_model(got: &Received) -> Result<Option<String>, Trouble> {
    let fine = got.status == 200 && got.body.get("error").is_none();
    if fine { Ok(None) } else { Err(Trouble::status(got.status, got.message())) }
}

/// One voter's way to its endpoint.
struct Server {
    endpoint: Arc<Endpoint>,
    deadline: Duration,
    key: Key,
    refused: Option<&'static str>,
    kind: Kind,
}

impl Server {
    /// Asks whether it would answer; neither the queue nor the circuit breaker has a part in this.
    async fn check(&self, wire: &dyn Wire) -> Result<Option<String>, String> {
        if let Some(why) = self.refused {
            return Err(why.to_owned());
        }
        let call = Call::new(&self.endpoint.client, self.kind.as_str(), CHECKING);
        let checked = call.within(wire.check(&call)).await;
        checked.map_err(|trouble| {
            let reply = Reply::bare(Said::Failed(trouble.failure, trouble.why)).without(self.key.known().as_ref());
            if let Said::Failed(_, why) = reply.said { why } else { String::new() }
        })
    }

    /// Waits for a place, then asks.
    async fn ask(&self, wire: &dyn Wire, prompt: &Prompt) -> Reply {
        if let Some(why) = self.refused {
            return Reply::bare(Said::Failed(Failure::Http, why.to_owned()));
        }
        let (_place, waited) = match self.endpoint.enter(wire.occupies()).await {
            Ok(entered) => entered,
            Err(reply) => return reply,
        };
        // The one that is sent now: it may be replaced before the answer comes.
        let key = self.key.known();
        let mut so_far = Reply { attempts: 0, waited, ..Reply::bare(Said::Abstained(String::new())) };
        let troubled = self.converse(wire, prompt, &mut so_far).await.err();
        self.endpoint.breaker.count(troubled.as_ref());
        if let Some(trouble) = troubled {
            so_far.said = Said::Failed(trouble.failure, trouble.why);
        }
        so_far.without(key.as_ref())
    }

    /// Asks with one repair turn, all within the deadline. Loading the model has a time of its own.
    async fn converse(&self, wire: &dyn Wire, prompt: &Prompt, reply: &mut Reply) -> Result<(), Trouble> {
        let mut call = Call::new(&self.endpoint.client, self.kind.as_str(), self.deadline);
        if call.within(wire.is_cold(&call)).await? {
            let loading = Call::new(&self.endpoint.client, self.kind.as_str(), self.deadline.max(LOADING));
            let loaded = loading.within(wire.load(&loading)).await;
            loaded
                .map_err(|trouble| Trouble { why: format!("the model was not loaded: {}", trouble.why), ..trouble })?;
            call = Call::new(&self.endpoint.client, self.kind.as_str(), self.deadline);
        }
        let mut turns = vec![("system", prompt.system.clone()), ("user", prompt.user.clone())];
        loop {
            reply.attempts += 1;
            let told = call.within(wire.send(&call, &turns)).await?;
            reply.said = judge(&told.text, prompt);
            reply.raw.push_str(&super::cut(&told.text, limits::RAW_ANSWER));
            (reply.digest, reply.tokens_in, reply.tokens_out) = (told.digest, told.tokens_in, told.tokens_out);
            match &reply.said {
                // Nothing can't be repaired, and some servers refuse an empty turn.
                Said::Failed(Failure::Parse | Failure::Schema, why)
                    if reply.attempts == 1 && !reply.raw.trim().is_empty() =>
                {
                    let ask =
                        format!("Your reply did not match the schema: {why}. Reply again with only the JSON object.");
                    // What it was told and first said stays with what it says then.
                    let _ = write!(reply.raw, "\n\n--- correction ---\n{ask}\n\n--- second reply ---\n");
                    turns.extend([("assistant", told.text), ("user", ask)]);
                }
                _ => return Ok(()),
            }
        }
    }
}

/// Reads a model's text and checks it for the canary.
pub fn judge(text: &str, prompt: &Prompt) -> Said {
    if text.contains(&prompt.canary) {
        return Said::Failed(
            Failure::Injection,
            "the answer repeats a word that only an instruction in the data could have asked for".to_owned(),
        );
    }
    match reading::read(text) {
        Ok(answer) => Said::Answered(answer),
        Err((failure, wrong)) => Said::Failed(failure, wrong.join("; ")),
    }
}
