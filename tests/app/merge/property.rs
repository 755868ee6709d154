//! Whatever is merged, chained and taken apart in whatever order: in the end everything is as it was.
use crate::merge::dump::{Dump, dump};
use crate::merge::events::{Event, HOUR_MS, MINUTE_MS, deliver, document, event};
use crate::merge::{done, refused};
use crate::support::{Person, Server, spawn};
use fusionsoc::domain::Role;
use fusionsoc::domain::action::{ActionKind, ActionState};
use fusionsoc::domain::evidence::{EvidenceKind, EvidenceState, Facts, Piece};
use fusionsoc::store::actions::Recorded;
use fusionsoc::store::evidence::Place;
use fusionsoc::store::{JsonText, actions, evidence, intel};
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;

const CASES: i64 = 5;

/// Behaviours are on several hosts, observables in all cases, and three cases share processes of one sensor.
async fn fill(server: &Server) {
    let on = |sid: &str, event: Event| Event { sid: sid.to_owned(), ..event };
    let first = [
        on("s1", event("a1", "tool", "p1", "p0", 0)),
        on("s2", event("b1", "tool", "q1", "q0", 0)),
        on("s3", event("c1", "other", "r1", "", 0)),
        on("s1", event("d1", "third", "p1", "p0", 5 * HOUR_MS)),
        on("s1", event("e1", "fourth", "p1", "p0", 10 * HOUR_MS)),
    ];
    deliver(server, &first.iter().collect::<Vec<_>>()).await;
    server.run_jobs().await;
    let second = [
        Event { level: None, ..on("s1", event("a2", "second", "p1", "p0", MINUTE_MS)) },
        Event { level: Some("high"), ..on("s2", event("b2", "other", "q2", "q1", MINUTE_MS)) },
        on("s3", event("c2", "other", "r1", "", 2 * MINUTE_MS)),
        Event { level: Some("low"), ..on("s1", event("d2", "fifth", "p3", "p1", 5 * HOUR_MS + MINUTE_MS)) },
    ];
    // Their runs wait: nobody works on them.
    deliver(server, &second.iter().collect::<Vec<_>>()).await;
    let (status, again) = server.post("/api/v1/detections", document(&second[2]).to_string()).await;
    assert_eq!((status, &again["duplicates"]), (202, &1.into()));
}

fn piece() -> Piece {
    Piece {
        kind: EvidenceKind::Sweep,
        source: "LimaCharlie".to_owned(),
        state: EvidenceState::ALL[0],
        text: "nothing".to_owned(),
        from_ms: None,
        to_ms: None,
        taken_ms: 1,
        total: 0,
        lines: Vec::new(),
        facts: Facts::default(),
    }
}

/// Rows of every kind that a case can hold.
async fn furnish(server: &Server) {
    let mut tx = server.app.store.write().await.unwrap();
    for case in 1..=CASES {
        let answer = intel::Answer {
            provider: "virustotal".to_owned(),
            payload: JsonText(serde_json::json!({"case": case})),
            fetched_ms: 1,
            recorded: true,
            ..intel::Answer::default()
        };
        intel::insert(&mut tx, case, &answer).await.unwrap();
        let action = Recorded {
            kind: ActionKind::AddTag,
            target: "x".to_owned(),
            state: ActionState::Done,
            result: String::new(),
            asked_for: String::new(),
            asked_by: "ana".to_owned(),
            at_ms: 1,
        };
        actions::insert_recorded(&mut tx, case, &action).await.unwrap();
        let place =
            Place { org_id: server.org_id, case, origin: None, sensor_id: 1, fingerprint: "f", action_id: None };
        evidence::insert(&mut tx, place, &piece()).await.unwrap();
    }
    tx.commit().await.unwrap();
    // The same key in every case: keys are of a case, not of the installation.
    server.sql("UPDATE actions SET request_key = 'same'").await;
}

