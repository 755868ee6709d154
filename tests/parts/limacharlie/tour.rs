//! Every call once. With `LC_API_URL`, `LC_JWT_URL`, `LC_OID` and `LC_API_KEY` set, against another fake.
use super::{ever, settings};
use crate::support::limacharlie::Fake;
use fusionsoc::limacharlie::ids::{Investigation, RuleName, Task, TaskKey};
use fusionsoc::limacharlie::objects::ObjectKind;
use fusionsoc::limacharlie::rules::About;
use fusionsoc::limacharlie::{Atom, Client, Error, Range, Settings, Sid, Tag};
use fusionsoc::secret::Secret;
use serde_json::{Value, json};
use std::num::NonZeroU32;
use std::time::Duration;

async fn place() -> (Client, Option<Fake>) {
    let set = |name: &str| std::env::var(name).ok();
    if let Some(api_url) = set("LC_API_URL") {
        let oid = set("LC_OID").unwrap().parse().unwrap();
        let key = Secret::new(set("LC_API_KEY").unwrap());
        let settings = Settings { api_url, jwt_url: set("LC_JWT_URL").unwrap(), ..Settings::new(oid, key) };
        return (Client::new(settings).unwrap(), None);
    }
    let fake = Fake::start().await;
    (Client::new(settings(&fake)).unwrap(), Some(fake))
}

fn read(raw: &serde_json::value::RawValue) -> Value {
    serde_json::from_str(raw.get()).unwrap()
}

async fn detections(client: &Client) -> Vec<Value> {
    client.detections(ever()).rest(100).await.unwrap().0.iter().map(|raw| read(raw)).collect()
}

/// The detection whose process has events around it.
fn with_events(detections: &[Value]) -> (Sid, Atom, i64) {
    let found = detections
        .iter()
        .find(|one| one["detect"]["event"]["FILE_PATH"].as_str().is_some_and(|path| path.ends_with("svchost.exe")));
    let routing = &found.unwrap()["routing"];
    let text = |name: &str| routing[name].as_str().unwrap();
    (text("sid").parse().unwrap(), text("this").parse().unwrap(), routing["event_time"].as_i64().unwrap())
}

#[tokio::test]
async fn what_limacharlie_keeps_can_be_read() {
    let (client, _fake) = place().await;
    let who = client.who().await.unwrap();
    assert!(who.is_member && who.lacks(&["sensor.task"]).is_empty() && who.lacks(&["no.such"]) == ["no.such"]);
    let all = detections(&client).await;
    assert!(all.len() >= 4, "{}", all.len());
    let first = &all[0];
    let by_id = client.detection(&first["detect_id"].as_str().unwrap().parse().unwrap()).await.unwrap().unwrap();
    assert_eq!(read(&by_id), *first, "without the wrapper");
    let nobody = "00000000-0000-4000-8000-000000000000".parse().unwrap();
    assert!(client.detection(&nobody).await.unwrap().is_none());
    let (sid, atom, at) = with_events(&all);
    let window = Range::covering_ms(at - 120_000, at + 120_000).unwrap();
    let (events, complete) = client.events(&sid, window).rest(100).await.unwrap();
    assert!(complete && events.len() >= 3);
    assert!(events.iter().all(|event| read(event)["routing"]["sid"] == sid.as_str()));
    assert!(client.overview(&sid, window).await.unwrap().contains(&(at / 1000)));
    assert_eq!(read(&client.atom(&sid, &atom).await.unwrap().unwrap())["routing"]["this"], atom.as_str());
    assert!(client.atom(&sid, &"0".repeat(32).parse().unwrap()).await.unwrap().is_none());
    let children = client.children(&sid, &atom).await.unwrap();
    assert_eq!(read(&children[0])["event"]["FILE_PATH"], "C:\\Windows\\System32\\rundll32.exe");
    let found = client.search(&format!("* | {sid} | *"), window, 100, Duration::from_secs(5)).await.unwrap();
    assert!(found.complete && found.rows.len() == events.len(), "{} rows", found.rows.len());
    client.sightings(ObjectKind::FileHash, "a b&c").await.unwrap();
}

