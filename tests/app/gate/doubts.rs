//! While people ask again what a case is that the machine had closed, its gates wait for them.
use super::Desk;
use crate::support::{SEED, agreeing, fakes};
use serde_json::json;

impl Desk {
    /// A case that the machine closes and that a person opens again.
    async fn doubted(&mut self) -> i64 {
        let number = self.undrawn().await;
        assert_eq!(self.server.case(number).await["status"], "closed");
        self.look_again(number).await;
        number
    }

    async fn look_again(&self, number: i64) {
        let form = [("status", "in_progress"), ("reason", "looks odd")];
        self.post(&format!("/cases/{number}/status"), &form).await;
    }

    /// Checks for which case the gate of a level waits, and whether the next case is closed.
    async fn waits(&mut self, level: &str, case: Option<i64>) {
        assert_eq!(self.gate(level).await["waits_for_case"], json!(case), "{level}");
        let next = self.undrawn().await;
        let status = if case.is_some() { "new" } else { "closed" };
        let timeline = self.timeline(next).await;
        assert_eq!(self.server.case(next).await["status"], status, "{timeline}");
        if let Some(case) = case {
            assert!(timeline.contains(&format!("case #{case}")), "{timeline}");
        }
    }
}

#[tokio::test]
async fn a_doubt_goes_along_to_the_case_that_has_to_be_decided() {
    let mut desk = Desk::closing().await;
    desk.proven().await;
    let doubted = desk.doubted().await;
    let (one, two) = (desk.undrawn().await, desk.undrawn().await);
    desk.post(&format!("/cases/{doubted}/merge"), &[("into", &one.to_string())]).await;
    desk.waits("rule", Some(one)).await;
    let (_, page) = desk.lea.page("/gates").await;
    let said = format!(
        "until <a href=\"/cases/{one}\">case #{one}</a> is decided or closed: \
         <a href=\"/cases/{doubted}\">case #{doubted}</a>, which had been closed, belongs to it."
    );
    assert!(page.contains(&said), "{page}");
    desk.post(&format!("/cases/{one}/duplicate"), &[("of", &two.to_string())]).await;
    desk.waits("rule", Some(two)).await;
    let last = desk.undrawn().await;
    assert_eq!(
        desk.receipt(last).await["why"],
        format!("Case #{doubted}, which the machine had closed, is looked at again with case #{two}.")
    );
    desk.declare(two, "false_positive").await;
    desk.waits("rule", None).await;
}

#[tokio::test]
async fn as_a_duplicate_of_an_open_case_it_is_asked_about_again() {
    let mut desk = Desk::closing().await;
    desk.proven().await;
    let closed = desk.undrawn().await;
    let open = desk.server.deliver(SEED).await["number"].as_i64().unwrap();
    desk.server.run_jobs().await;
    desk.post(&format!("/cases/{closed}/duplicate"), &[("of", &open.to_string())]).await;
    let said = format!("While case #{open} is open and not decided, nothing else is closed under the gate of the rule");
    assert!(desk.timeline(closed).await.contains(&said));
    desk.waits("rule", Some(open)).await;
    desk.declare(open, "false_positive").await;
    desk.waits("rule", None).await;
    // What it is a duplicate of is asked about again.
    let closing = [("verdict", "false_positive"), ("reason", "known_application"), ("close", "true")];
    desk.post(&format!("/cases/{open}/verdict"), &closing).await;
    desk.look_again(open).await;
    desk.waits("rule", Some(open)).await;
}

#[tokio::test]
async fn people_may_ask_later_than_it_was_opened() {
    let mut desk = Desk::closing().await;
    desk.proven().await;
    let case = desk.undrawn().await;
    for (model, name) in desk.models.iter().zip(["one", "two"]) {
        model.reset().await;
        fakes::say(model, name, &fakes::answer("true_positive", 90).to_string()).await;
    }
    desk.server.post(&format!("/api/v1/cases/{case}/triage"), "").await;
    desk.server.run_jobs().await;
    assert_eq!(desk.server.case(case).await["status"], "in_progress");
    assert_eq!(desk.gate("rule").await["waits_for_case"], json!(null), "the machine opened it, and asks nobody");
    desk.declare(case, "undetermined").await;
    for (model, name) in desk.models.iter().zip(["one", "two"]) {
        model.reset().await;
        fakes::say(model, name, &agreeing::answer().to_string()).await;
    }
    desk.waits("rule", Some(case)).await;
}

#[tokio::test]
async fn whichever_gate_had_closed_it_that_of_its_rule_waits() {
    let mut desk = Desk::closing().await;
    desk.clean(12).await;
    assert_eq!(desk.step(&desk.lea, "org", "activate").await, 303);
    let doubted = desk.doubted().await;
    assert_eq!(desk.step(&desk.lea, "rule", "activate").await, 303);
    desk.waits("rule", Some(doubted)).await;
    desk.declare(doubted, "false_positive").await;
    desk.waits("rule", None).await;
}
