//! The panel of an evaluation: one for all lines, or one for each fold.
use super::super::{CliError, failed};
use super::lines::Line;
use crate::config::Config;
use crate::triage::vote;
use crate::voters::{Kind, Voter, VoterConfig, build};
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
    pub fn of(
        config: &Config,
        name: Option<&str>,
        lines: &[Line],
        folds: Option<(u16, &str)>,
    ) -> Result<Self, CliError> {
        let built = build(&config.voters).map_err(|error| CliError::Failed(error.to_string()))?;
        let seats = seats(config, &built, name)?;
        let rules = vote::Panel { mode: config.panel.mode, quorum: config.panel.quorum };
        let at_once = |voter: &VoterConfig| voter.concurrency.max(1);
        let at_once = config.voters.iter().map(at_once).max().unwrap_or(1);
        let _ = folds;
        Ok(Self { rules, folds: vec![seats], places: vec![0; lines.len()], at_once })
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
