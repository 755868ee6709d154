//! The queue's views as specification: what each holds, late dissent, saved views, clusters, filters, the profile.
mod clusters;
mod profile;
mod saved;

use crate::support::{Person, SEED, Server, fakes, seed_id, seed_with, spawn, spawn_with};
use fusionsoc::domain::Role;
use fusionsoc::store::{Store, Tx};
use fusionsoc::voters::VoterConfig;
use serde_json::json;
use sqlx::AssertSqlSafe;

/// Runs a statement on the test's database; both understand the same words.
async fn write(store: &Store, sql: &str) {
    let mut tx = store.write().await.unwrap();
    match &mut tx {
        Tx::Sqlite(tx) => drop(sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut **tx).await.unwrap()),
        Tx::Postgres(tx) => drop(sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut **tx).await.unwrap()),
    }
    tx.commit().await.unwrap();
}

/// How often an action stands in the ledger.
async fn ledger(store: &Store, action: &str) -> i64 {
    let sql = "SELECT CAST(COUNT(*) AS BIGINT) FROM ledger WHERE action = $1";
    match store {
        Store::Sqlite { read, .. } => sqlx::query_scalar(sql).bind(action).fetch_one(read).await.unwrap(),
        Store::Postgres(pool) => sqlx::query_scalar(sql).bind(action).fetch_one(pool).await.unwrap(),
    }
}

/// Delivers one behaviour on several hosts.
async fn deliver(server: &Server, hosts: usize) {
    for host in 0..hosts {
        let detection = seed_with(&[
            (&seed_id(), &format!("view-{host}")),
            ("desktop-4kq7m2x", &format!("host-{host}")),
            ("a47d2c95-6b08", &format!("a47d2c95-{host:04}")),
        ]);
        server.deliver(&detection).await;
    }
}

/// The tabs of a page: label and count.
fn tabs(page: &str) -> Vec<(String, String)> {
    let list = page.split("<ul class=\"tabs\"").nth(1).unwrap().split("</ul>").next().unwrap();
    list.split("<li>")
        .skip(1)
        .map(|tab| {
            let text = tab.split_once('>').unwrap().1;
            let (label, rest) = text.split_once(" <span class=\"num\">").unwrap();
            (label.to_owned(), rest.split('<').next().unwrap().to_owned())
        })
        .collect()
}

fn count(page: &str, label: &str) -> String {
    tabs(page).into_iter().find(|tab| tab.0 == label).unwrap().1
}

/// The numbers of the rows, in order.
fn rows(page: &str) -> Vec<i64> {
    page.split("<tr id=\"row-").skip(1).map(|row| row.split('"').next().unwrap().parse().unwrap()).collect()
}

#[tokio::test]
async fn every_view_stands_in_its_place_with_its_count() {
    let server = spawn().await;
    let ana = server.sign_in("ana", Role::Analyst).await;
    let page = ana.page("/cases").await.1;
    let labels: Vec<String> = tabs(&page).into_iter().map(|tab| tab.0).collect();
    let expected = [
        "Needs decision",
        "Split votes",
        "Likely true positive",
        "Triaging",
        "Spot check",
        "Mine",
        "Snoozed",
        "All open",
        "Closed",
    ];
    assert_eq!(labels, expected);
    assert!(page.contains("Nothing needs a decision.") && !page.contains("waiting for a spot check"), "{page}");
    let spot = ana.page("/cases?view=spot_check").await.1;
    assert!(spot.contains("Nothing was closed by AI yet."), "{spot}");
    deliver(&server, 2).await;
    assert_eq!(count(&ana.page("/cases").await.1, "Triaging"), "2");
    server.run_jobs().await;
    let page = ana.page("/cases").await.1;
    assert_eq!((count(&page, "Triaging"), count(&page, "Needs decision")), ("0".to_owned(), "2".to_owned()));
    assert_eq!(count(&page, "Closed"), "", "closed cases are not counted");
    assert!(page.contains("likely true positive first, then split votes"), "the order is told in words");
    assert!(ana.page("/cases?view=mine&severity=critical").await.1.contains("No case matches."), "after a filter");
}

#[tokio::test]
async fn what_ai_closed_waits_for_a_spot_check_and_what_a_person_closed_does_not() {
    let server = spawn().await;
    let ana = server.sign_in("ana", Role::Analyst).await;
    deliver(&server, 2).await;
    server.run_jobs().await;
    let closing = [("verdict", "undetermined"), ("reason", "other"), ("close", "true")];
    let codes = fusionsoc::domain::reason::of(fusionsoc::domain::Verdict::Undetermined);
    let closing = [closing[0], ("reason", codes[0].0), closing[2]];
    assert_eq!(ana.post("/cases/1/verdict", &closing).await.status(), 303);
    assert_eq!(count(&ana.page("/cases").await.1, "Spot check"), "0");
    write(
        &server.app.store,
        "UPDATE cases SET open = FALSE, status = 'closed', verdict = 'false_positive' WHERE number = 2",
    )
    .await;
    let page = ana.page("/cases").await.1;
    assert!(page.contains("1 case closed by AI is waiting for a spot check."), "{page}");
    assert_eq!(rows(&ana.page("/cases?view=spot_check").await.1), [2]);
}

