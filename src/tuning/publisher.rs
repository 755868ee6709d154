//! What writes exclusions to LimaCharlie. This side needs no more than that; a client implements it.
pub mod hive;

use async_trait::async_trait;
use serde_json::Value;

/// An exclusion as LimaCharlie has it.
#[derive(Debug, Clone, PartialEq)]
pub struct Published {
    /// The rule.
    pub rule: Value,
    /// When LimaCharlie lets it end, in ms; 0 for never.
    pub expires_ms: i64,
    /// Changes with every change there.
    pub etag: String,
    /// Whether it is switched on.
    pub enabled: bool,
    /// Why LimaCharlie can't use it, or empty.
    pub error: String,
}

/// An exclusion to write.
#[derive(Debug, Clone, PartialEq)]
pub struct Wanted {
    /// Its name.
    pub name: String,
    /// The rule.
    pub rule: Value,
    /// When LimaCharlie shall let it end, in ms.
    pub expires_ms: i64,
    /// Why it is there.
    pub comment: String,
}

/// Why it was not written, or may not have been.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PublishError {
    /// It hides what was declared a true positive; nothing was written.
    #[error("it hides detections of case #{0}, which was declared true positive")]
    Hides(i64),
    /// LimaCharlie said no; nothing was changed.
    #[error("LimaCharlie refused: {0}")]
    Refused(String),
    /// Somebody changed it there meanwhile; nothing was changed.
    #[error("it was changed in LimaCharlie meanwhile")]
    Changed,
    /// It did not get there; nothing was changed, and trying again may help.
    #[error("LimaCharlie could not be reached: {0}")]
    Unreachable(String),
    /// The answer did not come back: nobody knows whether it took effect.
    #[error("no answer came back: {0}")]
    Unknown(String),
}

/// Writes exclusions of organisations, which are told by their short names.
#[async_trait]
pub trait Publisher: Send + Sync {
    /// Whether LimaCharlie is set up for an organisation.
    fn serves(&self, org: &str) -> bool;

    /// The exclusion of a name, if there is one.
    async fn get(&self, org: &str, name: &str) -> Result<Option<Published>, PublishError>;

    /// Writes one; where an etag is given, only if it is still that one. Returns the new etag.
    async fn set(&self, org: &str, wanted: &Wanted, etag: Option<&str>) -> Result<String, PublishError>;

    /// Removes one; that it is not there is no error.
    async fn delete(&self, org: &str, name: &str) -> Result<(), PublishError>;
}
