//! Local evidence on a case's page: precedents at three levels, and what else is known here of behaviour and host.
use super::case::CaseData;
use super::gathered::glyph;
use super::words::{self, Glyph, Sev, When, plural, when};
use super::{links, text};
use crate::domain::dossier::Precedents;
use crate::domain::evidence::EvidenceState;
use crate::domain::local::{Level, Local, Near, Tokens};
use crate::jobs::triage::without;

/// Precedents at one level.
pub struct LevelView {
    /// What the behaviours have in common.
    pub name: &'static str,
    /// Its state as shape and word.
    pub glyph: Glyph,
    /// Whether some can't be compared yet.
    pub is_open: bool,
    /// The verdicts.
    pub decided: Precedents,
    /// In how many behaviours, in words; empty for the very behaviour.
    pub of: String,
    /// The cases in the queue, and what they are called.
    pub page: (String, &'static str),
    /// The most alike behaviour; none for the very behaviour.
    pub nearest: Option<NearView>,
}

/// A behaviour that is not equal, and in what it differs.
pub struct NearView {
    /// From 0 to 0.99.
    pub alike: String,
    /// The verdicts on it.
    pub decided: String,
    /// Its cases in the queue.
    pub page: String,
    /// Words that only this case's behaviour has, and how many more.
    pub only_here: Tokens,
    /// Words that only the other one has.
    pub only_there: Tokens,
    /// Whether it differs in what tells trust.
    pub graver: bool,
}

/// A detection near in time.
pub struct BesideView {
    /// Its case.
    pub case: i64,
    /// Its title.
    pub title: String,
    /// Its rule's level.
    pub level: Option<Sev>,
    /// When.
    pub at: When,
    /// How long before or after this one, in words.
    pub apart: String,
}

/// Local evidence of a case.
pub struct LocalView {
    /// The very behaviour, its family, its rule.
    pub levels: Vec<LevelView>,
    /// Where the behaviour was seen, in words; `None` where its detection can't be read.
    pub spread: Option<(String, Option<When>)>,
    /// Cases of the host, in words.
    pub host: String,
    /// All cases of the host in the queue.
    pub host_page: String,
    /// Detections near in time, and whether there are more.
    pub beside: (Vec<BesideView>, bool),
    /// When all that was read.
    pub at: Option<When>,
}

impl LocalView {
    /// The local evidence of a case.
    pub fn of(data: &CaseData) -> Self {
        let seen = without(data.precedents, data.case.verdict);
        let mut levels = vec![exact(seen, &data.case.fingerprint)];
        let Some(local) = &data.local else {
            let (host, host_page) = (String::new(), links::cases("sensor", &data.sensor.sid));
            return Self { levels, spread: None, host, host_page, beside: (Vec::new(), false), at: None };
        };
        levels.push(level("Same rule, parent and image", &local.family, &data.rule.path));
        levels.push(level("Same rule", &local.rule, &data.rule.path));
        Self {
            levels,
            spread: Some((spread(local), local.spread.first_ms.filter(|_| local.spread.cases > 1).map(when))),
            host: host(local),
            host_page: links::cases("sensor", &data.sensor.sid),
            beside: (beside(local, data.case.last_event_ms), local.beside.more),
            at: Some(when(local.taken_ms)),
        }
    }
}

fn exact(decided: Precedents, fingerprint: &str) -> LevelView {
    LevelView {
        name: "This very behaviour",
        glyph: glyph(if decided.total() > 0 { EvidenceState::Ok } else { EvidenceState::Empty }),
        is_open: false,
        decided,
        of: String::new(),
        page: (links::cases("fingerprint", fingerprint), "Its cases"),
        nearest: None,
    }
}

fn level(name: &'static str, level: &Level, rule: &str) -> LevelView {
    let behaviours = level.behaviours.len();
    let more = if level.more { "the newest " } else { "" };
    let other = if behaviours == 1 { "other behaviour" } else { "other behaviours" };
    LevelView {
        name,
        glyph: glyph(level.state),
        is_open: level.state == EvidenceState::Inconclusive,
        decided: level.decided,
        of: if behaviours == 0 { String::new() } else { format!("in {more}{behaviours} {other}") },
        page: (links::cases("rule", rule), "Cases of the rule"),
        nearest: level.behaviours.first().map(nearest),
    }
}

fn nearest(near: &Near) -> NearView {
    let all = [
        (near.decided.false_positive, "false positive"),
        (near.decided.benign_true_positive, "benign true positive"),
        (near.decided.true_positive, "true positive"),
    ];
    let told = all.into_iter().filter(|(cases, _)| *cases > 0).map(|(cases, word)| format!("{cases} {word}"));
    NearView {
        alike: format!("{:.2}", near.alike),
        decided: told.collect::<Vec<_>>().join(", "),
        page: links::cases("fingerprint", &near.fingerprint),
        only_here: near.only_here.clone(),
        only_there: near.only_there.clone(),
        graver: near.graver,
    }
}

fn spread(local: &Local) -> String {
    let spread = local.spread;
    if spread.cases <= 1 {
        return "First time in this organisation".to_owned();
    }
    let (hosts, days) = (plural(spread.hosts, "host"), plural(spread.days, "day"));
    format!("{} on {hosts}, on {days}", plural(spread.cases, "case"))
}

fn host(local: &Local) -> String {
    let host = &local.host;
    let detections = plural(host.detections, "detection");
    if host.cases() == 0 {
        return format!("{detections}, no other case");
    }
    let severities = host.severities.iter().map(|(severity, cases)| format!("{cases} {severity}"));
    let verdicts =
        host.verdicts.iter().map(|(verdict, cases)| format!("{cases} {}", words::person(*verdict).word.to_lowercase()));
    let (severities, verdicts) = (severities.collect::<Vec<_>>().join(", "), verdicts.collect::<Vec<_>>().join(", "));
    format!("{detections}, {}: {severities}; {verdicts}", plural(host.cases(), "other case"))
}

fn beside(local: &Local, at_ms: i64) -> Vec<BesideView> {
    let view = |one: &crate::domain::local::NearInTime| BesideView {
        case: one.case,
        title: text::start(&one.title, 100),
        level: one.level.map(words::severity),
        at: when(one.at_ms),
        apart: apart(one.at_ms - at_ms),
    };
    local.beside.nearest.iter().map(view).collect()
}

fn apart(ms: i64) -> String {
    let word = if ms < 0 { "before" } else { "after" };
    format!("{} {word}", words::duration(ms.abs()))
}
