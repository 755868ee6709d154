//! The machine closes what it has proven it can: reviews, looks, a lead who switches on, and what shuts at once.
mod closing;
mod doubts;
mod errors;
mod events;
mod held;
mod left;
mod list;
mod meanwhile;
mod page;
mod previewed;
mod proof;
mod replayed;
mod shut;
mod simulated;

use crate::support::agreeing::{self, benign, precedent};
use crate::support::{Person, Server, http};
use fusionsoc::config::Config;
use fusionsoc::domain::{AutoClose, Role};
use serde_json::{Value, json};
use wiremock::MockServer;

/// Reviews that the first look takes at 50 %, which makes most histories short.
const FIRST: usize = 6;
/// A key by which none of the first 120 cases is drawn where one in fifteen is: that is for the tests of the draw.
const KEY: &str = "00000000000000000000000000000000000000000000000000000000000001ef";

/// A server whose panel agrees, an analyst and a lead.
struct Desk {
    server: Server,
    models: [MockServer; 2],
    ana: Person,
    lea: Person,
    delivered: usize,
}

impl Desk {
    /// A limit of 50 %, no share that people review in any case, and what the test sets.
    async fn new(change: impl FnOnce(&mut Config)) -> Self {
        let (server, models) = agreeing::spawn_set(|config| {
            (config.policy.limit, config.policy.review_share) = (0.5, 0.0);
            change(config);
        })
        .await;
        server.sql(&format!("INSERT INTO draws (name, key) VALUES ('review', '{KEY}')")).await;
        let lea = precedent(&server).await;
        let ana = server.sign_in("ana", Role::Analyst).await;
        Self { server, models, ana, lea, delivered: 0 }
    }

    async fn closing() -> Self {
        Self::new(|config| config.policy.auto_close = AutoClose::Auto).await
    }

    /// So many more cases against which nothing speaks, each on a host of its own; their numbers.
    async fn cases(&mut self, count: usize) -> Vec<i64> {
        let from = self.delivered + 1;
        self.delivered += count;
        let documents: Vec<Value> = (from..from + count).map(benign).collect();
        for part in documents.chunks(50) {
            agreeing::deliver(&self.server, part).await;
        }
        let mut found = Vec::new();
        for at in from..from + count {
            let listed = self.server.get(&format!("/api/v1/search?q=host:desk-{at:04}")).await;
            found.push(listed["cases"][0]["number"].as_i64().unwrap_or_else(|| panic!("{at}: {listed}")));
        }
        found
    }

    async fn case(&mut self) -> i64 {
        self.cases(1).await[0]
    }

    /// So many cases of another behaviour of the same rule, after one of it was decided. What is declared a true positive
    /// is not closed a second time, so it is better not the behaviour of all others.
    async fn others(&mut self, file: &str, count: usize) -> Vec<i64> {
        let mut numbers = Vec::new();
        for _ in 0..=count {
            self.delivered += 1;
            let other = benign(self.delivered).to_string().replace("index.cab", file);
            numbers.push(self.server.deliver(&other).await["number"].as_i64().unwrap());
            self.server.run_jobs().await;
            if numbers.len() == 1 {
                self.declare(numbers[0], "false_positive").await;
            }
        }
        numbers.split_off(1)
    }

    /// A case more that was not drawn: what is drawn before it is left as it is.
    async fn undrawn(&mut self) -> i64 {
        for _ in 0..40 {
            let case = self.case().await;
            if self.server.case(case).await["blind"] == "" {
                return case;
            }
        }
        panic!("one in ninety is drawn, and all forty were");
    }

    async fn declare(&self, case: i64, verdict: &str) {
        let reason = match verdict {
            "true_positive" => "malware",
            "benign_true_positive" => "security_test",
            "undetermined" => "",
            _ => "known_application",
        };
        let reply = self.ana.post(&format!("/cases/{case}/verdict"), &[("verdict", verdict), ("reason", reason)]).await;
        assert_eq!(reply.status(), 303, "{verdict}");
    }

    /// So many clean reviews.
    async fn clean(&mut self, count: usize) {
        for case in self.cases(count).await {
            self.declare(case, "false_positive").await;
        }
    }

    /// The gate of a level that stands latest.
    async fn gate(&self, level: &str) -> Value {
        let all = self.server.get("/api/v1/gates").await;
        let found = all["gates"].as_array().unwrap().iter().rfind(|gate| gate["level"] == level).cloned();
        found.unwrap_or_else(|| panic!("no gate of the {level} in {all}"))
    }

