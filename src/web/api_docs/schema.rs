//! Schemas of the API's document in words, as lines of a table, and as an example.
use super::{Text, entries, list, pieces, text};
use serde_json::{Map, Value, json};

/// Bodies hold others at most so deep; a schema that holds itself ends here.
const DEEP: usize = 4;

/// A parameter, or a property of a body.
pub struct Field {
    /// Its name; with a dot below an object and with `[]` in a list.
    pub name: String,
    /// `path`, `query` or nothing.
    pub place: String,
    /// What it may be.
    pub kind: String,
    /// Whether it must be there.
    pub needed: bool,
    /// What it is for.
    pub about: Text,
}

/// A schema, or the one that it points to.
pub fn resolved<'a>(document: &'a Value, schema: &'a Value) -> &'a Value {
    let pointed = schema["$ref"].as_str().and_then(|place| document.pointer(place.strip_prefix('#')?));
    pointed.unwrap_or(schema)
}

/// The schemas of which one must fit, where there are such.
fn choices(schema: &Value) -> Vec<&Value> {
    list(&schema["anyOf"]).chain(list(&schema["oneOf"])).collect()
}

/// What a value may be, in words.
pub fn kind(document: &Value, schema: &Value) -> String {
    let schema = resolved(document, schema);
    let choices = choices(schema);
    if !choices.is_empty() {
        return choices.iter().map(|one| kind(document, one)).collect::<Vec<_>>().join(" or ");
    }
    if schema["enum"].is_array() {
        return words(&schema["enum"]);
    }
    let types: Vec<&str> = match &schema["type"] {
        Value::String(one) => vec![one.as_str()],
        several => list(several).filter_map(Value::as_str).collect(),
    };
    let said = types.iter().map(|name| match *name {
        "string" if schema["format"] == "date-time" => "time of RFC 3339".to_owned(),
        "string" => "text".to_owned(),
        "integer" => "whole number".to_owned(),
        "boolean" => "true or false".to_owned(),
        "array" => format!("list, each: {}", kind(document, &schema["items"])),
        other => other.to_owned(),
    });
    let bounds = bounds(schema);
    let said = said.collect::<Vec<_>>().join(" or ");
    if bounds.is_empty() { said } else { format!("{said}, {bounds}") }
}

/// A closed list.
fn words(all: &Value) -> String {
    let full: Vec<&str> = list(all).filter_map(Value::as_str).filter(|word| !word.is_empty()).collect();
    let or = |there: bool, what: &str| if there { format!(", or {what}") } else { String::new() };
    let (empty, null) = (list(all).any(|word| word == ""), list(all).any(Value::is_null));
    format!("one of {}{}{}", full.join(", "), or(empty, "empty"), or(null, "null"))
}

/// The limits of a number, a text or a list.
fn bounds(schema: &Value) -> String {
    let within = |least: &str, most: &str, what: &str| match (schema[least].as_i64(), schema[most].as_i64()) {
        (None, None) => None,
        (Some(least), None) => Some(format!("{least}{what} or more")),
        (None, Some(most)) => Some(format!("at most {most}{what}")),
        (Some(least), Some(most)) => Some(format!("{least} to {most}{what}")),
    };
    let all = [
        within("minimum", "maximum", ""),
        within("minLength", "maxLength", " characters"),
        within("minItems", "maxItems", " of them"),
        schema["pattern"].as_str().map(|pattern| format!("like {pattern}")),
    ];
    all.into_iter().flatten().collect::<Vec<_>>().join(", ")
}

/// The properties of an object, or of the objects of a list, with those of the objects in them.
pub fn fields(document: &Value, schema: &Value) -> Vec<Field> {
    let mut all = Vec::new();
    below(document, schema, ("", DEEP), &mut all);
    all
}

fn below(document: &Value, schema: &Value, (prefix, deep): (&str, usize), all: &mut Vec<Field>) {
    let schema = resolved(document, schema);
    if deep == 0 {
        return;
    }
    for one in choices(schema) {
        below(document, one, (prefix, deep - 1), all);
    }
    for (name, property) in entries(&schema["properties"]) {
        let name = format!("{prefix}{name}");
        all.push(Field {
            place: String::new(),
            kind: kind(document, property),
            needed: list(&schema["required"]).any(|one| *one == name[prefix.len()..]),
            about: pieces(&property["description"]),
            name: name.clone(),
        });
        below(document, property, (&format!("{name}."), deep - 1), all);
        below(document, &property["items"], (&format!("{name}[]."), deep - 1), all);
    }
}

/// A value that fits, with what must be there and no more; of an object that needs nothing one property.
pub fn sample(document: &Value, schema: &Value) -> Value {
    let schema = resolved(document, schema);
    if let Some(first) = choices(schema).first() {
        return sample(document, first);
    }
    if let Some(word) = list(&schema["enum"]).find(|word| !word.is_null() && *word != "") {
        return word.clone();
    }
    let kind = schema["type"].as_str().or_else(|| schema["type"][0].as_str()).unwrap_or_default();
    match kind {
        "string" if schema["format"] == "date-time" => json!("2030-01-31T08:00:00Z"),
        "string" => json!("text"),
        "integer" => json!(schema["minimum"].as_i64().unwrap_or(1).max(1)),
        "boolean" => json!(true),
        "array" => json!([sample(document, &schema["items"])]),
        _ => object(document, schema),
    }
}

fn object(document: &Value, schema: &Value) -> Value {
    let mut needed: Vec<String> = list(&schema["required"]).map(text).collect();
    if needed.is_empty() {
        // A free text says less than a word of a list or a time.
        let mut closed =
            entries(&schema["properties"]).filter(|(_, one)| one["enum"].is_array() || one["format"] == "date-time");
        let first = closed.next().or_else(|| entries(&schema["properties"]).next());
        needed.extend(first.map(|(name, _)| name.clone()));
    }
    let with = |name: String| {
        let value = sample(document, &schema["properties"][&name]);
        (name, value)
    };
    Value::Object(needed.into_iter().map(with).collect::<Map<_, _>>())
}
