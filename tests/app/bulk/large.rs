//! Five thousand cases by one act, with three that differ; and a worker that dies in the middle.
use crate::bulk::copies::copy;
use crate::bulk::{CLOSE, count, location, number, odd, write};
use crate::support::agreeing::{self, benign, deliver, precedent};
use crate::support::{Person, Server};
use fusionsoc::domain::Role;
use fusionsoc::jobs::bulk as job;
use fusionsoc::review::bulk as acts;
use serde_json::json;
use std::time::Instant;
use wiremock::MockServer;

/// How many cases: all of them take a while without optimisation.
fn many() -> i64 {
    if std::env::var("FUSIONSOC_LONG").is_ok() { 5_000 } else { 300 }
}

/// A server with so many undecided cases of one behaviour, numbered 2 and from 1001 on, and three by another parent;
/// and a lead, who has decided one of each before.
async fn start(cases: i64) -> (Server, [MockServer; 2], Person) {
    let (server, models) = agreeing::spawn().await;
    let bo = precedent(&server).await;
    deliver(&server, &[benign(1), odd(2)]).await;
    location(&bo.post("/cases/3/verdict", &CLOSE).await);
    deliver(&server, &[odd(3)]).await;
    copy(&server, 2, 1001, 999 + cases).await;
    copy(&server, 4, 90_001, 90_002).await;
    (server, models, bo)
}

#[tokio::test]
async fn three_that_differ_stay_open_and_one_undo_takes_all_back() {
    let cases = many();
    let (server, _models, bo) = start(cases).await;
    assert_eq!(count(&server, "verdict = 'pending' AND triage_state = 'done'").await, cases + 3);
    let time = async |what: &str, work: &mut (dyn Future<Output = ()> + Unpin)| {
        let begin = Instant::now();
        work.await;
        println!("{what}: {} ms", begin.elapsed().as_millis());
    };
    let list = "view=needs_decision&group=off";
    let review = format!("/cases/bulk?filter={}", list.replace('=', "%3D").replace('&', "%26"));
    let mut look = Box::pin(async {
        let (status, page) = bo.page(&review).await;
        assert!(status == 200 && page.contains("3 left out: differs from the others"), "{page}");
    });
    time("review", &mut look).await;
    let mut post = Box::pin(async {
        let fields: Vec<_> = CLOSE.into_iter().chain([("filter", list), ("idempotency_key", "big")]).collect();
        assert_eq!(location(&bo.post("/cases/bulk", &fields).await), "/cases/bulk/1");
        assert_eq!(location(&bo.post("/cases/bulk", &fields).await), "/cases/bulk/1");
    });
    time("asked for, twice", &mut post).await;
    let page = bo.page("/cases/bulk/1").await.1;
    assert!(page.contains(&format!("<progress max=\"{}\" value=\"3\"", cases + 3)), "{page}");
    assert!(page.contains("http-equiv=\"refresh\"") && page.contains("Stop and undo all"), "{page}");
    let mut work = Box::pin(async { assert_eq!(server.run_jobs().await, 1) });
    time("decided", &mut work).await;
    assert_eq!(count(&server, "verdict = 'false_positive' AND open = FALSE").await, cases + 2);
    assert_eq!(count(&server, "verdict = 'pending' AND open = TRUE AND chain LIKE '%Agent.exe%'").await, 3);
    let page = bo.page("/cases?bulk=1").await.1;
    assert!(page.contains(&format!("{cases} cases closed as false positive.")), "{page}");
    assert!(page.contains("3 left out: differs from the others"), "{page}");
    assert_eq!(location(&bo.post("/undo", &[]).await), "/cases/bulk/1", "one undo, by u as well");
    let mut undo = Box::pin(async { assert_eq!(server.run_jobs().await, 1) });
    time("taken back", &mut undo).await;
    assert_eq!(count(&server, "verdict = 'pending' AND open = TRUE").await, cases + 3);
    let sql = "SELECT CAST(SUM(false_positive) AS BIGINT) FROM precedents";
    assert_eq!(number(&server.app.store, sql).await, 2);
    assert!(bo.page("/cases?bulk=1").await.1.contains(&format!("Undone. {cases} cases are open again.")));
}

/// Does some steps of an act as a worker would, then dies with its lease.
async fn steps(server: &Server, count: usize) {
    let store = &server.app.store;
    for _ in 0..count {
        let mut tx = store.write().await.unwrap();
        acts::step(&mut tx, 1, fusionsoc::clock::now_ms()).await.unwrap();
        tx.commit().await.unwrap();
    }
    // And one that is not committed.
    let mut tx = store.write().await.unwrap();
    acts::step(&mut tx, 1, fusionsoc::clock::now_ms()).await.unwrap();
}