    /// Reviews, true positives and state of the rule's gate.
    async fn rule(&self) -> (i64, i64, String) {
        let gate = self.gate("rule").await;
        let number = |name: &str| gate[name].as_i64().unwrap();
        (number("reviews"), number("true_positives"), gate["state"].as_str().unwrap().to_owned())
    }

    async fn step(&self, person: &Person, level: &str, step: &str) -> u16 {
        let id = self.gate(level).await["id"].clone();
        person.post(&format!("/gates/{id}/{step}"), &[("note", "as agreed")]).await.status().as_u16()
    }

    /// The rule's gate, proven and switched on.
    async fn proven(&mut self) {
        self.clean(FIRST).await;
        assert_eq!(self.rule().await, (6, 0, "proposed".to_owned()));
        assert_eq!(self.step(&self.lea, "rule", "activate").await, 303);
        assert_eq!(self.rule().await.2, "active");
    }

    async fn events(&self, level: &str) -> Vec<Value> {
        let id = self.gate(level).await["id"].as_i64().unwrap();
        let (mut all, mut after) = (Vec::new(), 0);
        loop {
            let url = format!("{}/api/v1/gates/{id}/events?limit=50&after={after}", self.server.url);
            let text = http().get(url).bearer_auth(&self.server.token).send().await.unwrap().text().await.unwrap();
            let page: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
            let Some(last) = page.last() else { return all };
            after = last["seq"].as_i64().unwrap();
            all.extend(page);
        }
    }

    async fn timeline(&self, case: i64) -> String {
        self.server.case(case).await["timeline"].to_string()
    }

    /// What the receipt of a case's first run says of the gate.
    async fn receipt(&self, case: i64) -> Value {
        let (status, text) = self.ana.page(&format!("/cases/{case}/triage/1/receipt.json")).await;
        assert_eq!(status, 200, "{text}");
        serde_json::from_str::<Value>(&text).unwrap()["gate"].clone()
    }
}

#[tokio::test]
async fn the_69th_clean_review_proposes_a_lead_switches_on_and_one_true_positive_shuts() {
    let mut desk = Desk::new(|config| config.policy.limit = 0.05).await;
    desk.clean(68).await;
    assert_eq!(desk.rule().await, (68, 0, "shadow".to_owned()));
    assert_eq!(desk.gate("rule").await["next_look_at"], 69);
    assert_eq!(desk.step(&desk.lea, "rule", "activate").await, 409, "nothing is proven yet");
    let last = desk.case().await;
    desk.declare(last, "benign_true_positive").await;
    let gate = desk.gate("rule").await;
    assert_eq!((&gate["state"], &gate["looks"], &gate["rests_on"]["n"]), (&json!("proposed"), &json!(1), &json!(69)));
    let bound = gate["rests_on"]["bound"].as_f64().unwrap();
    assert!((0.049..=0.05).contains(&bound), "{bound}");
    assert!(desk.timeline(last).await.contains("is proposed: 0 true positives in 69 reviews"));
    for level in ["family", "org"] {
        assert_eq!(desk.gate(level).await["state"], "proposed", "{level}");
    }

    assert_eq!(desk.step(&desk.ana, "rule", "activate").await, 403, "an analyst can't");
    assert_eq!(desk.step(&desk.lea, "rule", "activate").await, 303);
    let gate = desk.gate("rule").await;
    assert_eq!((&gate["state"], &gate["state_by"]), (&json!("active"), &json!("bo")));
    assert_eq!(desk.step(&desk.lea, "rule", "decline").await, 409, "it is active already");

    let case = desk.others("drivers.cab", 1).await[0];
    desk.declare(case, "true_positive").await;
    for level in ["rule", "family", "org"] {
        let gate = desk.gate(level).await;
        assert_eq!((&gate["state"], &gate["epoch"], &gate["reviews"]), (&json!("suspended"), &json!(2), &json!(0)));
        assert_eq!(gate["state_why"], "a true positive was declared");
    }
    let timeline = desk.timeline(case).await;
    assert!(timeline.contains("This suspends the gate of the rule service.windows"), "{timeline}");
    let ada = desk.server.sign_in("ada", Role::Admin).await;
    let (_, audit) = ada.page("/admin/audit?by=all").await;
    assert!(audit.contains("gate:1") && audit.contains("suspended"), "{audit}");
    // It counts anew, and needs more this time.
    let next = desk.gate("rule").await["next_look_at"].as_i64().unwrap();
    assert!(next > 69, "{next}");
    desk.clean(1).await;
    assert_eq!(desk.rule().await, (1, 0, "suspended".to_owned()));
}

