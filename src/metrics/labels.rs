//! The words that labels are made of.

/// Ways in for detections.
pub(super) const SOURCES: &[&str] = &["api", "webhook", "limacharlie_pull", "import"];
/// Methods of requests; a client may send any word.
pub(super) const METHODS: &[&str] = &["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];

/// The word, where it is known.
pub(super) fn of(word: &str, known: &[&'static str]) -> &'static str {
    known.iter().find(|one| **one == word).copied().unwrap_or("other")
}
