//! The project itself: its structure, its texts and the licences of what it stands on.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

mod architecture;
mod licences;
mod security;
