//! Which cases have something to do with a case, and why: what people said, and what is found by itself.
use crate::store::cases::Case;
use crate::store::fingerprints::{self, Elsewhere};
use crate::store::links::{self, LinkKind};
use crate::store::related::{self, Line};
use crate::store::{Result, Tx};

/// Cases that are shown.
const MOST: usize = 20;
/// Cases that one question may find.
const EACH: i64 = 10;
/// Cases of a sensor belong near each other within this time.
const NEAR_MS: i64 = 24 * 60 * 60 * 1000;
/// Characters of an observable that are told.
const TOLD: usize = 24;

/// A case that has something to do with another one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Related {
    /// It.
    pub line: Line,
    /// Why, each reason a few words; the strongest first.
    pub why: Vec<String>,
    /// The case that a person linked, where that can be taken back.
    pub linked: Option<i64>,
}

/// The cases that have something to do with a case, the strongest reason first, at most twenty.
///
/// # Errors
/// Where the database refuses.
pub async fn of(tx: &mut Tx, case: &Case) -> Result<Vec<Related>> {
    let elsewhere = fingerprints::elsewhere(tx, case.org_id, &case.fingerprint, case.sensor_id).await?;
    with(tx, case, &elsewhere).await
}

/// The same where the cases with the behaviour on other hosts are read already.
///
/// # Errors
/// Where the database refuses.
pub async fn with(tx: &mut Tx, case: &Case, elsewhere: &[Elsewhere]) -> Result<Vec<Related>> {
    let mut found = said(tx, case).await?;
    found.extend(seen(tx, case, elsewhere).await?);
    let mut all: Vec<(i64, Vec<String>, Option<i64>)> = Vec::new();
    for (number, why, linked) in found.into_iter().filter(|(number, ..)| *number != case.number) {
        if let Some((_, reasons, link)) = all.iter_mut().find(|(known, ..)| *known == number) {
            if !reasons.contains(&why) {
                reasons.push(why);
            }
            *link = link.or(linked);
        } else if all.len() < MOST {
            all.push((number, vec![why], linked));
        }
    }
    let numbers: Vec<i64> = all.iter().map(|(number, ..)| *number).collect();
    let lines = related::lines(tx, case.org_id, &numbers).await?;
    let line = |number: i64| lines.iter().find(|line| line.number == number).cloned();
    Ok(all.into_iter().filter_map(|(number, why, linked)| Some(Related { line: line(number)?, why, linked })).collect())
}

/// An observable, as much of it as tells it from others.
fn told(value: &str) -> String {
    let start: String = value.chars().take(TOLD).collect();
    if start.len() < value.len() { format!("{start}…") } else { start }
}

type Found = (i64, String, Option<i64>);

/// What people said.
async fn said(tx: &mut Tx, case: &Case) -> Result<Vec<Found>> {
    let mut found = Vec::new();
    found.extend(case.duplicate_of.map(|of| (of, "this one is its duplicate".to_owned(), None)));
    for number in related::duplicates(tx, case.number, EACH).await? {
        found.push((number, "a duplicate of this one".to_owned(), None));
    }
    for one in links::of_case(tx, case.number, EACH).await? {
        let by = &one.made_by;
        let (why, linked) = match (one.kind, one.is_first) {
            (LinkKind::Link, _) => (format!("linked by {by}"), Some(one.named)),
            (LinkKind::Split, true) => (format!("this one was split off it by {by}"), None),
            (LinkKind::Split, false) => (format!("split off this one by {by}"), None),
        };
        found.push((one.number, why, linked));
    }
    Ok(found)
}

/// What is found by itself.
async fn seen(tx: &mut Tx, case: &Case, elsewhere: &[Elsewhere]) -> Result<Vec<Found>> {
    let mut found: Vec<Found> = Vec::new();
    found.extend(case.previous_case.map(|number| (number, "the same before, closed".to_owned(), None)));
    for number in related::repeating(tx, case.number, EACH).await? {
        found.push((number, "the same again, later".to_owned(), None));
    }
    for shared in related::sharing(tx, case.number, 2 * EACH).await? {
        let why = format!("same {} {}, in {} cases", shared.kind.label(), told(&shared.value), shared.cases);
        found.push((shared.number, why, None));
    }
    found.extend(elsewhere.iter().map(|other| (other.number, "same behaviour on another host".to_owned(), None)));
    let (from, to) = (case.opened_ms - NEAR_MS, case.opened_ms + NEAR_MS);
    for number in related::of_sensor(tx, case.sensor_id, from, to, EACH).await? {
        found.push((number, "same sensor within 24 h".to_owned(), None));
    }
    Ok(found)
}
