//! How cases leave blind review, and what counts of it.
use super::{agreeing, all, declare, delivered, event, timeline};
use crate::support::fakes;
use fusionsoc::domain::Role;
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

#[tokio::test]
async fn programs_closing_and_merging_take_a_case_out_uncounted() {
    let (server, _models) =
        agreeing(&fakes::answer("false_positive", 95), |config| config.policy.review_share = 0.0).await;
    let ana = server.sign_in("ana", Role::Analyst).await;
    for (at, way) in [(1, "program"), (2, "closing"), (3, "part"), (5, "whole"), (7, "both")] {
        let case = delivered(&server, at).await;
        let blind = BLIND.replace("number = 1", &format!("number = {case}"));
        server.sql(&blind).await;
        server.run_jobs().await;
        assert_eq!(server.case(case).await["machine_verdict"], "none", "{way}");
        match way {
            "program" => {
                let sent = crate::support::http().patch(format!("{}/api/v1/cases/{case}", server.url));
                let sent = sent.bearer_auth(&server.token).header("content-type", "application/json");
                let reply = sent.body(r#"{"verdict": "false_positive"}"#).send().await.unwrap();
                assert_eq!(reply.status(), 200);
            }
            "closing" => {
                let form = [("status", "closed"), ("reason", "insufficient_information")];
                assert_eq!(ana.post(&format!("/cases/{case}/status"), &form).await.status(), 303);
            }
            _ => {
                let other = delivered(&server, at + 1).await;
                if way == "both" {
                    server.sql(&BLIND.replace("number = 1", &format!("number = {other}"))).await;
                }
                server.run_jobs().await;
                let (from, into) = if way == "part" { (case, other) } else { (other, case) };
                let merged = ana.post(&format!("/cases/{from}/merge"), &[("into", &into.to_string())]).await;
                assert_eq!(merged.status(), 303);
                let (part, whole) = (server.case(from).await, server.case(into).await);
                let machine = if way == "both" { "none" } else { "false_positive" };
                assert_eq!(whole["machine_verdict"], machine, "{way}");
                let left = if way == "whole" { &whole } else { &part };
                assert_eq!(left["blind"], "shown", "{way}");
                if way == "both" {
                    assert_eq!((&whole["blind"], &whole["runs"]), (&json!("blind"), &json!([])), "both were drawn");
                }
                continue;
            }
        }
        assert_eq!(server.case(case).await["blind"], "shown", "{way}");
    }
    assert_eq!(server.get("/api/v1/reviews").await["total"]["reviews"], 0);
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
