//! The application from outside, over HTTP and the command line, on SQLite or on the PostgreSQL server that
//! `TEST_POSTGRES` names. All in one program: linking one for each file takes longer than running them.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]
#[path = "../support/mod.rs"]
mod support;

mod access;
mod actions;
mod admin;
mod api_docs;
mod backup;
mod blind;
mod bulk;
mod case_page;
mod check;
mod claims_effect;
mod correlation;
mod crash;
mod crowd;
mod dashboard;
mod deciding;
mod economy;
mod edge;
mod events;
mod evidence;
mod feedback;
mod gate;
mod handover;
mod health;
mod hostile;
mod ingest;
mod init;
mod injection;
mod intake;
mod intel;
mod learning;
mod leases;
mod ledger;
mod live;
mod main_job;
mod measured;
mod merge;
#[cfg(not(feature = "oidc"))]
mod no_oidc;
mod notify;
mod observed;
#[cfg(feature = "oidc")]
mod oidc;
mod pages;
mod pivots;
mod places;
mod policy;
mod pool;
mod precedents;
mod privacy;
mod prompts;
mod pull;
mod report;
mod review;
mod search;
mod second;
mod secrets;
mod settings;
mod signing_in;
mod texts;
mod tls;
mod tokens;
mod told;
mod tuning;
mod upstream;
mod views;
mod wall;
mod webhook;
mod weight;
mod work;
