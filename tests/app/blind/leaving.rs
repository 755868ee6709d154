//! How cases leave blind review, and what counts of it.
use super::{agreeing, all, declare, delivered, event, timeline};
use crate::support::{SEED, Server, fakes, http};
use fusionsoc::domain::Role;
use fusionsoc::ingest::reading;
use fusionsoc::ingest::recorded::{Declared, Recorded, attach, declare as declare_recorded};
use fusionsoc::triage::fingerprint;
use serde_json::json;

const BLIND: &str = "UPDATE cases SET blind = 'blind', blind_share = 0.05 WHERE number = 1";

#[tokio::test]
async fn what_the_panel_calls_a_true_positive_is_shown_at_once() {
    let (server, _models) = agreeing(&fakes::answer("true_positive", 95), all).await;
    let case = delivered(&server, 1).await;
    assert_eq!(server.case(case).await["blind"], "blind");
    server.run_jobs().await;
    let shown = server.case(case).await;
    assert_eq!((&shown["blind"], &shown["machine_verdict"]), (&json!("shown"), &json!("true_positive")));
    let texts = timeline(&server, case).await;
    assert!(texts.contains(&"Taken out of blind review: the panel says true positive".to_owned()), "{texts:?}");
    assert!(texts.iter().any(|text| text.starts_with("Triaged as true positive")), "{texts:?}");
    let ana = server.sign_in("ana", Role::Analyst).await;
    declare(&ana, case, "true_positive", "malware").await;
    let reviews = server.get("/api/v1/reviews").await;
    assert_eq!(reviews["total"]["reviews"], 0, "{reviews}");
}

#[tokio::test]
async fn a_person_who_declares_first_commits_it_and_an_undo_takes_that_out() {
    let (server, _models) = agreeing(&fakes::answer("false_positive", 95), all).await;
    let ana = server.sign_in("ana", Role::Analyst).await;
    let case = delivered(&server, 1).await;
    server.run_jobs().await;
    let texts = timeline(&server, case).await;
    assert!(texts.iter().any(|text| text.starts_with("Triaged; what the panel says is shown once")), "{texts:?}");
    declare(&ana, case, "false_positive", "").await;
    let shown = server.case(case).await;
    assert_eq!((&shown["blind"], &shown["machine_verdict"]), (&json!("committed"), &json!("false_positive")));
    let texts = timeline(&server, case).await;
    assert!(texts.iter().any(|text| text.starts_with("Declared false positive; in blind review")), "{texts:?}");
    let said = "Declared blind: the panel had said false positive, stated confidence 95.0%".to_owned();
    assert!(texts.contains(&said), "{texts:?}");
    let total = async || server.get("/api/v1/reviews").await["total"]["reviews"].clone();
    assert_eq!(total().await, 1);
    let undone = event(&server, case, "verdict").await;
    assert_eq!(ana.post(&format!("/cases/{case}/undo"), &[("event", &undone)]).await.status(), 303);
    let shown = server.case(case).await;
    assert_eq!((&shown["blind"], &shown["verdict"]), (&json!("shown"), &json!("pending")));
    assert_eq!(total().await, 0);
    declare(&ana, case, "false_positive", "").await;
    assert_eq!((server.case(case).await["blind"].clone(), total().await), (json!("shown"), json!(0)));
}

#[tokio::test]
async fn whoever_disagrees_blind_is_asked_for_no_more_than_others() {
    let (server, _models) = agreeing(&fakes::answer("false_positive", 95), all).await;
    let ana = server.sign_in("ana", Role::Analyst).await;
    let case = delivered(&server, 1).await;
    server.run_jobs().await;
    let missing = ana.post(&format!("/cases/{case}/verdict"), &[("verdict", "true_positive")]).await;
    assert_eq!(missing.status(), 422, "as everywhere, a true positive needs a reason");
    declare(&ana, case, "benign_true_positive", "").await;
    assert_eq!(server.case(case).await["blind"], "committed");
}

/// A case in blind review beside others that are not.
async fn drawn(server: &Server, at: usize) -> i64 {
    let case = delivered(server, at).await;
    server.sql(&BLIND.replace("number = 1", &format!("number = {case}"))).await;
    server.run_jobs().await;
    assert_eq!(server.case(case).await["machine_verdict"], "none");
    case
}

