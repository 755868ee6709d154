//! Exclusions: rules in LimaCharlie's false-positive syntax that keep a known false positive from being raised again.
//!
//! `rule` reads and evaluates such a rule on a detection's document, as pure functions; `condition`
//! makes candidates from a detection.
pub mod condition;
mod network;
mod path;
pub mod rule;

pub use path::TooMuch;
pub use rule::{Rule, RuleError};
