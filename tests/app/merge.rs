//! Cases become part of each other and are taken apart again: what moves, what stands, who may.
mod beside;
mod dump;
pub(crate) mod events;
mod meanwhile;
mod property;
mod split;

use crate::support::{Person, Server, add_org, spawn};
use dump::dump;
use events::{Event, MINUTE_MS, deliver, event, on_host};
use fusionsoc::domain::Role;
use serde_json::{Value, json};

/// Where a form led, which must have worked.
async fn done(person: &Person, path: &str, fields: &[(&str, &str)]) -> String {
    let reply = person.post(path, fields).await;
    let (status, to) = (reply.status().as_u16(), reply.headers().get("location").cloned());
    let page = reply.text().await.unwrap();
    assert_eq!(status, 303, "{path} {fields:?}: {}", said(&page));
    to.unwrap().to_str().unwrap().to_owned()
}

/// What a form was refused with, and that it was.
async fn refused(person: &Person, path: &str, fields: &[(&str, &str)], status: u16) -> String {
    let reply = person.post(path, fields).await;
    let (is, page) = (reply.status().as_u16(), reply.text().await.unwrap());
    assert_eq!(is, status, "{path} {fields:?}: {}", said(&page));
    page
}

/// The lines of a page that say what is wrong.
fn said(page: &str) -> String {
    page.lines().filter(|line| line.contains("\"err\"") || line.contains("role=\"alert\"")).collect()
}

fn list<'a>(case: &'a Value, name: &str) -> &'a Vec<Value> {
    case[name].as_array().unwrap()
}

/// Cases of different hosts, one for each program.
async fn cases(server: &Server, programs: &[&str]) {
    for (at, program) in programs.iter().enumerate() {
        deliver(server, &[&on_host(at, event(&format!("{at}-{program}"), program, "", "", 0))]).await;
    }
}

#[tokio::test]
async fn what_a_case_holds_moves_with_its_origin() {
    let server = spawn().await;
    cases(&server, &["stage", "loot"]).await;
    server.run_jobs().await;
    let ana = server.sign_in("ana", Role::Analyst).await;
    done(&ana, "/cases/2/notes", &[("body", "the **second** one")]).await;
    let declared = [("verdict", "false_positive"), ("reason", "known_application"), ("close", "true")];
    done(&ana, "/cases/2/verdict", &declared).await;
    assert_eq!(done(&ana, "/cases/2/merge", &[("into", "1")]).await, "/cases/1?merged=2");
    let case = server.case(1).await;
    assert_eq!(list(&case, "detections").len(), 2);
    assert_eq!(case["verdict"], "pending", "the verdict of the other case stands");
    let origins: Vec<_> =
        list(&case, "runs").iter().map(|run| (run["number"].clone(), run["origin_case"].clone())).collect();
    assert_eq!(origins, [(json!(2), json!(2)), (json!(1), Value::Null)]);
    assert_eq!(
        (&case["notes"][0]["body"], &case["notes"][0]["origin_case"]),
        (&json!("the **second** one"), &json!(2))
    );
    let told = list(&case, "timeline").iter().find(|entry| entry["kind"] == "case_merged").unwrap();
    assert_eq!(told["actor"], "ana");
    assert!(told["text"].as_str().unwrap().contains("ana had declared it false positive"), "{told}");
    let other = server.case(2).await;
    assert_eq!((&other["status"], &other["reason"]), (&json!("closed"), &json!("merged")));
    assert_eq!((&other["merged_into"], &other["verdict"]), (&json!(1), &json!("pending")));
    let (status, page) = ana.page("/cases/1?merged=2").await;
    assert_eq!(status, 200);
    for text in
        ["Case #2 became part of this one", "Came with", "from <a href=\"/cases/2?alone\">#2</a>", "Take out #2"]
    {
        assert!(page.contains(text), "{text}");
    }
    assert_eq!(ana.page("/cases/2").await.0, 303);
    let (status, page) = ana.page("/cases/2?alone").await;
    assert_eq!(status, 200);
    assert!(page.contains("closed, false positive by ana when ana merged it"), "{page}");
    assert!(!page.contains("action=\"/cases/2/verdict\""), "nothing can be decided there");
}

#[tokio::test]
async fn several_cases_are_merged_in_one_step() {
    let server = spawn().await;
    cases(&server, &["a", "b", "c", "d"]).await;
    let ana = server.sign_in("ana", Role::Analyst).await;
    let form = [("numbers", "3,2"), ("numbers", "#4"), ("idempotency_key", "k1")];
    assert_eq!(done(&ana, "/cases/merge", &form).await, "/cases/2", "the oldest of them");
    assert_eq!(done(&ana, "/cases/merge", &form).await, "/cases/2", "sent twice is done once");
    assert_eq!(list(&server.case(2).await, "detections").len(), 3);
    assert_eq!(done(&ana, "/cases/merge", &[("numbers", "1"), ("into", "2")]).await, "/cases/2");
    assert_eq!(server.case(3).await["merged_into"], 2);
    assert_eq!(server.case(1).await["merged_into"], 2);
}

