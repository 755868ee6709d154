//! From bytes to detections: one document, an array, or JSON Lines; bad ones don't spoil good ones.
use crate::domain::Detection;
use crate::limits;
use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

/// A document that is a detection.
#[derive(Debug, Clone, PartialEq)]
pub struct Document {
    /// The text exactly as it came.
    pub raw: String,
    /// The text read.
    pub detection: Detection,
}

/// A document that is not a detection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bad {
    /// The text, whole.
    pub raw: String,
    /// Why, with the field's path where one is at fault.
    pub error: String,
    /// Whether it is not even JSON.
    pub not_json: bool,
}

/// A body of which nothing can be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unreadable {
    /// It is not JSON, or not UTF-8.
    #[error("{0}")]
    NotJson(String),
    /// It holds too many documents.
    #[error("at most {} detections in one request", limits::DETECTIONS_PER_REQUEST)]
    TooMany,
}

/// How the documents of a body are told apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Layout {
    /// One JSON value: an object or an array.
    Json,
    /// A JSON value a line.
    Lines,
    /// Whichever of the two fits.
    Either,
}

/// What a body holds, in order.
pub type Documents = Vec<Result<Document, Bad>>;

/// Reads a body.
///
/// # Errors
/// See [`Unreadable`].
pub fn read(bytes: &[u8], layout: Layout) -> Result<Documents, Unreadable> {
    let text = std::str::from_utf8(bytes).map_err(|_| Unreadable::NotJson("the body is not UTF-8".to_owned()))?;
    let text = text.strip_prefix('\u{FEFF}').unwrap_or(text);
    let documents = match layout {
        Layout::Json => json(text)?,
        Layout::Lines => lines(text)?,
        Layout::Either => either(text)?,
    };
    match documents.as_slice() {
        [] => Err(Unreadable::NotJson("the body holds no detection".to_owned())),
        bad if bad.iter().all(|item| matches!(item, Err(bad) if bad.not_json)) => {
            let first = bad.iter().find_map(|item| item.as_ref().err()).map(|bad| bad.error.clone());
            Err(Unreadable::NotJson(first.unwrap_or_default()))
        }
        _ => Ok(documents),
    }
}

/// One JSON value: an object is one document, an array holds many.
fn json(text: &str) -> Result<Documents, Unreadable> {
    if text.trim_start().starts_with('[') {
        let items: Vec<&RawValue> = serde_json::from_str(text).map_err(|error| not_json(&error))?;
        few_enough(items.len())?;
        return Ok(items.into_iter().map(|item| document(item.get())).collect());
    }
    let one: &RawValue = serde_json::from_str(text).map_err(|error| not_json(&error))?;
    Ok(vec![document(one.get())])
}

/// A JSON value a line; empty lines don't count.
fn lines(text: &str) -> Result<Documents, Unreadable> {
    let all = || text.lines().map(str::trim).filter(|line| !line.is_empty());
    few_enough(all().take(limits::DETECTIONS_PER_REQUEST + 1).count())?;
    Ok(all().map(document).collect())
}

/// JSON Lines where the first line is a whole object with others after it, else one JSON value.
fn either(text: &str) -> Result<Documents, Unreadable> {
    let mut all = text.lines().map(str::trim).filter(|line| !line.is_empty());
    let is_object = |line: &str| line.starts_with('{') && serde_json::from_str::<&RawValue>(line).is_ok();
    let first_is_whole = all.next().is_some_and(is_object);
    if first_is_whole && all.next().is_some() { lines(text) } else { json(text) }
}

/// Checked before anything is made of the items: each costs far more memory than its bytes.
const fn few_enough(count: usize) -> Result<(), Unreadable> {
    if count > limits::DETECTIONS_PER_REQUEST { Err(Unreadable::TooMany) } else { Ok(()) }
}

/// One text as a detection, bare or in the wrapper that LimaCharlie's API puts around it.
///
/// # Errors
/// See [`Bad`].
pub fn document(raw: &str) -> Result<Document, Bad> {
    #[derive(Deserialize)]
    struct Wrapped<'a> {
        #[serde(borrow)]
        event: &'a RawValue,
    }
    let bad = |error: String, not_json: bool| Bad { raw: raw.to_owned(), error, not_json };
    let value: Value = serde_json::from_str(raw).map_err(|error| bad(format!("not JSON: {}", place(&error)), true))?;
    let wrapped = value.get("detect_id").is_none() && value.pointer("/event/detect_id").is_some();
    if wrapped && let Ok(inner) = serde_json::from_str::<Wrapped<'_>>(raw) {
        return document(inner.event.get());
    }
    let detection = Detection::read(&value).map_err(|invalid| bad(invalid.to_string(), false))?;
    Ok(Document { raw: raw.to_owned(), detection })
}

fn not_json(error: &serde_json::Error) -> Unreadable {
    Unreadable::NotJson(format!("not JSON: {}", place(error)))
}

/// What is wrong and where, without the types of our own code.
fn place(error: &serde_json::Error) -> String {
    let what = match error.classify() {
        serde_json::error::Category::Eof => "it ends too early",
        _ if error.to_string().starts_with("recursion limit") => "it is nested too deeply",
        _ if error.to_string().starts_with("trailing") => "something follows its end",
        _ => "it can't be read",
    };
    format!("{what} (line {}, column {})", error.line(), error.column())
}