/// A case on which the panel says true positive after ana said false positive.
async fn dissented() -> (Server, Person, i64) {
    let (one, two) = (fakes::answer("true_positive", 95).to_string(), fakes::answer("true_positive", 88).to_string());
    let (one, two) = (fakes::ollama("one", &one).await, fakes::ollama("two", &two).await);
    let voters = vec![VoterConfig::ollama("one", &one.uri(), "one"), VoterConfig::ollama("two", &two.uri(), "two")];
    let server = spawn_with(|config| config.voters = voters).await;
    let ana = server.sign_in("ana", Role::Analyst).await;
    let number = server.deliver(SEED).await["number"].as_i64().unwrap();
    let early = [("verdict", "false_positive"), ("reason", "known_application"), ("close", "true")];
    assert_eq!(ana.post(&format!("/cases/{number}/verdict"), &early).await.status(), 303);
    assert_eq!(count(&ana.page("/cases").await.1, "Split votes"), "0");
    server.run_jobs().await;
    // Keeps the fakes alive until here.
    drop((one, two));
    (server, ana, number)
}

#[tokio::test]
async fn a_vote_that_comes_after_the_verdict_and_says_otherwise_is_looked_at_again() {
    let (server, ana, number) = dissented().await;
    assert_eq!(server.case(number).await["machine_verdict"], json!("true_positive"));
    let page = ana.page("/cases?view=split").await.1;
    assert_eq!((rows(&page), count(&page, "Split votes")), (vec![number], "1".to_owned()));
    assert!(page.contains("Look again"), "{page}");
    let confirmed = [("verdict", "false_positive"), ("reason", "known_application"), ("close", "true")];
    assert_eq!(ana.post(&format!("/cases/{number}/verdict"), &confirmed).await.status(), 303);
    assert_eq!(count(&ana.page("/cases").await.1, "Split votes"), "0", "confirming takes it out");
    let timeline = server.case(number).await["timeline"].clone();
    let again = timeline.as_array().unwrap().iter().find(|entry| entry["kind"] == "verdict").unwrap().clone();
    let undo = [("event", again["id"].to_string())];
    assert_eq!(ana.post(&format!("/cases/{number}/undo"), &[("event", &undo[0].1)]).await.status(), 303);
    assert_eq!(count(&ana.page("/cases").await.1, "Split votes"), "1", "undoing the confirmation brings it back");
    let other = [("verdict", "true_positive"), ("reason", "malware"), ("close", "true")];
    let codes = fusionsoc::domain::reason::of(fusionsoc::domain::Verdict::TruePositive);
    let other = [other[0], ("reason", codes[0].0), other[2]];
    assert_eq!(ana.post(&format!("/cases/{number}/verdict"), &other).await.status(), 303);
    assert_eq!(count(&ana.page("/cases").await.1, "Split votes"), "0", "deciding otherwise takes it out");
}

#[tokio::test]
async fn every_filter_is_a_chip_that_can_be_taken_off() {
    let server = spawn().await;
    let ana = server.sign_in("ana", Role::Analyst).await;
    deliver(&server, 1).await;
    server.run_jobs().await;
    let path = "/cases?view=open&status=new&severity=low&machine_verdict=needs_review&assignee=ana&rule=x&sensor=y&q=h";
    let page = ana.page(path).await.1;
    let chips: Vec<&str> =
        page.split("<a class=\"chip\" href=\"").skip(1).map(|chip| chip.split('"').next().unwrap()).collect();
    assert_eq!(chips.len(), 7, "{chips:?}");
    for name in ["status", "severity", "machine_verdict", "assignee", "rule", "sensor", "q"] {
        let without = chips.iter().filter(|chip| !chip.contains(&format!("{name}="))).count();
        assert_eq!(without, 1, "{name} is left out of one address: {chips:?}");
    }
    assert!(page.contains("No case matches. <a href=\"/cases?view=open\">Clear filter</a>."), "{page}");
    for bad in ["group=on", "view=nothing", "limit=x"] {
        assert_eq!(ana.page(&format!("/cases?{bad}")).await.0, 400, "{bad}");
    }
}

#[tokio::test]
async fn the_preview_stays_on_its_page_of_the_list() {
    let server = spawn().await;
    let ana = server.sign_in("ana", Role::Analyst).await;
    deliver(&server, 3).await;
    server.run_jobs().await;
    let page = ana.page("/cases?view=open&group=off&limit=2").await.1;
    let next = page.split("rel=\"next\"").next().unwrap().rsplit("href=\"").next().unwrap();
    let next = next.split('"').next().unwrap().replace("&#38;", "&").replace("&amp;", "&");
    let second = ana.page(&next).await.1;
    let peek =
        second.split("class=\"peek-l\" href=\"").nth(1).unwrap().split('"').next().unwrap().replace("&#38;", "&");
    assert_eq!(rows(&ana.page(&peek).await.1), rows(&second), "{peek}");
}
