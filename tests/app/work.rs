//! The work on a case as specification: notes and their history, tasks and templates, assignment, snooze, tags.
mod api;
mod notes;
mod snooze;
mod tags;
mod tasks;
mod templates;
mod waking;

use crate::support::{Person, SEED, Server, spawn};
use fusionsoc::domain::Role;
use fusionsoc::store::{Store, Tx};
use serde_json::Value;
use sqlx::AssertSqlSafe;

/// Text that does harm where it is not escaped.
const HOSTILE: &str = "<script>alert(1)</script>\u{202E}\"'&";

/// Runs a statement on the test's database; both understand the same words.
async fn write(store: &Store, sql: &str) {
    let mut tx = store.write().await.unwrap();
    match &mut tx {
        Tx::Sqlite(tx) => drop(sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut **tx).await.unwrap()),
        Tx::Postgres(tx) => drop(sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut **tx).await.unwrap()),
    }
    tx.commit().await.unwrap();
}

/// A number from the test's database.
async fn number_of(store: &Store, sql: &str) -> i64 {
    match store {
        Store::Sqlite { read, .. } => sqlx::query_scalar(AssertSqlSafe(sql)).fetch_one(read).await.unwrap(),
        Store::Postgres(pool) => sqlx::query_scalar(AssertSqlSafe(sql)).fetch_one(pool).await.unwrap(),
    }
}

/// How often an action stands in the ledger.
async fn ledger(store: &Store, action: &str) -> i64 {
    number_of(store, &format!("SELECT CAST(COUNT(*) AS BIGINT) FROM ledger WHERE action = '{action}'")).await
}

/// A triaged case with somebody to work on it.
async fn case() -> (Server, Person, i64) {
    let server = spawn().await;
    let ana = server.sign_in("ana", Role::Analyst).await;
    let number = server.deliver(SEED).await["number"].as_i64().unwrap();
    server.run_jobs().await;
    (server, ana, number)
}

/// The texts of the timeline's entries of a kind, newest first.
async fn told(server: &Server, number: i64, kind: &str) -> Vec<String> {
    let case = server.case(number).await;
    let entries = case["timeline"].as_array().unwrap().iter().filter(|entry| entry["kind"] == kind);
    entries.map(|entry| entry["text"].as_str().unwrap().to_owned()).collect()
}

/// Sends a form and expects its status; returns what was answered.
async fn send(person: &Person, path: &str, fields: &[(&str, &str)], status: u16) -> String {
    let reply = person.post(path, fields).await;
    let (code, text) = (reply.status().as_u16(), reply.text().await.unwrap());
    assert_eq!(code, status, "{path} {fields:?}: {text}");
    text
}

/// Somebody of another organisation, and somebody who may only read.
async fn others(server: &Server) -> (Person, Person) {
    let other = crate::support::add_org(&server.app.store, "other", None).await;
    let stranger = server.sign_in_to(other, "stranger", Role::Admin).await;
    (stranger, server.sign_in("vic", Role::Viewer).await)
}

/// Nobody of elsewhere finds the place, nobody who reads only may use it.
async fn closed_to_others(server: &Server, path: &str, fields: &[(&str, &str)]) {
    let (stranger, viewer) = others(server).await;
    send(&stranger, path, fields, 404).await;
    send(&viewer, path, fields, 403).await;
}

/// The numbers of the rows of a list.
fn rows(page: &str) -> Vec<i64> {
    page.split("<tr id=\"row-").skip(1).map(|row| row.split('"').next().unwrap().parse().unwrap()).collect()
}

/// The only item of a list in a case's JSON.
fn only<'a>(case: &'a Value, list: &str) -> &'a Value {
    let all = case[list].as_array().unwrap();
    assert_eq!(all.len(), 1, "{all:?}");
    &all[0]
}

#[tokio::test]
async fn taking_a_case_is_one_press_and_is_told_to_the_one_who_had_it() {
    let (server, ana, number) = case().await;
    let kim = server.sign_in("kim", Role::Analyst).await;
    let (page, list) = (format!("/cases/{number}"), "/cases?view=open");
    let path = format!("{page}/assign");
    assert!(ana.page(&page).await.1.contains("Nobody has this"));
    assert!(ana.page(list).await.1.contains("data-key=\"a\""), "the preview has the button");
    let mine = [("user", "ana"), ("next", "queue"), ("from", "view=open")];
    let reply = ana.post(&path, &mine).await;
    assert_eq!(reply.headers()["location"].to_str().unwrap(), format!("/cases?view=open&peek={number}"));
    assert!(ana.page(list).await.1.contains("You have this"));
    let queue = kim.page(list).await.1;
    assert_eq!(queue.matches("ana has this").count(), 2, "in the row and in the preview: {queue}");
    send(&kim, &path, &[("user", "kim")], 303).await;
    send(&kim, &path, &[("user", "kim")], 303).await;
    assert_eq!(told(&server, number, "assign").await, ["Assigned to kim, taken from ana", "Assigned to ana"]);
    assert_eq!(ledger(&server.app.store, "assign").await, 2);
    let told = ana.page("/cases?view=mine").await.1;
    assert!(told.contains("kim took over from you") && rows(&told).is_empty(), "{told}");
    assert!(!kim.page("/cases").await.1.contains("took over from you"));
    send(&ana, "/reminders", &[("until", "9999999999999")], 303).await;
    assert!(!ana.page("/cases?view=mine").await.1.contains("took over from you"), "seen");
    closed_to_others(&server, &path, &[("user", "kim")]).await;
}
