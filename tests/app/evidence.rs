//! Evidence before opinion: what LimaCharlie says is gathered before the vote, and a window without the trigger proves nothing.

mod by_hand;
mod chain;
mod connected;
mod prompt;
mod sweep;

use crate::support::limacharlie::{Fault, Kept};
use connected::{Connected, connected};
use fusionsoc::domain::Role;
use serde_json::{Value, json};

/// The evidence of a case by its kind.
fn piece<'a>(case: &'a Value, kind: &str) -> &'a Value {
    let all = case["evidence"].as_array().unwrap();
    all.iter().find(|piece| piece["kind"] == kind).unwrap_or_else(|| panic!("no {kind} in {all:?}"))
}

fn states(case: &Value) -> Vec<(String, String)> {
    let text = |piece: &Value, field: &str| piece[field].as_str().unwrap().to_owned();
    let all = case["evidence"].as_array().unwrap().iter();
    all.map(|piece| (text(piece, "kind"), text(piece, "state"))).collect()
}

fn vetoes(case: &Value) -> Vec<&str> {
    case["runs"][0]["vetoes"].as_array().unwrap().iter().filter_map(|veto| veto["kind"].as_str()).collect()
}

#[tokio::test]
async fn it_is_gathered_before_the_vote_and_shown() {
    let it = connected().await;
    let grand = json!({"FILE_PATH": "C:\\Windows\\System32\\wininit.exe", "COMMAND_LINE": "wininit.exe", "FILE_IS_SIGNED": 1, "USER_NAME": "NT AUTHORITY\\SYSTEM"});
    it.event("NEW_PROCESS", -700_000, "774bd3d3f6eecb2a3240e32369a487a8", "", grand);
    it.fake.change(|state| state.objects.insert(it.hash(), json!({"a": {}, "b": {}, "c": {}})));
    let case = it.triaged().await;
    let expected = [("ancestors", "ok"), ("children", "ok"), ("sweep", "ok"), ("tags", "ok"), ("prevalence", "ok")];
    assert_eq!(states(&case), expected.map(|(kind, state)| (kind.to_owned(), state.to_owned())));
    let sweep = piece(&case, "sweep");
    assert_eq!(
        (sweep["total"].as_i64(), sweep["text"].as_str()),
        (Some(4), Some("4 events, the detection's own among them."))
    );
    assert!(sweep["lines"].as_array().unwrap().iter().any(|line| line["marks"] == json!(["trigger", "unsigned"])));
    let lines = piece(&case, "ancestors")["lines"].as_array().unwrap().clone();
    assert!(lines[0]["text"].as_str().unwrap().contains("services.exe"), "the event tells its parent: {lines:?}");
    assert_eq!((&lines[1]["text"], &lines[1]["marks"]), (&json!("wininit.exe"), &json!(["signed"])));
    assert!(piece(&case, "prevalence")["text"].as_str().unwrap().contains("SHA-256 on 3 hosts"));
    assert!(!vetoes(&case).contains(&"evidence"));
    let timeline = case["timeline"].as_array().unwrap();
    let at = |kind: &str| timeline.iter().position(|entry| entry["kind"] == kind).unwrap();
    assert!(at("triaged") < at("evidence"), "newest first: it was gathered before");
    let page = it.page().await;
    for text in
        ["id=\"evidence\"", "4 events, the detection&#39;s own among them.", "wininit.exe", "c2.example", "the trigger"]
    {
        assert!(page.contains(text), "{text} is not shown");
    }
    let link = format!("https://app.limacharlie.io/orgs/{}/sensors/", it.oid());
    assert!(page.contains(&link), "it links to the events");
}

#[tokio::test]
async fn a_case_of_an_organisation_without_limacharlie_has_none() {
    let server = crate::support::spawn().await;
    server.deliver(crate::support::SEED).await;
    server.run_jobs().await;
    let case = server.case(1).await;
    assert_eq!((&case["evidence"], vetoes(&case).contains(&"evidence")), (&json!([]), false));
}

#[tokio::test]
async fn what_is_missing_keeps_the_machine_from_closing_and_never_stops_the_triage() {
    let it = connected().await;
    it.fake.change(|state| state.kept = Kept::Nothing);
    let case = it.triaged().await;
    assert_eq!(piece(&case, "sweep")["state"], "inconclusive");
    assert_eq!(piece(&case, "children")["state"], "inconclusive");
    assert!(vetoes(&case).contains(&"evidence"));
    assert_eq!(case["runs"][0]["state"], "done");
    let page = it.page().await;
    assert!(page.contains("can't be used as nothing found"), "shown");
}

