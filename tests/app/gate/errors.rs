//! What counts as an error of the machine: every true positive that it would have closed, however that became known.
use super::{Desk, FIRST};
use crate::support::agreeing::benign;

/// Several cases into one.
async fn merge(desk: &Desk, numbers: &[i64], into: i64) {
    for from in numbers {
        let reply = desk.ana.post(&format!("/cases/{from}/merge"), &[("into", &into.to_string())]).await;
        assert_eq!(reply.status(), 303, "{from}");
    }
}

/// A case that the panel does not call benign, so that no gate is about it.
async fn incident(desk: &Desk, at: usize) -> i64 {
    let mut document = benign(at).to_string();
    for (from, to) in [("index.cab", "payload.cab"), ("\"medium\"", "\"critical\""), ("expand_cabinet_files", "other")]
    {
        document = document.replace(from, to);
    }
    let number = desk.server.deliver(&document).await["number"].as_i64().unwrap();
    desk.server.run_jobs().await;
    number
}

#[tokio::test]
async fn a_closed_case_that_became_part_of_a_true_positive_shuts_whichever_came_first() {
    let mut desk = Desk::closing().await;
    desk.proven().await;
    let closed = desk.undrawn().await;
    assert_eq!(desk.server.case(closed).await["status"], "closed");
    let home = incident(&desk, 900).await;
    merge(&desk, &[closed], home).await;
    assert_eq!(desk.rule().await.2, "active", "nobody has said yet what it was");
    desk.declare(home, "true_positive").await;
    let gate = desk.gate("rule").await;
    assert_eq!((&gate["state"], &gate["state_why"]), (&"suspended".into(), &"a true positive was declared".into()));
    assert!(!gate["last_true_positive_at"].is_null(), "{gate}");
}

#[tokio::test]
async fn waiting_cases_of_an_attack_are_one_error_and_none_where_it_was_no_attack() {
    let mut desk = Desk::new(|_| {}).await;
    desk.clean(3).await;
    let parts = desk.cases(3).await;
    let home = incident(&desk, 900).await;
    merge(&desk, &parts[..2], home).await;
    let of = home.to_string();
    let reply = desk.ana.post(&format!("/cases/{}/duplicate", parts[2]), &[("of", &of)]).await;
    assert_eq!(reply.status(), 303);
    desk.declare(home, "true_positive").await;
    assert_eq!(desk.rule().await, (4, 1, "shadow".to_owned()), "three cases that came with one are one act");
    desk.declare(home, "benign_true_positive").await;
    assert_eq!(desk.rule().await, (3, 0, "shadow".to_owned()));
    desk.declare(home, "true_positive").await;
    assert_eq!(desk.rule().await.1, 1);
    for part in &parts[..2] {
        assert_eq!(desk.ana.post(&format!("/cases/{part}/unmerge"), &[]).await.status(), 303);
    }
    let form = [("status", "in_progress"), ("reason", "it is none after all")];
    assert_eq!(desk.ana.post(&format!("/cases/{}/status", parts[2]), &form).await.status(), 303);
    assert_eq!(desk.rule().await, (3, 0, "shadow".to_owned()), "taken out, they are none");
}

#[tokio::test]
async fn a_duplicate_of_a_true_positive_is_an_error_at_once() {
    let mut desk = Desk::new(|_| {}).await;
    desk.clean(2).await;
    let home = incident(&desk, 900).await;
    desk.declare(home, "true_positive").await;
    let case = desk.case().await;
    assert_eq!(desk.rule().await.1, 0);
    let of = home.to_string();
    assert_eq!(desk.ana.post(&format!("/cases/{case}/duplicate"), &[("of", &of)]).await.status(), 303);
    assert_eq!(desk.rule().await, (3, 1, "shadow".to_owned()));
}

