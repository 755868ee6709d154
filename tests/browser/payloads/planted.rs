//! A server in which everything that somebody else can write holds a payload.
use crate::support::{PASSWORD, Person, SEED, Server, fakes, http, spawn_with};
use fusionsoc::domain::Role;
use fusionsoc::store::{orgs, users};
use fusionsoc::voters::VoterConfig;
use serde_json::{Map, Value, json};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use tokio::net::TcpListener;
use wiremock::MockServer;

/// What payloads would fetch from; counts who comes.
pub struct Beacon {
    pub address: String,
    hits: Arc<AtomicUsize>,
}

impl Beacon {
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let (address, hits) = (listener.local_addr().unwrap().to_string(), Arc::new(AtomicUsize::new(0)));
        let counted = Arc::clone(&hits);
        tokio::spawn(async move {
            while listener.accept().await.is_ok() {
                counted.fetch_add(1, Ordering::Relaxed);
            }
        });
        Self { address, hits }
    }

    pub fn hits(&self) -> usize {
        self.hits.load(Ordering::Relaxed)
    }
}

const PAYLOADS: usize = 7;

/// The payloads, one for each way out of a text.
pub fn payload(at: usize, beacon: &Beacon) -> String {
    let host = &beacon.address;
    match at % PAYLOADS {
        0 => format!("'\"><script>window.ran=1</script><img src=http://{host}/a onerror=window.ran=1>"),
        1 => "</textarea></title></script></style><svg/onload=window.ran=1><iframe srcdoc='<script>parent.ran=1</script>'>".to_owned(),
        2 => "javascript:window.ran=1//".to_owned(),
        3 => format!("[go](javascript:window.ran=1) ![b](http://{host}/b) <http://{host}/c> [d]: http://{host}/d"),
        4 => "\" onfocus=window.ran=1 autofocus onmouseover='window.ran=1' x=\"".to_owned(),
        5 => format!("<base href=//{host}/><meta http-equiv=refresh content='0;url=http://{host}/e?ran=1'><link rel=stylesheet href=//{host}/f>"),
        _ => "{{7*7}}${window.ran=1}<%= window.ran=1 %>`-window.ran=1-`\u{202E}\u{0}\\u003cscript>window.ran=1".to_owned(),
    }
}

/// The document with a payload behind every text and a key that is one in every object; `shift` chooses which where.
fn hostile(value: &Value, shift: usize, at: &mut usize, beacon: &Beacon) -> Value {
    *at += 1;
    match value {
        Value::String(text) => json!(format!("{text}{}", payload(*at + shift, beacon))),
        Value::Array(all) => all.iter().map(|one| hostile(one, shift, at, beacon)).collect(),
        Value::Object(all) => {
            let mut other = Map::new();
            for (key, one) in all {
                other.insert(key.clone(), hostile(one, shift, at, beacon));
            }
            other.insert(payload(*at + shift, beacon), json!(payload(*at + shift + 1, beacon)));
            other.into()
        }
        other => other.clone(),
    }
}

/// A detection of its own sensor.
fn detection(shift: usize, beacon: &Beacon) -> Value {
    let seed: Value = serde_json::from_str(SEED).unwrap();
    let mut document = hostile(&seed, shift, &mut 0, beacon);
    document["detect_id"] = json!(format!("planted-{shift}"));
    for place in ["/routing", "/detect/routing"] {
        let routing = document.pointer_mut(place).unwrap();
        let own = seed.pointer(place).unwrap();
        for (name, value) in own.as_object().unwrap() {
            // What must be of a form to be taken at all; the host, the tags and all else stay hostile.
            if ["oid", "sid", "event_id", "parent", "this", "iid"].contains(&name.as_str()) {
                routing[name] = value.clone();
            }
        }
        routing["sid"] = json!(format!("cccccccc-0000-4000-8000-{shift:012}"));
    }
    // Every other one keeps the event as it was, so that values of it lead on to pages of their own.
    if shift.is_multiple_of(2) {
        document["detect"]["event"] = seed["detect"]["event"].clone();
        let line = &mut document["detect"]["event"]["COMMAND_LINE"];
        *line = json!(format!("{} {}", line.as_str().unwrap_or_default(), payload(shift, beacon)));
    }
    document
}

/// What a model says that was steered to attack the reader.
fn answer(beacon: &Beacon) -> String {
    let mut answer = fakes::answer("true_positive", 88);
    let texts: Vec<String> = answer.as_object().unwrap().keys().cloned().collect();
    for (at, name) in texts.iter().enumerate() {
        let closed = ["verdict", "severity", "mitre_techniques", "recommended_actions", "false_positive_reason"];
        if answer[name].is_string() && !closed.contains(&name.as_str()) {
            answer[name] = json!((0..PAYLOADS).map(|more| payload(at + more, beacon)).collect::<Vec<_>>().join("\n\n"));
        }
    }
    for name in ["iocs", "investigation_questions"] {
        answer[name] = (0..PAYLOADS).map(|at| payload(at, beacon)).collect();
    }
    answer.to_string()
}

/// A server full of payloads, and where they are.
pub struct Planted {
    pub server: Server,
    pub lea: Person,
    pub cases: Vec<i64>,
    pub pages: Vec<String>,
    _model: MockServer,
    _lists: tempfile::TempDir,
}

