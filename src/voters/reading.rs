//! From a model's text to a checked answer: one pure function, and what it asks of the text.
use super::form::TEXTS;
use crate::domain::answer::Recommendation;
use crate::domain::{Answer, Failure, MachineVerdict, Severity, technique};
use serde::Deserializer;
use serde::de::{IgnoredAny, MapAccess, Visitor};
use serde_json::{Map, Value};
use std::collections::BTreeSet;

pub use super::form::schema;

/// A list or text longer than this is not an answer.
const LONGEST_TEXT: usize = 8 * 1024;
const LONGEST_LIST: usize = 50;
/// By this an object claims to be an answer.
const VERDICT: &str = "\"verdict\"";

/// Why a text is no answer: the kind of failure, and what is wrong, for the repair turn and the analyst.
pub type Wrong = (Failure, Vec<String>);

/// Reads an answer out of a model's text.
///
/// # Errors
/// `Parse` where there is no JSON object, `Schema` where none fits, `Ambiguous` where two fit and disagree.
pub fn read(text: &str) -> Result<Answer, Wrong> {
    let text = text.trim_start_matches('\u{FEFF}').trim();
    if let Ok(value) = serde_json::from_str::<Value>(text) {
        return check(text, &value).map_err(|wrong| (Failure::Schema, wrong));
    }
    let (found, open) = objects(without_thoughts(text)?);
    let mut fitting: Vec<Answer> = Vec::new();
    let mut problem = None;
    for candidate in found {
        let strict = without_trailing_commas(candidate);
        match serde_json::from_str(&strict).map(|value| check(&strict, &value)) {
            Ok(Ok(answer)) => {
                fitting.push(answer);
                problem = None;
            }
            // After an answer, only what claims a verdict matters: it may be the model's own, and the answer an echo.
            Ok(Err(wrong)) if fitting.is_empty() || candidate.contains(VERDICT) => {
                problem = Some((Failure::Schema, wrong));
            }
            Err(_) if !fitting.is_empty() && candidate.contains(VERDICT) => {
                problem = Some(parse("the last object is no JSON"));
            }
            _ => {}
        }
    }
    if open.contains(VERDICT) {
        return Err(parse("the reply ended within an object"));
    }
    // The first object may be an echo of the event, so the last one counts, unless they disagree.
    if fitting.windows(2).any(|pair| pair[0].verdict != pair[1].verdict) {
        return Err((Failure::Ambiguous, vec!["the reply holds two objects with different verdicts".to_owned()]));
    }
    match (problem, fitting.pop()) {
        (Some(wrong), _) => Err(wrong),
        (None, Some(answer)) => Ok(answer),
        (None, None) => Err(parse("the reply holds no JSON object")),
    }
}

fn parse(what: &str) -> Wrong {
    (Failure::Parse, vec![what.to_owned()])
}

/// What follows the thoughts. An unclosed `<think>` was cut off before the answer.
fn without_thoughts(text: &str) -> Result<&str, Wrong> {
    let rest = text.rfind("</think>").map_or(text, |at| &text[at + "</think>".len()..]);
    if rest.contains("<think>") { Err(parse("the reply ended while the model was still thinking")) } else { Ok(rest) }
}

/// The one thing that is forgiven: commas before a closing bracket.
fn without_trailing_commas(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let (mut quoted, mut escaped) = (false, false);
    for c in text.chars() {
        if !quoted && matches!(c, '}' | ']') && out.trim_end().ends_with(',') {
            out.truncate(out.trim_end().len() - 1);
        }
        (quoted, escaped) = step(quoted, escaped, c);
        out.push(c);
    }
    out
}

/// Follows strings and their escapes.
const fn step(quoted: bool, escaped: bool, c: char) -> (bool, bool) {
    match (quoted, escaped, c) {
        (true, true, _) => (true, false),
        (true, false, '\\') => (true, true),
        (_, false, '"') => (!quoted, false),
        _ => (quoted, false),
    }
}

/// The balanced top-level `{…}` of a text, in order, and what begins as one and does not end.
fn objects(text: &str) -> (Vec<&str>, &str) {
    let mut found = Vec::new();
    let (mut depth, mut start, mut quoted, mut escaped) = (0_usize, 0, false, false);
    for (at, c) in text.char_indices() {
        if depth > 0 {
            (quoted, escaped) = step(quoted, escaped, c);
        }
        match c {
            '{' if !quoted => {
                if depth == 0 {
                    start = at;
                }
                depth += 1;
            }
            '}' if !quoted && depth > 0 => {
                depth -= 1;
                if depth == 0 {
                    found.push(&text[start..=at]);
                }
            }
            _ => {}
        }
    }
    (found, if depth > 0 { &text[start..] } else { "" })
}

/// Finds a key that an object tells twice: nobody knows which of its values is meant.
struct Twice;

impl<'de> Visitor<'de> for Twice {
    type Value = Option<String>;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let (mut seen, mut twice) = (BTreeSet::new(), None);
        while let Some((key, IgnoredAny)) = map.next_entry::<String, _>()? {
            if seen.contains(&key) {
                twice = Some(key);
            } else {
                seen.insert(key);
            }
        }
        Ok(twice)
    }
}

