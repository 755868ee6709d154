//! Many cases by one act, without a script: what is left out and why, one undo, twice is once, and a kill in between.
mod copies;
mod large;
mod refused;
mod review;
mod undo;

use crate::support::agreeing::{self, benign, deliver, precedent};
use crate::support::{Person, Server};
use fusionsoc::domain::Role;
use fusionsoc::store::{Store, Tx};
use serde_json::{Value, json};
use wiremock::MockServer;

/// The address that a reply leads to.
pub(crate) fn location(reply: &reqwest::Response) -> String {
    assert_eq!(reply.status(), 303, "{}", reply.url());
    reply.headers()["location"].to_str().unwrap().to_owned()
}

/// A server with so many undecided cases of one behaviour against which nothing speaks, numbered from 2 on, and ana.
pub(crate) async fn start(cases: usize) -> (Server, [MockServer; 2], Person) {
    let (server, models) = agreeing::spawn().await;
    precedent(&server).await;
    deliver(&server, &(1..=cases).map(benign).collect::<Vec<_>>()).await;
    let ana = server.sign_in("ana", Role::Analyst).await;
    (server, models, ana)
}

/// The same behaviour by another parent.
pub(crate) fn odd(at: usize) -> Value {
    let text = benign(at).to_string();
    let parent = benign(at)["detect"]["event"]["PARENT"]["FILE_PATH"].as_str().unwrap().replace('\\', "\\\\");
    serde_json::from_str(&text.replace(&parent, "C:\\\\Program Files\\\\Other\\\\Agent.exe")).unwrap()
}

/// One number that a statement finds.
pub(crate) async fn number(store: &Store, sql: &str) -> i64 {
    match store.read().await.unwrap() {
        Tx::Sqlite(mut tx) => sqlx::query_scalar(sqlx::AssertSqlSafe(sql)).fetch_one(&mut *tx).await.unwrap(),
        Tx::Postgres(mut tx) => sqlx::query_scalar(sqlx::AssertSqlSafe(sql)).fetch_one(&mut *tx).await.unwrap(),
    }
}

pub(crate) async fn count(server: &Server, condition: &str) -> i64 {
    number(&server.app.store, &format!("SELECT CAST(COUNT(*) AS BIGINT) FROM cases WHERE {condition}")).await
}

/// What closes cases as false positive.
pub(crate) const CLOSE: [(&str, &str); 3] =
    [("verdict", "false_positive"), ("reason", "known_application"), ("close", "true")];

#[tokio::test]
async fn chosen_cases_are_decided_together_each_with_its_own_trace() {
    let (server, _models, ana) = start(4).await;
    let entries = async |number: i64| server.case(number).await["timeline"].as_array().unwrap().len();
    let before = [entries(2).await, entries(3).await, entries(4).await];
    let fields: Vec<_> =
        CLOSE.into_iter().chain([("numbers", "2,3"), ("numbers", "4"), ("from", "view=open&sort=newest")]).collect();
    let to = location(&ana.post("/cases/bulk", &fields).await);
    assert_eq!(to, "/cases?view=open&sort=newest&bulk=1");
    let page = ana.page(&to).await.1;
    assert!(page.contains("3 cases closed as false positive.") && page.contains("Undo all"), "{page}");
    for (number, before) in (2..=4).zip(before) {
        let case = server.case(number).await;
        assert_eq!((&case["status"], &case["verdict"]), (&json!("closed"), &json!("false_positive")));
        let timeline = case["timeline"].as_array().unwrap();
        assert_eq!(timeline.len(), before + 1, "one entry: {timeline:?}");
        let (newest, at) = (&timeline[0], "in one act over 3 cases (bulk 1)");
        assert_eq!((&newest["kind"], &newest["actor"]), (&json!("verdict"), &json!("ana")));
        assert!(newest["text"].as_str().unwrap().contains(at), "{newest}");
    }
    assert_eq!(server.case(5).await["verdict"], json!("pending"));
    let store = &server.app.store;
    let lines = "SELECT CAST(COUNT(*) AS BIGINT) FROM ledger WHERE action = 'verdict' AND actor = 'ana'";
    assert_eq!(number(store, lines).await, 3, "a line of the ledger for each");
    let precedents = "SELECT CAST(SUM(false_positive) AS BIGINT) FROM precedents";
    assert_eq!(number(store, precedents).await, 4, "they count as precedents, as the one before");
    let measured = "SELECT CAST(COUNT(DISTINCT case_number) AS BIGINT) FROM measured";
    assert_eq!(number(store, measured).await, 4, "and are measured");
    let events = "SELECT CAST(COUNT(*) AS BIGINT) FROM bulk_members b JOIN timeline t ON t.id = b.event_id
        WHERE b.act_id = 1 AND t.kind = 'verdict' AND t.case_number = b.case_number";
    assert_eq!(number(store, events).await, 3, "each entry is known to be of the act");
    assert_eq!(number(store, "SELECT CAST(COUNT(*) AS BIGINT) FROM jobs WHERE kind = 'bulk'").await, 0);
}