#[tokio::test]
async fn an_api_that_is_down_gives_pieces_that_say_so() {
    let it = connected().await;
    it.fake.fail(&vec![Fault::Status(403); 40]);
    let case = it.triaged().await;
    assert!(states(&case).iter().all(|(_, state)| state == "failed"), "{:?}", states(&case));
    assert!(vetoes(&case).contains(&"evidence"));
    assert!(!case["runs"][0]["votes"].as_array().unwrap().is_empty());
    let page = it.page().await;
    assert!(page.contains("LimaCharlie refused"), "the reason is shown");
}

#[tokio::test]
async fn young_pieces_are_used_again_and_failed_ones_are_not() {
    let it = connected().await;
    it.triaged().await;
    let before = it.calls();
    it.again().await;
    assert_eq!(it.calls(), before, "nothing was asked again");
    let case = it.server.case(1).await;
    assert_eq!((case["evidence"].as_array().unwrap().len(), case["runs"].as_array().unwrap().len()), (5, 2));
    let other = connected().await;
    other.fake.fail(&vec![Fault::Status(403); 40]);
    other.triaged().await;
    other.fake.change(|state| state.faults.clear());
    other.again().await;
    assert_eq!(piece(&other.server.case(1).await, "sweep")["state"], "ok");
}

#[tokio::test]
async fn the_sensors_tags_of_today_count_and_our_own_do_not() {
    let it = connected().await;
    it.tag(&["fusionsoc-critical", "fusion-soc-alert"]);
    let case = it.triaged().await;
    assert!(!vetoes(&case).contains(&"host_tags"));
    assert!(piece(&case, "tags")["text"].as_str().unwrap().contains("1 tag and 2 of our own"));
    let it = connected().await;
    it.tag(&["yara_detection_memory"]);
    it.fake.change(|state| {
        state.sensors.values_mut().for_each(|sensor| {
            (sensor.online, sensor.wanted, sensor.actual, sensor.looks_left) = (false, true, false, 9);
        });
    });
    let case = it.triaged().await;
    assert!(vetoes(&case).contains(&"host_tags"));
    assert!(case["runs"][0]["flags"].as_array().unwrap().iter().any(|flag| flag["kind"] == "host_tags"));
    assert!(
        piece(&case, "tags")["text"]
            .as_str()
            .unwrap()
            .starts_with("The sensor is offline, to be isolated, not isolated yet;")
    );
    let person = it.server.sign_in("bo", Role::Viewer).await;
    let (_, page) = person.page(&format!("/sensors/{}", it.sid())).await;
    for text in ["offline", "not isolated yet", "yara_detection_memory"] {
        assert!(page.contains(text), "{text} is not on the page");
    }
}

#[tokio::test]
async fn hostile_ids_and_values_never_reach_an_address() {
    let it = connected().await;
    let mut detection = it.detection.clone();
    for (field, value) in [("sid", "../../orgs/x?y=1"), ("this", "../children#"), ("parent", "a/../b"), ("oid", "x/y")]
    {
        detection["routing"][field] = json!(value);
    }
    detection["detect"]["event"]["HASH"] = json!("'; DROP|x");
    detection["detect"]["event"]["DOMAIN_NAME"] = json!("evil/../../x.example");
    it.deliver(&detection).await;
    let case = it.server.case(1).await;
    assert!(states(&case).iter().all(|(_, state)| state == "failed"));
    for field in ["this", "parent"] {
        let it = connected().await;
        let mut detection = it.detection.clone();
        detection["routing"][field] = json!("../../v1/orgs");
        detection["detect"]["event"]["HASH"] = json!("'; DROP|x");
        it.deliver(&detection).await;
        let log = it.fake.change(|state| state.log.clone());
        assert!(
            log.len() > 3 && log.iter().all(|call| !call.path.contains("..") && !call.path.contains("DROP")),
            "{log:?}"
        );
    }
    let log = it.fake.change(|state| state.log.clone());
    assert!(log.is_empty(), "{log:?}");
}

/// Shows how a case is reached in these tests.
impl Connected {
    fn hash(&self) -> String {
        self.detection["detect"]["event"]["HASH"].as_str().unwrap().to_owned()
    }
}
