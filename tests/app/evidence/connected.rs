//! A server whose organisation has a LimaCharlie: the fake one.
use crate::support::limacharlie::{Fake, KEY, event};
use crate::support::{Server, connection, spawn_with};
use fusionsoc::config::Config;
use fusionsoc::domain::Role;
use fusionsoc::jobs::{Connections, Worker};
use fusionsoc::limacharlie::{Client, Settings};
use fusionsoc::secret::Secret;
use serde_json::Value;
use std::sync::Arc;
use std::time::Duration;

pub struct Connected {
    pub server: Server,
    pub fake: Fake,
    /// A detection whose event and children the fake keeps.
    pub detection: Value,
    pub client: Client,
}

pub async fn connected() -> Connected {
    connected_with(|_| {}).await
}

pub async fn connected_with(change: impl FnOnce(&mut Config)) -> Connected {
    let fake = Fake::start().await;
    let (oid, detection) = fake.change(|state| (state.oid.clone(), state.detections[1].clone()));
    let mut detection = detection;
    detection["detect"]["routing"] = Value::Null;
    let setting = connection(&fake, "acme");
    let server = spawn_with(|config| {
        config.policy.undo_s = 0;
        config.limacharlie = vec![setting];
        change(config);
    })
    .await;
    Connected { client: client(&fake, &oid), server, fake, detection }
}

pub fn client(fake: &Fake, oid: &str) -> Client {
    let mut settings = Settings::new(oid.parse().unwrap(), Secret::new(KEY.to_owned()));
    (settings.api_url, settings.jwt_url) = (fake.url.clone(), fake.jwt_url());
    settings.back_off = [Duration::from_millis(1); 2];
    Client::new(settings).unwrap()
}

impl Connected {
    pub fn worker(&self) -> Worker {
        let connections: Connections = [("acme".to_owned(), self.client.clone())].into_iter().collect();
        self.server.worker().connected(Arc::new(connections))
    }

    /// Delivers a detection and works on everything.
    pub async fn deliver(&self, detection: &Value) {
        self.server.deliver(&detection.to_string()).await;
        self.worker().run_due().await;
    }

    /// The case of the usual detection after its triage.
    pub async fn triaged(&self) -> Value {
        self.deliver(&self.detection).await;
        self.server.case(1).await
    }

    /// Asks for another run.
    pub async fn again(&self) {
        let (status, answer) = self.server.post("/api/v1/cases/1/triage", "{}").await;
        assert!(status < 300, "{status} {answer}");
        self.worker().run_due().await;
    }

    pub async fn page(&self) -> String {
        let name = format!("p{}", rand::random::<u32>());
        let person = self.server.sign_in(&name, Role::Analyst).await;
        let (status, page) = person.page("/cases/1").await;
        assert_eq!(status, 200, "{page}");
        page
    }

    /// How often the fake was asked.
    pub fn calls(&self) -> usize {
        self.fake.change(|state| state.log.len())
    }

    pub fn sid(&self) -> String {
        self.detection["routing"]["sid"].as_str().unwrap().to_owned()
    }

    pub fn oid(&self) -> String {
        self.fake.change(|state| state.oid.clone())
    }

    pub fn tag(&self, tags: &[&str]) {
        let sid = self.sid();
        self.fake.change(|state| {
            let sensor = state.sensors.get_mut(&sid).unwrap();
            sensor.tags.extend(tags.iter().map(|tag| ((*tag).to_owned(), None)));
        });
    }

    /// One more event of the sensor, so many milliseconds after the detection's.
    pub fn event(&self, kind: &str, after_ms: i64, this: &str, parent: &str, payload: Value) {
        let routing = &self.detection["routing"];
        let at = routing["event_time"].as_i64().unwrap() + after_ms;
        self.fake.change(|state| state.events.push(event(routing, kind, at, this, parent, payload)));
    }
}
