//! Exclusions: rules in LimaCharlie's false-positive syntax that keep a known false positive from being raised again.
//!
//! `rule` reads and evaluates such a rule on a detection's document, as pure functions; `condition`
//! makes candidates from a detection, `search` finds those that many false positives share (`suggest` gathers what it
//! looks at); `exclusion`, `approval` and `ending` are what people do with one (propose, approve, refuse, disable), each
//! a transaction of the caller's; `conflict` finds exclusions that hide a true positive, `effect` tells what an approved
//! one does and `watched` what of it somebody has to look at; `health` is what a rule's reviewed cases suggest; `publisher` is what writes exclusions to LimaCharlie. The
//! back-test, the writing and the daily look are jobs.
//!
//! Nothing here drops a detection: an exclusion takes effect in LimaCharlie alone, before it is sent.
pub mod approval;
pub mod condition;
pub mod conflict;
pub mod effect;
pub mod ending;
pub mod exclusion;
pub mod health;
mod network;
mod path;
pub mod publisher;
pub mod rule;
pub mod search;
pub mod suggest;
pub mod watched;

pub use path::TooMuch;
pub use rule::{Rule, RuleError};
