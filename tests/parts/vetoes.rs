//! What keeps the machine from closing a case: each veto does so alone, and none can be outvoted.
use fusionsoc::domain::claim::{Claim, ClaimKind, ClaimState, Passage};
use fusionsoc::domain::dossier::{Dossier, Intel, Precedents, Prevalence};
use fusionsoc::domain::evidence::{EvidenceKind, EvidenceState, Piece};
use fusionsoc::domain::{Answer, Detection, Failure, MachineVerdict, Severity, Vote, VoteState, Weights};
use fusionsoc::triage::policy::{Settings, alarming_tags, claims, closable, vetoes};
use fusionsoc::triage::vote::{Count, Mode, Panel, count};
use proptest::prelude::*;
use serde_json::{Value, json};

/// All that the decision depends on.
#[derive(Debug, Clone)]
struct Situation {
    document: Value,
    intel: Vec<Intel>,
    cases: i64,
    high_on_host: i64,
    precedents: Precedents,
    votes: Vec<Vote>,
    severity: Severity,
    truncated: bool,
    claims: Vec<Claim>,
    evidence: Vec<Piece>,
}

fn vote(verdict: MachineVerdict, severity: Severity) -> Vote {
    let text = String::new;
    let answer = Answer {
        what_happened: text(),
        evidence_malicious: text(),
        evidence_benign: text(),
        missing_information: text(),
        ioc_analysis: text(),
        verdict,
        false_positive_reason: text(),
        severity,
        risk_score: 5,
        mitre_techniques: Vec::new(),
        iocs: Vec::new(),
        recommended_actions: Vec::new(),
        investigation_questions: Vec::new(),
        confidence: 0.95,
    };
    Vote { voter: "m".to_owned(), state: VoteState::Ok, failure: None, answer: Some(answer) }
}

fn failed() -> Vote {
    Vote { voter: "m".to_owned(), state: VoteState::Failed, failure: Some(Failure::Http), answer: None }
}

fn claim(state: ClaimState) -> Claim {
    let text = String::new;
    let (field, kind) = (Passage::WhatHappened, ClaimKind::Path);
    Claim { voter: "m".to_owned(), field, start: 0, end: 0, kind, quote: text(), state, says: text() }
}

fn intel(malicious: i64) -> Intel {
    Intel {
        provider: "virustotal".to_owned(),
        observable: None,
        malicious,
        suspicious: 0,
        undetected: 70,
        harmless: 0,
        no_answer: 0,
        reputation: None,
    }
}

/// All that is asked for, as it should be; what is not needed may fail.
fn gathered() -> Vec<Piece> {
    let piece = |kind, state| Piece::new(kind, state, "", 0);
    vec![
        piece(EvidenceKind::Ancestors, EvidenceState::Ok),
        piece(EvidenceKind::Children, EvidenceState::Inconclusive),
        piece(EvidenceKind::Sweep, EvidenceState::Empty),
        piece(EvidenceKind::Tags, EvidenceState::Ok),
        piece(EvidenceKind::Prevalence, EvidenceState::Failed),
    ]
}

/// What providers said, where some are set up.
fn intelligence(state: EvidenceState) -> Piece {
    Piece::new(EvidenceKind::Intelligence, state, "", 0)
}

fn becomes(it: &mut Situation, kind: EvidenceKind, state: EvidenceState) {
    it.evidence.iter_mut().filter(|piece| piece.kind == kind).for_each(|piece| piece.state = state);
}

/// A signed file of the system, seen before, that everybody calls a false positive.
fn clean() -> Situation {
    let event =
        json!({"FILE_PATH": "C:\\Windows\\System32\\expand.exe", "COMMAND_LINE": "expand", "FILE_IS_SIGNED": 1});
    let routing = json!({"event_type": "NEW_PROCESS", "hostname": "h", "tags": ["windows", "fusionsoc-high-note"]});
    Situation {
        document: json!({"detect_id": "a", "routing": routing, "detect": {"event": event}}),
        intel: vec![intel(0)],
        cases: 5,
        high_on_host: 0,
        precedents: Precedents { false_positive: 5, ..Precedents::default() },
        votes: vec![vote(MachineVerdict::FalsePositive, Severity::Low); 3],
        severity: Severity::Low,
        truncated: false,
        claims: vec![claim(ClaimState::Supported), claim(ClaimState::Unsupported)],
        evidence: gathered(),
    }
}

