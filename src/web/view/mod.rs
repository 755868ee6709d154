//! How things are put into words and shapes for templates: plain functions from rows to view structs.
pub mod actions;
pub mod case;
pub mod claims;
pub mod event;
pub mod evidence;
pub mod exclusion;
pub mod found;
pub mod json;
pub mod links;
pub mod listing;
pub mod panel;
pub mod pivot;
pub mod row;
pub mod strip;
pub mod text;
pub mod timeline;
pub mod words;
