//! The search for exclusions: what many false positives share, and nothing that must be kept.
use fusionsoc::tuning::Rule;
use fusionsoc::tuning::search::{Candidate, Nothing, Sample, Share, Side, changed, search};
use serde_json::{Value, json};
use std::time::Instant;

const EXPAND: &str = "C:\\Windows\\SysWOW64\\expand.exe";
const DELL: &str = "C:\\Program Files\\Dell\\SRE\\SRE.exe";

/// A process start in which everything but image, parent and command line is of this event alone.
fn event(at: usize, image: &str, parent: &str, command: &str) -> Value {
    json!({
        "cat": "Expansion", "source_rule": "service/expand",
        "routing": {"event_type": "NEW_PROCESS", "hostname": format!("host-{at}")},
        "detect": {"event": {
            "FILE_PATH": image, "COMMAND_LINE": command, "HASH": format!("{at:064x}"), "FILE_IS_SIGNED": 1,
            "PARENT": {"FILE_PATH": parent, "HASH": format!("{:064x}", at + 9_999), "COMMAND_LINE": format!("p{at}q")},
        }},
    })
}

fn sample(at: usize, side: Side, document: Value) -> Sample {
    Sample { case: i64::try_from(at).unwrap(), act: format!("case:{at}"), side, document }
}

/// So many false positives of one parent and image.
fn planted(count: usize) -> Vec<Sample> {
    let one = |at: usize| sample(at, Side::FalsePositive, event(at, EXPAND, DELL, &format!("expand a{at}b")));
    (0..count).map(one).collect()
}

fn labels(candidate: &Candidate) -> Vec<&str> {
    candidate.conditions.iter().map(|condition| condition.label.as_str()).collect()
}

#[test]
fn the_pair_is_found_and_not_one_field_alone() {
    let mut all = planted(8);
    all.push(sample(50, Side::TruePositive, event(50, EXPAND, "C:\\Users\\eve\\x.exe", "expand evil")));
    let found = search(&all, &[]);
    assert_eq!(found.candidates.len(), 1, "{found:?}");
    let best = &found.candidates[0];
    let parent = format!("Parent image is {DELL}");
    assert_eq!(labels(best), ["Rule is service/expand", &format!("Image is {EXPAND}"), &parent]);
    assert_eq!(best.false_positives, Share { covered: 8, all: 8 });
    assert_eq!((best.kept, best.case, best.written.len(), best.only_written), (1, 7, 0, false));
    let rule = Rule::read(&best.rule).unwrap();
    assert!(all.iter().all(|one| rule.matches(&one.document).unwrap() == (one.side == Side::FalsePositive)));
    assert!(
        search(&all, std::slice::from_ref(&best.rule)).candidates.is_empty(),
        "what people refused is not brought up again"
    );
}

#[test]
fn nothing_is_proposed_where_something_that_must_be_kept_shares_it_all() {
    for side in [Side::TruePositive, Side::Undetermined, Side::Flagged] {
        let mut all = planted(8);
        all.push(sample(50, side, event(50, &EXPAND.to_uppercase(), DELL, "expand evil")));
        let found = search(&all, &[]);
        assert_eq!((found.candidates.len(), found.nothing), (0, Some(Nothing::Shared)), "{side:?}");
    }
    let mut all = planted(8);
    all.push(sample(50, Side::Benign, event(50, EXPAND, DELL, "expand")));
    assert_eq!(search(&all, &[]).candidates[0].benign, Share { covered: 1, all: 1 }, "a benign one is told, not kept");
}

#[test]
fn a_third_field_is_taken_only_where_two_do_not_suffice() {
    let line = |at: usize| format!("expand -f 2026{at:04}");
    let own = |at: usize| sample(at, Side::FalsePositive, event(at, EXPAND, DELL, &line(at)));
    let mut all: Vec<Sample> = (0..9).map(own).collect();
    all.push(sample(50, Side::TruePositive, event(50, EXPAND, DELL, "expand evil")));
    all.push(sample(51, Side::TruePositive, event(51, EXPAND, "C:\\x\\y.exe", &line(51))));
    all.push(sample(52, Side::TruePositive, event(52, "C:\\x\\expand.exe", DELL, &line(52))));
    let found = search(&all, &[]);
    let best = &found.candidates[0];
    assert_eq!((best.conditions.len(), best.false_positives.covered), (4, 9), "{:?}", labels(best));
    assert_eq!(best.written, ["Command line"]);
}

#[test]
fn few_acts_suggest_nothing_however_many_cases_they_decided() {
    let mut all = planted(40);
    for (at, one) in all.iter_mut().enumerate() {
        one.act = format!("bulk:{}", at % 4);
    }
    assert_eq!(search(&all, &[]).nothing, Some(Nothing::Few));
    all[0].act = "case:0".to_owned();
    assert_eq!(search(&all, &[]).candidates.len(), 1);
    let alike: Vec<Sample> = (0..9)
        .map(|at| {
            sample(at, Side::FalsePositive, event(at, EXPAND, &format!("C:\\x{at}\\y{at}.exe"), &format!("e{at}f")))
        })
        .collect();
    assert_eq!(search(&alike, &[]).nothing, Some(Nothing::Unlike), "a tool of the system alone says too little");
}

#[test]
fn path_and_hash_of_a_system_tool_say_too_little_and_those_of_installed_software_do_not() {
    let alike = |image: &str| {
        let one = |at: usize| {
            let mut document = event(at, image, &format!("C:\\x{at}\\y{at}.exe"), &format!("e{at}f"));
            document["detect"]["event"]["HASH"] = json!("ab".repeat(32));
            sample(at, Side::FalsePositive, document)
        };
        search(&(0..9).map(one).collect::<Vec<_>>(), &[])
    };
    assert_eq!(alike(EXPAND).nothing, Some(Nothing::Unlike), "whatever it was used for would be hidden");
    let found = alike(DELL);
    assert_eq!(
        labels(&found.candidates[0])[1..],
        [format!("Image is {DELL}"), format!("Hash of the image is {}", "ab".repeat(32))]
    );
}

