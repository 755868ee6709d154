//! Documents that nobody meant to send: real ones with types swapped, keys missing, texts that are deep, huge,
//! reversed or not UTF-8. Each is taken in or refused with a reason, and every case that results can be opened.

use crate::support::{SEED, Server, http, spawn};
use fusionsoc::domain::Role;
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// Documents of a usual run, and of a long one.
const USUAL: usize = 150;
const LONG: usize = 2_000;

/// What is done to one place of a document.
#[derive(Debug, Clone)]
enum Change {
    Becomes(Value),
    Vanishes,
    Renamed(String),
    Nested(usize),
    Long(usize),
    Prefixed(String),
    Many(usize),
}

fn hostile_text() -> impl Strategy<Value = String> {
    prop_oneof![
        Just("\u{202E}exe.gpj\u{2066}".to_owned()),
        Just("a\u{0}b\u{7}\u{1B}[31m".to_owned()),
        Just("p\u{0430}ypal.c\u{043E}m".to_owned()),
        Just("\u{E0041}\u{E0042}\u{200B}\u{FEFF}".to_owned()),
        Just("<script>alert(1)</script>\"'><img src=x onerror=alert(1)>".to_owned()),
        Just("{{7*7}} ${7*7} <%= 7 %> %s %n ../../etc/passwd".to_owned()),
        Just("C:\\Users\\\"a b\"\\..\\..\\%TEMP%\\\u{1F600}.exe -enc SQBFAFgA".to_owned()),
        Just("http://[::1]:80/@evil\\..//?#".to_owned()),
        Just("\\\\.\\pipe\\\u{0}".to_owned()),
        any::<String>(),
    ]
}

fn change() -> impl Strategy<Value = Change> {
    let value = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(|number| json!(number)),
        hostile_text().prop_map(Value::from),
        Just(json!([])),
        Just(json!({})),
        Just(json!([[1, "a"], {"b": null}])),
        Just(json!({"": {"\u{0}": "\u{202E}"}})),
    ];
    prop_oneof![
        4 => value.prop_map(Change::Becomes),
        2 => Just(Change::Vanishes),
        1 => hostile_text().prop_map(Change::Renamed),
        1 => (2..100_usize).prop_map(Change::Nested),
        1 => (1_000..200_000_usize).prop_map(Change::Long),
        3 => hostile_text().prop_map(Change::Prefixed),
        1 => (10..3_000_usize).prop_map(Change::Many),
    ]
}

fn bases() -> Vec<Value> {
    let lines = include_str!("../fixtures/demo/detections.jsonl").lines();
    let mut all: Vec<Value> =
        lines.map(|line| serde_json::from_str::<Value>(line).unwrap()["detection"].clone()).collect();
    let seed: Value = serde_json::from_str(SEED).unwrap();
    let kinds: Vec<Value> = serde_json::from_str(include_str!("../fixtures/behaviours.json")).unwrap();
    all.extend(kinds.into_iter().map(|kind| {
        let mut document = seed.clone();
        document["routing"]["event_type"] = kind["event_type"].clone();
        document["detect"]["event"] = kind["event"].clone();
        document
    }));
    all.push(seed);
    all
}

/// Every place of a document but its root.
fn places(value: &Value, at: &str, into: &mut Vec<String>) {
    let escaped = |key: &str| key.replace('~', "~0").replace('/', "~1");
    match value {
        Value::Object(map) => map.iter().for_each(|(key, inner)| {
            let at = format!("{at}/{}", escaped(key));
            places(inner, &at, into);
            into.push(at);
        }),
        Value::Array(items) => items.iter().enumerate().for_each(|(index, inner)| {
            let at = format!("{at}/{index}");
            places(inner, &at, into);
            into.push(at);
        }),
        _ => {}
    }
}

fn apply(document: &mut Value, place: usize, change: Change) {
    let mut all = Vec::new();
    places(document, "", &mut all);
    let Some(at) = all.get(place % all.len().max(1)) else { return };
    let (parent, key) = at.rsplit_once('/').unwrap();
    if let (Some(Value::Object(map)), Change::Vanishes | Change::Renamed(_)) = (document.pointer_mut(parent), &change) {
        let taken = map.shift_remove(&key.replace("~1", "/").replace("~0", "~"));
        if let (Change::Renamed(name), Some(value)) = (change, taken) {
            map.insert(name, value);
        }
        return;
    }
    let Some(value) = document.pointer_mut(at) else { return };
    *value = match change {
        Change::Becomes(other) => other,
        Change::Nested(depth) => (0..depth)
            .fold(value.clone(), |inner, level| if level % 2 == 0 { json!([inner]) } else { json!({"a": inner}) }),
        Change::Long(length) => Value::from("\u{4e2d}A\\ ".repeat(length / 4)),
        Change::Prefixed(text) => Value::from(format!("{text}{}", value.as_str().unwrap_or_default())),
        Change::Many(count) => Value::from(vec![value.clone(); count.min(2_000_000 / value.to_string().len().max(1))]),
        Change::Vanishes | Change::Renamed(_) => Value::Null,
    };
}

