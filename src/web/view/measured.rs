//! How often a panel or a voter was right, and what a vote weighed, in words.
use super::words::percent;
use crate::domain::weighing::Weighing;
use crate::domain::{MachineVerdict, Verdict};
use crate::store::runs::Run;
use crate::triage::{measure, weighted};

/// Right and decided cases of what was said where something was declared.
pub fn right_of(cells: impl IntoIterator<Item = (MachineVerdict, Verdict, i64)>) -> (i64, i64) {
    cells.into_iter().fold((0, 0), |(right, all), (vote, declared, cases)| match measure::wrong(vote, declared) {
        Some(wrong) => (if wrong { right } else { right + cases }, all + cases),
        None => (right, all),
    })
}

/// `right in 45 of 47 declared cases (≥ 87%)`, the bound being one-sided with 95 % certainty; or that nothing is known.
pub fn accuracy((right, cases): (i64, i64)) -> String {
    if cases == 0 {
        return "not measured yet".to_owned();
    }
    let declared = if cases == 1 { "case" } else { "cases" };
    // Down, not to the nearest: it is a bound. What is missing to a whole number by rounding alone is not missing.
    let least = (measure::bounds(right, cases).0 * 100.0 + 1e-6).floor();
    format!("right in {right} of {cases} declared {declared} (≥ {least:.0}%)")
}

/// How a run's votes were weighed; empty in modes that don't weigh.
pub fn weighing(run: &Run) -> String {
    let Some(weighing) = run.weighing.as_ref().map(|weighing| &weighing.0) else { return String::new() };
    let shares = weighing
        .shares
        .iter()
        .map(|share| format!("{} {}", share.verdict.label().to_lowercase(), percent(share.share)));
    let fitted = match weighing.fitted_on {
        0 => String::new(),
        cases => format!(", fitted on {cases} cases"),
    };
    format!(". Weighed: {} (t = {}{fitted})", shares.collect::<Vec<_>>().join(", "), weighing.t)
}

/// What a vote counted among all of its run; empty in modes that don't weigh.
pub fn counted(voter: &str, run: &Run) -> String {
    run.weighing.as_ref().and_then(|weighing| counted_of(voter, &weighing.0)).unwrap_or_default()
}

fn counted_of(voter: &str, weighing: &Weighing) -> Option<String> {
    let part = weighing.part(voter)?;
    let vote = weighing.votes.iter().find(|vote| vote.record.voter == voter)?;
    let (right, cases) = (vote.record.right, vote.record.cases);
    let because = if cases < weighted::CASES_NEEDED {
        format!(
            "{} is assumed, because only {cases} of the {} cases that it takes are declared",
            percent(vote.accuracy),
            weighted::CASES_NEEDED
        )
    } else {
        format!("it was right in {right} of {cases} declared cases")
    };
    Some(format!("Counted {part:.2} of all weight: {because}."))
}