/// What people did before anything was merged; `choices` decides for each case.
async fn decide(person: &Person, choices: &[u8]) {
    for (case, choice) in (1..=CASES).zip(choices) {
        let path = |step: &str| format!("/cases/{case}/{step}");
        done(person, &path("notes"), &[("body", &format!("note on {case}"))]).await;
        if choice % 2 == 0 {
            done(person, &path("snooze"), &[("until", "4h")]).await;
        }
        done(person, &path("tasks"), &[("text", &format!("task of {case}"))]).await;
        done(person, &path("tags"), &[("add", "seen")]).await;
        let verdict = match choice % 4 {
            0 => None,
            1 => Some(("false_positive", "known_application", "true")),
            2 => Some(("benign_true_positive", "security_test", "")),
            _ => Some(("true_positive", "malware", "true")),
        };
        if let Some((verdict, reason, close)) = verdict {
            let fields = [("verdict", verdict), ("reason", reason), ("close", close), ("confirm_tasks", "true")];
            done(person, &path("verdict"), &fields).await;
        }
        if choice / 4 == 1 {
            done(person, &path("severity"), &[("severity", "critical")]).await;
        }
        if choice / 4 == 2 {
            done(person, &path("severity"), &[("severity", "low")]).await;
        }
        let typed = [("form", "note"), ("body", "not sent")];
        assert_eq!(person.post(&path("draft"), &typed).await.status(), 204);
    }
}

/// A merge that may be asked for: from and into, as places among the cases that are whole at that moment.
type Plan = (Vec<(usize, usize)>, Vec<usize>);

fn plans() -> impl Strategy<Value = Plan> {
    let merges = prop::collection::vec((0..5_usize, 0..5_usize), 1..5);
    (merges, prop::collection::vec(0..5_usize, 5))
}

/// Carries out the merges of a plan; returns who became part, in that order, each with how everything stood before.
async fn merge(server: &Server, person: &Person, merges: &[(usize, usize)]) -> Vec<(i64, Dump)> {
    let mut whole: Vec<i64> = (1..=CASES).collect();
    let mut parts = Vec::new();
    for (from, into) in merges {
        let (from, into) = (whole[from % whole.len()], whole[into % whole.len()]);
        if from == into {
            continue;
        }
        let before = dump(&server.app.store).await;
        let (path, into) = (format!("/cases/{from}/merge"), into.to_string());
        let status = person.post(&path, &[("into", &into)]).await.status().as_u16();
        if status == 422 {
            let page = refused(person, &path, &[("into", &into)], 422).await;
            assert!(page.contains("was declared true positive"), "{page}");
            assert_eq!(dump(&server.app.store).await, before);
            continue;
        }
        assert_eq!(status, 303, "{from} into {into}");
        whole.retain(|case| *case != from);
        parts.push((from, before));
    }
    parts
}

fn same(left: &Dump, right: &Dump, what: &str) {
    for (table, rows) in left {
        let only = |one: &[serde_json::Value], other: &[serde_json::Value]| -> Vec<String> {
            one.iter().filter(|row| !other.contains(row)).map(ToString::to_string).collect()
        };
        let (now, then) = (only(rows, &right[table]), only(&right[table], rows));
        assert!(
            now.is_empty() && then.is_empty() && rows.len() == right[table].len(),
            "{what}, {table}:\nnow  {now:#?}\nthen {then:#?}"
        );
    }
}

#[tokio::test]
async fn taking_apart_in_any_order_restores_everything() {
    let mut runner = TestRunner::deterministic();
    let mut taken = 0;
    for round in 0..3 {
        let server = spawn().await;
        fill(&server).await;
        furnish(&server).await;
        let person = server.sign_in("eve", Role::Lead).await;
        let choices = prop::collection::vec(0..12_u8, 5).new_tree(&mut runner).unwrap().current();
        decide(&person, &choices).await;
        let start = dump(&server.app.store).await;
        assert_eq!(start["cases"].len(), 5);
        for turn in 0..12 {
            let (merges, order) = plans().new_tree(&mut runner).unwrap().current();
            let what = format!("round {round} turn {turn}: {choices:?} {merges:?} {order:?}");
            let mut parts = merge(&server, &person, &merges).await;
            taken += parts.len();
            for at in order {
                if parts.is_empty() {
                    break;
                }
                // The last in is the first out on every third turn: then each step on the way is known.
                let at = if turn % 3 == 0 { parts.len() - 1 } else { at % parts.len() };
                let (number, before) = parts.remove(at);
                done(&person, &format!("/cases/{number}/unmerge"), &[]).await;
                if turn % 3 == 0 {
                    same(&dump(&server.app.store).await, &before, &format!("{what}, #{number}"));
                }
            }
            same(&dump(&server.app.store).await, &start, &what);
        }
    }
    assert!(taken > 20, "cases were merged: {taken}");
}
