//! The voters against servers and programs that speak the real wire formats.
mod anthropic;
pub(crate) mod fakes;
mod gemini;
mod gemini_api;
mod ollama;
mod openai;
mod shapes;
mod shared;
mod table;
mod trouble;
mod wild;