#[tokio::test]
async fn a_merge_that_makes_no_sense_is_refused_in_words() {
    let server = spawn().await;
    cases(&server, &["a", "b", "c", "d"]).await;
    let ana = server.sign_in("ana", Role::Analyst).await;
    let page = refused(&ana, "/cases/1/merge", &[("into", "1")], 422).await;
    assert!(page.contains("part of itself"), "{page}");
    assert!(refused(&ana, "/cases/1/merge", &[("into", "x")], 422).await.contains("Name a case by its number"));
    refused(&ana, "/cases/1/merge", &[("into", "99")], 404).await;
    done(&ana, "/cases/2/merge", &[("into", "1")]).await;
    assert!(
        refused(&ana, "/cases/2/merge", &[("into", "3")], 422).await.contains("Case #2 is part of case #1 already")
    );
    assert!(refused(&ana, "/cases/3/merge", &[("into", "2")], 422).await.contains("Case #2 is part of case #1 itself"));
    assert!(refused(&ana, "/cases/merge", &[], 422).await.contains("Choose the cases"));
    assert!(refused(&ana, "/cases/3/unmerge", &[], 422).await.contains("not part of another one"));
    let declared = [("verdict", "true_positive"), ("reason", "malware")];
    done(&ana, "/cases/3/verdict", &declared).await;
    done(&ana, "/cases/4/verdict", &[("verdict", "false_positive"), ("reason", "known_application")]).await;
    let page = refused(&ana, "/cases/3/merge", &[("into", "4")], 422).await;
    assert!(page.contains("Case #3 was declared true positive and case #4 false positive"), "{page}");
    done(&ana, "/cases/1/tags", &[("add", "tlp:red")]).await;
    let page = refused(&ana, "/cases/1/merge", &[("into", "4")], 422).await;
    assert!(page.contains("Case #1 is TLP:RED. Tag case #4 with tlp:red first."), "{page}");
    assert_eq!(ana.post("/cases/4/status", &[("status", "closed")]).await.status(), 303);
    let shut = [("status", "closed"), ("reason", "insufficient_information")];
    cases(&server, &["e", "f"]).await;
    done(&ana, "/cases/5/status", &shut).await;
    let page = refused(&ana, "/cases/6/merge", &[("into", "5")], 422).await;
    assert!(page.contains("Case #5 is closed without a verdict"), "{page}");
    refused(&ana, "/cases/6/merge", &[("into", "1"), ("version", "77")], 409).await;
    let before = dump(&server.app.store).await;
    refused(&ana, "/cases/merge", &[("numbers", "1,2,3"), ("into", "4")], 422).await;
    assert_eq!(dump(&server.app.store).await, before, "all or nothing");
}

#[tokio::test]
async fn viewers_and_other_organisations_stay_outside() {
    let server = spawn().await;
    cases(&server, &["a", "b"]).await;
    let beta = add_org(&server.app.store, "beta", None).await;
    let viewer = server.sign_in("vic", Role::Viewer).await;
    let stranger = server.sign_in_to(beta, "sam", Role::Lead).await;
    let steps = ["merge", "unmerge", "split", "link", "unlink", "duplicate"];
    for step in steps {
        let form = [("into", "2"), ("to", "2"), ("of", "2"), ("detections", "1")];
        refused(&viewer, &format!("/cases/1/{step}"), &form, 403).await;
        refused(&stranger, &format!("/cases/1/{step}"), &form, 404).await;
    }
    refused(&viewer, "/cases/merge", &[("numbers", "1,2")], 403).await;
    refused(&stranger, "/cases/merge", &[("numbers", "1,2")], 404).await;
    let (_, page) = viewer.page("/cases/1").await;
    assert!(page.contains("Related cases") && !page.contains("Merge into this case"));
}

#[tokio::test]
async fn cases_of_two_organisations_stay_apart() {
    let server = spawn().await;
    cases(&server, &["a"]).await;
    let beta = add_org(&server.app.store, "beta", None).await;
    let token = crate::support::add_token(&server.app.store, beta, fusionsoc::domain::role::Scope::ALL).await;
    let other = Event { sid: "beta-1".to_owned(), ..event("beta", "b", "", "", 0) };
    let sent = crate::support::http().post(format!("{}/api/v1/detections", server.url)).bearer_auth(&token);
    let body = events::document(&other).to_string();
    assert_eq!(sent.header("content-type", "application/json").body(body).send().await.unwrap().status(), 202);
    let both = server.sign_in("bea", Role::Analyst).await;
    let mut tx = server.app.store.write().await.unwrap();
    let user = fusionsoc::store::users::assignable(&mut tx, server.org_id).await.unwrap();
    let id = user.iter().find(|user| user.username == "bea").unwrap().id;
    fusionsoc::store::users::join(&mut tx, id, beta).await.unwrap();
    tx.commit().await.unwrap();
    for (path, field) in [("/cases/1/merge", "into"), ("/cases/1/link", "to"), ("/cases/1/duplicate", "of")] {
        let page = refused(&both, path, &[(field, "2")], 422).await;
        assert!(page.contains("is of acme, case #2"), "{page}");
    }
}

