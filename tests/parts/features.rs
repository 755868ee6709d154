//! What the built-in voters read of an event: nothing that is unknown or merely typed looks harmless.
mod learnt;

use fusionsoc::domain::{Detection, MachineVerdict, Vote, VoteState};
use fusionsoc::features::{self, Features};
use fusionsoc::voters::statistical;
use serde_json::{Value, json};

const SEED: &str = include_str!("../fixtures/seed/detection.json");

/// The seed's detection with another event.
fn detection(event_type: &str, event: Value) -> Detection {
    let mut document: Value = serde_json::from_str(SEED).unwrap();
    for place in ["/routing", "/detect/routing"] {
        document.pointer_mut(place).unwrap()["event_type"] = json!(event_type);
    }
    document["detect"]["event"] = event;
    Detection::read(&document).unwrap()
}

fn started(path: &str, line: &str, parent: &str) -> Option<Features> {
    let event = json!({"FILE_PATH": path, "COMMAND_LINE": line, "PARENT": {"FILE_PATH": parent}});
    features::of(&detection("NEW_PROCESS", event))
}

fn probability(features: &Features) -> f64 {
    statistical::shipped().unwrap().probability(features)
}

#[test]
fn an_event_that_is_not_read_gives_no_features() {
    let unread = [
        ("WEL", json!({"EVENT": {"System": {"EventID": "4624"}}})),
        ("YARA_DETECTION", json!({"RULE_NAME": "x"})),
        ("FILE_CREATE", json!({"FILE_PATH": "C:\\Windows\\System32\\x.cfg"})),
        ("REGISTRY_WRITE", json!({"REGISTRY_KEY": "HKLM\\Software\\Microsoft\\Windows\\CurrentVersion\\Run"})),
        (
            "NEW_PROCESS",
            json!({"FILE_PATH": "/usr/bin/bash", "COMMAND_LINE": "bash -i", "PARENT": {"FILE_PATH": "/usr/sbin/nginx"}}),
        ),
    ];
    for (kind, event) in unread {
        assert_eq!(features::of(&detection(kind, event.clone())), None, "{kind} {event}");
    }
}

#[test]
fn a_process_without_a_command_line_is_one_still() {
    let event = json!({"FILE_PATH": "C:\\Users\\a\\Temp\\x.exe", "PARENT": {"FILE_PATH": "C:\\Program Files\\Google\\Chrome\\chrome.exe"}});
    let features = features::of(&detection("NEW_PROCESS", event)).unwrap();
    assert!(features.has("kind=process") && features.has("image.place=temp") && !features.has("quiet"));
}

#[test]
fn words_that_anybody_can_type_excuse_nothing() {
    let (dll, host) = ("rundll32.exe C:\\Windows\\System32\\x.dll,Go", "C:\\Windows\\System32\\svchost.exe");
    let plain = started("C:\\Windows\\System32\\rundll32.exe", dll, host).unwrap();
    let typed = format!("{dll} --type= /update show -embedding >");
    let typed = started("C:\\Windows\\System32\\rundll32.exe", &typed, host).unwrap();
    for find in ["find.update", "find.browserchild", "find.com"] {
        assert!(!typed.has(find), "{find}");
    }
    assert!(probability(&typed) >= probability(&plain) - 1e-9, "{} {}", probability(&typed), probability(&plain));
    let vendor = started("C:\\Program Files\\Vendor\\agent.exe", "agent.exe --type=renderer", host).unwrap();
    assert!(vendor.has("find.browserchild"), "software that an administrator installed");
}

#[test]
fn programs_of_windows_belong_into_its_folder() {
    let displaced = |path: &str| started(path, "x", "C:\\Windows\\explorer.exe").unwrap().has("image.displaced");
    for path in ["C:\\Windows\\svchost.exe", "C:\\Program Files\\x\\svchost.exe", "C:\\Temp\\tiworker.exe"] {
        assert!(displaced(path), "{path}");
    }
    let right = [
        "C:\\Windows\\System32\\svchost.exe",
        "\\??\\C:\\Windows\\System32\\conhost.exe",
        "\\\\?\\C:\\Windows\\System32\\cmd.exe",
        "\\Device\\HarddiskVolume3\\Windows\\System32\\cmd.exe",
        "C:\\Windows\\explorer.exe",
        "C:\\Users\\a\\AppData\\Local\\Programs\\Python\\python.exe",
    ];
    for path in right {
        assert!(!displaced(path), "{path}");
    }
}

#[test]
fn the_statistical_voter_in_a_panel_must_be_sure() {
    use fusionsoc::domain::dossier::{Dossier, Precedents, Prevalence};
    use fusionsoc::triage::{observables, policy};
    let detection = detection("NEW_PROCESS", json!({"FILE_PATH": "C:\\x.exe", "COMMAND_LINE": "x"}));
    let dossier = Dossier {
        observables: observables::of(&detection),
        precedents: Precedents::default(),
        prevalence: Prevalence::default(),
        intel: Vec::new(),
        evidence: Vec::new(),
        local: None,
        detection,
    };
    let answer = |confidence: f64| {
        let mut answer = fusionsoc::voters::rules::weigh(&dossier);
        (answer.verdict, answer.confidence) = (MachineVerdict::FalsePositive, confidence);
        answer
    };
    let vetoes = |voter: &str, confidence: f64| -> Vec<&'static str> {
        let answer = Some(answer(confidence));
        let vote = Vote { voter: voter.to_owned(), state: VoteState::Ok, failure: None, answer };
        policy::builtin(&dossier, &[vote]).map(|(kind, _)| kind).collect()
    };
    assert_eq!(vetoes("builtin:statistical", 0.84), ["unsure"]);
    assert!(vetoes("builtin:statistical", 0.86).is_empty());
    assert!(vetoes("qwen3.5:4b", 0.2).is_empty(), "what a model states is not measured");
    assert_eq!(vetoes("builtin:precedent", 0.6), ["near_precedents"]);
}
