//! Exclusions by people: proposed from a case, back-tested, approved by a second person, written to LimaCharlie.
mod effect;
mod meanwhile;
mod publishing;
mod search;
mod standing;

use crate::support::{Person, SEED, Server, http, seed_id, seed_with, spawn};
use fusionsoc::domain::{Role, Verdict};
use fusionsoc::store::{cases, exclusions};

const DEMO: &str = include_str!("../fixtures/demo/detections.jsonl");
/// The conditions of the seed's parent and child, as the form has them.
const PAIR: &[&str] = &["source_rule", "image", "signed", "parent_image", "parent_signed"];

/// The fields of a proposal.
fn proposal<'a>(case: &'a str, name: &'a str, conditions: &[&'a str]) -> Vec<(&'a str, &'a str)> {
    let mut fields = vec![("case", case), ("name", name), ("comment", "Dell maintenance"), ("days", "90")];
    fields.extend(conditions.iter().map(|condition| ("condition", *condition)));
    fields
}

/// Proposes for a case and runs the back-test; returns the page of the exclusion.
async fn proposed(server: &Server, by: &Person, case: i64, name: &str, conditions: &[&str]) -> String {
    let reply = by.post("/tuning", &proposal(&case.to_string(), name, conditions)).await;
    let (status, to) = (reply.status(), reply.headers().get("location").cloned());
    assert_eq!(status, 303, "{}", reply.text().await.unwrap());
    server.run_jobs().await;
    to.unwrap().to_str().unwrap().to_owned()
}

async fn exclusion(server: &Server, page: &str) -> exclusions::Exclusion {
    let id = page.rsplit('/').next().unwrap().parse().unwrap();
    exclusions::by_id(&mut server.app.store.read().await.unwrap(), id).await.unwrap()
}

async fn declare(person: &Person, case: i64, verdict: &str, reason: &str) {
    let fields = [("verdict", verdict), ("reason", reason), ("close", "true")];
    assert_eq!(person.post(&format!("/cases/{case}/verdict"), &fields).await.status(), 303);
}

/// The seed as a detection of its own on another host, changed further.
fn again(number: usize, more: &[(&str, &str)]) -> String {
    let (id, host, sid) = (format!("again-{number}"), format!("host-{number}"), format!("a47d2c95-{number:04}"));
    let mut replace = vec![(seed_id(), id), ("desktop-4kq7m2x".to_owned(), host), ("a47d2c95-6b08".to_owned(), sid)];
    replace.extend(more.iter().map(|(from, to)| ((*from).to_owned(), (*to).to_owned())));
    let replace: Vec<(&str, &str)> = replace.iter().map(|(from, to)| (from.as_str(), to.as_str())).collect();
    seed_with(&replace)
}

/// The seed among the samples of the demo; returns its case.
async fn seed_among_others(server: &Server) -> i64 {
    let lines =
        DEMO.lines().map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap()["detection"].to_string());
    let all = lines.collect::<Vec<_>>().join("\n");
    assert_eq!(server.post("/api/v1/detections", all).await.0, 202);
    let number = server.deliver(SEED).await["number"].as_i64().unwrap();
    server.run_jobs().await;
    number
}