#[tokio::test]
async fn only_a_lead_takes_apart_what_somebody_else_merged() {
    let server = spawn().await;
    cases(&server, &["a", "b"]).await;
    let ana = server.sign_in("ana", Role::Analyst).await;
    let ben = server.sign_in("ben", Role::Analyst).await;
    let eve = server.sign_in("eve", Role::Lead).await;
    done(&ana, "/cases/2/merge", &[("into", "1")]).await;
    assert!(refused(&ben, "/cases/2/unmerge", &[], 422).await.contains("Only a lead"));
    assert!(!ben.page("/cases/1").await.1.contains("Take out #2"));
    assert_eq!(done(&eve, "/cases/2/unmerge", &[("idempotency_key", "k")]).await, "/cases/2");
    assert_eq!(done(&eve, "/cases/2/unmerge", &[("idempotency_key", "k")]).await, "/cases/2");
    done(&ana, "/cases/2/merge", &[("into", "1")]).await;
    done(&ana, "/cases/2/unmerge", &[]).await;
    let case = server.case(2).await;
    assert_eq!((&case["status"], &case["merged_into"]), (&json!("new"), &Value::Null));
    let kinds: Vec<_> = list(&case, "timeline").iter().map(|entry| entry["kind"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["unmerged", "merged", "unmerged", "merged", "case_opened"]);
}

#[tokio::test]
async fn the_api_has_the_same_verbs() {
    let server = spawn().await;
    cases(&server, &["a", "b", "c"]).await;
    let (status, case) = server.post("/api/v1/cases/2/merge", json!({"into": 1}).to_string()).await;
    assert_eq!((status, &case["number"], list(&case, "detections").len()), (200, &json!(1), 2), "{case}");
    let (status, case) = server.post("/api/v1/cases/2/unmerge", "").await;
    assert_eq!((status, &case["number"], list(&case, "detections").len()), (200, &json!(2), 1), "{case}");
    let (status, case) = server.post("/api/v1/cases/2/link", json!({"to": 3}).to_string()).await;
    assert_eq!(status, 200, "{case}");
    let linked = list(&case, "related").iter().find(|one| one["number"] == 3).unwrap();
    assert!(linked["why"].as_str().unwrap().starts_with("linked by test"), "{linked}");
    let (status, case) = server.post("/api/v1/cases/3/duplicate", json!({"of": 2}).to_string()).await;
    assert_eq!((status, &case["duplicate_of"], &case["status"]), (200, &json!(2), &json!("closed")), "{case}");
    assert_eq!(server.post("/api/v1/cases/1/merge", json!({"into": 1}).to_string()).await.0, 422);
    assert_eq!(server.post("/api/v1/cases/1/merge", json!({"to": 2}).to_string()).await.0, 422);
    assert_eq!(server.post("/api/v1/cases/1/merge", json!({"into": 77}).to_string()).await.0, 404);
    let document = server.get("/api/openapi.json").await;
    for verb in ["merge", "unmerge", "split", "link", "unlink", "duplicate"] {
        assert!(document["paths"][format!("/api/v1/cases/{{number}}/{verb}")]["post"].is_object(), "{verb}");
    }
}

/// Ingest itself makes cases one, and that can be taken back like any other merge.
#[tokio::test]
async fn what_ingest_merged_can_be_taken_apart_and_stays_so() {
    let server = spawn().await;
    deliver(&server, &[&event("a", "stage", "a", "x", 0), &event("c", "loot", "c", "b", MINUTE_MS)]).await;
    server.run_jobs().await;
    let before = dump(&server.app.store).await;
    deliver(&server, &[&event("b", "bridge", "b", "a", 2 * MINUTE_MS)]).await;
    assert_eq!(server.case(2).await["merged_into"], 1);
    let ana = server.sign_in("ana", Role::Analyst).await;
    done(&ana, "/cases/2/unmerge", &[]).await;
    let after = dump(&server.app.store).await;
    assert_eq!(dump::of_case(&after, 2), dump::of_case(&before, 2), "as it was");
    assert_eq!(list(&server.case(1).await, "detections").len(), 2, "what came meanwhile stays");
    deliver(&server, &[&event("d", "bridge2", "b", "a", 3 * MINUTE_MS)]).await;
    assert_eq!(server.case(2).await["merged_into"], Value::Null, "what people took apart stays apart");
    done(&ana, "/cases/2/merge", &[("into", "1")]).await;
    assert_eq!(list(&server.case(1).await, "detections").len(), 4);
}
