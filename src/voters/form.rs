//! The form of an answer: as a JSON schema, as one for picky servers, and in words.
use crate::domain::Severity;
use crate::domain::answer::Recommendation;
use serde_json::{Map, Value, json};

/// Texts of an answer and the room each has.
pub(super) const TEXTS: &[(&str, usize)] = &[
    ("what_happened", 240),
    ("evidence_malicious", 300),
    ("evidence_benign", 300),
    ("missing_information", 200),
    ("ioc_analysis", 400),
    ("false_positive_reason", 200),
];
/// Bounds that some providers refuse, and how each is told instead.
const BOUNDS: [(&str, &str); 4] = [
    ("minimum", "at least"),
    ("maximum", "at most"),
    ("maxLength", "characters at most:"),
    ("maxItems", "items at most:"),
];

/// The JSON schema of an answer: flat, closed, evidence before verdict, confidence last.
pub fn schema() -> Value {
    let text = |max: usize| json!({"type": "string", "maxLength": max});
    let words = |list: Vec<&str>| json!({"type": "string", "enum": list});
    let percent = json!({"type": "integer", "minimum": 0, "maximum": 100});
    let list = |items: Value, most: usize| json!({"type": "array", "maxItems": most, "items": items});
    let properties = json!({
        "what_happened": text(240),
        "evidence_malicious": text(300),
        "evidence_benign": text(300),
        "missing_information": text(200),
        "ioc_analysis": text(400),
        "verdict": words(vec!["true_positive", "false_positive", "needs_review"]),
        "false_positive_reason": text(200),
        "severity": words(Severity::ALL.iter().map(|word| word.as_str()).collect()),
        "risk_score": percent,
        "mitre_techniques": list(text(9), 5),
        "iocs": list(text(300), 10),
        "recommended_actions": list(words(Recommendation::ALL.iter().map(|word| word.as_str()).collect()), 3),
        "investigation_questions": list(text(160), 3),
        "confidence": percent,
    });
    let required: Vec<_> = properties.as_object().into_iter().flat_map(Map::keys).cloned().collect();
    json!({"type": "object", "additionalProperties": false, "required": required, "properties": properties})
}

/// The schema without bounds: they stand in the descriptions, and reading an answer checks them.
pub fn without_bounds() -> Value {
    let mut schema = schema();
    loosen(&mut schema);
    schema
}

fn loosen(schema: &mut Value) {
    let Some(map) = schema.as_object_mut() else { return };
    let bounds =
        BOUNDS.iter().filter_map(|(bound, words)| map.shift_remove(*bound).map(|value| format!("{words} {value}")));
    let told = bounds.collect::<Vec<_>>().join(", ");
    if !told.is_empty() {
        map.insert("description".to_owned(), Value::String(told));
    }
    if let Some(items) = map.get_mut("items") {
        loosen(items);
    }
    for property in map.get_mut("properties").and_then(Value::as_object_mut).into_iter().flat_map(Map::values_mut) {
        loosen(property);
    }
}

/// A system message that tells the form in words, for what takes no schema.
pub fn in_words(system: &str) -> String {
    format!("{system}\n\nThe JSON object must fit this schema:\n{}", schema())
}
