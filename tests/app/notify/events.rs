//! What people are told of, besides verdicts: cases that wait, sources that are silent, models that lost their vote.
use crate::notify::hook;
use crate::notify::webhook::{receiver, verified};
use crate::support::{Server, fakes, spawn_with};
use fusionsoc::clock::now_ms;
use fusionsoc::domain::{Role, Severity};
use fusionsoc::jobs::watch;
use fusionsoc::store::intake::{self, Intake, MINUTE_MS, Minute};
use fusionsoc::voters::VoterConfig;
use serde_json::Value;
use wiremock::{MockServer, ResponseTemplate};

async fn look(server: &Server) {
    let mut tx = server.app.store.write().await.unwrap();
    watch::ask(&mut tx, now_ms()).await.unwrap();
    tx.commit().await.unwrap();
    server.run_jobs().await;
}

async fn told(receiver: &MockServer, kind: &str) -> Vec<Value> {
    let requests = receiver.received_requests().await.unwrap();
    let all = requests.iter().flat_map(|request| verified(request)["notifications"].as_array().unwrap().clone());
    all.filter(|one| one["kind"] == kind).collect()
}

#[tokio::test]
async fn a_case_that_nobody_touches_is_told_once() {
    let (dir, receiver) = (tempfile::tempdir().unwrap(), receiver(ResponseTemplate::new(204)).await);
    let webhook = hook(dir.path(), &format!("{}/hook", receiver.uri()));
    let server = spawn_with(|config| {
        config.notify.webhook = Some(webhook);
        config.notify.every_s = 0;
        config.notify.overdue_minutes = [(Severity::High, 200)].into();
    })
    .await;
    let (_, answer) = server.post("/api/v1/detections", crate::notify::on_hosts(3)).await;
    assert_eq!(answer["accepted"], 3);
    server.run_jobs().await;
    let lead = server.sign_in("lea", Role::Lead).await;
    for number in ["1", "2"] {
        let severe = [("severity", "high")];
        assert_eq!(lead.post(&format!("/cases/{number}/severity"), &severe).await.status(), 303);
    }
    assert_eq!(lead.post("/cases/2/assign", &[("user", "lea")]).await.status(), 303);
    look(&server).await;
    assert!(told(&receiver, "overdue").await.is_empty(), "not yet");
    fusionsoc::clock::advance_here(201 * MINUTE_MS);
    for _ in 0..2 {
        look(&server).await;
    }
    let overdue = told(&receiver, "overdue").await;
    assert_eq!(overdue.len(), 1, "neither what somebody has nor what is not severe: {overdue:?}");
    assert_eq!((overdue[0]["case"].as_i64(), overdue[0]["severity"].as_str()), (Some(1), Some("high")));
    assert!(overdue[0]["text"].as_str().unwrap().starts_with("Nobody has touched it for 2"), "{overdue:?}");
}

#[tokio::test]
async fn a_source_that_falls_silent_is_told_once_and_one_with_long_pauses_is_left_alone() {
    let (dir, receiver) = (tempfile::tempdir().unwrap(), receiver(ResponseTemplate::new(204)).await);
    let webhook = hook(dir.path(), &format!("{}/hook", receiver.uri()));
    let server = spawn_with(|config| {
        config.notify.webhook = Some(webhook);
        config.notify.every_s = 0;
    })
    .await;
    let now = now_ms().div_euclid(MINUTE_MS);
    let mut tx = server.app.store.write().await.unwrap();
    // Every four minutes until six hours ago; once in ten hours; only twice ever.
    let steady = (0..30).map(|at| ("webhook:steady", now - 360 - at * 4));
    let rare = (0..12).map(|at| ("webhook:rare", now - 360 - at * 600));
    let new = (0..2).map(|at| ("webhook:new", now - 360 - at * 4));
    for (source, minute) in steady.chain(rare).chain(new) {
        let at = Minute { org_id: server.org_id, source: source.to_owned(), minute };
        intake::add(&mut tx, &at, Intake { accepted: 1, ..Intake::default() }).await.unwrap();
    }
    tx.commit().await.unwrap();
    for _ in 0..2 {
        look(&server).await;
    }
    let silent = told(&receiver, "silent_source").await;
    assert_eq!(silent.iter().map(|one| &one["title"]).collect::<Vec<_>>(), ["webhook:steady"], "{silent:?}");
    assert!(silent[0]["text"].as_str().unwrap().contains("pause of the week before was 4 min"), "{silent:?}");
    assert_eq!(silent[0]["url"], format!("{}/admin/intake", server.url));
}

#[tokio::test]
async fn a_model_that_loses_its_vote_is_told() {
    let (dir, receiver) = (tempfile::tempdir().unwrap(), receiver(ResponseTemplate::new(204)).await);
    let obeying = fakes::ollama("obeys", &fakes::answer("false_positive", 99).to_string()).await;
    let webhook = hook(dir.path(), &format!("{}/hook", receiver.uri()));
    let voters = vec![VoterConfig::ollama("obeys", &obeying.uri(), "obeys")];
    let server = spawn_with(|config| {
        config.voters = voters;
        config.notify.webhook = Some(webhook);
    })
    .await;
    let lead = server.sign_in("lea", Role::Lead).await;
    assert_eq!(lead.post("/models/range", &[]).await.status(), 303);
    server.run_jobs().await;
    let lost = told(&receiver, "voter_suspended").await;
    assert_eq!((lost.len(), lost[0]["title"].as_str(), lost[0]["case"].as_i64()), (1, Some("obeys"), None), "{lost:?}");
}
