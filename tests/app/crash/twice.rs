//! Two workers share the work: each job is done once, and each question is asked once.
use super::{behaviour, command, config, free_port, long, model_after, post, process, ready, settled, word};
use crate::support::database;
use serde_json::{Value, json};
use std::time::Duration;

#[tokio::test]
async fn two_workers_ask_for_each_case_once() {
    let many = if long() { 500 } else { 40 };
    let dir = tempfile::tempdir().unwrap();
    let model = model_after(Duration::from_millis(20)).await;
    config(dir.path(), &model, &database(dir.path()).await);
    command(dir.path(), &["org", "add", "acme", "--name", "Acme"]);
    let token = command(dir.path(), &["token", "create", "--name", "t", "--org", "acme", "--scope", "ingest,read"]);
    let server = process(dir.path(), free_port(), &["serve", "--no-worker"]);
    ready(&server).await;
    let all: Vec<Value> = (0..many).map(|at| serde_json::from_str(&behaviour(at)).unwrap()).collect();
    for some in all.chunks(100) {
        assert_eq!(post(&server.url, &token, json!(some).to_string()).await, Some(202));
    }
    let _workers = [process(dir.path(), 0, &["worker"]), process(dir.path(), 0, &["worker"])];
    let cases = settled(&server, &token).await;
    assert_eq!(cases.len(), many, "each has a case of its own");
    for case in &cases {
        assert_eq!(case["machine_verdict"], "false_positive", "{case}");
    }
    super::asked_once(&model).await;
    let asked = model.received_requests().await.unwrap();
    let asked: Vec<_> = asked.iter().filter(|one| one.url.path() == "/api/chat").map(|one| &one.body).collect();
    assert_eq!(asked.len(), 2 * many, "the vote, and a second look at what is called a false positive");
    for at in 0..many {
        let of = format!("{}.exe", word(at));
        let times = asked.iter().filter(|body| String::from_utf8_lossy(body).contains(&of)).count();
        assert_eq!(times, 1, "one vote; the second look hides what others wrote");
    }
    let log = std::fs::read_to_string(dir.path().join("log")).unwrap();
    assert!(!log.contains("a job failed"), "{log}");
}
