//! Real programs in place of fakes: the `gemini` command line, and a llama.cpp server with a tiny model.
//!
//! `tests/run --long` installs both and tells where they are; without that there is nothing to ask,
//! and it lists them as not run.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]
#[path = "voters/fakes.rs"]
#[allow(dead_code)]
mod fakes;
#[path = "real_models/gemini_cli.rs"]
mod gemini_cli;
#[path = "real_models/llama_cpp.rs"]
mod llama_cpp;
mod support;

/// What an environment variable of `tests/run --long` holds.
fn given(name: &str) -> Option<String> {
    std::env::var_os("FUSIONSOC_LONG")?;
    std::env::var(name).ok()
}