/// Checks a JSON value and its text against the closed form.
fn check(text: &str, value: &Value) -> Result<Answer, Vec<String>> {
    let Some(map) = value.as_object() else { return Err(vec!["the reply must be one JSON object".to_owned()]) };
    if let Ok(Some(key)) = serde_json::Deserializer::from_str(text).deserialize_map(Twice) {
        return Err(vec![format!("{key}: is there twice")]);
    }
    let mut form = Form { map, wrong: Vec::new() };
    let mut texts = TEXTS.iter().map(|(name, max)| form.text(name, *max)).collect::<Vec<_>>().into_iter();
    let mut next = || texts.next().unwrap_or_default();
    let (what_happened, evidence_malicious, evidence_benign) = (next(), next(), next());
    let (missing_information, ioc_analysis, false_positive_reason) = (next(), next(), next());
    let verdict = form.verdict();
    let severity = form.word::<Severity>("severity");
    let risk_score = form.percent("risk_score");
    let confidence = form.confidence();
    let techniques = form.list("mitre_techniques", 5, 40).iter().filter_map(|text| technique::parse(text)).collect();
    let iocs = form.list("iocs", 10, 2_000);
    let questions = form.list("investigation_questions", 3, 160);
    let actions = form.actions();
    let (Some(verdict), Some(severity), Some(risk_score), Some(confidence), true) =
        (verdict, severity, risk_score, confidence, form.wrong.is_empty())
    else {
        return Err(form.wrong);
    };
    Ok(Answer {
        what_happened,
        evidence_malicious,
        evidence_benign,
        missing_information,
        ioc_analysis,
        verdict,
        false_positive_reason,
        severity,
        risk_score,
        mitre_techniques: techniques,
        iocs,
        recommended_actions: actions,
        investigation_questions: questions,
        confidence,
    })
}

/// Reads fields and collects what is wrong with them.
struct Form<'a> {
    map: &'a Map<String, Value>,
    wrong: Vec<String>,
}

impl Form<'_> {
    fn fail<T>(&mut self, name: &str, what: &str) -> Option<T> {
        self.wrong.push(format!("{name}: {what}"));
        None
    }

    fn text(&mut self, name: &str, max: usize) -> String {
        match self.map.get(name) {
            Some(Value::String(text)) if text.len() <= LONGEST_TEXT => text.chars().take(max).collect(),
            Some(Value::String(_)) => self.fail(name, "is far too long").unwrap_or_default(),
            _ => self.fail(name, "must be a text").unwrap_or_default(),
        }
    }

    fn word<T: std::str::FromStr<Err = crate::domain::UnknownWord>>(&mut self, name: &str) -> Option<T> {
        match self.map.get(name).and_then(Value::as_str).map(str::parse) {
            Some(Ok(word)) => Some(word),
            Some(Err(unknown)) => {
                self.wrong.push(unknown.to_string());
                None
            }
            None => self.fail(name, "must be a text"),
        }
    }

    fn verdict(&mut self) -> Option<MachineVerdict> {
        let said = self.map.get("verdict").and_then(Value::as_str).and_then(|word| word.parse().ok());
        said.filter(|verdict| *verdict != MachineVerdict::None)
            .or_else(|| self.fail("verdict", "must be true_positive, false_positive or needs_review"))
    }

    fn actions(&mut self) -> Vec<Recommendation> {
        let words = self.list("recommended_actions", 3, 40);
        let known = |word: &String| {
            word.parse().map_err(|unknown: crate::domain::UnknownWord| self.wrong.push(unknown.to_string())).ok()
        };
        words.iter().filter_map(known).collect()
    }

    fn percent(&mut self, name: &str) -> Option<u8> {
        let number = self.map.get(name).and_then(Value::as_u64).filter(|number| *number <= 100);
        number
            .and_then(|number| u8::try_from(number).ok())
            .or_else(|| self.fail(name, "must be an integer from 0 to 100"))
    }

    /// A number with a decimal point up to 1 is a share; an integer up to 100 and `"95%"` are percentages.
    fn confidence(&mut self) -> Option<f64> {
        let percentage = |number: f64| (0.0..=100.0).contains(&number).then_some(number / 100.0);
        let read = match self.map.get("confidence") {
            Some(Value::Number(number)) if number.is_f64() => {
                number.as_f64().filter(|share| (0.0..=1.0).contains(share))
            }
            Some(Value::Number(number)) => number.as_f64().and_then(percentage),
            Some(Value::String(text)) => {
                text.trim().strip_suffix('%').and_then(|number| number.trim().parse().ok()).and_then(percentage)
            }
            _ => None,
        };
        read.or_else(|| self.fail("confidence", "must be an integer from 0 to 100"))
    }

    fn list(&mut self, name: &str, most: usize, max: usize) -> Vec<String> {
        match self.map.get(name) {
            Some(Value::Array(items)) if items.len() <= LONGEST_LIST => {
                let texts: Option<Vec<_>> = items.iter().map(Value::as_str).collect();
                match texts {
                    Some(texts) => texts.into_iter().take(most).map(|text| text.chars().take(max).collect()).collect(),
                    None => self.fail(name, "must hold texts only").unwrap_or_default(),
                }
            }
            Some(Value::Array(_)) => self.fail(name, "is far too long").unwrap_or_default(),
            _ => self.fail(name, "must be a list").unwrap_or_default(),
        }
    }
}
