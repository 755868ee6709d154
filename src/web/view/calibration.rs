//! Stated confidence against measured correctness: figures in words, a reliability diagram, what a new version changed.
use super::text::visible;
use super::words::when;
use crate::store::versions::Version;
use crate::triage::calibration::{CASES_NEEDED, Calibration, Drift, Filled};

/// The diagram's square: its left side, its foot, and how long a side is.
const LEFT: i64 = 36;
const FOOT: i64 = 190;
const SIDE: i64 = 180;

/// A bin in the diagram: only attributes, so that no style is needed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Point {
    /// Its place.
    pub at: (i64, i64),
    /// The ends of its whisker: top, foot.
    pub whisker: (i64, i64),
    /// The same in words.
    pub told: String,
}

/// A bin in the table: stated from and to, mean stated, cases, right, share of right ones, bounds.
pub type Line = [String; 6];

/// What a new version changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DriftView {
    /// Before and since: version, cases, right, calibration error.
    pub rows: [[String; 4]; 2],
    /// What follows, in sentences.
    pub told: Vec<String>,
}

/// The calibration of a voter or the panel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CalibrationView {
    /// The voter, or `The panel`.
    pub name: String,
    /// `panel`, `adviser` or `no vote`; of the panel nothing.
    pub role: &'static str,
    /// The version it is of.
    pub version: String,
    /// How sure it was and how often right, in sentences.
    pub told: Vec<String>,
    /// That there are too few cases, or empty.
    pub few: String,
    /// The diagram.
    pub points: Vec<Point>,
    /// The same as a table.
    pub lines: Vec<Line>,
    /// What a new version changed, where there was another one that was measured.
    pub drift: Option<DriftView>,
}

/// The figures of all for the page.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Calibrations {
    /// The panel first.
    pub all: Vec<CalibrationView>,
    /// What changed and is not measured yet.
    pub flags: Vec<String>,
}

/// Figures without what a new version changed.
pub fn view(name: &str, role: &'static str, version: String, figures: &Calibration) -> CalibrationView {
    let few = figures.cases > 0 && figures.cases < CASES_NEEDED;
    CalibrationView {
        name: visible(name),
        role,
        version,
        told: told(figures),
        few: if few { too_few(figures.cases) } else { String::new() },
        points: figures.bins.iter().map(point).collect(),
        lines: figures.bins.iter().map(line).collect(),
        drift: None,
    }
}

fn too_few(cases: i64) -> String {
    format!("Too few to tell: {cases} of the {CASES_NEEDED} decided cases that it takes.")
}

fn told(figures: &Calibration) -> Vec<String> {
    let Some(error) = figures.error else {
        return vec!["Not measured yet: no case that it decided was declared.".to_owned()];
    };
    let held = crate::triage::measure::bounds(figures.right, figures.cases);
    let mut told = vec![
        format!("Stated {:.2} on average; right in {}.", figures.stated, right(figures)),
        format!("Expected calibration error {error:.2} ({}).", range(figures.error_bounds)),
    ];
    if figures.stated > held.1 {
        told.push("It claims more than it holds.".to_owned());
    } else if figures.stated < held.0 {
        told.push("It is right more often than it claims.".to_owned());
    }
    told
}

/// `41 of 50 (0.70–0.90)`
fn right(figures: &Calibration) -> String {
    let bounds = crate::triage::measure::bounds(figures.right, figures.cases);
    format!("{} of {} ({})", figures.right, figures.cases, range(bounds))
}

/// Bounds with two decimals, rounded away from what they hold.
pub fn range((low, high): (f64, f64)) -> String {
    // What is missing to a whole number by rounding alone is not missing.
    format!("{:.2}–{:.2}", (low * 100.0 + 1e-6).floor() / 100.0, (high * 100.0 - 1e-6).ceil() / 100.0)
}

#[expect(clippy::cast_possible_truncation, clippy::cast_precision_loss, reason = "a share of the square's side")]
fn along(share: f64) -> i64 {
    (share.clamp(0.0, 1.0) * SIDE as f64).round() as i64
}

fn point(filled: &Filled) -> Point {
    let Filled { bin, right, bounds } = filled;
    Point {
        at: (LEFT + along(bin.stated), FOOT - along(bin.measured)),
        whisker: (FOOT - along(bounds.1), FOOT - along(bounds.0)),
        told: format!("stated {:.2}: right in {right} of {} ({})", bin.stated, bin.lines, range(*bounds)),
    }
}

