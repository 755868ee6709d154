//! What an approved exclusion does: the rule's detections a week before and since, how many of them it matches, and
//! whether what it matches still is what was back-tested.
//!
//! LimaCharlie drops what an exclusion hides before it is sent, so nobody here can count it: what is hidden is worked
//! out from the weeks before. What arrives and matches nevertheless is counted.
use super::Rule;
use super::search::{Shape, changed};
use crate::store::activity::{self, DAY_MS, Subject};
use crate::store::exclusions::{self, Exclusion};
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
    /// Detections that it matches of events before it was approved, of days on which all were evaluated.
    pub before: i64,
    /// What is new in what it matches of events since it was approved.
    pub shape: Shape,
    /// Detections that it matches of events since it should hide them.
    pub arrived: i64,
    /// The first day from which on all detections before the approval were evaluated, where there were more of them or
    /// documents were removed.
    pub whole_from: Option<i64>,
    /// Whether there were more detections since than are evaluated.
    pub cut: bool,
}

impl Effect {
    /// Detections a week that it matched before it was approved, in tenths; nothing where nothing was evaluated.
    ///
    /// Of days on which all were evaluated: since the first week with a detection of the rule, or since what was read
    /// reaches back to.
    pub fn usual_tenths(&self) -> Option<i64> {
        let before: Vec<&Week> = self.weeks.iter().filter(|week| !week.since).collect();
        let first = before.iter().find(|week| week.detections > 0)?.first;
        let end = before.last()?.first + 7;
        let days = end - self.whole_from.unwrap_or(first).max(first);
        (days > 0).then(|| self.before * 70 / days)
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
    /// Of events before it was approved, and since.
    documents: [Vec<(i64, String)>; 2],
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
    let last = exclusions::newest_by(tx, approved_ms).await?;
    let (before, since) = ((0, last), (last, i64::MAX));
    Ok(Some(Gathered {
        rule: exclusion.rule.0.clone(),
        approved_ms,
        hides_ms: exclusion.changed_ms.unwrap_or(approved_ms) + GRACE_MS,
        day,
        today: now_ms.div_euclid(DAY_MS),
        days: activity::since(tx, Subject::Rule, rule_id, first).await?,
        documents: [
            exclusions::newest_of_rule(tx, rule_id, before, first * DAY_MS, NEWEST).await?,
            exclusions::newest_of_rule(tx, rule_id, since, first * DAY_MS, NEWEST).await?,
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
        for (event_ms, raw) in self.documents.iter().flatten() {
            let Ok(document) = serde_json::from_str::<Value>(raw) else { continue };
            if !rule.matches(&document).unwrap_or(false) {
                continue;
            }
            let day = event_ms.div_euclid(DAY_MS);
            if let Some(week) = weeks.iter_mut().find(|week| (week.first..week.first + 7).contains(&day)) {
                week.matched += 1;
            }
            arrived += i64::from(*event_ms >= self.hides_ms);
            of_before += i64::from(day < self.day && whole_from.is_none_or(|from| day >= from));
            if *event_ms < self.approved_ms { before.push(document) } else { since.push(document) }
        }
        let shape = changed(before, since, &rule.fixed());
        Some(Effect { weeks, before: of_before, shape, arrived, whole_from, cut })
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

    /// From which day on all documents of before the approval are there: after the oldest event where there may be more
    /// than were read, and after the newest one whose document was removed. And whether some since are not there.
    fn whole(&self) -> (Option<i64>, bool) {
        let full = |read: &[(i64, String)]| i64::try_from(read.len()).is_ok_and(|count| count >= NEWEST);
        let [before, since] = &self.documents;
        let oldest = before.iter().map(|(event_ms, _)| *event_ms).min().filter(|_| full(before));
        let removed = || before.iter().chain(since).filter(|(_, raw)| raw.is_empty()).map(|(event_ms, _)| *event_ms);
        let last = removed().filter(|event_ms| *event_ms < self.approved_ms).max();
        let whole_from = oldest.max(last).map(|event_ms| event_ms.div_euclid(DAY_MS) + 1);
        (whole_from, full(since) || removed().any(|event_ms| event_ms >= self.approved_ms))
    }
}
