//! What changed since somebody last looked: on a case, in the queue, and on the handover page.

use crate::support::{Person, Server, http, seed_id, seed_with, spawn};
use fusionsoc::clock::now_ms;
use fusionsoc::domain::Role;
use fusionsoc::store::{Tx, looks};
use serde_json::Value;
use std::time::Duration;

const HOUR_MS: i64 = 60 * 60 * 1000;

/// A triaged case on a host of its own.
async fn triaged(server: &Server, at: usize) -> i64 {
    let detection = seed_with(&[
        (&seed_id(), &format!("handover-{at}")),
        ("desktop-4kq7m2x", &format!("desk-{at}")),
        ("a47d2c95-6b08", &format!("a47d2c95-{at}b08")),
    ]);
    let number = server.deliver(&detection).await["number"].as_i64().unwrap();
    server.run_jobs().await;
    number
}

/// As if all looks had been three hours earlier.
async fn hours_pass(server: &Server) {
    let ms = 3 * HOUR_MS;
    server.sql(&format!("UPDATE looks SET seen_ms = seen_ms - {ms}, since_ms = CASE WHEN since_ms > 0 THEN since_ms - {ms} ELSE 0 END")).await;
}

/// Looks at a case and waits until that is noted.
async fn look(server: &Server, person: &Person, number: i64) -> String {
    let before = now_ms();
    let (status, page) = person.page(&format!("/cases/{number}")).await;
    assert_eq!(status, 200, "{page}");
    for _ in 0..100 {
        let mut tx = server.app.store.read().await.unwrap();
        let found: i64 = match &mut tx {
            Tx::Sqlite(tx) => sqlx::query_scalar("SELECT COUNT(*) FROM looks WHERE case_number = $1 AND seen_ms >= $2")
                .bind(number)
                .bind(before)
                .fetch_one(&mut **tx)
                .await
                .unwrap(),
            Tx::Postgres(tx) => {
                sqlx::query_scalar("SELECT COUNT(*) FROM looks WHERE case_number = $1 AND seen_ms >= $2")
                    .bind(number)
                    .bind(before)
                    .fetch_one(&mut **tx)
                    .await
                    .unwrap()
            }
        };
        if found > 0 {
            return page;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("the look was noted");
}

fn since(page: &str) -> Option<&str> {
    let at = page.find("id=\"since\"><span>")?;
    page[at..].split("</p>").next()
}

#[tokio::test]
async fn a_case_tells_what_others_did_since_one_looked_for_the_whole_visit() {
    let server = spawn().await;
    let (ana, kim) = (server.sign_in("ana", Role::Viewer).await, server.sign_in("kim", Role::Analyst).await);
    let number = triaged(&server, 1).await;
    let page = look(&server, &ana, number).await;
    assert_eq!(since(&page), None, "the first look");
    assert!(!page.contains("<span class=\"tag\">New</span>"));
    hours_pass(&server).await;
    assert_eq!(since(&look(&server, &ana, number).await), None, "nothing happened");
    hours_pass(&server).await;
    let noted = [("body", "Look at the parent"), ("kind", "handoff")];
    assert_eq!(kim.post(&format!("/cases/{number}/notes"), &noted).await.status(), 303);
    let declared = [("verdict", "true_positive"), ("reason", "malware")];
    assert_eq!(kim.post(&format!("/cases/{number}/verdict"), &declared).await.status(), 303);
    let queue = ana.page("/cases?view=open").await.1;
    assert!(queue.contains(">Changed<"), "the row is marked: {queue}");
    let page = look(&server, &ana, number).await;
    let told = since(&page).expect("it is told").to_owned();
    assert!(told.contains("Since you last looked, 3 h 00 min ago"), "{told}");
    assert!(told.contains("verdict by kim</a>") && told.contains("<a href=\"#notes\">1 note</a>"), "{told}");
    let entry = told.split("href=\"#e").nth(1).unwrap().split('"').next().unwrap();
    assert!(page.contains(&format!("<li id=\"e{entry}\">")), "the link leads to the entry");
    assert_eq!(page.matches("<span class=\"tag\">New</span>").count(), 2, "{page}");
    let again = look(&server, &ana, number).await;
    assert_eq!(since(&again).expect("a reload loses nothing").replace("3 h 00", ""), told.replace("3 h 00", ""));
    assert!(!ana.page("/cases?view=open").await.1.contains(">Changed<"), "she has seen it");
    hours_pass(&server).await;
    assert_eq!(since(&look(&server, &ana, number).await), None, "the next visit");
}

#[tokio::test]
async fn ones_own_acts_are_no_news() {
    let server = spawn().await;
    let kim = server.sign_in("kim", Role::Analyst).await;
    let number = triaged(&server, 1).await;
    look(&server, &kim, number).await;
    hours_pass(&server).await;
    kim.post(&format!("/cases/{number}/notes"), &[("body", "Mine")]).await;
    assert!(!kim.page("/cases").await.1.contains(">Changed<"));
    assert_eq!(since(&look(&server, &kim, number).await), None);
}

#[tokio::test]
async fn a_refresh_by_a_script_and_a_page_fetched_ahead_are_no_looks() {
    let server = spawn().await;
    let ana = server.sign_in("ana", Role::Analyst).await;
    let number = triaged(&server, 1).await;
    for (name, value) in [("x-live", "1"), ("sec-purpose", "prefetch;prerender"), ("purpose", "prefetch")] {
        let asked =
            http().get(format!("{}/cases/{number}", server.url)).header("cookie", &ana.cookie).header(name, value);
        assert_eq!(asked.send().await.unwrap().status(), 200);
    }
    // Looks are written in their order: once hers is there, his would be.
    let kim = server.sign_in("kim", Role::Analyst).await;
    look(&server, &kim, number).await;
    let mut tx = server.app.store.read().await.unwrap();
    assert_eq!(looks::before_visit(&mut tx, 1, number, now_ms() + HOUR_MS).await.unwrap(), None);
    drop(tx);
    look(&server, &ana, number).await;
    let mut tx = server.app.store.read().await.unwrap();
    assert!(looks::before_visit(&mut tx, 1, number, now_ms() + HOUR_MS).await.unwrap().is_some(), "a page is a look");
}

/// What of the page is under a heading.
fn part<'a>(page: &'a str, id: &str) -> &'a str {
    let at = page.find(&format!("id=\"{id}\"")).unwrap_or_else(|| panic!("a part {id}: {page}"));
    page[at..].split("</section>").next().unwrap()
}

