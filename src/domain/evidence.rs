//! What other systems say about a detection: gathered by code, each piece with its source, its time and its state.
use super::words::words;
use super::{Detection, ObservableKind};
use serde::{Deserialize, Serialize};

words! {
    /// What was asked.
    EvidenceKind ("kind") {
        /// The processes above the one of the event.
        Ancestors = "ancestors", "Ancestors";
        /// What the process started.
        Children = "children", "Children";
        /// The sensor's events around the detection's.
        Sweep = "sweep", "Activity";
        /// The sensor as it is now: tags, connection, isolation.
        Tags = "tags", "Sensor now";
        /// On how many hosts file, domain and address were seen.
        Prevalence = "prevalence", "Prevalence";
        /// Where else an observable was seen.
        Hunt = "hunt", "Hunt";
        /// What intelligence providers know of its hashes, addresses and names.
        Intelligence = "intelligence", "Intelligence";
    }
}

words! {
    /// What came of it.
    EvidenceState ("state") {
        /// There is something.
        Ok = "ok", "found";
        /// There is nothing, and that is certain.
        Empty = "empty", "nothing there";
        /// Nobody knows whether there is nothing.
        Inconclusive = "inconclusive", "inconclusive";
        /// It could not be asked.
        Failed = "failed", "failed";
    }
}

impl Default for EvidenceState {
    /// Until it is asked nobody knows.
    fn default() -> Self {
        Self::Inconclusive
    }
}

words! {
    /// What is special about a line.
    Mark ("mark") {
        /// It is the detection's own event.
        Trigger = "trigger", "the trigger";
        /// The file is signed.
        Signed = "signed", "signed";
        /// The file is not signed.
        Unsigned = "unsigned", "not signed";
        /// It is the detection's own host.
        Here = "here", "this host";
    }
}

/// One event or host. Its texts come from outside.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Line {
    /// When, in UTC milliseconds.
    pub at_ms: Option<i64>,
    /// The event's type, or what else the line is about.
    pub event_type: String,
    /// What happened.
    pub text: String,
    /// The account, where the event names one.
    pub user: String,
    /// What is special about it.
    pub marks: Vec<Mark>,
    /// The event's atom, where it is one.
    pub atom: String,
    /// The host's sensor, for a line about another host.
    pub sid: String,
}

/// On how many hosts something was seen in the last 1, 7, 30 and 365 days.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Seen {
    /// Its type.
    pub kind: ObservableKind,
    /// The numbers.
    pub hosts: [u64; 4],
}

/// What code reasons about, apart from the lines.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Facts {
    /// The organisation at the source, where its id is a valid one.
    pub oid: String,
    /// The sensor there, where its id is a valid one.
    pub sid: String,
    /// Whether the trigger itself was found.
    pub control: bool,
    /// The sensor's tags, those that we set ourselves left out.
    pub tags: Vec<String>,
    /// Whether the sensor is connected.
    pub online: Option<bool>,
    /// Whether its isolation is wanted, and whether it is isolated.
    pub isolated: Option<(bool, bool)>,
    /// When it was enrolled, in the source's words.
    pub enrolled: String,
    /// How common file, domain and address are.
    pub seen: Vec<Seen>,
}

/// The answer to one question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Piece {
    /// What was asked.
    pub kind: EvidenceKind,
    /// Whom.
    pub source: String,
    /// What came of it.
    pub state: EvidenceState,
    /// One sentence in our own words.
    pub text: String,
    /// The start of the window in UTC milliseconds, where it has one.
    pub from_ms: Option<i64>,
    /// Its end.
    pub to_ms: Option<i64>,
    /// When it was asked.
    pub taken_ms: i64,
    /// How many lines there are in all.
    pub total: i64,
    /// The lines that are kept.
    pub lines: Vec<Line>,
    /// What code reasons about.
    pub facts: Facts,
}

/// Lines of one piece that are kept.
pub const LINES: usize = 500;
/// What they may take together; a page shows them all.
const BYTES: usize = 128 * 1024;
/// Characters of a line.
pub const LINE: usize = 1_000;

impl Piece {
    /// A piece without lines.
    pub fn new(kind: EvidenceKind, state: EvidenceState, text: impl Into<String>, taken_ms: i64) -> Self {
        Self {
            kind,
            source: "LimaCharlie".to_owned(),
            state,
            text: text.into(),
            from_ms: None,
            to_ms: None,
            taken_ms,
            total: 0,
            lines: Vec::new(),
            facts: Facts::default(),
        }
    }

    /// The same with the lines that are kept, and how many there are in all.
    #[must_use]
    pub fn with(mut self, lines: Vec<Line>, total: usize) -> Self {
        self.total = i64::try_from(total).unwrap_or(i64::MAX);
        let mut room = BYTES;
        let fits = |line: &Line| {
            room = room.saturating_sub(line.text.len() + line.event_type.len() + line.user.len() + 120);
            room > 0
        };
        self.lines = lines.into_iter().take(LINES).take_while(fits).collect();
        self
    }

    /// Whether it says something that can be relied on, be it that there is nothing.
    pub const fn is_certain(&self) -> bool {
        matches!(self.state, EvidenceState::Ok | EvidenceState::Empty)
    }
}

/// Tags that we set ourselves say nothing about the host.
pub fn is_own_tag(tag: &str) -> bool {
    let tag = tag.to_ascii_lowercase();
    ["fusion-soc-", "fusionsoc-"].iter().any(|own| tag.starts_with(own))
}

/// The id of the detection's event, or empty.
pub fn event_id(detection: &Detection) -> &str {
    detection.routing.get("event_id").and_then(serde_json::Value::as_str).unwrap_or_default()
}