#[tokio::test]
async fn programs_and_closing_take_a_case_out_uncounted() {
    let (server, _models) = agreeing(&fakes::answer("false_positive", 95), |_| {}).await;
    let ana = server.sign_in("ana", Role::Analyst).await;
    let cases = [drawn(&server, 1).await, drawn(&server, 2).await];
    let sent = http().patch(format!("{}/api/v1/cases/{}", server.url, cases[0])).bearer_auth(&server.token);
    let sent = sent.header("content-type", "application/json").body(r#"{"verdict": "false_positive"}"#);
    assert_eq!(sent.send().await.unwrap().status(), 200);
    let form = [("status", "closed"), ("reason", "insufficient_information")];
    assert_eq!(ana.post(&format!("/cases/{}/status", cases[1]), &form).await.status(), 303);
    for case in cases {
        let shown = server.case(case).await;
        assert_eq!((&shown["blind"], &shown["machine_verdict"]), (&json!("shown"), &json!("false_positive")));
    }
    assert_eq!(server.get("/api/v1/reviews").await["total"]["reviews"], 0);
}

#[tokio::test]
async fn merging_with_what_was_shown_takes_a_case_out_and_two_drawn_ones_stay_in() {
    let (server, _models) = agreeing(&fakes::answer("false_positive", 95), |_| {}).await;
    let ana = server.sign_in("ana", Role::Analyst).await;
    let merged = async |from: i64, into: i64| {
        let reply = ana.post(&format!("/cases/{from}/merge"), &[("into", &into.to_string())]).await;
        assert_eq!(reply.status(), 303);
        (server.case(from).await["blind"].clone(), server.case(into).await)
    };
    let shown = delivered(&server, 1).await;
    let (part, whole) = merged(drawn(&server, 2).await, shown).await;
    assert_eq!((part, &whole["machine_verdict"]), (json!("shown"), &json!("false_positive")));
    let (part, whole) = merged(delivered(&server, 3).await, drawn(&server, 4).await).await;
    assert_eq!(
        (part, &whole["blind"], &whole["machine_verdict"]),
        (json!(""), &json!("shown"), &json!("false_positive"))
    );
    let (part, whole) = merged(drawn(&server, 5).await, drawn(&server, 6).await).await;
    assert_eq!((part, &whole["blind"], &whole["runs"]), (json!("shown"), &json!("blind"), &json!([])));
}

#[tokio::test]
async fn cases_in_blind_review_are_decided_together_as_others_are() {
    let (server, _models) = agreeing(&fakes::answer("false_positive", 95), all).await;
    let ana = server.sign_in("ana", Role::Analyst).await;
    for at in 1..4 {
        delivered(&server, at).await;
    }
    server.run_jobs().await;
    let (status, page) = ana.page("/cases/bulk?numbers=1&numbers=2&numbers=3").await;
    assert!(status == 200 && page.contains("in blind review"), "{page}");
    let token = crate::support::agreeing::field(&page, "id=\"declare\"", "idempotency_key");
    let form = [
        ("numbers", "1"),
        ("numbers", "2"),
        ("numbers", "3"),
        ("idempotency_key", &token),
        ("verdict", "false_positive"),
    ];
    let more = [("reason", "known_application"), ("close", "true")];
    let reply = ana.post("/cases/bulk", &form.into_iter().chain(more).collect::<Vec<_>>()).await;
    assert_eq!(reply.status(), 303, "{}", reply.text().await.unwrap());
    server.run_jobs().await;
    for case in 1..4 {
        assert_eq!(server.case(case).await["blind"], "committed");
    }
}

#[tokio::test]
async fn what_was_recorded_elsewhere_tells_nothing_and_a_verdict_from_there_takes_a_case_out_uncounted() {
    let (server, _models) = agreeing(&fakes::answer("needs_review", 60), all).await;
    let case = server.deliver(SEED).await["number"].as_i64().unwrap();
    let triage = serde_json::from_str(include_str!("../../fixtures/seed/triage.json")).unwrap();
    let brought = Recorded { triage, intel: None, verdict: None };
    let behaviour = fingerprint::of(&reading::document(SEED).unwrap().detection);
    let mut tx = server.app.store.write().await.unwrap();
    attach(&mut tx, case, 1, &behaviour, &brought, 2).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(server.case(case).await["machine_verdict"], "none");
    assert!(!timeline(&server, case).await.join("\n").contains("false positive"), "what it said is held back");
    let text = json!({"verdict": "false_positive", "reason": "known_application", "by": "eve", "note": ""});
    let declared: Declared = serde_json::from_value(text).unwrap();
    let mut tx = server.app.store.write().await.unwrap();
    declare_recorded(&mut tx, case, &declared, 3).await.unwrap();
    tx.commit().await.unwrap();
    let after = server.case(case).await;
    assert_eq!((&after["blind"], &after["machine_verdict"]), (&json!("shown"), &json!("false_positive")));
    let told = timeline(&server, case).await.join("\n");
    assert!(told.contains("Taken out of blind review: a verdict from elsewhere was brought in"), "{told}");
    assert_eq!(server.get("/api/v1/reviews").await["total"]["reviews"], 0, "nobody declared it blind here");
}
