//! `[panel]`: who votes, how votes are counted, and what asking may cost.
use crate::triage::vote::Mode;
use schemars::JsonSchema;
use serde::Deserialize;

/// `[panel]`
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Panel {
    /// How many of the voters must agree.
    pub mode: Mode,
    /// Names of voters in order, the first being the primary; none for all configured ones.
    pub voters: Vec<String>,
    /// Names of voters that are heard and don't count.
    pub advisers: Vec<String>,
    /// Valid votes that are needed; 0 for the mode's own number.
    pub quorum: usize,
    /// The share of runs in which a model is asked again with a harmless instruction planted, to see whether it obeys,
    /// 0 to 1.
    pub control_share: f64,
    /// For so many minutes the votes on one event stand for another with the same evidence; 0 for never.
    pub reuse_minutes: u32,
    /// The share of such runs that is asked all the same, to compare, 0 to 1.
    pub reuse_check_share: f64,
    /// Questions to models that each organisation may ask in a day of UTC; 0 for no limit. `fusionsoc org budget` sets
    /// another number for one organisation.
    pub budget_calls_per_day: u32,
    /// Tokens that they may take in a day of UTC; 0 for no limit.
    pub budget_tokens_per_day: u32,
    /// Money that they may cost in a day of UTC, in the unit of the voters' prices; 0 for no limit.
    pub budget_cost_per_day: f64,
}

impl Default for Panel {
    fn default() -> Self {
        Self {
            mode: Mode::Unanimous,
            voters: Vec::new(),
            advisers: crate::voters::build::BUILTIN.map(str::to_owned).to_vec(),
            quorum: 0,
            control_share: 0.05,
            reuse_minutes: 30,
            reuse_check_share: 0.05,
            budget_calls_per_day: 0,
            budget_tokens_per_day: 0,
            budget_cost_per_day: 0.0,
        }
    }
}

impl Panel {
    /// Whether shares and budgets can be used.
    ///
    /// # Errors
    /// A sentence that names the setting.
    pub(super) fn check(&self) -> Result<(), String> {
        for (name, share) in [("control_share", self.control_share), ("reuse_check_share", self.reuse_check_share)] {
            if !(0.0..=1.0).contains(&share) {
                return Err(format!("panel.{name}: must be a share between 0 and 1"));
            }
        }
        if !money(self.budget_cost_per_day) {
            return Err("panel.budget_cost_per_day: must be between 0 and 1000000000".to_owned());
        }
        Ok(())
    }
}

/// Whether an amount of money can be reckoned with.
pub(super) fn money(amount: f64) -> bool {
    (0.0..=1e9).contains(&amount)
}
