//! Claims: what voters state is compared with the event; how well it is found is measured over labelled sentences.
use fusionsoc::domain::claim::Passage;
use fusionsoc::domain::dossier::{Dossier, Intel, Precedents, Prevalence};
use fusionsoc::domain::{Claim, Detection};
use fusionsoc::triage::claims;
use proptest::prelude::*;
use serde_json::{Value, json};
use std::collections::BTreeSet;

fn dossier(document: &Value, intel: Vec<Intel>) -> Dossier {
    Dossier {
        detection: Detection::read(document).unwrap(),
        observables: Vec::new(),
        precedents: Precedents::default(),
        prevalence: Prevalence::default(),
        intel,
        evidence: Vec::new(),
        local: None,
    }
}

fn virustotal(malicious: i64, undetected: i64, no_answer: i64, reputation: i64) -> Vec<Intel> {
    vec![Intel {
        provider: "virustotal".to_owned(),
        observable: None,
        malicious,
        suspicious: 0,
        undetected,
        harmless: 0,
        no_answer,
        reputation: Some(reputation),
    }]
}

fn event(event: &Value) -> Value {
    json!({"detect_id": "a", "routing": {"event_type": "NEW_PROCESS", "hostname": "h"}, "detect": {"event": event}})
}

/// The event of a variant, with what intelligence says about it.
fn variant(name: &str) -> Dossier {
    match name {
        "seed" => dossier(
            &serde_json::from_str(include_str!("../fixtures/seed/detection.json")).unwrap(),
            virustotal(0, 63, 13, -11),
        ),
        "unsigned" => {
            let path = r"C:\Users\ana\AppData\Local\Temp\update.exe";
            let parent =
                json!({"FILE_PATH": r"C:\Windows\explorer.exe", "FILE_IS_SIGNED": 1, "USER_NAME": r"ACME\ana"});
            let event =
                event(&json!({"FILE_PATH": path, "COMMAND_LINE": path, "FILE_IS_SIGNED": 0, "USER_NAME": r"ACME\ana",
                "HASH": "aa".repeat(32), "PARENT": parent}));
            dossier(&event, virustotal(12, 58, 0, -40))
        }
        "silent" => {
            let path = r"C:\Windows\System32\svchost.exe";
            dossier(&event(&json!({"FILE_PATH": path, "COMMAND_LINE": path})), Vec::new())
        }
        "named" => {
            let path = r"C:\Program Files\Google\Chrome\Application\chrome.exe";
            let parent = json!({"FILE_PATH": r"C:\Windows\explorer.exe", "FILE_IS_SIGNED": 1});
            let event = event(
                &json!({"FILE_PATH": path, "COMMAND_LINE": path, "FILE_IS_SIGNED": 1, "USER_NAME": r"ACME\bea",
                "SIGNATURE": {"FILE_IS_SIGNED": 1, "CERT_SUBJECT": "C=US, O=Google LLC, CN=Google LLC"}, "PARENT": parent}),
            );
            dossier(&event, virustotal(0, 65, 0, 3))
        }
        "linux" => {
            let parent = json!({"FILE_PATH": "/usr/sbin/cron", "USER_NAME": "root"});
            let event = json!({"FILE_PATH": "/usr/bin/curl", "COMMAND_LINE": "curl -s http://updates.example", "USER_NAME": "root", "PARENT": parent});
            dossier(&self::event(&event), Vec::new())
        }
        other => panic!("there is no variant {other}"),
    }
}

/// A statement's kind and state.
type Pair = (String, String);

struct Case {
    sentence: String,
    held: bool,
    wanted: BTreeSet<Pair>,
    found: BTreeSet<Pair>,
}

fn cases() -> Vec<Case> {
    let one = |line: &str| {
        let case: Value = serde_json::from_str(line).unwrap();
        let sentence = case["sentence"].as_str().unwrap();
        let dossier = variant(case["dossier"].as_str().unwrap());
        let found = claims::of_text(&dossier, "m", Passage::EvidenceBenign, sentence);
        Case {
            sentence: sentence.to_owned(),
            held: case["held"] == true,
            wanted: serde_json::from_value(case["claims"].clone()).unwrap(),
            found: found.iter().map(|claim| (claim.kind.to_string(), claim.state.to_string())).collect(),
        }
    };
    include_str!("../fixtures/claims.jsonl").lines().map(one).collect()
}

/// Precision and recall of pairs of kind and state.
fn measure(cases: &[&Case]) -> (f64, f64) {
    let sum = |count: fn(&Case) -> usize| u32::try_from(cases.iter().map(|case| count(case)).sum::<usize>()).unwrap();
    let right = f64::from(sum(|case| case.wanted.intersection(&case.found).count()));
    (right / f64::from(sum(|case| case.found.len())), right / f64::from(sum(|case| case.wanted.len())))
}

#[test]
fn statements_are_found_and_judged_as_people_labelled_them() {
    let all = cases();
    assert!(all.len() >= 100);
    // A third was written after the rules; which of its sentences go wrong was never looked at.
    let known: Vec<&Case> = all.iter().filter(|case| !case.held).collect();
    let held: Vec<&Case> = all.iter().filter(|case| case.held).collect();
    let told = std::env::var_os("CLAIMS_SHOW").is_some();
    for case in known.iter().filter(|case| told && case.wanted != case.found) {
        println!("{}\n  wanted {:?}\n  found  {:?}", case.sentence, case.wanted, case.found);
    }
    let (known, held) = (measure(&known), measure(&held));
    println!(
        "tuned on: precision {:.3}, recall {:.3}; held out: precision {:.3}, recall {:.3}",
        known.0, known.1, held.0, held.1
    );
    assert!(held.0 >= 0.9 && held.1 >= 0.8, "held out: precision {:.3}, recall {:.3}", held.0, held.1);
}

fn of(name: &str, text: &str) -> Vec<Claim> {
    claims::of_text(&variant(name), "m", Passage::EvidenceBenign, text)
}

#[test]
fn a_quote_is_the_text_at_its_place() {
    let text = "It ran. The “file” is **signed by Dell** and lies in System32. Ünsigned?";
    for claim in of("seed", text) {
        assert_eq!(claim.quote, text[claim.start..claim.end]);
    }
    assert!(of("seed", text).iter().any(|claim| claim.quote == "signed by Dell"));
}

#[test]
fn a_statement_of_one_sentence_is_about_whom_the_sentence_before_was_about() {
    let of = of("named", "The parent explorer.exe started it. It is in Program Files.");
    assert_eq!(of.last().map(|claim| claim.state.as_str()), Some("contradicted"), "{of:?}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]
    #[test]
    fn no_text_breaks_it(text in "(signed|by|Microsoft|not|in|the|parent|SYSTEM|0/76|hash|[A-Z]:.x|reputation|[ .,;:?()=-]|\\PC){0,60}") {
        for claim in of("seed", &text) {
            prop_assert_eq!(&claim.quote, &text[claim.start..claim.end]);
        }
    }
}

#[test]
fn a_very_long_text_takes_no_longer_than_a_page() {
    let text = "a is not signed ".repeat(200_000);
    // What else the machine does makes one of them slow, not all.
    let quick = (0..5).any(|_| {
        let started = std::time::Instant::now();
        of("seed", &text);
        started.elapsed() < std::time::Duration::from_secs(5)
    });
    assert!(quick);
}