#[tokio::test]
async fn the_page_tells_what_the_next_shift_should_see() {
    let server = spawn().await;
    let (ana, kim) = (server.sign_in("ana", Role::Viewer).await, server.sign_in("kim", Role::Lead).await);
    let (one, two, three) = (triaged(&server, 1).await, triaged(&server, 2).await, triaged(&server, 3).await);
    server.sql(&format!("UPDATE cases SET machine_verdict = 'true_positive' WHERE number = {one}")).await;
    let escalated = [("body", "Call the customer <b>now</b>"), ("kind", "escalation")];
    assert_eq!(kim.post(&format!("/cases/{one}/notes"), &escalated).await.status(), 303);
    kim.post(&format!("/cases/{one}/notes"), &[("body", "Not for the handover")]).await;
    let four = triaged(&server, 4).await;
    kim.post(&format!("/cases/{four}/notes"), &[("body", "Written by mistake"), ("kind", "handoff")]).await;
    let id = server.case(four).await["notes"][0]["id"].to_string();
    assert_eq!(kim.post(&format!("/cases/{four}/notes/{id}/remove"), &[]).await.status(), 303);
    assert_eq!(kim.post(&format!("/cases/{four}/snooze"), &[("until", "4h")]).await.status(), 303);
    let declared = [("verdict", "false_positive"), ("reason", "known_application"), ("close", "true")];
    assert_eq!(kim.post(&format!("/cases/{two}/verdict"), &declared).await.status(), 303);
    assert_eq!(kim.post(&format!("/cases/{three}/verdict"), &declared).await.status(), 303);
    let reopened = [("status", "in_progress"), ("reason", "new facts")];
    assert_eq!(kim.post(&format!("/cases/{three}/status"), &reopened).await.status(), 303);
    let (status, page) = ana.page("/handover").await;
    assert_eq!(status, 200, "{page}");
    assert!(part(&page, "h-likely").contains(&format!("href=\"/cases/{one}\"")), "{page}");
    let notes = part(&page, "h-notes");
    assert!(notes.contains("Escalation: Call the customer &#60;b&#62;now&#60;/b&#62;"), "{notes}");
    assert!(!notes.contains("Not for the handover") && !notes.contains("by mistake"), "{notes}");
    assert!(part(&page, "h-snoozed").contains(&format!("href=\"/cases/{four}\"")), "{page}");
    let waiting = part(&page, "h-waiting");
    assert!(waiting.contains(&format!("/cases/{one}\"")) && !waiting.contains(&format!("/cases/{two}\"")), "{waiting}");
    let decided = part(&page, "h-decided");
    assert!(decided.contains("<th scope=\"row\">kim</th>"), "{decided}");
    let list = decided.split("<a href=\"").nth(1).unwrap().split('"').next().unwrap().replace("&#38;", "&");
    let rows = ana.page(&list).await.1;
    assert!(rows.contains(&format!("id=\"row-{two}\"")) && rows.matches("id=\"row-").count() == 1, "{list}: {rows}");
    assert!(part(&page, "h-back").contains("Reopened: closed → in progress"), "{page}");
    assert!(part(&page, "h-failed").contains("None."));
    assert!(!page.contains("textarea"), "a viewer reads");
}

