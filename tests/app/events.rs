//! Events: each type's panel says what happened, drops nothing, and holds whatever an attacker puts into it.
mod facts;

use crate::support::{Person, Server, spawn};
use facts::FACTS;
use fusionsoc::domain::{Detection, Role};
use fusionsoc::web::view::{event, text, words};
use serde_json::{Value, json};
use std::collections::HashMap;

const EVENTS: &str = include_str!("../fixtures/events.jsonl");

fn events() -> Vec<Value> {
    EVENTS.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn title(document: &Value) -> &str {
    document["cat"].as_str().unwrap()
}

/// Delivers detections and tells the numbers of their cases by title.
async fn deliver(server: &Server, documents: &[Value]) -> HashMap<String, i64> {
    let lines: Vec<String> = documents.iter().map(Value::to_string).collect();
    let (status, answer) = server.post("/api/v1/detections", lines.join("\n")).await;
    assert_eq!((status, &answer["accepted"]), (202, &json!(documents.len())), "{answer}");
    let cases = server.get("/api/v1/cases?limit=200").await;
    let number = |case: &Value| (case["title"].as_str().unwrap().to_owned(), case["number"].as_i64().unwrap());
    cases["cases"].as_array().unwrap().iter().map(number).collect()
}

/// The event's panel of a case's page.
async fn panel(person: &Person, number: i64) -> String {
    let (status, page) = person.page(&format!("/cases/{number}")).await;
    assert_eq!(status, 200);
    let (_, after) = page.split_once("id=\"process\">").expect("the page has a panel of the event");
    after.split_once("</section>").unwrap().0.to_owned()
}

/// What a person reads: tags out, entities back, spaces as one.
fn readable(html: &str) -> String {
    let html = ["<wbr>", "<b>", "</b>"].iter().fold(html.to_owned(), |html, tag| html.replace(tag, ""));
    let mut text = String::new();
    for piece in html.split('<') {
        text.push(' ');
        text.push_str(piece.split_once('>').map_or(piece, |(_, rest)| rest));
    }
    let entities = [
        ("&lt;", "<"),
        ("&gt;", ">"),
        ("&quot;", "\""),
        ("&#34;", "\""),
        ("&#39;", "'"),
        ("&#60;", "<"),
        ("&#62;", ">"),
        ("&#38;", "&"),
        ("&amp;", "&"),
    ];
    let text = entities.iter().fold(text, |text, (from, to)| text.replace(from, to));
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[tokio::test]
async fn every_type_has_a_panel_that_says_what_happened() {
    let server = spawn().await;
    let ana = server.sign_in("ana", Role::Analyst).await;
    let numbers = deliver(&server, &events()).await;
    let mut missing = Vec::new();
    for (title, facts) in FACTS {
        let text = readable(&panel(&ana, numbers[*title]).await);
        let lost = facts.iter().filter(|fact| !text.contains(**fact));
        missing.extend(lost.map(|fact| format!("{title}: {fact}\n    {text}")));
    }
    assert!(missing.is_empty(), "\n{}", missing.join("\n"));
    assert_eq!(FACTS.len(), events().len(), "each event has its facts");
    for (title, number) in numbers {
        let (status, page) = ana.page(&format!("/cases?view=all&limit=100&peek={number}")).await;
        assert_eq!(status, 200, "{title}");
        assert!(!page.contains("style="), "{title}");
    }
}

/// The forms in which a page may show a leaf.
fn forms(leaf: &Value) -> Vec<String> {
    let defanged = |text: &str| text.replacen("http", "hxxp", 1).replace('.', "[.]");
    let all = match leaf {
        Value::String(text) if text.is_empty() => vec!["empty".to_owned()],
        Value::String(text) => {
            let shown = text::visible(text);
            vec![defanged(&shown), shown.replace('.', "[.]"), shown]
        }
        Value::Number(number) => {
            let number = number.as_i64().unwrap();
            let time = words::when(number);
            vec![number.to_string(), format!("0x{number:x}"), words::bytes(number), time.full, time.exact]
        }
        other => vec![other.to_string()],
    };
    all.into_iter().map(|form| form.split_whitespace().collect()).collect()
}

fn leaves<'a>(value: &'a Value, key: &'a str, into: &mut Vec<(&'a str, &'a Value)>) {
    match value {
        Value::Object(map) => map.iter().for_each(|(key, inner)| leaves(inner, key, into)),
        Value::Array(items) => items.iter().for_each(|item| leaves(item, key, into)),
        leaf => into.push((key, leaf)),
    }
}

#[tokio::test]
async fn nothing_of_an_event_is_dropped() {
    // Told in words: Signed, outgoing, verified.
    const FLAGS: &[&str] = &["FILE_IS_SIGNED", "IS_OUTGOING", "FILE_CERT_IS_VERIFIED_LOCAL"];
    let server = spawn().await;
    let ana = server.sign_in("ana", Role::Analyst).await;
    let numbers = deliver(&server, &events()).await;
    let mut lost = Vec::new();
    for document in events() {
        let html = panel(&ana, numbers[title(&document)]).await;
        // A long hash stands in short, with the whole of it as its title.
        let titles: Vec<&str> = html.split("title=\"").skip(1).filter_map(|rest| rest.split('"').next()).collect();
        let text: String = format!("{}{}", readable(&html), titles.concat()).split_whitespace().collect();
        let mut all = Vec::new();
        leaves(&document["detect"]["event"], "", &mut all);
        let hidden = all
            .iter()
            .filter(|(key, leaf)| !FLAGS.contains(key) && !forms(leaf).iter().any(|form| text.contains(form.as_str())));
        lost.extend(hidden.map(|(key, leaf)| format!("{}: {key} = {leaf}", title(&document))));
    }
    assert!(lost.is_empty(), "\n{}", lost.join("\n"));
}

/// The event with each of its leaves replaced.
fn replaced(value: &Value, with: &mut impl FnMut(&Value) -> Value) -> Value {
    match value {
        Value::Object(map) => map.iter().map(|(key, inner)| (key.clone(), replaced(inner, with))).collect(),
        Value::Array(items) => items.iter().map(|item| replaced(item, with)).collect(),
        leaf => with(leaf),
    }
}

/// The detection with another event.
fn holding(document: &Value, event: Value) -> Value {
    let mut document = document.clone();
    document["detect"]["event"] = event;
    document
}

#[tokio::test]
async fn what_attackers_write_is_text_in_every_panel() {
    let evil = "\"><script>alert(1)</script><img src=x onerror=alert(1)>\u{202e}gnp.exe\u{0}\u{200b}";
    let server = spawn().await;
    let ana = server.sign_in("ana", Role::Analyst).await;
    let documents: Vec<Value> = events()
        .iter()
        .map(|document| {
            let mut to_evil = |leaf: &Value| if leaf.is_string() { json!(evil) } else { leaf.clone() };
            holding(document, replaced(&document["detect"]["event"], &mut to_evil))
        })
        .collect();
    for (title, number) in deliver(&server, &documents).await {
        let html = panel(&ana, number).await;
        assert!(!html.contains("<script") && !html.contains("<img"), "{title}");
        if html.contains("gnp.exe") {
            let text = readable(&html);
            assert!(text.contains("⟨U+202E⟩gnp") && text.contains("⟨U+0000⟩"), "{title}: {text}");
        }
        assert_eq!(ana.page(&format!("/cases?view=all&limit=100&peek={number}")).await.0, 200, "{title}");
    }
}

fn view(document: &Value) -> event::EventView {
    event::event(&Detection::read(document).unwrap())
}

#[test]
fn wrong_types_lose_nothing_and_stop_nobody() {
    let odd = [
        json!(null),
        json!(true),
        json!(-1),
        json!(1e300),
        json!(u64::MAX),
        json!([[]]),
        json!({"k": ["odd text"]}),
        json!("odd text"),
    ];
    for document in events() {
        for odd in &odd {
            let event = replaced(&document["detect"]["event"], &mut |_| odd.clone());
            let shown = format!("{:?}", view(&holding(&document, event.clone())));
            assert!(
                !event.to_string().contains("odd text") || shown.contains("odd text"),
                "{}: {odd}",
                title(&document)
            );
            // The same in the place of whole objects.
            if let Value::Object(map) = &document["detect"]["event"] {
                for key in map.keys() {
                    let mut event = document["detect"]["event"].clone();
                    event[key] = odd.clone();
                    let shown = format!("{:?}", view(&holding(&document, event)));
                    let told = !odd.to_string().contains("odd text") || shown.contains("odd");
                    assert!(told, "{}: {key} = {odd}", title(&document));
                }
            }
        }
    }
}

/// Events that are deep, long or wide.
fn huge(many: usize) -> Vec<Value> {
    let deep = (0..30).fold(json!("bottom"), |inner, _| json!({"EVENTS": [{"event": inner}], "k": "v"}));
    let long = "\u{202e}a.b/".repeat(many * 2);
    let data = json!({"Data": vec![json!({"Name": "n", "#text": long.get(..600)}); many]});
    let connection = json!({"SOURCE": {"IP_ADDRESS": "10.0.0.1"}, "PROTOCOL": long.get(..4_000)});
    vec![
        (0..many).map(|at| (format!("key {at}"), json!(at))).collect(),
        deep,
        json!({"EVENTS": vec![json!({"event": {"PROCESS_ID": 1}}); many]}),
        json!({"NETWORK_ACTIVITY": vec![connection; many.min(1_000)]}),
        json!({"NETWORK_ACTIVITY": vec![1; many]}),
        json!({"headers": {"from": vec!["a@b.example"; many], "authentication-results": [long]}, "parts": vec![json!({"body_text": "x"}); many]}),
        json!({"EVENT": {"System": {"EventID": long}, "EventData": data}}),
        json!({"FILE_PATH": long, "COMMAND_LINE": long, "REGISTRY_KEY": long, "REGISTRY_VALUE": "QUFB".repeat(many),
            "DOMAIN_NAME": long, "RULE_NAME": long, "URL": long, "SVC_NAME": long, "USER_NAME": long}),
    ]
}

#[test]
fn what_is_huge_is_bounded_in_every_panel() {
    let huge = huge(3_000);
    for document in events() {
        for (at, event) in huge.iter().enumerate() {
            let size = format!("{:?}", view(&holding(&document, event.clone()))).len();
            assert!(size < 1_500_000, "{}, {at}: {size}", title(&document));
        }
    }
}

#[test]
fn what_is_left_out_is_counted() {
    // Anything worse than linear work would not come to its end with this many.
    let documents = events();
    for (at, event) in huge(100_000).into_iter().enumerate() {
        let shown = view(&holding(&documents[at % 4], event));
        assert!(at != 0 || shown.leaves.len() + shown.left_out == 100_000, "every field is shown or counted");
    }
}
