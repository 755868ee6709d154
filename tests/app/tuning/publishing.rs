//! Writing to LimaCharlie, with a publisher that answers as it is told.
use super::{PAIR, again, declare, exclusion, proposed};
use crate::support::{Server, spawn};
use async_trait::async_trait;
use fusionsoc::clock::advance_here;
use fusionsoc::domain::Role;
use fusionsoc::jobs::upkeep;
use fusionsoc::tuning::publisher::{PublishError, Published, Publisher, Wanted};
use serde_json::json;
use std::collections::HashMap;
use std::sync::{Arc, Mutex};

/// The usual window of an undo.
const UNDO_MS: i64 = 10_000;

#[derive(Default)]
pub(super) struct Fake {
    pub(super) there: Mutex<HashMap<String, Published>>,
    /// What the next writings answer; those that answer Unknown take effect.
    errors: Mutex<Vec<PublishError>>,
    written: Mutex<usize>,
}

#[async_trait]
impl Publisher for Fake {
    fn serves(&self, _: &str) -> bool {
        true
    }

    async fn get(&self, _: &str, name: &str) -> Result<Option<Published>, PublishError> {
        Ok(self.there.lock().unwrap().get(name).cloned())
    }

    async fn set(&self, _: &str, wanted: &Wanted, _: Option<&str>) -> Result<String, PublishError> {
        let error = self.errors.lock().unwrap().pop();
        if matches!(error, None | Some(PublishError::Unknown(_))) {
            let etag = "e1".to_owned();
            let (enabled, error) = (true, String::new());
            let one = Published { rule: wanted.rule.clone(), expires_ms: wanted.expires_ms, etag, enabled, error };
            self.there.lock().unwrap().insert(wanted.name.clone(), one);
            *self.written.lock().unwrap() += 1;
        }
        error.map_or(Ok("e1".to_owned()), Err)
    }

    async fn delete(&self, _: &str, name: &str) -> Result<(), PublishError> {
        self.there.lock().unwrap().remove(name);
        Ok(())
    }
}

/// One that somebody wrote there by hand.
fn theirs() -> Published {
    let (etag, error) = ("theirs".to_owned(), String::new());
    Published { rule: json!({"op": "is windows"}), expires_ms: 0, etag, enabled: true, error }
}

pub(super) async fn work(server: &Server, fake: &Arc<Fake>) {
    let mut worker = server.worker();
    worker.publisher = fake.clone();
    worker.run_due().await;
    // What is approved can be taken back at one press for so long.
    advance_here(UNDO_MS);
    worker.run_due().await;
}

/// An exclusion that was approved, with what came of writing it; and a lead.
pub(super) async fn approved(server: &Server, fake: &Arc<Fake>) -> (String, crate::support::Person) {
    let (ana, lea) = (server.sign_in("ana", Role::Analyst).await, server.sign_in("lea", Role::Lead).await);
    let case = server.deliver(&again(1, &[])).await["number"].as_i64().unwrap();
    server.run_jobs().await;
    declare(&ana, case, "false_positive", "known_application").await;
    let to = proposed(server, &ana, case, "fp-pair", PAIR).await;
    assert_eq!(lea.post(&format!("{to}/approve"), &[]).await.status(), 303);
    work(server, fake).await;
    (to, lea)
}

#[tokio::test]
async fn an_approved_exclusion_is_written_and_a_disabled_one_is_removed() {
    let (server, fake) = (spawn().await, Arc::new(Fake::default()));
    let (to, lea) = approved(&server, &fake).await;
    let known = exclusion(&server, &to).await;
    assert_eq!((known.state.as_str(), known.publish_state.as_str(), known.etag.as_str()), ("active", "done", "e1"));
    let there = fake.there.lock().unwrap()["fp-pair"].clone();
    assert_eq!((&there.rule, there.expires_ms), (&known.rule.0, known.expires_ms));
    assert_eq!(lea.post(&format!("{to}/disable"), &[("note", "Enough")]).await.status(), 303);
    work(&server, &fake).await;
    assert!(fake.there.lock().unwrap().is_empty());
}

