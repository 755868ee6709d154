//! The labelled lines of a file.
mod made_up;

use super::super::{CliError, failed};
use crate::domain::Detection;
use crate::features;
use crate::ingest::file;
use crate::triage::fingerprint;
use crate::voters::statistical::Example;
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};
use std::collections::HashSet;
use std::path::Path;

/// A file.
pub struct File {
    /// SHA-256 in hex of its unpacked text.
    pub sha256: String,
    /// Its lines.
    pub lines: Vec<Line>,
}

/// A detection, labelled or not.
pub struct Line {
    /// Its name in the report.
    pub id: String,
    /// Whether it is a true positive, where that is told.
    pub positive: Option<bool>,
    /// Whether its label is certain: where `label_strength` is told, only `strong` is.
    pub strong: bool,
    /// The detection.
    pub detection: Detection,
    /// Its behaviour with its rule, as triages know it.
    pub fingerprint: String,
    /// All fields beside the detection.
    pub fields: Map<String, Value>,
}

impl Line {
    /// A text field up to `#`, `@` or a second `:`, so that records of one source fall together.
    pub fn field(&self, name: &str) -> Option<&str> {
        let text = self.fields.get(name)?.as_str()?;
        let text = text.split(['#', '@']).next()?;
        Some(text.match_indices(':').nth(1).map_or(text, |(at, _)| &text[..at]))
    }

    /// Whether its field `licence` is one of these, or none is asked for.
    pub fn is_under(&self, licences: &[String]) -> bool {
        let licence = self.fields.get("licence").and_then(Value::as_str).unwrap_or_default();
        licences.is_empty() || licences.iter().any(|one| one == licence)
    }

    /// It as an example to learn from, where it has a label; `group` stays together.
    pub fn example(&self, group: &str) -> Option<Example> {
        Some(Example {
            features: features::of(&self.detection)?,
            positive: self.positive?,
            behaviour: self.behaviour(),
            group: group.to_owned(),
        })
    }

    /// Rule, image and parent image: what people would call one behaviour.
    pub fn behaviour(&self) -> String {
        let image = |process: Option<crate::domain::detection::Process>| {
            process.map(|process| fingerprint::path(&process.path)).unwrap_or_default()
        };
        let detection = &self.detection;
        format!("{}\n{}\n{}", detection.rule.title, image(detection.process()), image(detection.parent()))
    }
}

/// Reads a file; a line that can't be used is named.
pub fn read(path: &Path) -> Result<File, CliError> {
    let told = |problem: String| CliError::Failed(format!("{}: {problem}", path.display()));
    let input = std::fs::File::open(path).map_err(|error| told(error.to_string()))?;
    let text = file::text(input).map_err(|error| told(error.to_string()))?;
    let mut lines = Vec::new();
    let mut ids = HashSet::new();
    for (at, raw) in text.lines().enumerate().filter(|(_, raw)| !raw.trim().is_empty()) {
        let line = line(raw).map_err(|problem| told(format!("line {}: {problem}", at + 1)))?;
        if !ids.insert(line.id.clone()) {
            return failed(format!("{}: line {}: id: {} is there twice", path.display(), at + 1, line.id));
        }
        lines.push(line);
    }
    if lines.is_empty() {
        return failed(format!("{}: holds no line", path.display()));
    }
    Ok(File { sha256: hex::encode(Sha256::digest(text.as_bytes())), lines })
}

fn line(raw: &str) -> Result<Line, String> {
    let mut fields: Map<String, Value> = serde_json::from_str(raw).map_err(|error| error.to_string())?;
    let mut document = fields.remove("detection").ok_or("detection: is missing")?;
    made_up::remove(&mut document, &fields);
    let detection = Detection::read(&document).map_err(|error| format!("detection.{error}"))?;
    let text = |name: &str| fields.get(name).and_then(Value::as_str);
    let id = text("id").map(str::to_owned).ok_or("id: must be a text")?;
    let positive = match fields.get("label") {
        None | Some(Value::Null) => None,
        Some(Value::String(label)) => match label.as_str() {
            "true_positive" => Some(true),
            "false_positive" | "benign_true_positive" => Some(false),
            other => {
                return Err(format!("label: {other:?} is none of true_positive, false_positive, benign_true_positive"));
            }
        },
        Some(_) => return Err("label: must be a text".to_owned()),
    };
    let strong = text("label_strength").is_none_or(|strength| strength == "strong");
    Ok(Line { id, positive, strong, fingerprint: fingerprint::of(&detection), detection, fields })
}
