//! `replay` plays the stored past through the gate at other limits.
use super::{Desk, FIRST};
use crate::support::fakes;
use fusionsoc::clock::advance_here;
use serde_json::{Value, json};
use std::process::Command;

const DAY_MS: i64 = 24 * 60 * 60 * 1000;

/// What the program says of the past of the desk's organisation, told by its exit code and standard output.
async fn replay(desk: &Desk, args: &[&str]) -> (bool, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_fusionsoc"));
    command.current_dir(desk.server.dir.path()).args(["replay", "--org", "acme"]).args(args);
    command.env("FUSIONSOC__DATABASE__URL", &desk.server.database);
    let done = tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap();
    (done.status.success(), String::from_utf8(done.stdout).unwrap() + &*String::from_utf8_lossy(&done.stderr))
}

#[tokio::test]
async fn the_past_is_played_at_other_limits() {
    let mut desk = Desk::closing().await;
    desk.clean(FIRST).await;
    // Two more that are benign, a true positive that nobody would have seen, and a case that nobody declared.
    let more = desk.cases(4).await;
    for (case, verdict) in [(more[0], "false_positive"), (more[1], "benign_true_positive"), (more[2], "true_positive")]
    {
        desk.declare(case, verdict).await;
    }
    let (ok, text) = replay(&desk, &["--limit", "0.5", "--limit", "0.02", "--review-share", "0", "--json"]).await;
    assert!(ok, "{text}");
    let told: Value = serde_json::from_str(&text).unwrap();
    assert_eq!((&told["eligible"], &told["declared"]), (&Value::from(FIRST + 4), &Value::from(FIRST + 3)));
    let row = |limit: f64, back_off: bool| {
        let rows = told["rows"].as_array().unwrap();
        rows.iter().find(|row| row["limit"] == limit && row["back_off"] == back_off).unwrap().clone()
    };
    let wide = row(0.5, false);
    // At half of all cases six clean reviews are enough; everything after them is closed.
    assert_eq!((&wide["switched_on"], &wide["closed"]), (&1.into(), &4.into()), "{wide}");
    assert_eq!(
        (&wide["true_positives_closed"], &wide["undecided_closed"], &wide["acts_spared"]),
        (&1.into(), &1.into(), &3.into())
    );
    let narrow = row(0.02, true);
    assert_eq!((&narrow["switched_on"], &narrow["closed"]), (&0.into(), &0.into()), "{narrow}");
    let (ok, text) = replay(&desk, &["--days", "30"]).await;
    assert!(ok && text.contains("10 eligible cases, 9 of them declared") && text.contains(" 2.0 %"), "{text}");
    let (ok, text) = replay(&desk, &["--limit", "2"]).await;
    assert!(!ok && text.contains("--limit"), "{text}");
}

/// What a replay by other voters counts: cases, those of which nothing can be said, eligible ones, and at half of all
/// cases, for rules alone, those that would have been closed and the true positives among them.
async fn anew(desk: &Desk, args: &[&str]) -> Value {
    let (ok, text) = replay(desk, &[args, &["--limit", "0.5", "--review-share", "0", "--json"]].concat()).await;
    assert!(ok, "{text}");
    let told: Value = serde_json::from_str(&text).unwrap();
    let (panel, row) = (&told["panel"], &told["rows"][0]);
    json!([panel["cases"], panel["unknown"], told["eligible"], row["closed"], row["true_positives_closed"]])
}

