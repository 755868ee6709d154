//! `[retention]`: how long things are kept.
use super::BadConfig;
use schemars::JsonSchema;
use serde::Deserialize;

/// The longest time that can be set, in days: a hundred years.
const MOST: u32 = 36_500;

/// `[retention]`; each in days, 0 for ever.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Retention {
    /// Days for which documents of detections of closed cases, of which what was made stays, and refused deliveries are
    /// kept.
    pub raw_days: u32,
    /// Days for which lines of the audit ledger are kept; whole sealed segments are removed, and their seals stay.
    pub ledger_days: u32,
}

impl Default for Retention {
    fn default() -> Self {
        Self { raw_days: 180, ledger_days: 400 }
    }
}

impl Retention {
    pub(super) fn check(self) -> Result<(), BadConfig> {
        for (name, days) in [("raw_days", self.raw_days), ("ledger_days", self.ledger_days)] {
            if days > MOST {
                return Err(BadConfig(format!("retention.{name}: must be at most {MOST}; 0 keeps for ever")));
            }
        }
        Ok(())
    }

    /// What is said in the place of a document that was removed.
    pub fn removed(self) -> String {
        match self.raw_days {
            0 => "The raw detection was removed when it had been kept for the time that was set.".to_owned(),
            1 => "The raw detection was removed after 1 day.".to_owned(),
            days => format!("The raw detection was removed after {days} days."),
        }
    }
}
