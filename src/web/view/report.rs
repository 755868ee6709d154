//! A case as a report for people outside: plain words, short lists that say what they leave out, nothing that is a link.
use super::case::{CaseData, note_kind, platform_words, shown_run};
use super::text::{self, start, visible};
use super::words::{When, duration, percent, when};
use crate::domain::action::ActionState;
use crate::domain::{ObservableKind, Status, reason};
use crate::review::sight;
use crate::store::{actions, notes, observables, timeline, votes};

/// Lines of each list that are shown: a report fits four pages.
const DETECTIONS: usize = 10;
const OBSERVABLES: usize = 20;
const VOTES: usize = 8;
const FLAGS: usize = 10;
const DECISIONS: usize = 8;
/// Decisions that are read, so that it can be told how many are left out.
pub const DECISIONS_READ: i64 = 200;
const NOTES: usize = 4;
const ACTIONS: usize = 10;
/// Characters of a text, a line of a list, and a note.
const TEXT: usize = 400;
const LINE: usize = 160;
const NOTE: usize = 900;

/// Lines, and how many were left out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct List<T> {
    /// Those that are shown.
    pub lines: Vec<T>,
    /// Those that are not.
    pub left_out: usize,
}

impl<T> List<T> {
    fn of(mut lines: Vec<T>, most: usize, all: usize) -> Self {
        lines.truncate(most);
        let left_out = all.saturating_sub(lines.len());
        Self { lines, left_out }
    }

    fn whole(lines: Vec<T>, most: usize) -> Self {
        let all = lines.len();
        Self::of(lines, most, all)
    }
}

/// Something that somebody said or did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// When.
    pub at: When,
    /// Who, or empty.
    pub who: String,
    /// What.
    pub text: String,
}

/// A vote.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VoteLine {
    /// The voter.
    pub voter: String,
    /// Its shape.
    pub glyph: super::words::Glyph,
    /// Its stated confidence, or empty.
    pub stated: String,
    /// What it says happened, or why there is no vote.
    pub said: String,
}

/// An observable, defanged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ObservableLine {
    /// Its type in words.
    pub kind: &'static str,
    /// Its value.
    pub value: String,
    /// Where in the event it was.
    pub role: String,
}

