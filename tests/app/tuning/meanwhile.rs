//! What speaks against an exclusion from elsewhere, or came after somebody had looked.
use super::{PAIR, again, declare, exclusion, proposed};
use crate::support::{Person, SEED, spawn};
use fusionsoc::domain::Role;

async fn duplicate(by: &Person, case: i64, of: i64) {
    let reply = by.post(&format!("/cases/{case}/duplicate"), &[("of", &of.to_string())]).await;
    assert_eq!(reply.status(), 303, "{}", reply.text().await.unwrap());
}

#[tokio::test]
async fn a_duplicate_of_a_true_positive_is_one_for_exclusions_too() {
    let server = spawn().await;
    let (ana, lea) = (server.sign_in("ana", Role::Analyst).await, server.sign_in("lea", Role::Lead).await);
    let mut numbers = Vec::new();
    for at in 1..=3 {
        numbers.push(server.deliver(&again(at, &[])).await["number"].as_i64().unwrap());
    }
    server.run_jobs().await;
    // What is known of the last one is on another case.
    let other = server.deliver(&again(4, &[("index.cab", "payload.cab")])).await["number"].as_i64().unwrap();
    declare(&ana, numbers[0], "false_positive", "known_application").await;
    declare(&lea, other, "true_positive", "malware").await;
    // However long the way to it is.
    let mut of = other;
    for (at, host) in [(5, "c"), (6, "b")] {
        let between =
            server.deliver(&again(at, &[("index.cab", &format!("{host}.cab"))])).await["number"].as_i64().unwrap();
        duplicate(&ana, between, of).await;
        of = between;
    }
    duplicate(&ana, numbers[2], of).await;
    let narrow = ["source_rule", "image", "command"];
    let to = proposed(&server, &ana, numbers[0], "fp-dup", &narrow).await;
    let page = lea.page(&to).await.1;
    assert!(page.contains("1 true positive,") && page.contains("It can't be approved"), "{page}");
}

#[tokio::test]
async fn a_look_covers_what_was_there_and_not_what_came_since() {
    let server = spawn().await;
    let (ana, lea) = (server.sign_in("ana", Role::Analyst).await, server.sign_in("lea", Role::Lead).await);
    // The seed's host is tagged, which is a veto.
    let case = server.deliver(SEED).await["number"].as_i64().unwrap();
    server.run_jobs().await;
    let to = proposed(&server, &ana, case, "fp-open", PAIR).await;
    assert_eq!(lea.post(&format!("{to}/approve"), &[("acknowledged", "true")]).await.status(), 303);
    server.deliver(&again(7, &[])).await;
    server.run_jobs().await;
    let known = exclusion(&server, &to).await;
    assert_eq!((known.state.as_str(), known.approver.as_str()), ("proposed", ""), "{:?}", known.tallies);
    assert!(known.note.contains("a warning that were not there before"), "{}", known.note);
}
