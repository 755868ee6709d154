//! The weighted count: what a vote weighs, when weight suffices, and that it never acts alone.
use super::{Fp, Review, Tp, any_vote, came_out, failed, said};
use fusionsoc::domain::weighing::{Record, Weights};
use fusionsoc::domain::{Failure, Outcome, Severity, Vote};
use fusionsoc::triage::vote::{Count, Mode, Panel, count};
use fusionsoc::triage::weighted::{Labelled, accuracy, fit, weight};
use proptest::prelude::*;

const WEIGHTED: Panel = Panel { mode: Mode::Weighted, quorum: 0 };

fn record(voter: &str, right: i64, cases: i64) -> Record {
    Record { voter: voter.to_owned(), right, cases }
}

fn by(voter: &str, vote: Vote) -> Vote {
    Vote { voter: voter.to_owned(), ..vote }
}

fn weigh(votes: &[Vote], records: Vec<Record>) -> Count {
    count(WEIGHTED, votes, &Weights { records, ..Weights::default() }, Severity::Medium)
}

fn near(left: f64, right: f64) -> bool {
    (left - right).abs() < 1e-4
}

#[test]
fn accuracy_is_smoothed_bounded_and_assumed_below_thirty_cases() {
    for (right, cases, expected) in
        [(0, 0, 0.6), (29, 29, 0.6), (30, 30, 31.0 / 32.0), (45, 47, 46.0 / 49.0), (5, 100, 0.5), (1000, 1000, 0.99)]
    {
        assert!(near(accuracy(&record("a", right, cases)), expected), "{right} of {cases}");
    }
    assert!(near(weight(0.6), 3.0_f64.ln()) && near(weight(0.5), 2.0_f64.ln()) && near(weight(0.99), 198.0_f64.ln()));
}

#[test]
fn a_voter_that_is_known_to_be_right_outweighs_two_of_whom_nothing_is_known() {
    let votes = [by("known", said(Tp, 0.6)), by("b", said(Fp, 0.9)), by("c", said(Fp, 0.9))];
    let sure = weigh(&votes, vec![record("known", 200, 200)]);
    // e^(0.5 ln 198), e^(0.5 · 2 ln 3), 1: 14.07, 3, 1.
    let weighing = sure.weighing.clone().unwrap();
    assert!(near(weighing.shares[0].share, 198.0_f64.sqrt() / (198.0_f64.sqrt() + 4.0)), "{weighing:?}");
    assert_eq!((sure.verdict, sure.outcome), (Review, Outcome::Split), "0.78 is below 0.8");
    let surer = weigh(&votes[..2], vec![record("known", 200, 200)]);
    assert_eq!((surer.verdict, surer.outcome, surer.auto_action), (Tp, Outcome::Weighted, None));
    assert_eq!((surer.winning_verdict, surer.winning_count, surer.total), (Tp, 1, 2));
    let parts: Vec<_> = ["known", "b", "c"].iter().map(|voter| weighing.part(voter).unwrap()).collect();
    assert!(near(parts.iter().sum(), 1.0) && parts[0] > 0.6, "{parts:?}");
    assert_eq!(weighing.part("nobody"), None);
}

#[test]
fn three_voters_of_whom_nothing_is_known_do_not_weigh_enough_even_where_they_agree() {
    let votes = ["a", "b", "c"].map(|voter| by(voter, said(Fp, 0.99)));
    let unknown = weigh(&votes, vec![]);
    assert!(near(unknown.weighing.as_ref().unwrap().leader().1, 27.0_f64.sqrt() / (27.0_f64.sqrt() + 2.0)));
    assert_eq!((unknown.verdict, unknown.outcome, unknown.auto_action), (Review, Outcome::Split, None));
    let known = weigh(&votes, ["a", "b", "c"].map(|voter| record(voter, 45, 47)).to_vec());
    assert_eq!((known.verdict, known.outcome), (Fp, Outcome::Unanimous));
    assert_eq!(known.auto_action, Some("auto_close_fp"), "unanimous and complete as well");
}

