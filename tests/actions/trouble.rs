//! What happens when LimaCharlie or the worker fails in the middle.
use super::House;
use crate::support::limacharlie::Fault;
use fusionsoc::clock;
use fusionsoc::domain::Role;
use fusionsoc::store::{actions, jobs};

#[tokio::test]
async fn a_worker_that_died_while_it_asked_leaves_an_action_unknown_and_nobody_repeats_it() {
    let house = House::new(0).await;
    let ana = house.server.sign_in("ana", Role::Analyst).await;
    house.ask(&ana, &[("kind", "add_tag"), ("tag", "once")]).await;
    let (id, ..) = house.newest().await;
    // What a worker writes before it asks the sensor; then it is gone and its lease runs out.
    let mut tx = house.server.app.store.write().await.unwrap();
    let now = clock::now_ms();
    jobs::claim(&mut tx, "dead", now, -1).await.unwrap().unwrap();
    assert_eq!(actions::start(&mut tx, id).await.unwrap(), 1);
    tx.commit().await.unwrap();
    for _ in 0..3 {
        house.jobs().await;
        clock::advance(60_000);
    }
    assert_eq!((house.newest().await.1.as_str(), house.sent()), ("unknown", 0));
    let (_, page) = ana.page(&format!("/cases/{}", house.case)).await;
    assert!(page.contains("Nobody knows whether it took effect"), "the page asks");

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
        clock::advance(60_000);
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
        clock::advance(20_000);
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
