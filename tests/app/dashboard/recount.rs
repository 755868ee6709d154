//! The figures a day are what a recount from the cases says, and mean what they say.
use super::{declare, figures, sum, triaged};
use crate::support::{Person, SEED, Server, seed_id, seed_with, spawn};
use fusionsoc::domain::Role;
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use serde_json::Value;

/// Longer than a slip.
const MINUTES_MS: i64 = 61_000;

/// Waits where midnight of UTC is near: a test that writes times of decisions past the store must stay in one day.
pub async fn within_a_day() {
    const NEAR_MS: i64 = 5 * MINUTES_MS;
    let of_day = fusionsoc::clock::now_ms().rem_euclid(86_400_000);
    let early = (NEAR_MS - of_day).max(if of_day > 86_400_000 - NEAR_MS { 86_400_000 + NEAR_MS - of_day } else { 0 });
    tokio::time::sleep(std::time::Duration::from_millis(u64::try_from(early).unwrap_or_default())).await;
}

/// As if what was decided of a case had been decided a minute earlier, which moves no figure to another day.
pub async fn minutes_pass(server: &Server, case: i64) {
    server.sql(&format!("UPDATE cases SET decided_ms = decided_ms - {MINUTES_MS} WHERE number = {case}")).await;
}

async fn newest(server: &Server, case: i64) -> String {
    let case = server.case(case).await;
    let entries = case["timeline"].as_array().unwrap();
    let decisions = entries
        .iter()
        .filter(|entry| ["verdict", "status"].contains(&entry["kind"].as_str().unwrap()) && entry["undone"] == false);
    decisions.filter_map(|entry| entry["id"].as_i64()).max().unwrap_or_default().to_string()
}

async fn undo(server: &Server, lead: &Person, case: i64) {
    let event = newest(server, case).await;
    lead.post(&format!("/cases/{case}/undo"), &[("event", &event)]).await;
}

#[tokio::test]
async fn a_verdict_is_overturned_where_it_did_not_stand() {
    within_a_day().await;
    let server = spawn().await;
    let lead = server.sign_in("lea", Role::Lead).await;
    let case = triaged(&server, 1).await;
    declare(&lead, case, "false_positive", "true").await;
    assert_eq!((sum(&server, "false_positive").await, sum(&server, "first_decided").await), (1, 1));
    undo(&server, &lead, case).await;
    assert_eq!(figures(&server).await.0, [], "a slip counts for nothing");
    declare(&lead, case, "false_positive", "").await;
    declare(&lead, case, "benign_true_positive", "").await;
    assert_eq!(sum(&server, "overturned").await, 0, "corrected within a minute");
    minutes_pass(&server, case).await;
    declare(&lead, case, "true_positive", "true").await;
    assert_eq!((sum(&server, "overturned").await, sum(&server, "true_positive").await), (1, 1));
    undo(&server, &lead, case).await;
    assert_eq!((sum(&server, "overturned").await, sum(&server, "benign_true_positive").await), (0, 1), "a slip again");
    minutes_pass(&server, case).await;
    undo(&server, &lead, case).await;
    assert_eq!(sum(&server, "overturned").await, 1, "taken back later than a minute after it");
    assert_eq!(sum(&server, "first_decided").await, 1, "the first declaration stays");
}

#[tokio::test]
async fn a_verdict_that_a_duplicate_gives_up_is_not_overturned() {
    within_a_day().await;
    let server = spawn().await;
    let lead = server.sign_in("lea", Role::Lead).await;
    let (one, two) = (triaged(&server, 1).await, triaged(&server, 2).await);
    declare(&lead, two, "false_positive", "").await;
    minutes_pass(&server, two).await;
    let reply = lead.post(&format!("/cases/{two}/duplicate"), &[("of", &one.to_string())]).await;
    assert_eq!(reply.status(), 303);
    assert_eq!((sum(&server, "overturned").await, sum(&server, "false_positive").await), (0, 0));
}

#[tokio::test]
async fn reopening_overturns_and_the_first_declaration_stays() {
    within_a_day().await;
    let server = spawn().await;
    let lead = server.sign_in("lea", Role::Lead).await;
    let case = triaged(&server, 1).await;
    declare(&lead, case, "false_positive", "true").await;
    minutes_pass(&server, case).await;
    let reopened = [("status", "in_progress"), ("reason", "new facts")];
    assert_eq!(lead.post(&format!("/cases/{case}/status"), &reopened).await.status(), 303);
    assert_eq!((sum(&server, "overturned").await, sum(&server, "false_positive").await), (1, 0));
    declare(&lead, case, "false_positive", "true").await;
    assert_eq!((sum(&server, "overturned").await, sum(&server, "first_decided").await), (1, 1));
}