fn decided(of: &Situation) -> (Count, Vec<&'static str>, bool) {
    let dossier = Dossier {
        detection: Detection::read(&of.document).unwrap(),
        observables: Vec::new(),
        precedents: of.precedents,
        prevalence: Prevalence { cases: of.cases, other_hosts: 0, high_on_host: of.high_on_host },
        intel: of.intel.clone(),
        evidence: of.evidence.clone(),
        local: None,
    };
    let count = count(Panel { mode: Mode::Unanimous, quorum: 0 }, &of.votes, &Weights::default(), Severity::Low);
    let tags = ["yara_detection_memory".to_owned(), "*-critical".to_owned()];
    let settings = Settings { severity: Severity::High, tags: &tags, rules: &["service.windows/cred_*".to_owned()] };
    let mut named = vetoes(&dossier, &count, of.severity, of.truncated, settings);
    named.extend(claims(&of.claims));
    let may = closable(&count, &named);
    (count, named.into_iter().map(|(kind, _)| kind).collect(), may)
}

type Change = fn(&mut Situation);

/// One change for each veto.
const CHANGES: &[(&str, Change)] = &[
    ("severity", |it| it.severity = Severity::High),
    ("severity", |it| it.severity = Severity::Critical),
    ("severity", |it| it.document["detect_mtd"]["level"] = json!("high")),
    ("rule", |it| it.document["cat"] = json!("service.windows/cred_dump")),
    ("precedent", |it| it.precedents.true_positive = 1),
    ("host_tags", |it| it.document["routing"]["tags"] = json!(["yara_detection_memory"])),
    ("host_tags", |it| it.document["routing"]["tags"] = json!(["EDR-CRITICAL"])),
    ("host_tags", |it| it.evidence[3].facts.tags.push("backup-critical".to_owned())),
    ("evidence", |it| becomes(it, EvidenceKind::Sweep, EvidenceState::Failed)),
    ("evidence", |it| becomes(it, EvidenceKind::Sweep, EvidenceState::Inconclusive)),
    ("evidence", |it| becomes(it, EvidenceKind::Ancestors, EvidenceState::Failed)),
    ("evidence", |it| becomes(it, EvidenceKind::Ancestors, EvidenceState::Inconclusive)),
    ("evidence", |it| it.evidence.push(intelligence(EvidenceState::Failed))),
    ("evidence", |it| it.evidence.push(intelligence(EvidenceState::Inconclusive))),
    ("host_case", |it| it.high_on_host = 1),
    ("intelligence", |it| it.intel.push(intel(1))),
    ("unsigned", |it| {
        it.document["detect"]["event"]["FILE_IS_SIGNED"] = json!(0);
        it.document["detect"]["event"]["FILE_PATH"] = json!("C:\\Users\\ana\\x.exe");
    }),
    ("first_sight", |it| (it.cases, it.precedents) = (0, Precedents::default())),
    ("first_sight", |it| it.precedents = Precedents::default()),
    ("first_sight", |it| it.precedents.programs = 5),
    ("truncated", |it| it.truncated = true),
    ("degraded", |it| it.votes.push(failed())),
    ("claim_contradicted", |it| it.claims.push(claim(ClaimState::Contradicted))),
];

/// Changes that are no veto, and stop the closing by the count.
const VOTES: &[Change] = &[
    |it| it.votes.push(vote(MachineVerdict::TruePositive, Severity::Low)),
    |it| it.votes.push(vote(MachineVerdict::NeedsReview, Severity::Low)),
    |it| it.votes.push(vote(MachineVerdict::FalsePositive, Severity::Critical)),
    |it| it.votes.truncate(1),
    |it| it.votes.clear(),
];

#[test]
fn intelligence_alone_asks_for_no_evidence_of_the_host() {
    for state in [EvidenceState::Ok, EvidenceState::Empty] {
        let mut it = clean();
        it.evidence = vec![intelligence(state)];
        let (_, named, may) = decided(&it);
        assert!(named.is_empty() && may, "{named:?}");
    }
    let mut it = clean();
    it.evidence = vec![intelligence(EvidenceState::Failed)];
    assert_eq!(decided(&it).1, ["evidence"]);
}

#[test]
fn a_clean_case_may_be_closed() {
    let (count, named, may) = decided(&clean());
    assert_eq!((count.verdict, named, may), (MachineVerdict::FalsePositive, Vec::new(), true));
}

