//! Response actions: asked for by one, approved by another where it is grave, carried out once,
//! looked at until they took effect, and never repeated where nobody knows.
mod at_once;
mod merged;
mod refused;
mod trouble;

use crate::support::limacharlie::Fake;
use crate::support::{Person, SEED, Server, spawn_with};
use fusionsoc::clock;
use fusionsoc::domain::Role;
use serde_json::Value;

/// A server whose organisation has a `LimaCharlie`, and the seed's case on it.
struct House {
    server: Server,
    fake: Fake,
    case: i64,
    sid: String,
}

impl House {
    /// With so many seconds in which an action can be taken back.
    async fn new(undo_s: u32) -> Self {
        let fake = Fake::start().await;
        let setting = crate::support::connection(&fake, "acme");
        let server = spawn_with(|config| {
            config.policy.undo_s = undo_s;
            config.limacharlie = vec![setting];
        })
        .await;
        let case = server.deliver(SEED).await["number"].as_i64().unwrap();
        let house = Self { server, fake, case, sid: sid() };
        house.jobs().await;
        house
    }

    /// Works on everything that is due.
    async fn jobs(&self) {
        self.server.run_jobs().await;
    }

    async fn ask(&self, person: &Person, fields: &[(&str, &str)]) -> u16 {
        person.post(&format!("/cases/{}/actions", self.case), fields).await.status().as_u16()
    }

    async fn step(&self, person: &Person, id: i64, step: &str, fields: &[(&str, &str)]) -> u16 {
        person.post(&format!("/cases/{}/actions/{id}/{step}", self.case), fields).await.status().as_u16()
    }

    /// The actions of this installation, newest first.
    async fn actions(&self) -> Vec<Value> {
        let case = self.server.case(self.case).await;
        case["actions"].as_array().unwrap().iter().filter(|one| one["recorded"] == false).cloned().collect()
    }

    /// The newest action's id, state and result.
    async fn newest(&self) -> (i64, String, String) {
        let newest = self.actions().await.remove(0);
        let text = |name: &str| newest[name].as_str().unwrap().to_owned();
        (newest["id"].as_i64().unwrap(), text("state"), text("result"))
    }

    /// What was asked of the sensor, questions left out.
    fn sent(&self) -> usize {
        let path = format!("/v1/{}", self.sid);
        self.fake.calls("POST", &path).len() + self.fake.calls("DELETE", &path).len()
    }

    async fn timeline(&self) -> String {
        self.server.case(self.case).await["timeline"].to_string()
    }
}

