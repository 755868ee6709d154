//! What reviews amount to.
use fusionsoc::domain::{MachineVerdict, Verdict};
use fusionsoc::triage::reviews::*;

const fn review(by: &str, declared: Verdict, share: f64) -> Review<'_> {
    Review { by, declared, machine: MachineVerdict::FalsePositive, now: declared, took_ms: 1_000, share }
}

#[test]
fn what_reviews_amount_to_is_weighted_by_how_they_were_drawn() {
    let all = [
        review("ana", Verdict::FalsePositive, 0.1),
        review("ana", Verdict::BenignTruePositive, 0.1),
        review("bo", Verdict::TruePositive, 1.0),
        Review { now: Verdict::TruePositive, took_ms: 9_000, ..review("ana", Verdict::FalsePositive, 0.1) },
        Review { machine: MachineVerdict::None, ..review("bo", Verdict::FalsePositive, 1.0) },
        review("bo", Verdict::Undetermined, 1.0),
    ];
    let sum = figures(all.iter());
    assert_eq!((sum.reviews, sum.compared, sum.agreed, sum.reversed), (6, 4, 3, 1));
    assert_eq!(sum.median_ms, Some(1_000));
    assert!((sum.missed.unwrap_or_default() - 1.0 / 31.0).abs() < 1e-12, "{:?}", sum.missed);
    // Three of weight 10 and one of weight 1 say as much as 31² / 301 = 3.19 of one weight.
    assert!((sum.weight - 961.0 / 301.0).abs() < 1e-9, "{}", sum.weight);
    let (low, high) = sum.missed_interval().unwrap_or_default();
    assert!(low < 0.01 && (0.6..0.8).contains(&high), "{low} {high}");
    // The interval of 3 of 4 by Clopper and Pearson.
    let (low, high) = sum.interval();
    assert!((low - 0.1941).abs() < 1e-3 && (high - 0.9937).abs() < 1e-3, "{low} {high}");
    let people = by_person(&all);
    assert_eq!(
        people.iter().map(|(name, figures)| (*name, figures.reviews)).collect::<Vec<_>>(),
        [("ana", 3), ("bo", 3)]
    );
    assert_eq!(figures([].iter()), Figures::default());
}
