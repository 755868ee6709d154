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

/// An item as it stands in a text, read once it is asked for: of a large file only some are in memory at once.
#[derive(Debug, Clone, Copy)]
pub struct Raw<'a> {
    line: usize,
    text: &'a str,
    stream: bool,
}

impl Raw<'_> {
    /// Reads it.
    pub fn read(self) -> Item {
        if self.stream { arrival(self.line, self.text) } else { item(self.line, self.text) }
    }
}

/// The items of a text. `stream` lines carry the time of arrival beside the detection.
pub fn items(text: &str, stream: bool) -> Vec<Raw<'_>> {
    let of_lines = || text.lines().map(str::trim).enumerate().filter(|(_, line)| !line.is_empty()).collect::<Vec<_>>();
    let whole = text.trim();
    let all = if stream {
        of_lines()
    } else if let Some(all) = array(whole) {
        all.into_iter().enumerate().collect()
    } else if is_one(whole) {
        vec![(0, whole)]
    } else {
        of_lines()
    };
    all.into_iter().map(|(at, text)| Raw { line: at + 1, text, stream }).collect()
}

fn array(whole: &str) -> Option<Vec<&str>> {
    let all: Vec<&RawValue> = whole.starts_with('[').then(|| serde_json::from_str(whole).ok())??;
    Some(all.into_iter().map(RawValue::get).collect())
}

/// Whether a text is one document over several lines.
fn is_one(whole: &str) -> bool {
    let is_json = |text: &str| serde_json::from_str::<&RawValue>(text).is_ok();
    !whole.lines().next().is_some_and(is_json) && is_json(whole)
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