fn sid() -> String {
    serde_json::from_str::<Value>(SEED).unwrap()["routing"]["sid"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_tag_is_added_and_taken_off_again_by_its_reverse() {
    let house = House::new(0).await;
    let ana = house.server.sign_in("ana", Role::Analyst).await;
    let fields = [("kind", "add_tag"), ("tag", "under-review"), ("ttl_hours", "2")];
    assert_eq!(house.ask(&ana, &fields).await, 303);
    house.jobs().await;
    let tags = house.fake.change(|state| state.sensors[&house.sid].tags.clone());
    assert_eq!(tags["under-review"].as_deref(), Some("7200"), "two hours in seconds");
    let (id, state, result) = house.newest().await;
    assert_eq!((state.as_str(), result.as_str()), ("done", "The sensor has the tag; it shows on later events."));
    let (_, page) = ana.page(&format!("/cases/{}", house.case)).await;
    assert!(page.contains("tag under-review, for 2 hours"), "the page says what exactly was done");

    assert_eq!(house.step(&ana, id, "reverse", &[("idempotency_key", "once")]).await, 303);
    assert_eq!(house.step(&ana, id, "reverse", &[("idempotency_key", "once")]).await, 303, "the same form again");
    house.jobs().await;
    assert!(!house.fake.change(|state| state.sensors[&house.sid].tags.contains_key("under-review")));
    assert_eq!(house.actions().await.len(), 2, "the second form did nothing");
    assert!(house.timeline().await.contains("Asked to remove the tag under-review: reverses what ana asked"));
}

#[tokio::test]
async fn what_is_taken_back_in_time_never_happens() {
    let house = House::new(3_600).await;
    let ana = house.server.sign_in("ana", Role::Analyst).await;
    house.ask(&ana, &[("kind", "add_tag"), ("tag", "hasty")]).await;
    house.jobs().await;
    let (id, state, _) = house.newest().await;
    assert_eq!((state.as_str(), house.sent()), ("queued", 0), "it waits until it can no longer be taken back");
    assert_eq!(house.step(&ana, id, "reject", &[]).await, 303);
    clock::advance_here(3_700_000);
    house.jobs().await;
    assert_eq!((house.newest().await.1.as_str(), house.sent()), ("cancelled", 0));
}

#[tokio::test]
async fn isolation_needs_a_reason_and_a_second_person_and_ends_when_the_host_is_isolated() {
    let house = House::new(0).await;
    let ana = house.server.sign_in("ana", Role::Analyst).await;
    let bo = house.server.sign_in("bo", Role::Lead).await;
    let eve = house.server.sign_in("eve", Role::Viewer).await;
    assert_eq!(house.ask(&ana, &[("kind", "isolate")]).await, 422, "no reason");
    assert_eq!(house.ask(&ana, &[("kind", "isolate"), ("why", "beacon every 60 s")]).await, 303);
    assert_eq!(house.ask(&bo, &[("kind", "isolate"), ("why", "me too")]).await, 409, "the same is under way");
    let (id, state, _) = house.newest().await;
    house.jobs().await;
    assert_eq!((state.as_str(), house.sent()), ("waiting", 0));
    let (_, queue) = bo.page("/cases").await;
    assert!(queue.contains("waits for a second person"), "others are told on every page");
    assert_eq!(house.step(&ana, id, "approve", &[]).await, 403, "an analyst can't approve");
    assert_eq!(house.step(&eve, id, "approve", &[]).await, 403, "who only reads can't approve");

    house.fake.change(|state| state.isolation_looks = 2);
    assert_eq!(house.step(&bo, id, "approve", &[]).await, 303);
    assert_eq!(house.step(&bo, id, "approve", &[]).await, 409, "once");
    house.jobs().await;
    let (_, state, result) = house.newest().await;
    assert_eq!(state, "running", "{result}");
    assert!(result.contains("not isolated yet"), "{result}");
    for _ in 0..2 {
        clock::advance_here(6_000);
        house.jobs().await;
    }
    let (_, state, result) = house.newest().await;
    assert_eq!((state.as_str(), result.as_str()), ("done", "The host is isolated: wanted and actual agree."));
    assert_eq!(house.sent(), 1, "asked once, then only looked at");

    house.step(&bo, id, "reverse", &[]).await;
    for _ in 0..3 {
        house.jobs().await;
        clock::advance_here(6_000);
    }
    assert_eq!(house.newest().await.1, "done");
    assert!(!house.fake.change(|state| state.sensors[&house.sid].actual), "the host is back on the network");
}

#[tokio::test]
async fn a_rejected_action_is_not_carried_out() {
    let house = House::new(0).await;
    let ana = house.server.sign_in("ana", Role::Analyst).await;
    let bo = house.server.sign_in("bo", Role::Lead).await;
    let kill = [("kind", "task"), ("command", "os_kill_process"), ("pid", "4711"), ("why", "miner")];
    assert_eq!(house.ask(&ana, &kill).await, 303);
    let (id, ..) = house.newest().await;
    assert_eq!(house.step(&bo, id, "reject", &[]).await, 303);
    house.jobs().await;
    assert_eq!((house.newest().await.1.as_str(), house.sent()), ("rejected", 0));
    assert!(house.timeline().await.contains("Rejected: os_kill_process --pid 4711, asked by ana"));
}

#[tokio::test]
async fn an_approved_task_goes_out_once_with_a_key_of_its_own() {
    let house = House::new(0).await;
    let bo = house.server.sign_in("bo", Role::Lead).await;
    let path = format!("/api/v1/cases/{}/actions", house.case);
    let body = r#"{"kind":"task","command":"netstat","why":"who does it talk to","idempotency_key":"soar-7"}"#;
    let (status, first) = house.server.post(&path, body).await;
    assert_eq!((status, first["state"].as_str()), (202, Some("waiting")), "{first}");
    let (_, again) = house.server.post(&path, body).await;
    assert_eq!(first["id"], again["id"], "the same key is the same wish");
    let id = first["id"].as_i64().unwrap();
    assert_eq!(house.step(&bo, id, "approve", &[]).await, 303);
    house.jobs().await;
    let call = house.fake.calls("POST", &format!("/v1/{}", house.sid)).remove(0);
    assert_eq!(call.idempotent_key.as_deref(), Some(format!("fusionsoc-{id}").as_str()));
    let task = house.fake.change(|state| state.tasks.clone());
    assert_eq!(task, [(house.sid.clone(), "netstat".to_owned(), format!("fusionsoc-{id}"))]);
    assert_eq!(house.newest().await.1, "done");
}

#[tokio::test]
async fn the_integrations_page_says_what_a_key_may_do() {
    let house = House::new(0).await;
    let ada = house.server.sign_in("ada", Role::Admin).await;
    let (_, page) = ada.page("/admin/integrations").await;
    assert!(page.contains("not tested on this page yet"), "{page}");
    let before = house.fake.change(|state| {
        state.generation += 1;
        state.keys.values_mut().for_each(|may| may.retain(|may| may != "sensor.task"));
        state.log.len()
    });
    let page = ada.post("/admin/integrations/limacharlie", &[("name", "acme")]).await.text().await.unwrap();
    assert!(page.contains("answers, key fake-key"), "{page}");
    assert!(page.contains("lacks <code>sensor.task</code>") && page.contains("allowed"), "{page}");
    assert!(house.fake.change(|state| state.log.len()) > before, "it was asked");
    let ana = house.server.sign_in("ana", Role::Analyst).await;
    assert_eq!(ana.post("/admin/integrations/limacharlie", &[("name", "acme")]).await.status(), 403);
}
