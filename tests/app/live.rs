//! The live feed: what changed, from where a stream broke off, for whom, and that it is alive.

mod ends;

use crate::support::{Person, SEED, Server, add_org, add_token, http, seed_id, seed_with, spawn};
use fusionsoc::domain::Role;
use fusionsoc::domain::role::Scope;
use serde_json::{Value, json};
use std::time::Duration;

/// An open stream, read event by event.
struct Events {
    reply: reqwest::Response,
    text: String,
}

/// One event: its name, its id, its data.
type Event = (String, String, String);

impl Events {
    async fn open(request: reqwest::RequestBuilder, last: Option<&str>) -> Self {
        let request = match last {
            Some(id) => request.header("last-event-id", id),
            None => request,
        };
        let reply = request.send().await.unwrap();
        assert_eq!(reply.status(), 200);
        assert_eq!(reply.headers()["content-type"], "text/event-stream");
        Self { reply, text: String::new() }
    }

    async fn of(person: &Person, last: Option<&str>) -> Self {
        Self::open(http().get(format!("{}/events", person.url)).header("cookie", &person.cookie), last).await
    }

    async fn of_token(server: &Server, token: &str) -> Self {
        Self::open(http().get(format!("{}/api/v1/stream", server.url)).bearer_auth(token), None).await
    }

    async fn next(&mut self) -> Event {
        loop {
            if let Some(end) = self.text.find("\n\n") {
                let one: String = self.text.drain(..end + 2).collect();
                let field = |name: &str| {
                    let lines = one.lines().filter_map(|line| line.split_once(": "));
                    lines.filter(|(field, _)| *field == name).map(|(_, value)| value).collect::<String>()
                };
                let event = (field("event"), field("id"), field("data"));
                return event;
            }
            let more = tokio::time::timeout(Duration::from_secs(30), self.reply.chunk()).await.expect("an event comes");
            self.text.push_str(std::str::from_utf8(&more.unwrap().expect("the stream goes on")).unwrap());
        }
    }
}

impl Events {
    /// The events until the stream ends, and how long that took.
    async fn rest(&mut self) -> (String, Duration) {
        let began = std::time::Instant::now();
        while let Some(more) =
            tokio::time::timeout(Duration::from_secs(30), self.reply.chunk()).await.expect("it ends").unwrap()
        {
            self.text.push_str(std::str::from_utf8(&more).unwrap());
        }
        (std::mem::take(&mut self.text), began.elapsed())
    }
}

fn other(id: &str) -> String {
    seed_with(&[(&seed_id(), id), ("desktop-4kq7m2x", id)])
}

#[tokio::test]
async fn a_stream_that_broke_off_goes_on_where_it_was() {
    let server = spawn().await;
    let ana = server.sign_in("ana", Role::Analyst).await;
    let mut events = Events::of(&ana, None).await;
    assert_eq!(events.next().await.0, "hello");
    let number = server.deliver(SEED).await["number"].to_string();
    let (name, id, data) = events.next().await;
    assert_eq!((name.as_str(), data.as_str()), ("case", number.as_str()));
    drop(events);
    ana.post(&format!("/cases/{number}/notes"), &[("body", "missed")]).await;
    let mut events = Events::of(&ana, Some(&id)).await;
    assert_eq!(events.next().await.0, "hello");
    let entries = server.case(number.parse().unwrap()).await["timeline"].as_array().unwrap().len();
    for _ in 1..entries {
        let event = events.next().await;
        assert_eq!((event.0.as_str(), event.2.as_str()), ("case", number.as_str()));
        assert!(event.1.parse::<i64>().unwrap() > id.parse().unwrap(), "only what came after");
    }
    assert!(entries > 1, "the note is one");
}

#[tokio::test]
async fn a_program_hears_of_its_own_organisation_alone() {
    let server = spawn().await;
    let theirs = add_org(&server.app.store, "other", None).await;
    let their_token = add_token(&server.app.store, theirs, Scope::ALL).await;
    let blind = add_token(&server.app.store, theirs, &[Scope::Ingest]).await;
    let refused = http().get(format!("{}/api/v1/stream", server.url)).bearer_auth(&blind).send().await.unwrap();
    assert_eq!(refused.status(), 403, "reading is a scope of its own");
    let mut events = Events::of_token(&server, &their_token).await;
    assert_eq!(events.next().await.0, "hello");
    server.deliver(SEED).await;
    let sent = http().post(format!("{}/api/v1/detections", server.url)).bearer_auth(&their_token);
    let sent = sent.header("content-type", "application/json").body(other("theirs"));
    assert_eq!(sent.send().await.unwrap().status(), 202);
    let (name, _, data) = events.next().await;
    let told: Value = serde_json::from_str(&data).unwrap();
    let own = http().get(format!("{}/api/v1/cases", server.url)).bearer_auth(&their_token).send().await.unwrap();
    let own: Value = own.json().await.unwrap();
    assert_eq!((name.as_str(), &told["number"]), ("case", &own["cases"][0]["number"]));
    assert_eq!(told["kind"], json!("case_opened"));
}

