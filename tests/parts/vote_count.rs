//! The count of a panel's votes, told as a table: what agrees, what fails and what vetoes.
use fusionsoc::domain::MachineVerdict::{FalsePositive as Fp, NeedsReview as Review, TruePositive as Tp};
use fusionsoc::domain::{Answer, Failure, MachineVerdict, Outcome, Severity, Vote, VoteState, Weights};
use fusionsoc::triage::vote::{Count, Mode, Panel, count};
use proptest::prelude::*;

const UNANIMOUS: Panel = Panel { mode: Mode::Unanimous, quorum: 0 };
const MAJORITY: Panel = Panel { mode: Mode::Majority, quorum: 0 };

fn said(verdict: MachineVerdict, confidence: f64) -> Vote {
    says(verdict, confidence, Severity::Low, 10)
}

fn says(verdict: MachineVerdict, confidence: f64, severity: Severity, risk_score: u8) -> Vote {
    let answer = Answer {
        what_happened: "expand.exe unpacked a cabinet".to_owned(),
        evidence_malicious: String::new(),
        evidence_benign: String::new(),
        missing_information: String::new(),
        ioc_analysis: String::new(),
        verdict,
        false_positive_reason: String::new(),
        severity,
        risk_score,
        mitre_techniques: Vec::new(),
        iocs: Vec::new(),
        recommended_actions: Vec::new(),
        investigation_questions: Vec::new(),
        confidence,
    };
    Vote { voter: "model".to_owned(), state: VoteState::Ok, failure: None, answer: Some(answer) }
}

fn failed(failure: Failure) -> Vote {
    Vote { voter: "model".to_owned(), state: VoteState::Failed, failure: Some(failure), answer: None }
}

fn abstained() -> Vote {
    Vote { voter: "model".to_owned(), state: VoteState::Abstained, failure: None, answer: None }
}

fn counted(panel: Panel, votes: &[Vote]) -> Count {
    count(panel, votes, &Weights::default(), Severity::Medium)
}

fn came_out(panel: Panel, votes: &[Vote]) -> (MachineVerdict, Outcome, Option<&'static str>) {
    let count = counted(panel, votes);
    (count.verdict, count.outcome, count.auto_action)
}

/// Floats that were rounded to three decimals.
fn same(left: f64, right: f64) -> bool {
    (left - right).abs() < 1e-9
}

#[test]
fn three_equal_votes_are_unanimous_and_show_the_mean_of_their_confidence() {
    let count = counted(UNANIMOUS, &[said(Fp, 0.98), said(Fp, 0.95), said(Fp, 0.90)]);
    assert!(same(count.confidence, 0.943), "{}", count.confidence);
    assert_eq!((count.verdict, count.outcome), (Fp, Outcome::Unanimous));
    assert_eq!((count.winning_verdict, count.winning_count, count.total, count.missing), (Fp, 3, 3, 0));
    assert_eq!((count.auto_action, count.severity, count.risk_score), (Some("auto_close_fp"), Severity::Low, 10));
}

#[test]
fn one_failed_voter_of_any_kind_breaks_unanimity() {
    for failure in Failure::ALL {
        let count = counted(UNANIMOUS, &[said(Fp, 0.98), failed(*failure), said(Fp, 0.90)]);
        assert_eq!((count.verdict, count.outcome, count.auto_action), (Review, Outcome::Degraded, None), "{failure}");
        assert_eq!((count.winning_count, count.total, count.missing), (2, 3, 1), "{failure}");
    }
}

#[test]
fn a_vote_that_has_not_come_yet_is_missing() {
    for state in [VoteState::Pending, VoteState::Asking] {
        let waiting = Vote { state, ..abstained() };
        assert_eq!(came_out(UNANIMOUS, &[said(Fp, 0.9), waiting]), (Review, Outcome::Degraded, None), "{state}");
    }
}

#[test]
fn voters_that_disagree_are_a_split() {
    let fp = said(Fp, 0.9);
    let table = [
        (vec![fp.clone(), fp.clone(), said(Tp, 0.95)], Fp, 2),
        (vec![fp.clone(), fp.clone(), said(Tp, 0.3)], Fp, 2),
        (vec![fp.clone(), said(Review, 0.4), fp.clone()], Fp, 2),
        (vec![fp.clone(), said(Tp, 0.9)], Tp, 1),
        (vec![fp.clone(), said(Review, 0.9)], Review, 1),
        (vec![fp, said(Tp, 0.9), said(Review, 0.9)], Review, 1),
    ];
    for (votes, winner, winners) in table {
        let count = counted(UNANIMOUS, &votes);
        assert_eq!((count.verdict, count.outcome, count.auto_action), (Review, Outcome::Split, None));
        assert_eq!((count.winning_verdict, count.winning_count), (winner, winners));
    }
}

