//! The panel of an evaluation: one for all lines, or one for each fold.
use super::super::{CliError, failed};
use super::lines::Line;
use crate::config::Config;
use crate::triage::vote;
use crate::voters::statistical::{self, Declared, Example, Model, Statistical};
use crate::voters::{Kind, Voter, VoterConfig, build};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Who is asked, in the panel's order.
pub type Seats = Vec<Arc<dyn Voter>>;

/// The panels.
pub struct Panels {
    /// How votes are counted.
    pub rules: vote::Panel,
    /// The panel, or one for each fold.
    folds: Vec<Seats>,
    /// Each line's place in `folds`.
    places: Vec<usize>,
    at_once: usize,
}

impl Panels {
    /// The panel of a name.
    pub fn of(config: &Config, name: Option<&str>, lines: &[Line], folds: Option<Folds<'_>>) -> Result<Self, CliError> {
        let built = build(&config.voters).map_err(|error| CliError::Failed(error.to_string()))?;
        let seats = seats(config, &built, name)?;
        let rules = vote::Panel { mode: config.panel.mode, quorum: config.panel.quorum };
        let at_once = |voter: &VoterConfig| voter.concurrency.max(1);
        let at_once = config.voters.iter().map(at_once).max().unwrap_or(1);
        let (folds, places) = match folds {
            None => (vec![seats], vec![0; lines.len()]),
            Some(wanted) => folded(&seats, lines, wanted)?,
        };
        Ok(Self { rules, folds, places, at_once })
    }

    /// Who is asked about a line.
    pub fn of_line(&self, at: usize) -> (&Seats, vote::Panel) {
        (&self.folds[self.places[at]], self.rules)
    }

    /// The names of the voters.
    pub fn voters(&self) -> impl Iterator<Item = (&str, &str)> {
        self.folds.iter().take(1).flatten().map(|voter| (voter.name(), voter.model()))
    }

    /// How many lines are asked about at a time.
    pub const fn at_once(&self) -> usize {
        self.at_once
    }

    /// Everything that makes it this panel, in words.
    pub fn name(&self) -> String {
        let voters: Vec<_> = self.voters().map(|(name, model)| format!("{name} ({model})")).collect();
        format!("{}: {}", self.rules.mode.as_str(), voters.join(", "))
    }
}

/// What splits lines into folds is fixed, so that figures can be told again.
const SEED: u64 = 0;

/// How the lines are folded.
#[derive(Clone, Copy)]
pub struct Folds<'a> {
    /// How many parts.
    pub count: u16,
    /// What stays together.
    pub group: &'a str,
    /// Licences of the lines that are trained on; all where there are none.
    pub licences: &'a [String],
    /// Whether one half of a part's rules was declared before the other half is judged.
    pub learn: bool,
}

impl Folds<'_> {
    /// How it was folded, in words.
    pub fn told(self) -> String {
        let licences =
            if self.licences.is_empty() { String::new() } else { format!(", {} alone", self.licences.join(" or ")) };
        format!("{} by {}{licences}{}", self.count, self.group, if self.learn { ", learning" } else { "" })
    }
}

