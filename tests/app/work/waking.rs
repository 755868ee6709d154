//! What brings a snoozed case back, and how that is told.
use super::snooze::held;
use super::{case, ledger, number_of, rows, send, told, write};
use crate::support::{SEED, Server, fakes, seed_id, seed_with, spawn_with};
use fusionsoc::config::notify::Webhook;
use fusionsoc::domain::Role;
use fusionsoc::store::jobs;
use fusionsoc::store::queue::View;
use fusionsoc::voters::VoterConfig;
use serde_json::json;
use std::os::unix::fs::PermissionsExt;

/// Lets the time of all snoozes come.
async fn time_comes(server: &Server) {
    let past = fusionsoc::clock::now_ms() - 60_000;
    let sql = format!("UPDATE cases SET snoozed_until_ms = {past} WHERE snoozed = TRUE");
    write(&server.app.store, &sql).await;
    write(&server.app.store, "UPDATE jobs SET run_at_ms = 1 WHERE kind = 'wake'").await;
}

#[tokio::test]
async fn its_time_brings_it_back_first_of_its_severity_with_a_reminder() {
    let (server, ana, number) = case().await;
    let kim = server.sign_in("kim", Role::Analyst).await;
    for host in 2..4 {
        let id = format!("wake-{host}");
        let name = format!("host-{host}");
        let place = format!("a47d2c95-000{host}");
        server.deliver(&seed_with(&[(&seed_id(), &id), ("desktop-4kq7m2x", &name), ("a47d2c95-6b08", &place)])).await;
    }
    server.run_jobs().await;
    let last = *rows(&ana.page("/cases?view=needs_decision&group=off").await.1).last().unwrap();
    send(&ana, &format!("/cases/{last}/snooze"), &[("until", "1h")], 303).await;
    server.run_jobs().await;
    assert_eq!(held(&server, View::Snoozed).await, 1, "not before its time");
    time_comes(&server).await;
    server.run_jobs().await;
    assert_eq!(told(&server, last, "woken").await.len(), 1);
    let queue = ana.page("/cases?view=needs_decision&group=off").await.1;
    assert_eq!(rows(&queue)[0], last, "it stands first");
    assert!(queue.contains(" UTC, back now"), "{queue}");
    assert!(queue.contains("1 case is back from snooze") && queue.contains("action=\"/reminders\""), "{queue}");
    assert!(!kim.page("/cases").await.1.contains("back from snooze"), "only who snoozed it is reminded");
    let case = server.case(last).await;
    assert_eq!(case["snoozed_until"], json!(null));
    assert!(ana.page(&format!("/cases/{number}")).await.1.contains("1 case is back from snooze"), "on every page");
    let now = fusionsoc::clock::now_ms().to_string();
    let reply = ana.post("/reminders", &[("until", &now)]).await;
    assert_eq!(reply.status(), 303);
    assert!(!ana.page("/cases").await.1.contains("back from snooze:"), "seen");
    assert_eq!(ledger(&server.app.store, "woken").await, 1);
}

#[tokio::test]
async fn a_worker_that_dies_leaves_the_waking_to_the_next() {
    let (server, ana, number) = case().await;
    send(&ana, &format!("/cases/{number}/snooze"), &[("until", "1h")], 303).await;
    time_comes(&server).await;
    let mut tx = server.app.store.write().await.unwrap();
    let now = fusionsoc::clock::now_ms();
    let job = jobs::claim(&mut tx, "a worker that dies", jobs::ANY, now, -1).await.unwrap().unwrap();
    tx.commit().await.unwrap();
    assert_eq!(job.kind, "wake");
    assert_eq!(held(&server, View::Snoozed).await, 1);
    server.run_jobs().await;
    server.run_jobs().await;
    assert_eq!((held(&server, View::Snoozed).await, told(&server, number, "woken").await.len()), (0, 1));
}

#[tokio::test]
async fn a_detection_that_joins_brings_it_back_and_a_repeat_does_not() {
    let (server, ana, number) = case().await;
    send(&ana, &format!("/cases/{number}/snooze"), &[("until", "4h")], 303).await;
    let (status, answer) = server.post("/api/v1/detections", SEED.to_owned()).await;
    assert_eq!((status, &answer["duplicates"]), (202, &json!(1)), "{answer}");
    assert_eq!(held(&server, View::Snoozed).await, 1, "the same detection again is no news");
    let joined = server.deliver(&seed_with(&[(&seed_id(), "joins-1")])).await;
    assert_eq!(joined["number"], json!(number), "it joins");
    assert_eq!(held(&server, View::Snoozed).await, 0);
    let text = told(&server, number, "woken").await[0].clone();
    assert!(text.ends_with("a detection joined"), "{text}");
    assert!(ana.page("/cases?view=open").await.1.contains("Back from snooze: a detection joined"));
}

