//! Asking over HTTP: deadlines, retries, a circuit breaker, a body cap, one repair turn.
use super::reading;
use super::{Prompt, Reply, Said, VoterConfig};
use crate::domain::Failure;
use crate::limits;
use async_trait::async_trait;
use reqwest::header::{HeaderMap, RETRY_AFTER};
use serde_json::Value;
use std::sync::Mutex;
use std::time::{Duration, Instant};
use tokio::sync::Semaphore;

/// Waits between the tries of one request; each is drawn between zero and this.
const BACK_OFF: [Duration; 2] = [Duration::from_secs(1), Duration::from_secs(4)];
/// So many failures in a row open the circuit …
const BREAKER_FAILURES: u32 = 5;
/// … for so long.
const BREAKER_OPEN: Duration = Duration::from_mins(1);

/// What one request came to: a text of the model's, or why there is none.
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
    /// Why there is no text, in words for the analyst.
    async fn send(&self, server: &Server, turns: &[Turn]) -> Result<Told, (Failure, String)>;
}

/// A server with its limits and its breaker.
pub struct Server {
    client: reqwest::Client,
    deadline: Duration,
    places: Semaphore,
    breaker: Mutex<Breaker>,
    refused: Option<String>,
}

#[derive(Default)]
struct Breaker {
    failures: u32,
    open_until: Option<Instant>,
}

/// A client that neither follows redirects nor hangs on connecting.
///
/// # Errors
/// Where TLS can't be set up.
pub fn client() -> Result<reqwest::Client, reqwest::Error> {
    // A second installation is refused; the first one stays, which is what is wanted.
    let _ = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::builder()
        .connect_timeout(limits::CONNECT)
        .redirect(reqwest::redirect::Policy::none())
        .no_proxy()
        .build()
}

