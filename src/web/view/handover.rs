//! The handover page's lines: what each section shows of what the store found.
use super::listing::Listing;
use super::moments;
use super::text::{start, visible};
use super::words::{self, Glyph, Sev, When, when};
use crate::domain::Verdict;
use crate::store::handover::{Back, Decided, Failed, Handover, Note, Outage};
use crate::store::queue::Row;
use crate::web::markdown::{self, Html};
use std::collections::BTreeSet;

/// A case in a section.
pub struct CaseLine {
    /// Its number.
    pub number: i64,
    /// Its title.
    pub title: String,
    /// Its host.
    pub host: String,
    /// What the panel says of it.
    pub glyph: Glyph,
    /// Its severity.
    pub severity: Sev,
    /// How long it waits.
    pub waiting: String,
    /// Whether that is too long.
    pub late: bool,
    /// Who has it, or empty.
    pub assignee: String,
}

/// Cases of a section, and the list that holds all of them.
pub struct Cases {
    /// The first ones.
    pub lines: Vec<CaseLine>,
    /// How many there are, as shown.
    pub count: String,
    /// The list.
    pub href: String,
}

/// A case's line.
pub fn case_line(found: &Row, now_ms: i64) -> CaseLine {
    let row = super::row::row(found, false, false, ("", now_ms));
    CaseLine {
        number: row.number,
        title: row.title,
        host: row.host,
        glyph: words::said(found.case.verdict, found.case.machine_verdict, found.case.blind).0,
        severity: row.severity,
        waiting: row.waiting,
        late: row.late,
        assignee: found.case.assignee.as_deref().map(visible).unwrap_or_default(),
    }
}

/// A line about a case: what happened, by whom, when, and where it stands on the case page.
pub struct Line {
    /// The case.
    pub number: i64,
    /// Its title.
    pub title: String,
    /// The place on its page.
    pub place: String,
    /// What happened.
    pub text: String,
    /// Who did it, or empty.
    pub who: String,
    /// When.
    pub at: When,
}

/// The longest text of a line.
const TEXT: usize = 300;

/// An escalation or handoff note.
pub fn note_line(note: &Note) -> Line {
    let kind = if note.kind == "escalation" { "Escalation" } else { "Handoff" };
    line(
        (note.number, &note.title),
        "#notes",
        format!("{kind}: {}", start(note.body.trim(), TEXT)),
        &note.author,
        note.created_ms,
    )
}

/// What was reopened or undone.
pub fn back_line(back: &Back) -> Line {
    line((back.number, &back.title), &format!("#e{}", back.id), start(&back.text, TEXT), &back.actor, back.at_ms)
}

/// A failed action.
pub fn failed_line(failed: &Failed) -> Line {
    let said = if failed.result.is_empty() { String::new() } else { format!(". {}", start(&failed.result, TEXT)) };
    let target = start(&failed.target, 80);
    let text = format!("{} {target}: {}{said}", failed.kind.label(), failed.state.label().to_lowercase());
    line((failed.number, &failed.title), "#actions", text, "", failed.finished_ms)
}

fn line((number, title): (i64, &str), place: &str, text: String, who: &str, at_ms: i64) -> Line {
    let (title, who) = (start(title, 120), visible(who));
    Line { number, title, place: place.to_owned(), text, who, at: when(at_ms) }
}

/// What was told of the installation.
pub fn outage_line(outage: &Outage) -> (String, When) {
    let facts = &outage.facts.0;
    let org = if facts.org.is_empty() { String::new() } else { format!(" ({})", facts.org) };
    let text = format!("{}: {}{org}. {}", outage.kind.label(), visible(&facts.title), visible(&facts.text));
    (text, when(outage.created_ms))
}

/// One person's decisions: a count and its list for each verdict.
pub struct Person {
    /// Who, or `All`.
    pub name: String,
    /// Counts with their lists, in the order of [`VERDICTS`].
    pub cells: Vec<(i64, String)>,
}

/// The verdicts in the order of the columns.
pub const VERDICTS: [Verdict; 4] =
    [Verdict::FalsePositive, Verdict::BenignTruePositive, Verdict::TruePositive, Verdict::Undetermined];

/// The decisions of a time by person, all together last where there are several.
pub fn persons(decided: &[Decided], (from_ms, to_ms): (i64, i64)) -> Vec<Person> {
    let stretch = format!("{}..{}", moments::moment(from_ms), moments::moment(to_ms));
    let names: BTreeSet<&str> = decided.iter().map(|one| one.person.as_str()).collect();
    let of = |name: Option<&str>| {
        let cell = |verdict: &Verdict| {
            let mine = |one: &&Decided| one.verdict == *verdict && name.is_none_or(|name| one.person == name);
            let count = decided.iter().filter(mine).map(|one| one.cases).sum();
            let list = [
                ("view", "all"),
                ("verdict", verdict.as_str()),
                ("decided", &stretch),
                ("decided_by", name.unwrap_or_default()),
            ];
            (count, Listing::default().with(&list))
        };
        let shown = name.map_or_else(|| "All".to_owned(), visible);
        Person { name: shown, cells: VERDICTS.iter().map(cell).collect() }
    };
    let mut all: Vec<Person> = names.iter().map(|name| of(Some(name))).collect();
    if all.len() > 1 {
        all.push(of(None));
    }
    all
}

/// What a shift wrote.
pub struct Written {
    /// Its id.
    pub id: i64,
    /// The organisation.
    pub org: String,
    /// Who wrote it.
    pub author: String,
    /// When.
    pub at: When,
    /// Its text.
    pub body: Html,
}

/// What a shift wrote, for the page.
pub fn written(one: &Handover) -> Written {
    Written {
        id: one.id,
        org: one.org.clone(),
        author: visible(&one.author),
        at: when(one.created_ms),
        body: markdown::note(&one.body),
    }
}
