//! What other cases, and the gates, tell of a case in blind review: nothing.
use super::{agreeing, all, declare, delivered};
use crate::support::agreeing::{self as benign_panel, benign, deliver, precedent};
use crate::support::{fakes, seed_id, seed_with};
use serde_json::json;

#[tokio::test]
async fn two_cases_in_blind_review_lend_each_other_no_votes() {
    let (server, models) = agreeing(&fakes::answer("false_positive", 95), all).await;
    let one = delivered(&server, 1).await;
    server.run_jobs().await;
    let asked = fakes::chats(&models[0]).await;
    let other = delivered(&server, 2).await;
    server.run_jobs().await;
    assert_eq!(fakes::chats(&models[0]).await, 2 * asked, "both were asked about");
    let ada = server.sign_in("ada", fusionsoc::domain::Role::Analyst).await;
    let (_, page) = ada.page(&format!("/cases/{one}")).await;
    for (list, end) in [("id=\"elsewhere\"", "</section>"), ("id=\"related\"", "</section>")] {
        let list = page.split_once(list).unwrap().1.split_once(end).unwrap().0;
        assert!(list.contains("in blind review") && !list.contains("no vote yet"), "{list}");
    }
    declare(&ada, other, "false_positive", "known_application").await;
    let (_, page) = ada.page(&format!("/cases/{other}")).await;
    assert!(!page.contains(&format!("case #{one} run")), "where votes come from would tell of {one}: {page}");
    assert_eq!(server.case(one).await["blind"], "blind");
}

#[tokio::test]
async fn no_gate_is_heard_of_before_a_case_of_it_may_be_known() {
    let (server, _models) = benign_panel::spawn_set(|config| config.policy.review_share = 1.0).await;
    let bo = precedent(&server).await;
    deliver(&server, &[benign(1), benign(2)]).await;
    let gates = async || server.get("/api/v1/gates").await["gates"].as_array().unwrap().clone();
    assert_eq!(gates().await, Vec::<serde_json::Value>::new(), "two eligible cases wait, and nobody is to know");
    let (_, page) = bo.page("/gates").await;
    assert!(page.contains("No case was eligible yet."), "{page}");
    let found = server.get("/api/v1/search?q=host:desk-0001").await;
    declare(&bo, found["cases"][0]["number"].as_i64().unwrap(), "false_positive", "known_application").await;
    let known = gates().await;
    assert_eq!(known.len(), 3, "rule, family and organisation: {known:?}");
    for gate in &known {
        assert_eq!((&gate["eligible"], &gate["reviews"]), (&json!(1), &json!(1)), "{gate}");
        assert_eq!(gate["first_at"], gate["last_at"], "the first moment is that of the declared case: {gate}");
    }
}

/// What keeps the machine from closing another case of the host, by what the panel says of the one in blind review.
async fn beside(severity: &str) -> serde_json::Value {
    let mut answer = fakes::answer("needs_review", 61);
    answer["severity"] = json!(severity);
    let (server, _models) = agreeing(&answer, all).await;
    let one = delivered(&server, 1).await;
    server.run_jobs().await;
    // Of a severity from which on nothing is drawn.
    let changed = [(seed_id(), "beside"), ("index.cab".to_owned(), "other.cab"), ("\"medium\"".to_owned(), "\"high\"")];
    let changed: Vec<_> = changed.iter().map(|(from, to)| (from.as_str(), *to)).collect();
    let mut other = seed_with(&changed);
    for (from, to) in [("desktop-4kq7m2x", "host-1"), ("a47d2c95-6b08", "a47d2c95-1001")] {
        other = other.replace(from, to);
    }
    let mut other: serde_json::Value = serde_json::from_str(&other).unwrap();
    for place in ["/routing", "/detect/routing"] {
        let routing = other.pointer_mut(place).unwrap();
        routing["this"] = json!("00000000000000000000000000000001");
        routing["parent"] = json!("00000000000000000000000000000002");
    }
    let other = server.deliver(&other.to_string()).await["number"].as_i64().unwrap();
    server.run_jobs().await;
    assert_eq!(server.case(one).await["blind"], "blind");
    let case = server.case(other).await;
    assert_eq!(case["blind"], "", "{case}");
    let vetoes = case["runs"][0]["vetoes"].as_array().unwrap();
    vetoes.iter().find(|veto| veto["kind"] == "host_case").cloned().unwrap_or_default()
}

#[tokio::test]
async fn how_bad_the_panel_thinks_a_case_is_shows_nowhere_on_its_host() {
    let (low, high) = (beside("low").await, beside("critical").await);
    assert_eq!(low, high);
    assert!(low.to_string().contains("or one in blind review"), "{low}");
}