#[tokio::test]
async fn whoever_is_faster_than_the_panel_counts_against_it() {
    let mut desk = Desk::closing().await;
    desk.proven().await;
    // Another behaviour was seen before, so that nothing else keeps the machine from closing it.
    desk.others("drivers.cab", 0).await;
    desk.delivered += 1;
    let document = benign(desk.delivered).to_string().replace("index.cab", "drivers.cab");
    let number = desk.server.deliver(&document).await["number"].as_i64().unwrap();
    desk.declare(number, "true_positive").await;
    assert_eq!(desk.rule().await, (6, 0, "active".to_owned()), "nobody has voted yet");
    desk.server.run_jobs().await;
    let case = desk.server.case(number).await;
    assert_eq!((&case["machine_verdict"], &case["verdict"]), (&"false_positive".into(), &"true_positive".into()));
    let gate = desk.gate("rule").await;
    assert_eq!(gate["state"], "suspended", "after {FIRST} clean ones: {gate}");
    let events = desk.events("rule").await;
    let review = events.iter().rfind(|event| event["kind"] == "review").unwrap();
    assert_eq!((&review["data"]["case"], &review["data"]["error"]), (&number.into(), &true.into()), "{review}");
}

#[tokio::test]
async fn a_duplicate_that_was_closed_before_the_panel_voted_is_one_too() {
    let mut desk = Desk::new(|_| {}).await;
    desk.clean(2).await;
    let home = incident(&desk, 900).await;
    desk.declare(home, "true_positive").await;
    desk.delivered += 2;
    let mut early = Vec::new();
    for at in [desk.delivered - 1, desk.delivered] {
        early.push(desk.server.deliver(&benign(at).to_string()).await["number"].as_i64().unwrap());
    }
    // One of the true positive, and one of that one.
    for (number, of) in [(early[0], home), (early[1], early[0])] {
        let of = of.to_string();
        assert_eq!(desk.ana.post(&format!("/cases/{number}/duplicate"), &[("of", &of)]).await.status(), 303);
    }
    desk.server.run_jobs().await;
    assert_eq!(desk.rule().await, (4, 2, "shadow".to_owned()));
    desk.declare(home, "benign_true_positive").await;
    assert_eq!(desk.rule().await.1, 0, "and neither where it was no attack");
    desk.declare(home, "true_positive").await;
    assert_eq!(desk.rule().await, (3, 1, "shadow".to_owned()), "both by one act now");
}

#[tokio::test]
async fn what_was_first_taken_for_benign_is_an_error_for_gates_that_had_not_counted_it() {
    let mut desk = Desk::closing().await;
    desk.proven().await;
    for level in ["family", "org"] {
        assert_eq!(desk.step(&desk.lea, level, "decline").await, 303, "it goes on counting");
    }
    let closed = desk.undrawn().await;
    assert_eq!(desk.server.case(closed).await["status"], "closed");
    desk.declare(closed, "false_positive").await;
    desk.declare(closed, "true_positive").await;
    assert_eq!(desk.rule().await.2, "suspended");
    for level in ["family", "org"] {
        let gate = desk.gate(level).await;
        assert_eq!((&gate["reviews"], &gate["true_positives"]), (&1.into(), &1.into()), "{gate}");
    }
    desk.declare(closed, "false_positive").await;
    let gate = desk.gate("org").await;
    assert_eq!((&gate["reviews"], &gate["true_positives"]), (&0.into(), &0.into()), "nor does it stay one: {gate}");
}

#[tokio::test]
async fn a_part_that_was_declared_alone_is_an_error_again_once_it_is_alone() {
    let mut desk = Desk::new(|_| {}).await;
    desk.clean(2).await;
    let part = desk.case().await;
    desk.declare(part, "true_positive").await;
    assert_eq!(desk.rule().await, (3, 1, "shadow".to_owned()));
    let home = incident(&desk, 900).await;
    merge(&desk, &[part], home).await;
    desk.declare(home, "true_positive").await;
    desk.declare(home, "benign_true_positive").await;
    assert_eq!(desk.rule().await.1, 0, "as part of what is none");
    assert_eq!(desk.ana.post(&format!("/cases/{part}/unmerge"), &[]).await.status(), 303);
    assert_eq!(desk.rule().await, (3, 1, "shadow".to_owned()));
}