#[tokio::test]
async fn an_act_over_many_cases_is_one_review() {
    let mut desk = Desk::new(|_| {}).await;
    let numbers = desk.cases(4).await.iter().map(i64::to_string).collect::<Vec<_>>();
    let (alone, many) = numbers.split_first().unwrap();
    desk.declare(alone.parse().unwrap(), "false_positive").await;
    let form = [
        ("verdict", "false_positive"),
        ("reason", "known_application"),
        ("close", "true"),
        ("numbers", &many.join(",")),
    ];
    let reply = desk.ana.post("/cases/bulk", &form).await;
    assert_eq!(reply.status(), 303);
    assert_eq!(desk.rule().await, (2, 0, "shadow".to_owned()));
    assert_eq!(desk.gate("org").await["reviews"], 2);
    // One of them was a true positive: the whole act is an error, and is still one review.
    desk.declare(many[1].parse().unwrap(), "true_positive").await;
    assert_eq!(desk.rule().await, (2, 1, "shadow".to_owned()));
    let undone = desk.ana.post("/cases/bulk/1/undo", &[]).await;
    assert_eq!(undone.status(), 303);
    assert_eq!(desk.rule().await, (2, 1, "shadow".to_owned()), "what was declared otherwise since stays");
    assert_eq!(desk.events("rule").await.iter().filter(|event| event["kind"] == "review").count(), 4);
}

#[tokio::test]
async fn undo_takes_a_review_back_and_only_people_prove_something() {
    let mut desk = Desk::new(|_| {}).await;
    let case = desk.case().await;
    assert_eq!(desk.rule().await, (0, 0, "shadow".to_owned()));
    desk.declare(case, "false_positive").await;
    assert_eq!(desk.rule().await, (1, 0, "shadow".to_owned()));
    let event = desk.server.case(case).await["timeline"][0]["id"].to_string();
    assert_eq!(desk.ana.post(&format!("/cases/{case}/undo"), &[("event", &event)]).await.status(), 303);
    assert_eq!(desk.rule().await, (0, 0, "shadow".to_owned()));
    desk.declare(case, "undetermined").await;
    assert_eq!(desk.rule().await, (0, 0, "shadow".to_owned()), "it decides nothing");
    desk.declare(case, "benign_true_positive").await;
    assert_eq!(desk.rule().await, (1, 0, "shadow".to_owned()));
    desk.declare(case, "true_positive").await;
    assert_eq!(desk.rule().await, (1, 1, "shadow".to_owned()), "changed, not added");
    desk.declare(case, "false_positive").await;
    assert_eq!(desk.rule().await, (1, 0, "shadow".to_owned()));
    assert_eq!(desk.gate("rule").await["last_true_positive_at"], Value::Null, "it was a slip");
    let other = desk.case().await;
    let address = format!("{}/api/v1/cases/{other}", desk.server.url);
    let patch = async |body: Value| {
        http().patch(&address).bearer_auth(&desk.server.token).json(&body).send().await.unwrap().status().as_u16()
    };
    assert_eq!(patch(json!({"verdict": "false_positive", "reason": "known_application"})).await, 200);
    assert_eq!(desk.rule().await, (1, 0, "shadow".to_owned()), "a program proves nothing");
    assert_eq!(patch(json!({"verdict": "true_positive", "reason": "malware"})).await, 200);
    assert_eq!(desk.rule().await, (2, 1, "shadow".to_owned()), "but a true positive is one");
}

#[tokio::test]
async fn gates_are_of_one_organisation() {
    let mut desk = Desk::new(|_| {}).await;
    desk.clean(1).await;
    let id = desk.gate("rule").await["id"].clone();
    let other = crate::support::add_org(&desk.server.app.store, "other", None).await;
    let token = crate::support::add_token(&desk.server.app.store, other, fusionsoc::domain::role::Scope::ALL).await;
    let get =
        async |path: String| http().get(format!("{}{path}", desk.server.url)).bearer_auth(&token).send().await.unwrap();
    let listed: Value = serde_json::from_str(&get("/api/v1/gates".to_owned()).await.text().await.unwrap()).unwrap();
    assert_eq!(listed, json!({"gates": [], "next": null}));
    assert_eq!(get(format!("/api/v1/gates/{id}/events")).await.status(), 404);
    let eve = desk.server.sign_in_to(other, "eve", Role::Lead).await;
    assert_eq!(eve.post(&format!("/gates/{id}/activate"), &[]).await.status(), 404);
}
