//! Detections for a load: a stream file's, or the samples again and again on other hosts at other times.
use fusionsoc::store::{Tx, orgs};
use serde_json::{Value, json};
use std::collections::HashMap;
use std::io::Read;

const SAMPLES: &str = include_str!("../../tests/fixtures/demo/detections.jsonl");
const HOSTS: usize = 200;
const START_MS: i64 = 1_772_323_200_000;

/// `count` documents; none twice.
pub fn documents(stream: Option<&str>, count: usize) -> Vec<String> {
    match stream {
        Some(file) => {
            let mut seen = std::collections::HashSet::new();
            let all = lines(file).into_iter().map(|line| line["detection"].clone());
            let new = all.filter(|detection| seen.insert(detection["detect_id"].to_string()));
            new.take(count).map(|detection| without_oid(detection).to_string()).collect()
        }
        None => (0..count).map(sample).collect(),
    }
}

/// The organisation of a stream's line, and whether it is new.
pub async fn owner(tx: &mut Tx, owners: &mut HashMap<String, i64>, oid: &str) -> (i64, bool) {
    if let Some(id) = owners.get(oid) {
        return (*id, false);
    }
    let id = orgs::insert(tx, &format!("org-{}", owners.len()), "stream", Some(oid), 1).await.unwrap();
    owners.insert(oid.to_owned(), id);
    (id, true)
}

/// The lines of a stream file, gzipped or not.
pub fn lines(file: &str) -> Vec<Value> {
    let bytes = std::fs::read(file).unwrap();
    let mut text = String::new();
    if bytes.starts_with(&[0x1F, 0x8B]) {
        flate2::read::MultiGzDecoder::new(bytes.as_slice()).read_to_string(&mut text).unwrap();
    } else {
        text = String::from_utf8(bytes).unwrap();
    }
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// All of them may go to one organisation.
fn without_oid(mut detection: Value) -> Value {
    for at in ["/routing", "/detect/routing"] {
        if let Some(routing) = detection.pointer_mut(at).and_then(Value::as_object_mut) {
            routing.shift_remove("oid");
        }
    }
    detection
}

fn sample(number: usize) -> String {
    let samples: Vec<&str> = SAMPLES.lines().collect();
    let line: Value = serde_json::from_str(samples[number % samples.len()]).unwrap();
    let mut detection = without_oid(line["detection"].clone());
    // A mixed order, so that neighbours differ in host and rule.
    let host = number.wrapping_mul(7_919) % HOSTS;
    let at = START_MS + i64::try_from(number).unwrap() * 13_000;
    detection["detect_id"] = json!(format!("00000000-0000-4000-8000-{number:012x}"));
    detection["gen_time"] = json!(at + 400);
    for pointer in ["/routing", "/detect/routing"] {
        if let Some(routing) = detection.pointer_mut(pointer) {
            routing["sid"] = json!(format!("00000000-0000-4000-9000-{host:012x}"));
            routing["hostname"] = json!(format!("ws-{host:03}"));
            routing["event_time"] = json!(at);
            routing["this"] = json!(format!("{number:024x}{:08x}", at / 1000));
            routing["parent"] = json!(format!("{:024x}{:08x}", number + (1 << 40), at / 1000));
        }
    }
    if number.is_multiple_of(1_000) {
        // A word that is rare at any size.
        detection["detect"]["event"]["COMMENT"] = json!(format!("needle{}", number / 1_000));
    }
    if number.is_multiple_of(10) {
        detection["detect"]["event"]["NOTE"] = json!("tenthword");
    }
    detection.to_string()
}
