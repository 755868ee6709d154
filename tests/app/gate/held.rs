//! While nobody can tell how old reviews are, or nobody can be asked for evidence, nothing is closed and nothing is lost.
use super::Desk;
use crate::support::limacharlie::Fake;
use crate::support::{agreeing, connection};
use fusionsoc::clock::advance_here;
use fusionsoc::config::LimaCharlieConfig;
use fusionsoc::domain::Role;
use fusionsoc::jobs::{Connections, upkeep};
use fusionsoc::secret::Keys;
use serde_json::json;
use std::sync::Arc;

const DAY_MS: i64 = 24 * 60 * 60 * 1000;

#[tokio::test]
async fn a_clock_that_leapt_ahead_closes_nothing_and_takes_no_proof_away() {
    let mut desk = Desk::closing().await;
    desk.proven().await;
    let upkeep = async |desk: &Desk| assert!(upkeep::once(&desk.server.app.store).await.unwrap());
    upkeep(&desk).await;
    // Opened before the leap: by such a clock every new one would be drawn for blind review.
    desk.delivered += 1;
    let number = desk.server.deliver(&agreeing::benign(desk.delivered).to_string()).await["number"].as_i64().unwrap();
    let voted = async |desk: &Desk| {
        desk.server.post(&format!("/api/v1/cases/{number}/triage"), "").await;
        desk.server.run_jobs().await;
        desk.server.case(number).await
    };
    advance_here(200 * DAY_MS);
    for by_then in ["before anything else ran", "after the hourly run"] {
        let case = voted(&desk).await;
        assert_eq!((&case["status"], desk.rule().await.2.as_str()), (&json!("new"), "active"), "{by_then}: {case}");
        let timeline = case["timeline"].to_string();
        assert!(
            timeline.contains("the clock is far ahead of the last run, so nobody can tell"),
            "{by_then}: {timeline}"
        );
        // Each hour once.
        advance_here(60 * 60 * 1000);
        upkeep(&desk).await;
    }
    advance_here(-200 * DAY_MS);
    upkeep(&desk).await;
    let case = voted(&desk).await;
    assert_eq!(case["status"], "closed", "{case}");
    advance_here(200 * DAY_MS);
    upkeep(&desk).await;
    advance_here(DAY_MS);
    upkeep(&desk).await;
    assert_eq!(desk.gate("rule").await["state"], "suspended", "it says the same for a day");
}

#[tokio::test]
async fn who_can_t_be_asked_is_missed_and_still_one_of_those_who_are_asked() {
    let fake = Fake::start().await;
    let mut desk = Desk::closing_with_tag(connection(&fake, "acme")).await;
    desk.proven_before_connecting().await;
    desk.closed(&fake).await;
    let usable = Arc::clone(&desk.server.app.connections);
    let bad = LimaCharlieConfig { api_key_file: "/nowhere/key".to_owned(), ..connection(&fake, "acme") };
    desk.server.app.connections = Arc::new(Connections::of_config(&[bad], &Keys::default()));
    let case = desk.undrawn().await;
    assert_eq!(desk.vetoes(case).await, ["evidence"]);
    assert_eq!(desk.server.case(case).await["status"], "new");
    let page = desk.ana.page(&format!("/cases/{case}")).await.1;
    assert!(page.contains("the settings of LimaCharlie can&#39;t be used here"), "{page}");
    assert!(!page.contains("/nowhere"), "what is wrong is for the operator");
    assert_eq!(desk.rule().await.2, "active", "a worker that can't ask takes no proof away");
    desk.server.app.connections = usable;
    desk.closed(&fake).await;
}

#[tokio::test]
async fn what_begins_anew_is_told_whatever_had_been_counted() {
    let desk = Desk::new(|_| {}).await;
    let policy = async |desk: &Desk, fields: &[(&str, &str)]| {
        assert_eq!(desk.lea.post("/admin/policy/acme", fields).await.status(), 303, "{fields:?}");
    };
    policy(&desk, &[("tags", "own"), ("veto_tags", "yara_detection_memory\nlab-*"), ("version", "0")]).await;
    desk.server.deliver(&agreeing::benign(1).to_string()).await;
    desk.server.run_jobs().await;
    assert_eq!(desk.rule().await, (0, 0, "shadow".to_owned()));
    policy(&desk, &[("tags", "own"), ("veto_tags", "lab-*"), ("version", "1")]).await;
    let why = "counts anew: the vetoes let more through than before";
    for level in ["rule", "family", "org"] {
        let gate = desk.gate(level).await;
        assert_eq!((&gate["state_why"], &gate["epoch"]), (&json!(why), &json!(2)), "{gate}");
        assert_eq!(desk.events(level).await.last().unwrap()["kind"], "anew", "{level}");
    }
    assert!(desk.lea.page("/gates").await.1.contains(why));
    let ada = desk.server.sign_in("ada", Role::Admin).await;
    assert!(ada.page("/admin/audit?by=all&what=gate").await.1.contains(why));
}
