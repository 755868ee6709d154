//! What happens when LimaCharlie or the worker fails in the middle.
use super::House;
use crate::support::limacharlie::{Fake, Fault};
use crate::support::{SEED, connection, fakes, spawn_with};
use fusionsoc::domain::Role;
use fusionsoc::store::{actions, jobs};
use fusionsoc::voters::VoterConfig;
use fusionsoc::{clock, limits};
use serde_json::{Value, json};
use std::time::Duration;
use tokio_util::sync::CancellationToken;
use wiremock::ResponseTemplate;

#[tokio::test]
async fn a_worker_that_died_while_it_asked_leaves_an_action_unknown_and_nobody_repeats_it() {
    let house = House::new(0).await;
    let ana = house.server.sign_in("ana", Role::Analyst).await;
    house.ask(&ana, &[("kind", "add_tag"), ("tag", "once")]).await;
    let (id, ..) = house.newest().await;
    // What a worker writes before it asks the sensor; then it is gone and its lease runs out.
    let mut tx = house.server.app.store.write().await.unwrap();
    let now = clock::now_ms();
    jobs::claim(&mut tx, "dead", jobs::ANY, now, -1).await.unwrap().unwrap();
    assert_eq!(actions::start(&mut tx, id).await.unwrap(), 1);
    tx.commit().await.unwrap();
    for _ in 0..3 {
        house.jobs().await;
        clock::advance_here(60_000);
    }
    assert_eq!((house.newest().await.1.as_str(), house.sent()), ("unknown", 0));
    let (_, page) = ana.page(&format!("/cases/{}", house.case)).await;
    assert!(page.contains("Nobody knows whether it took effect"), "the page asks");

    // One that was given up, for a fault of the database's, does not keep the next one from asking.
    assert_eq!(house.step(&ana, id, "check", &[]).await, 303);
    house.server.sql("UPDATE jobs SET dead = TRUE WHERE kind = 'action'").await;
    house.jobs().await;
    assert_eq!(house.newest().await.1, "unknown");
    assert_eq!(house.step(&ana, id, "check", &[]).await, 303);
    house.jobs().await;
    let (_, state, result) = house.newest().await;
    assert_eq!((state.as_str(), result.as_str()), ("failed", "The sensor does not have the tag."));
    assert_eq!(house.sent(), 0, "asking changes nothing");
}

#[tokio::test]
async fn an_answer_that_breaks_off_leaves_an_action_unknown_until_a_person_settles_it() {
    let house = House::new(0).await;
    let ana = house.server.sign_in("ana", Role::Analyst).await;
    house.fake.fail(&[Fault::Cut]);
    house.ask(&ana, &[("kind", "add_tag"), ("tag", "half")]).await;
    for _ in 0..3 {
        house.jobs().await;
        clock::advance_here(60_000);
    }
    let (id, state, result) = house.newest().await;
    assert_eq!((state.as_str(), house.sent()), ("unknown", 1), "{result}");
    assert_eq!(house.step(&ana, id, "settle", &[("effect", "maybe")]).await, 422);
    assert_eq!(house.step(&ana, id, "settle", &[("effect", "yes")]).await, 303);
    assert_eq!(house.step(&ana, id, "settle", &[("effect", "no")]).await, 409, "once");
    assert_eq!(house.newest().await.1, "done");
    assert!(house.timeline().await.contains("Says that this took effect: tag half, until it is removed"));
}

#[tokio::test]
async fn what_certainly_had_no_effect_is_tried_again_and_then_given_up() {
    let house = House::new(0).await;
    let ana = house.server.sign_in("ana", Role::Analyst).await;
    house.fake.fail(&[Fault::TooMany(3600)]);
    house.ask(&ana, &[("kind", "add_tag"), ("tag", "late")]).await;
    house.jobs().await;
    assert_eq!(house.newest().await.1, "queued", "another try waits");
    for _ in 0..5 {
        house.fake.fail(&[Fault::TooMany(3600)]);
        clock::advance_here(20_000);
        house.jobs().await;
    }
    let (_, state, result) = house.newest().await;
    assert_eq!(state, "failed");
    assert!(result.contains("no more calls for now"), "{result}");
}

