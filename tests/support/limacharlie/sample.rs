//! Documents that the fake begins with.
use super::state::Sensor;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// The detections of the fixtures whose organisation is the first one's.
pub fn detections() -> Vec<Value> {
    let texts =
        [include_str!("../../fixtures/seed/detection.json"), include_str!("../../fixtures/limacharlie/svchost.json")];
    let mut all: Vec<Value> = texts.iter().map(|text| serde_json::from_str(text).unwrap()).collect();
    let (oid, at_ms) = (all[0]["routing"]["oid"].clone(), all[1]["ts"].as_i64().unwrap());
    all[1]["routing"]["oid"] = oid;
    let two = (1..3).map(|at| detection(&all[0], at, at_ms + i64::try_from(at).unwrap() * 60_000)).collect::<Vec<_>>();
    all.extend(two);
    all
}

/// Another detection like this one, with an id, an event and a time of its own.
pub fn detection(like: &Value, number: usize, at_ms: i64) -> Value {
    let mut one = like.clone();
    one["detect_id"] = json!(format!("5ca1ab1e-0000-4000-8000-{number:012x}"));
    one["routing"]["event_id"] = json!(format!("5ca1ab1e-0000-4000-9000-{number:012x}"));
    one["gen_time"] = json!(at_ms);
    one["ts"] = json!(at_ms.div_euclid(1000) * 1000);
    one["routing"]["event_time"] = json!(at_ms - 500);
    one
}

/// What happened around the second detection.
pub fn events() -> Vec<Value> {
    let about = detections().remove(1);
    let routing = &about["routing"];
    let (at, this) = (routing["event_time"].as_i64().unwrap(), routing["this"].as_str().unwrap());
    let child = "c0ffee00c0ffee00c0ffee00c0ffee01";
    let rundll = "C:\\Windows\\System32\\rundll32.exe";
    let net = |address: &str| json!({"FILE_PATH": rundll, "NETWORK_ACTIVITY": [{"DESTINATION": {"IP_ADDRESS": address, "PORT": 443}, "IS_OUTGOING": 1}]});
    vec![
        json!({"event": about["detect"]["event"], "routing": routing, "ts": "2026-03-01 00:00:00"}),
        event(
            routing,
            "NEW_PROCESS",
            at + 1000,
            child,
            this,
            json!({"FILE_PATH": rundll, "COMMAND_LINE": "rundll32.exe a.dll,b"}),
        ),
        event(
            routing,
            "DNS_REQUEST",
            at + 2000,
            "c0ffee00c0ffee00c0ffee00c0ffee02",
            child,
            json!({"DOMAIN_NAME": "c2.example"}),
        ),
        event(routing, "NETWORK_CONNECTIONS", at + 3000, "c0ffee00c0ffee00c0ffee00c0ffee03", child, net("203.0.113.9")),
        event(
            routing,
            "NETWORK_CONNECTIONS",
            at + 3_600_000,
            "c0ffee00c0ffee00c0ffee00c0ffee04",
            child,
            net("203.0.113.10"),
        ),
    ]
}

/// An event on the sensor of a routing.
pub fn event(routing: &Value, kind: &str, at_ms: i64, this: &str, parent: &str, payload: Value) -> Value {
    let mut routing = routing.clone();
    routing["event_type"] = json!(kind);
    routing["event_time"] = json!(at_ms);
    routing["this"] = json!(this);
    routing["parent"] = json!(parent);
    routing["event_id"] = json!(format!("5ca1ab1e-0000-4000-a000-{:012x}", at_ms & 0xffff_ffff_ffff));
    json!({"event": payload, "routing": routing, "ts": "2026-03-01 00:00:00"})
}

/// The sensors of some documents, with their tags.
pub fn sensors(detections: &[Value], events: &[Value]) -> BTreeMap<String, Sensor> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let mut sensors = BTreeMap::new();
    for routing in detections.iter().chain(events).map(|one| &one["routing"]) {
        let tags = routing["tags"].as_array().into_iter().flatten().map(|tag| (text(tag), None));
        let sensor =
            Sensor { hostname: text(&routing["hostname"]), online: true, tags: tags.collect(), ..Sensor::default() };
        sensors.entry(text(&routing["sid"])).or_insert(sensor);
    }
    sensors
}
