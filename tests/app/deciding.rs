//! Deciding from the queue and from case pages, without a script: what one press may do, what comes
//! next, undo at any time, drafts.
mod drafts;
mod undo;

use crate::support::agreeing::{self, benign, deliver, field, precedent};
use crate::support::{SEED, Server, spawn};
use fusionsoc::domain::Role;
use serde_json::json;

/// The address that a reply leads to.
pub(crate) fn location(reply: &reqwest::Response) -> String {
    assert_eq!(reply.status(), 303, "{}", reply.url());
    reply.headers()["location"].to_str().unwrap().to_owned()
}

/// A triaged case with flags.
pub(crate) async fn flagged(server: &Server) -> i64 {
    let number = server.deliver(SEED).await["number"].as_i64().unwrap();
    server.run_jobs().await;
    number
}

/// Numbers of the queue's rows, in order.
fn rows(page: &str) -> Vec<i64> {
    page.split("data-row=\"").skip(1).map(|part| part.split('"').next().unwrap().parse().unwrap()).collect()
}

#[tokio::test]
async fn from_the_queue_a_flagged_case_wants_to_be_looked_at_first() {
    let (server, _models) = agreeing::spawn().await;
    let ana = server.sign_in("ana", Role::Analyst).await;
    let number = flagged(&server).await;
    let queue = ana.page("/cases").await.1;
    let shown = field(&queue, "class=\"peek\"", "flags");
    assert!(shown.parse::<usize>().unwrap() >= 2, "flags and vetoes: {shown}");
    assert!(queue.contains(&format!("{shown} things argue against this. Close as false positive?")));
    assert!(queue.contains("This behaviour is seen here for the first time."), "vetoes are told as well");
    let path = format!("/cases/{number}/verdict");
    let usual =
        [("verdict", "false_positive"), ("close", "true"), ("next", "queue"), ("from", ""), ("note", "my text")];
    let reply = ana.post(&path, &usual).await;
    assert_eq!(reply.status(), 422);
    let page = reply.text().await.unwrap();
    assert!(page.contains(&format!("{shown} things argue against this.")) && page.contains("my text"), "{page}");
    let fewer: Vec<_> = usual.into_iter().chain([("flags", "1")]).collect();
    let reply = ana.post(&path, &fewer).await;
    assert_eq!(reply.status(), 409);
    assert!(reply.text().await.unwrap().contains("Only 1 stood there"));
    assert_eq!(server.case(number).await["verdict"], json!("pending"));
    let all: Vec<_> = usual.into_iter().chain([("flags", shown.as_str())]).collect();
    location(&ana.post(&path, &all).await);
    assert_eq!(server.case(number).await["verdict"], json!("false_positive"));
}

#[tokio::test]
async fn on_the_case_page_the_flags_are_in_sight_and_the_form_needs_no_number() {
    let server = spawn().await;
    let ana = server.sign_in("ana", Role::Analyst).await;
    let number = flagged(&server).await;
    let page = ana.page(&format!("/cases/{number}")).await.1;
    let version = field(&page, "id=\"declare\"", "version");
    let fields = [("verdict", "false_positive"), ("close", "true"), ("version", version.as_str())];
    let reply = ana.post(&format!("/cases/{number}/verdict"), &fields).await;
    assert_eq!(location(&reply), format!("/cases/{number}"));
}

#[tokio::test]
async fn one_press_is_enough_only_where_all_agree_and_nothing_speaks_against_it() {
    let (server, _models) = agreeing::spawn().await;
    precedent(&server).await;
    deliver(&server, &[benign(1), benign(2)]).await;
    let ana = server.sign_in("ana", Role::Analyst).await;
    let queue = ana.page("/cases?group=off").await.1;
    let number = rows(&queue)[0];
    assert_eq!(field(&queue, "class=\"peek\"", "flags"), "0", "{}", server.case(number).await);
    let one = "<button class=\"btn v-fp\" type=\"submit\" data-key=\"f\"";
    assert!(queue.contains(one), "false positive is a button");
    for key in ["b", "t", "e"] {
        let opens = queue.split("<summary").any(|part| part.contains(&format!("data-key=\"{key}\"")));
        assert!(opens, "{key} opens its question");
    }
    let path = format!("/cases/{number}/verdict");
    let from_queue =
        |fields: &[(&'static str, &'static str)]| [fields, &[("next", "queue"), ("from", "group=off")]].concat();
    for fields in
        [&[("verdict", "benign_true_positive"), ("close", "true")][..], &[("verdict", "true_positive"), ("flags", "0")]]
    {
        assert_eq!(ana.post(&path, &from_queue(fields)).await.status(), 422, "{fields:?}");
    }
    let reply = ana.post(&path, &from_queue(&[("verdict", "undetermined")])).await;
    assert_eq!(reply.status(), 422);
    assert!(reply.text().await.unwrap().contains("Write what is missing."));
    location(&ana.post(&path, &from_queue(&[("verdict", "undetermined"), ("note", "Who started it?")])).await);
    assert_eq!(server.case(number).await["status"], json!("in_progress"), "the case stays open");
    let other = rows(&queue)[1];
    let fields = from_queue(&[("verdict", "false_positive"), ("close", "true")]);
    location(&ana.post(&format!("/cases/{other}/verdict"), &fields).await);
    assert_eq!(server.case(other).await["status"], json!("closed"));
}

