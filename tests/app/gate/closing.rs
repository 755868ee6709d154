//! What an open gate lets the machine do, what it never does, and how that is taken back.
use super::Desk;
use super::proof::upper;
use crate::support::limacharlie::{Fake, State};
use crate::support::{SEED, agreeing, connection, fakes};
use fusionsoc::clock::advance_here;
use fusionsoc::domain::AutoClose;
use fusionsoc::domain::Role;
use serde_json::{Value, json};

#[tokio::test]
async fn an_eligible_case_is_closed_without_a_verdict_and_teaches_nothing() {
    let mut desk = Desk::closing().await;
    desk.proven().await;
    let before = desk.learnt().await;
    let number = desk.undrawn().await;
    let case = desk.server.case(number).await;
    assert_eq!((&case["status"], &case["verdict"], &case["reason"]), (&json!("closed"), &json!("pending"), &json!("")));
    let timeline = case["timeline"].to_string();
    assert!(timeline.contains("Closed by the machine under the gate of the rule service.windows"), "{timeline}");
    let bound = upper(0, 6, 0.05 * 6.0 / std::f64::consts::PI.powi(2)) * 100.0;
    let proof = format!("0 true positives in 6 reviews, so at most {bound:.2} % (limit 50.00 %)");
    assert!(timeline.contains(&proof), "{timeline}");
    let receipt = desk.receipt(number).await;
    assert_eq!(
        (&receipt["closed"], &receipt["open"]["n"], &receipt["drawn"]),
        (&json!(true), &json!(6), &json!(false))
    );
    assert_eq!(desk.learnt().await, before, "neither precedents nor measured figures count it");
    let ada = desk.server.sign_in("ada", Role::Admin).await;
    assert!(ada.page("/admin/audit?by=all&what=machine_closed").await.1.contains("gate:1"));
    let (_, spot) = desk.ana.page("/cases?view=spot_check").await;
    assert!(spot.contains(&format!("/cases/{number}")), "it waits for a spot check");
    assert_eq!(desk.events("rule").await.last().unwrap()["kind"], "closed");
}

impl Desk {
    /// What analysts' declarations count for, as text.
    async fn learnt(&self) -> String {
        let store = &self.server.app.store;
        let mut all = String::new();
        for sql in [
            "SELECT CAST(COALESCE(SUM(false_positive + benign_true_positive + true_positive), 0) AS BIGINT) FROM precedents",
            "SELECT CAST(COUNT(*) AS BIGINT) FROM measured",
            "SELECT CAST(COALESCE(SUM(cases), 0) AS BIGINT) FROM daily",
        ] {
            all.push_str(&crate::bulk::number(store, sql).await.to_string());
            all.push(' ');
        }
        all
    }
}

#[tokio::test]
async fn a_person_reopens_it_and_so_does_a_later_vote() {
    let mut desk = Desk::closing().await;
    desk.proven().await;
    let cases = [desk.undrawn().await, desk.undrawn().await, desk.undrawn().await];
    // By its entry, whoever is an analyst.
    let event = desk.entry(cases[0], "machine_closed").await["id"].to_string();
    assert_eq!(desk.ana.post(&format!("/cases/{}/undo", cases[0]), &[("event", &event)]).await.status(), 303);
    assert_eq!(desk.server.case(cases[0]).await["status"], "new");
    // By its status.
    let form = [("status", "in_progress"), ("reason", "looks odd")];
    assert_eq!(desk.ana.post(&format!("/cases/{}/status", cases[1]), &form).await.status(), 303);
    assert_eq!(desk.server.case(cases[1]).await["status"], "in_progress");
    assert_eq!(desk.rule().await.2, "active", "to look again is no error");
    // By a vote that comes late and says otherwise.
    for (model, name) in desk.models.iter().zip(["one", "two"]) {
        model.reset().await;
        fakes::say(model, name, &fakes::answer("true_positive", 90).to_string()).await;
    }
    desk.server.post(&format!("/api/v1/cases/{}/triage", cases[2]), "").await;
    desk.server.run_jobs().await;
    let case = desk.server.case(cases[2]).await;
    assert_eq!(case["status"], "in_progress");
    assert!(case["timeline"].to_string().contains("Open again: the machine had closed it, and would not any more."));
    assert_eq!(desk.rule().await.2, "active");
    desk.declare(cases[2], "true_positive").await;
    assert_eq!(desk.rule().await.2, "suspended", "it had been closed wrongly");
}

impl Desk {
    /// The newest entry of a kind on a case's timeline.
    async fn entry(&self, case: i64, kind: &str) -> Value {
        let case = self.server.case(case).await;
        let found = case["timeline"].as_array().unwrap().iter().find(|entry| entry["kind"] == kind).cloned();
        found.unwrap_or_else(|| panic!("no {kind} in {}", case["timeline"]))
    }
}

