//! A row of the queue.
use super::listing::Listing;
use super::words::{self, Glyph, Sev};
use super::work;
use crate::domain::{MachineVerdict, Outcome, VoteState};
use crate::review::sight;
use crate::store::queue::{Cluster, Row};
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
    /// What rows of one behaviour have in common, short.
    pub like: String,
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
    /// Whether a vote that came after the verdict says otherwise.
    pub again: bool,
    /// When it was opened, by one clock or two.
    pub opened: (String, String),
    /// Who has it, or empty.
    pub assignee: String,
    /// Its first tags.
    pub tags: Vec<String>,
    /// Whether it stands aside or is back from that, or empty.
    pub aside: String,
    /// The cases that it stands for, in words.
    pub cluster: Option<ClusterView>,
    /// Whether others changed it since the person looked at it.
    pub changed: bool,
}

/// Undecided cases of one behaviour, shown as one row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClusterView {
    /// How many cases, as a number with its word.
    pub cases: String,
    /// The rest of the sentence: hosts, and members that differ.
    pub rest: String,
    /// The page that decides them together.
    pub together: String,
    /// The list of them.
    pub list: String,
    /// Its query string.
    pub query: String,
}

/// A row for the template.
pub fn row(row: &Row, several_orgs: bool, current: bool, (zone, now_ms): (&str, i64)) -> RowView {
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
        like: format!("{}.{}", case.org_id, case.fingerprint.get(..12).unwrap_or_default()),
        waiting: words::waiting(waited),
        late: case.status.is_open() && waited > target * 60_000,
        recorded: case.recorded,
        flags: case.flags,
        current,
        again: case.dissent,
        opened: (words::when(case.opened_ms).iso, words::clocks(case.opened_ms, zone)),
        assignee: case.assignee.as_deref().map(|name| super::text::start(name, 60)).unwrap_or_default(),
        tags: work::row_tags(case),
        aside: work::aside(case, now_ms),
        cluster: None,
        changed: false,
    }
}

/// The words and links of a row that stands for others. The organisation is named, because a behaviour is
/// one organisation's.
pub fn cluster(row: &Row, cluster: Cluster, listing: &Listing) -> ClusterView {
    let shown = |count: i64| if cluster.is_more() { format!("{count}+") } else { count.to_string() };
    let hosts = if cluster.hosts == 1 { "1 host".to_owned() } else { format!("{} hosts", shown(cluster.hosts)) };
    // Told where the standing one doesn't show it by itself.
    let flagged = cluster.flagged - i64::from(row.case.flags > 0);
    let whom = if row.case.flags > 0 { "others" } else { "of them" };
    let differ = [(flagged, format!("{whom} flagged")), (cluster.other, "of them voted otherwise".to_owned())];
    let differ: String = differ
        .into_iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, how)| [" · ", &shown(count), " ", &how].concat())
        .collect();
    let rest = format!(", {hosts} share this behaviour{differ}");
    let of = [("fingerprint", row.case.fingerprint.as_str()), ("org", &row.case.org), ("sort", ""), ("group", "off")];
    let query = listing.query(&of);
    let filter = form_urlencoded::byte_serialize(query.as_bytes()).collect::<String>();
    ClusterView {
        cases: format!("{} cases", shown(cluster.cases)),
        rest,
        together: format!("/cases/bulk?filter={filter}"),
        list: format!("/cases?{query}"),
        query,
    }
}

fn lean(row: &Row, pending: bool) -> (&'static str, String, String) {
    let case = &row.case;
    if sight(case).is_blind() {
        return ("un", "Blind".to_owned(), String::new());
    }
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