#[test]
fn a_missing_voter_or_a_doubtful_dissent_lets_weight_win_but_never_act() {
    let records = || ["a", "b", "c"].map(|voter| record(voter, 98, 100)).to_vec();
    let two = [by("a", said(Fp, 0.9)), by("b", said(Fp, 0.9)), by("c", failed(Failure::Timeout))];
    let count = weigh(&two, records());
    assert_eq!((count.verdict, count.outcome, count.auto_action), (Fp, Outcome::Weighted, None));
    let one = [two[0].clone(), two[2].clone(), two[2].clone()];
    assert_eq!(weigh(&one, records()).outcome, Outcome::Degraded, "one of three is no quorum");
    let dissent = |confidence| {
        let votes = [two[0].clone(), two[1].clone(), by("c", said(Tp, confidence))];
        let count = weigh(&votes, records()[..2].to_vec());
        (count.verdict, count.outcome, count.auto_action)
    };
    assert_eq!(dissent(0.69), (Fp, Outcome::Weighted, None));
    assert_eq!(dissent(0.7), (Review, Outcome::Split, None), "a confident true positive vetoes");
    assert_eq!(came_out(WEIGHTED, &[said(Fp, 0.9)]), (Fp, Outcome::Single, None));
    assert_eq!(came_out(WEIGHTED, &[]), (Review, Outcome::NoQuorum, None));
}

#[test]
fn the_factor_is_fitted_by_log_loss_once_there_are_labels_enough() {
    let weights = Weights { records: ["a", "b"].map(|voter| record(voter, 80, 100)).to_vec(), ..Weights::default() };
    let case = |votes: [_; 2], truth| Labelled {
        votes: votes.map(|(voter, vote): (&str, _)| (voter.to_owned(), vote)).to_vec(),
        truth,
    };
    // Both say false positive; in `wrong` of 40 cases it was none.
    let labelled = |wrong: usize| -> Vec<_> {
        (0..40).map(|at| case([("a", Fp), ("b", Fp)], if at < wrong { Tp } else { Fp })).collect()
    };
    assert_eq!(fit(weights.clone(), &labelled(4)[..29]), weights, "29 labels are too few");
    let fitted = fit(weights.clone(), &labelled(4));
    // 36 of 40 right: softmax of (2w t, 0, 0) is least at a share near 0.9, so e^(2wt) = 36·2/4.
    let w = weight(accuracy(&weights.records[0]));
    assert!((fitted.t - 18.0_f64.ln() / (2.0 * w)).abs() < 0.002, "{fitted:?}");
    assert_eq!(fitted.fitted_on, 40);
    assert!(fit(weights.clone(), &labelled(20)).t < fitted.t, "who errs together counts less");
}

proptest! {
    #[test]
    fn weight_alone_never_acts_and_what_is_stored_can_be_counted_again(
        votes in prop::collection::vec(any_vote(), 0..6),
        known in prop::collection::vec((0..200_i64, 0..200_i64), 6),
        t in 0.05..2.0_f64,
    ) {
        let votes: Vec<_> = votes.into_iter().zip(["a", "b", "c", "d", "e", "f"]).map(|(vote, name)| by(name, vote)).collect();
        let records = known.iter().zip(["a", "b", "c", "d", "e", "f"]).map(|((right, more), name)| record(name, *right, right + more)).collect();
        let weights = Weights { t, fitted_on: 0, records };
        let count = count(WEIGHTED, &votes, &weights, Severity::Medium);
        if count.auto_action.is_some() {
            prop_assert_eq!((count.verdict, count.outcome, count.missing, count.winning_count), (Fp, Outcome::Unanimous, 0, count.total));
        }
        let weighing = count.weighing.unwrap();
        prop_assert!((weighing.shares.iter().map(|share| share.share).sum::<f64>() - 1.0).abs() < 1e-9);
        for share in &weighing.shares {
            let own: f64 = weighing.votes.iter().filter(|vote| vote.verdict == share.verdict).map(|vote| weight(accuracy(&vote.record))).sum();
            prop_assert!((own - share.score).abs() < 1e-9);
        }
        if count.verdict == Fp {
            prop_assert!(!votes.iter().any(|vote| vote.verdict() == Some(Tp) && vote.valid().is_some_and(|it| it.confidence >= 0.7)));
        }
        if count.outcome == Outcome::Weighted {
            let (leader, share, margin) = weighing.leader();
            prop_assert!(leader == count.verdict && share >= 0.8 && margin >= 0.3);
        }
    }
}