#[tokio::test]
async fn a_missing_privilege_is_named() {
    let house = House::new(0).await;
    let ana = house.server.sign_in("ana", Role::Analyst).await;
    house.fake.change(|state| {
        for may in state.keys.values_mut() {
            may.retain(|privilege| privilege != "sensor.tag");
        }
        // What a key may do is told by its token; the one from before is over.
        state.generation += 1;
    });
    house.ask(&ana, &[("kind", "add_tag"), ("tag", "denied")]).await;
    house.jobs().await;
    let (_, state, result) = house.newest().await;
    assert_eq!(
        (state.as_str(), result.as_str()),
        ("failed", "LimaCharlie refused: the API key lacks the privilege sensor.tag")
    );
    let (_, page) = ana.page(&format!("/cases/{}", house.case)).await;
    assert!(page.contains("lacks the privilege sensor.tag"), "the failure stands on the page");
}

#[tokio::test]
async fn a_question_whose_worker_died_is_asked_again_because_it_changes_nothing() {
    let house = House::new(0).await;
    let ana = house.server.sign_in("ana", Role::Analyst).await;
    house.ask(&ana, &[("kind", "sweep"), ("minutes", "2")]).await;
    let (id, ..) = house.newest().await;
    let mut tx = house.server.app.store.write().await.unwrap();
    jobs::claim(&mut tx, "dead", jobs::ANY, clock::now_ms(), -1).await.unwrap().unwrap();
    assert_eq!(actions::start(&mut tx, id).await.unwrap(), 1);
    tx.commit().await.unwrap();
    house.jobs().await;
    assert_eq!(house.newest().await.1, "done");
}

#[tokio::test]
async fn what_can_not_be_carried_out_is_told_in_timeline_and_ledger() {
    let house = House::new(0).await;
    let ana = house.server.sign_in("ana", Role::Analyst).await;
    house.ask(&ana, &[("kind", "add_tag"), ("tag", "lost")]).await;
    let (id, ..) = house.newest().await;
    let mut tx = house.server.app.store.write().await.unwrap();
    let job = jobs::claim(&mut tx, "us", jobs::ANY, clock::now_ms(), 60_000).await.unwrap().unwrap();
    fusionsoc::actions::carry::give_up(&mut tx, &job, "a fault of ours", clock::now_ms()).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(house.newest().await.0, id);
    assert_eq!(house.newest().await.1, "failed");
    assert!(house.timeline().await.contains("Failed: tag lost, until it is removed. This could not be carried out"));
}

#[tokio::test]
async fn an_action_does_not_wait_for_models_that_take_their_time() {
    let fake = Fake::start().await;
    let setting = connection(&fake, "acme");
    let slow = ResponseTemplate::new(200).set_delay(Duration::from_mins(1));
    let ollama = fakes::ollama_answering("slow", slow).await;
    let server = spawn_with(|config| {
        config.policy.undo_s = 0;
        config.limacharlie = vec![setting];
        config.voters = vec![VoterConfig { concurrency: 8, ..VoterConfig::ollama("slow", &ollama.uri(), "slow") }];
    })
    .await;
    let stop = CancellationToken::new();
    let _guard = stop.clone().drop_guard();
    for at in 0..limits::JOBS_AT_ONCE {
        let mut detection: Value = serde_json::from_str(SEED).unwrap();
        if at > 0 {
            detection["detect_id"] = json!(format!("0000000{at}-0000-4000-8000-000000000000"));
            detection["routing"]["sid"] = json!(format!("0000000{at}-0000-4000-8000-00000000000a"));
        }
        server.deliver(&detection.to_string()).await;
    }
    tokio::spawn(server.worker().run(stop));
    let asking = async || {
        let mut all = 0;
        for number in 1..=i64::try_from(limits::JOBS_AT_ONCE).unwrap() {
            all += usize::from(server.case(number).await["runs"].to_string().contains("\"asking\""));
        }
        all
    };
    while asking().await < limits::JOBS_AT_ONCE {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let body = r#"{"kind":"add_tag","tag":"now"}"#;
    assert_eq!(server.post("/api/v1/cases/1/actions", body).await.0, 202);
    while server.case(1).await["actions"][0]["state"] != "done" {
        assert_eq!(asking().await, limits::JOBS_AT_ONCE, "the models are still at it");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}
