//! Reused votes and budgets in words.
use super::words::duration;
use crate::jobs::triage::money;
use crate::store::orgs::Org;
use crate::store::reuse::Source;
use crate::store::runs::Run;
use crate::store::spending::{Limits, Spent};

/// Where a run's votes came from, or what it was compared with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceView {
    /// The other case.
    pub case: i64,
    /// The run in it.
    pub run: i64,
    /// How much older it is.
    pub age: String,
    /// Whether its votes were taken.
    pub taken: bool,
}

/// The source of a run, where it has one.
pub fn source(sources: &[Source], run: &Run) -> Option<SourceView> {
    let source = sources.iter().find(|source| source.run_id == run.id)?;
    let age = if source.age_ms < 60_000 { "less than a minute".to_owned() } else { duration(source.age_ms) };
    Some(SourceView { case: source.case_number, run: source.number, age, taken: source.taken })
}

/// What an organisation spent today, and what reuse came to lately.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrgView {
    /// Its name.
    pub name: String,
    /// Today's calls, of how many.
    pub calls: String,
    /// Today's tokens, of how many.
    pub tokens: String,
    /// Today's money, of how much.
    pub cost: String,
    /// Cases that wait for the budget to renew.
    pub unasked: i64,
    /// Of the last 30 days: runs with reused votes, runs asked to compare, and those that came out otherwise.
    pub reuse: (i64, i64, i64),
}

/// An organisation's day and its last 30 days.
pub fn org(org: &Org, limits: Limits, today: Spent, lately: Spent, unasked: i64) -> OrgView {
    let of = |spent: String, limit: i64, shown: String| if limit > 0 { format!("{spent} of {shown}") } else { spent };
    OrgView {
        name: org.name.clone(),
        calls: of(today.calls.to_string(), limits.calls, limits.calls.to_string()),
        tokens: of(today.tokens.to_string(), limits.tokens, limits.tokens.to_string()),
        cost: of(money(today.cost_micro), limits.cost_micro, money(limits.cost_micro)),
        unasked,
        reuse: (lately.reused, lately.checked, lately.differed),
    }
}

/// How many cases were not analysed today, or nothing to say.
pub fn unasked(of_orgs: &[(i64, i64)]) -> String {
    let text = "because the budget for models is used up. They are asked about when it renews, at 00:00 UTC.";
    match of_orgs.iter().map(|(_, cases)| cases).sum::<i64>() {
        0 => String::new(),
        1 => format!("1 case was not analysed today {}", text.replacen("They are", "It is", 1)),
        many => format!("{many} cases were not analysed today {text}"),
    }
}
