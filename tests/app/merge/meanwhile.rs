//! What happens at the same time as a merge, or after it: votes, detections, declarations, other people.
use crate::merge::dump::dump;
use crate::merge::events::{Event, MINUTE_MS, deliver, event, on_host};
use crate::merge::{cases, done, list, refused};
use crate::support::{fakes, spawn, spawn_with};
use fusionsoc::domain::Role;
use fusionsoc::voters::VoterConfig;
use serde_json::{Value, json};
use std::time::Duration;
use wiremock::ResponseTemplate;

#[tokio::test]
async fn a_run_that_waits_ends_in_the_case_that_holds_it() {
    let server = spawn().await;
    cases(&server, &["a", "b"]).await;
    let ana = server.sign_in("ana", Role::Analyst).await;
    done(&ana, "/cases/2/merge", &[("into", "1")]).await;
    assert_eq!(server.case(1).await["triage_state"], "queued");
    server.run_jobs().await;
    let case = server.case(1).await;
    assert!(list(&case, "runs").iter().all(|run| run["state"] == "done"), "{}", case["runs"]);
    assert_eq!(list(&case, "runs").len(), 2);
    done(&ana, "/cases/2/unmerge", &[]).await;
    let (one, two) = (server.case(1).await, server.case(2).await);
    for case in [&one, &two] {
        assert_eq!((list(case, "runs").len(), &case["triage_state"]), (1, &json!("done")), "{case}");
        assert_eq!(case["runs"][0]["number"], 1);
        assert_ne!(case["machine_verdict"], "none");
    }
}

