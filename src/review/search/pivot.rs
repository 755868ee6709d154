//! What a question finds beside cases: the hosts, observables, rules and notes that a person may go on with.
use crate::domain::ObservableKind;
use crate::domain::search::{Field, Query, Term};
use crate::review::ReviewError;
use crate::store::Tx;
use crate::store::search::{self, Host, Index, NoteHit, Rule, Value};
use crate::triage::found::{self, Found};
use std::net::IpAddr;

/// Terms whose values are looked up, and how many values are shown.
const TERMS: usize = 4;
const SHOWN: usize = 10;
/// Shorter texts are the start of too much.
const SHORTEST: usize = 3;

/// What was found beside cases.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Pivots {
    /// Hosts.
    pub hosts: Vec<Host>,
    /// Observables.
    pub values: Vec<Value>,
    /// Rules.
    pub rules: Vec<Rule>,
    /// Notes, each with where the words are.
    pub notes: Vec<(NoteHit, Found)>,
}

impl Pivots {
    /// Whether there is nothing.
    pub fn is_empty(&self) -> bool {
        self.hosts.is_empty() && self.values.is_empty() && self.rules.is_empty() && self.notes.is_empty()
    }
}

/// Looks for them.
pub(super) async fn find(tx: &mut Tx, query: &Query, orgs: &[i64]) -> Result<Pivots, ReviewError> {
    let mut pivots = Pivots::default();
    let hosts = within(query, Field::Host);
    if !hosts.is_empty() {
        let words = search::matching(tx, Index::Detections, &refs(&hosts), orgs, true).await?;
        pivots.hosts = search::hosts(tx, &words, orgs).await?;
    }
    let rules = within(query, Field::Rule);
    if !rules.is_empty() {
        let words = search::matching(tx, Index::Detections, &refs(&rules), orgs, false).await?;
        pivots.rules = search::rules(tx, &words, orgs).await?;
    }
    pivots.values = values(tx, query, orgs).await?;
    pivots.notes = notes(tx, query, orgs).await?;
    Ok(pivots)
}

fn refs(terms: &[Term]) -> Vec<&Term> {
    terms.iter().collect()
}

/// The terms that may stand in a field, as terms of that field.
fn within(query: &Query, field: Field) -> Vec<Term> {
    query.wanted().filter(|term| term.field.is_none_or(|own| own == field)).map(|term| term.within(field)).collect()
}

/// Observables that begin with what was typed, of all organisations together.
async fn values(tx: &mut Tx, query: &Query, orgs: &[i64]) -> Result<Vec<Value>, ReviewError> {
    let mut all: Vec<Value> = Vec::new();
    for term in query.wanted().take(TERMS) {
        let kinds: Vec<_> = match term.field {
            Some(field) => ObservableKind::ALL.iter().copied().filter(|kind| Field::of(*kind) == Some(field)).collect(),
            None => ObservableKind::ALL.to_vec(),
        };
        let text = term.text.trim().trim_end_matches('*');
        if kinds.is_empty() || text.chars().count() < SHORTEST {
            continue;
        }
        // Paths, users and URLs keep their capitals, all else is in lower case.
        let lower = text.to_lowercase();
        let forms = if lower == text { vec![text] } else { vec![text, &lower] };
        for form in forms {
            let found = search::values(tx, &kinds, form, text.parse::<IpAddr>().is_ok(), orgs).await?;
            for value in found {
                add(&mut all, value);
            }
        }
    }
    all.truncate(SHOWN);
    Ok(all)
}

/// The same value of another organisation is the same line.
fn add(all: &mut Vec<Value>, value: Value) {
    match all.iter_mut().find(|known| (known.kind, &known.value) == (value.kind, &value.value)) {
        Some(known) => known.cases += value.cases,
        None => all.push(value),
    }
}

/// Notes know no fields, so they are looked for where none is asked for.
async fn notes(tx: &mut Tx, query: &Query, orgs: &[i64]) -> Result<Vec<(NoteHit, Found)>, ReviewError> {
    let wanted: Vec<_> = query.wanted().collect();
    if wanted.is_empty() || wanted.iter().any(|term| term.field.is_some()) {
        return Ok(Vec::new());
    }
    let terms: Vec<_> = query.terms().filter(|term| term.field.is_none()).collect();
    let words = search::matching(tx, Index::Notes, &terms, orgs, false).await?;
    let found = search::notes(tx, &words, orgs).await?.into_iter();
    Ok(found.filter_map(|note| found::find_in("Note", &note.body, &wanted).map(|at| (note, at))).collect())
}
