//! What an approved exclusion does, in words and week by week.
use crate::domain::ExclusionState;
use crate::error::{AppError, Result};
use crate::store::exclusions::Exclusion;
use crate::tuning::effect::{Effect, Gathered, NEWEST, WEEKS, Week};
use crate::tuning::watched;
use crate::web::view::strip::day_text;
use crate::web::view::text;

pub(super) use crate::tuning::effect::gather;

/// A week of the table.
#[derive(Debug)]
pub struct WeekView {
    /// Its first day.
    pub from: String,
    /// Its days that are over, while it runs.
    pub over: Option<i64>,
    /// Whether the exclusion was approved by then.
    pub since: bool,
    /// Detections of the rule.
    pub detections: i64,
    /// Of these, matched by the exclusion.
    pub matched: i64,
    /// How many it hides by what was usual before, or empty.
    pub hidden: String,
}

/// What it does.
#[derive(Debug)]
pub struct EffectView {
    /// The weeks, newest first.
    pub weeks: Vec<WeekView>,
    /// In sentences.
    pub told: Vec<String>,
    /// What somebody has to look at.
    pub warnings: Vec<String>,
}

/// Evaluates and puts it into words.
pub(super) async fn view(gathered: Option<Gathered>, x: &Exclusion) -> Result<Option<EffectView>> {
    let Some(gathered) = gathered else { return Ok(None) };
    let found = tokio::task::spawn_blocking(move || gathered.evaluate()).await;
    Ok(found.map_err(|error| AppError::Internal(error.into()))?.map(|effect| words(&effect, x)))
}

fn words(effect: &Effect, x: &Exclusion) -> EffectView {
    let usual = effect.usual_tenths;
    let active = x.state == ExclusionState::Active;
    let mut told = vec![match usual {
        Some(tenths) => format!(
            "Before it was approved it matched {} a week of this rule’s detections, over at most {WEEKS} weeks.",
            tenths_text(tenths)
        ),
        None if effect.known() => "How much it matched before it was approved can’t be said: there is no whole day of which all detections could be evaluated.".to_owned(),
        None => "No detection of this rule is known from the weeks before it was approved.".to_owned(),
    }];
    told.push(if active {
        "LimaCharlie sends nothing of what it hides: the numbers of hidden detections are what was usual before, less what still arrived.".to_owned()
    } else {
        "It is not in LimaCharlie yet, so nothing is hidden.".to_owned()
    });
    if let Some(day) = effect.whole_from.filter(|_| usual.is_some()) {
        told.push(format!("What is usual is what it matched from {} on: at most the newest {NEWEST} detections of the rule before its approval are evaluated, and only those whose document is kept.", day_text(day)));
    }
    if effect.cut {
        told.push(format!("At most the newest {NEWEST} detections of the rule since its approval are evaluated, and only those whose document is kept."));
    }
    let mut weeks: Vec<WeekView> = effect.weeks.iter().map(|week| week_view(week, usual.filter(|_| active))).collect();
    weeks.reverse();
    let warnings = watched::of_effect(effect, active).iter().map(|text| text::visible(text)).collect();
    EffectView { weeks, told, warnings }
}

fn tenths_text(tenths: i64) -> String {
    if tenths % 10 == 0 { (tenths / 10).to_string() } else { format!("{}.{}", tenths / 10, tenths % 10) }
}

fn week_view(week: &Week, usual: Option<i64>) -> WeekView {
    let hidden = usual.filter(|_| week.since).map(|tenths| (tenths * week.over / 7 - week.matched * 10).max(0));
    WeekView {
        from: day_text(week.first),
        over: (week.over < 7).then_some(week.over),
        since: week.since,
        detections: week.detections,
        matched: week.matched,
        hidden: hidden.map(|tenths| format!("about {}", tenths_text(tenths))).unwrap_or_default(),
    }
}
