//! Parts that hold no store: what is read, weighed, asked and counted, and the commands that need nothing else.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]
#[path = "../support/mod.rs"]
mod support;

mod behaviours;
mod claims;
mod command_line;
mod csv;
mod eval;
mod exclusions;
mod features;
mod fingerprint;
mod gate;
mod limacharlie;
mod markdown;
mod prompt;
mod reading;
mod real_models;
mod reviews;
mod said;
mod seen;
mod shared_errors;
mod vetoes;
mod vote_count;
mod voters;