/// Whether a URL leads to this machine.
pub fn is_loopback(url: &str) -> bool {
    let host = reqwest::Url::parse(url).ok().and_then(|url| url.host_str().map(str::to_owned)).unwrap_or_default();
    host == "localhost" || host.trim_matches(['[', ']']).parse::<std::net::IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

impl Server {
    /// The server of a voter.
    ///
    /// # Errors
    /// Where TLS can't be set up.
    pub fn new(config: &VoterConfig, base_url: &str) -> Result<Self, reqwest::Error> {
        let plain = !base_url.starts_with("https://") && !is_loopback(base_url);
        Ok(Self {
            client: client()?,
            deadline: Duration::from_secs(config.timeout_s.max(1)),
            places: Semaphore::new(config.concurrency.max(1)),
            breaker: Mutex::new(Breaker::default()),
            refused: plain
                .then(|| "plain http is used on this machine only; give the server an https address".to_owned()),
        })
    }

    /// The total time of one vote.
    pub const fn deadline(&self) -> Duration {
        self.deadline
    }

    /// Posts JSON and returns status and JSON; retries what may pass by itself.
    ///
    /// # Errors
    /// `Http` where there is no usable reply; the text says why.
    pub async fn post(&self, url: &str, headers: HeaderMap, body: &Value) -> Result<(u16, Value), (Failure, String)> {
        let mut tries = 0;
        loop {
            let sent = self.client.post(url).headers(headers.clone()).json(body).send().await;
            let (retry, wait, problem) = match sent {
                Ok(reply) => {
                    let (status, wait) = (reply.status().as_u16(), retry_after(reply.headers()));
                    if !matches!(status, 408 | 429 | 500 | 502 | 503 | 504 | 529) || tries >= limits::VOTE_TRIES - 1 {
                        return read_json(reply).await;
                    }
                    (true, wait, format!("the server answered {status}"))
                }
                Err(error) => (
                    error.is_connect() || error.is_request(),
                    None,
                    format!("the server could not be reached: {}", kind(&error)),
                ),
            };
            if !retry || tries >= limits::VOTE_TRIES - 1 {
                return Err((Failure::Http, problem));
            }
            let back_off = BACK_OFF[usize::try_from(tries).unwrap_or_default().min(BACK_OFF.len() - 1)];
            let wait = wait.unwrap_or_else(|| back_off.mul_f64(rand::random::<f64>()));
            tokio::time::sleep(wait.min(limits::RETRY_AFTER)).await;
            tries += 1;
        }
    }

    /// Asks a wire with one repair turn, all within the deadline.
    pub async fn ask(&self, wire: &dyn Wire, prompt: &Prompt) -> Reply {
        if let Some(why) = &self.refused {
            return Reply::bare(Said::Failed(Failure::Http, why.clone()));
        }
        if self.is_open() {
            return Reply::bare(Said::Failed(
                Failure::Http,
                "not asked: it failed five times in a row and gets a minute's rest".to_owned(),
            ));
        }
        // A closed semaphore can't be: nobody closes it.
        let _place = self.places.acquire().await;
        let asked = tokio::time::timeout(self.deadline, self.converse(wire, prompt)).await;
        let reply = asked.unwrap_or_else(|_| {
            Reply::bare(Said::Failed(Failure::Timeout, format!("no answer within {} s", self.deadline.as_secs())))
        });
        self.note(matches!(reply.said, Said::Failed(Failure::Http | Failure::Timeout, _)));
        reply
    }

    async fn converse(&self, wire: &dyn Wire, prompt: &Prompt) -> Reply {
        let mut turns = vec![("system", prompt.system.clone()), ("user", prompt.user.clone())];
        let mut attempts = 0;
        loop {
            attempts += 1;
            let told = match wire.send(self, &turns).await {
                Ok(told) => told,
                Err((failure, why)) => return Reply { attempts, ..Reply::bare(Said::Failed(failure, why)) },
            };
            let said = judge(&told.text, prompt);
            if let Said::Failed(Failure::Parse | Failure::Schema, why) = &said
                && attempts == 1
            {
                turns.push(("assistant", told.text));
                turns.push((
                    "user",
                    format!("Your reply did not match the schema: {why}. Reply again with only the JSON object."),
                ));
                continue;
            }
            let raw = super::cut(&told.text, limits::RAW_ANSWER);
            return Reply {
                said,
                raw,
                digest: told.digest,
                tokens_in: told.tokens_in,
                tokens_out: told.tokens_out,
                attempts,
            };
        }
    }

    fn is_open(&self) -> bool {
        self.breaker.lock().is_ok_and(|breaker| breaker.open_until.is_some_and(|until| until > Instant::now()))
    }

    fn note(&self, failed: bool) {
        if let Ok(mut breaker) = self.breaker.lock() {
            breaker.failures = if failed { breaker.failures + 1 } else { 0 };
            breaker.open_until = (breaker.failures >= BREAKER_FAILURES).then(|| Instant::now() + BREAKER_OPEN);
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

fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    headers.get(RETRY_AFTER)?.to_str().ok()?.trim().parse().ok().map(Duration::from_secs)
}

/// Status and JSON of a reply of at most the permitted size.
async fn read_json(mut reply: reqwest::Response) -> Result<(u16, Value), (Failure, String)> {
    let status = reply.status().as_u16();
    let mut body = Vec::new();
    while let Some(chunk) =
        reply.chunk().await.map_err(|error| (Failure::Http, format!("the answer broke off: {}", kind(&error))))?
    {
        body.extend_from_slice(&chunk);
        if body.len() > limits::UPSTREAM_BODY {
            return Err((Failure::Http, format!("the answer is larger than {} bytes", limits::UPSTREAM_BODY)));
        }
    }
    match serde_json::from_slice(&body) {
        Ok(value) => Ok((status, value)),
        Err(_) if status != 200 => Ok((status, Value::Null)),
        Err(_) => Err((Failure::Http, "the server's answer is not JSON".to_owned())),
    }
}

/// What kind of failure, without addresses that may hold secrets.
fn kind(error: &reqwest::Error) -> &'static str {
    if error.is_connect() {
        "no connection"
    } else if error.is_timeout() {
        "it took too long"
    } else {
        "the transfer failed"
    }
}
