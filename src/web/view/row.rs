//! A row of the queue.
use super::words::{self, Glyph, Sev};
use crate::domain::{MachineVerdict, Outcome, VoteState};
use crate::store::queue::Row;
use crate::store::runs::RunState;

/// Cases that wait longer than this are marked, by severity: critical, high, medium, the rest.
const TARGETS_MIN: [i64; 4] = [15, 30, 60, 240];

/// A row as the template shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RowView {
    /// The case's number.
    pub number: i64,
    /// Its title.
    pub title: String,
    /// Host, or host and organisation.
    pub host: String,
    /// The user, or empty.
    pub user: String,
    /// `parent → child`.
    pub chain: String,
    /// Severity.
    pub severity: Sev,
    /// One glyph a vote.
    pub votes: Vec<Glyph>,
    /// The votes in words.
    pub votes_label: String,
    /// How the vote leans: hue, word, percent.
    pub lean: (&'static str, String, String),
    /// Whether votes are still to come.
    pub pending: bool,
    /// A person's verdict, where there is one.
    pub decided: Option<Glyph>,
    /// How analysts decided the behaviour before.
    pub seen: String,
    /// How long it waits.
    pub waiting: String,
    /// Whether that is too long.
    pub late: bool,
    /// Whether its triage was recorded elsewhere.
    pub recorded: bool,
    /// How many flags argue against the verdict.
    pub flags: i64,
    /// Whether it is the previewed one.
    pub current: bool,
}

/// A row for the template.
pub fn row(row: &Row, several_orgs: bool, current: bool, now_ms: i64) -> RowView {
    let case = &row.case;
    let waited = case.closed_ms.unwrap_or(now_ms) - case.opened_ms;
    let target = TARGETS_MIN[usize::from(4 - case.severity.bars().clamp(1, 4))];
    let pending = matches!(case.triage_state, RunState::Queued | RunState::Running);
    let votes: Vec<Glyph> = case.glance.0.iter().map(|vote| words::vote(vote.state, vote.verdict)).collect();
    RowView {
        number: case.number,
        title: super::text::start(&case.title, 200),
        host: if several_orgs {
            format!("{} · {}", super::text::visible(&case.hostname), case.org)
        } else {
            super::text::visible(&case.hostname)
        },
        user: super::text::start(case.user_name.rsplit('\\').next().unwrap_or_default(), 60),
        chain: super::text::start(&case.chain, 120),
        severity: words::severity(case.severity),
        votes_label: format!(
            "Votes: {}",
            votes.iter().map(|glyph| glyph.word.to_lowercase()).collect::<Vec<_>>().join(", ")
        ),
        votes,
        lean: lean(row, pending),
        pending,
        decided: case.verdict.decided().then(|| words::person(case.verdict)),
        seen: seen(row),
        waiting: words::waiting(waited),
        late: case.status.is_open() && waited > target * 60_000,
        recorded: case.recorded,
        flags: case.flags,
        current,
    }
}

fn lean(row: &Row, pending: bool) -> (&'static str, String, String) {
    let case = &row.case;
    if pending {
        let given =
            case.glance.0.iter().filter(|vote| !matches!(vote.state, VoteState::Pending | VoteState::Asking)).count();
        let text = if case.glance.0.is_empty() {
            "Waiting".to_owned()
        } else {
            format!("{given} of {} votes", case.glance.0.len())
        };
        return ("un", text, String::new());
    }
    let glyph = words::machine(case.machine_verdict);
    let word = match (case.machine_verdict, case.outcome) {
        (MachineVerdict::NeedsReview, Some(Outcome::Split)) => "Split",
        (MachineVerdict::NeedsReview, Some(Outcome::Degraded)) => "Degraded",
        _ => glyph.short,
    };
    (glyph.hue, word.to_owned(), case.confidence.map(words::percent).unwrap_or_default())
}

fn seen(row: &Row) -> String {
    let decided = row.seen_fp + row.seen_btp + row.seen_tp;
    match (decided, row.seen) {
        (0, ..=1) => "First time".to_owned(),
        (0, seen) => format!("{seen} times"),
        (decided, _) if row.seen_tp > 0 => format!("{} of {decided} TP", row.seen_tp),
        (decided, _) => format!("{} of {decided} FP", row.seen_fp + row.seen_btp),
    }
}