/// A model that takes its time, so that its case becomes part of another one while it is asked.
#[tokio::test]
async fn a_run_under_way_ends_in_the_case_that_holds_it() {
    let said = json!({"model": "slow", "created_at": "2026-03-23T04:16:32Z", "done": true, "done_reason": "stop",
        "message": {"role": "assistant", "content": fakes::answer("false_positive", 90).to_string()}});
    let reply = ResponseTemplate::new(200).set_body_json(said).set_delay(Duration::from_millis(700));
    let model = fakes::ollama_answering("slow", reply).await;
    let server = spawn_with(|config| config.voters = vec![VoterConfig::ollama("slow", &model.uri(), "slow")]).await;
    cases(&server, &["a"]).await;
    server.run_jobs().await;
    let ana = server.sign_in("ana", Role::Analyst).await;
    deliver(&server, &[&on_host(5, event("late", "late", "", "", 0))]).await;
    let before = fakes::chats(&model).await;
    let meanwhile = async {
        while fakes::chats(&model).await == before {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        assert_eq!(server.case(2).await["triage_state"], "running");
        done(&ana, "/cases/2/merge", &[("into", "1")]).await;
    };
    let (worked, ()) = tokio::join!(server.run_jobs(), meanwhile);
    assert!(worked > 0);
    let case = server.case(1).await;
    assert_eq!((&case["runs"][0]["state"], &case["runs"][0]["origin_case"]), (&json!("done"), &json!(2)), "{case}");
    assert_eq!(case["triage_state"], "done");
    done(&ana, "/cases/2/unmerge", &[]).await;
    let case = server.case(2).await;
    assert_eq!(
        (&case["triage_state"], &case["machine_verdict"]),
        (&json!("done"), &case["runs"][0]["machine_verdict"])
    );
    let named = list(&case, "techniques").iter().any(|one| one["source"] == "slow" && one["id"] == "T1140");
    assert!(named, "what its own run named is its own: {}", case["techniques"]);
}

#[tokio::test]
async fn what_happened_after_the_merge_stays_there() {
    let server = spawn().await;
    cases(&server, &["a", "b"]).await;
    let ana = server.sign_in("ana", Role::Analyst).await;
    done(&ana, "/cases/2/merge", &[("into", "1")]).await;
    // Of the second case's behaviour and host, which is the first one's by now.
    deliver(&server, &[&on_host(1, event("later", "b", "", "", MINUTE_MS))]).await;
    done(&ana, "/cases/1/notes", &[("body", "after it")]).await;
    let declared = [("verdict", "false_positive"), ("reason", "known_application"), ("close", "true")];
    server.run_jobs().await;
    done(&ana, "/cases/1/verdict", &declared).await;
    done(&ana, "/cases/2/unmerge", &[]).await;
    let (one, two) = (server.case(1).await, server.case(2).await);
    assert_eq!((&one["verdict"], &one["status"]), (&json!("false_positive"), &json!("closed")));
    assert_eq!((list(&one, "detections").len(), list(&one, "notes").len()), (2, 1));
    assert_eq!((&two["verdict"], &two["status"]), (&json!("pending"), &json!("new")));
    assert_eq!((list(&two, "detections").len(), list(&two, "notes").len()), (1, 0));
    let values = |case: &Value| {
        let mut all: Vec<_> = list(case, "observables").iter().map(|one| one["value"].to_string()).collect();
        all.sort();
        all
    };
    let image = json!("C:\\Windows\\b.exe").to_string();
    assert!(values(&one).contains(&image), "the later detection holds it: {:?}", values(&one));
    assert!(values(&two).contains(&image));
}

#[tokio::test]
async fn two_people_who_merge_at_once_are_both_told_the_truth() {
    let server = spawn().await;
    cases(&server, &["a", "b", "c"]).await;
    let ana = server.sign_in("ana", Role::Analyst).await;
    let ben = server.sign_in("ben", Role::Analyst).await;
    let (one, two) =
        tokio::join!(ana.post("/cases/1/merge", &[("into", "2")]), ben.post("/cases/2/merge", &[("into", "1")]),);
    let mut status = [one.status().as_u16(), two.status().as_u16()];
    status.sort_unstable();
    assert_eq!(status[0], 303, "one of the two is done");
    assert!([409, 422, 503].contains(&status[1]), "the other is told: {status:?}");
    let holders = [server.case(1).await["merged_into"].clone(), server.case(2).await["merged_into"].clone()];
    assert!(holders.contains(&Value::Null) && holders.iter().any(Value::is_i64), "{holders:?}");
}

#[tokio::test]
async fn a_case_that_is_part_of_another_one_is_left_alone() {
    let server = spawn().await;
    cases(&server, &["a", "b"]).await;
    let ana = server.sign_in("ana", Role::Analyst).await;
    let declared = [("verdict", "undetermined"), ("note", "?")];
    done(&ana, "/cases/2/verdict", &declared).await;
    done(&ana, "/cases/2/merge", &[("into", "1")]).await;
    let before = dump(&server.app.store).await;
    let text = "this took me an hour";
    let page = refused(&ana, "/cases/2/notes", &[("body", text), ("kind", "analysis")], 409).await;
    assert!(page.contains("Case #2 became part of case #1") && page.contains(text), "{page}");
    assert!(page.contains("action=\"/cases/1/notes\""), "it can be sent there");
    let page = refused(&ana, "/cases/2/verdict", &[("verdict", "benign_true_positive"), ("note", text)], 409).await;
    assert!(page.contains(text) && page.contains("action=\"/cases/1/verdict\""), "{page}");
    for (step, field, value) in [
        ("status", "status", "in_progress"),
        ("severity", "severity", "low"),
        ("assign", "user", "ana"),
        ("triage", "x", ""),
        ("tasks", "text", "Call the owner"),
        ("tags", "add", "tlp:red"),
        ("snooze", "until", "4h"),
    ] {
        refused(&ana, &format!("/cases/2/{step}"), &[(field, value)], 409).await;
    }
    refused(&ana, "/undo", &[], 409).await;
    assert_eq!(server.post("/api/v1/cases/2/notes", json!({"body": "x"}).to_string()).await.0, 409);
    assert_eq!(dump(&server.app.store).await, before);
}

#[tokio::test]
async fn what_somebody_was_typing_is_not_lost() {
    let server = spawn().await;
    cases(&server, &["a", "b"]).await;
    let ana = server.sign_in("ana", Role::Analyst).await;
    let ben = server.sign_in("ben", Role::Analyst).await;
    assert_eq!(ana.post("/cases/2/draft", &[("form", "note"), ("body", "half a th")]).await.status(), 204);
    done(&ben, "/cases/2/merge", &[("into", "1")]).await;
    assert!(ana.page("/cases/1").await.1.contains("half a th"));
    assert!(!ben.page("/cases/1").await.1.contains("half a th"));
    assert_eq!(ana.post("/cases/1/draft", &[("form", "note"), ("body", "half a thought")]).await.status(), 204);
    done(&ana, "/cases/1/notes", &[("body", "a thought")]).await;
    assert!(!ana.page("/cases/1").await.1.contains("half a th"));
}

#[tokio::test]
async fn the_host_that_counts_is_the_one_that_a_behaviour_was_seen_on() {
    let server = spawn().await;
    cases(&server, &["a", "b"]).await;
    let high = on_host(1, event("high", "c", "", "", MINUTE_MS));
    deliver(&server, &[&Event { level: Some("high"), ..high }]).await;
    let ana = server.sign_in("ana", Role::Analyst).await;
    done(&ana, "/cases/2/merge", &[("into", "1")]).await;
    server.run_jobs().await;
    let case = server.case(1).await;
    for run in list(&case, "runs") {
        let vetoes = run["vetoes"].as_array().unwrap();
        let stands = vetoes.iter().any(|veto| veto["kind"] == "host_case");
        assert_eq!(stands, run["origin_case"] == 2, "the other high case is on the host of the part: {run}");
    }
    assert_eq!(list(&case, "runs").len(), 2);
}
