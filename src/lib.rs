//! FusionSOC: detections in, voted verdicts and closed cases out.
pub mod api;
pub mod cli;
pub mod clock;
pub mod config;
pub mod domain;
pub mod error;
pub mod ingest;
pub mod jobs;
pub mod limits;
pub mod review;
pub mod secret;
pub mod store;
pub mod triage;
pub mod voters;
pub mod web;