#[tokio::test]
async fn an_answer_that_does_not_come_back_is_told_and_looked_up_before_writing_again() {
    let (server, fake) = (spawn().await, Arc::new(Fake::default()));
    fake.errors.lock().unwrap().push(PublishError::Unknown("timed out".to_owned()));
    let (to, lea) = approved(&server, &fake).await;
    let known = exclusion(&server, &to).await;
    assert_eq!((known.state.as_str(), known.publish_state.as_str()), ("approved", "unknown"));
    assert!(lea.page(&to).await.1.contains("no answer came back: timed out"));
    assert_eq!(lea.post(&format!("{to}/publish"), &[]).await.status(), 303);
    work(&server, &fake).await;
    let known = exclusion(&server, &to).await;
    assert_eq!((known.state.as_str(), known.publish_state.as_str()), ("active", "done"));
    assert_eq!(*fake.written.lock().unwrap(), 1, "it was there already");
}

#[tokio::test]
async fn one_of_the_same_name_that_says_something_else_is_left_alone() {
    let (server, fake) = (spawn().await, Arc::new(Fake::default()));
    let other = theirs();
    fake.there.lock().unwrap().insert("fp-pair".to_owned(), other.clone());
    let (to, lea) = approved(&server, &fake).await;
    let known = exclusion(&server, &to).await;
    assert_eq!((known.state.as_str(), known.publish_state.as_str()), ("approved", "failed"));
    assert_eq!(fake.there.lock().unwrap()["fp-pair"], other);
    // It was never ours, so it is not ours to take out.
    assert_eq!(lea.post(&format!("{to}/disable"), &[("note", "Enough")]).await.status(), 303);
    work(&server, &fake).await;
    assert_eq!(exclusion(&server, &to).await.publish_state.as_str(), "done");
    assert_eq!(fake.there.lock().unwrap()["fp-pair"], other);
}

#[tokio::test]
async fn what_somebody_changed_in_limacharlie_is_left_there_and_told_until_a_person_took_it_out() {
    let (server, fake) = (spawn().await, Arc::new(Fake::default()));
    let (to, lea) = approved(&server, &fake).await;
    fake.there.lock().unwrap().insert("fp-pair".to_owned(), theirs());
    assert_eq!(lea.post(&format!("{to}/disable"), &[("note", "Enough")]).await.status(), 303);
    work(&server, &fake).await;
    assert_eq!(fake.there.lock().unwrap()["fp-pair"], theirs());
    let page = lea.page(&to).await.1;
    assert!(page.contains("It may still hide detections.") && page.contains("it was changed in LimaCharlie"), "{page}");
    assert!(lea.page("/tuning").await.1.contains("It may still hide detections in LimaCharlie"));
    // What it hides is told as long as nobody knows that it is gone.
    let case = server.deliver(&again(2, &[])).await["number"].as_i64().unwrap();
    server.run_jobs().await;
    declare(&lea, case, "true_positive", "malware").await;
    assert!(lea.page(&to).await.1.contains("It hides a true positive."));
    assert_eq!(lea.post(&format!("{to}/taken_out"), &[]).await.status(), 303);
    let page = lea.page(&to).await.1;
    assert!(!page.contains("It may still hide") && !page.contains("It hides a true positive."), "{page}");
    assert_eq!(lea.post(&format!("{to}/taken_out"), &[]).await.status(), 409, "once");
}

#[tokio::test]
async fn what_limacharlie_refuses_is_told_and_hides_nothing() {
    let (server, fake) = (spawn().await, Arc::new(Fake::default()));
    fake.errors.lock().unwrap().push(PublishError::Refused("missing permission fp.ctrl".to_owned()));
    let (to, lea) = approved(&server, &fake).await;
    assert_eq!(exclusion(&server, &to).await.publish_state.as_str(), "failed");
    assert!(lea.page(&to).await.1.contains("missing permission fp.ctrl"));
}

