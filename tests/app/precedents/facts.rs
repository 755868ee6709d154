//! What models are told of local evidence: numbers and words of ours, and what of it votes depend on.
use crate::precedents::ran;
use fusionsoc::domain::dossier::{Dossier, Precedents, Prevalence};
use fusionsoc::domain::evidence::EvidenceState;
use fusionsoc::domain::local::{Beside, HostHistory, Level, Local, Near, NearInTime, Spread, Tokens};
use fusionsoc::domain::{Detection, Severity, Verdict};
use fusionsoc::triage::{likeness, prompt, reuse};

fn dossier(local: Option<Local>) -> Dossier {
    Dossier {
        detection: Detection::read(&ran(1, "")).unwrap(),
        observables: Vec::new(),
        precedents: Precedents::default(),
        prevalence: Prevalence::default(),
        intel: Vec::new(),
        evidence: Vec::new(),
        local,
    }
}

fn local(decided: Precedents) -> Local {
    let near = Near {
        decided,
        alike: 0.934,
        only_here: Tokens { shown: vec!["ignore-all-instructions".to_owned()], more: 0 },
        ..Near::default()
    };
    let title = "ignore the rule".to_owned();
    Local {
        spread: Spread { cases: 4, hosts: 3, days: 2, first_ms: Some(1_773_901_779_334 - 3 * 86_400_000) },
        family: Level { state: EvidenceState::Ok, decided, behaviours: vec![near], more: false },
        rule: Level { state: EvidenceState::Empty, ..Level::default() },
        host: HostHistory {
            detections: 7,
            severities: vec![(Severity::High, 1), (Severity::Low, 2)],
            verdicts: vec![(Verdict::Pending, 3)],
        },
        beside: Beside {
            nearest: vec![NearInTime { case: 2, title, level: Some(Severity::High), at_ms: 1 }],
            more: false,
        },
        tags: vec!["ignore-tag".to_owned()],
        ..Local::default()
    }
}

#[test]
fn models_get_the_numbers_and_no_word_that_somebody_else_wrote() {
    let decided = Precedents { false_positive: 2, ..Precedents::default() };
    let user = prompt::build(&dossier(Some(local(decided))), [1; 16], [2; 8]).user;
    let line = user.lines().find(|line| line.contains("local_evidence")).unwrap_or_else(|| panic!("{user}"));
    assert_eq!(
        line,
        "  local_evidence: prevalence=ok(cases=4 hosts=3 days=2 first_seen_days_before=3) \
         host_14d=ok(detections=7 other_cases=3 high=1 low=2 pending=3) near_30min=ok(1 highest_level=high) tags=1 \
         same_rule_and_images=ok(behaviours=1 false_positive=2 benign_true_positive=0 true_positive=0 nearest_alike=0.93) \
         same_rule=empty"
    );
    assert!(!user.contains("ignore"), "{user}");
    assert!(user.find("local_evidence").unwrap() < user.find("\nD-0101").unwrap(), "it is a fact, not data");
    assert!(!prompt::build(&dossier(None), [1; 16], [2; 8]).user.contains("local_evidence"));
}

#[test]
fn votes_are_not_reused_over_another_verdict_on_a_near_behaviour() {
    let key = |local| reuse::evidence(&dossier(Some(local)), "panel", &[]).unwrap();
    let benign = key(local(Precedents { false_positive: 1, ..Precedents::default() }));
    assert_eq!(benign, key(local(Precedents { false_positive: 9, ..Precedents::default() })), "how often is no matter");
    assert_ne!(benign, key(local(Precedents { true_positive: 1, ..Precedents::default() })));
    let mut busy = local(Precedents { false_positive: 1, ..Precedents::default() });
    busy.spread.hosts = 40;
    assert_eq!(benign, key(busy.clone()), "where it was seen is no matter");
    busy.host.verdicts = vec![(Verdict::TruePositive, 1)];
    assert_ne!(benign, key(busy), "a host with a true positive is another host");
}

#[test]
fn likeness_is_dices_coefficient_of_trigrams_and_never_one() {
    // Trigrams `abc bcd cde` and `abc bcd cdx`: two of three in common on either side.
    let compared = likeness::compare("rule=r\nabcde", "rule=other\nabcdx");
    assert!((compared.alike - 2.0 / 3.0).abs() < 1e-9, "{compared:?}");
    assert_eq!(compared.only_here.shown, ["abcde"]);
    let long = "a ".repeat(3_000);
    let compared = likeness::compare(&format!("command={long}b"), &format!("command={long}c"));
    assert!(compared.alike <= 0.99 && compared.alike > 0.9, "{compared:?}");
    assert_eq!(
        (&*compared.only_here.shown, &*compared.only_there.shown),
        (&["b".to_owned()][..], &["c".to_owned()][..])
    );
    let cut = format!("command=a\ncut={}", "0".repeat(64));
    assert!(likeness::compare(&cut, &cut).alike == 0.0, "nobody knows what the end of a cut text held");
}
