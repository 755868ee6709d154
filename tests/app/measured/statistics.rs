//! The figures against values from tables and by hand.
use fusionsoc::domain::MachineVerdict;
use fusionsoc::domain::Verdict;
use fusionsoc::triage::calibration::{self, Counted, drift};
use fusionsoc::triage::figures::{calibration_error, reliability};
use fusionsoc::triage::measure::{ASSUMED, Errors, Member, bounds, phi, together, wrong};
use proptest::prelude::*;

fn near(left: f64, right: f64) -> bool {
    (left - right).abs() < 5e-4
}

#[test]
fn clopper_pearson_is_as_in_tables() {
    // No error in n: 1 − 0.05^(1/n). The cases that earn a gate: 59, 149, 299, 93, 236 and 473.
    for (k, n, high) in [
        (0, 20, 0.1391),
        (0, 59, 0.0495),
        (0, 149, 0.0199),
        (0, 299, 0.00997),
        (1, 93, 0.05),
        (1, 236, 0.02),
        (1, 473, 0.01),
    ] {
        assert!(near(bounds(k, n).1, high), "{k} of {n}: {}", bounds(k, n).1);
        let missed = n - k;
        assert!(near(bounds(missed, n).0, 1.0 - high), "the bounds mirror each other");
    }
    assert!(near(bounds(45, 47).0, 0.8725), "{}", bounds(45, 47).0);
    assert_eq!(bounds(0, 0), (0.0, 1.0));
}

#[test]
fn a_benign_true_positive_is_benign_and_a_review_is_neither_right_nor_wrong() {
    use MachineVerdict::{FalsePositive as Fp, NeedsReview as Review, TruePositive as Tp};
    for (vote, declared, expected) in [
        (Fp, Verdict::FalsePositive, Some(false)),
        (Fp, Verdict::BenignTruePositive, Some(false)),
        (Fp, Verdict::TruePositive, Some(true)),
        (Tp, Verdict::TruePositive, Some(false)),
        (Tp, Verdict::BenignTruePositive, Some(true)),
        (Review, Verdict::TruePositive, None),
        (Fp, Verdict::Undetermined, None),
        (Fp, Verdict::Pending, None),
    ] {
        assert_eq!(wrong(vote, declared), expected, "{vote} {declared}");
    }
}

/// So many cases of one version that are right, and wrong, all in one bin.
fn record(right: i64, wrong: i64) -> calibration::Calibration {
    calibration::of([(9, true, right, right * 950_000), (9, false, wrong, wrong * 950_000)])
}

#[test]
fn the_test_of_fisher_is_as_in_tables() {
    // The lady tasting tea, and the example of the R manual's and of scipy's page.
    for (old, new, p) in [((3, 1), (1, 3), 0.485_714), ((8, 2), (1, 5), 0.034_965), ((6, 2), (1, 4), 0.102_564)] {
        let found = drift(&record(old.0, old.1), &record(new.0, new.1));
        assert!(near(found.p, p), "{old:?} {new:?}: {}", found.p);
        assert_eq!((found.accuracy, found.enough), (p < 0.05, false));
    }
    let (good, bad) = (record(38, 2), record(10, 30));
    let found = drift(&good, &bad);
    assert!(found.accuracy && found.error && found.enough, "{found:?}");
    assert!(good.error_bounds.1 < bad.error_bounds.0);
    let same = drift(&good, &good);
    assert!(!same.accuracy && !same.error && near(same.p, 1.0));
    assert!(near(drift(&record(0, 0), &good).p, 1.0), "nothing is no difference");
}

fn members(models: &[&str]) -> Vec<Member> {
    let member = |(at, model): (usize, &&str)| Member {
        name: format!("voter {at}"),
        model: (*model).to_owned(),
        digest: String::new(),
    };
    models.iter().enumerate().map(member).collect()
}

#[test]
fn one_model_three_times_is_one_vote_and_different_ones_are_assumed_to_err_together() {
    let same = together(&members(&["qwen", "qwen", "qwen"]), &[]);
    assert!(near(same.effective, 1.0) && !same.assumed);
    let mut renamed = members(&["qwen:latest", "qwen:4b"]);
    for member in &mut renamed {
        "a2af".clone_into(&mut member.digest);
    }
    assert!(near(together(&renamed, &[]).effective, 1.0), "one digest is one model");
    let different = together(&members(&["a", "b", "c"]), &[]);
    assert!(near(different.effective, 3.0 / (1.0 + 2.0 * ASSUMED)) && different.assumed);
    assert!(near(together(&members(&["a"]), &[]).effective, 1.0));
    assert!(near(together(&[], &[]).effective, 0.0));
}

