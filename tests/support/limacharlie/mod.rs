//! A fake LimaCharlie on loopback that speaks the real wire format: our tests set it up and look at
//! it through [`Fake::change`], other programs through `/__ctl`.
#![allow(
    dead_code,
    unused_imports,
    missing_docs,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::needless_pass_by_value
)]
mod control;
mod faults;
mod hive;
mod insight;
mod sample;
mod search;
mod sensors;
mod state;
mod token;
mod wire;

pub use faults::Fault;
pub use sample::{detection, event};
pub use state::{Call, KEY, Kept, OID, Sensor, State};

use axum::Router;
use axum::extract::{Request, State as Extracted};
use axum::response::Response;
use std::sync::{Arc, Mutex, PoisonError};
use wire::{Asked, Reply};

#[derive(Clone)]
pub struct Fake {
    pub url: String,
    state: Arc<Mutex<State>>,
}

impl Fake {
    /// Starts it on a free port, with a few samples.
    pub async fn start() -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        Self::on(listener).0
    }

    /// Starts it on a port of choice; the task ends with the program.
    pub fn on(listener: tokio::net::TcpListener) -> (Self, tokio::task::JoinHandle<()>) {
        let url = format!("http://{}", listener.local_addr().unwrap());
        let fake = Self { url: url.clone(), state: Arc::new(Mutex::new(State::new(url))) };
        let router = Router::new().fallback(serve).with_state(fake.clone());
        (fake, tokio::spawn(async move { axum::serve(listener, router).await.unwrap() }))
    }

    /// Where keys are exchanged.
    pub fn jwt_url(&self) -> String {
        format!("{}/jwt", self.url)
    }

    /// Changes or reads what the fake knows.
    pub fn change<T>(&self, change: impl FnOnce(&mut State) -> T) -> T {
        change(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// The next API calls fail so, one each.
    pub fn fail(&self, faults: &[Fault]) {
        self.change(|state| state.faults.extend(faults.iter().cloned()));
    }

    /// Every request so far whose method and path begin so.
    pub fn calls(&self, method: &str, path: &str) -> Vec<Call> {
        self.change(|state| {
            let fits = |call: &&Call| call.method == method && call.path.starts_with(path);
            state.log.iter().filter(fits).cloned().collect()
        })
    }
}

async fn serve(Extracted(fake): Extracted<Fake>, request: Request) -> Response {
    let mut response = answer(&fake, request).await;
    let ahead = jiff::SignedDuration::from_secs(fake.change(|state| state.ahead_s));
    let date = (jiff::Timestamp::now() + ahead).strftime("%a, %d %b %Y %H:%M:%S GMT").to_string();
    response.headers_mut().insert(axum::http::header::DATE, date.parse().unwrap());
    response
}

async fn answer(fake: &Fake, request: Request) -> Response {
    let asked = Asked::read(request).await;
    fake.change(|state| state.log.push(Call::of(&asked)));
    if asked.path == ["__ctl"] {
        return control::answer(fake, &asked).await.send();
    }
    if let Some(reply) = fake.change(|state| open_to_all(state, &asked)) {
        return reply.send();
    }
    let fault = fake.change(|state| faults::next(state, &asked));
    if let Some(reply) = fault.as_ref().and_then(Fault::refusal) {
        return reply.send();
    }
    if let Some(wait) = fault.as_ref().and_then(Fault::delay) {
        tokio::time::sleep(wait).await;
    }
    let reply = fake.change(|state| as_somebody(state, &asked));
    match fault {
        Some(fault) => fault.spoil(reply),
        None => reply.send(),
    }
}

/// What needs no token.
fn open_to_all(state: &mut State, asked: &Asked) -> Option<Reply> {
    match (asked.method.as_str(), asked.parts().as_slice()) {
        ("POST", [] | ["jwt"]) => Some(token::exchange(state, asked)),
        ("GET", ["v1", "orgs", _, "url"]) => Some(state.hosts()),
        _ => None,
    }
}

fn as_somebody(state: &mut State, asked: &Asked) -> Reply {
    let Some(may) = token::permissions(state, asked) else { return Reply::error(401, "unauthorized") };
    let parts = asked.parts();
    let Some((&"v1", rest)) = parts.split_first() else {
        return Reply::json(serde_json::json!({"cases": [], "total_counts": {}, "oids": [state.oid]}));
    };
    if let Some(needed) = token::needed(&asked.method, rest)
        && !may.iter().any(|has| has == needed)
    {
        return Reply::error(401, &format!("missing privilege: {needed}"));
    }
    match rest {
        ["who"] => Reply::json(serde_json::json!({"ident": "fake-key", "orgs": [state.oid], "perms": may})),
        ["orgs", oid] => Reply::json(serde_json::json!({"oid": oid, "name": "fake-org", "sensor_quota": 10})),
        ["hive", "fp", _, rest @ ..] => hive::answer(state, asked, rest),
        ["outputs", _] => hive::outputs(state, asked),
        ["search", rest @ ..] => search::answer(state, asked, rest),
        ["insight", oid, ..] if *oid != state.oid => Reply::error(401, "unauthorized for this organization"),
        ["insight", _, rest @ ..] => insight::answer(state, asked, rest),
        rest => sensors::answer(state, asked, rest),
    }
}
