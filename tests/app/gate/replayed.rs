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
