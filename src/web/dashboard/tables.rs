//! The dashboard's tables: models against analysts, and the noisiest rules with what could be changed.
use super::Period;
use crate::domain::{MachineVerdict, Verdict};
use crate::error::Result;
use crate::store::Tx;
use crate::store::dashboard::{self, OF_RULE, OfRule};
use crate::store::exclusions::{self, Noisy};
use crate::store::measured::Cell;
use crate::store::orgs::Org;
use crate::triage::measure;
use crate::web::view::moments::moment;
use crate::web::view::text::{start, visible};
use crate::web::view::words::percent;
use crate::web::view::{links, strip};
use std::collections::BTreeSet;

/// Rules that are shown.
const RULES: i64 = 6;

/// A voter against what analysts declared.
pub struct Model {
    /// Its name.
    pub name: String,
    /// In what share of the cases that it decided it was right.
    pub right: String,
    /// Right about benign, right about malicious, malicious taken for benign, benign taken for malicious: how many, and their list.
    pub cells: Vec<(i64, String)>,
}

/// All voters with declared cases in the period, the panel last.
pub fn models(period: &Period, cells: &[Cell]) -> Vec<Model> {
    let mut names: Vec<&str> =
        cells.iter().map(|cell| cell.voter.as_str()).collect::<BTreeSet<_>>().into_iter().collect();
    // The panel's name is empty, so it sorts first.
    let panel = names.first().is_some_and(|name| name.is_empty());
    names.rotate_left(usize::from(panel));
    names.into_iter().map(|name| model(period, name, cells)).collect()
}

fn model(period: &Period, name: &str, cells: &[Cell]) -> Model {
    use MachineVerdict::{FalsePositive, TruePositive};
    let count = |vote: MachineVerdict, truth: MachineVerdict| -> i64 {
        let of = |cell: &&Cell| cell.voter == name && cell.vote == vote && measure::truth(cell.declared) == Some(truth);
        cells.iter().filter(of).map(|cell| cell.cases).sum()
    };
    let cell = |(vote, truth): (MachineVerdict, MachineVerdict)| {
        let declared = if truth == TruePositive { "malicious" } else { "benign" };
        let mut query = form_urlencoded::Serializer::new(String::new());
        query.append_pair("voter", name).append_pair("vote", vote.as_str()).append_pair("declared", declared);
        query.append_pair("since", &strip::day_text(period.first)).append_pair("org", &period.org);
        (count(vote, truth), format!("/models/cases?{}", query.finish()))
    };
    let cells: Vec<(i64, String)> = [
        (FalsePositive, FalsePositive),
        (TruePositive, TruePositive),
        (FalsePositive, TruePositive),
        (TruePositive, FalsePositive),
    ]
    .into_iter()
    .map(cell)
    .collect();
    let (right, all) = (cells[0].0 + cells[1].0, cells.iter().map(|cell| cell.0).sum::<i64>());
    #[expect(clippy::cast_precision_loss, reason = "counts of cases")]
    let share = if all == 0 { "none decided".to_owned() } else { percent(right as f64 / all as f64) };
    Model { name: if name.is_empty() { "All together".to_owned() } else { visible(name) }, right: share, cells }
}

/// A rule that causes false positives.
pub struct RuleLine {
    /// Its title.
    pub title: String,
    /// Its page.
    pub page: String,
    /// The organisation.
    pub org: String,
    /// Its cases of the period, false positives, true positives: how many as shown, and their list.
    pub cells: Vec<(String, String)>,
    /// What could be changed.
    pub change: String,
    /// Where that is done, or empty.
    pub change_href: String,
}

/// The rules that caused most false positives among the cases opened in the period.
pub async fn rules(tx: &mut Tx, period: &Period, orgs: &[Org]) -> Result<Vec<RuleLine>> {
    let since_ms = period.begins_ms();
    let mut found: Vec<(&Org, Noisy)> = Vec::new();
    for org in orgs {
        found.extend(exclusions::noisy(tx, org.id, since_ms, RULES).await?.into_iter().map(|noisy| (org, noisy)));
    }
    found.sort_by_key(|(_, noisy)| std::cmp::Reverse(noisy.cases));
    found.truncate(usize::try_from(RULES).unwrap_or_default());
    let mut lines = Vec::new();
    for (org, noisy) in found {
        let counts = dashboard::of_rule(tx, org.id, &noisy.path, since_ms).await?;
        lines.push(line(since_ms, org, &noisy, &counts));
    }
    Ok(lines)
}

fn line(since_ms: i64, org: &Org, noisy: &Noisy, counts: &OfRule) -> RuleLine {
    let opened = format!("{}..", moment(since_ms));
    let list = |verdict: &str| {
        let filter =
            [("view", "all"), ("rule", &noisy.path), ("org", &org.slug), ("opened", &opened), ("verdict", verdict)];
        crate::web::view::listing::Listing::default().with(&filter)
    };
    let shown = |count: i64| if count >= OF_RULE { format!("{OF_RULE}+") } else { count.to_string() };
    let (change, change_href) = change(noisy, counts);
    RuleLine {
        title: start(&noisy.title, 120),
        page: links::rule(&noisy.path),
        org: org.slug.clone(),
        cells: vec![
            (shown(counts.cases), list("")),
            (shown(counts.false_positive), list(Verdict::FalsePositive.as_str())),
            (shown(counts.true_positive), list(Verdict::TruePositive.as_str())),
        ],
        change,
        change_href,
    }
}

/// Decided cases below which nothing is suggested.
const FEW: i64 = 3;

/// What could be changed, and where.
fn change(noisy: &Noisy, counts: &OfRule) -> (String, String) {
    let decided = counts.false_positive + counts.benign_true_positive + counts.true_positive;
    if let Some(id) = counts.exclusion {
        return ("See how its exclusion does".to_owned(), format!("/tuning/{id}"));
    }
    if counts.true_positive > 0 {
        return ("Narrow it: it finds true positives too".to_owned(), links::rule(&noisy.path));
    }
    if decided >= FEW && counts.false_positive * 10 >= decided * 9 {
        return ("Propose an exclusion".to_owned(), format!("/tuning/new?case={}", noisy.newest));
    }
    ("None yet".to_owned(), String::new())
}
