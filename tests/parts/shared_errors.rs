//! Errors in common, by cases that are counted by hand.
use fusionsoc::domain::{MachineVerdict, Verdict};
use fusionsoc::triage::measure::wilson;
use fusionsoc::triage::shared_errors::{Kind, Reviewed, Vote, pairs, periods};

/// What a member said, each with a model of its own.
fn vote(model: &str, verdict: MachineVerdict) -> Vote {
    Vote { verdict, model: model.to_owned(), digest: String::new() }
}

/// A case on which the first two members were wrong or right, and the third was not asked.
fn case(at: i64, declared: Verdict, wrong: [bool; 2]) -> Reviewed {
    let right =
        if declared == Verdict::TruePositive { MachineVerdict::TruePositive } else { MachineVerdict::FalsePositive };
    let other =
        if declared == Verdict::TruePositive { MachineVerdict::FalsePositive } else { MachineVerdict::TruePositive };
    let said = wrong.map(|wrong| if wrong { other } else { right });
    Reviewed {
        case: at,
        decided_ms: at,
        declared,
        said: vec![Some(vote("a", said[0])), Some(vote("b", said[1])), None],
    }
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
    let told = periods(3, &all, &[0, 40, 80, 120]);
    assert_eq!(
        told.iter().map(|period| (period.cases, period.together, period.members)).collect::<Vec<_>>(),
        [(40, 0, 2), (40, 10, 2), (0, 0, 0)]
    );
    let votes: Vec<Option<(f64, bool)>> =
        told.iter().map(|period| period.votes.as_ref().map(|votes| (votes.effective, votes.assumed))).collect();
    assert_eq!(votes, [Some((2.0, false)), Some((1.0, false)), None]);
    // Of the first 40 none was decided wrongly by two: by Clopper and Pearson that is up to 8.81 %.
    let (share, low, high) = told[0].share.unwrap();
    assert!(share == 0.0 && low == 0.0 && (high - 0.0881).abs() < 1e-3, "{high}");
    // Errors that never meet stay uncorrelated in every draw, and those that always do stay one.
    assert_eq!(told[0].spread.map(|own| own.effective), Some((2.0, 2.0)));
    assert_eq!(told[1].spread.map(|own| own.rho), Some((1.0, 1.0)));
    assert_eq!(told[2].spread, None);
}

#[test]
fn effective_votes_have_an_interval_that_holds_them_and_is_the_same_on_every_look() {
    // Of 60 cases a erred in 20 and b in 20, together in 12: φ = (60 · 12 − 400) / (40 · 20) = 0.4.
    let all: Vec<Reviewed> =
        (0..60).map(|at| case(at, Verdict::FalsePositive, [at < 20, (8..28).contains(&at)])).collect();
    let told = periods(2, &all, &[0, 60]);
    let (votes, spread) = (told[0].votes.as_ref().unwrap(), told[0].spread.unwrap());
    assert!((votes.rho - 0.4).abs() < 1e-9, "{}", votes.rho);
    let inside = |(low, high): (f64, f64), own: f64| low < own && own < high;
    assert!(inside(spread.rho, votes.rho) && inside(spread.effective, votes.effective), "{spread:?}");
    // The interval of Fisher's z for 0.4 and 60 is 0.164 to 0.593; the draw's is near it.
    assert!((spread.rho.0 - 0.164).abs() < 0.1 && (spread.rho.1 - 0.593).abs() < 0.1, "{spread:?}");
    assert_eq!(periods(2, &all, &[0, 60]), told);
}

#[test]
fn who_was_one_model_is_told_by_the_votes_of_the_period() {
    // a and b are one model in the first period, and in the second a has another one.
    let one = |at: i64| {
        let mut case = case(at, Verdict::FalsePositive, [at % 4 == 0, at % 4 == 1]);
        let model = if at < 40 { "b" } else { "new" };
        case.said[0].as_mut().unwrap().model = model.to_owned();
        case
    };
    let all: Vec<Reviewed> = (0..80).rev().map(one).collect();
    let told = periods(2, &all, &[0, 40, 80]);
    let rho: Vec<f64> = told.iter().map(|period| period.votes.as_ref().unwrap().rho).collect();
    assert_eq!(rho, [1.0, 0.0]);
    assert_eq!(told[0].spread.map(|own| own.effective), Some((1.0, 1.0)), "by what they are, whatever is drawn");
}

#[test]
fn wilsons_interval_is_that_of_the_tables() {
    let near =
        |found: (f64, f64), wanted: (f64, f64)| (found.0 - wanted.0).abs() < 5e-4 && (found.1 - wanted.1).abs() < 5e-4;
    assert!(near(wilson(40, 41), (0.8740, 0.9957)), "{:?}", wilson(40, 41));
    assert!(near(wilson(0, 10), (0.0, 0.2775)) && near(wilson(10, 10), (0.7225, 1.0)));
    assert_eq!(wilson(0, 0), (0.0, 1.0));
}
