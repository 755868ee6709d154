//! The reference of all settings as Markdown, made from the types that read them: nothing here knows a setting.
use super::Config;
use schemars::generate::SchemaSettings;
use serde_json::{Map, Value};
use std::fmt::Write;

const HEAD: &str = "# Settings of FusionSOC

They are read from `fusionsoc.toml` in the working folder, or from the file of `--config` or `FUSIONSOC_CONFIG`. An \
environment variable wins over the file; an unknown key is an error that names it. `fusionsoc config example` prints \
the same as a file to begin with. What is marked as a secret is never told, neither by a page nor in a log; \
a file that holds one must be readable by its owner alone (mode 0600).
";

/// Where something stands: `path` as in `notify.smtp`, and whether a list is on the way, where no variable reaches.
struct Place {
    path: String,
    listed: bool,
}

impl Place {
    fn below(&self, name: &str, listed: bool) -> Self {
        let path = if self.path.is_empty() { name.to_owned() } else { format!("{}.{name}", self.path) };
        Self { path, listed: self.listed || listed }
    }
}

/// All settings as Markdown: a heading of the second level for each table, one of the third for each key, with what it
/// is for, type, default, the environment variable of a scalar, and how a secret is given.
pub fn reference() -> String {
    let settings = SchemaSettings::draft2020_12().with(|settings| settings.inline_subschemas = true);
    let schema: Value = settings.into_generator().into_root_schema_for::<Config>().into();
    let mut text = HEAD.to_owned();
    keys(&mut text, &schema, &Place { path: String::new(), listed: false });
    text
}

/// The shape of a table or of the tables of a list; none for the value of a key. Values alone have a default that can
/// be shown, and a table of free keys has one.
fn table(schema: &Value) -> Option<(&Value, bool)> {
    let shape = |schema: &Value| schema["properties"].is_object() && schema.get("default").is_none();
    let items = &schema["items"];
    if shape(schema) { Some((schema, false)) } else { shape(items).then_some((items, true)) }
}

fn keys(text: &mut String, schema: &Value, place: &Place) {
    let Some(all) = schema["properties"].as_object() else { return };
    let needed = |name: &str| schema["required"].as_array().is_some_and(|names| names.iter().any(|one| one == name));
    for (name, key) in all.iter().filter(|(_, key)| table(key).is_none()) {
        let _ = write!(text, "\n### `{}`\n\n{}\n\n", place.below(name, false).path, about(key));
        for line in facts(key, needed(name)).into_iter().chain(given(name, key, all, place)) {
            let _ = writeln!(text, "- {line}");
        }
    }
    for (name, key) in all {
        let Some((shape, listed)) = table(key) else { continue };
        let below = place.below(name, listed);
        let path = &below.path;
        let title = if listed { format!("[[{path}]]") } else { format!("[{path}]") };
        let _ = write!(text, "\n## `{title}`\n\n{}\n", about(key));
        if listed {
            text.push_str("\nMay be there several times.\n");
        }
        keys(text, shape, &below);
    }
}

/// A doc comment as one paragraph.
fn about(schema: &Value) -> String {
    schema["description"].as_str().unwrap_or_default().split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Type and default.
fn facts(key: &Value, needed: bool) -> Vec<String> {
    let default = match key.get("default") {
        _ if needed => "none; it must be set".to_owned(),
        None | Some(Value::Null) => "none".to_owned(),
        Some(value) => format!("`{}`", toml(value)),
    };
    vec![format!("Type: {}", kind(key)), format!("Default: {default}")]
}

/// The environment variable of a scalar, and how a secret is given.
fn given(name: &str, key: &Value, all: &Map<String, Value>, place: &Place) -> Vec<String> {
    let mut lines = Vec::new();
    let whole = place.below(name, false).path;
    if !place.listed && !["array", "object"].contains(&first_type(key)) {
        lines.push(format!("Environment: `FUSIONSOC__{}`", whole.to_uppercase().replace('.', "__")));
    }
    match key["x-secret"].as_str() {
        Some("file") => {
            let variable = key["x-variable"].as_str();
            let or = variable.map(|name| format!("; without a file the secret may be in `{name}`")).unwrap_or_default();
            lines.push(format!("Secret: in the file that is named here{or}"));
        }
        Some(_) => {
            let file = Some(format!("{name}_file")).filter(|file| all.contains_key(file));
            let or = file.map(|file| format!("; as a file: `{}`", place.below(&file, false).path)).unwrap_or_default();
            lines.push(format!("Secret: from the environment alone{or}"));
        }
        None => {}
    }
    lines
}

/// The type's name, the first one where null is another.
fn first_type(schema: &Value) -> &str {
    let kind = &schema["type"];
    kind.as_str().or_else(|| kind[0].as_str()).unwrap_or_default()
}

/// The type in words; a closed list of words with what each stands for.
fn kind(schema: &Value) -> String {
    if let Some(words) = schema["oneOf"].as_array() {
        let word = |word: &Value| format!("\n  - `{}`: {}", word["const"].as_str().unwrap_or_default(), about(word));
        return format!("one of{}", words.iter().map(word).collect::<String>());
    }
    match (first_type(schema), schema["format"].as_str()) {
        ("string", Some("ip")) => "IP address".to_owned(),
        ("string", _) => "text".to_owned(),
        ("integer", _) => "whole number".to_owned(),
        ("number", _) => "number".to_owned(),
        ("boolean", _) => "`true` or `false`".to_owned(),
        ("array", _) => format!("list, each: {}", kind(&schema["items"])),
        ("object", _) => format!("table, each value: {}", kind(&schema["additionalProperties"])),
        (other, _) => other.to_owned(),
    }
}

/// A value as it stands in the file.
fn toml(value: &Value) -> String {
    match value {
        Value::Array(all) => format!("[{}]", all.iter().map(toml).collect::<Vec<_>>().join(", ")),
        Value::Object(all) => {
            let pairs: Vec<_> = all.iter().map(|(name, value)| format!("{name} = {}", toml(value))).collect();
            format!("{{ {} }}", pairs.join(", "))
        }
        other => other.to_string(),
    }
}