#[tokio::test]
async fn silence_is_broken_by_a_beat() {
    let server = spawn().await;
    let ana = server.sign_in("ana", Role::Viewer).await;
    let mut events = Events::of(&ana, None).await;
    assert_eq!(events.next().await.0, "hello");
    assert_eq!(events.next().await.0, "beat");
}

#[tokio::test]
async fn one_session_has_a_few_places_and_gets_them_back() {
    let server = spawn().await;
    let ana = server.sign_in("ana", Role::Viewer).await;
    let mut open = Vec::new();
    for _ in 0..5 {
        let mut events = Events::of(&ana, None).await;
        events.next().await;
        open.push(events);
    }
    let ask = || http().get(format!("{}/events", server.url)).header("cookie", &ana.cookie).send();
    let refused = ask().await.unwrap();
    assert_eq!((refused.status().as_u16(), refused.headers()["retry-after"].to_str().unwrap()), (503, "15"));
    open.clear();
    for _ in 0..100 {
        if ask().await.unwrap().status() == 200 {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("a closed stream gives its place back");
}

#[tokio::test]
async fn a_row_that_left_the_list_is_told_with_who_decided_it() {
    let server = spawn().await;
    let (ana, bo) = (server.sign_in("ana", Role::Analyst).await, server.sign_in("bo", Role::Analyst).await);
    let number = server.deliver(SEED).await["number"].to_string();
    let fields = [("verdict", "false_positive"), ("close", "true")];
    assert_eq!(bo.post(&format!("/cases/{number}/verdict"), &fields).await.status(), 303);
    let (status, told) = ana.page(&format!("/cases/states?numbers={number}")).await;
    assert_eq!(status, 200);
    assert!(told.contains(&format!("<li id=\"state-{number}\">Decided by bo: FP</li>")), "{told}");
    let theirs = add_org(&server.app.store, "other", None).await;
    let cy = server.sign_in_to(theirs, "cy", Role::Admin).await;
    assert!(!cy.page(&format!("/cases/states?numbers={number}")).await.1.contains("<li"), "another organisation's");
    assert_eq!(ana.page("/cases/states?numbers=x").await.0, 400);
}

#[tokio::test]
async fn who_looks_at_a_case_is_told_to_those_who_may_see_it() {
    let server = spawn().await;
    let (ana, bo) = (server.sign_in("ana", Role::Analyst).await, server.sign_in("bo", Role::Viewer).await);
    let cy = server.sign_in_to(add_org(&server.app.store, "other", None).await, "cy", Role::Admin).await;
    let number = server.deliver(SEED).await["number"].to_string();
    let page = format!("/cases/{number}");
    let at =
        |person: &Person| http().get(format!("{}/events?case={number}", person.url)).header("cookie", &person.cookie);
    let mut stream = Events::open(at(&bo), None).await;
    assert_eq!(stream.next().await.0, "hello");
    let mut theirs = Events::open(at(&cy), None).await;
    assert_eq!(theirs.next().await.0, "hello");
    assert!(ana.page(&page).await.1.contains("bo is looking at this case"), "nobody of another organisation is named");
    assert!(!bo.page(&page).await.1.contains("looking at this case"), "oneself is not told");
    let mut own = Events::open(at(&ana), None).await;
    assert_eq!(own.next().await.0, "hello");
    // What happened to the case has an id, who came to it has none.
    let told = loop {
        let told = stream.next().await;
        if told.1.is_empty() {
            break told;
        }
    };
    assert_eq!((told.0.as_str(), told.2.as_str()), ("case", number.as_str()), "that somebody came is told at once");
    assert!(bo.page(&page).await.1.contains("ana is looking at this case"));
    drop(stream);
    for _ in 0..100 {
        if !ana.page(&page).await.1.contains("looking at this case") {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("who went is not told any more");
}
