//! What the next shift should see, each section by an index of its own.
use super::Query;
use crate::error::Result;
use crate::store::handover::{self as store, COUNTED};
use crate::store::queue::{self, Filter, Moments, Sort, View};
use crate::store::{Scope, Tx, actions, ranges};
use crate::web::page::{COUNT_MOST, count_text};
use crate::web::view::handover::{self as view, Cases, Line, Person};
use crate::web::view::text::visible;
use crate::web::view::words::When;

/// Cases and entries of a section.
const SHOWN: i64 = 6;
/// Entries of a section that is shown whole.
const WHOLE: i64 = 200;

/// Entries of a section, and whether there are more.
pub struct Lines {
    /// The first ones.
    pub lines: Vec<Line>,
    /// Whether more follow.
    pub more: bool,
}

/// All sections.
pub struct Sections {
    /// Open cases that the panel calls a true positive.
    pub likely: Cases,
    /// Escalation and handoff notes.
    pub notes: Lines,
    /// Cases that wait longest.
    pub waiting: Cases,
    /// Who decided what.
    pub persons: Vec<Person>,
    /// Whether more was decided than is counted.
    pub many: bool,
    /// Reopened and undone.
    pub back: Lines,
    /// Cases that stand aside for now.
    pub snoozed: Cases,
    /// Cases of which a later vote says otherwise.
    pub dissent: Cases,
    /// Failed actions.
    pub failed: Lines,
    /// Actions that wait for a second person: the case, the kind, who asked.
    pub approvals: Vec<(i64, &'static str, String)>,
    /// Silent sources, votes taken away.
    pub outages: Vec<(String, When)>,
    /// Voters that have no vote now.
    pub suspended: Vec<String>,
}

/// Reads all sections.
pub async fn read(tx: &mut Tx, scope: Scope, (since_ms, now_ms): (i64, i64), query: &Query) -> Result<Sections> {
    let decided = store::decided(tx, scope, since_ms).await?;
    let approvals = actions::waiting(tx, scope, WHOLE).await?;
    Ok(Sections {
        likely: cases(tx, scope, list(View::LikelyTruePositive, Sort::Risk), now_ms).await?,
        waiting: cases(tx, scope, list(View::NeedsDecision, Sort::Oldest), now_ms).await?,
        snoozed: cases(tx, scope, list(View::Snoozed, Sort::Risk), now_ms).await?,
        dissent: cases(tx, scope, late(), now_ms).await?,
        notes: lines(
            &store::notes(tx, scope, since_ms, query.most("notes")).await?,
            query.most("notes"),
            view::note_line,
        ),
        back: lines(&store::back(tx, scope, since_ms, query.most("back")).await?, query.most("back"), view::back_line),
        failed: lines(
            &store::failed(tx, scope, since_ms, query.most("failed")).await?,
            query.most("failed"),
            view::failed_line,
        ),
        many: decided.iter().map(|one| one.cases).sum::<i64>() >= COUNTED,
        persons: view::persons(&decided, (since_ms, now_ms + 1)),
        approvals: approvals.into_iter().map(|(case, kind, by)| (case, kind.label(), visible(&by))).collect(),
        outages: store::outages(tx, scope, since_ms, WHOLE).await?.iter().map(view::outage_line).collect(),
        suspended: ranges::suspended(tx).await?.iter().map(|name| visible(name)).collect(),
    })
}

impl Query {
    /// How many entries of a section are read: one more than are shown.
    fn most(&self, section: &str) -> i64 {
        if self.show == section { WHOLE } else { SHOWN + 1 }
    }
}

fn list(view: View, sort: Sort) -> Filter {
    Filter { view, sort, ..Filter::default() }
}

/// Later votes that say otherwise; the view holds other cases too.
fn late() -> Filter {
    let moments = Moments { dissent: true, ..Moments::default() };
    Filter { moments, ..list(View::SplitVotes, Sort::Risk) }
}

async fn cases(tx: &mut Tx, scope: Scope, filter: Filter, now_ms: i64) -> Result<Cases> {
    let found = queue::page(tx, scope, &filter, None, SHOWN).await?;
    let count = if filter.moments.dissent {
        let (count, all) = queue::count_filtered(tx, scope, &filter, COUNT_MOST).await?;
        if all { count.to_string() } else { format!("{count}+") }
    } else {
        count_text(queue::count(tx, scope, filter.view, COUNT_MOST).await?)
    };
    let late = if filter.moments.dissent { "&dissent=true" } else { "" };
    Ok(Cases {
        lines: found.iter().map(|row| view::case_line(row, now_ms)).collect(),
        count,
        href: format!("/cases?view={}&sort={}&group=off{late}", filter.view, filter.sort),
    })
}

fn lines<T>(found: &[T], most: i64, line: impl Fn(&T) -> Line) -> Lines {
    let whole = most == WHOLE;
    let shown = usize::try_from(if whole { WHOLE } else { SHOWN }).unwrap_or(usize::MAX);
    let more = !whole && found.len() > shown;
    Lines { lines: found.iter().take(shown).map(line).collect(), more }
}
