//! Exclusions in force: each day somebody looks whether they do what was approved, and what is over may stay behind.
use super::publishing::{Fake, approved, work};
use super::search::{DELL, EXPAND, delivered, false_positives, planted};
use super::{PAIR, again, declare, exclusion, proposed};
use crate::support::{Server, spawn};
use fusionsoc::clock::advance_here;
use fusionsoc::domain::Role;
use std::sync::Arc;

const DAY_MS: i64 = 24 * 60 * 60 * 1000;

async fn timeline(server: &Server, case: i64) -> String {
    server.get(&format!("/api/v1/cases/{case}/timeline")).await.to_string()
}

#[tokio::test]
async fn what_an_exclusion_newly_matches_is_told_the_next_day_without_anybody_opening_its_page() {
    let server = spawn().await;
    let (ana, lea) = (server.sign_in("ana", Role::Analyst).await, server.sign_in("lea", Role::Lead).await);
    let cases = false_positives(&server, &ana).await;
    let to = proposed(&server, &ana, cases[0], "fp-watched", &["source_rule", "image", "parent_image"]).await;
    assert_eq!(lea.post(&format!("{to}/approve"), &[("acknowledged", "true")]).await.status(), 303);
    server.run_jobs().await;
    assert_eq!(lea.post(&format!("{to}/pasted"), &[]).await.status(), 303);
    let mut tx = server.app.store.write().await.unwrap();
    fusionsoc::jobs::watch_exclusions::schedule(&mut tx, fusionsoc::clock::now_ms()).await.unwrap();
    tx.commit().await.unwrap();
    advance_here(DAY_MS);
    server.run_jobs().await;
    assert_eq!(exclusion(&server, &to).await.warnings.0, [] as [String; 0], "it matches what was back-tested");
    let mut since = planted(71, EXPAND, DELL);
    let now = fusionsoc::clock::now_ms();
    for routing in ["/routing", "/detect/routing"] {
        since.pointer_mut(routing).unwrap()["event_time"] = now.into();
    }
    delivered(&server, &since).await;
    advance_here(DAY_MS);
    server.run_jobs().await;
    let known = exclusion(&server, &to).await;
    assert!(known.warnings.0.iter().any(|text| text.contains("host-71")), "{:?}", known.warnings);
    let lea = server.sign_in("leo", Role::Lead).await; // after days the other has to sign in again
    let list = lea.page("/tuning").await.1;
    assert!(list.contains("1 host that the back-test did not see: host-71."), "{list}");
    assert!(lea.page(&to).await.1.contains("Needs a look"));
    let told = timeline(&server, cases[0]).await;
    assert!(told.contains("The exclusion fp-watched needs a look: "), "{told}");
    // What is known already is not told again.
    advance_here(DAY_MS);
    server.run_jobs().await;
    assert_eq!(timeline(&server, cases[0]).await.matches("needs a look").count(), 1);
}

#[tokio::test]
async fn one_that_is_switched_off_in_limacharlie_is_told() {
    let (server, fake) = (spawn().await, Arc::new(Fake::default()));
    let (to, _) = approved(&server, &fake).await;
    fake.there.lock().unwrap().get_mut("fp-pair").unwrap().enabled = false;
    let mut tx = server.app.store.write().await.unwrap();
    fusionsoc::jobs::watch_exclusions::schedule(&mut tx, fusionsoc::clock::now_ms()).await.unwrap();
    tx.commit().await.unwrap();
    advance_here(DAY_MS);
    work(&server, &fake).await;
    let leo = server.sign_in("leo", Role::Lead).await;
    assert!(leo.page("/tuning").await.1.contains("It is switched off in LimaCharlie: it hides nothing."));
    fake.there.lock().unwrap().clear();
    advance_here(DAY_MS);
    work(&server, &fake).await;
    let lou = server.sign_in("lou", Role::Lead).await;
    assert!(lou.page(&to).await.1.contains("LimaCharlie does not have it: it hides nothing."));
}