#[tokio::test]
async fn a_split_vote_wants_a_reason() {
    let (server, models) = agreeing::spawn().await;
    models[1].reset().await;
    crate::support::fakes::say(&models[1], "two", &crate::support::fakes::answer("true_positive", 88).to_string())
        .await;
    let ana = server.sign_in("ana", Role::Analyst).await;
    let number = flagged(&server).await;
    assert_eq!(server.case(number).await["machine_verdict"], json!("needs_review"));
    let queue = ana.page("/cases").await.1;
    let shown = field(&queue, "class=\"peek\"", "flags");
    let path = format!("/cases/{number}/verdict");
    let fields = [("verdict", "false_positive"), ("close", "true"), ("next", "queue"), ("flags", shown.as_str())];
    let reply = ana.post(&path, &fields).await;
    assert_eq!(reply.status(), 422);
    assert!(reply.text().await.unwrap().contains("Give a reason, because the voters do not agree."));
    let fields: Vec<_> = fields.into_iter().chain([("reason", "known_application")]).collect();
    location(&ana.post(&path, &fields).await);
}

#[tokio::test]
async fn the_next_case_of_the_list_comes_up_after_a_verdict() {
    let (server, _models) = agreeing::spawn().await;
    precedent(&server).await;
    deliver(&server, &[benign(1), benign(2), benign(3)]).await;
    let ana = server.sign_in("ana", Role::Analyst).await;
    let list = "view=needs_decision&severity=medium&sort=newest";
    let queue = ana.page(&format!("/cases?{list}")).await.1;
    let order = rows(&queue);
    assert_eq!(order.len(), 3);
    let from = field(&queue, "class=\"peek\"", "from");
    let decide = async |number: i64, next: &str| {
        let fields = [("verdict", "false_positive"), ("close", "true"), ("next", next), ("from", &from)];
        location(&ana.post(&format!("/cases/{number}/verdict"), &fields).await)
    };
    let to = decide(order[0], "queue").await;
    assert!(to.starts_with("/cases?") && to.contains("severity=medium") && to.contains("sort=newest"), "{to}");
    assert!(to.contains(&format!("peek={}", order[1])), "{to}");
    let page = ana.page(&to).await.1;
    assert!(page.contains(&format!("#{} closed as false positive.", order[0])), "the toast says what was done");
    assert!(page.contains(&format!("Preview of case {}", order[1])), "the next one is previewed");
    assert_eq!(field(&page, "id=\"done\"", "next"), "queue");
    // From a case page of the list: its neighbours, and the next one after a verdict.
    let case = format!("/cases/{}?{}", order[1], serde_from(&from));
    let page = ana.page(&case).await.1;
    assert!(page.contains("rel=\"next\"") && !page.contains("rel=\"prev\""), "the decided one has left the list");
    let to = decide(order[1], "").await;
    assert!(to.starts_with(&format!("/cases/{}?from=", order[2])), "{to}");
    assert!(ana.page(&to).await.1.contains(&format!("#{} closed as false positive.", order[1])));
    let to = decide(order[2], "").await;
    assert!(to.starts_with("/cases?") && to.contains(&format!("done={}", order[2])), "none is left: {to}");
    assert!(ana.page(&to).await.1.contains("No case matches."));
}

fn serde_from(query: &str) -> String {
    form_urlencoded::Serializer::new(String::new()).append_pair("from", query).finish()
}

