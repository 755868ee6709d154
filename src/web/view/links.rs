//! Addresses of the pages of a sensor, a rule, and of cases.
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

/// What may stand in one part of a path as it is.
const PLAIN: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');

/// A value as one part of a path.
pub fn segment(value: &str) -> String {
    utf8_percent_encode(value, PLAIN).to_string()
}

/// The address of a sensor's page.
pub fn sensor(sid: &str) -> String {
    format!("/sensors/{}", segment(sid))
}

/// The address of a rule's page. Its slashes stay, unless a browser would take what is between them for a step.
pub fn rule(path: &str) -> String {
    let steps = path.split('/').any(|part| matches!(part, "" | "." | ".."));
    let parts = path.split('/').map(segment).collect::<Vec<_>>();
    format!("/rules/{}", parts.join(if steps { "%2F" } else { "/" }))
}

/// The address of the queue with one filter.
pub fn cases(filter: &str, value: &str) -> String {
    let query = form_urlencoded::Serializer::new(String::new()).append_pair(filter, value).finish();
    format!("/cases?view=all&{query}")
}

/// The address of the cases in which a voter said one thing where an analyst declared another.
/// `since` is the day before which nothing is listed, or empty.
pub fn measured((voter, model): (&str, &str), vote: &str, declared: &str, since: &str) -> String {
    let fields = [("voter", voter), ("model", model), ("vote", vote), ("declared", declared), ("since", since)];
    let query = form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
    format!("/models/cases?{query}")
}
