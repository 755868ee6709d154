//! The report: every item, and how well the panel and each voter judged, over all lines and over parts of them.
use super::ask::Item;
use super::lines::Line;
use super::partial::Head;
use super::seats::Panels;
use crate::domain::{MachineVerdict, VoteState};
use crate::triage::figures::{self, Confusion, Judged};
use crate::triage::measure::bounds;
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

/// A labelled line and what came of it.
type Scored<'a> = (&'a Line, &'a Item, Judged);

/// Vetoes that follow from the votes; the curve asks what other votes would close.
const OF_VOTES: &[&str] = &["severity", "degraded", "unsure", "near_precedents", "claim_contradicted", "masked_look"];
/// So few lines say nothing about a part.
const FEWEST: usize = 5;

/// The whole report.
pub fn of(head: &Head, panels: &Panels, lines: &[Line], items: &[Item], by: &[String]) -> Value {
    let scored: Vec<Scored<'_>> = lines.iter().zip(items).filter_map(|(line, item)| judged(line, item)).collect();
    let all: Vec<Judged> = scored.iter().map(|(.., judged)| *judged).collect();
    let mut report = figures(&all);
    let voters: Vec<Value> = panels.voters().map(|(name, model)| voter(name, model, &scored)).collect();
    report.insert("panel".to_owned(), json!(head.panel));
    report.insert("folds".to_owned(), json!(head.folds));
    report.insert("precedents".to_owned(), json!(head.precedents));
    report.insert("version".to_owned(), json!(head.version));
    report.insert("file_sha256".to_owned(), json!(head.file));
    report.insert("unlabelled".to_owned(), json!(items.len() - scored.len()));
    report.insert("voters".to_owned(), json!(voters));
    report.insert("parts".to_owned(), Value::Object(parts(&scored, by)));
    report.insert("items".to_owned(), json!(items));
    Value::Object(report)
}

fn judged<'a>(line: &'a Line, item: &'a Item) -> Option<Scored<'a>> {
    let judged = Judged {
        positive: line.positive?,
        strong: line.strong,
        verdict: item.verdict,
        score: item.score,
        closable: item.closable,
        vetoed: item.vetoes.iter().any(|veto| !OF_VOTES.contains(&&*veto.kind)),
    };
    Some((line, item, judged))
}

/// The figures of some lines. Shares of nothing are null.
fn figures(all: &[Judged]) -> Map<String, Value> {
    let confusion = Confusion::of(all);
    let stated: Vec<_> = all.iter().map(|one| (one.score, one.positive)).collect();
    let bins = figures::reliability(&stated);
    let (positives, negatives) = (confusion.true_positive.total(), confusion.false_positive.total());
    let closed = |positive: bool| {
        i64::try_from(all.iter().filter(|one| one.closable && one.positive == positive).count()).unwrap_or(i64::MAX)
    };
    let (bad, good) = (closed(true), closed(false));
    let fields = json!({
        "lines": all.len(),
        "balanced_accuracy": confusion.balanced(),
        "balanced_accuracy_by_score": figures::by_score(all),
        "confusion": confusion,
        "calibration_error": figures::calibration_error(&bins),
        "reliability": bins,
        "policy": {
            "false_positives_closed": good,
            "false_positives_closed_share": figures::share(good, negatives),
            "true_positives_closed": bad,
            "true_positives_closed_share": figures::share(bad, positives),
            "true_positives_closed_upper95": bounds(bad, positives).1,
            "curve": figures::curve(all),
        },
    });
    if let Value::Object(fields) = fields { fields } else { Map::new() }
}

