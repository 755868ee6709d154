//! Detections of processes: who it is, who started it, when, which program.
use crate::support::{SEED, Server};
use serde_json::{Value, json};

pub const START_MS: i64 = 1_773_901_779_334;
pub const MINUTE_MS: i64 = 60_000;
pub const HOUR_MS: i64 = 60 * MINUTE_MS;

#[derive(Debug, Clone)]
pub struct Event {
    pub id: String,
    pub sid: String,
    pub this: String,
    pub parent: String,
    pub program: String,
    pub level: Option<&'static str>,
    pub at_ms: i64,
}

pub fn event(id: &str, program: &str, this: &str, parent: &str, at_ms: i64) -> Event {
    Event {
        id: id.to_owned(),
        sid: "sensor-1".to_owned(),
        this: atom(this),
        parent: atom(parent),
        program: program.to_owned(),
        level: Some("medium"),
        at_ms: START_MS + at_ms,
    }
}

/// The same on a host of its own.
pub fn on_host(host: usize, event: Event) -> Event {
    Event { sid: format!("sensor-{host}"), ..event }
}

fn atom(name: &str) -> String {
    if name.is_empty() { String::new() } else { format!("{name:0>32}") }
}

pub fn document(event: &Event) -> Value {
    let mut document: Value = serde_json::from_str(SEED).unwrap();
    document["detect_id"] = json!(event.id);
    document["source_rule"] = json!(format!("general.{}", event.program));
    for routing in ["/routing", "/detect/routing"] {
        let Some(routing) = document.pointer_mut(routing) else { continue };
        routing["sid"] = json!(event.sid);
        routing["hostname"] = json!(format!("host-of-{}", event.sid));
        routing["this"] = json!(event.this);
        routing["parent"] = json!(event.parent);
        routing["event_time"] = json!(event.at_ms);
    }
    match event.level {
        Some(level) => document["detect_mtd"]["level"] = json!(level),
        None => drop(document["detect_mtd"].as_object_mut().unwrap().remove("level")),
    }
    let image = format!("C:\\Windows\\{}.exe", event.program);
    document["detect"]["event"]["COMMAND_LINE"] = json!(image);
    document["detect"]["event"]["FILE_PATH"] = json!(image);
    document["detect"]["event"]["PARENT"]["FILE_PATH"] = json!("C:\\Windows\\System32\\cmd.exe");
    document
}

/// Delivers events one after the other.
pub async fn deliver(server: &Server, events: &[&Event]) {
    for event in events {
        let (status, answer) = server.post("/api/v1/detections", document(event).to_string()).await;
        assert_eq!((status, &answer["accepted"]), (202, &json!(1)), "{answer}");
    }
}