#[tokio::test]
async fn what_ai_closed_counts_as_a_spot_check_once_a_person_says_something() {
    within_a_day().await;
    let server = spawn().await;
    let lead = server.sign_in("lea", Role::Lead).await;
    let (right, wrong, back) = (triaged(&server, 1).await, triaged(&server, 2).await, triaged(&server, 3).await);
    server
        .sql("UPDATE cases SET status = 'closed', open = FALSE, closed_ms = 5, machine_verdict = 'false_positive'")
        .await;
    declare(&lead, right, "false_positive", "true").await;
    declare(&lead, wrong, "true_positive", "true").await;
    let reopened = [("status", "in_progress"), ("reason", "new facts")];
    assert_eq!(lead.post(&format!("/cases/{back}/status"), &reopened).await.status(), 303);
    assert_eq!((sum(&server, "spot_checked").await, sum(&server, "spot_wrong").await), (2, 2));
    assert_eq!(sum(&server, "overturned").await, 2);
    undo(&server, &lead, wrong).await;
    assert_eq!((sum(&server, "spot_checked").await, sum(&server, "spot_wrong").await), (1, 1));
}

#[derive(Debug, Clone, Copy)]
enum Act {
    Declare(&'static str),
    Undo,
    Close,
    Reopen,
    Duplicate,
    Merge,
    TakeOut,
    NewBehaviour,
    Wait,
}

fn any_act() -> impl Strategy<Value = Act> {
    let verdicts = vec!["false_positive", "benign_true_positive", "true_positive", "undetermined"];
    prop_oneof![
        4 => prop::sample::select(verdicts).prop_map(Act::Declare),
        2 => Just(Act::Undo),
        1 => Just(Act::Close),
        1 => Just(Act::Reopen),
        1 => Just(Act::Duplicate),
        1 => Just(Act::Merge),
        2 => Just(Act::TakeOut),
        1 => Just(Act::NewBehaviour),
        2 => Just(Act::Wait),
    ]
}

/// Another behaviour of the seed's process tree, which joins its case, or opens one and is merged.
fn behaviour(at: usize) -> String {
    let mut document: Value = serde_json::from_str(&seed_with(&[(&seed_id(), &format!("new-{at}"))])).unwrap();
    document["detect"]["event"]["COMMAND_LINE"] = Value::from(format!("expand.exe /x other{at}.cab"));
    document.to_string()
}

/// Asks for a step with another case, which may be refused; returns 1 where it was not.
async fn with(lead: &Person, case: i64, (step, field): (&str, &str), other: i64) -> usize {
    let reply = lead.post(&format!("/cases/{case}/{step}"), &[(field, &other.to_string())]).await;
    usize::from(reply.status() == 303)
}

#[tokio::test]
async fn the_figures_are_what_a_recount_says_after_any_acts() {
    let server = spawn().await;
    let lead = server.sign_in("lea", Role::Lead).await;
    let first = server.deliver(SEED).await["number"].as_i64().unwrap();
    server.run_jobs().await;
    let cases = vec![first, triaged(&server, 2).await, triaged(&server, 3).await];
    let mut runner = TestRunner::deterministic();
    let acts = prop::collection::vec((prop::sample::select(cases), any_act()), 60);
    let (mut seen, mut parts) = (0, 0);
    for (at, (case, act)) in acts.new_tree(&mut runner).unwrap().current().into_iter().enumerate() {
        let path = format!("/cases/{case}/status");
        match act {
            Act::Declare(_) if !server.case(case).await["merged_into"].is_null() => {}
            Act::Declare(verdict) => declare(&lead, case, verdict, "").await,
            Act::Undo => undo(&server, &lead, case).await,
            Act::Close => drop(lead.post(&path, &[("status", "closed"), ("reason", "duplicate")]).await),
            Act::Reopen => drop(lead.post(&path, &[("status", "in_progress"), ("reason", "new facts")]).await),
            Act::Duplicate => parts += with(&lead, case, ("duplicate", "of"), first).await,
            Act::Merge => parts += with(&lead, case, ("merge", "into"), first).await,
            Act::TakeOut => drop(lead.post(&format!("/cases/{case}/unmerge"), &[]).await),
            Act::NewBehaviour => {
                server.post("/api/v1/detections", behaviour(at)).await;
            }
            // Only what does not move a case to another day, so that the test may write past the store.
            Act::Wait => {
                let day = 86_400_000;
                let same_day = format!("decided_ms / {day} = (decided_ms - {MINUTES_MS}) / {day}");
                let set = format!(
                    "UPDATE cases SET decided_ms = decided_ms - {MINUTES_MS} WHERE number = {case} AND {same_day}"
                );
                server.sql(&set).await;
            }
        }
        let (kept, recounted) = figures(&server).await;
        assert_eq!(kept, recounted, "after {act:?} on {case}");
        seen += kept.iter().filter(|day| day.figure == "overturned").count();
    }
    assert!(seen > 10 && parts > 2, "verdicts were overturned: {seen}; cases became part or duplicates: {parts}");
}