/// How often a voter decided, how often it was right, and how well its confidence fits.
fn voter(name: &str, model: &str, scored: &[Scored<'_>]) -> Value {
    let votes = || {
        scored.iter().filter_map(|(line, item, judged)| {
            let vote = item.votes.iter().find(|vote| vote.voter == name)?;
            Some((line, vote, *judged))
        })
    };
    let in_state = |state: VoteState| votes().filter(|(_, vote, _)| vote.state == state).count();
    let own: Vec<Judged> = votes()
        .filter_map(|(_, vote, judged)| Some(Judged { verdict: vote.verdict?, score: vote.score?, ..judged }))
        .collect();
    let decided = own.iter().filter(|one| one.verdict != MachineVerdict::NeedsReview);
    let right = |one: &&Judged| (one.verdict == MachineVerdict::TruePositive) == one.positive;
    let confusion = Confusion::of(&own);
    let stated: Vec<_> = own.iter().map(|one| (one.score, one.positive)).collect();
    let bins = figures::reliability(&stated);
    json!({
        "voter": name,
        "model": model,
        "votes": own.len(),
        "abstained": in_state(VoteState::Abstained),
        "failed": in_state(VoteState::Failed),
        "decided": decided.clone().count(),
        "right": decided.filter(right).count(),
        "balanced_accuracy": confusion.balanced(),
        "balanced_accuracy_by_score": figures::by_score(&own),
        "confusion": confusion,
        "calibration_error": figures::calibration_error(&bins),
        "reliability": bins,
    })
}

/// Parts that tell judgement from memory, and those that were asked for.
fn parts(scored: &[Scored<'_>], by: &[String]) -> Map<String, Value> {
    let mut parts = Map::new();
    let mixed = mixed(scored);
    let of_mixed: Vec<_> =
        scored.iter().filter(|(line, ..)| mixed.contains(&*line.detection.rule.title)).map(|one| one.2).collect();
    add(&mut parts, "rules with both labels", &of_mixed);
    add(&mut parts, "distinct behaviours", &behaviours(scored));
    for name in by {
        let mut values: BTreeMap<&str, Vec<Judged>> = BTreeMap::new();
        for (line, _, judged) in scored {
            values.entry(line.field(name).unwrap_or_default()).or_default().push(*judged);
        }
        for (value, part) in values {
            add(&mut parts, &format!("{name}={value}"), &part);
        }
    }
    parts
}

fn add(parts: &mut Map<String, Value>, name: &str, part: &[Judged]) {
    if part.len() >= FEWEST {
        parts.insert(name.to_owned(), Value::Object(figures(part)));
    }
}

/// Rules that raised true and false positives: their name says nothing about the label.
fn mixed<'a>(scored: &[Scored<'a>]) -> BTreeSet<&'a str> {
    let with = |positive: bool| -> BTreeSet<&'a str> {
        let lines = scored.iter().filter(|(.., judged)| judged.positive == positive);
        lines.map(|(line, ..)| line.detection.rule.title.as_str()).collect()
    };
    with(true).intersection(&with(false)).copied().collect()
}

/// One for each rule, image and parent of a label, no better than the line of it that was judged worst: for a false
/// positive the most malicious, for a true positive the most harmless.
fn behaviours(scored: &[Scored<'_>]) -> Vec<Judged> {
    let mut all: BTreeMap<(String, bool), Judged> = BTreeMap::new();
    for (line, _, judged) in scored {
        let whole = all.entry((line.behaviour(), judged.positive)).or_insert(*judged);
        whole.strong |= judged.strong;
        if judged.positive {
            whole.verdict = whole.verdict.min(judged.verdict);
            whole.score = whole.score.min(judged.score);
            whole.closable |= judged.closable;
            whole.vetoed &= judged.vetoed;
        } else {
            whole.verdict = whole.verdict.max(judged.verdict);
            whole.score = whole.score.max(judged.score);
            whole.closable &= judged.closable;
            whole.vetoed |= judged.vetoed;
        }
    }
    all.into_values().collect()
}

/// The main figures in words.
pub fn summary(report: &Value) -> String {
    let mut text = format!("{}\n", report["panel"].as_str().unwrap_or_default());
    text += &line("all lines", report);
    for (name, part) in report["parts"].as_object().into_iter().flatten() {
        text += &line(name, part);
    }
    for voter in report["voters"].as_array().into_iter().flatten() {
        let name = voter["voter"].as_str().unwrap_or_default();
        let (right, decided, votes) = (&voter["right"], &voter["decided"], &voter["votes"]);
        let _ = writeln!(text, "  {name}: right in {right} of {decided} decided, {votes} votes");
    }
    text
}

fn line(name: &str, part: &Value) -> String {
    let percent = |value: &Value| value.as_f64().map_or("—".to_owned(), |share| format!("{:.1} %", share * 100.0));
    let policy = &part["policy"];
    format!(
        "  {name}: {} lines, balanced accuracy {} (by score {}), closable {} of false positives, {} of true positives\n",
        part["lines"],
        percent(&part["balanced_accuracy"]),
        percent(&part["balanced_accuracy_by_score"]),
        percent(&policy["false_positives_closed_share"]),
        percent(&policy["true_positives_closed_share"]),
    )
}
