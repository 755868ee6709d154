//! `eval` and `train`: what they say follows from the items, and nothing that was made up counts.
mod invariance;
mod resumed;

use crate::support::fakes;
use serde_json::{Value, json};
use std::path::Path;
use std::process::{Command, Output};

/// Real detections with labels, of permissive licences.
const LABELLED: &str = include_str!("../fixtures/demo/detections.jsonl");

fn fusionsoc(dir: &Path, args: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_fusionsoc"));
    command.current_dir(dir).env_remove("FUSIONSOC_CONFIG").args(args).output().unwrap()
}

fn lines() -> Vec<Value> {
    LABELLED.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn write(dir: &Path, name: &str, lines: &[Value]) {
    let text: Vec<String> = lines.iter().map(Value::to_string).collect();
    std::fs::write(dir.join(name), text.join("\n")).unwrap();
}

/// The report on some lines.
fn report(dir: &Path, lines: &[Value], args: &[&str]) -> Value {
    write(dir, "lines.jsonl", lines);
    let out = fusionsoc(dir, &[&["eval", "lines.jsonl"], args].concat());
    assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
    serde_json::from_slice(&out.stdout).unwrap()
}

fn items(report: &Value) -> &Vec<Value> {
    report["items"].as_array().unwrap()
}

fn near(one: &Value, other: f64) {
    assert!((one.as_f64().unwrap() - other).abs() < 1e-9, "{one} is not {other}");
}

#[test]
fn figures_follow_from_the_items() {
    let dir = tempfile::tempdir().unwrap();
    let report = report(dir.path(), &lines(), &["--panel", "builtin", "--by", "licence"]);
    let count = |label: &str, holds: &dyn Fn(&Value) -> bool| {
        let labelled = items(&report).iter().filter(|item| item["label"] == label);
        f64::from(u32::try_from(labelled.filter(|item| holds(item)).count()).unwrap())
    };
    let (bad, good) = (count("true_positive", &|_| true), count("false_positive", &|_| true));
    assert_eq!((bad, good), (15.0, 19.0));
    let kept = count("true_positive", &|item| item["verdict"] != "false_positive");
    let dismissed = count("false_positive", &|item| item["verdict"] == "false_positive");
    near(&report["balanced_accuracy"], f64::midpoint(kept / bad, dismissed / good));
    let policy = &report["policy"];
    let closable = |label: &str| count(label, &|item| item["closable"] == true);
    near(&policy["false_positives_closed_share"], closable("false_positive") / good);
    near(&policy["true_positives_closed_share"], closable("true_positive") / bad);
    // No more than none of fifteen: 1 - 0.05^(1/15).
    assert!(closable("true_positive") < 1.0);
    near(&policy["true_positives_closed_upper95"], 1.0 - 0.05_f64.powf(1.0 / 15.0));
    assert!(closable("false_positive") > 3.0, "{policy}");
    for item in items(&report) {
        let vetoed = !item["vetoes"].as_array().unwrap().is_empty();
        assert!(item["closable"] != true || !vetoed && item["outcome"] == "unanimous", "{item}");
        assert_eq!(item["votes"][1]["state"], "abstained", "nobody declared anything");
    }
    let first = &policy["curve"][0];
    assert_eq!((&first["missed"], &first["strong_only"]), (&json!(0), &json!(true)));
    assert!(report["parts"]["licence=MIT"]["lines"].as_i64().unwrap() > 10);
    assert_eq!(report["voters"].as_array().unwrap().len(), 3);
}

#[test]
fn the_curve_closes_the_least_malicious_first() {
    let dir = tempfile::tempdir().unwrap();
    let report = report(dir.path(), &lines(), &["--panel", "builtin"]);
    let curve = report["policy"]["curve"].as_array().unwrap();
    for point in curve {
        let below = point["below"].as_f64().unwrap();
        let open = items(&report).iter().filter(|item| {
            let of_votes = ["severity", "degraded", "unsure", "near_precedents", "claim_contradicted", "masked_look"];
            let by_event = |veto: &Value| !of_votes.contains(&veto["kind"].as_str().unwrap());
            !item["vetoes"].as_array().unwrap().iter().any(by_event)
        });
        let under: Vec<_> = open.filter(|item| item["score"].as_f64().unwrap() < below || below >= 1.0).collect();
        let of = |label: &str| under.iter().filter(|item| item["label"] == label).count() as u64;
        assert_eq!(point["closed"], of("false_positive"), "{point}");
        assert!(of("true_positive") <= point["missed"].as_u64().unwrap(), "{point}");
    }
    assert_eq!(curve.len(), 8, "0, 1, 2 and 4 missed, of those with strong labels and of all");
}

#[test]
fn a_line_without_a_label_is_voted_on_and_not_scored() {
    let dir = tempfile::tempdir().unwrap();
    let mut lines = lines();
    lines[3].as_object_mut().unwrap().remove("label");
    let report = report(dir.path(), &lines, &["--panel", "builtin:rules,builtin:statistical"]);
    assert_eq!((items(&report).len(), &report["lines"], &report["unlabelled"]), (34, &json!(33), &json!(1)));
    assert_eq!(items(&report)[3]["label"], Value::Null);
    assert_eq!(items(&report)[3]["votes"].as_array().unwrap().len(), 2);
}

/// Makes something wrong in lines.
type Spoil = fn(&mut Vec<Value>);

#[test]
fn what_can_not_be_read_is_told_with_its_line() {
    let dir = tempfile::tempdir().unwrap();
    let cases: [(&str, Spoil); 4] = [
        ("line 2: label: \"maybe\" is none of", |lines| lines[1]["label"] = json!("maybe")),
        ("line 1: id: must be a text", |lines| lines[0]["id"] = json!(7)),
        ("line 3: detection.routing: is missing", |lines| {
            lines[2]["detection"].as_object_mut().unwrap().remove("routing");
        }),
        ("line 2: id: bm-", |lines| lines[1]["id"] = lines[0]["id"].clone()),
    ];
    for (told, spoil) in cases {
        let mut spoiled = lines();
        spoil(&mut spoiled);
        write(dir.path(), "lines.jsonl", &spoiled);
        let out = fusionsoc(dir.path(), &["eval", "lines.jsonl"]);
        let error = String::from_utf8_lossy(&out.stderr).into_owned();
        assert!(out.status.code() == Some(1) && error.contains(told), "{error}");
    }
    write(dir.path(), "lines.jsonl", &lines());
    let out = fusionsoc(dir.path(), &["eval", "lines.jsonl", "--panel", "nobody"]);
    assert!(String::from_utf8_lossy(&out.stderr).contains("there is no voter \"nobody\""));
    assert_eq!(fusionsoc(dir.path(), &["eval", "lines.jsonl", "--folds", "1"]).status.code(), Some(2));
}

#[test]
fn folds_train_on_the_licences_that_are_named_and_learn_from_the_other_half() {
    let dir = tempfile::tempdir().unwrap();
    let folds = ["--panel", "builtin", "--folds", "3", "--group", "id"];
    let with = |more: &[&str]| report(dir.path(), &lines(), &[&folds[..], more].concat());
    let (plain, some, learnt) = (with(&[]), with(&["--licence", "MIT;CC0-1.0"]), with(&["--learn"]));
    let scores = |report: &Value| items(report).iter().map(|item| item["score"].clone()).collect::<Vec<_>>();
    assert_ne!(scores(&plain), scores(&some));
    assert_ne!(scores(&plain), scores(&learnt));
    assert_eq!(some["folds"], "3 by id, MIT or CC0-1.0 alone");
    assert_eq!(learnt["folds"], "3 by id, learning");
    let none = [&["eval", "lines.jsonl"], &folds[..], &["--licence", "GPL"]].concat();
    let none = fusionsoc(dir.path(), &none);
    let told = String::from_utf8_lossy(&none.stderr).into_owned();
    assert!(told.contains("--folds: without part 1: training needs true and false positives"), "{told}");
    assert_eq!(fusionsoc(dir.path(), &["eval", "lines.jsonl", "--learn"]).status.code(), Some(2));
}

#[test]
fn what_analysts_declared_makes_the_panel_surer() {
    let dir = tempfile::tempdir().unwrap();
    // Most rules of these lines are of a severity from which on nothing is closed.
    std::fs::write(dir.path().join("fusionsoc.toml"), "[policy]\nveto_severity = \"critical\"\n").unwrap();
    let closable = |precedents: &str| {
        let report = report(dir.path(), &lines(), &["--panel", "builtin", "--precedents", precedents]);
        let closed = |label: &str| {
            items(&report).iter().filter(|item| item["label"] == label && item["closable"] == true).count()
        };
        (closed("false_positive"), closed("true_positive"))
    };
    let (none, some) = (closable("0"), closable("3"));
    assert!(some.0 > none.0 && some.1 == 0, "{none:?} {some:?}");
}

#[test]
fn training_again_gives_the_same_weights_and_none_that_excuses_a_find() {
    let dir = tempfile::tempdir().unwrap();
    write(dir.path(), "lines.jsonl", &lines());
    let train = |out: &str, more: &[&str]| {
        let all = [&["train", "lines.jsonl", "--version", "test", "--out", out], more].concat();
        let done = fusionsoc(dir.path(), &all);
        (done.status.code(), std::fs::read_to_string(dir.path().join(out)).unwrap_or_default())
    };
    let (code, weights) = train("one.json", &["--licence", "MIT;CC0-1.0"]);
    assert_eq!(code, Some(0));
    assert_eq!(weights, train("two.json", &["--licence", "MIT;CC0-1.0"]).1);
    let model: Value = serde_json::from_str(&weights).unwrap();
    let used = lines().iter().filter(|line| ["MIT", "CC0-1.0"].contains(&line["licence"].as_str().unwrap())).count();
    assert_eq!(model["examples"], json!(used));
    let known = model["weights"].as_object().unwrap();
    assert!(known.len() > 50, "{}", known.len());
    let typed = |name: &str| name.starts_with("find.") && !["browserchild", "update", "com"].contains(&&name[5..]);
    let absurd = known.iter().filter(|(name, weight)| typed(name) && weight.as_f64() < Some(-0.001));
    assert_eq!(absurd.count(), 0);
    assert_eq!(train("three.json", &[]).0, Some(1), "weights of every licence are not to be passed on");
}