fn line(filled: &Filled) -> Line {
    let Filled { bin, right, bounds } = filled;
    [
        format!("{:.1} to {:.1}", bin.from, bin.from + 0.1),
        format!("{:.2}", bin.stated),
        bin.lines.to_string(),
        right.to_string(),
        format!("{:.2}", bin.measured),
        range(*bounds),
    ]
}

/// A version in words: `qwen3.5:4b, digest a2af6cc3eb7f, prompt 2026-11-3`.
pub fn version(version: &Version) -> String {
    let digest = if version.digest.is_empty() { String::new() } else { format!(", digest {}", short(&version.digest)) };
    let prompt = match version.prompt_version.as_str() {
        "" => String::new(),
        prompt => format!(", prompt {}", visible(prompt)),
    };
    format!("{}{digest}{prompt}", visible(&version.model))
}

fn short(digest: &str) -> String {
    visible(&digest[..digest.floor_char_boundary(12)])
}

/// What differs: `digest abc… → def…`.
fn changes(old: &Version, new: &Version) -> String {
    let mark = |digest: &str| if digest.is_empty() { "unknown".to_owned() } else { format!("{}…", short(digest)) };
    let or_none = |prompt: &str| if prompt.is_empty() { "none".to_owned() } else { visible(prompt) };
    let parts = [
        (old.model != new.model).then(|| format!("model {} → {}", visible(&old.model), visible(&new.model))),
        (old.digest != new.digest).then(|| format!("digest {} → {}", mark(&old.digest), mark(&new.digest))),
        (old.prompt_version != new.prompt_version)
            .then(|| format!("prompt {} → {}", or_none(&old.prompt_version), or_none(&new.prompt_version))),
    ];
    parts.into_iter().flatten().collect::<Vec<_>>().join(", ")
}

/// That a voter changed, while too little is known of what it is now; `declared` cases since, of which it decided some.
pub fn flag(
    name: &str,
    old: &Version,
    new: Option<&Version>,
    now: &Version,
    (declared, decided): (i64, i64),
) -> String {
    let name = visible(name);
    let Some(new) = new else {
        return format!(
            "{name} is set to {} and has not answered yet; before it was {}.",
            visible(&now.model),
            visible(&old.model)
        );
    };
    let cases = if declared == 1 { "case" } else { "cases" };
    let some = if decided < declared { format!(", of which it decided {decided}") } else { String::new() };
    let date = when(new.since_ms);
    format!("{name} changed on {} ({}): {declared} declared {cases} since{some}.", date.date(), changes(old, new))
}

/// How a new version compares with the one before.
pub fn drift((old, before): (&Version, &Calibration), (new, since): (&Version, &Calibration), of: Drift) -> DriftView {
    let error = |figures: &Calibration| match figures.error {
        Some(error) => format!("{error:.2} ({})", range(figures.error_bounds)),
        None => "–".to_owned(),
    };
    let row = |of: &Version, figures: &Calibration| {
        let share = if figures.cases == 0 { "–".to_owned() } else { right(figures) };
        [version(of), figures.cases.to_string(), share, error(figures)]
    };
    let mut told = Vec::new();
    if since.cases < CASES_NEEDED {
        told.push("What was measured before belongs to another model or prompt.".to_owned());
    }
    told.push(accuracy(before, since, of));
    if of.error {
        let way = if since.error > before.error { "larger" } else { "smaller" };
        told.push(format!("Its calibration error is {way} than before, beyond chance: the bounds do not overlap."));
    } else if of.enough {
        told.push("Its calibration error does not differ beyond chance: the bounds overlap.".to_owned());
    }
    DriftView { rows: [row(old, before), row(new, since)], told }
}

fn accuracy(before: &Calibration, since: &Calibration, of: Drift) -> String {
    let p = if of.p < 0.001 { "p < 0.001".to_owned() } else { format!("p = {:.3}", of.p) };
    if of.accuracy {
        let more = since.right.saturating_mul(before.cases) > before.right.saturating_mul(since.cases);
        let way = if more { "more" } else { "less" };
        format!("It is right {way} often than before, beyond chance (Fisher's exact test, {p}).")
    } else if of.enough {
        format!("How often it is right does not differ beyond chance (Fisher's exact test, {p}).")
    } else {
        "Too few to tell whether it is right more or less often than before.".to_owned()
    }
}

/// `says 0.95; right in 41 of 50 such cases (0.70–0.90)`, of the bin that a vote falls into; empty below so many cases
/// as it takes.
pub fn such(stated: f64, (right, cases): (i64, i64)) -> String {
    if cases < CASES_NEEDED {
        return String::new();
    }
    let bounds = crate::triage::measure::bounds(right, cases);
    format!("says {stated:.2}; right in {right} of {cases} such cases ({})", range(bounds))
}
