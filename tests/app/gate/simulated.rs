//! `simulate` drives the functions that judge real cases, and keeps the promise where the naive rule does not.
use serde_json::Value;
use std::process::Command;

fn simulate(args: &[&str]) -> (bool, String) {
    let done = Command::new(env!("CARGO_BIN_EXE_fusionsoc")).arg("simulate").args(args).output().unwrap();
    (done.status.success(), String::from_utf8(done.stdout).unwrap())
}

#[test]
fn the_gate_is_seldom_open_wrongly_and_the_naive_rule_often() {
    let (ok, text) = simulate(&["--histories", "12", "--json"]);
    assert!(ok, "{text}");
    let told: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(told["holds"], true, "{told}");
    let above = &told["above_limit"];
    let share = |what: &str| above[what]["share"].as_f64().unwrap();
    assert_eq!(above["ever_open"]["of"], 12 * 18, "every history above the limit is counted");
    assert!(share("ever_open") < 0.06 && share("naive_ever_open") > 0.9, "{above}");
    let opens = |row: &&Value| {
        row["factor"] == 0.1 && row["jumps_to"].is_null() && row["limit"] == 0.05 && row["back_off"] == false
    };
    let row = told["rows"].as_array().unwrap().iter().find(opens).unwrap();
    assert!(row["ever_open"]["share"].as_f64().unwrap() > 0.5, "below the limit it opens: {row}");
    assert!(row["median_reviews_to_open"].as_i64().unwrap() >= 69, "{row}");
    let one = |seed: &str| simulate(&["--histories", "1", "--json", "--seed", seed]).1;
    assert_eq!(one("1"), one("1"), "the same seed makes the same histories");
    assert_ne!(one("1"), one("2"));
}
