//! What happens to an action when two come at once, and when it ends the worker that carries it out.
use super::House;
use crate::support::waits::awaited;
use fusionsoc::actions::wish::{self, Wish};
use fusionsoc::domain::Role;
use fusionsoc::domain::action::{ActionState, Plan};
use fusionsoc::store::{Actor, Store, actions, cases};
use fusionsoc::{clock, limits};

#[tokio::test]
async fn what_is_taken_back_while_it_begins_never_happens() {
    let house = House::new(0).await;
    // SQLite has one writer.
    let Store::Postgres(_) = &house.server.app.store else { return };
    let ana = house.server.sign_in("ana", Role::Analyst).await;
    house.ask(&ana, &[("kind", "add_tag"), ("tag", "hasty")]).await;
    let (id, ..) = house.newest().await;
    let mut tx = house.server.app.store.write().await.unwrap();
    let step = (ActionState::Queued, ActionState::Cancelled);
    assert_eq!(actions::decide(&mut tx, id, step, "ana", None, clock::now_ms()).await.unwrap(), 1);
    let commit = async {
        awaited(&mut tx).await;
        tx.commit().await.unwrap();
    };
    tokio::join!(house.jobs(), commit);
    assert_eq!((house.newest().await.1.as_str(), house.sent()), ("cancelled", 0));
    assert!(!house.timeline().await.contains("Started"), "nobody is told that it began");
}

#[tokio::test]
async fn of_two_who_ask_at_once_the_second_is_told() {
    let house = House::new(0).await;
    let store = &house.server.app.store;
    let Store::Postgres(_) = store else { return };
    let bo = house.server.sign_in("bo", Role::Analyst).await;
    let mut tx = store.write().await.unwrap();
    let case = cases::by_number(&mut tx, house.case).await.unwrap();
    let (actor, now_ms) = (Actor::system(), clock::now_ms());
    let wish = Wish { actor: &actor, person: None, case: &case, undo_ms: 0, connected: true, now_ms };
    let plan = Plan::AddTag { tag: "twice".to_owned(), ttl_s: None };
    wish::ask(&mut tx, wish, &plan, "", "").await.unwrap();
    let commit = async {
        awaited(&mut tx).await;
        tx.commit().await.unwrap();
    };
    let fields = [("kind", "add_tag"), ("tag", "twice")];
    let (status, ()) = tokio::join!(house.ask(&bo, &fields), commit);
    assert_eq!((status, house.actions().await.len()), (409, 1));
}

#[tokio::test]
async fn what_ends_its_worker_again_and_again_is_given_up_unasked() {
    let house = House::new(0).await;
    let ana = house.server.sign_in("ana", Role::Analyst).await;
    let begun = async |times: i64, tag: &str| {
        house.ask(&ana, &[("kind", "add_tag"), ("tag", tag)]).await;
        house.server.sql(&format!("UPDATE jobs SET attempt = {times} WHERE kind = 'action'")).await;
        house.jobs().await;
        (house.newest().await.1, house.sent())
    };
    assert_eq!(begun(limits::JOB_CLAIMS - 1, "last").await, ("done".to_owned(), 1));
    assert_eq!(begun(limits::JOB_CLAIMS, "lost").await, ("failed".to_owned(), 1));
    assert!(house.timeline().await.contains("it was begun 16 times, and no worker came back from it"));
}