/// A panel for each fold, its statistical voter trained on the labelled lines of the others, and each line's fold.
fn folded(seats: &Seats, lines: &[Line], wanted: Folds<'_>) -> Result<(Vec<Seats>, Vec<usize>), CliError> {
    let groups: Vec<&str> = lines.iter().map(|line| group_of(line, wanted.group)).collect();
    let places = places(&groups, usize::from(wanted.count));
    let example = |(line, group): (&Line, &&str)| {
        let used = line.is_under(wanted.licences);
        used.then(|| line.example(group)).flatten()
    };
    let examples: Vec<Option<Example>> = lines.iter().zip(&groups).map(example).collect();
    let mut models = Vec::new();
    for fold in 0..=places.iter().copied().max().unwrap_or(0) {
        let rest = examples.iter().zip(&places).filter(|(_, place)| **place != fold);
        let rest: Vec<&Example> = rest.filter_map(|(example, _)| example.as_ref()).collect();
        let told = |error| CliError::Failed(format!("--folds: without part {}: {error}", fold + 1));
        models.push(statistical::train(&rest, "fold").map_err(told)?);
    }
    if !wanted.learn {
        return Ok((models.into_iter().map(|model| seated(seats, model)).collect(), places));
    }
    let halves: Vec<usize> = lines.iter().map(half).collect();
    let mut folds = Vec::new();
    for (fold, model) in models.iter().enumerate() {
        for other in [1, 0] {
            let declared = lines.iter().zip(&places).zip(&halves);
            let declared = declared.filter(|((_, place), half)| (**place, **half) == (fold, other));
            let declared = declared_of(declared.map(|((line, _), _)| line));
            let told = |error| CliError::Failed(format!("--learn: part {}: {error}", fold + 1));
            folds.push(seated(seats, model.learn(&declared).map_err(told)?));
        }
    }
    let places = places.iter().zip(&halves).map(|(place, half)| place * 2 + half).collect();
    Ok((folds, places))
}

/// The panel with a certain statistical model.
fn seated(seats: &Seats, model: Model) -> Seats {
    let learnt: Arc<dyn Voter> = Arc::new(Statistical::of(Arc::new(model)));
    let seat = |voter: &Arc<dyn Voter>| Arc::clone(if voter.name() == learnt.name() { &learnt } else { voter });
    seats.iter().map(seat).collect()
}

/// The half that a line's rule is in.
fn half(line: &Line) -> usize {
    usize::try_from(statistical::fold(SEED + 1, &line.detection.rule.title, 2)).unwrap_or_default()
}

/// The behaviours of some lines, as analysts would have declared them; one with both labels teaches nothing.
fn declared_of<'a>(lines: impl Iterator<Item = &'a Line>) -> Vec<Declared> {
    let mut all: BTreeMap<&str, Option<Declared>> = BTreeMap::new();
    for line in lines {
        let Some(example) = line.example("") else { continue };
        let Example { features, positive, behaviour: family, .. } = example;
        let first = Declared { features, positive, family, cases: 0 };
        let known = all.entry(&line.fingerprint).or_insert(Some(first));
        match known {
            Some(known) if known.positive == positive => known.cases += 1,
            _ => *known = None,
        }
    }
    all.into_values().flatten().collect()
}

fn group_of<'a>(line: &'a Line, group: &str) -> &'a str {
    if group == "rule" { &line.detection.rule.title } else { line.field(group).unwrap_or_default() }
}

/// Each line's fold: each group is one where there are no more groups than folds, else by the group's hash.
fn places(groups: &[&str], count: usize) -> Vec<usize> {
    let distinct: BTreeSet<&str> = groups.iter().copied().collect();
    let place = |group: &&str| {
        if distinct.len() <= count {
            distinct.range(..*group).count()
        } else {
            usize::try_from(statistical::fold(SEED, group, count as u64)).unwrap_or_default()
        }
    };
    groups.iter().map(place).collect()
}

fn seats(config: &Config, built: &[Arc<dyn Voter>], name: Option<&str>) -> Result<Seats, CliError> {
    let find = |name: &str| {
        let known = built.iter().find(|voter| voter.name() == name).cloned().or_else(|| build::builtin(name));
        known.ok_or_else(|| CliError::Failed(format!("--panel: there is no voter {name:?}")))
    };
    let configured = || -> Result<Seats, CliError> {
        match config.panel.voters.as_slice() {
            [] => Ok(built.iter().filter(|voter| voter.kind() != Kind::Builtin).cloned().collect()),
            names => names.iter().map(|name| find(name)).collect(),
        }
    };
    match name {
        None => Ok(Some(configured()?).filter(|seats| !seats.is_empty()).unwrap_or_else(build::standing_in)),
        Some("builtin") => Ok(build::standing_in()),
        Some("configured") => match configured()? {
            seats if seats.is_empty() => failed("--panel: no voter is configured"),
            seats => Ok(seats),
        },
        Some(names) => names.split(',').map(|name| find(name.trim())).collect(),
    }
}
