//! Many cases by one act: what a selection holds, which of it is left out and why, and deciding the rest.
//!
//! [`gather`] looks at a selection and changes nothing. [`begin`] makes the act with a row for each case;
//! [`step`] decides the next of them, or takes them back, in the caller's transaction, and looks at each one again
//! before. A request does so itself for few cases, a job for many: whoever comes finds what is left.
mod act;
mod assign;
mod compare;
mod look;
mod odd;
mod step;
mod take_back;
mod tally;

pub use act::{Wanted, begin, undo};
pub use assign::assign;
pub use compare::{Comparison, Difference, Pattern};
pub use look::may_return;
pub use step::step;

use self::compare::Compared;
use super::ReviewError;
use super::caution::{self, Heard};
use crate::limits::{BULK_MOST, PAGE_MOST};
use crate::store::bulk::{self, Facts, NewMember, Purpose, Said, Why};
use crate::store::cases::Case;
use crate::store::queue::{self, Filter};
use crate::store::{Scope, Tx};
use std::collections::{BTreeSet, HashMap};

/// What a person chose.
#[derive(Debug, Clone, Default)]
pub struct Selection {
    /// Cases by number.
    pub numbers: BTreeSet<i64>,
    /// All cases of these lists.
    pub filters: Vec<Filter>,
    /// Cases that are decided in spite of what they were left out for, where that is possible.
    pub back: BTreeSet<i64>,
    /// When the person was shown the selection; what changed since is left out.
    pub shown_ms: Option<i64>,
}

/// A selection, looked at.
#[derive(Debug, Clone, Default)]
pub struct Plan {
    /// Every case by number, and why it is left out.
    pub members: Vec<NewMember>,
    /// How they compare.
    pub comparison: Comparison,
}

impl Plan {
    /// How many cases would be decided.
    pub fn going(&self) -> usize {
        self.members.iter().filter(|member| member.goes()).count()
    }

    /// Cases that were left out for one reason.
    pub fn left_out(&self, why: Why) -> impl Iterator<Item = &NewMember> {
        self.members.iter().filter(move |member| member.why == Some(why))
    }
}

/// Looks at a selection; nothing where one of its numbers is no case that may be seen.
///
/// # Errors
/// `Invalid` where it holds nothing or too much, otherwise where the database refuses.
pub async fn gather(tx: &mut Tx, scope: Scope, selection: &Selection) -> Result<Option<Plan>, ReviewError> {
    let numbers = numbers(tx, scope, selection).await?;
    let mut compared = Compared::default();
    let mut members = Vec::with_capacity(numbers.len());
    for part in numbers.chunks(usize::try_from(PAGE_MOST).unwrap_or(1)) {
        let found = bulk::facts(tx, scope, part, Purpose::Compare).await?;
        if found.len() < part.len() {
            return Ok(None);
        }
        let said = by_case(bulk::said(tx, part).await?);
        for facts in &found {
            let why = look::why(&facts.case, said.get(&facts.case.number).map_or(&[], Vec::as_slice))
                .or_else(|| look::since(&facts.case, selection.shown_ms));
            compared.add(facts, why.as_ref().map(|(why, _)| *why));
            members.push(member(facts, why));
        }
    }
    for (at, detail) in compared.odd_ones() {
        if members[at].why.is_none() {
            (members[at].why, members[at].detail) = (Some(Why::Outlier), detail);
        }
    }
    for member in &mut members {
        member.back = member.why.is_some_and(may_return) && selection.back.contains(&member.case_number);
    }
    let comparison = compared.comparison(&members);
    Ok(Some(Plan { members, comparison }))
}

fn member(facts: &Facts, why: Option<(Why, String)>) -> NewMember {
    let (why, detail) = why.unzip();
    NewMember {
        case_number: facts.case.number,
        org_id: facts.case.org_id,
        version: facts.case.version,
        behaviours: facts.behaviours,
        why,
        detail: detail.unwrap_or_default(),
        back: false,
    }
}

/// The numbers of a selection in order.
async fn numbers(tx: &mut Tx, scope: Scope, selection: &Selection) -> Result<Vec<i64>, ReviewError> {
    let mut numbers = selection.numbers.clone();
    for filter in &selection.filters {
        let mut after = None;
        loop {
            let page = queue::page(tx, scope, filter, after, PAGE_MOST).await?;
            numbers.extend(page.iter().map(|row| row.case.number));
            after = page.last().map(queue::Row::cursor);
            if after.is_none() || numbers.len() > BULK_MOST {
                break;
            }
        }
    }
    if numbers.is_empty() {
        return ReviewError::invalid("numbers", "Select at least one case.");
    }
    if numbers.len() > BULK_MOST {
        let text = format!("At most {BULK_MOST} cases are decided by one act. Narrow the filter.");
        return ReviewError::invalid("filter", text);
    }
    Ok(numbers.into_iter().collect())
}

/// What the newest runs of some cases say, by case.
fn by_case(all: Vec<Said>) -> HashMap<i64, Vec<Said>> {
    let mut found: HashMap<i64, Vec<Said>> = HashMap::new();
    for said in all {
        found.entry(said.case_number).or_default().push(said);
    }
    found
}

/// What stands against deciding a case.
fn caution_of(case: &Case, said: &[Said]) -> caution::Caution {
    let heard: Vec<_> =
        said.iter().map(|said| Heard { outcome: said.outcome, flags: &said.flags.0, vetoes: &said.vetoes.0 }).collect();
    caution::of(case, &heard)
}
