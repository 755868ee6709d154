//! The work on a case as its page and its row show it: who has it, whether it stands aside, tasks, tags.
use super::case::Notes;
use super::text::{start, visible};
use super::words::{self, When, when};
use crate::domain::{MachineVerdict, Verdict, tag};
use crate::review::snooze::until_words;
use crate::store::cases::Case;
use crate::store::tasks::Task;
use crate::store::templates::Template;

/// Tags that a row shows.
const TAGS: usize = 3;
/// A day in ms.
const DAY_MS: i64 = 86_400_000;

/// What of the work the store has.
#[derive(Debug, Default)]
pub struct WorkData {
    /// Tasks in order.
    pub tasks: Vec<Task>,
    /// Templates that fit and were not applied.
    pub fitting: Vec<Template>,
    /// Tags that the organisation uses.
    pub used: Vec<String>,
}

/// A task.
pub struct TaskView {
    /// Its id.
    pub id: i64,
    /// What is to be done.
    pub text: String,
    /// Where it came from and who is to do it, or empty.
    pub about: String,
    /// Who is to do it, or empty.
    pub assignee: String,
    /// Who did it and when.
    pub done: Option<(String, When)>,
}

/// A template that can be applied.
pub struct Offer {
    /// Its id.
    pub id: i64,
    /// Its name with the number of its tasks.
    pub label: String,
}

/// The work on a case.
pub struct WorkView {
    /// Who has it: `kim has this`, `You have this`, `Nobody has this`.
    pub who: String,
    /// Whether the person who looks has it.
    pub mine: bool,
    /// Whether it stands aside, or is back: `Snoozed until 14:00 UTC by ana`.
    pub aside: String,
    /// The same time by the person's clock.
    pub aside_clock: String,
    /// Whether it stands aside now.
    pub snoozed: bool,
    /// Until when it may stand aside: words of the form with their labels; none where it may not.
    pub until: Vec<(&'static str, String)>,
    /// Why it may not stand aside for longer, or at all; empty where it may.
    pub bound: &'static str,
    /// The clock of the date-time field.
    pub clock: String,
    /// Tags: the word, its label.
    pub tags: Vec<(String, String)>,
    /// Tags to suggest.
    pub used: Vec<String>,
    /// Tasks in order.
    pub tasks: Vec<TaskView>,
    /// How many of them are done.
    pub done: usize,
    /// Templates to offer.
    pub offers: Vec<Offer>,
    /// Notes.
    pub notes: Notes,
}

impl WorkView {
    /// The work as a person sees it, whose zone is for the clock.
    pub fn of(case: &Case, data: &WorkData, username: &str, (zone, now_ms): (&str, i64)) -> Self {
        let (until, bound) = until(case, zone);
        let offer = |one: &Template| {
            let count = one.lines.0.len();
            let tasks = if count == 1 { "1 task".to_owned() } else { format!("{count} tasks") };
            Offer { id: one.id, label: format!("{}, {tasks}", visible(&one.name)) }
        };
        Self {
            who: who(case, username),
            mine: case.assignee.as_deref() == Some(username),
            aside: aside(case, now_ms),
            aside_clock: case.snoozed_until_ms.map(|ms| words::clocks(ms, zone)).unwrap_or_default(),
            snoozed: case.snoozed,
            until,
            bound,
            clock: if zone.is_empty() { "UTC".to_owned() } else { zone.to_owned() },
            tags: case.tags.0.iter().map(|one| (one.clone(), tag::label(one).to_owned())).collect(),
            used: data.used.iter().chain(data.tlp()).filter(|one| !case.tags.0.contains(one)).cloned().collect(),
            done: data.tasks.iter().filter(|task| task.done_ms.is_some()).count(),
            tasks: data.tasks.iter().map(task).collect(),
            offers: data.fitting.iter().map(offer).collect(),
            notes: Notes::default(),
        }
    }
}

impl WorkData {
    /// The tags of the Traffic Light Protocol that nobody used yet.
    fn tlp(&self) -> Vec<&String> {
        static TLP: std::sync::LazyLock<Vec<String>> =
            std::sync::LazyLock::new(|| tag::TLP.iter().map(|(tag, _)| (*tag).to_owned()).collect());
        TLP.iter().filter(|one| !self.used.contains(one)).collect()
    }
}

fn task(task: &Task) -> TaskView {
    let parts = [
        (task.assignee.as_str(), format!("for {}", visible(&task.assignee))),
        (task.origin.as_str(), format!("from {}", visible(&task.origin))),
    ];
    let parts = parts.into_iter().filter(|(raw, _)| !raw.is_empty()).map(|(_, text)| text);
    let about: Vec<String> = parts.chain(task.origin_case.map(|case| format!("from #{case}"))).collect();
    TaskView {
        id: task.id,
        text: visible(&task.text),
        about: about.join(", "),
        assignee: task.assignee.clone(),
        done: task.done_ms.map(|ms| (visible(&task.done_by), when(ms))),
    }
}

/// Who has a case, for the one who looks.
pub fn who(case: &Case, username: &str) -> String {
    match case.assignee.as_deref() {
        None => "Nobody has this".to_owned(),
        Some(name) if name == username => "You have this".to_owned(),
        Some(name) => format!("{} has this", visible(name)),
    }
}

/// Whether a case stands aside or is back, in words; empty where neither.
pub fn aside(case: &Case, now_ms: i64) -> String {
    let until = case.snoozed_until_ms.map(|ms| until_words(ms, now_ms)).unwrap_or_default();
    if case.snoozed {
        return format!("Snoozed until {until}");
    }
    // What came back a day ago is back no more than any other case, such as one that was closed meanwhile.
    let long_ago = case.snoozed_until_ms.is_none_or(|until| now_ms - until > DAY_MS);
    if case.verdict.decided() || !case.status.is_open() || long_ago {
        return String::new();
    }
    match case.woken.as_str() {
        "time" => format!("Snoozed until {until}, back now"),
        "detection" => "Back from snooze: a detection joined".to_owned(),
        "vote" => "Back from snooze: a new vote says otherwise".to_owned(),
        _ => String::new(),
    }
}

/// Until when a case may stand aside, and what stands against more.
fn until(case: &Case, zone: &str) -> (Vec<(&'static str, String)>, &'static str) {
    if !case.status.is_open() {
        return (Vec::new(), "");
    }
    if case.verdict == Verdict::TruePositive {
        return (Vec::new(), "A true positive can't be snoozed: it needs somebody now.");
    }
    let mut all = vec![("1h", "1 hour".to_owned()), ("4h", "4 hours".to_owned())];
    if case.machine_verdict == MachineVerdict::TruePositive && !case.verdict.decided() {
        return (all, "4 hours at most: the panel calls it a true positive.");
    }
    let clock = if zone.is_empty() { "UTC" } else { zone };
    all.push(("morning", format!("next morning, {:02}:00 {clock}", crate::web::snooze::MORNING)));
    (all, "")
}

/// The tags of a row: the first three, then how many more there are.
pub fn row_tags(case: &Case) -> Vec<String> {
    // Who may be told comes first.
    let (tlp, others): (Vec<_>, Vec<_>) = case.tags.0.iter().partition(|one| tag::is_tlp(one));
    let mut shown: Vec<String> = tlp.iter().chain(&others).take(TAGS).map(|one| start(tag::label(one), 40)).collect();
    if case.tags.0.len() > TAGS {
        shown.push(format!("+{}", case.tags.0.len() - TAGS));
    }
    shown
}