pub async fn planted(beacon: &Beacon) -> Planted {
    let model = fakes::ollama("hostile", &answer(beacon)).await;
    let lists = tempfile::tempdir().unwrap();
    let deny = lists.path().join("deny.csv");
    let hash = format!("sha256,{}", hash_of_seed());
    std::fs::write(&deny, format!("{hash},{}\n", payload(0, beacon).replace(',', " "))).unwrap();
    let server = spawn_with(|config| {
        config.voters = vec![VoterConfig::ollama("hostile", &model.uri(), "hostile")];
        config.intel = serde_json::from_value(json!({"lists": {"deny_file": deny}})).unwrap();
    })
    .await;
    let mut cases = Vec::new();
    for shift in 0..PAYLOADS {
        let taken = server.deliver(&detection(shift, beacon).to_string()).await;
        cases.push(taken["number"].as_i64().unwrap());
    }
    server.run_jobs().await;
    let lea = people(&server, beacon).await;
    written(&server, &lea, &cases, beacon).await;
    let first = cases[0];
    let typed = form_urlencoded::Serializer::new(String::new()).append_pair("q", &payload(0, beacon)).finish();
    let mut pages = vec![
        "/cases".to_owned(),
        format!("/cases/{first}"),
        format!("/search?{typed}"),
        format!("/cases?{typed}"),
        "/admin/audit".to_owned(),
        format!("/cases/{first}/report"),
    ];
    // Each place of a page holds another payload in each case, and not every payload breaks out of every place.
    for number in &cases {
        pages.extend([
            format!("/cases/{number}"),
            format!("/cases?view=all&peek={number}"),
            format!("/cases/{number}/report"),
        ]);
    }
    Planted { server, lea, cases, pages, _model: model, _lists: lists }
}

fn hash_of_seed() -> String {
    let seed: Value = serde_json::from_str(SEED).unwrap();
    seed["detect"]["event"]["HASH"].as_str().unwrap().to_owned()
}

/// An organisation and a person whose names are payloads, as no form takes them, and a lead.
async fn people(server: &Server, beacon: &Beacon) -> Person {
    let lea = server.sign_in("lea", Role::Lead).await;
    let mut tx = server.app.store.write().await.unwrap();
    let org = orgs::insert(&mut tx, "evil", &payload(0, beacon), None, 1).await.unwrap();
    let hash = fusionsoc::web::auth::hash_new("evil", PASSWORD).unwrap();
    let evil = users::insert(&mut tx, &payload(4, beacon), Role::Analyst, &hash, 1).await.unwrap();
    for (user, org) in [(evil, server.org_id), (evil, org)] {
        users::join(&mut tx, user, org).await.unwrap();
    }
    let known = users::by_name(&mut tx, "lea").await.unwrap().unwrap();
    users::join(&mut tx, known.id, org).await.unwrap();
    tx.commit().await.unwrap();
    lea
}

/// Everything that a person can write, and what was refused.
async fn written(server: &Server, lea: &Person, cases: &[i64], beacon: &Beacon) {
    for (at, number) in cases.iter().enumerate() {
        let text = payload(at, beacon).replace('\0', "");
        for (path, fields) in forms(&text, *number, cases[0]) {
            let fields: Vec<_> = fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
            let status = lea.post(&path, &fields).await.status();
            assert!(status == 303 || status == 422, "{path} {text}: {status}");
        }
        let refused = json!({"detect_id": 7, "cat": text}).to_string();
        let sent = http().post(format!("{}/api/v1/detections", server.url)).bearer_auth(&server.token);
        sent.body(refused).send().await.unwrap();
        let nobody = Person { url: server.url.clone(), cookie: String::new() };
        nobody.post("/login", &[("username", &text), ("password", "x")]).await;
        server.sql("DELETE FROM throttles").await;
    }
}

/// Forms with a text wherever one can be typed.
fn forms(text: &str, number: i64, first: i64) -> Vec<(String, Vec<(&'static str, String)>)> {
    let (case, text) = (format!("/cases/{number}"), text.to_owned());
    let word = |name: &'static str, value: &str| (name, value.to_owned());
    let typed = |name: &'static str| (name, text.clone());
    let condition = [word("condition", "cat"), word("condition", "image"), word("days", "90")];
    let mut proposed = vec![("case", number.to_string()), ("name", format!("planted-{number}")), typed("comment")];
    proposed.extend(condition);
    vec![
        (format!("/cases/{first}/notes"), vec![typed("body")]),
        (format!("{case}/notes"), vec![typed("body"), word("kind", "analysis")]),
        (format!("{case}/tasks"), vec![typed("text")]),
        ("/views".to_owned(), vec![typed("name"), word("query", "severity=low")]),
        (
            "/admin/templates".to_owned(),
            vec![typed("name"), word("fits", "true_positive"), typed("lines"), word("org", "acme")],
        ),
        ("/handover".to_owned(), vec![word("org", "acme"), typed("body")]),
        ("/tuning".to_owned(), proposed),
        (format!("{case}/verdict"), vec![word("verdict", "true_positive"), word("reason", "other"), typed("note")]),
    ]
}
