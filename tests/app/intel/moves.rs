//! Answers follow what they are about: into a case that is split off, and back with one that is taken out.
use crate::intel::fakes::{CHILD, Informed, PARENT, answer, informed, informed_with, verdict};
use crate::merge::events::{document, event, on_host};
use fusionsoc::domain::Role;
use serde_json::{Value, json};

/// The file of the second detection; both have the same parent.
const LOOT: &str = "9b1d7a3c5e2f48060b1c2d3e4f5a69788796a5b4c3d2e1f00112233445566778";

/// A case of two behaviours, each with a file of its own.
async fn tree(it: &Informed) -> Value {
    for (id, program, this, parent, hash) in [("a", "stage", "a", "x", CHILD), ("b", "loot", "b", "a", LOOT)] {
        let mut document = document(&event(id, program, this, parent, 0));
        document["detect"]["event"]["HASH"] = json!(hash);
        assert_eq!(it.server.post("/api/v1/detections", document.to_string()).await.0, 202);
    }
    it.server.run_jobs().await;
    it.server.case(1).await
}

async fn done(it: &Informed, path: &str, fields: &[(&str, &str)]) {
    let person = it.server.sign_in(&format!("m{}", rand::random::<u32>()), Role::Lead).await;
    assert_eq!(person.post(path, fields).await.status(), 303, "{path}");
}

/// Splits a detection off the first case.
async fn split(it: &Informed, case: &Value, id: &str) {
    let all = case["detections"].as_array().unwrap();
    let id = all.iter().find(|one| one["detect_id"] == id).unwrap()["id"].to_string();
    done(it, "/cases/1/split", &[("detections", &id)]).await;
}

/// The values that answers of a case are about.
fn values(case: &Value) -> Vec<&str> {
    let mut all: Vec<&str> =
        case["intelligence"].as_array().unwrap().iter().filter_map(|one| one["value"].as_str()).collect();
    all.sort_unstable();
    all
}

fn told(case: &Value, text: &str) -> bool {
    case["timeline"].as_array().unwrap().iter().any(|entry| entry["text"].as_str().unwrap().contains(text))
}

/// A provider whose quota is used up for now.
async fn waiting() -> Informed {
    let it = informed_with(|section, _| section["virustotal"]["per_minute"] = json!(3)).await;
    let now = fusionsoc::clock::now_ms();
    it.server.sql("INSERT INTO intel_providers (name) VALUES ('virustotal')").await;
    for _ in 0..3 {
        it.server.sql(&format!("INSERT INTO intel_calls (provider, at_ms) VALUES ('virustotal', {now})")).await;
    }
    it
}

#[tokio::test]
async fn answers_go_where_the_value_is_when_a_case_is_split() {
    let it = informed().await;
    it.fake.knows(LOOT, 30, -50);
    let case = tree(&it).await;
    assert_eq!(values(&case), [PARENT, LOOT, CHILD]);
    split(&it, &case, "b").await;
    let (one, two) = (it.server.case(1).await, it.server.case(2).await);
    assert_eq!((values(&one), values(&two)), (vec![PARENT, CHILD], vec![PARENT, LOOT]));
    assert_eq!((verdict(&two, LOOT), two["triage_state"].as_str()), (&json!("malicious"), Some("queued")));
    it.server.run_jobs().await;
    assert_eq!((values(&it.server.case(2).await).len(), it.fake.asked().await.len()), (2, 3), "nothing is asked twice");
}

#[tokio::test]
async fn a_late_answer_opens_the_case_that_holds_the_value() {
    let it = waiting().await;
    let case = tree(&it).await;
    assert_eq!((values(&case).len(), it.fake.asked().await.len()), (3, 0));
    split(&it, &case, "b").await;
    it.fake.knows(LOOT, 30, -50);
    it.a_minute_later().await;
    let (one, two) = (it.server.case(1).await, it.server.case(2).await);
    assert!(!told(&one, "came late: VirusTotal calls"), "{}", one["timeline"]);
    assert_eq!(verdict(&two, LOOT), "malicious");
    assert!(one["runs"].as_array().unwrap().iter().all(|run| !run["vetoes"].to_string().contains("malicious")));
}

#[tokio::test]
async fn where_the_behaviour_left_that_it_was_asked_for_the_one_that_holds_the_value_is_asked_about() {
    let it = waiting().await;
    let case = tree(&it).await;
    split(&it, &case, "a").await;
    it.server.sql("UPDATE intel SET due_ms = NULL WHERE case_number <> 1").await;
    it.server.sql("UPDATE jobs SET run_at_ms = 9000000000000 WHERE kind = 'triage'").await;
    it.fake.knows(PARENT, 30, -50);
    it.a_minute_later().await;
    let one = it.server.case(1).await;
    let left = one["detections"][0]["fingerprint"].clone();
    assert!(told(&one, "came late: VirusTotal calls"), "{}", one["timeline"]);
    let asked: Vec<&Value> = one["runs"].as_array().unwrap().iter().map(|run| &run["fingerprint"]).collect();
    assert_eq!(asked, [&left, &left], "it is asked about again, and nothing else");
}

#[tokio::test]
async fn what_a_part_was_asked_for_goes_back_with_it() {
    let it = informed().await;
    it.fake.knows(LOOT, 30, -50);
    let other = |host, id, hash: &str| {
        let mut document = document(&on_host(host, event(id, id, id, "", 0)));
        document["detect"]["event"]["HASH"] = json!(hash);
        document.to_string()
    };
    it.triaged(&other(1, "stay", CHILD)).await;
    assert_eq!(it.server.post("/api/v1/detections", other(2, "part", LOOT)).await.0, 202);
    done(&it, "/cases/2/merge", &[("into", "1")]).await;
    it.server.run_jobs().await;
    let whole = it.server.case(1).await;
    assert_eq!((values(&whole), verdict(&whole, LOOT)), (vec![PARENT, LOOT, CHILD], &json!("malicious")));
    done(&it, "/cases/2/unmerge", &[]).await;
    let (one, two) = (it.server.case(1).await, it.server.case(2).await);
    assert_eq!((values(&one), values(&two)), (vec![PARENT, CHILD], vec![PARENT, LOOT]));
    assert_eq!(answer(&two, "virustotal", LOOT)["verdict"], "malicious");
}