#[tokio::test]
async fn an_exclusion_for_the_seed_is_proposed_tested_and_approved_by_a_second_person() {
    let server = spawn().await;
    let (ana, lea) = (server.sign_in("ana", Role::Analyst).await, server.sign_in("lea", Role::Lead).await);
    let case = seed_among_others(&server).await;
    declare(&ana, case, "false_positive", "known_application").await;
    let (status, page) = ana.page(&format!("/cases/{case}")).await;
    assert!(status == 200 && page.contains(&format!("/tuning/new?case={case}")), "the case leads to the form");
    let (status, form) = ana.page(&format!("/tuning/new?case={case}")).await;
    assert_eq!(status, 200, "{form}");
    assert!(form.contains("value=\"parent_image\" checked") && form.contains("fp-potentially-suspicious"), "{form}");
    let to = proposed(&server, &ana, case, "fp-seed", PAIR).await;
    let page = ana.page(&to).await.1;
    assert!(page.contains("Would have hidden 1 false positive, 0 true positives, 0 undecided in "), "{page}");
    assert!(page.contains("you proposed it yourself") && page.contains(&format!("#{case}</span>")), "{page}");
    assert_eq!(ana.post(&format!("{to}/approve"), &[]).await.status(), 403, "an analyst can't approve");
    assert_eq!(lea.post(&format!("{to}/approve"), &[]).await.status(), 303);
    assert_eq!(exclusion(&server, &to).await.state.as_str(), "proposed", "not before the last back-test");
    server.run_jobs().await;
    let known = exclusion(&server, &to).await;
    assert_eq!((known.state.as_str(), known.approver.as_str(), known.test_no), ("approved", "lea", 2));
    let page = lea.page(&to).await.1;
    assert!(page.contains("No LimaCharlie is set up") && page.contains("It is in LimaCharlie now"), "{page}");
    assert_eq!(lea.post(&format!("{to}/pasted"), &[]).await.status(), 303);
    let disable = format!("{to}/disable");
    assert_eq!(lea.post(&disable, &[]).await.status(), 422, "without a reason");
    assert_eq!(lea.post(&disable, &[("note", "Not needed")]).await.status(), 303);
    assert_eq!(exclusion(&server, &to).await.state.as_str(), "disabled");
    let list = lea.page("/tuning").await.1;
    assert!(list.contains("fp-seed") && list.contains("Disabled") && list.contains("Most false positives"), "{list}");
    // All was read that can match: one rule's detections.
    assert!((1..36).contains(&known.test_read), "{}", known.test_read);
}

#[tokio::test]
async fn without_the_rule_among_its_conditions_every_detection_is_read() {
    let server = spawn().await;
    let lea = server.sign_in("lea", Role::Lead).await;
    let case = seed_among_others(&server).await;
    let to = proposed(&server, &lea, case, "fp-hashes", &["cat", "hash", "parent_hash"]).await;
    let known = exclusion(&server, &to).await;
    let hidden: i64 = known.tallies.0.iter().map(|tally| tally.detections).sum();
    assert_eq!((known.test_read, hidden), (35, 1));
}

#[tokio::test]
async fn an_exclusion_that_would_hide_a_true_positive_is_refused() {
    let server = spawn().await;
    let (ana, lea) = (server.sign_in("ana", Role::Analyst).await, server.sign_in("lea", Role::Lead).await);
    let good = server.deliver(&again(1, &[])).await["number"].as_i64().unwrap();
    let planted = server.deliver(&again(2, &[])).await["number"].as_i64().unwrap();
    server.run_jobs().await;
    declare(&lea, good, "false_positive", "known_application").await;
    declare(&lea, planted, "true_positive", "malware").await;
    let to = proposed(&server, &ana, good, "fp-wide", PAIR).await;
    let page = lea.page(&to).await.1;
    assert!(page.contains("1 true positive,") && page.contains("It can't be approved"), "{page}");
    assert!(page.contains(&format!("/cases/{planted}")) && !page.contains(">Approve<"), "the case is listed first");
    assert_eq!(lea.post(&format!("{to}/approve"), &[("acknowledged", "true")]).await.status(), 409);
    let narrow = proposed(&server, &ana, good, "fp-narrow", &["source_rule", "host"]).await;
    assert!(lea.page(&narrow).await.1.contains("0 true positives"));
    assert_eq!(lea.post(&format!("{narrow}/approve"), &[]).await.status(), 303);
    let reply = ana.post("/tuning", &proposal(&planted.to_string(), "fp-tp", PAIR)).await;
    assert_eq!(reply.status(), 409, "a true positive has nothing to exclude");
}

#[tokio::test]
async fn an_approval_does_not_count_where_a_true_positive_was_declared_meanwhile() {
    let server = spawn().await;
    let (ana, lea) = (server.sign_in("ana", Role::Analyst).await, server.sign_in("lea", Role::Lead).await);
    let case = server.deliver(&again(1, &[])).await["number"].as_i64().unwrap();
    let other = server.deliver(&again(2, &[])).await["number"].as_i64().unwrap();
    server.run_jobs().await;
    declare(&ana, case, "false_positive", "known_application").await;
    declare(&ana, other, "false_positive", "known_application").await;
    let to = proposed(&server, &ana, case, "fp-pair", PAIR).await;
    assert_eq!(lea.post(&format!("{to}/approve"), &[]).await.status(), 303);
    declare(&ana, other, "true_positive", "malware").await;
    server.run_jobs().await;
    let known = exclusion(&server, &to).await;
    assert_eq!((known.state.as_str(), known.approver.as_str()), ("proposed", ""));
    assert!(lea.page(&to).await.1.contains("The approval by lea does not count"));
}