#[tokio::test]
async fn by_hand_it_comes_back_without_a_reminder() {
    let (server, ana, number) = case().await;
    send(&ana, &format!("/cases/{number}/snooze"), &[("until", "4h")], 303).await;
    let path = format!("/cases/{number}/wake");
    super::closed_to_others(&server, &path, &[]).await;
    send(&ana, &path, &[], 303).await;
    send(&ana, &path, &[], 303).await;
    assert_eq!((held(&server, View::Snoozed).await, told(&server, number, "woken").await.len()), (0, 1));
    assert!(!ana.page("/cases").await.1.contains("back from snooze:"));
    assert_eq!(number_of(&server.app.store, "SELECT CAST(COUNT(*) AS BIGINT) FROM reminders").await, 0);
}

/// A server whose two voters say true positive; nothing was asked yet.
async fn attacked() -> (Server, [wiremock::MockServer; 2]) {
    let (one, two) = (fakes::answer("true_positive", 95).to_string(), fakes::answer("true_positive", 88).to_string());
    let (one, two) = (fakes::ollama("one", &one).await, fakes::ollama("two", &two).await);
    let voters = vec![VoterConfig::ollama("one", &one.uri(), "one"), VoterConfig::ollama("two", &two.uri(), "two")];
    (spawn_with(|config| config.voters = voters).await, [one, two])
}

#[tokio::test]
async fn a_worse_vote_brings_it_back() {
    let (server, _voters) = attacked().await;
    let ana = server.sign_in("ana", Role::Analyst).await;
    let number = server.deliver(SEED).await["number"].as_i64().unwrap();
    send(&ana, &format!("/cases/{number}/snooze"), &[("until", "morning")], 303).await;
    server.run_jobs().await;
    assert_eq!(held(&server, View::LikelyTruePositive).await, 1);
    assert!(told(&server, number, "woken").await[0].ends_with("a new vote says otherwise"));
    assert!(ana.page("/cases").await.1.contains("1 case is back from snooze"));
}

#[tokio::test]
async fn a_late_dissenting_vote_brings_it_back() {
    let (server, _voters) = attacked().await;
    let ana = server.sign_in("ana", Role::Analyst).await;
    let number = server.deliver(SEED).await["number"].as_i64().unwrap();
    let early = [("verdict", "false_positive"), ("reason", "known_application")];
    send(&ana, &format!("/cases/{number}/verdict"), &early, 303).await;
    send(&ana, &format!("/cases/{number}/snooze"), &[("until", "morning")], 303).await;
    server.run_jobs().await;
    assert_eq!((held(&server, View::Snoozed).await, held(&server, View::SplitVotes).await), (0, 1));
    assert!(told(&server, number, "woken").await[0].ends_with("a new vote says otherwise"));
}

#[tokio::test]
async fn the_channels_are_told_once_for_each_waking() {
    let hook = wiremock::MockServer::start().await;
    let any = wiremock::Mock::given(wiremock::matchers::any()).respond_with(wiremock::ResponseTemplate::new(200));
    any.mount(&hook).await;
    let dir = tempfile::tempdir().unwrap();
    let secret = dir.path().join("secret");
    std::fs::write(&secret, "a key of more than sixteen bytes").unwrap();
    std::fs::set_permissions(&secret, std::fs::Permissions::from_mode(0o600)).unwrap();
    let secret_file = secret.display().to_string();
    let server = spawn_with(|config| {
        config.notify.webhook = Some(Webhook { url: hook.uri(), secret_file, ..Webhook::default() });
        config.notify.every_s = 0;
    })
    .await;
    let ana = server.sign_in("ana", Role::Analyst).await;
    let number = server.deliver(SEED).await["number"].as_i64().unwrap();
    server.run_jobs().await;
    for _ in 0..2 {
        send(&ana, &format!("/cases/{number}/snooze"), &[("until", "1h")], 303).await;
        time_comes(&server).await;
        server.run_jobs().await;
    }
    let sent = hook.received_requests().await.unwrap();
    let told: Vec<serde_json::Value> = sent.iter().filter_map(|one| serde_json::from_slice(&one.body).ok()).collect();
    let all = told.iter().flat_map(|one| one["notifications"].as_array().cloned().unwrap_or_default());
    let reminders: Vec<_> = all.filter(|one| one["kind"] == "reminder").collect();
    assert_eq!(reminders.len(), 2, "{told:?}");
    assert!(reminders[0]["text"].as_str().unwrap().starts_with("Snoozed by ana."), "{reminders:?}");
    assert_eq!(reminders[0]["case"], json!(number));
}
