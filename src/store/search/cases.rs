//! Cases that a question finds: by the words of their detections, or by conditions alone.
use super::super::cases::{COLUMNS, Case, TABLES};
use super::super::queue::Cursor;
use super::super::{Result, Tx, on};
use super::list;
use super::matching::{Index, Match};
use crate::domain::search::{About, Condition, Query};
use std::collections::{HashMap, HashSet};

/// Cases of a page.
const CASES: usize = 25;
/// Matching detections that are looked at together, and how often for one page.
const ROUND: i64 = 500;
const ROUNDS: usize = 4;
/// Cases that are looked at for one page of a question without words.
const LOOKED_AT: i64 = 2_000;
/// How many matches above a page are looked at for a case that was shown there.
const REMEMBERED: i64 = 50_000;

/// A detection that the words are in, the newest of its case.
#[derive(Debug, Clone, PartialEq)]
pub struct Hit {
    /// The case.
    pub case: Case,
    /// The detection.
    pub detection: i64,
    /// When it happened.
    pub event_ms: i64,
    /// Its document, where it is not a very large one.
    pub raw: Option<String>,
}

/// A page of a list.
#[derive(Debug, Clone, PartialEq)]
pub struct Page<T, C> {
    /// What is on it.
    pub items: Vec<T>,
    /// Where the next one begins.
    pub next: Option<C>,
    /// Whether there was so much to look at that the page ends before it is full.
    pub stopped: bool,
}

/// A page of cases.
pub type Listed = Page<Case, Cursor>;

/// A matching detection: id, case, time, and whether the conditions hold.
type Candidate = (i64, i64, i64, bool);

/// Cases by the words of their detections, newest detection first. A case stands where its newest match is.
pub async fn by_words(
    tx: &mut Tx,
    query: &Query,
    words: &Match,
    orgs: &[i64],
    after: Option<i64>,
) -> Result<Page<Hit, i64>> {
    let conditions = conditions(query, orgs);
    let mut from = after.unwrap_or(i64::MAX);
    let mut found: Vec<(i64, i64, i64)> = Vec::new();
    let mut known = HashSet::new();
    let mut end = false;
    for _ in 0..ROUNDS {
        let round = candidates(tx, words, &conditions, from).await?;
        end = i64::try_from(round.len()).is_ok_and(|rows| rows < ROUND);
        from = round.last().map_or(from, |last| last.0);
        let fresh: Vec<_> =
            round.iter().filter(|it| it.3).map(|it| it.1).filter(|case| !known.contains(case)).collect();
        if let Some(after) = after {
            known.extend(shown_before(tx, words, &conditions, after, &fresh).await?);
        }
        found.extend(round.iter().filter(|it| it.3 && known.insert(it.1)).map(|it| (it.0, it.1, it.2)));
        if end || found.len() > CASES {
            break;
        }
    }
    let full = found.len() > CASES;
    found.truncate(CASES);
    let last = found.last().map(|hit| hit.0);
    let next = if full { last } else { Some(from).filter(|_| !end) };
    Ok(Page { items: hits(tx, found).await?, next, stopped: !full && !end })
}

/// The next matches, newest first, each with whether the conditions hold.
async fn candidates(tx: &mut Tx, words: &Match, conditions: &str, below: i64) -> Result<Vec<Candidate>> {
    let sql = format!(
        "SELECT d.id, d.case_number, d.event_ms, ({conditions}) AS fits
         FROM ({}) h JOIN detections d ON d.id = h.id JOIN cases c ON c.number = d.case_number ORDER BY d.id DESC",
        Index::Detections.rows(tx, true)
    );
    on!(tx, |db| sqlx::query_as(sqlx::AssertSqlSafe(sql.as_str()))
        .bind(&words.text)
        .bind(below)
        .bind(ROUND)
        .fetch_all(db))
}

/// Of these cases, those that a page before has shown: they have a newer match.
async fn shown_before(tx: &mut Tx, words: &Match, conditions: &str, after: i64, cases: &[i64]) -> Result<Vec<i64>> {
    if cases.is_empty() {
        return Ok(Vec::new());
    }
    let sql = format!(
        "SELECT DISTINCT d.case_number FROM ({}) h JOIN detections d ON d.id = h.id JOIN cases c ON c.number = d.case_number
         WHERE d.case_number IN ({}) AND {conditions}",
        Index::Detections.rows(tx, false),
        list(cases)
    );
    on!(tx, |db| sqlx::query_scalar(sqlx::AssertSqlSafe(sql.as_str()))
        .bind(&words.text)
        .bind(after)
        .bind(REMEMBERED)
        .fetch_all(db))
}