/// One hostile body; a few are broken below the level of JSON.
fn body(runner: &mut TestRunner, bases: &[Value], number: usize) -> Vec<u8> {
    let changes = prop::collection::vec((any::<usize>(), change()), 1..6);
    let (base, changes, broken) = (0..bases.len(), changes, 0..20_u8).new_tree(runner).unwrap().current();
    let mut document = bases[base].clone();
    document["detect_id"] = json!(format!("hostile-{number}"));
    document["routing"]["sid"] = json!(format!("sensor-{number}"));
    for (place, change) in changes {
        apply(&mut document, place, change);
    }
    let mut bytes = document.to_string().into_bytes();
    match broken {
        0 => bytes.insert(bytes.len() / 2, 0xFF),
        1 => bytes.truncate(bytes.len() / 2),
        2 => bytes.extend(b" trailing"),
        _ => {}
    }
    bytes
}

async fn send(server: &Server, body: Vec<u8>) -> (u16, String) {
    let sent = http().post(format!("{}/api/v1/detections", server.url)).bearer_auth(&server.token).body(body);
    let reply = sent.send().await.unwrap();
    (reply.status().as_u16(), reply.text().await.unwrap())
}

/// Every case there is, with how many detections it holds.
async fn cases(server: &Server) -> Vec<(i64, i64)> {
    let (mut all, mut after) = (Vec::new(), String::new());
    loop {
        let page = server.get(&format!("/api/v1/cases?limit=200&after={after}")).await;
        all.extend(
            page["cases"]
                .as_array()
                .unwrap()
                .iter()
                .map(|case| (case["number"].as_i64().unwrap(), case["detections"].as_i64().unwrap())),
        );
        match page["next"].as_str() {
            Some(next) => next.clone_into(&mut after),
            None => return all,
        }
    }
}

#[tokio::test]
async fn nothing_that_is_sent_breaks_a_page() {
    let count = if std::env::var_os("FUSIONSOC_LONG").is_some() { LONG } else { USUAL };
    let server = spawn().await;
    let (mut runner, bases) = (TestRunner::deterministic(), bases());
    let mut answers: BTreeMap<u16, usize> = BTreeMap::new();
    let mut accepted = 0;
    for number in 0..count {
        let body = body(&mut runner, &bases, number);
        let (status, answer) = send(&server, body.clone()).await;
        let told = || format!("{status} {answer}\n{}", String::from_utf8_lossy(&body[..body.len().min(4_000)]));
        assert!(matches!(status, 202 | 400 | 413 | 422), "{}", told());
        assert!(status == 202 || answer.contains("error") || answer.contains("detail"), "a reason: {}", told());
        accepted += serde_json::from_str::<Value>(&answer).unwrap()["accepted"].as_i64().unwrap_or_default();
        *answers.entry(status).or_default() += 1;
    }
    println!("{count} documents: {answers:?}");
    assert!(answers[&202] > count / 2, "most are readable: {answers:?}");
    server.run_jobs().await;
    let person = server.sign_in("ana", Role::Analyst).await;
    let cases = cases(&server).await;
    assert_eq!(cases.iter().map(|(_, detections)| detections).sum::<i64>(), accepted, "each is in a case");
    for (number, _) in cases {
        let (status, page) = person.page(&format!("/cases/{number}")).await;
        inert(number, status, &page);
    }
}

/// Whether a page is whole, runs nothing of its data, and hides nothing of it.
fn inert(number: i64, status: u16, page: &str) {
    assert!(
        status == 200 && page.trim_end().ends_with("</html>"),
        "case {number}: {status}\n{}",
        &page[page.len().saturating_sub(300)..]
    );
    assert!(!page.contains("<script>alert") && !page.contains("<img src=x"), "case {number} holds markup of its data");
    // What a copy button holds is the original; everything that is shown is made visible.
    let shown = page.split(" data-copy=\"").map(|part| part.split_once('"').map_or(part, |(_, after)| after));
    let shown = page.split(" data-copy=\"").take(1).chain(shown.skip(1)).collect::<String>();
    let hidden = shown.find(['\u{202E}', '\u{0}', '\u{E0041}']);
    assert!(
        hidden.is_none(),
        "case {number} hides characters: {:?}",
        hidden.map(|at| shown[..at].chars().rev().take(200).collect::<String>().chars().rev().collect::<String>())
    );
}
