//! Errors in common, by cases that are counted by hand.
use fusionsoc::domain::{MachineVerdict, Verdict};
use fusionsoc::triage::measure::{Member, wilson};
use fusionsoc::triage::shared_errors::{Kind, Reviewed, pairs, periods};

fn member(name: &str) -> Member {
    Member { name: name.to_owned(), model: name.to_owned(), digest: String::new() }
}

/// A case on which the first two members were wrong or right, and the third was not asked.
fn case(at: i64, declared: Verdict, wrong: [bool; 2]) -> Reviewed {
    let right =
        if declared == Verdict::TruePositive { MachineVerdict::TruePositive } else { MachineVerdict::FalsePositive };
    let other =
        if declared == Verdict::TruePositive { MachineVerdict::FalsePositive } else { MachineVerdict::TruePositive };
    let said = wrong.map(|wrong| Some(if wrong { other } else { right }));
    Reviewed { case: at, decided_ms: at, declared, said: vec![said[0], said[1], None] }
}

#[test]
fn errors_together_are_set_against_what_chance_would_give() {
    // Of 40 true positives both missed 8, and each 2 more by itself: by chance 10 of 40 times 10 of 40 would be 6.25 %.
    let mut all: Vec<Reviewed> =
        (0..40).map(|at| case(at, Verdict::TruePositive, [at < 10, (2..12).contains(&at)])).collect();
    all.extend((40..100).map(|at| case(at, Verdict::BenignTruePositive, [at == 40, at == 41])));
    let found = pairs(3, &all);
    assert_eq!(found.len(), 6, "three pairs in two ways");
    let of = |kind: Kind| found.iter().find(|pair| pair.of == (0, 1) && pair.kind == kind).unwrap();
    let missed = of(Kind::Missed);
    assert_eq!((missed.cases, missed.wrong), (40, (10, 10, 8)));
    let (share, low, high) = missed.share.unwrap();
    assert!((share - 0.2).abs() < 1e-9 && (low - 0.0905).abs() < 1e-3 && (high - 0.3565).abs() < 1e-3, "{low} {high}");
    assert!((missed.independent - 0.0625).abs() < 1e-9 && missed.is_telling());
    let alarms = of(Kind::Alarm);
    assert_eq!((alarms.cases, alarms.wrong, alarms.is_telling()), (60, (1, 1, 0), false));
    assert!(found.iter().filter(|pair| pair.of.1 == 2).all(|pair| pair.cases == 0 && pair.share.is_none()));
}

#[test]
fn effective_votes_count_who_took_part_in_a_period() {
    // 40 cases in each of two periods; in the second both err in the very same ten.
    let one =
        |at: i64| case(at, Verdict::FalsePositive, [at % 4 == 0, if at < 40 { at % 4 == 1 } else { at % 4 == 0 }]);
    let all: Vec<Reviewed> = (0..80).map(one).collect();
    let members = [member("a"), member("b"), member("c")];
    let told = periods(&members, &all, &[0, 40, 80, 120]);
    assert_eq!(
        told.iter().map(|period| (period.cases, period.together, period.members)).collect::<Vec<_>>(),
        [(40, 0, 2), (40, 10, 2), (0, 0, 0)]
    );
    let votes: Vec<Option<(f64, bool)>> =
        told.iter().map(|period| period.votes.as_ref().map(|votes| (votes.effective, votes.assumed))).collect();
    assert_eq!(votes, [Some((2.0, false)), Some((1.0, false)), None]);
}

#[test]
fn wilsons_interval_is_that_of_the_tables() {
    let near =
        |found: (f64, f64), wanted: (f64, f64)| (found.0 - wanted.0).abs() < 5e-4 && (found.1 - wanted.1).abs() < 5e-4;
    assert!(near(wilson(40, 41), (0.8740, 0.9957)), "{:?}", wilson(40, 41));
    assert!(near(wilson(0, 10), (0.0, 0.2775)) && near(wilson(10, 10), (0.7225, 1.0)));
    assert_eq!(wilson(0, 0), (0.0, 1.0));
}
