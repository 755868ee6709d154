//! The gate's rules at their edges.
use fusionsoc::domain::{GateState, gate::family};
use fusionsoc::triage::gate::*;

const DAY_MS: i64 = 24 * 60 * 60 * 1000;

fn scope(n: i64, k: i64) -> Standing {
    Standing {
        state: GateState::Shadow,
        looks: 0,
        fresh: 0,
        counts: Counts { n, k },
        rests_on: None,
        last_tp_ms: None,
        limit: 0.05,
    }
}

#[test]
fn the_first_look_takes_as_many_reviews_as_the_bound_does() {
    let first = |limit: f64| needed(limit, spent(1));
    assert_eq!([first(0.05), first(0.02), first(0.01)], [Some(69), Some(173), Some(348)]);
    assert_eq!((first(0.0), first(1.0)), (None, Some(1)));
}

#[test]
fn all_looks_together_spend_no_more_than_they_may() {
    let all: f64 = (1..100_000).map(spent).sum();
    assert!(all < DELTA && all > DELTA * 0.999, "{all}");
}

#[test]
fn looks_come_at_doubled_numbers_and_are_not_taken_before() {
    assert_eq!(due(&scope(0, 0)), Some(69));
    assert_eq!(follows(&scope(68, 0), false, 0), Follows::Nothing);
    let Follows::Look(look) = follows(&scope(69, 0), false, 0) else { panic!("a look is due") };
    assert!(look.passed && look.bound <= 0.05 && look.number == 1, "{look:?}");
    let Follows::Look(look) = follows(&scope(69, 1), false, 0) else { panic!("a look is due") };
    assert!(!look.passed, "{look:?}");
    let second = Standing { looks: 1, fresh: 1, ..scope(137, 1) };
    assert_eq!((due(&second), follows(&second, false, 0)), (Some(138), Follows::Nothing));
    // A later epoch has less to spend, so it takes more.
    let epoch = Standing { looks: 1, fresh: 0, ..scope(0, 0) };
    assert_eq!(due(&epoch), needed(0.05, spent(2)));
    assert!(due(&epoch) > Some(69));
}

#[test]
fn a_young_true_positive_fails_a_look_and_does_not_postpone_it() {
    let month = QUIET_DAYS * 86_400_000;
    let scope = Standing { last_tp_ms: Some(1), ..scope(69, 0) };
    let passed = |now: i64| matches!(follows(&scope, false, now), Follows::Look(look) if look.passed);
    assert!(matches!(follows(&scope, false, month), Follows::Look(_)));
    assert!(!passed(month) && passed(month + 1));
}

#[test]
fn what_stands_falls_by_an_error_a_lower_limit_and_old_evidence() {
    let stands = Standing {
        state: GateState::Active,
        looks: 1,
        fresh: 1,
        rests_on: Some(Proof { delta: spent(1), bound: 0.0494, counts: Counts { n: 69, k: 0 } }),
        ..scope(69, 0)
    };
    assert_eq!(follows(&stands, false, 0), Follows::Nothing);
    assert_eq!(follows(&stands, true, 0), Follows::Suspend(Broken::TruePositive));
    assert_eq!(follows(&Standing { limit: 0.04, ..stands }, false, 0), Follows::Suspend(Broken::Limit));
    let aged = Standing { counts: Counts { n: 68, k: 0 }, ..stands };
    assert_eq!(follows(&aged, false, 0), Follows::Suspend(Broken::Evidence));
}

#[test]
fn a_coarser_scope_counts_only_for_a_rule_with_clean_reviews_of_its_own() {
    let active = Standing { state: GateState::Active, ..scope(69, 0) };
    assert_eq!(opens(&[scope(10, 0), scope(9, 0), active], 0), Some(2));
    assert_eq!(opens(&[active, active, active], 0), Some(0));
    assert_eq!(opens(&[scope(9, 0), active, active], 0), None, "too few of its own");
    assert_eq!(opens(&[scope(20, 1), active, active], 0), None, "an error of its own");
    let shut = Standing { state: GateState::Suspended, ..scope(20, 0) };
    assert_eq!(opens(&[shut, active, active], 0), None, "shut itself");
    let erred = Standing { last_tp_ms: Some(0), ..scope(20, 0) };
    assert_eq!(opens(&[erred, active], 0), None, "an error before this epoch");
    assert_eq!(opens(&[scope(20, 0), scope(20, 0)], 0), None, "nothing is active");
}

#[test]
fn a_draw_is_a_share_of_cases_that_only_grows() {
    let of = |share: f64| (1..=20_000).filter(|case| drawn("key", *case, share)).collect::<Vec<_>>();
    let (few, many) = (of(0.05), of(0.2));
    assert!((800..1200).contains(&few.len()) && (3700..4300).contains(&many.len()), "{} {}", few.len(), many.len());
    assert!(few.iter().all(|case| many.contains(case)));
    assert_eq!((of(0.0).len(), of(1.0).len()), (0, 20_000));
    assert_ne!(few, (1..=20_000).filter(|case| drawn("other", *case, 0.05)).collect::<Vec<_>>());
    assert!((share(0.05, None) - 0.05).abs() < 1e-12);
    let old = |eligible: i64| Some((Some(69), eligible, 0, 200 * DAY_MS));
    assert!((share(0.05, old(690)) - 0.1).abs() < 1e-12);
    assert!((share(0.05, old(6_900)) - 0.05).abs() < 1e-12);
    assert!((share(0.05, old(30)) - 1.0).abs() < 1e-12, "there are no more than that");
    assert!((share(0.05, Some((None, 10, 0, 0))) - 1.0).abs() < 1e-12);
    // 69 in 30 days are expected to be 207 in 90.
    let young = Some((Some(69), 69, 0, 29 * DAY_MS));
    assert!((share(0.05, young) - 1.0 / 3.0).abs() < 1e-12);
}

#[test]
fn a_panel_is_known_by_its_models_and_not_by_their_order() {
    let juror =
        |name: &'static str, digest: &'static str| Juror { name, kind: "ollama", model: "m", digest, prompt: "1" };
    let own =
        |prompt: &'static str| Juror { name: "builtin:rules", kind: "builtin", model: "", digest: prompt, prompt };
    let version = |jurors: &[Juror<'_>]| panel(("unanimous", 0), jurors);
    let one = version(&[juror("a", "x"), juror("b", "y")]);
    assert_eq!(one, version(&[juror("b", "y"), juror("a", "x")]));
    assert_ne!(one, version(&[juror("a", "x"), juror("b", "z")]), "another digest");
    assert_ne!(one, panel(("majority", 0), &[juror("a", "x"), juror("b", "y")]), "another count");
    assert_eq!(version(&[own("1")]), version(&[own("2")]), "what a built-in voter learns is no change of it");
    assert_ne!(rule_text(&one, &["title", ""]), rule_text(&one, &["", "title"]));
}

#[test]
fn a_family_is_the_folder_of_a_rule() {
    assert_eq!(family("service.windows/proc/expand"), Some("service.windows/proc"));
    assert_eq!(family("alone"), None);
    assert_eq!(family("/alone"), None);
}
