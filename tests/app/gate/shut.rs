//! What shuts a gate by itself, and at once.
use super::Desk;
use crate::support::{agreeing, fakes};
use fusionsoc::clock::advance_here;
use fusionsoc::intel::{IntelConfig, Intelligence};
use fusionsoc::jobs::upkeep;
use fusionsoc::secret::Keys;
use serde_json::json;
use std::sync::Arc;

const DAY_MS: i64 = 24 * 60 * 60 * 1000;

#[tokio::test]
async fn another_model_behind_the_same_name_shuts_and_begins_anew() {
    let mut desk = Desk::closing().await;
    desk.proven().await;
    let before = desk.gate("rule").await["id"].clone();
    let text = agreeing::answer().to_string();
    fakes::replace(&desk.models[0], "one", &"c".repeat(64), &text).await;
    // Votes of a moment ago are those of the model before.
    advance_here(DAY_MS);
    // Of one that was drawn, the gate learns once it is decided.
    let case = desk.undrawn().await;
    assert_eq!(desk.server.case(case).await["status"], "new", "nothing is proven of this model");
    let all = desk.server.get("/api/v1/gates").await;
    let old = all["gates"].as_array().unwrap().iter().find(|gate| gate["id"] == before).unwrap().clone();
    assert_eq!(old["state"], "suspended", "{old}");
    assert!(old["state_why"].as_str().unwrap().contains("another panel"), "{old}");
    let new = desk.gate("rule").await;
    assert_ne!(new["id"], before);
    assert_eq!((&new["state"], &new["reviews"], &new["eligible"]), (&json!("shadow"), &json!(0), &json!(1)));
}

#[tokio::test]
async fn a_lower_limit_shuts_at_once() {
    let mut desk = Desk::new(|_| {}).await;
    desk.proven().await;
    let form = [("limit", "10"), ("version", "0")];
    assert_eq!(desk.lea.post("/admin/policy/acme", &form).await.status(), 303);
    let gate = desk.gate("rule").await;
    assert_eq!(gate["state"], "suspended", "{gate}");
    assert!(gate["state_why"].as_str().unwrap().contains("limit"), "{gate}");
}

#[tokio::test]
async fn evidence_that_grew_old_shuts() {
    let mut desk = Desk::new(|_| {}).await;
    desk.proven().await;
    advance_here(179 * DAY_MS);
    assert!(upkeep::once(&desk.server.app.store).await.unwrap());
    assert_eq!(desk.rule().await.2, "active");
    advance_here(DAY_MS);
    assert!(upkeep::once(&desk.server.app.store).await.unwrap());
    let gate = desk.gate("rule").await;
    assert_eq!(gate["state"], "suspended", "{gate}");
    assert!(gate["state_why"].as_str().unwrap().contains("180 days"), "{gate}");
}

#[tokio::test]
async fn a_lead_declines_and_shuts() {
    let mut desk = Desk::new(|_| {}).await;
    desk.proven().await;
    assert_eq!(desk.step(&desk.ana, "rule", "suspend").await, 403);
    assert_eq!(desk.step(&desk.lea, "rule", "suspend").await, 303);
    let gate = desk.gate("rule").await;
    assert_eq!((&gate["state"], &gate["state_by"], &gate["reviews"]), (&json!("suspended"), &json!("bo"), &json!(0)));
    assert_eq!(gate["state_why"], "shut by a person: as agreed");
    assert_eq!(desk.step(&desk.lea, "family", "decline").await, 303);
    assert_eq!(desk.gate("family").await["state_why"], "declined: as agreed");
    assert_eq!(desk.step(&desk.lea, "family", "fly").await, 404);
}

#[tokio::test]
async fn vetoes_that_let_more_through_shut_and_stricter_ones_do_not() {
    let mut desk = Desk::new(|_| {}).await;
    desk.proven().await;
    let policy = async |desk: &Desk, fields: &[(&str, &str)]| {
        assert_eq!(desk.lea.post("/admin/policy/acme", fields).await.status(), 303, "{fields:?}");
    };
    let tags = "yara_detection_memory\n*-critical\n*-high\nlab-*";
    policy(&desk, &[("tags", "own"), ("veto_tags", tags), ("version", "0")]).await;
    assert_eq!(desk.rule().await, (6, 0, "active".to_owned()));
    policy(&desk, &[("tags", "own"), ("veto_tags", "lab-*"), ("version", "1")]).await;
    let gate = desk.gate("rule").await;
    assert_eq!((&gate["state"], &gate["reviews"]), (&json!("suspended"), &json!(0)), "{gate}");
    assert_eq!(gate["state_why"], "the vetoes let more through than before");
    for level in ["family", "org"] {
        assert_eq!(desk.gate(level).await["reviews"], 0, "{level}");
    }
}

