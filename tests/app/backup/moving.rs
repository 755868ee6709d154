//! An installation goes from `SQLite` to `PostgreSQL` and back: the same pages, the same rows, the same answers.
use super::{Place, Running, is_postgres};
use crate::support::{PASSWORD, Person, SEED, database, http};
use fusionsoc::store::{Counted, Store, counts};
use serde_json::{Value, json};
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions, Connection, Executor};
use std::process::Stdio;

/// Texts that one of the databases or the way between them could take for something else.
fn hostile() -> Vec<String> {
    let mut texts: Vec<String> = [
        "\\N",
        "\\.",
        "a\tb\nc\rd",
        "back\\slash \\x41 \\t",
        "', ); DROP TABLE cases; --",
        "{\"a\": [1, 2]}",
        "NULL",
        "-",
        "😀 family 👨‍👩‍👧 \u{202e}gnp.exe",
        "nul \0 inside",
        "\u{1}\u{7f}\u{feff}\u{fffd}\u{10ffff}",
        "日本語 Grüße İı ß",
        "$1 ?1 :a @b %s",
        "<script>alert(1)</script>",
    ]
    .map(str::to_owned)
    .into();
    texts.push("very long ".repeat(40_000));
    texts
}

fn lines() -> String {
    let line = |(at, text): (usize, String)| {
        let mut one: Value = serde_json::from_str(SEED).unwrap();
        one["detect_id"] = json!(format!("hostile-{at}"));
        one["routing"]["sid"] = json!(format!("dddddddd-0000-4000-8000-{at:012}"));
        one["routing"]["hostname"] = json!(text.chars().take(200).collect::<String>());
        one["cat"] = json!(text);
        one["detect"]["event"]["COMMAND_LINE"] = json!(text);
        one.to_string()
    };
    hostile().into_iter().enumerate().map(line).collect::<Vec<_>>().join("\n")
}

/// A `SQLite` installation with people, a token, cases, votes and hostile texts.
async fn filled() -> (Place, String) {
    let place = Place::sqlite("here.db");
    let token = place.set_up().await;
    let mut child = place.command();
    child.args(["user", "add", "ana", "--role", "admin", "--org", "acme"]).stdin(Stdio::piped());
    let mut child = child.spawn().unwrap();
    std::io::Write::write_all(&mut child.stdin.take().unwrap(), format!("{PASSWORD}\n").as_bytes()).unwrap();
    assert!(child.wait().unwrap().success());
    for (name, text) in [
        ("seed.json", SEED),
        ("triage.json", include_str!("../../fixtures/seed/triage.json")),
        ("intel.json", include_str!("../../fixtures/seed/intel.json")),
    ] {
        std::fs::write(place.path(name), text).unwrap();
    }
    place.ok(&["import", "seed.json", "--org", "acme", "--triage", "triage.json", "--intel", "intel.json"]).await;
    std::fs::write(place.path("hostile.jsonl"), lines()).unwrap();
    place.ok(&["import", "hostile.jsonl", "--org", "acme"]).await;
    (place, token)
}

/// Signs in, waits until every triage is done, and writes a note.
async fn work(running: &Running, token: &str) -> Person {
    let mut ana = Person { url: running.url.clone(), cookie: String::new() };
    let reply = ana.post("/login", &[("username", "ana"), ("password", PASSWORD)]).await;
    reply.headers()["set-cookie"].to_str().unwrap().split(';').next().unwrap().clone_into(&mut ana.cookie);
    while get(running, token, "/api/v1/cases?view=triaging").await["cases"].as_array().is_none_or(|all| !all.is_empty())
    {
        tokio::time::sleep(std::time::Duration::from_millis(200)).await;
    }
    let note = [("body", "A note with \\N, 😀 and the word mimikatz\\"), ("kind", "general")];
    assert_eq!(ana.post("/cases/1/notes", &note).await.status(), 303);
    ana
}

/// Closes a case and lets its document go because of its age.
async fn forget(place: &Place, ana: &Person) {
    let fields = [("verdict", "false_positive"), ("reason", "known_application"), ("close", "true")];
    assert_eq!(ana.post("/cases/1/verdict", &fields).await.status(), 303);
    let mut file = SqliteConnectOptions::new().filename(place.path("here.db")).connect().await.unwrap();
    file.execute("UPDATE detections SET received_ms = 1 WHERE case_number = 1").await.unwrap();
    // Long enough ago that the page says no more that it was just closed.
    file.execute("UPDATE timeline SET at_ms = at_ms - 3600000 WHERE case_number = 1").await.unwrap();
    file.execute("UPDATE jobs SET run_at_ms = 0 WHERE kind = 'retention'").await.unwrap();
    let left = "SELECT COUNT(*) FROM detections WHERE case_number = 1 AND raw <> ''";
    while sqlx::query_scalar::<_, i64>(left).fetch_one(&mut file).await.unwrap() > 0 {
        tokio::time::sleep(std::time::Duration::from_millis(200)).await;
    }
    file.close().await.unwrap();
}

/// The cases that search finds by what is left of the one whose document is gone.
async fn found(running: &Running, token: &str) -> Vec<Value> {
    let mut all = Vec::new();
    for words in ["host:desktop-4kq7m2x", "expand.exe"] {
        let cases = get(running, token, &format!("/api/v1/search?q={words}")).await["cases"].clone();
        let numbers: Vec<Value> = cases.as_array().unwrap().iter().map(|one| one["number"].clone()).collect();
        assert!(numbers.contains(&json!(1)), "{words}: {numbers:?}");
        all.extend(numbers);
    }
    all
}

