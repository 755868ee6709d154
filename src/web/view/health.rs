//! How a rule fares, in words: every number of cases leads to the list of exactly those.
use super::listing::Listing;
use super::moments::moment;
use super::words::{When, duration, percent, plural, waiting, when};
use super::{links, text};
use crate::domain::Verdict;
use crate::store::rules::health::{self, DAYS, Health, MOST};
use crate::tuning::health::{Advice, Reviewed, advice};

/// A number and the list of the cases that it counts.
pub type Count = (String, String);

/// A rule in the list, or on its own page.
#[derive(Debug, Clone)]
pub struct HealthView {
    /// Its title.
    pub title: String,
    /// Its path in pieces that may break.
    pub path: Vec<String>,
    /// Its page.
    pub page: String,
    /// The organisation.
    pub org: String,
    /// Detections of 7, 30 and 90 days.
    pub detections: [i64; 3],
    /// Cases of 7, 30 and 90 days.
    pub cases: [Count; 3],
    /// Reviewed cases of 90 days.
    pub reviewed: Count,
    /// Whether these are the newest alone.
    pub newest: bool,
    /// What programs declared in 90 days.
    pub by_programs: Option<Count>,
    /// Declared false positive, benign true positive and true positive, of those reviewed, each with its share.
    pub declared: [Share; 3],
    /// The median time from opening to the first declaration, or empty.
    pub took: String,
    /// The newest true positive: its number, and when it was opened.
    pub last_tp: Option<(i64, When)>,
    /// What is suggested.
    pub advice: &'static str,
    /// Its word for programs.
    pub advice_key: &'static str,
    /// Why.
    pub why: String,
    /// In which order it stands: detections, the interval's lower end in millionths, the median.
    pub order: (i64, i64, i64),
}

/// Cases of one verdict.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Share {
    /// What they are called in a list of columns.
    pub label: &'static str,
    /// How many they are.
    pub count: i64,
    /// Their list.
    pub list: String,
    /// Their share with its interval, or empty.
    pub share: String,
}

/// A rule as it fares now.
pub fn view(one: &Health, now_ms: i64) -> HealthView {
    let sample = one.reviewed();
    let reviewed = sample.as_ref().map(Reviewed::of).unwrap_or_default();
    let (interval, took) = (reviewed.interval(), sample.map(|sample| sample.took_ms));
    let advised = advice(reviewed, one.last_tp_ms, now_ms);
    #[expect(clippy::cast_possible_truncation, reason = "a share in millionths")]
    let low = interval.map_or(-1, |(low, _)| (low * 1e6) as i64);
    let since_ms = sample.map_or(health::since(now_ms)[2], |sample| sample.since_ms);
    HealthView {
        title: text::start(&one.known.rule.title, 160),
        path: text::pieces(&text::start(&one.known.rule.path, 160)),
        page: links::rule(&one.known.rule.path),
        org: one.known.org.clone(),
        detections: [one.detections_7, one.detections_30, one.detections_90],
        cases: cases(one, now_ms),
        reviewed: (reviewed.all().to_string(), list(one, since_ms, &[("reviewed", "people")])),
        newest: sample.is_some_and(|sample| sample.is_part()),
        by_programs: (one.by_programs > 0)
            .then(|| (shown(one.by_programs), list(one, health::since(now_ms)[2], &[("reviewed", "programs")]))),
        declared: declared(one, reviewed, since_ms),
        took: took.map(duration).unwrap_or_default(),
        last_tp: one.last_tp.zip(one.last_tp_ms).map(|(number, at)| (number, when(at))),
        advice: advised.label(),
        advice_key: advised.as_str(),
        why: why(advised, reviewed, one.last_tp_ms.map(|at| now_ms - at), took),
        order: (one.detections_90, low, took.unwrap_or(-1)),
    }
}

fn list(one: &Health, since_ms: i64, more: &[(&str, &str)]) -> String {
    let opened = format!("{}..", moment(since_ms));
    let (rule, org) = (one.known.rule.path.as_str(), one.known.org.as_str());
    let filter = [("view", "all"), ("rule", rule), ("org", org), ("opened", opened.as_str())];
    Listing::default().with(&[&filter[..], more].concat())
}

fn cases(one: &Health, now_ms: i64) -> [Count; 3] {
    let since = health::since(now_ms);
    [(one.cases_7, since[0]), (one.cases_30, since[1]), (one.cases_90, since[2])]
        .map(|(count, since_ms)| (shown(count), list(one, since_ms, &[])))
}

fn declared(one: &Health, reviewed: Reviewed, since_ms: i64) -> [Share; 3] {
    [
        ("FP", Verdict::FalsePositive, reviewed.false_positive),
        ("Benign TP", Verdict::BenignTruePositive, reviewed.benign_true_positive),
        ("TP", Verdict::TruePositive, reviewed.true_positive),
    ]
    .map(|(label, verdict, count)| Share {
        label,
        count,
        list: list(one, since_ms, &[("verdict", verdict.as_str()), ("reviewed", "people")]),
        share: share(reviewed, count),
    })
}

/// A count as shown: `1000+` where counting stopped.
fn shown(count: i64) -> String {
    if count >= MOST { format!("{MOST}+") } else { count.to_string() }
}

/// `88% (53 to 98%)`, or nothing where nothing was reviewed.
#[expect(clippy::cast_precision_loss, reason = "shown as whole percent")]
fn share(reviewed: Reviewed, count: i64) -> String {
    let share = || percent(count as f64 / reviewed.all() as f64);
    reviewed.interval_of(count).map(|interval| format!("{} ({})", share(), between(interval))).unwrap_or_default()
}

/// `88 to 100%`
fn between((low, high): (f64, f64)) -> String {
    format!("{:.0} to {}", low * 100.0, percent(high))
}

fn why(advised: Advice, reviewed: Reviewed, tp_ago_ms: Option<i64>, took: Option<i64>) -> String {
    let interval = reviewed.interval().map(between).unwrap_or_default();
    let noise = format!("{} of {} reviewed were false positive ({interval})", reviewed.false_positive, reviewed.all());
    let time = took.map(|ms| format!(", half of them declared within {}", duration(ms))).unwrap_or_default();
    let found = plural(reviewed.true_positive, "true positive");
    let last = tp_ago_ms.map_or_else(
        || "no true positive ever".to_owned(),
        |ago| format!("the last true positive was opened {} ago", waiting(ago)),
    );
    match advised {
        Advice::Tune => format!("{noise} in {DAYS} days{time}; {last}"),
        Advice::Narrow => format!("{noise} in {DAYS} days, and {found}"),
        Advice::Watch => format!("{noise} in {DAYS} days; {last}"),
        Advice::Keep if tp_ago_ms.is_some() => format!("{}{}", last[..1].to_uppercase(), &last[1..]),
        Advice::Keep => noise,
        Advice::Few => format!("{} in {DAYS} days", plural(reviewed.all(), "case")),
    }
}
