//! What was made up, and what only tells where a line came from, moves no figure.
use super::{items, lines, report};
use serde_json::{Value, json};

/// A text that is another one for every field and line.
fn other(line: usize, field: &str) -> Value {
    json!(format!("{field}-{}", (line * 7919 + field.len() * 31) % 100_003))
}

/// The line with everything changed that a voter must not judge by.
fn disguised(at: usize, line: &Value) -> Value {
    let mut line = line.clone();
    for field in ["provenance", "rule_variant", "licence", "source_ref", "label_basis"] {
        line[field] = other(at, field);
    }
    let detection = &mut line["detection"];
    // The same rule keeps one name, only another.
    detection["cat"] = json!(format!("Rule {}", detection["cat"].as_str().unwrap().len() * 13));
    for field in ["author", "detect_id", "source", "source_rule", "link", "namespace"] {
        detection[field] = other(at, field);
    }
    detection["gen_time"] = json!(1_700_000_000_000_u64 + at as u64);
    for place in ["/routing", "/detect/routing"] {
        let Some(routing) = detection.pointer_mut(place).and_then(Value::as_object_mut) else { continue };
        for (field, value) in routing.iter_mut().filter(|(field, _)| *field != "event_type") {
            *value = match field.as_str() {
                "tags" => json!(["yara_detection_memory"]),
                "event_time" => json!(1_700_000_000_000_u64),
                _ => other(at, field),
            };
        }
    }
    for place in ["/detect/event", "/detect/event/PARENT"] {
        let Some(process) = detection.pointer_mut(place).and_then(Value::as_object_mut) else { continue };
        for (field, value) in process.iter_mut() {
            match field.as_str() {
                "FILE_IS_SIGNED" => *value = json!(at % 2),
                "HASH" => *value = json!(format!("{at:064x}")),
                "PROCESS_ID" | "PARENT_PROCESS_ID" | "THREADS" | "MEMORY_USAGE" => *value = json!(at),
                "USER_NAME" => *value = other(at, "user"),
                _ => {}
            }
        }
    }
    line
}

const MADE_UP: [&str; 17] = [
    "author",
    "detect_id",
    "source",
    "link",
    "gen_time",
    "routing.*",
    "event.FILE_IS_SIGNED",
    "event.HASH",
    "event.PROCESS_ID",
    "event.PARENT_PROCESS_ID",
    "event.PARENT.FILE_IS_SIGNED",
    "event.PARENT.HASH",
    "event.PARENT.PROCESS_ID",
    "event.PARENT.PARENT_PROCESS_ID",
    "event.PARENT.THREADS",
    "event.PARENT.MEMORY_USAGE",
    "event.PARENT.USER_NAME:name",
];

/// The figures and what every voter said, without ids.
fn figures(report: &Value) -> Value {
    let said: Vec<Value> = items(report)
        .iter()
        .map(|item| json!([item["verdict"], item["score"], item["votes"], item["closable"]]))
        .collect();
    json!([report["balanced_accuracy"], report["confusion"], report["calibration_error"], report["policy"], said])
}

#[test]
fn what_was_made_up_moves_no_figure() {
    let dir = tempfile::tempdir().unwrap();
    let mut plain = lines();
    for (at, line) in plain.iter_mut().enumerate() {
        line["synthesised_fields"] = json!(MADE_UP);
        line["family"] = json!(format!("family {}", at % 9));
        // What a user is called is made up, what kind of user it is goes with it.
        if let Some(event) = line.pointer_mut("/detection/detect/event").and_then(Value::as_object_mut) {
            event.remove("USER_NAME");
        }
    }
    let disguised: Vec<Value> = plain.iter().enumerate().map(|(at, line)| disguised(at, line)).collect();
    assert_ne!(plain, disguised);
    for folds in [&["--panel", "builtin"][..], &["--panel", "builtin", "--folds", "3", "--group", "family"]] {
        let (before, after) = (report(dir.path(), &plain, folds), report(dir.path(), &disguised, folds));
        assert_eq!(figures(&before), figures(&after), "{folds:?}");
    }
}

#[test]
fn what_is_not_made_up_is_shown_to_the_panel() {
    let dir = tempfile::tempdir().unwrap();
    let unsigned = |made_up: bool| {
        let mut lines = lines();
        for line in &mut lines {
            if let Some(event) = line.pointer_mut("/detection/detect/event").and_then(Value::as_object_mut) {
                event.insert("FILE_IS_SIGNED".to_owned(), json!(0));
            }
            if made_up {
                line["synthesised_fields"] = json!(["event.FILE_IS_SIGNED"]);
            }
        }
        figures(&report(dir.path(), &lines, &["--panel", "builtin:rules"]))
    };
    assert_ne!(unsigned(false), unsigned(true));
}