#[tokio::test]
async fn who_gave_evidence_and_is_not_asked_any_more_shuts_and_who_is_asked_as_well_does_not() {
    let folder = tempfile::tempdir().unwrap();
    let deny = folder.path().join("deny.csv");
    std::fs::write(&deny, "domain,bad.example,seen in March\n").unwrap();
    let mut desk = Desk::closing().await;
    desk.proven().await;
    let listed: IntelConfig = serde_json::from_value(json!({"lists": {"deny_file": deny}})).unwrap();
    let listed = Arc::new(Intelligence::build(&listed, &Keys::default()).unwrap());
    let before = desk.rule().await;
    desk.judged(Arc::clone(&listed)).await;
    assert_eq!(desk.rule().await, before, "a list more only speaks against more cases");
    // Left to people, so that a review of it would count.
    let off = [("auto_close", "off"), ("version", "0")];
    assert_eq!(desk.lea.post("/admin/policy/acme", &off).await.status(), 303);
    let waiting = desk.judged(listed).await;
    assert_eq!(desk.server.case(waiting).await["status"], "new");
    assert_eq!(desk.lea.post("/admin/policy/acme", &[("version", "1")]).await.status(), 303);
    let case = desk.judged(Arc::default()).await;
    let gate = desk.gate("rule").await;
    assert_eq!((&gate["state"], &gate["reviews"]), (&json!("suspended"), &json!(0)), "{gate}");
    assert_eq!(gate["state_why"], "somebody who gave evidence before is not asked any more");
    assert_eq!(desk.gate("org").await["reviews"], 0, "one that only counts begins anew");
    desk.declare(waiting, "false_positive").await;
    assert_eq!(desk.rule().await.0, 0, "what was eligible under the old list proves nothing of the new population");
    let case = desk.server.case(case).await;
    assert_eq!(case["status"], "new", "{case}");
}

impl Desk {
    /// Another case that is judged where these are asked for intelligence.
    async fn judged(&mut self, intel: Arc<Intelligence>) -> i64 {
        self.delivered += 1;
        let case = self.server.deliver(&agreeing::benign(self.delivered).to_string()).await;
        self.server.worker().informed(intel).run_due().await;
        case["number"].as_i64().unwrap()
    }
}

#[tokio::test]
async fn a_rule_that_only_people_close_is_left_to_them() {
    let mut desk = Desk::closing().await;
    desk.proven().await;
    let form = [("veto_rules", "service.windows*EXPAND_cab*"), ("version", "0")];
    assert_eq!(desk.lea.post("/admin/policy/acme", &form).await.status(), 303);
    let (_, page) = desk.lea.page("/admin/policy").await;
    assert!(page.contains(">service.windows*EXPAND_cab*</textarea>"), "{page}");
    let case = desk.case().await;
    let case = desk.server.case(case).await;
    assert_eq!((&case["status"], &case["runs"][0]["vetoes"][0]["kind"]), (&json!("new"), &json!("rule")), "{case}");
    assert_eq!(desk.rule().await.2, "active", "it keeps what it has proven");
    assert_eq!(desk.lea.post("/admin/policy/acme", &[("version", "1")]).await.status(), 303);
    assert_eq!(desk.rule().await.2, "suspended", "what the list kept was never measured");
}

#[tokio::test]
async fn what_the_machine_takes_away_proves_nothing_for_other_gates() {
    let mut desk = Desk::closing().await;
    desk.clean(12).await;
    assert_eq!(desk.step(&desk.lea, "org", "activate").await, 303);
    let case = desk.undrawn().await;
    assert_eq!(desk.server.case(case).await["status"], "closed", "under the organisation's gate");
    let before = desk.rule().await;
    desk.declare(case, "false_positive").await;
    assert_eq!(desk.rule().await, before, "somebody looked at one of those that were closed, of their own choice");
    let evil = desk.others("drivers.cab", 1).await[0];
    desk.declare(evil, "true_positive").await;
    assert_eq!(desk.rule().await.2, "suspended", "an error counts however it is found");
}

#[tokio::test]
async fn while_people_look_again_at_one_nothing_else_is_closed() {
    let mut desk = Desk::closing().await;
    desk.proven().await;
    let doubted = desk.undrawn().await;
    let form = [("status", "in_progress"), ("reason", "looks odd")];
    assert_eq!(desk.ana.post(&format!("/cases/{doubted}/status"), &form).await.status(), 303);
    let waits = "While this is open and not decided, nothing else is closed under the gate of the rule service.windows";
    let opened = desk.server.case(doubted).await;
    assert!(opened["timeline"].to_string().contains(waits), "{opened}");
    let kept = desk.undrawn().await;
    let case = desk.server.case(kept).await;
    assert_eq!(case["status"], "new", "{case}");
    let timeline = case["timeline"].to_string();
    assert!(timeline.contains("Not closed by the machine under the gate of the rule service.windows"), "{case}");
    let why = format!(": case #{doubted}, which the machine had closed, is open again and not decided");
    assert!(timeline.contains(&why), "{case}");
    let why = format!("Case #{doubted}, which the machine had closed, is looked at again.");
    assert_eq!(desk.receipt(kept).await["why"], why);
    let gate = desk.gate("rule").await;
    assert_eq!((&gate["state"], &gate["waits_for_case"]), (&json!("active"), &json!(doubted)), "to look is no error");
    for page in ["/gates".to_owned(), format!("/rules/{}", gate["key"].as_str().unwrap())] {
        let (_, page) = desk.lea.page(&page).await;
        assert!(page.contains(&format!("until <a href=\"/cases/{doubted}\">")), "{page}");
    }
    desk.declare(doubted, "false_positive").await;
    assert_eq!(desk.gate("rule").await["waits_for_case"], json!(null));
    let next = desk.undrawn().await;
    assert_eq!(desk.server.case(next).await["status"], "closed", "{}", desk.timeline(next).await);
    assert_eq!(desk.server.case(kept).await["status"], "new", "what was left to people stays with them");
}
