//! Who votes now: the configured voters, or those an admin added, or the built-in ones standing in.
use super::JobError;
use crate::config::{self, Config};
use crate::store::{Store, ranges, voters as added};
use crate::triage::vote;
use crate::voters::{Kind, Voter, VoterConfig, build};
use std::sync::Arc;
use tokio::sync::Mutex;

/// A panel ready to be asked.
#[derive(Clone)]
pub struct Seats {
    /// How its votes are counted.
    pub rules: vote::Panel,
    /// The voters that count, the first being the primary.
    pub panel: Vec<Arc<dyn Voter>>,
    /// The voters that only advise.
    pub advisers: Vec<Arc<dyn Voter>>,
    /// All models that are set up to vote, those without a vote included.
    pub models: Vec<Arc<dyn Voter>>,
    /// Everybody who is set up, whether seated or not, and the built-in voters.
    pub all: Vec<Arc<dyn Voter>>,
    /// Names of models that lost their vote in the injection range.
    pub suspended: Vec<String>,
    /// The share of runs in which a model is asked again with a planted instruction, 0 to 1.
    pub control_share: f64,
    /// Whether built-in voters stand in because no model is set up.
    pub standing_in: bool,
}

impl Seats {
    /// Everybody who votes, would vote or advises, with what they may do: `panel`, `no vote` or `adviser`.
    pub fn listed(&self) -> impl Iterator<Item = (&Arc<dyn Voter>, &'static str)> {
        let lost = self.models.iter().filter(|voter| self.suspended.iter().any(|name| name == voter.name()));
        let panel = self.panel.iter().map(|voter| (voter, "panel"));
        let advisers = self.advisers.iter().map(|voter| (voter, "adviser"));
        panel.chain(lost.map(|voter| (voter, "no vote"))).chain(advisers)
    }
}

/// What a panel was built from: the voters, and the names of those without a vote.
type Known = (Vec<VoterConfig>, Vec<String>);

/// Finds out who votes, and keeps the voters while their configuration stays the same: they hold
/// circuit breakers and limits.
pub struct PanelSource {
    config: Arc<Config>,
    fixed: Option<Arc<Seats>>,
    built: Mutex<Option<(Known, Arc<Seats>)>>,
}

impl PanelSource {
    /// A source for these settings.
    pub fn new(config: Arc<Config>) -> Self {
        Self { config, fixed: None, built: Mutex::new(None) }
    }

    /// A source of one panel that never changes.
    pub fn seated(config: Arc<Config>, seats: Seats) -> Self {
        Self { config, fixed: Some(Arc::new(seats)), built: Mutex::new(None) }
    }

    /// The settings of the panel.
    pub fn settings(&self) -> &config::Panel {
        &self.config.panel
    }

    /// What a million tokens of a voter's questions and answers cost.
    pub fn price(&self, voter: &str) -> (f64, f64) {
        let voter = self.config.voters.iter().find(|known| known.name == voter);
        voter.map_or((0.0, 0.0), |voter| (voter.price_in, voter.price_out))
    }

    /// The panel as it is now.
    ///
    /// # Errors
    /// Where the database can't be read or a voter's configuration can't be used.
    pub async fn current(&self, store: &Store) -> Result<Arc<Seats>, JobError> {
        if let Some(seats) = &self.fixed {
            return Ok(Arc::clone(seats));
        }
        let now = (self.configs(store).await?, ranges::suspended(&mut store.read().await?).await?);
        let mut built = self.built.lock().await;
        if let Some((_, seats)) = built.as_ref().filter(|(known, _)| *known == now) {
            return Ok(Arc::clone(seats));
        }
        let seats = Arc::new(self.build(&now.0, &now.1)?);
        *built = Some((now, Arc::clone(&seats)));
        Ok(seats)
    }

    /// The configurations of the voters: of the file where it has any, else those that were added.
    async fn configs(&self, store: &Store) -> Result<Vec<VoterConfig>, JobError> {
        if !self.config.voters.is_empty() {
            return Ok(self.config.voters.clone());
        }
        let mut tx = store.read().await?;
        Ok(added::all(&mut tx)
            .await?
            .into_iter()
            .map(|voter| VoterConfig::ollama(&voter.name, &voter.base_url, &voter.model))
            .collect())
    }

    fn build(&self, configs: &[VoterConfig], without_vote: &[String]) -> Result<Seats, JobError> {
        let settings = &self.config.panel;
        let built =
            build::build_with(configs, &self.config.keys).map_err(|error| JobError::Unusable(error.to_string()))?;
        let find =
            |name: &String| built.iter().find(|voter| voter.name() == name).cloned().or_else(|| build::builtin(name));
        let models: Vec<_> = match settings.voters.as_slice() {
            [] => built.iter().filter(|voter| voter.kind() != Kind::Builtin).cloned().collect(),
            names => names.iter().filter_map(find).collect(),
        };
        let models: Vec<Arc<dyn Voter>> = models;
        let loses = |voter: &Arc<dyn Voter>| without_vote.iter().any(|name| name == voter.name());
        let suspended = models.iter().filter(|voter| loses(voter)).map(|voter| voter.name().to_owned()).collect();
        let unnamed =
            build::standing_in().into_iter().filter(|one| !built.iter().any(|voter| voter.name() == one.name()));
        let all = built.iter().cloned().chain(unnamed).collect();
        let seated: Vec<_> = models.iter().filter(|voter| !loses(voter)).cloned().collect();
        let control_share = settings.control_share;
        let rules = vote::Panel { mode: settings.mode, quorum: settings.quorum };
        if seated.is_empty() {
            let panel = build::standing_in();
            return Ok(Seats {
                rules,
                panel,
                advisers: Vec::new(),
                models,
                all,
                suspended,
                control_share,
                standing_in: true,
            });
        }
        let advisers =
            settings.advisers.iter().filter(|name| !seated.iter().any(|voter| voter.name() == name.as_str()));
        let advisers = advisers.filter_map(find).collect();
        let models = models.into_iter().filter(|voter| voter.kind() != Kind::Builtin).collect();
        Ok(Seats { rules, advisers, panel: seated, models, all, suspended, control_share, standing_in: false })
    }
}