#[test]
fn measured_errors_replace_what_was_assumed() {
    let cases = |joint: usize, first: usize, second: usize, none: usize| -> Vec<Errors> {
        [(joint, [true, true]), (first, [true, false]), (second, [false, true]), (none, [false, false])]
            .into_iter()
            .flat_map(|(count, errors)| std::iter::repeat_n(errors.map(Some).to_vec(), count))
            .collect()
    };
    let two = members(&["a", "b"]);
    let never_together = together(&two, &cases(0, 10, 10, 20));
    assert!(near(never_together.effective, 2.0) && !never_together.assumed, "{never_together:?}");
    let always = together(&two, &cases(10, 0, 0, 30));
    assert!(near(always.effective, 1.0) && (always.all_wrong, always.cases) == (10, 40));
    // phi = (40·5 − 10·10) / sqrt(10·30·10·30) = 100 / 300.
    let some = together(&two, &cases(5, 5, 5, 25));
    assert!(near(some.rho, 1.0 / 3.0) && near(some.effective, 1.5) && some.pairs[0].both_wrong == 5);
    assert!(together(&two, &cases(5, 5, 5, 14)).assumed, "29 cases are too few");
    assert!(together(&two, &cases(0, 0, 10, 30)).assumed, "who never errs correlates with nothing");
}

proptest! {
    #[test]
    fn effective_votes_lie_between_one_and_all(
        models in prop::collection::vec(0..3_u8, 1..6),
        history in prop::collection::vec(prop::collection::vec(prop::option::of(any::<bool>()), 6), 0..80),
    ) {
        let names: Vec<_> = models.iter().map(ToString::to_string).collect();
        let members = members(&names.iter().map(String::as_str).collect::<Vec<_>>());
        let history: Vec<Errors> = history.into_iter().map(|case| case[..members.len()].to_vec()).collect();
        let found = together(&members, &history);
        prop_assert!(found.effective >= 1.0 - 1e-9 && found.effective <= f64::from(u32::try_from(members.len()).unwrap()) + 1e-9);
        prop_assert!(found.all_wrong <= found.cases);
    }

    #[test]
    fn counted_bins_are_the_bins_of_single_cases(cases in prop::collection::vec((0..=100_u32, any::<bool>()), 1..80)) {
        let plain: Vec<(f64, bool)> = cases.iter().map(|(stated, right)| (f64::from(*stated) / 100.0, *right)).collect();
        let counted = plain.iter().map(|(stated, right)| -> Counted {
            let ppm = fusionsoc::domain::stated::ppm(*stated);
            (fusionsoc::domain::stated::bin(ppm), *right, 1, ppm)
        });
        let found = calibration::of(counted);
        let bins = reliability(&plain);
        prop_assert_eq!(found.bins.len(), bins.len());
        for (filled, bin) in found.bins.iter().zip(&bins) {
            prop_assert!(near(filled.bin.from, bin.from) && filled.bin.lines == bin.lines);
            prop_assert!(near(filled.bin.stated, bin.stated) && near(filled.bin.measured, bin.measured));
            prop_assert!(filled.bounds.0 <= bin.measured && bin.measured <= filled.bounds.1);
        }
        let error = found.error.unwrap();
        prop_assert!(near(error, calibration_error(&bins).unwrap()));
        let (least, most) = found.error_bounds;
        prop_assert!(0.0 <= least && least <= error + 1e-9 && error <= most + 1e-9 && most <= 1.0 + 1e-9);
    }

    #[test]
    fn the_test_of_fisher_sums_all_tables_that_are_no_likelier(table in prop::array::uniform4(0..40_i64)) {
        let [a, b, c, d] = table;
        let found = drift(&record(a, b), &record(c, d)).p;
        let choose = |n: i64, k: i64| (0..k).fold(0.0, |sum: f64, i| {
            let (over, under) = (u32::try_from(n - i).unwrap(), u32::try_from(i + 1).unwrap());
            sum + (f64::from(over) / f64::from(under)).ln()
        });
        let log = |x: i64| choose(a + b, x) + choose(c + d, a + c - x) - choose(a + b + c + d, a + c);
        let whole = (0.max(a + c - c - d)..=(a + b).min(a + c)).map(log).filter(|one| *one <= log(a) + 1e-4).map(f64::exp);
        prop_assert!((whole.sum::<f64>().min(1.0) - found).abs() < 2e-3, "{table:?}: {found}");
    }

    #[test]
    fn phi_is_a_correlation(both in prop::collection::vec(any::<(bool, bool)>(), 0..60)) {
        if let Some(phi) = phi(&both) {
            prop_assert!((-1.0 - 1e-9..=1.0 + 1e-9).contains(&phi));
        }
    }

    #[test]
    fn bounds_hold_the_share(n in 1..400_i64, part in 0.0..=1.0_f64) {
        #[expect(clippy::cast_possible_truncation, clippy::cast_precision_loss, reason = "a share of a small number")]
        let (k, share) = ((part * n as f64) as i64, (part * n as f64).floor() / n as f64);
        let (low, high) = bounds(k, n);
        prop_assert!(low <= share && share <= high, "{k} of {n}: {low} to {high}");
    }
}
