//! Exclusions in words: how far one is, and what its back-test says.
use super::text;
use super::words::{self, Glyph, Sev, When, plural, when};
use crate::domain::{HitKind, WorkState};
use crate::store::exclusions::{Exclusion, Hit};
use serde_json::{Value, json};

/// An exclusion in a list.
#[derive(Debug, Clone)]
pub struct Row {
    /// Its id.
    pub id: i64,
    /// Its name.
    pub name: String,
    /// Its organisation.
    pub org: String,
    /// The case that it is for.
    pub case: i64,
    /// Its state.
    pub state: &'static str,
    /// The state's hue.
    pub hue: &'static str,
    /// The state's icon.
    pub icon: &'static str,
    /// What the back-test says, short.
    pub test: String,
    /// Who proposed it.
    pub by: String,
    /// Who approved it, or empty.
    pub approver: String,
    /// When it ends.
    pub expires: When,
    /// Whether it is over and may still be in LimaCharlie.
    pub may_be_left: bool,
    /// What somebody has to look at, as the last look found.
    pub warnings: Vec<String>,
}

/// An exclusion for a list.
pub fn row(x: &Exclusion, now_ms: i64) -> Row {
    use crate::domain::ExclusionState as State;
    let state = x.state_at(now_ms);
    let (hue, icon) = match state {
        State::Proposed => ("un", "un"),
        State::Approved => ("un", "check"),
        State::Active => ("bt", "bt"),
        State::Expired => ("un", "clock"),
        State::Disabled | State::Refused => ("un", "err"),
    };
    Row {
        id: x.id,
        name: x.name.clone(),
        org: x.org.clone(),
        case: x.case_number,
        state: state.label(),
        hue,
        icon,
        test: summary(x),
        by: x.proposed_by.clone(),
        approver: if state == State::Proposed { String::new() } else { x.approver.clone() },
        expires: when(x.expires_ms),
        may_be_left: x.may_be_left(now_ms),
        warnings: warnings(x, now_ms),
    }
}

/// What the last look found, and that LimaCharlie could not be written to; of one that is over, nothing.
fn warnings(x: &Exclusion, now_ms: i64) -> Vec<String> {
    if !x.state_at(now_ms).in_force() {
        return Vec::new();
    }
    let mut all: Vec<String> = x.warnings.0.iter().map(|text| text::visible(text)).collect();
    if matches!(x.publish_state, WorkState::Failed | WorkState::Unknown) {
        all.push(format!("Writing to LimaCharlie failed: {}.", text::visible(&x.publish_result)));
    }
    all
}

/// What the back-test says, such as `Would have hidden 212 false positives, 0 true positives, 14 undecided in 90 days`.
pub fn summary(x: &Exclusion) -> String {
    match x.test_state {
        WorkState::None | WorkState::Queued => return "The back-test waits for a worker".to_owned(),
        WorkState::Running => return format!("The back-test has read {} detections", x.test_read),
        WorkState::Failed | WorkState::Unknown => return "The back-test failed".to_owned(),
        WorkState::Done => {}
    }
    let undecided = x.hidden(HitKind::Undecided) + x.hidden(HitKind::Warned);
    let (fp, tp, bt) =
        (x.hidden(HitKind::FalsePositive), x.hidden(HitKind::TruePositive), x.hidden(HitKind::BenignTruePositive));
    let benign = if bt > 0 { format!("{}, ", plural(bt, "benign true positive")) } else { String::new() };
    let (fp, tp) = (plural(fp, "false positive"), plural(tp, "true positive"));
    format!("Would have hidden {fp}, {benign}{tp}, {undecided} undecided{}", period(x))
}

/// From the first detection that was read to the end of the back-test.
fn period(x: &Exclusion) -> String {
    const DAY_MS: i64 = 24 * 60 * 60 * 1000;
    match (x.test_first_ms, x.tested_ms) {
        (Some(first), Some(tested)) => format!(" in {}", plural(((tested - first) / DAY_MS).max(0) + 1, "day")),
        _ => String::new(),
    }
}

/// How far the back-test is.
pub fn progress(x: &Exclusion) -> String {
    match x.test_state {
        WorkState::None | WorkState::Queued => "waiting for a worker".to_owned(),
        WorkState::Running => "running".to_owned(),
        WorkState::Done => "done".to_owned(),
        WorkState::Failed | WorkState::Unknown => "failed".to_owned(),
    }
}

/// One kind of what would be hidden.
#[derive(Debug, Clone)]
pub struct TallyView {
    /// Its glyph.
    pub glyph: Glyph,
    /// Detections.
    pub detections: i64,
    /// Cases.
    pub cases: i64,
    /// The list of those cases.
    pub href: String,
    /// Whether that list is shown.
    pub current: bool,
}

/// All kinds, those that forbid or warn always told.
pub fn tallies(x: &Exclusion, only: Option<HitKind>) -> Vec<TallyView> {
    let of = |kind: HitKind| {
        let tally = x.tallies.0.iter().find(|tally| tally.kind == kind);
        TallyView {
            glyph: glyph(kind),
            detections: tally.map_or(0, |tally| tally.detections),
            cases: tally.map_or(0, |tally| tally.cases),
            href: format!("/tuning/{}?kind={kind}#hits", x.id),
            current: only == Some(kind),
        }
    };
    HitKind::ALL.iter().copied().map(of).collect()
}

const fn glyph(kind: HitKind) -> Glyph {
    match kind {
        HitKind::TruePositive => Glyph { icon: "tp", hue: "tp", word: "True positive", short: "TP" },
        HitKind::Warned => Glyph { icon: "warn", hue: "su", word: "Undecided, with a warning", short: "Warning" },
        HitKind::Undecided => Glyph { icon: "un", hue: "un", word: "Undecided", short: "Open" },
        HitKind::FalsePositive => Glyph { icon: "fp", hue: "fp", word: "False positive", short: "FP" },
        HitKind::BenignTruePositive => {
            Glyph { icon: "bt", hue: "bt", word: "Benign true positive", short: "Benign TP" }
        }
    }
}

/// A case of which detections would be hidden.
#[derive(Debug, Clone)]
pub struct HitView {
    /// Its number.
    pub number: i64,
    /// Its title.
    pub title: String,
    /// Its host.
    pub host: String,
    /// Its severity.
    pub severity: Sev,
    /// What a person decided by now.
    pub verdict: Glyph,
    /// How many detections.
    pub detections: i64,
}

/// A case for the list.
pub fn hit(hit: &Hit) -> HitView {
    HitView {
        number: hit.number,
        title: text::start(&hit.title, 200),
        host: text::start(&hit.hostname, 80),
        severity: words::severity(hit.severity),
        verdict: words::person(hit.verdict),
        detections: hit.detections,
    }
}

/// What stands beside the rule in LimaCharlie.
pub fn metadata(x: &Exclusion) -> Value {
    json!({"enabled": true, "expiry": x.expires_ms, "tags": ["fusion-soc"], "comment": format!("case {}: {}", x.case_number, x.comment)})
}
