//! What an approved exclusion does: the rule's detections a week before and since, how many of them it matches, and
//! whether what it matches still is what was back-tested.
//!
//! LimaCharlie drops what an exclusion hides before it is sent, so nobody here can count it: what is hidden is worked
//! out from the weeks before. What arrives and matches nevertheless is counted.
use super::Rule;
use super::search::{Shape, changed};
use crate::store::activity::{self, DAY_MS, Subject};
use crate::store::exclusions::{self, Arrived, Exclusion};
use crate::store::{Result, Tx, cases};
use serde_json::Value;

/// Weeks before and since that are looked at.
pub const WEEKS: i64 = 8;
/// The newest detections of the rule that are evaluated, before its approval and since.
pub const NEWEST: i64 = 2_000;
/// So long after the last step LimaCharlie may not follow it yet.
const GRACE_MS: i64 = 10 * 60 * 1000;

/// One week.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Week {
    /// Its first day, counted from 1970.
    pub first: i64,
    /// Whether it begins after the day on which the exclusion was approved.
    pub since: bool,
    /// Detections of the rule.
    pub detections: i64,
    /// Of those that were evaluated, how many it matches.
    pub matched: i64,
    /// Its days that are over.
    pub over: i64,
}

/// What it does.
#[derive(Debug, Clone, PartialEq)]
pub struct Effect {
    /// The weeks, the oldest first.
    pub weeks: Vec<Week>,
    /// Detections a week that it matched before the day of its approval, in tenths, over days on which all were
    /// evaluated; nothing where there is no such day.
    pub usual_tenths: Option<i64>,
    /// What is new in what it matches of events since it was approved.
    pub shape: Shape,
    /// Detections that it matches of events since it should hide them.
    pub arrived: i64,
    /// The first day from which on all detections were evaluated, where there were more of them or documents were
    /// removed.
    pub whole_from: Option<i64>,
    /// Whether there were more detections since than are evaluated.
    pub cut: bool,
}

impl Effect {
    /// Whether the rule had any detection in the weeks before.
    pub fn known(&self) -> bool {
        self.weeks.iter().any(|week| !week.since && week.detections > 0)
    }
}

/// What an effect is made of.
#[derive(Debug)]
pub struct Gathered {
    rule: Value,
    /// When it was approved, and from when on it should hide.
    approved_ms: i64,
    hides_ms: i64,
    /// The day after the approval.
    day: i64,
    today: i64,
    days: Vec<(i64, i64)>,
    /// What had arrived when it was approved, and what came since; all in the second where that is not known.
    documents: [Vec<Arrived>; 2],
}

/// Reads what the effect of an approved exclusion is made of; nothing before its approval, or without its rule.
///
/// # Errors
/// Where the database refuses.
pub async fn gather(tx: &mut Tx, exclusion: &Exclusion, now_ms: i64) -> Result<Option<Gathered>> {
    let approved = exclusion.tested_ms.filter(|_| exclusion.state.in_force());
    let (Some(approved_ms), Ok(rule)) = (approved, Rule::read(&exclusion.rule.0)) else { return Ok(None) };
    let rule_id = match rule.source_rule() {
        Some(path) => exclusions::rule_by_path(tx, exclusion.org_id, path).await?,
        None => Some(cases::by_number(tx, exclusion.case_number).await?.rule_id),
    };
    let Some(rule_id) = rule_id else { return Ok(None) };
    let day = approved_ms.div_euclid(DAY_MS) + 1;
    let first = day - WEEKS * 7;
    // Where it names its rule, the last back-test ended with that rule's newest detection.
    let last = if rule.source_rule().is_some() { exclusion.test_detection } else { 0 };
    Ok(Some(Gathered {
        rule: exclusion.rule.0.clone(),
        approved_ms,
        hides_ms: exclusion.changed_ms.unwrap_or(approved_ms) + GRACE_MS,
        day,
        today: now_ms.div_euclid(DAY_MS),
        days: activity::since(tx, Subject::Rule, rule_id, first).await?,
        documents: [
            exclusions::newest_of_rule(tx, rule_id, (0, last), NEWEST).await?,
            exclusions::newest_of_rule(tx, rule_id, (last, i64::MAX), NEWEST).await?,
        ],
    }))
}

impl Gathered {
    /// Evaluates. It takes up to some hundred milliseconds of one processor, so it belongs on a thread of its own.
    pub fn evaluate(self) -> Option<Effect> {
        let rule = Rule::read(&self.rule).ok()?;
        let (whole_from, cut) = self.whole();
        let (mut weeks, mut of_before, mut arrived) = (self.weeks(), 0, 0);
        let (mut before, mut since) = (Vec::new(), Vec::new());
        for Arrived { event_ms, raw } in self.documents.iter().flatten() {
            let Ok(document) = serde_json::from_str::<Value>(raw) else { continue };
            if !rule.matches(&document).unwrap_or(false) {
                continue;
            }
            let day = event_ms.div_euclid(DAY_MS);
            if let Some(week) = weeks.iter_mut().find(|week| (week.first..week.first + 7).contains(&day)) {
                week.matched += 1;
            }
            arrived += i64::from(*event_ms >= self.hides_ms);
            of_before += i64::from(self.base(&weeks, whole_from).contains(&day));
            if *event_ms < self.approved_ms { before.push(document) } else { since.push(document) }
        }
        let base = self.base(&weeks, whole_from);
        let days = base.end - base.start;
        let usual_tenths = (days > 0).then(|| of_before * 70 / days);
        Some(Effect { usual_tenths, shape: changed(before, since, &rule.fixed()), weeks, arrived, whole_from, cut })
    }

    fn weeks(&self) -> Vec<Week> {
        let week = |at: i64| {
            let first = self.day + at * 7;
            let days = self.days.iter().filter(|(day, _)| (first..first + 7).contains(day));
            let detections = days.map(|(_, count)| count).sum();
            Week { first, since: at >= 0, detections, matched: 0, over: (self.today - first).clamp(0, 7) }
        };
        let begun = if self.today < self.day { 0 } else { (self.today - self.day) / 7 + 1 };
        (-WEEKS..begun.min(WEEKS)).map(week).collect()
    }

    /// The days before that of the approval that what is usual is made of: since the first week with a detection, and
    /// only those of which all were evaluated.
    fn base(&self, weeks: &[Week], whole_from: Option<i64>) -> std::ops::Range<i64> {
        let first = weeks.iter().find(|week| !week.since && week.detections > 0).map_or(self.day, |week| week.first);
        first.max(whole_from.unwrap_or(first))..self.day - 1
    }

    /// From which day on all detections of before the approval are there: after the oldest event where there may be more
    /// than were read, and after the newest one whose document was removed. And whether some since are not there.
    fn whole(&self) -> (Option<i64>, bool) {
        let full = |read: &[Arrived]| i64::try_from(read.len()).is_ok_and(|count| count >= NEWEST);
        let [before, since] = &self.documents;
        // All that had arrived by then is among the second where the first is empty.
        let reaches_back = if before.is_empty() { since } else { before };
        let oldest = reaches_back.iter().map(|one| one.event_ms).min().filter(|_| full(reaches_back));
        let removed = || before.iter().chain(since).filter(|one| one.raw.is_empty()).map(|one| one.event_ms);
        let last = removed().filter(|event_ms| *event_ms < self.approved_ms).max();
        let whole_from = oldest.max(last).map(|event_ms| event_ms.div_euclid(DAY_MS) + 1);
        (whole_from, full(since) || removed().any(|event_ms| event_ms >= self.approved_ms))
    }
}