#[tokio::test]
async fn one_that_somebody_put_there_by_hand_stays_in_sight_until_a_person_took_it_out() {
    let server = spawn().await;
    let (ana, lea) = (server.sign_in("ana", Role::Analyst).await, server.sign_in("lea", Role::Lead).await);
    let case = server.deliver(&again(1, &[])).await["number"].as_i64().unwrap();
    server.run_jobs().await;
    declare(&ana, case, "false_positive", "known_application").await;
    let to = proposed(&server, &ana, case, "fp-hand", PAIR).await;
    assert_eq!(lea.post(&format!("{to}/approve"), &[]).await.status(), 303);
    server.run_jobs().await;
    assert_eq!(lea.post(&format!("{to}/pasted"), &[]).await.status(), 303);
    assert_eq!(lea.post(&format!("{to}/disable"), &[("note", "Too wide")]).await.status(), 303);
    let page = lea.page(&to).await.1;
    assert!(page.contains("It was put into LimaCharlie by hand: take it out there as well"), "{page}");
    assert!(!page.contains("Try again"), "there is nothing that could be tried from here: {page}");
    assert_eq!(lea.post(&format!("{to}/publish"), &[]).await.status(), 409);
    assert_eq!(ana.post(&format!("{to}/taken_out"), &[]).await.status(), 403, "a lead says so");
    assert_eq!(lea.post(&format!("{to}/taken_out"), &[]).await.status(), 303);
    assert!(!lea.page("/tuning").await.1.contains("It may still hide"));
    let told = timeline(&server, case).await;
    for step in
        ["was approved", "hides detections from now on", "was disabled: Too wide", "was taken out of LimaCharlie"]
    {
        assert!(told.contains(&format!("The exclusion fp-hand {step}")), "{step}: {told}");
    }
}

#[tokio::test]
async fn an_approval_is_of_the_back_test_that_was_looked_at() {
    let server = spawn().await;
    let (ana, lea) = (server.sign_in("ana", Role::Analyst).await, server.sign_in("lea", Role::Lead).await);
    let case = server.deliver(&again(1, &[])).await["number"].as_i64().unwrap();
    server.run_jobs().await;
    declare(&ana, case, "false_positive", "known_application").await;
    let to = proposed(&server, &ana, case, "fp-seen", PAIR).await;
    assert!(lea.page(&to).await.1.contains("name=\"test\" value=\"1\""));
    assert_eq!(ana.post(&format!("{to}/test"), &[]).await.status(), 303);
    server.run_jobs().await;
    let old = lea.post(&format!("{to}/approve"), &[("test", "1")]).await;
    assert_eq!(old.status(), 409);
    assert!(old.text().await.unwrap().contains("was run again after you opened this page"));
    assert_eq!(lea.post(&format!("{to}/approve"), &[("test", "2")]).await.status(), 303);
}

#[tokio::test]
async fn an_exclusion_of_one_rule_hides_nothing_of_another_whose_document_is_gone() {
    let (server, fake) = (spawn().await, Arc::new(Fake::default()));
    let (to, lea) = approved(&server, &fake).await;
    let rule = ("proc_creation_win_expand_cabinet_files", "proc_creation_win_something_else");
    let other = server.deliver(&again(2, &[rule])).await["number"].as_i64().unwrap();
    let same = server.deliver(&again(3, &[])).await["number"].as_i64().unwrap();
    server.run_jobs().await;
    server.sql("UPDATE detections SET raw = ''").await;
    declare(&lea, other, "true_positive", "malware").await;
    assert!(!lea.page(&to).await.1.contains("It hides a true positive."), "that is another rule's");
    declare(&lea, same, "true_positive", "malware").await;
    assert!(lea.page(&to).await.1.contains("It hides a true positive."), "nobody can tell any more");
}