#[tokio::test]
async fn sensors_do_what_they_are_told() {
    let (client, fake) = place().await;
    let all = detections(&client).await;
    let sid: Sid = all[0]["routing"]["sid"].as_str().unwrap().parse().unwrap();
    let sensor = client.sensor(&sid).await.unwrap().unwrap();
    assert!(sensor.online && !sensor.hostname.is_empty() && sensor.info["plat"].is_number());
    assert!(client.online(std::slice::from_ref(&sid)).await.unwrap()[&sid]);
    let tag: Tag = "fusion-soc-pulled & more".parse().unwrap();
    client.add_tags(&sid, std::slice::from_ref(&tag), NonZeroU32::new(60)).await.unwrap();
    let has = |tags: &[fusionsoc::limacharlie::tags::SensorTag]| {
        tags.iter().any(|has| has.name == tag.as_str() && !has.by.is_empty())
    };
    assert!(has(&client.tags(&sid).await.unwrap()));
    client.remove_tag(&sid, &tag).await.unwrap();
    assert!(!has(&client.tags(&sid).await.unwrap()));
    client.isolate(&sid).await.unwrap();
    let isolated = client.isolation(&sid).await.unwrap();
    assert!(isolated.wanted && isolated.is_settled());
    client.rejoin(&sid).await.unwrap();
    assert!(!client.isolation(&sid).await.unwrap().wanted);
    let tasks: [Task; 2] = ["os_processes".parse().unwrap(), "os_kill_process --pid 7".parse().unwrap()];
    let (about, key): (Investigation, TaskKey) = ("case-459".parse().unwrap(), "action-7".parse().unwrap());
    client.task(&sid, &tasks, &about, &key).await.unwrap();
    if let Some(fake) = fake {
        let call = fake.calls("POST", &format!("/v1/{sid}")).pop().unwrap();
        assert_eq!(call.idempotent_key.as_deref(), Some("action-7"));
        assert_eq!(
            fake.change(|state| state.tasks[1].clone()),
            (sid.to_string(), "os_kill_process --pid 7".to_owned(), "case-459".to_owned())
        );
    }
}

#[tokio::test]
async fn rules_and_outputs_are_made_changed_and_removed() {
    let (client, fake) = place().await;
    let name: RuleName = "fp dell/SRE ü+%2F..".parse().unwrap();
    assert_eq!(client.rule(&name).await.unwrap(), None);
    let condition = json!({"op": "is", "path": "cat", "value": "a&b=c+d"});
    let about = About {
        enabled: true,
        expiry: 1_800_000_000_000,
        tags: vec!["fusion-soc".to_owned()],
        comment: "why, & how".to_owned(),
    };
    client.validate_rule(&name, &condition).await.unwrap();
    assert_eq!(client.rule(&name).await.unwrap(), None, "nothing was stored by asking");
    client.set_rule(&name, &condition, &about, None).await.unwrap();
    let stored = client.rule(&name).await.unwrap().unwrap();
    assert_eq!((&stored.data, &stored.usr_mtd), (&condition, &about));
    assert_eq!(client.rules().await.unwrap()[name.as_str()], stored);
    if fake.is_some() {
        client.set_rule(&name, &condition, &about, Some(&stored.sys_mtd.etag)).await.unwrap();
        let again = client.set_rule(&name, &condition, &about, Some(&stored.sys_mtd.etag)).await;
        assert_eq!(again, Err(Error::Conflict), "somebody changed it since");
        for number in 0..5 {
            client.set_rule(&format!("r{number}").parse().unwrap(), &condition, &about, None).await.unwrap();
        }
        assert_eq!(client.rules().await.unwrap().len(), 6, "over pages of two");
    }
    client.delete_rule(&name).await.unwrap();
    assert_eq!(client.rule(&name).await.unwrap(), None);
    let (output, secret) = ("fusion".parse().unwrap(), Secret::new("a secret & more".to_owned()));
    client.add_webhook(&output, "https://soc.example/ingest", &secret).await.unwrap();
    assert_eq!(client.outputs().await.unwrap()["fusion"]["secret_key"], "a secret & more");
    client.delete_output(&output).await.unwrap();
    assert!(client.outputs().await.unwrap().is_empty());
}
