//! Detections in: every way in ends in [`accept`], which in one transaction finds or opens the
//! case, stores the document, extracts what can be matched, and queues the triage.
//!
//! `known` asks once what the store knows of a batch, `joining` decides the case, `gathered` writes what a batch has in common with few statements.
//! `drawing` draws new cases for blind review.
//! `reading` turns bytes into documents, `batch` lets requests that arrive together share one
//! commit, `signature` proves a webhook's sender, `recorded` brings in a triage of elsewhere,
//! `pulled` takes in what was fetched, `templates` brings the tasks that a case is opened with.
//! `room` bounds what all deliveries hold together before they are stored.
mod accept;
pub mod batch;
mod drawing;
pub mod file;
mod gathered;
mod joining;
mod known;
pub mod pulled;
pub mod reading;
pub mod recorded;
pub mod room;
pub mod signature;
mod templates;

pub use accept::{Accepted, Delivery, accept};
pub(crate) use accept::{chain, shown_host, shown_user};
pub use gathered::Gathered;
pub(crate) use joining::atoms as processes;