#[tokio::test]
async fn a_recurrence_opens_a_case_that_leads_back() {
    let mut desk = Desk::closing().await;
    desk.proven().await;
    let number = desk.undrawn().await;
    let mut again = agreeing::benign(desk.delivered);
    again["detect_id"] = json!("again");
    desk.models[0].reset().await;
    let case = desk.server.deliver(&again.to_string()).await;
    assert_eq!(case["previous_case"], json!(number));
    desk.server.run_jobs().await;
    let case = desk.server.case(case["number"].as_i64().unwrap()).await;
    assert_eq!(case["status"], "new", "a voter is missing, so a person looks");
}

#[tokio::test]
async fn what_is_drawn_assigned_or_only_watched_stays_open() {
    let mut desk = Desk::new(|config| {
        (config.policy.auto_close, config.policy.review_share) = (AutoClose::Auto, 1.0);
    })
    .await;
    desk.proven().await;
    let number = desk.case().await;
    assert_eq!(desk.server.case(number).await["status"], "new");
    desk.declare(number, "false_positive").await;
    let receipt = desk.receipt(number).await;
    assert_eq!((&receipt["drawn"], &receipt["closed"]), (&json!(true), &json!(false)), "{receipt}");
    assert_eq!(receipt["why"], "Drawn for blind review, so a person decides.");
    assert_eq!(desk.rule().await.0, 7, "what is drawn counts on");
    let event = desk.entry(number, "verdict").await["id"].to_string();
    assert_eq!(desk.ana.post(&format!("/cases/{number}/undo"), &[("event", &event)]).await.status(), 303);
    desk.declare(number, "false_positive").await;
    assert_eq!(desk.rule().await.0, 6, "who has seen what the panel says proves nothing");
    let number = desk.case().await;
    desk.declare(number, "undetermined").await;
    desk.declare(number, "false_positive").await;
    assert_eq!(desk.rule().await.0, 6, "nor does who decided nothing, saw it, and then decided");
    for (mode, said) in [(AutoClose::Propose, true), (AutoClose::Shadow, false)] {
        let mut desk = Desk::new(|config| config.policy.auto_close = mode).await;
        desk.proven().await;
        let number = desk.undrawn().await;
        assert_eq!(desk.server.case(number).await["status"], "new", "{mode}");
        let timeline = desk.timeline(number).await;
        assert_eq!(timeline.contains("The machine could close this under"), said, "{mode}: {timeline}");
        desk.declare(number, "false_positive").await;
        assert_eq!(desk.rule().await.0, 6, "once it is active, only what is drawn counts");
    }
}

#[tokio::test]
async fn the_tagged_host_is_not_closed_and_the_receipt_says_why() {
    let mut desk = Desk::closing().await;
    desk.proven().await;
    let case = desk.server.deliver(SEED).await["number"].as_i64().unwrap();
    desk.server.run_jobs().await;
    assert_eq!(desk.server.case(case).await["status"], "new");
    desk.declare(case, "false_positive").await;
    let receipt = desk.receipt(case).await;
    assert_eq!(receipt["eligible"], json!(false));
    assert!(receipt["why"].as_str().unwrap().contains("yara_detection_memory"), "{receipt}");
    assert_eq!(desk.rule().await.0, 6, "it says nothing of what would be closed");
}

/// What the fake knows of a host: the sensor, and the event that the detection is about.
pub(super) fn knows(state: &mut State, document: &Value) {
    let routing = &document["routing"];
    let sid = routing["sid"].as_str().unwrap().to_owned();
    let sensor = state.sensors.values().next().unwrap().clone();
    state.sensors.insert(sid, sensor);
    state.events.push(json!({"event": document["detect"]["event"], "routing": routing, "ts": "2026-03-01 00:00:00"}));
}

/// Tags that were set and taken away of a host.
fn sent(fake: &Fake, at: usize) -> (usize, usize) {
    let path = format!("/v1/bbbbbbbb-0000-4000-8000-{at:012}");
    (fake.calls("POST", &path).len(), fake.calls("DELETE", &path).len())
}

#[tokio::test]
async fn the_sensor_is_tagged_after_the_window_and_untagged_where_the_case_is_opened_again() {
    let fake = Fake::start().await;
    let mut desk = Desk::closing_with_tag(connection(&fake, "acme")).await;
    desk.proven_before_connecting().await;
    let numbers = [desk.closed(&fake).await, desk.closed(&fake).await];
    // Within the window nothing happens outside.
    let (number, at) = numbers[0];
    let event = desk.entry(number, "machine_closed").await["id"].to_string();
    assert_eq!(desk.ana.post(&format!("/cases/{number}/undo"), &[("event", &event)]).await.status(), 303);
    advance_here(3_700_000);
    desk.server.run_jobs().await;
    assert_eq!(sent(&fake, at), (0, 0));
    assert_eq!(desk.server.case(number).await["actions"][0]["state"], "cancelled");
    // After it the tag is there, and goes again with the closing.
    let (number, at) = numbers[1];
    assert_eq!(sent(&fake, at), (1, 0));
    let form = [("status", "in_progress"), ("reason", "looks odd")];
    assert_eq!(desk.ana.post(&format!("/cases/{number}/status"), &form).await.status(), 303);
    desk.server.run_jobs().await;
    assert_eq!(sent(&fake, at), (1, 1));
    let actions = desk.server.case(number).await["actions"].clone();
    assert_eq!((&actions[0]["kind"], &actions[0]["state"]), (&json!("remove_tag"), &json!("done")), "{actions}");
}

