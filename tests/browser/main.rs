//! Pages in a real Chromium, where `CHROMEDRIVER` names a driver's address.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]
#[path = "../support/mod.rs"]
mod support;

mod axe;
mod bulk;
mod deciding;
mod earned;
mod live;
#[cfg(feature = "oidc")]
mod oidc;
mod pages;
mod payloads;
mod queue;
mod report;
mod states;
mod work;