#[tokio::test]
async fn in_limacharlie_it_is_enabled_and_ends_by_itself_and_goes_when_it_is_disabled() {
    let lima = crate::support::limacharlie::Fake::start().await;
    let setting = crate::support::connection(&lima, "acme");
    let server = crate::support::spawn_with(|config| config.limacharlie = vec![setting]).await;
    let (ana, lea) = (server.sign_in("ana", Role::Analyst).await, server.sign_in("lea", Role::Lead).await);
    let case = server.deliver(&again(1, &[])).await["number"].as_i64().unwrap();
    server.run_jobs().await;
    declare(&ana, case, "false_positive", "known_application").await;
    let to = proposed(&server, &ana, case, "fp-pair", PAIR).await;
    assert_eq!(lea.post(&format!("{to}/approve"), &[]).await.status(), 303);
    server.run_jobs().await;
    let waiting = exclusion(&server, &to).await;
    assert_eq!((waiting.state.as_str(), waiting.publish_state.as_str()), ("approved", "queued"));
    assert!(!lima.change(|state| state.rules.contains_key("fp-pair")), "it can still be taken back");
    advance_here(UNDO_MS);
    server.run_jobs().await;
    let known = exclusion(&server, &to).await;
    assert_eq!((known.state.as_str(), known.publish_state.as_str()), ("active", "done"));
    let there = lima.change(|state| state.rules["fp-pair"].clone());
    assert_eq!(there["data"], known.rule.0, "the very rule that was tested");
    assert_eq!((&there["usr_mtd"]["enabled"], &there["usr_mtd"]["expiry"]), (&json!(true), &json!(known.expires_ms)));
    assert!(there["usr_mtd"]["comment"].as_str().unwrap().starts_with(&format!("case {case}: ")));
    assert_eq!(lea.post(&format!("{to}/disable"), &[("note", "Enough")]).await.status(), 303);
    server.run_jobs().await;
    assert!(lima.change(|state| state.rules.is_empty()));
}

#[tokio::test]
async fn what_could_not_be_removed_is_removed_once_limacharlie_is_set_up_again() {
    let (server, fake) = (spawn().await, Arc::new(Fake::default()));
    let (to, lea) = approved(&server, &fake).await;
    assert_eq!(lea.post(&format!("{to}/disable"), &[("note", "Enough")]).await.status(), 303);
    // This worker has no LimaCharlie for the organisation.
    server.run_jobs().await;
    assert_eq!(exclusion(&server, &to).await.publish_state.as_str(), "failed");
    assert!(!fake.there.lock().unwrap().is_empty(), "and it goes on hiding detections");
    assert_eq!(lea.post(&format!("{to}/publish"), &[]).await.status(), 303);
    work(&server, &fake).await;
    assert_eq!(exclusion(&server, &to).await.publish_state.as_str(), "done");
    assert!(fake.there.lock().unwrap().is_empty());
}

#[tokio::test]
async fn nothing_is_written_that_hides_what_was_declared_meanwhile() {
    let (server, fake) = (spawn().await, Arc::new(Fake::default()));
    let away = PublishError::Refused("not today".to_owned());
    fake.errors.lock().unwrap().push(away);
    let (to, lea) = approved(&server, &fake).await;
    let again = server.deliver(&again(2, &[])).await["number"].as_i64().unwrap();
    server.run_jobs().await;
    declare(&lea, again, "true_positive", "malware").await;
    assert_eq!(lea.post(&format!("{to}/publish"), &[]).await.status(), 303);
    work(&server, &fake).await;
    let known = exclusion(&server, &to).await;
    assert_eq!((known.state.as_str(), known.publish_state.as_str()), ("approved", "failed"));
    assert!(fake.there.lock().unwrap().is_empty());
    let page = lea.page(&to).await.1;
    assert!(page.contains(&format!("it hides detections of case #{again}")), "{page}");
    assert_eq!(lea.post(&format!("{to}/pasted"), &[]).await.status(), 409, "nor by hand");
}

#[tokio::test]
async fn one_whose_time_is_over_is_taken_out_and_the_ledger_says_so() {
    let (server, fake) = (spawn().await, Arc::new(Fake::default()));
    let (to, _) = approved(&server, &fake).await;
    let known = exclusion(&server, &to).await;
    assert!(fake.there.lock().unwrap().contains_key("fp-pair"));
    advance_here(known.expires_ms - fusionsoc::clock::now_ms() + 1);
    assert!(upkeep::once(&server.app.store).await.unwrap());
    work(&server, &fake).await;
    assert!(fake.there.lock().unwrap().contains_key("fp-pair"), "a clock that leapt so far may be wrong");
    advance_here(24 * 60 * 60 * 1000);
    assert!(upkeep::once(&server.app.store).await.unwrap());
    work(&server, &fake).await;
    let over = exclusion(&server, &to).await;
    assert_eq!((over.state.as_str(), over.publish_state.as_str()), ("expired", "done"));
    assert!(fake.there.lock().unwrap().is_empty());
    let ada = server.sign_in("ada", Role::Admin).await;
    let (_, log) = ada.page("/admin/audit?by=all&what=exclusion_expired").await;
    assert!(log.contains(&format!("exclusion:{}", over.id)), "{log}");
}