#[test]
fn each_veto_alone_keeps_the_machine_from_closing() {
    for (kind, change) in CHANGES {
        let mut situation = clean();
        change(&mut situation);
        let (_, named, may) = decided(&situation);
        assert_eq!(named, [*kind]);
        assert!(!may, "{kind}");
    }
}

#[test]
fn needed_evidence_that_is_missing_keeps_the_machine_from_closing() {
    let mut situation = clean();
    situation.evidence.retain(|piece| piece.kind != EvidenceKind::Sweep);
    assert_eq!(decided(&situation).1, ["evidence"]);
    // Without a LimaCharlie nobody could be asked.
    situation.evidence.clear();
    assert!(decided(&situation).2);
}

#[test]
fn tags_that_the_product_sets_itself_are_no_veto_whatever_the_pattern() {
    let everything = ["*".to_owned(), "fusion*".to_owned(), "fusion-soc-critical".to_owned()];
    let tags = |list: &[&str]| list.iter().map(|tag| (*tag).to_owned()).collect::<Vec<_>>();
    let own = tags(&["fusion-soc-critical", "fusionsoc-high", "FusionSOC-reviewed", "Fusion-SOC-isolated-critical"]);
    assert_eq!(alarming_tags(&own, &everything), Vec::<&str>::new());
    let others = ["fusionsoc", "fusion-critical", "x-fusionsoc-critical", "yara_detection_memory"];
    assert_eq!(alarming_tags(&tags(&others), &everything), others);
    let mut situation = clean();
    situation.document["routing"]["tags"] = json!(["fusion-soc-critical", "fusionsoc-critical"]);
    assert_eq!(decided(&situation).1, Vec::<&str>::new());
    situation.document["routing"]["tags"] = json!(["fusion-soc-critical", "edr-critical"]);
    assert_eq!(decided(&situation).1, ["host_tags"]);
}

#[test]
fn a_panel_that_is_not_of_one_mind_closes_nothing() {
    for (at, change) in VOTES.iter().enumerate() {
        let mut situation = clean();
        change(&mut situation);
        assert!(!decided(&situation).2, "vote {at}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]
    #[test]
    fn no_combination_closes_while_a_veto_stands(chosen in proptest::collection::vec(any::<prop::sample::Index>(), 0..6), votes in proptest::collection::vec(any::<prop::sample::Index>(), 0..3), order in any::<bool>()) {
        let mut situation = clean();
        let changes: Vec<Change> = chosen.iter().map(|at| at.get(CHANGES).1).collect();
        let others: Vec<Change> = votes.iter().map(|at| *at.get(VOTES)).collect();
        let all: Vec<Change> = if order { changes.iter().chain(&others).copied().collect() } else { others.iter().chain(&changes).copied().collect() };
        for change in &all {
            change(&mut situation);
        }
        let (count, named, may) = decided(&situation);
        prop_assert!(!may || named.is_empty());
        prop_assert!(!may || count.verdict == MachineVerdict::FalsePositive && count.missing == 0);
        prop_assert_eq!(may, all.is_empty());
    }

    #[test]
    fn no_event_closes_while_a_veto_stands(signed in any::<Option<bool>>(), folder in "(C:.Users.a.|C:.Windows.Temp.|/tmp/|C:.Program Files.x.|)", tag in "(yara_detection_memory|a-critical|windows|[a-z]{0,5})", malicious in 0_i64..3, cases in 0_i64..3, severity in 0_usize..5, truncated in any::<bool>(), contradicted in any::<bool>()) {
        let mut situation = clean();
        let event = &mut situation.document["detect"]["event"];
        event["FILE_IS_SIGNED"] = signed.map_or(Value::Null, |signed| json!(i32::from(signed)));
        event["FILE_PATH"] = json!(format!("{}x.exe", folder.replace("C:.", "C:\\").replace(".a.", "\\a\\").replace(".Temp.", "\\Temp\\")));
        situation.document["routing"]["tags"] = json!([tag]);
        situation.intel = vec![intel(malicious)];
        (situation.cases, situation.precedents) = (cases, Precedents::default());
        situation.severity = Severity::ALL[severity];
        situation.truncated = truncated;
        situation.claims = vec![claim(if contradicted { ClaimState::Contradicted } else { ClaimState::Supported })];
        let (_, named, may) = decided(&situation);
        prop_assert_eq!(may, named.is_empty());
        let bad = malicious > 0 || cases == 0 || truncated || contradicted || situation.severity >= Severity::High;
        prop_assert!(!bad || !may);
    }
}