#[tokio::test]
async fn the_past_is_judged_anew_by_other_voters() {
    let mut desk = Desk::closing().await;
    desk.clean(FIRST).await;
    // A true positive that the machine would have closed, and a case that became part of it.
    let evil = desk.others("drivers.cab", 2).await;
    desk.declare(evil[0], "true_positive").await;
    let merged = desk.ana.post(&format!("/cases/{}/merge", evil[1]), &[("into", &evil[0].to_string())]).await;
    assert_eq!(merged.status(), 303);
    // From here on the second model doubts, so that no second look is asked for.
    desk.models[1].reset().await;
    fakes::say(&desk.models[1], "two", &fakes::answer("needs_review", 60).to_string()).await;
    // Votes of a moment ago are those of before.
    advance_here(DAY_MS);
    desk.cases(2).await;
    let cases = FIRST + 6;
    let as_it_was = json!([cases, 0, FIRST + 2, 2, 2]);
    assert_eq!(anew(&desk, &["--voter", "one", "--voter", "two"]).await, as_it_was);
    assert_eq!(anew(&desk, &["--mode", "unanimous"]).await, as_it_was, "those that voted then");
    assert_eq!(anew(&desk, &["--voter", "one"]).await, json!([cases, 0, 0, 0, 0]), "one voter alone proves nothing");
    assert_eq!(anew(&desk, &["--veto-severity", "informational"]).await, json!([cases, 0, 0, 0, 0]));
    assert_eq!(anew(&desk, &["--veto-rule", "no-such-rule", "--veto-rule", "*"]).await, json!([cases, 0, 0, 0, 0]));
    assert_eq!(anew(&desk, &["--veto-rule", "none"]).await, as_it_was);
    // Nobody asked for a second look at what the second model doubted.
    let lenient = ["--voter", "one", "--voter", "builtin:rules"];
    assert_eq!(anew(&desk, &lenient).await, json!([cases, 2, FIRST + 2, 2, 2]));
    // The look was the first model's; nobody asked the second one.
    let other = ["--voter", "two", "--voter", "builtin:rules"];
    assert_eq!(anew(&desk, &other).await, json!([cases, FIRST + 2, 0, 0, 0]));
    // Three of whom two agree: the doubts of one leave a majority, which is not unanimous.
    let three = ["--voter", "one", "--voter", "two", "--voter", "builtin:rules", "--mode", "majority"];
    assert_eq!(anew(&desk, &three).await, json!([cases, 0, FIRST + 2, 2, 2]));
    let (ok, text) = replay(&desk, &other).await;
    assert!(ok && text.contains(&format!("Of {} it can't be said", FIRST + 2)), "{text}");
    assert!(text.contains("; 2 of these are true positives."), "{text}");
}

#[tokio::test]
async fn a_panel_that_cannot_be_tried_is_refused() {
    let mut desk = Desk::closing().await;
    desk.case().await;
    for (args, said) in [
        (["--mode", "weighted", "--quorum", "0"], "--mode: what votes weighed then is not kept"),
        (["--voter", "one", "--voter", "one"], "--voter: one is named twice"),
        (["--voter", "one", "--voter", "three"], "--voter: nobody named three was asked; there are builtin:"),
        (["--voter", "one", "--quorum", "2"], "--quorum: is larger than the panel"),
    ] {
        let (ok, text) = replay(&desk, &args).await;
        assert!(!ok && text.contains(said), "{args:?}: {text}");
    }
}

/// Makes everything that was decided so far so many days older.
async fn age(desk: &Desk, days: i64) {
    let by = days * DAY_MS;
    for sql in [
        format!("UPDATE gate_cases SET at_ms = at_ms - {by}, declared_ms = declared_ms - {by}"),
        format!("UPDATE runs SET finished_ms = finished_ms - {by}, queued_ms = queued_ms - {by}"),
        format!("UPDATE cases SET decided_ms = decided_ms - {by}"),
        format!("UPDATE detections SET received_ms = received_ms - {by}"),
    ] {
        desk.server.sql(&sql).await;
    }
}

/// Of a replay at half of all cases, for rules alone: eligible cases of the period, those before it, how many gates
/// were switched on, closed cases, true positives among them, and acts that were spared.
async fn counted(desk: &Desk, args: &[&str]) -> Value {
    let (ok, text) = replay(desk, &[args, &["--limit", "0.5", "--json"]].concat()).await;
    assert!(ok, "{text}");
    let told: Value = serde_json::from_str(&text).unwrap();
    let row = &told["rows"][0];
    let (eligible, before) = (&told["eligible"], &told["eligible_before"]);
    json!([eligible, before, row["switched_on"], row["closed"], row["true_positives_closed"], row["acts_spared"]])
}