#[test]
fn all_agreeing_on_anything_else_than_a_false_positive_starts_nothing() {
    for verdict in [Tp, Review] {
        let votes = [said(verdict, 0.9), said(verdict, 0.8)];
        assert_eq!(came_out(UNANIMOUS, &votes), (verdict, Outcome::Unanimous, None), "{verdict}");
    }
}

#[test]
fn a_confident_true_positive_vetoes_a_majority_and_a_doubtful_one_does_not() {
    let with = |confidence| [said(Fp, 0.9), said(Fp, 0.8), said(Tp, confidence)];
    for (confidence, verdict, outcome) in [
        (0.95, Review, Outcome::Split),
        (0.7, Review, Outcome::Split),
        (0.69, Fp, Outcome::Majority),
        (0.1, Fp, Outcome::Majority),
    ] {
        assert_eq!(came_out(MAJORITY, &with(confidence)), (verdict, outcome, None), "{confidence}");
    }
}

#[test]
fn a_majority_is_more_than_half_of_all_voters_failed_ones_included() {
    let (fp, tp, gone) = (said(Fp, 0.9), said(Tp, 0.9), failed(Failure::Timeout));
    let table = [
        (vec![tp.clone(), tp.clone(), fp.clone()], (Tp, Outcome::Majority, None)),
        (vec![tp.clone(), tp.clone(), gone.clone()], (Tp, Outcome::Majority, None)),
        (vec![fp.clone(), fp.clone(), gone.clone()], (Fp, Outcome::Majority, None)),
        (vec![fp.clone(), gone.clone(), gone.clone()], (Review, Outcome::Degraded, None)),
        (vec![fp.clone(), gone.clone()], (Review, Outcome::Degraded, None)),
        (vec![tp.clone(), tp.clone(), fp.clone(), fp.clone()], (Review, Outcome::Split, None)),
        (vec![tp.clone(), tp, fp.clone(), gone], (Review, Outcome::Degraded, None)),
        (vec![fp.clone(), fp], (Fp, Outcome::Unanimous, Some("auto_close_fp"))),
    ];
    for (votes, expected) in table {
        assert_eq!(came_out(MAJORITY, &votes), expected, "{votes:?}");
    }
}

#[test]
fn whoever_abstains_leaves_the_count() {
    let count = counted(UNANIMOUS, &[said(Fp, 0.9), abstained(), said(Fp, 0.8)]);
    assert_eq!((count.verdict, count.outcome, count.total), (Fp, Outcome::Unanimous, 2));
    assert_eq!(count.auto_action, Some("auto_close_fp"));
}

#[test]
fn a_single_vote_is_shown_and_starts_nothing() {
    for verdict in [Fp, Tp, Review] {
        for panel in [UNANIMOUS, MAJORITY] {
            let one = [abstained(), said(verdict, 0.99)];
            assert_eq!(came_out(panel, &one), (verdict, Outcome::Single, None), "{verdict}");
        }
    }
}

#[test]
fn nobody_with_a_say_is_no_quorum() {
    for votes in [vec![], vec![abstained(), abstained()]] {
        let count = counted(UNANIMOUS, &votes);
        assert_eq!((count.verdict, count.outcome, count.auto_action), (Review, Outcome::NoQuorum, None));
        assert_eq!((count.total, count.winning_count, count.severity), (0, 0, Severity::Medium));
        assert!(same(count.confidence, 0.0));
    }
}

#[test]
fn failed_voters_alone_are_degraded() {
    for votes in [
        vec![failed(Failure::Timeout), failed(Failure::Http)],
        vec![failed(Failure::Parse)],
        vec![failed(Failure::Schema), abstained()],
        vec![said(Fp, 0.99), failed(Failure::Blocked), failed(Failure::Refused)],
    ] {
        for panel in [UNANIMOUS, MAJORITY] {
            assert_eq!(came_out(panel, &votes), (Review, Outcome::Degraded, None), "{votes:?}");
        }
    }
}

#[test]
fn a_false_positive_that_one_voter_calls_high_needs_review() {
    for severity in [Severity::High, Severity::Critical] {
        for panel in [UNANIMOUS, MAJORITY] {
            let votes = [said(Fp, 0.9), says(Fp, 0.9, severity, 80), said(Fp, 0.9)];
            let count = counted(panel, &votes);
            assert_eq!((count.verdict, count.outcome, count.auto_action), (Review, Outcome::Split, None));
            assert_eq!((count.severity, count.risk_score), (severity, 80));
        }
    }
}