/// A case as a report.
pub struct Report {
    /// What happened, where, what the panel said, who decided, what was done: a heading and sentences each.
    pub summary: Vec<(&'static str, String)>,
    /// What argues against the vote.
    pub flags: List<String>,
    /// Decisions and their undoing, newest first.
    pub decisions: List<Line>,
    /// The votes of the newest run.
    pub votes: List<VoteLine>,
    /// Observables.
    pub observables: List<ObservableLine>,
    /// Detections, newest first.
    pub detections: List<Line>,
    /// Notes on what to do: the kind stands in `who` after the author.
    pub notes: List<Line>,
    /// Actions that were done.
    pub actions: List<Line>,
}

/// The report of a case, with its newest decisions, up to [`DECISIONS_READ`].
pub fn report(data: &CaseData, decisions: &[timeline::Entry]) -> Report {
    let run = shown_run(&data.runs, None);
    let of_run = |vote: &&votes::Stored| vote.counts() && run.is_some_and(|run| run.id == vote.run_id);
    let flags = run.map(|run| run.flags.0.iter().filter(|flag| flag.kind != "supported").map(|flag| line(&flag.text)));
    let detections = data.detections.iter().map(|one| Line {
        at: when(one.event_ms),
        who: start(&one.event_type, 60),
        text: line(&one.title),
    });
    Report {
        summary: summary(data),
        flags: List::whole(flags.map(Iterator::collect).unwrap_or_default(), FLAGS),
        decisions: List::whole(decisions.iter().map(entry).collect(), DECISIONS),
        votes: List::whole(data.votes.iter().filter(of_run).map(vote).collect(), VOTES),
        observables: List::whole(data.observables.iter().map(observable).collect(), OBSERVABLES),
        detections: List::of(
            detections.collect(),
            DETECTIONS,
            usize::try_from(data.case.detections).unwrap_or_default(),
        ),
        notes: List::whole(data.notes.iter().filter(|note| is_advice(note)).map(note).collect(), NOTES),
        actions: List::whole(
            data.actions.iter().filter(|one| one.state == ActionState::Done).map(action).collect(),
            ACTIONS,
        ),
    }
}

fn line(text: &str) -> String {
    harmless(&start(text, LINE * 2))
}

fn entry(entry: &timeline::Entry) -> Line {
    let undone = if entry.undone_ms.is_some() { " (undone)" } else { "" };
    Line { at: when(entry.at_ms), who: visible(&entry.actor), text: format!("{}{undone}", line(&entry.text)) }
}

fn vote(vote: &votes::Stored) -> VoteLine {
    let said = vote.answer.as_ref().map(|answer| start(&answer.0.what_happened, TEXT));
    VoteLine {
        voter: visible(&vote.voter),
        glyph: super::words::vote(vote.state, vote.verdict),
        stated: vote.confidence.map(percent).unwrap_or_default(),
        said: harmless(&said.unwrap_or_else(|| super::words::no_vote(&visible(&vote.voter), vote.failure, ""))),
    }
}

fn observable(found: &observables::InCase) -> ObservableLine {
    ObservableLine {
        kind: found.kind.label(),
        value: start(&defanged(found.kind, &found.value), LINE * 2),
        role: visible(&found.role),
    }
}

fn is_advice(note: &notes::Note) -> bool {
    matches!(note.kind.as_str(), "remediation" | "recommendation") && !note.is_removed()
}

fn note(note: &notes::Note) -> Line {
    let kind = note_kind(&note.kind);
    let cut = if note.body.chars().count() > NOTE { " The note goes on." } else { "" };
    let text = format!("{}{cut}", harmless(&start(&note.body, NOTE)));
    Line { at: when(note.created_ms), who: format!("{}, {}", visible(&note.author), kind.to_lowercase()), text }
}

fn action(action: &actions::Action) -> Line {
    let result = if action.result.is_empty() { String::new() } else { format!(". {}", start(&action.result, LINE)) };
    let words =
        action.plan().map_or_else(|| format!("{}: {}", action.kind.label(), action.target), |plan| plan.words());
    let host = action.origin_case.map(|case| format!(" (the host of case #{case})")).unwrap_or_default();
    let at_ms = action.finished_ms.unwrap_or(action.asked_ms);
    let who = if action.decided_by.is_empty() {
        visible(&action.asked_by)
    } else {
        format!("{}, approved by {}", visible(&action.asked_by), visible(&action.decided_by))
    };
    Line { at: when(at_ms), who, text: harmless(&format!("{}{host}{result}", start(&words, LINE))) }
}

/// A value that nobody follows by accident, whatever its type.
pub fn defanged(kind: ObservableKind, value: &str) -> String {
    match kind {
        ObservableKind::Url | ObservableKind::Domain | ObservableKind::Ip | ObservableKind::Email => {
            text::defang(kind, value)
        }
        _ => harmless(&visible(value)),
    }
}

/// A text whose addresses no program makes links of.
pub fn harmless(text: &str) -> String {
    let text = text.replace("http://", "hxxp[:]//").replace("https://", "hxxps[:]//").replace("://", "[:]//");
    let (mut out, mut rest) = (String::with_capacity(text.len()), text.as_str());
    // Lower-cased, ASCII keeps its places.
    while let Some(at) = rest.to_ascii_lowercase().find("www.") {
        out.push_str(&rest[..at + 3]);
        out.push_str("[.]");
        rest = &rest[at + 4..];
    }
    out + rest
}

/// The report's first part: a heading and sentences each.
fn summary(data: &CaseData) -> Vec<(&'static str, String)> {
    vec![
        ("What happened", happened(data)),
        ("What the panel said", said(data)),
        ("Who decided", decided(data)),
        ("What was done", done(data)),
    ]
}

fn happened(data: &CaseData) -> String {
    let case = &data.case;
    let user = if case.user_name.is_empty() { String::new() } else { format!(", user {}", start(&case.user_name, 80)) };
    let chain =
        if case.chain.is_empty() { String::new() } else { format!(" Processes: {}.", start(&case.chain, LINE)) };
    let (host, platform) = (start(&case.hostname, 80), platform_words(&data.sensor));
    let about = if data.rule.description.is_empty() {
        String::new()
    } else {
        format!(" The rule looks for this: {}", start(data.rule.description.trim(), TEXT))
    };
    let times = match case.detections {
        1 => format!("on {}", when(case.first_event_ms).full),
        count => format!("{count} times from {} to {}", when(case.first_event_ms).full, when(case.last_event_ms).full),
    };
    harmless(&format!(
        "“{}” was detected {times} on {host} ({platform}){user}.{chain} Severity {}.{about}",
        start(&case.title, LINE),
        case.severity.label().to_lowercase()
    ))
}

fn said(data: &CaseData) -> String {
    let case = &data.case;
    let votes = case.glance.0.len();
    let outcome = case.outcome.map(|outcome| format!(", {}", outcome.label().to_lowercase())).unwrap_or_default();
    let stated = case.confidence.map(|share| format!(", stated confidence {}", percent(share))).unwrap_or_default();
    if sight(case).is_blind() {
        return "In blind review: nobody sees what the panel says before somebody has decided.".to_owned();
    }
    if data.runs.is_empty() {
        return "No panel was asked.".to_owned();
    }
    let flags = match case.flags {
        0 => "Nothing in the event's fields argues against that.".to_owned(),
        1 => "1 thing in the event's fields argues against that.".to_owned(),
        count => format!("{count} things in the event's fields argue against that."),
    };
    format!("{} by {votes} votes{outcome}{stated}. {flags}", case.machine_verdict.label())
}

fn decided(data: &CaseData) -> String {
    let case = &data.case;
    let Some(at_ms) = case.decided_ms.filter(|_| case.verdict.decided()) else {
        return "No person has decided this case yet.".to_owned();
    };
    let why = if case.reason.is_empty() {
        " No reason was recorded.".to_owned()
    } else {
        format!(" Reason: {}.", reason::label(&case.reason).to_lowercase())
    };
    // The declaration writes its note at the same moment.
    let own =
        data.notes.iter().find(|note| note.created_ms == at_ms && note.author == case.decided_by && !note.is_removed());
    let words = own.map(|note| format!(" In their words: {}", start(note.body.trim(), TEXT))).unwrap_or_default();
    let closed = match (case.status, case.closed_ms) {
        (Status::Closed, Some(at_ms)) => format!(" The case was closed on {}.", when(at_ms).full),
        _ => format!(" The case is {}.", case.status.label().to_lowercase()),
    };
    harmless(&format!(
        "{} declared it {} on {}, {} after the case was opened.{why}{closed}{words}",
        visible(&case.decided_by),
        case.verdict.label().to_lowercase(),
        when(at_ms).full,
        duration(at_ms - case.opened_ms)
    ))
}

fn done(data: &CaseData) -> String {
    let done = data.actions.iter().filter(|action| action.state == ActionState::Done).count();
    let open = data.actions.iter().filter(|action| action.state.under_way()).count();
    let first = match done {
        0 => "No response action was taken.".to_owned(),
        1 => "1 response action was taken.".to_owned(),
        count => format!("{count} response actions were taken."),
    };
    if open > 0 { format!("{first} {open} are still open.") } else { first }
}
