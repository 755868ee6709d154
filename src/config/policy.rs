//! `[policy]`: what the machine may do, and what an organisation sets otherwise.
use crate::domain::action::{ActionKind, Fields, Plan};
use crate::domain::{AutoClose, Severity};
use crate::store::policies::Own;
use crate::triage::policy::Settings;
use schemars::JsonSchema;
use serde::Deserialize;

/// `[policy]`
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Policy {
    /// How far the machine may go alone; no organisation goes further, and nothing closes before a rule has earned it.
    pub auto_close: AutoClose,
    /// The share of missed true positives that is accepted, 0 to 1.
    pub limit: f64,
    /// The share of cases that people decide before they learn what the panel says, 0 to 1; those from
    /// `veto_severity` on are left out.
    pub review_share: f64,
    /// Whether people decide every case below `veto_severity` before they learn what the panel says.
    pub blind_first: bool,
    /// Seconds in which an act can be undone at one press.
    pub undo_s: u32,
    /// The tag that a sensor gets whose case the machine closed, after the undo window; empty for none.
    pub close_tag: String,
    /// From this severity on, the machine never closes.
    pub veto_severity: Severity,
    /// Sensor tags with which the machine never closes; `*` stands for anything. Tags that begin with `fusion-soc-` or
    /// `fusionsoc-` never count.
    pub veto_tags: Vec<String>,
    /// Paths of rules whose cases the machine never closes; `*` stands for anything. Organisations add their own.
    pub veto_rules: Vec<String>,
    /// Whether the data of all organisations may leave to cloud voters; `fusionsoc org cloud` allows it for one.
    pub cloud_allowed: bool,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            auto_close: AutoClose::Off,
            limit: 0.02,
            review_share: 0.05,
            blind_first: false,
            undo_s: 10,
            close_tag: String::new(),
            veto_severity: Severity::High,
            veto_tags: vec!["yara_detection_memory".to_owned(), "*-critical".to_owned(), "*-high".to_owned()],
            veto_rules: Vec::new(),
            cloud_allowed: false,
        }
    }
}

impl Policy {
    /// What is wrong, with the setting's name.
    pub(super) fn check(&self) -> Result<(), String> {
        for (name, share) in [("limit", self.limit), ("review_share", self.review_share)] {
            if !(0.0..=1.0).contains(&share) {
                return Err(format!("policy.{name}: must be a share between 0 and 1"));
            }
        }
        let fields = Fields { tag: self.close_tag.clone(), ..Fields::default() };
        match Plan::read(ActionKind::AddTag, &fields) {
            Err(bad) if !self.close_tag.is_empty() => Err(format!("policy.close_tag: {}", bad.text)),
            _ => Ok(()),
        }
    }

    /// What holds in an organisation: what it set itself, and these settings for the rest. They are the ceiling of
    /// automatic closing, also where they were lowered after the organisation had set its own.
    #[must_use]
    pub fn of(&self, own: &Own) -> Self {
        Self {
            auto_close: own.auto_close.unwrap_or(self.auto_close).min(self.auto_close),
            limit: own.limit.unwrap_or(self.limit),
            review_share: own.review_share.unwrap_or(self.review_share),
            blind_first: own.blind_first.unwrap_or(self.blind_first),
            undo_s: self.undo_s,
            close_tag: self.close_tag.clone(),
            veto_severity: own.veto_severity.unwrap_or(self.veto_severity),
            veto_tags: own.veto_tags.as_ref().map_or_else(|| self.veto_tags.clone(), |tags| tags.0.clone()),
            veto_rules: self.veto_rules.iter().chain(own.veto_rules.iter().flat_map(|own| &own.0)).cloned().collect(),
            cloud_allowed: self.cloud_allowed || own.cloud_allowed,
        }
    }

    /// What the vetoes depend on.
    #[must_use]
    pub fn vetoes(&self) -> Settings<'_> {
        Settings { severity: self.veto_severity, tags: &self.veto_tags, rules: &self.veto_rules }
    }

    /// The share of cases that people review blind: all of them with `blind_first`.
    pub const fn reviewed(&self) -> f64 {
        if self.blind_first { 1.0 } else { self.review_share }
    }
}
