//! Behaviours of every kind of event: for each, what differs only from run to run, and what is another behaviour.
//! The kinds are in `fixtures/behaviours.json`; a change is a place and what stands there then, null for nothing.
use fusionsoc::domain::Detection;
use fusionsoc::triage::fingerprint::{canonical, of};
use serde::Deserialize;
use serde_json::{Value, json};

#[derive(Deserialize)]
struct Kind {
    event_type: String,
    event: Value,
    same: Vec<(String, Value)>,
    different: Vec<(String, Value)>,
}

fn kinds() -> Vec<Kind> {
    serde_json::from_str(include_str!("../fixtures/behaviours.json")).unwrap()
}

fn detection(event_type: &str, event: &Value) -> Detection {
    let mut document: Value = serde_json::from_str(include_str!("../fixtures/seed/detection.json")).unwrap();
    document["routing"]["event_type"] = json!(event_type);
    document["detect"]["event"] = event.clone();
    Detection::read(&document).unwrap()
}

fn changed(event: &Value, at: &str, to: &Value) -> Value {
    let mut event = event.clone();
    let (parent, key) = at.rsplit_once('/').unwrap();
    match (event.pointer_mut(parent).expect(at), to) {
        (Value::Object(map), Value::Null) => drop(map.shift_remove(key)),
        (Value::Object(map), to) => drop(map.insert(key.to_owned(), to.clone())),
        (Value::Array(items), to) => items.push(to.clone()),
        _ => panic!("{at}"),
    }
    event
}

#[test]
fn every_kind_of_event_has_its_behaviour() {
    for kind in kinds() {
        let base = detection(&kind.event_type, &kind.event);
        for (at, to) in &kind.same {
            let event = changed(&kind.event, at, to);
            assert_ne!(event, kind.event, "{at}: {to} changes nothing");
            let other = detection(&kind.event_type, &event);
            assert_eq!(canonical(&base), canonical(&other), "{}: {at}: {to} is the same", kind.event_type);
        }
        for (at, to) in &kind.different {
            let other = detection(&kind.event_type, &changed(&kind.event, at, to));
            assert_ne!(of(&base), of(&other), "{}: {at}: {to} differs:\n{}", kind.event_type, canonical(&base));
        }
    }
}

#[test]
fn the_kinds_are_those_that_are_common() {
    let kinds = kinds();
    for common in [
        "NETWORK_CONNECTIONS",
        "DNS_REQUEST",
        "FILE_CREATE",
        "REGISTRY_WRITE",
        "MODULE_LOAD",
        "NEW_NAMED_PIPE",
        "NEW_REMOTE_THREAD",
        "SENSITIVE_PROCESS_ACCESS",
        "THREAD_INJECTION",
        "CODE_IDENTITY",
        "YARA_DETECTION",
        "WEL",
        "email",
        "json",
    ] {
        assert!(kinds.iter().any(|kind| kind.event_type == common), "{common}");
    }
}