async fn hits(tx: &mut Tx, found: Vec<(i64, i64, i64)>) -> Result<Vec<Hit>> {
    let numbers: Vec<_> = found.iter().map(|hit| hit.1).collect();
    let ids: Vec<_> = found.iter().map(|hit| hit.0).collect();
    let cases = format!("SELECT {COLUMNS} FROM {TABLES} WHERE c.number IN ({})", list(&numbers));
    let cases: Vec<Case> = on!(tx, |db| sqlx::query_as(sqlx::AssertSqlSafe(cases.as_str())).fetch_all(db))?;
    let raws = format!("SELECT id, raw FROM detections WHERE id IN ({}) AND OCTET_LENGTH(raw) <= 262144", list(&ids));
    let raws: Vec<(i64, String)> = on!(tx, |db| sqlx::query_as(sqlx::AssertSqlSafe(raws.as_str())).fetch_all(db))?;
    let mut cases: HashMap<_, _> = cases.into_iter().map(|case| (case.number, case)).collect();
    let mut raws: HashMap<_, _> = raws.into_iter().collect();
    let hit = |(detection, number, event_ms)| {
        cases.remove(&number).map(|case| Hit { case, detection, event_ms, raw: raws.remove(&detection) })
    };
    Ok(found.into_iter().filter_map(hit).collect())
}

/// Cases that the conditions alone find, newest first.
pub async fn by_conditions(tx: &mut Tx, query: &Query, orgs: &[i64], after: Option<Cursor>) -> Result<Listed> {
    let Cursor(_, opened, number) = after.unwrap_or(Cursor(0, i64::MAX, i64::MAX));
    let sql = format!(
        "SELECT c.opened_ms, c.number, ({}) AS fits
         FROM (SELECT * FROM cases WHERE org_id IN ({}) AND (opened_ms, number) < ($1, $2) ORDER BY opened_ms DESC, number DESC LIMIT $3) c
         ORDER BY c.opened_ms DESC, c.number DESC",
        case_conditions(query, orgs),
        list(orgs)
    );
    let looked: Vec<(i64, i64, bool)> = on!(tx, |db| sqlx::query_as(sqlx::AssertSqlSafe(sql.as_str()))
        .bind(opened)
        .bind(number)
        .bind(LOOKED_AT)
        .fetch_all(db))?;
    let fitting: Vec<_> = looked.iter().filter(|it| it.2).take(CASES + 1).copied().collect();
    let (full, end) = (fitting.len() > CASES, i64::try_from(looked.len()).is_ok_and(|rows| rows < LOOKED_AT));
    let shown = &fitting[..fitting.len().min(CASES)];
    let last = if full { shown.last() } else { looked.last().filter(|_| !end) };
    let next = last.map(|it| Cursor(0, it.0, it.1));
    let numbers: Vec<_> = shown.iter().map(|it| it.1).collect();
    let cases = format!(
        "SELECT {COLUMNS} FROM {TABLES} WHERE c.number IN ({}) ORDER BY c.opened_ms DESC, c.number DESC",
        list(&numbers)
    );
    let items = on!(tx, |db| sqlx::query_as(sqlx::AssertSqlSafe(cases.as_str())).fetch_all(db))?;
    Ok(Page { items, next, stopped: !full && !end })
}

/// The conditions on `cases c` and `detections d`. They hold words of closed lists and numbers, no text of a person.
fn conditions(query: &Query, orgs: &[i64]) -> String {
    [on_case(query, orgs), times(query)].concat().join(" AND ")
}

/// The same on `cases c` alone, for a case with an event at such a time.
fn case_conditions(query: &Query, orgs: &[i64]) -> String {
    let mut all = on_case(query, orgs);
    let times = times(query);
    if !times.is_empty() {
        let times = times.join(" AND ");
        all.push(format!("EXISTS (SELECT 1 FROM detections d WHERE d.case_number = c.number AND {times})"));
    }
    all.join(" AND ")
}

fn on_case(query: &Query, orgs: &[i64]) -> Vec<String> {
    let mut all = vec![format!("c.org_id IN ({})", list(orgs))];
    for about in About::ALL {
        let column = match about {
            About::Verdict => "c.verdict",
            About::Machine => "c.machine_verdict",
            About::Status => "c.status",
            About::Severity => "c.severity",
        };
        for (wanted, verb) in [(true, "IN"), (false, "NOT IN")] {
            let words: Vec<_> = query.conditions().filter_map(|it| word(it, *about, wanted)).collect();
            if !words.is_empty() {
                all.push(format!("{column} {verb} ({})", words.join(", ")));
            }
        }
    }
    // A tag holds no quote: it was checked where it was read.
    let tag = |condition: &Condition| match condition {
        Condition::Tag { tag, excluded } => Some(format!(
            "{}EXISTS (SELECT 1 FROM case_tags t WHERE t.case_number = c.number AND t.tag = '{tag}')",
            if *excluded { "NOT " } else { "" }
        )),
        _ => None,
    };
    all.extend(query.conditions().filter_map(tag));
    all
}

fn word(condition: &Condition, of: About, wanted: bool) -> Option<String> {
    match condition {
        Condition::Is { about, word, excluded } if *about == of && *excluded != wanted => Some(format!("'{word}'")),
        _ => None,
    }
}

fn times(query: &Query) -> Vec<String> {
    let time = |condition: &Condition| match condition {
        Condition::Before(ms) => Some(format!("d.event_ms < {ms}")),
        Condition::After(ms) => Some(format!("d.event_ms >= {ms}")),
        _ => None,
    };
    query.conditions().filter_map(time).collect()
}