#[test]
fn a_quorum_that_nobody_reaches_leaves_the_case_to_people() {
    let panel = |mode, quorum| Panel { mode, quorum };
    let three = [said(Fp, 0.9), said(Fp, 0.9), said(Fp, 0.9)];
    let two = [said(Fp, 0.9), said(Fp, 0.9), failed(Failure::Http)];
    for mode in [Mode::Unanimous, Mode::Majority] {
        assert_eq!(came_out(panel(mode, 4), &three), (Review, Outcome::NoQuorum, None), "{mode}");
        assert_eq!(came_out(panel(mode, 3), &two), (Review, Outcome::Degraded, None), "{mode}");
    }
    assert_eq!(came_out(panel(Mode::Unanimous, 2), &two), (Review, Outcome::Degraded, None));
    assert_eq!(came_out(panel(Mode::Majority, 2), &two), (Fp, Outcome::Majority, None));
}

#[test]
fn a_false_positive_takes_the_median_severity_but_never_above_the_rule() {
    use Severity::{High, Informational, Low, Medium};
    let of = |verdict, all: &[Severity], rule| {
        let votes: Vec<_> = all.iter().map(|severity| says(verdict, 0.5, *severity, 10)).collect();
        count(UNANIMOUS, &votes, &Weights::default(), rule).severity
    };
    assert_eq!(of(Fp, &[Medium, Informational, Low], High), Low);
    assert_eq!(of(Fp, &[Low, Medium], High), Medium);
    assert_eq!(of(Fp, &[Medium, Medium, Medium], Low), Low);
    assert_eq!(of(Fp, &[Medium, Medium, Medium], Informational), Informational);
    assert_eq!(of(Tp, &[Low, High, Medium], Low), High);
    assert_eq!(of(Review, &[Informational, Low], Informational), Low);
}

#[test]
fn risk_is_the_rounded_mean_of_a_false_positive_and_else_the_largest() {
    let of = |verdict, scores: &[u8]| {
        let votes: Vec<_> = scores.iter().map(|risk| says(verdict, 0.5, Severity::Low, *risk)).collect();
        counted(UNANIMOUS, &votes).risk_score
    };
    assert_eq!((of(Fp, &[10, 15, 20]), of(Fp, &[10, 15]), of(Fp, &[0, 0, 1])), (15, 13, 0));
    assert_eq!((of(Tp, &[10, 95, 20]), of(Review, &[100, 0])), (95, 100));
}

#[test]
fn confidence_is_multiplied_by_the_share_of_the_winners() {
    let majority = counted(MAJORITY, &[said(Fp, 0.9), said(Fp, 0.6), said(Tp, 0.2)]);
    assert!(same(majority.confidence, 0.5), "{}", majority.confidence);
    let degraded = counted(UNANIMOUS, &[said(Fp, 0.9), said(Fp, 0.9), failed(Failure::Http)]);
    assert!(same(degraded.confidence, 0.6), "{}", degraded.confidence);
}

fn any_vote() -> impl Strategy<Value = Vote> {
    let verdict = prop::sample::select(vec![Fp, Fp, Fp, Tp, Review]);
    let valid = (verdict, 0.0..=1.0_f64, prop::sample::select(Severity::ALL.to_vec()), 0..=100_u8)
        .prop_map(|(verdict, confidence, severity, risk)| says(verdict, confidence, severity, risk));
    let gone = prop::sample::select(Failure::ALL.to_vec()).prop_map(failed);
    prop_oneof![6 => valid, 2 => gone, 1 => Just(abstained())]
}

proptest! {
    #[test]
    fn no_panel_with_a_failed_voter_reaches_a_false_positive_unanimously(
        votes in prop::collection::vec(any_vote(), 0..6),
        quorum in 0..6_usize,
    ) {
        let count = counted(Panel { mode: Mode::Unanimous, quorum }, &votes);
        if votes.iter().any(|vote| vote.state == VoteState::Failed) {
            prop_assert_ne!(count.verdict, Fp);
        }
    }

    #[test]
    fn the_machine_may_act_only_on_a_complete_and_unanimous_false_positive(
        votes in prop::collection::vec(any_vote(), 0..6),
        mode in prop::sample::select(Mode::ALL.to_vec()),
        quorum in 0..6_usize,
    ) {
        let count = counted(Panel { mode, quorum }, &votes);
        if count.auto_action.is_some() {
            prop_assert_eq!((count.verdict, count.outcome, count.missing), (Fp, Outcome::Unanimous, 0));
            prop_assert!(count.total >= 2 && count.winning_count == count.total);
            prop_assert!(votes.iter().filter_map(Vote::verdict).all(|verdict| verdict == Fp));
            prop_assert!(!votes.iter().any(|vote| vote.state == VoteState::Failed || vote.alarming()));
        }
        prop_assert!((0.0..=1.0).contains(&count.confidence) && count.risk_score <= 100);
    }
}
mod weighted;