#[tokio::test]
async fn the_whole_filter_is_decided_with_a_note_for_each() {
    let (server, _models, ana) = start(3).await;
    let fields: Vec<_> =
        CLOSE.into_iter().chain([("filter", "view=needs_decision&severity=medium"), ("note", "Patch day.")]).collect();
    location(&ana.post("/cases/bulk", &fields).await);
    assert_eq!(count(&server, "open = FALSE").await, 4);
    assert_eq!(server.case(3).await["notes"][0]["body"], json!("Patch day."));
    let none: Vec<_> = CLOSE.into_iter().chain([("filter", "view=needs_decision&severity=low")]).collect();
    let reply = ana.post("/cases/bulk", &none).await;
    assert_eq!(reply.status(), 422, "a filter that finds nothing");
}

#[tokio::test]
async fn the_same_form_twice_is_one_act_also_at_once() {
    let (server, _models, ana) = start(3).await;
    let fields: Vec<_> = CLOSE.into_iter().chain([("numbers", "2,3,4"), ("idempotency_key", "twice")]).collect();
    let (one, two) = tokio::join!(ana.post("/cases/bulk", &fields), ana.post("/cases/bulk", &fields));
    assert_eq!((one.status().as_u16(), two.status().as_u16()), (303, 303));
    location(&ana.post("/cases/bulk", &fields).await);
    assert_eq!(number(&server.app.store, "SELECT CAST(COUNT(*) AS BIGINT) FROM bulk_acts").await, 1);
    let entries = "SELECT CAST(COUNT(*) AS BIGINT) FROM timeline WHERE kind = 'verdict' AND actor = 'ana'";
    assert_eq!(number(&server.app.store, entries).await, 3);
    // Without a key the second finds nothing left to decide.
    let again: Vec<_> = CLOSE.into_iter().chain([("numbers", "2,3,4")]).collect();
    assert_eq!(ana.post("/cases/bulk", &again).await.status(), 422);
    assert_eq!(number(&server.app.store, entries).await, 3);
}

#[tokio::test]
async fn selected_cases_are_given_to_somebody() {
    let (server, _models, ana) = start(3).await;
    let given = [("numbers", "2"), ("numbers", "3"), ("user", "bo"), ("from", "view=open")];
    let to = location(&ana.post("/cases/bulk/assign", &given).await);
    assert_eq!(to, "/cases?view=open&assigned=2.2");
    assert!(ana.page(&to).await.1.contains("2 cases assigned to bo."));
    assert_eq!(count(&server, "assignee_id IS NOT NULL").await, 2);
    let nobody = [("numbers", "2,4"), ("user", "nobody-here")];
    assert_eq!(ana.post("/cases/bulk/assign", &nobody).await.status(), 422);
    assert_eq!(count(&server, "assignee_id IS NOT NULL").await, 2);
}

/// Runs a statement on the store.
pub(crate) async fn write(store: &Store, sql: &str) {
    let mut tx = store.write().await.unwrap();
    match &mut tx {
        Tx::Sqlite(tx) => sqlx::raw_sql(sqlx::AssertSqlSafe(sql)).execute(&mut **tx).await.map(|_| ()).unwrap(),
        Tx::Postgres(tx) => sqlx::raw_sql(sqlx::AssertSqlSafe(sql)).execute(&mut **tx).await.map(|_| ()).unwrap(),
    }
    tx.commit().await.unwrap();
}
