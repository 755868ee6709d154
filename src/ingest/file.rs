//! Detections from a file: one document, an array, or JSON Lines, each also gzipped. An item can
//! be a recorded case: a detection with its triage, intelligence and the analyst's verdict.
use super::reading::{Bad, Document, document};
use super::recorded::{Declared, Recorded};
use flate2::read::MultiGzDecoder;
use serde::Deserialize;
use serde_json::value::RawValue;
use std::io::Read;

/// An item of a file.
#[derive(Debug)]
pub struct Item {
    /// Its line, or its place in the array, from 1.
    pub line: usize,
    /// When it arrived, where the file says so.
    pub arrival_ms: Option<i64>,
    /// The detection, or why it is none.
    pub document: Result<Document, Bad>,
    /// What is recorded with it: triage, intelligence, an analyst's verdict.
    pub recorded: Option<Recorded>,
}

/// A recorded case: `{"detection": …, "triage"?, "intel"?, "verdict"?, "received_at"?}`.
#[derive(Deserialize)]
struct Case<'a> {
    #[serde(borrow)]
    detection: &'a RawValue,
    received_at: Option<jiff::Timestamp>,
    #[serde(flatten)]
    recorded: Recorded,
}

#[derive(Deserialize)]
struct Arrival<'a> {
    arrival_ms: i64,
    #[serde(borrow)]
    detection: &'a RawValue,
}

/// Reads a whole input and unpacks it where it is gzipped.
///
/// # Errors
/// Where it can't be read or is not UTF-8.
pub fn text(mut input: impl Read) -> std::io::Result<String> {
    let mut bytes = Vec::new();
    input.read_to_end(&mut bytes)?;
    if bytes.starts_with(&[0x1f, 0x8b]) {
        let mut plain = Vec::new();
        MultiGzDecoder::new(bytes.as_slice()).read_to_end(&mut plain)?;
        bytes = plain;
    }
    let text =
        String::from_utf8(bytes).map_err(|_| std::io::Error::new(std::io::ErrorKind::InvalidData, "is not UTF-8"))?;
    Ok(text.strip_prefix('\u{FEFF}').map(str::to_owned).unwrap_or(text))
}

/// The items of a text. `stream` lines carry the time of arrival beside the detection.
pub fn items(text: &str, stream: bool) -> Vec<Item> {
    if stream {
        return lines(text).map(|(line, raw)| arrival(line, raw)).collect();
    }
    let whole = text.trim();
    if whole.starts_with('[')
        && let Ok(all) = serde_json::from_str::<Vec<&RawValue>>(whole)
    {
        return all.into_iter().enumerate().map(|(at, raw)| item(at + 1, raw.get())).collect();
    }
    let first_is_whole = whole.lines().next().is_some_and(|line| serde_json::from_str::<&RawValue>(line).is_ok());
    if !first_is_whole && serde_json::from_str::<&RawValue>(whole).is_ok() {
        return vec![item(1, whole)];
    }
    lines(text).map(|(line, raw)| item(line, raw)).collect()
}

fn lines(text: &str) -> impl Iterator<Item = (usize, &str)> {
    text.lines().enumerate().map(|(at, line)| (at + 1, line.trim())).filter(|(_, line)| !line.is_empty())
}

fn item(line: usize, raw: &str) -> Item {
    if !is_case(raw) {
        return Item { line, arrival_ms: None, document: document(raw), recorded: None };
    }
    let bad = |error: String| Bad { raw: raw.to_owned(), error, not_json: false };
    match serde_json::from_str::<Case<'_>>(raw) {
        Ok(case) => {
            let problem = case.recorded.verdict.as_ref().and_then(Declared::problem);
            Item {
                line,
                arrival_ms: case.received_at.map(jiff::Timestamp::as_millisecond),
                document: problem.map_or_else(|| document(case.detection.get()), |error| Err(bad(error))),
                recorded: Some(case.recorded),
            }
        }
        Err(error) => {
            let document = Err(bad(format!("not a recorded case: {error}")));
            Item { line, arrival_ms: None, document, recorded: None }
        }
    }
}

/// Whether an object has a detection under `detection` and is none itself.
fn is_case(raw: &str) -> bool {
    #[derive(Deserialize)]
    struct Keys<'a> {
        detect_id: Option<serde::de::IgnoredAny>,
        #[serde(borrow)]
        detection: Option<&'a RawValue>,
    }
    serde_json::from_str::<Keys<'_>>(raw).is_ok_and(|keys| keys.detect_id.is_none() && keys.detection.is_some())
}

fn arrival(line: usize, raw: &str) -> Item {
    if let Ok(arrival) = serde_json::from_str::<Arrival<'_>>(raw) {
        Item { line, arrival_ms: Some(arrival.arrival_ms), document: document(arrival.detection.get()), recorded: None }
    } else {
        let error = "must be a JSON object with arrival_ms and detection".to_owned();
        Item {
            line,
            arrival_ms: None,
            document: Err(Bad { raw: raw.to_owned(), error, not_json: true }),
            recorded: None,
        }
    }
}
