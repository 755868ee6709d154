//! The voters against servers and programs that speak the real wire formats.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]
#[path = "voters/anthropic.rs"]
mod anthropic;
#[path = "voters/fakes.rs"]
mod fakes;
#[path = "voters/gemini.rs"]
mod gemini;
#[path = "voters/gemini_api.rs"]
mod gemini_api;
#[path = "voters/ollama.rs"]
mod ollama;
#[path = "voters/openai.rs"]
mod openai;
#[path = "voters/shapes.rs"]
mod shapes;
#[path = "voters/shared.rs"]
mod shared;
#[path = "voters/table.rs"]
mod table;
#[path = "voters/trouble.rs"]
mod trouble;
#[path = "voters/wild.rs"]
mod wild;
