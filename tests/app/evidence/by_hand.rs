//! Reading a sensor's activity and looking on other hosts, asked for by a person: what is found is kept with the action.
use crate::evidence::connected::{Connected, connected};
use crate::support::limacharlie::Fault;
use fusionsoc::domain::Role;
use serde_json::{Value, json};

const OTHER_SID: &str = "00000000-aaaa-4bbb-8ccc-dddddddddddd";

/// Asks on the case's page and works on what follows; gives the case.
async fn asked(it: &Connected, fields: &[(&str, &str)]) -> Value {
    let person = it.server.sign_in(&format!("a{}", rand::random::<u32>()), Role::Analyst).await;
    let reply = person.post("/cases/1/actions", fields).await;
    assert_eq!(reply.status(), 303, "{}", reply.text().await.unwrap());
    it.worker().run_due().await;
    it.server.case(1).await
}

fn by_hand(case: &Value) -> Value {
    let all = case["evidence"].as_array().unwrap();
    all.iter().find(|piece| !piece["action"].is_null()).unwrap_or_else(|| panic!("{all:?}")).clone()
}

/// The id of an observable of a type.
fn observable(case: &Value, kind: &str) -> String {
    let all = case["observables"].as_array().unwrap();
    all.iter().find(|one| one["type"] == kind).unwrap_or_else(|| panic!("{all:?}"))["id"].to_string()
}

#[tokio::test]
async fn a_sweep_by_hand_reads_further_and_is_kept_with_its_action() {
    let it = connected().await;
    it.triaged().await;
    let case = asked(&it, &[("kind", "sweep"), ("minutes", "60")]).await;
    let (action, piece) = (&case["actions"][0], by_hand(&case));
    assert_eq!((&action["kind"], &action["state"]), (&json!("sweep"), &json!("done")), "{action}");
    assert_eq!((&piece["action"], &piece["state"], &piece["total"]), (&action["id"], &json!("ok"), &json!(5)));
    let page = it.page().await;
    assert!(page.contains("by hand") && page.contains("to 203.0.113.10 port 443") && page.contains("id=\"act-sweep\""));
    // The next vote does not take what somebody asked for by hand for its own evidence.
    assert_eq!(case["evidence"].as_array().unwrap().iter().filter(|piece| piece["kind"] == "sweep").count(), 2);
}

#[tokio::test]
async fn a_sweep_that_is_refused_fails_and_one_that_is_too_early_comes_again() {
    let it = connected().await;
    it.triaged().await;
    it.fake.fail(&vec![Fault::Status(403); 9]);
    let case = asked(&it, &[("kind", "sweep")]).await;
    assert_eq!(case["actions"][0]["state"], "failed");
    it.fake.change(|state| state.faults.clear());
    it.fake.fail(&vec![Fault::Status(503); 9]);
    let case = asked(&it, &[("kind", "sweep")]).await;
    assert_eq!(case["actions"][0]["state"], "queued", "{}", case["actions"][0]);
}

#[tokio::test]
async fn a_hunt_names_the_other_hosts_and_removes_its_search() {
    let it = connected().await;
    let case = it.triaged().await;
    let now = jiff::Timestamp::now().as_second();
    let row = |name: &str| json!({"sid": "x", "hostname": name, "first_ts": now - 90_000, "last_ts": now - 50});
    let places =
        json!({it.sid(): row("here"), OTHER_SID: row("ws-other\u{202e}<b>"), "type": "file_hash", "../x": row("bad")});
    it.fake.change(|state| state.objects.insert(it.hash(), places));
    it.fake.change(|state| state.search_polls = 2);
    let id = observable(&case, "sha256");
    let case = asked(&it, &[("kind", "hunt"), ("observable", &id), ("days", "7")]).await;
    assert_eq!(
        (&case["actions"][0]["kind"], &case["actions"][0]["state"]),
        (&json!("hunt"), &json!("done")),
        "{}",
        case["actions"][0]
    );
    let piece = by_hand(&case);
    assert_eq!((&piece["kind"], &piece["state"], &piece["total"]), (&json!("hunt"), &json!("ok"), &json!(2)));
    assert!(piece["text"].as_str().unwrap().starts_with("Seen on 1 other host (in 7 days"), "{piece}");
    let asked = it.fake.calls("POST", "/v1/search");
    let query = asked[0].json["query"].as_str().unwrap().to_owned();
    assert_eq!(query, format!("-168h | plat == windows | NEW_PROCESS | event/HASH is \"{}\"", it.hash()));
    assert!(it.fake.change(|state| state.searches.is_empty()), "the search was removed");
    assert_eq!(it.fake.calls("DELETE", "/v1/search/").len(), 1);
    let page = it.page().await;
    assert!(page.contains(&format!("href=\"/sensors/{OTHER_SID}\"")), "shown");
    assert!(page.contains("ws-other⟨U+202E⟩") && !page.contains("⟩<b>"), "hostile names are made visible");
}

#[tokio::test]
async fn too_many_searches_are_tried_again_and_a_hunt_without_its_own_host_proves_nothing() {
    let it = connected().await;
    let case = it.triaged().await;
    let id = observable(&case, "sha256");
    it.fake.fail(&[Fault::Pass, Fault::TooMany(3600)]);
    let case = asked(&it, &[("kind", "hunt"), ("observable", &id)]).await;
    assert_eq!(case["actions"][0]["state"], "queued", "{}", case["actions"][0]);
    let other = connected().await;
    let case = other.triaged().await;
    let case = asked(&other, &[("kind", "hunt"), ("observable", &observable(&case, "sha256"))]).await;
    assert_eq!(by_hand(&case)["state"], "inconclusive");
}

#[tokio::test]
async fn only_an_observable_of_the_case_can_be_hunted_and_nothing_hostile_gets_out() {
    let it = connected().await;
    let mut detection = it.detection.clone();
    let hostile = "C:\\x\\a\" or / exists | delete.exe";
    detection["detect"]["event"]["FILE_PATH"] = json!(hostile);
    detection["detect"]["event"]["USER_NAME"] = json!("eve' or \"1\" is \"1");
    it.deliver(&detection).await;
    let case = it.server.case(1).await;
    let person = it.server.sign_in("ana", Role::Analyst).await;
    let hostile_user = case["observables"]
        .as_array()
        .unwrap()
        .iter()
        .find(|one| one["type"] == "user" && one["value"].as_str().unwrap().contains("eve"));
    let mut wrong: Vec<String> = ["", "0", "999999", "sha256:aa", "1 or 1=1"].map(str::to_owned).to_vec();
    wrong.extend(hostile_user.map(|one| one["id"].to_string()));
    assert_eq!(wrong.len(), 6, "{case}");
    for value in &wrong {
        let reply = person.post("/cases/1/actions", &[("kind", "hunt"), ("observable", value), ("days", "1")]).await;
        assert_eq!(reply.status(), 422, "{value}");
    }
    let id = observable(&case, "sha256");
    let reply = person.post("/cases/1/actions", &[("kind", "hunt"), ("observable", &id), ("days", "91")]).await;
    assert_eq!(reply.status(), 422);
    let kept = reply.text().await.unwrap();
    assert!(kept.contains("must be 1 to 90") && kept.contains("value=\"91\""));
    let log = it.fake.change(|state| state.log.clone());
    assert!(!log.is_empty());
    for call in log {
        let all = format!("{} {:?} {}", call.path, call.form, call.json);
        assert!(!all.contains("delete.exe") && !all.contains("exists") && !all.contains("eve"), "{all}");
    }
}