#[tokio::test]
async fn an_act_goes_on_after_a_kill_and_leaves_out_what_changed_meanwhile() {
    let (server, _models, bo) = start(230).await;
    let fields: Vec<_> = CLOSE.into_iter().chain([("filter", "view=needs_decision")]).collect();
    location(&bo.post("/cases/bulk", &fields).await);
    steps(&server, 2).await;
    assert_eq!(count(&server, "verdict = 'false_positive'").await, 102, "what was committed stands");
    assert!(bo.page("/cases/bulk/1").await.1.contains("103 of 233 cases looked at."));
    // Meanwhile somebody decides one, and another becomes a case with flags.
    let ana = server.sign_in("ana", Role::Analyst).await;
    let other = [("verdict", "benign_true_positive"), ("reason", "security_test"), ("close", "true")];
    location(&ana.post("/cases/1100/verdict", &other).await);
    let flag = r#"UPDATE runs SET flags = '[{"kind":"host_tags","text":"The host is tagged x-critical."}]' WHERE case_number = 1101"#;
    write(&server.app.store, flag).await;
    server.run_jobs().await;
    assert_eq!(count(&server, "verdict = 'false_positive'").await, 230);
    assert_eq!(server.case(1100).await["verdict"], json!("benign_true_positive"));
    assert_eq!(server.case(1101).await["verdict"], json!("pending"));
    let page = bo.page("/cases/bulk/1").await.1;
    assert!(page.contains("1 left out: host flags") && page.contains("The host is tagged x-critical."), "{page}");
    assert!(page.contains("1 left out: decided already") && page.contains("href=\"/cases/1100\""), "{page}");
    let entries = "SELECT CAST(COUNT(*) AS BIGINT) FROM timeline WHERE kind = 'verdict' AND actor = 'bo'";
    assert_eq!(number(&server.app.store, entries).await, 230, "none is decided twice");
}

#[tokio::test]
async fn a_killed_worker_is_replaced_by_another() {
    let (server, _models, bo) = start(210).await;
    let fields: Vec<_> = CLOSE.into_iter().chain([("filter", "view=needs_decision")]).collect();
    location(&bo.post("/cases/bulk", &fields).await);
    let worker = server.worker();
    let task = tokio::spawn(async move { worker.run_due().await });
    let some = async {
        while count(&server, "verdict = 'false_positive'").await < 53 {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(std::time::Duration::from_mins(1), some).await.expect("the worker begins");
    task.abort();
    let _ = task.await;
    assert!(count(&server, "verdict = 'false_positive'").await < 212, "it was killed in the middle");
    // Its lease runs out.
    write(&server.app.store, "UPDATE jobs SET leased_until_ms = 0").await;
    server.run_jobs().await;
    assert_eq!(count(&server, "verdict = 'false_positive'").await, 212);
    assert_eq!(number(&server.app.store, "SELECT CAST(COUNT(*) AS BIGINT) FROM jobs WHERE kind = 'bulk'").await, 0);
}

#[tokio::test]
async fn an_act_is_stopped_and_taken_back_while_it_is_under_way() {
    let (server, _models, bo) = start(230).await;
    let fields: Vec<_> = CLOSE.into_iter().chain([("filter", "view=needs_decision")]).collect();
    location(&bo.post("/cases/bulk", &fields).await);
    steps(&server, 1).await;
    location(&bo.post("/cases/bulk/1/undo", &[]).await);
    server.run_jobs().await;
    assert_eq!(count(&server, "verdict = 'pending'").await, 233);
    let page = bo.page("/cases/bulk/1").await.1;
    assert!(page.contains("Undone. 50 cases are open again."), "{page}");
    assert!(page.contains("180 left out: taken back before its turn"), "{page}");
}

#[tokio::test]
async fn what_a_request_left_behind_is_taken_up_by_the_job() {
    let (server, _models, bo) = start(40).await;
    let fields: Vec<_> = CLOSE.into_iter().chain([("filter", "view=needs_decision")]).collect();
    location(&bo.post("/cases/bulk", &fields).await);
    // As if the process had died before the first step.
    for sql in [
        "UPDATE cases SET verdict = 'pending', open = TRUE, status = 'new', version = 1 WHERE number NOT IN (1, 3, 4) AND number < 90000",
        "UPDATE bulk_members SET state = 'waiting', version = 1 WHERE state = 'done'",
        "UPDATE bulk_acts SET state = 'running', done = 0",
    ] {
        write(&server.app.store, sql).await;
    }
    let mut tx = server.app.store.write().await.unwrap();
    job::enqueue(&mut tx, 1, fusionsoc::clock::now_ms()).await.unwrap();
    tx.commit().await.unwrap();
    server.run_jobs().await;
    assert_eq!(count(&server, "verdict = 'false_positive'").await, 42);
}
