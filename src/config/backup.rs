//! `[backup]`: backups that are made again and again.
use super::BadConfig;
use schemars::JsonSchema;
use serde::Deserialize;

/// `[backup]`
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Backup {
    /// The folder they go to, on the machine of the worker that makes them. It is made where the folder above it is
    /// there; none for no backups.
    pub folder: String,
    /// Hours from the last one to the next, 1 to 720.
    pub every_hours: u16,
    /// How many are kept, 1 to 1000; older ones of their names are removed.
    pub keep: u16,
}

impl Default for Backup {
    fn default() -> Self {
        Self { folder: String::new(), every_hours: 24, keep: 7 }
    }
}

impl Backup {
    pub(super) fn check(&self) -> Result<(), BadConfig> {
        let no = |text: &str| Err(BadConfig(format!("backup.{text}")));
        if !(1..=720).contains(&self.every_hours) {
            return no("every_hours: must be between 1 and 720");
        }
        if !(1..=1000).contains(&self.keep) {
            return no("keep: must be between 1 and 1000");
        }
        Ok(())
    }
}