#[tokio::test]
async fn undecided_cases_that_something_speaks_against_need_a_look() {
    let server = spawn().await;
    let (ana, lea) = (server.sign_in("ana", Role::Analyst).await, server.sign_in("lea", Role::Lead).await);
    // The seed's host is tagged, which is a veto.
    let case = server.deliver(SEED).await["number"].as_i64().unwrap();
    server.run_jobs().await;
    let to = proposed(&server, &ana, case, "fp-open", PAIR).await;
    let page = lea.page(&to).await.1;
    assert!(page.contains("0 true positives, 1 undecided") && page.contains("I looked at the cases"), "{page}");
    assert_eq!(lea.post(&format!("{to}/approve"), &[]).await.status(), 422);
    assert_eq!(lea.post(&format!("{to}/approve"), &[("acknowledged", "true")]).await.status(), 303);
    server.run_jobs().await;
    assert_eq!(exclusion(&server, &to).await.state.as_str(), "approved");
}

#[tokio::test]
async fn a_true_positive_declared_later_flags_what_hides_it() {
    let server = spawn().await;
    let (ana, lea) = (server.sign_in("ana", Role::Analyst).await, server.sign_in("lea", Role::Lead).await);
    let case = server.deliver(&again(1, &[])).await["number"].as_i64().unwrap();
    server.run_jobs().await;
    declare(&ana, case, "false_positive", "known_application").await;
    let to = proposed(&server, &ana, case, "fp-pair", PAIR).await;
    assert_eq!(lea.post(&format!("{to}/approve"), &[]).await.status(), 303);
    server.run_jobs().await;
    let later = server.deliver(&again(2, &[])).await["number"].as_i64().unwrap();
    server.run_jobs().await;
    declare(&ana, later, "true_positive", "malware").await;
    assert!(lea.page(&to).await.1.contains("It hides a true positive"));
    assert!(
        lea.page(&format!("/cases/{later}")).await.1.contains("An exclusion hides detections of this true positive")
    );
    declare(&ana, later, "benign_true_positive", "security_test").await;
    assert!(!lea.page(&to).await.1.contains("It hides a true positive"), "not where it is none any more");
    let case = server.case(later).await;
    let event =
        case["timeline"].as_array().unwrap().iter().find(|entry| entry["kind"] == "verdict").unwrap()["id"].to_string();
    assert_eq!(ana.post(&format!("/cases/{later}/undo"), &[("event", &event)]).await.status(), 303);
    assert!(lea.page(&to).await.1.contains("It hides a true positive"), "an undo makes it one again");
}

#[tokio::test]
async fn what_is_wrong_with_a_proposal_is_told_and_nothing_typed_is_lost() {
    let server = spawn().await;
    let ana = server.sign_in("ana", Role::Analyst).await;
    let case = server.deliver(SEED).await["number"].as_i64().unwrap().to_string();
    for (name, conditions, days, told) in [
        ("fp-x", &["cat"][..], "90", "at least two fields"),
        ("fp-x", &["cat", "source_rule"], "90", "what only names the rule"),
        ("Not A Name", &["cat", "host"], "90", "a small letter, a digit or a hyphen"),
        ("fp-x", &["cat", "host"], "", "ends after 1 to 365 days"),
        ("fp-x", &["cat", "host"], "400", "ends after 1 to 365 days"),
    ] {
        let mut fields = proposal(&case, name, conditions);
        fields[2].1 = "Why <not>";
        fields[3].1 = days;
        let reply = ana.post("/tuning", &fields).await;
        let (status, page) = (reply.status(), reply.text().await.unwrap());
        assert_eq!(status, 422, "{told}: {page}");
        assert!(page.contains(told) && page.contains("Why &#60;not&#62;"), "{told}: {page}");
        assert!(page.contains(&format!("value=\"{name}\"")) && page.contains("value=\"cat\" checked"), "{page}");
    }
    assert_eq!(ana.post("/tuning", &proposal(&case, "fp-x", &["cat", "host"])).await.status(), 303);
    assert_eq!(ana.post("/tuning", &proposal(&case, "fp-x", &["cat", "host"])).await.status(), 422, "names are unique");
}