#[tokio::test]
async fn reading_sets_a_mark_and_a_moment_can_be_chosen() {
    let server = spawn().await;
    let ana = server.sign_in("ana", Role::Viewer).await;
    let kim = server.sign_in("kim", Role::Analyst).await;
    let number = triaged(&server, 1).await;
    kim.post(&format!("/cases/{number}/notes"), &[("body", "Seen before"), ("kind", "handoff")]).await;
    let page = ana.page("/handover").await.1;
    assert!(page.contains("12 hours ago") && page.contains("Seen before"), "{page}");
    let at = now_ms().to_string();
    assert_eq!(ana.post("/handover/read", &[("at", &at)]).await.status(), 303);
    let page = ana.page("/handover").await.1;
    assert!(page.contains("what you marked as read") && !page.contains("Seen before"), "{page}");
    assert!(ana.page("/handover?since=8h").await.1.contains("Seen before"));
    assert!(ana.page("/handover?since=2020-01-01T00:00").await.1.contains("Seen before"));
    assert_eq!(ana.page("/handover?since=yesterday").await.0, 400);
    assert_eq!(ana.post("/handover/read", &[("at", "-1")]).await.status(), 422);
    // A page that was open for long can't set the mark back.
    assert_eq!(ana.post("/handover/read", &[("at", "5")]).await.status(), 303);
    assert!(!ana.page("/handover").await.1.contains("Seen before"));
}

#[tokio::test]
async fn a_shift_writes_for_the_next_one() {
    let server = spawn().await;
    let (ana, kim) = (server.sign_in("ana", Role::Viewer).await, server.sign_in("kim", Role::Analyst).await);
    assert_eq!(ana.post("/handover", &[("body", "Mine")]).await.status(), 403);
    let empty = kim.post("/handover", &[("body", "  ")]).await;
    assert_eq!(empty.status(), 422);
    assert!(empty.text().await.unwrap().contains("Write something first."));
    let body = [("body", "The **proxy** is being moved <script>"), ("idempotency_key", "k1")];
    for _ in 0..2 {
        assert_eq!(kim.post("/handover", &body).await.status(), 303);
    }
    let page = ana.page("/handover").await.1;
    let written = part(&page, "h-written");
    assert_eq!(written.matches("<strong>proxy</strong>").count(), 1, "once: {written}");
    assert!(written.contains("<b>kim</b>") && !written.contains("<script>"), "{written}");
    for number in 0..6 {
        kim.post("/handover", &[("body", &format!("Night {number}"))]).await;
    }
    let page = ana.page("/handover").await.1;
    assert!(page.contains("Night 5") && !page.contains("proxy"), "five a page: {page}");
    let older = page.split("rel=\"next\" href=\"").nth(1).unwrap().split('"').next().unwrap();
    assert!(ana.page(older.split('#').next().unwrap()).await.1.contains("proxy"));
}

#[tokio::test]
async fn nothing_of_another_organisation_is_told() {
    let server = spawn().await;
    let kim = server.sign_in("kim", Role::Lead).await;
    let number = triaged(&server, 1).await;
    kim.post(&format!("/cases/{number}/notes"), &[("body", "Their secret"), ("kind", "handoff")]).await;
    let declared = [("verdict", "true_positive"), ("reason", "malware")];
    kim.post(&format!("/cases/{number}/verdict"), &declared).await;
    kim.post("/handover", &[("body", "Their night")]).await;
    let other = crate::support::add_org(&server.app.store, "other", None).await;
    let eve = server.sign_in_to(other, "eve", Role::Lead).await;
    let page = eve.page("/handover?since=24h").await.1;
    for word in ["Their secret", "Their night", "kim", "desk-1", &format!("/cases/{number}")] {
        assert!(!page.contains(word), "{word}: {page}");
    }
    assert_eq!(eve.post("/handover", &[("body", "Mine"), ("org", "acme")]).await.status(), 422);
    let value: Value = server.case(number).await;
    assert_eq!(value["verdict"], "true_positive");
}
