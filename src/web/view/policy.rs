//! The policy of an organisation in words: what the settings file says, what holds, and what that means at night.
use super::text::visible;
use crate::config::Policy;
use crate::domain::AutoClose;
use crate::store::policies::Own;

/// A setting.
pub struct Row {
    /// Its name on the page.
    pub label: &'static str,
    /// Its name in the settings file.
    pub setting: &'static str,
    /// What the settings file says.
    pub usual: String,
    /// What holds.
    pub holds: String,
    /// Whether the organisation set it.
    pub own: bool,
    /// What it means for an analyst on night shift.
    pub means: String,
}

/// A share in percent, with at most two decimals and no sign.
pub fn percent(share: f64) -> String {
    let text = format!("{:.2}", share * 100.0);
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// Tags one below the other: a line broken at a dash reads as two of them.
fn lines(all: &[String]) -> String {
    if all.is_empty() { "none".to_owned() } else { all.iter().map(|tag| visible(tag)).collect::<Vec<_>>().join("\n") }
}

/// Tags on one line.
pub fn tags(all: &[String]) -> String {
    if all.is_empty() { "none".to_owned() } else { visible(&all.join(", ")) }
}

fn row(
    (label, setting): (&'static str, &'static str),
    (usual, holds): (String, String),
    own: bool,
    means: String,
) -> Row {
    Row { label, setting, usual, holds, own, means }
}

/// All settings of an organisation.
pub fn rows(usual: &Policy, own: &Own) -> Vec<Row> {
    let mut rows = gate(usual, own);
    rows.extend(vetoes(usual, own));
    let undo = format!("{} s", usual.undo_s);
    let means = format!(
        "A decision can be taken back at one press for {undo}. The settings file says so, or each person for themselves."
    );
    rows.push(row(("Undo", "undo_s"), (undo.clone(), undo), false, means));
    rows
}

/// What closing alone depends on.
fn gate(usual: &Policy, own: &Own) -> Vec<Row> {
    let holds = usual.of(own);
    let (word, share) = (|it: AutoClose| it.label().to_owned(), |share: f64| format!("{}%", percent(share)));
    let (limit, review) = (share(holds.limit), share(holds.review_share));
    let earned =
        format!("A behaviour earns automatic closing only while at most {limit} of what it closes may be a threat.");
    let below = holds.veto_severity.label().to_lowercase();
    let blind = format!(
        "Of the cases below {below}, you decide {review} before you learn what the panel says; none of these is closed alone."
    );
    let first = if holds.blind_first {
        format!(
            "You decide every case below {below} first and learn then what the panel says. Nothing is closed alone."
        )
    } else {
        "But for that share, you see what the panel says before you decide.".to_owned()
    };
    let on = |on: bool| if on { "On" } else { "Off" }.to_owned();
    vec![
        row(
            ("Automatic closing", "auto_close"),
            (word(usual.auto_close), word(holds.auto_close)),
            own.auto_close.is_some(),
            closing(&holds, own),
        ),
        row(("Missed true positives", "limit"), (share(usual.limit), limit), own.limit.is_some(), earned),
        row(("Blind review", "review_share"), (share(usual.review_share), review), own.review_share.is_some(), blind),
        row(
            ("Blind first", "blind_first"),
            (on(usual.blind_first), on(holds.blind_first)),
            own.blind_first.is_some(),
            first,
        ),
    ]
}

/// What keeps a person in the lead.
fn vetoes(usual: &Policy, own: &Own) -> Vec<Row> {
    let holds = usual.of(own);
    let from = holds.veto_severity.label();
    vec![
        row(
            ("Severity veto", "veto_severity"),
            (usual.veto_severity.label().to_owned(), from.to_owned()),
            own.veto_severity.is_some(),
            format!("From {} on you decide, whatever the panel says.", from.to_lowercase()),
        ),
        row(
            ("Tag veto", "veto_tags"),
            (lines(&usual.veto_tags), lines(&holds.veto_tags)),
            own.veto_tags.is_some(),
            tagged(&holds.veto_tags),
        ),
        row(
            ("Rule veto", "veto_rules"),
            (lines(&usual.veto_rules), lines(&holds.veto_rules)),
            own.veto_rules.is_some(),
            "What these rules find is yours to decide, whatever the panel says.".to_owned(),
        ),
    ]
}

fn tagged(patterns: &[String]) -> String {
    match patterns.len() {
        0 => "No tag of a host keeps the machine from closing.".to_owned(),
        1 => "A host with this tag is yours to look at, whatever the panel says.".to_owned(),
        _ => "A host with one of these tags is yours to look at, whatever the panel says.".to_owned(),
    }
}

fn closing(holds: &Policy, own: &Own) -> String {
    let means = match holds.auto_close {
        AutoClose::Off => "Nothing is closed without a person: every case of the night waits for you.",
        AutoClose::Shadow => "Every case waits for you; what the machine would have closed is only noted.",
        AutoClose::Propose => "The machine proposes to close what has earned it; you confirm each.",
        AutoClose::Auto => "What has earned it is closed without you and stands among the closed cases.",
    };
    match own.auto_close.filter(|wished| *wished > holds.auto_close) {
        Some(wished) => format!(
            "{means} It was set to \"{}\" here; the settings file allows no more than this.",
            wished.label().to_lowercase()
        ),
        None => means.to_owned(),
    }
}