#[tokio::test]
async fn as_part_of_an_open_case_it_is_not_tagged_any_more() {
    let fake = Fake::start().await;
    let mut desk = Desk::closing_with_tag(connection(&fake, "acme")).await;
    desk.proven_before_connecting().await;
    let (tagged, waiting) = (desk.closed(&fake).await, desk.closed(&fake).await);
    let (home, at) = desk.closed(&fake).await;
    let form = [("status", "in_progress"), ("reason", "looks odd")];
    assert_eq!(desk.ana.post(&format!("/cases/{home}/status"), &form).await.status(), 303);
    let merge = async |desk: &Desk, from: i64| {
        let reply = desk.ana.post(&format!("/cases/{from}/merge"), &[("into", &home.to_string())]).await;
        assert_eq!(reply.status(), 303);
    };
    merge(&desk, waiting.0).await;
    advance_here(3_700_000);
    desk.server.run_jobs().await;
    assert_eq!((sent(&fake, tagged.1), sent(&fake, waiting.1), sent(&fake, at)), ((1, 0), (0, 0), (0, 0)));
    merge(&desk, tagged.0).await;
    desk.server.run_jobs().await;
    assert_eq!(sent(&fake, tagged.1), (1, 1), "the tag goes with the closing");
    let page = desk.ana.page(&format!("/cases/{home}")).await.1;
    assert!(page.contains(&format!("on the host of <a href=\"/cases/{0}\">#{0}</a>", tagged.0)), "{page}");
}

#[tokio::test]
async fn it_is_taken_back_with_the_case_that_it_became_part_of() {
    let fake = Fake::start().await;
    let mut desk = Desk::closing_with_tag(connection(&fake, "acme")).await;
    desk.proven_before_connecting().await;
    let (tagged, (home, _)) = (desk.closed(&fake).await, desk.closed(&fake).await);
    advance_here(3_700_000);
    desk.server.run_jobs().await;
    desk.declare(home, "false_positive").await;
    let post = async |desk: &Desk, to: String, form: &[(&str, &str)]| {
        assert_eq!(desk.ana.post(&to, form).await.status(), 303, "{to}");
        desk.server.run_jobs().await;
    };
    post(&desk, format!("/cases/{}/merge", tagged.0), &[("into", &home.to_string())]).await;
    assert_eq!(sent(&fake, tagged.1), (1, 0), "it is part of a false positive");
    post(&desk, format!("/cases/{home}/status"), &[("status", "in_progress"), ("reason", "looks odd")]).await;
    assert_eq!(sent(&fake, tagged.1), (1, 1));
    post(&desk, format!("/cases/{}/unmerge", tagged.0), &[]).await;
    let case = desk.server.case(tagged.0).await;
    assert_eq!(case["status"], "in_progress", "nothing says any more that the machine may close it: {case}");
    assert!(desk.timeline(tagged.0).await.contains("Meanwhile it was part of a case that was open"));
}

impl Desk {
    pub(super) async fn closing_with_tag(setting: fusionsoc::config::LimaCharlieConfig) -> Self {
        Self::new(|config| {
            config.policy.auto_close = AutoClose::Auto;
            "closed-by-fusionsoc".clone_into(&mut config.policy.close_tag);
            config.policy.undo_s = 3_600;
            config.limacharlie = vec![setting];
        })
        .await
    }

    /// A case that the machine closes, and its host.
    pub(super) async fn closed(&mut self, fake: &Fake) -> (i64, usize) {
        for _ in 0..40 {
            let at = self.delivered + 1;
            fake.change(|state| knows(state, &agreeing::benign(at)));
            let number = self.case().await;
            let case = self.server.case(number).await;
            if case["status"] == "closed" {
                assert_eq!(sent(fake, at), (0, 0), "it can still be taken back");
                return (number, at);
            }
            assert_eq!(case["blind"], "blind");
        }
        panic!("one in ninety is drawn, and all forty were");
    }

    /// Proven by cases of which LimaCharlie was asked nothing.
    pub(super) async fn proven_before_connecting(&mut self) {
        let connections = std::mem::take(&mut self.server.app.connections);
        self.proven().await;
        self.server.app.connections = connections;
    }
}