#[tokio::test]
async fn others_see_and_change_nothing() {
    let server = spawn().await;
    let (ana, lea) = (server.sign_in("ana", Role::Analyst).await, server.sign_in("lea", Role::Lead).await);
    let viewer = server.sign_in("vic", Role::Viewer).await;
    let other = crate::support::add_org(&server.app.store, "other", None).await;
    let stranger = server.sign_in_to(other, "eve", Role::Lead).await;
    let case = server.deliver(SEED).await["number"].as_i64().unwrap();
    let to = proposed(&server, &lea, case, "fp-seed", &["source_rule", "host"]).await;
    for (person, want) in [(&stranger, 404), (&viewer, 200)] {
        assert_eq!(person.page(&to).await.0, want);
    }
    for step in ["approve", "refuse", "pasted", "disable", "taken_out", "test", "publish"] {
        assert_eq!(stranger.post(&format!("{to}/{step}"), &[]).await.status(), 404, "{step}");
        assert_eq!(viewer.post(&format!("{to}/{step}"), &[]).await.status(), 403, "{step}");
    }
    assert_eq!(lea.post(&format!("{to}/approve"), &[("acknowledged", "true")]).await.status(), 409, "one's own");
    assert_eq!(ana.post(&format!("{to}/nonsense"), &[]).await.status(), 403);
    assert_eq!(lea.post(&format!("{to}/nonsense"), &[]).await.status(), 404);
    assert_eq!(stranger.page(&format!("/tuning/new?case={case}")).await.0, 404);
    assert_eq!(viewer.page(&format!("/tuning/new?case={case}")).await.0, 403);
    assert_eq!(stranger.post("/tuning", &proposal(&case.to_string(), "fp-y", PAIR)).await.status(), 404);
    assert!(!stranger.page("/tuning").await.1.contains("fp-seed"));
    assert_eq!(lea.post(&format!("{to}/refuse"), &[("note", "Too wide")]).await.status(), 303);
    assert_eq!(exclusion(&server, &to).await.state.as_str(), "refused");
}

#[tokio::test]
async fn a_back_test_that_was_interrupted_goes_on_where_it_was() {
    let server = spawn().await;
    let lea = server.sign_in("lea", Role::Lead).await;
    let one = |number: i32| -> serde_json::Value {
        serde_json::from_str(&seed_with(&[(&seed_id(), &format!("again-{number}"))])).unwrap()
    };
    let lines: Vec<String> = (0..600).map(|number| one(number).to_string()).collect();
    assert_eq!(server.post("/api/v1/detections", lines.join("\n")).await.0, 202);
    let case = server.get("/api/v1/cases?limit=1").await["cases"][0]["number"].as_i64().unwrap();
    let reply = lea.post("/tuning", &proposal(&case.to_string(), "fp-many", &["cat", "image"])).await;
    let to = reply.headers()["location"].to_str().unwrap().to_owned();
    // The first batch is done already, as by a worker that died then.
    let mut tx = server.app.store.write().await.unwrap();
    let id = exclusion_id(&to);
    exclusions::start_test(&mut tx, id).await.unwrap();
    let rule = cases::by_number(&mut tx, case).await.unwrap().rule_id;
    let batch = exclusions::next_batch(&mut tx, rule, 0, 250).await.unwrap();
    let hits: Vec<(i64, i64)> = batch.iter().map(|one| (one.1, 1)).collect();
    exclusions::add_hits(&mut tx, id, &hits).await.unwrap();
    exclusions::step_test(&mut tx, id, (rule, batch.last().unwrap().0), (250, 0), Some(batch[0].2)).await.unwrap();
    tx.commit().await.unwrap();
    server.run_jobs().await;
    let known = exclusion(&server, &to).await;
    let hidden: i64 = known.tallies.0.iter().map(|tally| tally.detections).sum();
    assert_eq!((known.test_read, hidden), (600, 600));
    assert_eq!(
        cases::by_number(&mut server.app.store.read().await.unwrap(), case).await.unwrap().verdict,
        Verdict::Pending
    );
    assert_eq!(http().get(format!("{}{to}", server.url)).send().await.unwrap().status(), 303, "signed out");
}

fn exclusion_id(page: &str) -> i64 {
    page.rsplit('/').next().unwrap().parse().unwrap()
}