async fn get(running: &Running, token: &str, path: &str) -> Value {
    let reply = http().get(format!("{}{path}", running.url)).bearer_auth(token).send().await.unwrap();
    serde_json::from_str(&reply.text().await.unwrap()).unwrap_or_default()
}

/// Pages as a person sees them, and the API's answers. What the time of looking and each form's own key change is left out.
async fn seen(running: &Running, ana: &Person, token: &str) -> Vec<(String, String)> {
    let ana = Person { url: running.url.clone(), cookie: ana.cookie.clone() };
    let passing = regex::Regex::new(
        r#"Printed by [^<]*|(as of|own store,) <time[^>]*>[^<]*|(\d+ (s|min|h|ms|seconds?|minutes?|hours?)\b ?)+|name="idempotency_key" value="[^"]*"|[0-9a-f]{32,64}|127\.0\.0\.1:\d+"#,
    );
    let passing = passing.unwrap();
    let mut all = Vec::new();
    let mut paths: Vec<String> = (1..=16).map(|number| format!("/cases/{number}")).collect();
    paths.extend(["/cases", "/search?q=mimikatz", "/search?q=svchost", "/rules", "/cases/1/report"].map(str::to_owned));
    for path in paths {
        let (status, page) = ana.page(&path).await;
        assert_eq!(status, 200, "{path}");
        all.push((path, passing.replace_all(&page, "…").into_owned()));
    }
    for path in ["/api/v1/cases?limit=200", "/api/v1/cases/1", "/api/v1/cases/4", "/api/v1/cases?q=svchost"] {
        all.push((path.to_owned(), get(running, token, path).await.to_string()));
    }
    all
}

/// Rows of every table, but what a start, a look or the move itself adds.
async fn rows(url: &str) -> Vec<Counted> {
    let store = Store::as_it_is(url).await.unwrap();
    let counted = counts(&mut store.read().await.unwrap()).await.unwrap();
    store.close().await;
    counted
        .into_iter()
        .filter(|one| !["jobs", "workers", "ledger", "looks", "sessions"].contains(&one.table.as_str()))
        .collect()
}

fn same(one: &[(String, String)], other: &[(String, String)]) {
    for ((path, here), (_, there)) in one.iter().zip(other) {
        let at = here.bytes().zip(there.bytes()).take_while(|(a, b)| a == b).count();
        let part = |text: &str| {
            String::from_utf8_lossy(&text.as_bytes()[at.saturating_sub(80).min(text.len())..(at + 80).min(text.len())])
                .into_owned()
        };
        assert!(here == there, "{path}:\n{}\n{}", part(here), part(there));
    }
}

#[tokio::test]
async fn an_installation_moves_there_and_back() {
    if !is_postgres() {
        return;
    }
    let (place, token) = filled().await;
    let running = place.serve().await;
    let ana = work(&running, &token).await;
    forget(&place, &ana).await;
    let known = found(&running, &token).await;
    let before = seen(&running, &ana, &token).await;
    let (code, _, err) = place.run(&["move", "--to", &place.url.replace("here.db", "there.db")]).await;
    super::one_line(&err, "the same kind of database");
    assert_eq!(code, 1);
    let mut there = Place { dir: tempfile::tempdir().unwrap(), url: String::new() };
    there.url = database(there.dir.path()).await;
    let (code, _, err) = place.run(&["move", "--to", &there.url]).await;
    super::one_line(&err, "stop it first");
    assert_eq!(code, 1);
    running.stop();
    let counted = rows(&place.url).await;
    let out = place.ok(&["move", "--to", &there.url]).await;
    assert!(
        out.contains("as many as before") && out.contains("url = \"postgres://") && out.contains("key_file"),
        "{out}"
    );
    let key = format!("key_file = \"{}\"\n", place.path("fusionsoc.key").display());
    there.settings(&key);
    assert_eq!(rows(&there.url).await, counted);
    let running = there.serve().await;
    same(&before, &seen(&running, &ana, &token).await);
    assert_eq!(found(&running, &token).await, known);
    goes_on(&running, &token).await;
    running.stop();
    let (code, _, err) = place.run(&["move", "--to", &there.url]).await;
    super::one_line(&err, "has data already");
    assert_eq!(code, 1);
    back(&there, &key, &ana, &token).await;
}

/// New rows get new numbers.
async fn goes_on(running: &Running, token: &str) {
    let (status, answer) = running.post(token, super::detection(7)).await.unwrap();
    assert_eq!((status, &answer["accepted"]), (202, &json!(1)), "{answer}");
    assert_eq!(get(running, token, "/api/v1/cases/17").await["number"], 17);
}

/// The way back, after something was added on `PostgreSQL`.
async fn back(there: &Place, key: &str, ana: &Person, token: &str) {
    let running = there.serve().await;
    let before = seen(&running, ana, token).await;
    running.stop();
    let counted = rows(&there.url).await;
    let home = Place::sqlite("home.db");
    there.ok(&["move", "--to", &home.url]).await;
    home.settings(key);
    assert_eq!(super::mode(&home.path("home.db")), 0o600);
    assert_eq!(rows(&home.url).await, counted);
    let running = home.serve().await;
    same(&before, &seen(&running, ana, token).await);
    found(&running, token).await;
    let (code, _, err) = there.run(&["move", "--to", &home.url]).await;
    super::one_line(&err, "is there already");
    assert_eq!(code, 1);
}