#[test]
fn paths_that_vary_are_covered_by_their_version_or_their_folder() {
    let parents: [fn(usize) -> String; 2] = [
        |at| format!("C:\\Program Files\\Dell\\Agent\\{}.{at}.7\\run.exe", at % 3),
        |at| format!("C:\\Program Files\\Dell\\{}\\{}.exe", ["a", "b", "c"][at % 3], ["r", "s"][at % 2]),
    ];
    let told = [
        "Parent image is C:\\Program Files\\Dell\\Agent\\(any version)\\run.exe",
        "Parent image lies in C:\\Program Files\\Dell\\",
    ];
    for (parent, told) in parents.into_iter().zip(told) {
        let one = |at: usize| sample(at, Side::FalsePositive, event(at, EXPAND, &parent(at), &format!("e{at}f")));
        let found = search(&(0..12).map(one).collect::<Vec<_>>(), &[]);
        assert!(labels(&found.candidates[0]).contains(&told), "{:?}", labels(&found.candidates[0]));
        assert_eq!(found.candidates[0].false_positives.covered, 12);
    }
    // Whoever leads out of the folder, or has one of that name elsewhere, is not inside.
    for parent in ["C:\\Program Files\\..\\Users\\Public", "D:\\Program Files\\Dell", "C:\\Users\\eve"] {
        let one = |at: usize| {
            let parent = format!("{parent}\\{}\\x.exe", at % 3);
            sample(at, Side::FalsePositive, event(at, EXPAND, &parent, &format!("e{at}f")))
        };
        for candidate in search(&(0..15).map(one).collect::<Vec<_>>(), &[]).candidates {
            assert!(candidate.written.contains(&"Parent image".to_owned()), "{:?}", labels(&candidate));
        }
    }
}

#[test]
fn what_an_attacker_writes_comes_last_and_is_named() {
    let mut all = planted(10);
    for one in &mut all {
        one.document["routing"]["hostname"] = json!("build-01");
    }
    let first = &search(&all, &[]).candidates[0];
    assert!(first.written.is_empty(), "{:?}", labels(first));
    for (at, one) in all.iter_mut().enumerate() {
        one.document["detect"]["event"]["FILE_PATH"] = json!(format!("C:\\t{at}\\x{at}.exe"));
    }
    let found = search(&all, &[]);
    assert!(found.candidates.iter().all(|one| one.written.contains(&"Host".to_owned())), "{found:?}");
}

#[test]
fn a_field_that_holds_a_list_somewhere_is_no_condition() {
    let mut all = planted(8);
    for one in &mut all {
        one.document["detect"]["event"]["PARENT"]["FILE_PATH"] = json!([DELL, "C:\\x\\evil.exe"]);
    }
    assert_eq!(search(&all, &[]).nothing, Some(Nothing::Unlike));
}

#[test]
fn new_hosts_users_and_values_of_steady_fields_are_told() {
    let with = |at: usize, user: &str, company: &str| {
        let mut document = event(at, EXPAND, DELL, &format!("e{at}f"));
        document["detect"]["event"]["USER_NAME"] = json!(user);
        document["detect"]["event"]["COMPANY"] = json!(company);
        document
    };
    let before: Vec<Value> = (0..6).map(|at| with(at, "SYSTEM", "Dell")).collect();
    let conditioned = ["detect/event/FILE_PATH", "detect/event/PARENT/FILE_PATH"];
    let same = changed(before.clone(), vec![with(3, "system", "dell")], &conditioned);
    assert!(same.hosts.is_empty() && same.users.is_empty() && same.fields.is_empty(), "{same:?}");
    let new = changed(before, vec![with(77, "eve", "Evil")], &conditioned);
    assert_eq!(
        (new.hosts.into_iter().next().unwrap(), new.users.into_iter().next().unwrap()),
        ("host-77".into(), "eve".into())
    );
    assert_eq!(new.fields, [("COMPANY".to_owned(), vec!["evil".to_owned()])]);
}

/// 3,000 events of 60 fields that vary, 400 of them to be kept.
fn crowd() -> Vec<Sample> {
    let one = |at: usize| {
        let kept = at % 8 == 7;
        let mut document =
            event(at, [EXPAND, DELL][at % 2], [DELL, EXPAND][at % 3 % 2], &format!("expand {}", at % 40));
        for field in 0..52 {
            let value = if kept { at * 7 + field } else { at * 31 + field * 17 } % (2 + field % 7);
            document["detect"]["event"][format!("F{field}")] = json!(format!("v{value}"));
        }
        let side = if kept { Side::TruePositive } else { Side::FalsePositive };
        Sample { case: i64::try_from(at / 2).unwrap(), act: format!("case:{}", at / 2), side, document }
    };
    (0..3_000).map(one).collect()
}

#[test]
#[ignore = "measures: cargo test --release --test parts -- --ignored a_search_of_3_000"]
fn a_search_of_3_000_events_of_60_fields_takes_less_than_two_seconds() {
    let all = crowd();
    let begun = Instant::now();
    let found = search(&all, &[]);
    let took = begun.elapsed();
    println!("{took:?}, {} candidates", found.candidates.len());
    assert_eq!(found, search(&all, &[]), "the same again");
    assert!(took.as_secs_f64() < 2.0, "{took:?}");
}