#[tokio::test]
async fn a_form_of_the_case_page_keeps_the_list_and_nothing_else_is_taken_for_one() {
    let (server, _models) = agreeing::spawn().await;
    let ana = server.sign_in("ana", Role::Analyst).await;
    let number = flagged(&server).await;
    let reply = ana.post(&format!("/cases/{number}/notes?from=view%3Dopen"), &[("body", "Seen.")]).await;
    assert_eq!(location(&reply), format!("/cases/{number}?from=view%3Dopen"));
    for evil in
        ["https://evil.example/", "//evil.example", "view=open\r\nx: y", "view=nothing", "/cases?view=open#//evil"]
    {
        let page = ana.page(&format!("/cases/{number}?{}", serde_from(evil))).await;
        assert_eq!(page.0, 200, "{evil}");
        assert!(!page.1.contains("evil.example"), "{evil}");
        let fields = [("verdict", "undetermined"), ("note", "why"), ("from", evil)];
        let to = location(&ana.post(&format!("/cases/{number}/verdict"), &fields).await);
        assert!(to.starts_with("/cases") && !to.contains("evil"), "{to}");
    }
    let reply =
        ana.post(&format!("/cases/{number}/notes?from=https%3A%2F%2Fevil.example"), &[("body", "Again.")]).await;
    assert!(!location(&reply).contains("evil"));
}

#[tokio::test]
async fn a_verdict_that_is_sent_twice_is_given_once_and_leads_on_both_times() {
    let (server, _models) = agreeing::spawn().await;
    precedent(&server).await;
    deliver(&server, &[benign(1), benign(2)]).await;
    let ana = server.sign_in("ana", Role::Analyst).await;
    let order = rows(&ana.page("/cases?group=off").await.1);
    let path = format!("/cases/{}/verdict", order[0]);
    let fields = [
        ("verdict", "false_positive"),
        ("close", "true"),
        ("next", "queue"),
        ("from", "group=off"),
        ("idempotency_key", "twice"),
    ];
    let (first, second) = (location(&ana.post(&path, &fields).await), location(&ana.post(&path, &fields).await));
    assert_eq!(first, second);
    let case = server.case(order[0]).await;
    let verdicts = case["timeline"].as_array().unwrap().iter().filter(|entry| entry["kind"] == "verdict").count();
    assert_eq!(verdicts, 1);
}

#[tokio::test]
async fn a_vote_that_comes_after_the_verdict_and_disagrees_is_told() {
    let (server, models) = agreeing::spawn().await;
    let ana = server.sign_in("ana", Role::Analyst).await;
    let number = flagged(&server).await;
    let path = format!("/cases/{number}/verdict");
    location(&ana.post(&path, &[("verdict", "false_positive"), ("close", "true")]).await);
    assert!(!ana.page(&format!("/cases/{number}")).await.1.contains("Look again."));
    let answer = crate::support::fakes::answer("true_positive", 88).to_string();
    models[1].reset().await;
    crate::support::fakes::say(&models[1], "two", &answer).await;
    assert_eq!(ana.post(&format!("/cases/{number}/triage"), &[]).await.status(), 303);
    server.run_jobs().await;
    let page = ana.page(&format!("/cases/{number}")).await.1;
    assert!(page.contains("two says true positive, 88%, after you decided false positive."), "{page}");
    let kim = server.sign_in("kim", Role::Analyst).await;
    assert!(kim.page(&format!("/cases/{number}")).await.1.contains("after ana decided false positive."));
}

#[tokio::test]
async fn a_note_and_another_analysis_from_the_preview_stay_at_the_row() {
    let (server, _models) = agreeing::spawn().await;
    let ana = server.sign_in("ana", Role::Analyst).await;
    let number = flagged(&server).await;
    let list = [("next", "queue"), ("from", "view=open")];
    let here = format!("/cases?view=open&peek={number}");
    let note: Vec<_> = list.into_iter().chain([("body", "Asked the owner.")]).collect();
    assert_eq!(location(&ana.post(&format!("/cases/{number}/notes"), &note).await), here);
    assert_eq!(location(&ana.post(&format!("/cases/{number}/triage"), &list).await), here);
    let case = server.case(number).await;
    assert_eq!((case["notes"].as_array().unwrap().len(), case["runs"].as_array().unwrap().len()), (1, 2));
}