#[tokio::test]
async fn what_was_decided_before_the_period_is_evidence_and_not_counted() {
    let mut desk = Desk::closing().await;
    desk.clean(FIRST).await;
    desk.clean(1).await;
    age(&desk, 4).await;
    let more = desk.cases(3).await;
    desk.declare(more[0], "false_positive").await;
    desk.declare(more[1], "true_positive").await;
    let none = ["--review-share", "0"];
    let days = |more: &[&'static str]| [&none[..], more].concat();
    // Six reviews switch the gate on; the seventh case of then is closed as well.
    assert_eq!(counted(&desk, &none).await, json!([FIRST + 4, 0, 1, 4, 1, 3]));
    assert_eq!(counted(&desk, &days(&["--days", "2"])).await, json!([3, FIRST + 1, 1, 3, 1, 2]));
    let anew = ["--days", "2", "--mode", "unanimous"];
    assert_eq!(counted(&desk, &days(&anew)).await, json!([3, FIRST + 1, 1, 3, 1, 2]));
    let (_, text) = replay(&desk, &days(&anew)).await;
    assert!(text.contains("3 cases, judged anew") && text.contains("are played as evidence and not counted"), "{text}");

    let now = jiff::Timestamp::now();
    let ago = |days: i64| (now - jiff::SignedDuration::from_hours(24 * days)).to_string();
    let until = ago(2);
    assert_eq!(counted(&desk, &[&none[..], &["--until", &until]].concat()).await, json!([FIRST + 1, 0, 1, 1, 0, 1]));
    let date = &ago(10)[..10];
    assert_eq!(counted(&desk, &[&none[..], &["--until", date]].concat()).await, json!([0, 0, 0, 0, 0, 0]));
    let (ok, text) = replay(&desk, &["--until", "yesterday"]).await;
    assert!(!ok && text.contains("must be a time"), "{text}");
}

#[tokio::test]
async fn where_every_case_is_reviewed_blind_none_is_closed() {
    let mut desk = Desk::closing().await;
    desk.clean(FIRST).await;
    desk.clean(2).await;
    assert_eq!(counted(&desk, &[]).await[3], 2);
    let reply = desk.lea.post("/admin/policy/acme", &[("blind_first", "true"), ("version", "0")]).await;
    assert_eq!(reply.status(), 303);
    assert_eq!(counted(&desk, &[]).await[3], 0);
    assert_eq!(counted(&desk, &["--review-share", "0"]).await[3], 2, "another share is tried");
    let (ok, text) = replay(&desk, &[]).await;
    assert!(ok && text.contains("People review every case blind, so that the machine closes none"), "{text}");
}

#[tokio::test]
async fn what_weighted_votes_weigh_is_known_of_their_own_panel_only() {
    let mut desk = Desk::closing().await;
    desk.clean(FIRST).await;
    desk.server.sql("UPDATE runs SET mode = 'weighted'").await;
    let cases = FIRST + 1;
    let as_it_was = json!([cases, 0, FIRST, 0, 0]);
    assert_eq!(anew(&desk, &["--veto-rule", "none"]).await, as_it_was, "those that voted then");
    let other = ["--voter", "one", "--voter", "builtin:rules"];
    assert_eq!(anew(&desk, &other).await, json!([cases, FIRST, 0, 0, 0]));
    let (ok, text) = replay(&desk, &other).await;
    assert!(ok && text.contains(&format!("In {FIRST} cases of which it can't be said votes were weighted")), "{text}");
    assert_eq!(anew(&desk, &[&other[..], &["--mode", "unanimous"]].concat()).await, as_it_was);
    let three = ["--voter", "one", "--voter", "two", "--voter", "builtin:rules"];
    assert_eq!(anew(&desk, &three).await, json!([cases, FIRST, 0, 0, 0]), "a voter more");
    // All agreed, and it did not suffice.
    desk.server.sql("UPDATE runs SET auto_action = NULL, outcome = 'split'").await;
    assert_eq!(anew(&desk, &["--veto-rule", "none"]).await, json!([cases, 0, 0, 0, 0]));
}
