//! `[retention]`: how long what piles up is kept.
use serde::Deserialize;

/// `[retention]`
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Retention {
    /// Days after which the raw form of detections of closed cases is removed; 0 for never.
    pub raw_days: u32,
    /// Days after which whole sealed segments of the ledger are removed; 0 for never.
    pub ledger_days: u32,
}

impl Default for Retention {
    fn default() -> Self {
        Self { raw_days: 180, ledger_days: 400 }
    }
}
