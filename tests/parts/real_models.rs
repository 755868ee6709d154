//! Real programs in place of fakes: the `gemini` command line, and a llama.cpp server with a tiny model.
//!
//! `tests/run --long` installs both and tells where they are; without that there is nothing to ask,
//! and it lists them as not run.
mod gemini_cli;
mod llama_cpp;

/// What an environment variable of `tests/run --long` holds.
fn given(name: &str) -> Option<String> {
    std::env::var_os("FUSIONSOC_LONG")?;
    std::env::var(name).ok()
}
