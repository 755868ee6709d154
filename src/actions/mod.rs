//! Response actions: what can be done on a sensor, who has to agree, and how it is carried out.
//!
//! An action begins as a [`Plan`](crate::domain::action::Plan): a kind of the closed list with
//! checked parameters. Free text, a voter's advice included, starts nothing. [`wish`] is what
//! people do with one: ask, approve, turn down, take back, reverse, settle. [`carry`] does it:
//! a job that waits for the undo window, asks the sensor, and awaits the effect. A new kind of
//! action is one file that implements [`effect::Effect`] and one line in [`effect::of`].
pub mod carry;
pub mod effect;
pub mod hunt;
mod isolation;
mod sweep;
mod tags;
mod task;
pub mod wish;

pub use carry::KIND;
