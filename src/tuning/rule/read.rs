//! Reads a rule; whatever it does not understand is an error that names it.
use super::leaf::{How, Leaf, SubDomain, Transform};
use super::{Node, RuleError, Test, invalid, unsupported};
use crate::tuning::network::{Kind, Network};
use crate::tuning::path::Path;
use regex::RegexBuilder;
use serde_json::{Map, Value};

const DEEPEST: usize = 16;
const MOST_NODES: usize = 200;
const LONGEST_TEXT: usize = 8 * 1024;
const MOST_TEXTS: usize = 100;
/// What a compiled pattern may take, in bytes.
const PATTERN_SIZE: usize = 1024 * 1024;

/// How many conditions a rule may still have.
pub(super) struct Left(usize);

impl Left {
    pub const fn new() -> Self {
        Self(MOST_NODES)
    }
}

pub(super) fn node(rule: &Value, left: &mut Left, depth: usize) -> Result<Node, RuleError> {
    let Some(map) = rule.as_object() else { return invalid("rule", "must be an object") };
    if depth > DEEPEST {
        return invalid("rules", "are nested too deeply");
    }
    left.0 = left.0.saturating_sub(1);
    if left.0 == 0 {
        return invalid("rules", "are too many");
    }
    let op = text(map, "op")?;
    let test = match op.as_str() {
        "and" | "or" => {
            only(map, &op, &["rules"])?;
            let Some(Value::Array(rules)) = map.get("rules") else { return invalid("rules", "must be a list") };
            if rules.is_empty() {
                return invalid("rules", "are missing");
            }
            let nodes = rules.iter().map(|rule| node(rule, left, depth + 1)).collect::<Result<_, _>>()?;
            if op == "and" { Test::And(nodes) } else { Test::Or(nodes) }
        }
        "scope" => {
            only(map, &op, &["path", "rule"])?;
            let Some(inner) = map.get("rule") else { return invalid("rule", "is missing") };
            Test::Scope(Path::read(&text(map, "path")?)?, Box::new(node(inner, left, depth + 1)?))
        }
        "is platform" => {
            only(map, &op, &["name"])?;
            Test::Platform(known_platform(text(map, "name")?)?)
        }
        "is windows" | "is linux" | "is macos" => {
            only(map, &op, &[])?;
            Test::Platform(op.trim_start_matches("is ").to_owned())
        }
        "is tagged" => {
            only(map, &op, &["tag"])?;
            Test::Tagged(text(map, "tag")?)
        }
        _ => Test::Leaf(leaf(map, &op)?),
    };
    Ok(Node { not: flag(map, "not")?.unwrap_or(false), test })
}

/// Platforms whose LimaCharlie name is that of `domain::platform` in lower case.
fn known_platform(name: String) -> Result<String, RuleError> {
    match name.as_str() {
        "windows" | "linux" | "macos" | "ios" | "android" | "vpn" | "crowdstrike" | "okta" | "github" | "slack"
        | "aws" | "sophos" | "1password" => Ok(name),
        other => unsupported(format!("the platform {}", short(other))),
    }
}

fn leaf(map: &Map<String, Value>, op: &str) -> Result<Leaf, RuleError> {
    let transforms = &["file name", "sub domain", "case sensitive"];
    let keys: &[&str] = match op {
        "is" | "starts with" | "ends with" => &["value"],
        "exists" => &["truthy"],
        "contains" => &["value", "count"],
        "is greater than" | "is lower than" => &["value", "length of"],
        "matches" => &["re"],
        "string distance" => &["value", "max"],
        "cidr" => &["cidr"],
        _ => &[],
    };
    let how = how(map, op)?;
    let textual = matches!(op, "is" | "starts with" | "ends with" | "contains" | "matches" | "string distance");
    let allowed: Vec<&str> =
        keys.iter().chain(&["path"]).chain(transforms.iter().filter(|_| textual)).copied().collect();
    only(map, op, &allowed)?;
    let transform = Transform {
        file_name: flag(map, "file name")?.unwrap_or(false),
        sub_domain: sub_domain(map.get("sub domain"))?,
    };
    let cased = flag(map, "case sensitive")?.unwrap_or(true);
    Ok(Leaf { path: Path::read(&text(map, "path")?)?, transform, cased, how })
}

fn how(map: &Map<String, Value>, op: &str) -> Result<How, RuleError> {
    if let Some(rest) = op.strip_prefix("is ").and_then(|op| op.strip_suffix("address")) {
        return address(rest.trim(), op);
    }
    Ok(match op {
        "is" => How::Is(plain(map)?),
        "exists" => How::Exists { truthy: flag(map, "truthy")?.unwrap_or(false) },
        "contains" => How::Contains { text: plain_text(map)?, count: whole(map, "count")?.unwrap_or(1).max(1) },
        "starts with" => How::StartsWith(plain_text(map)?),
        "ends with" => How::EndsWith(plain_text(map)?),
        "is greater than" | "is lower than" => {
            let Some(than) = map.get("value").and_then(Value::as_f64) else {
                return invalid("value", "must be a number");
            };
            How::Compare { greater: op == "is greater than", than, length: flag(map, "length of")?.unwrap_or(false) }
        }
        "matches" => How::Matches(pattern(&text(map, "re")?, flag(map, "case sensitive")?.unwrap_or(false))?),
        "string distance" => {
            let Some(max) = whole(map, "max")? else { return invalid("max", "is missing") };
            How::Distance { to: texts(map)?, max }
        }
        "cidr" => How::Cidr(Network::read(&text(map, "cidr")?)?),
        other => return unsupported(format!("the operator {}", short(other))),
    })
}

fn address(kind: &str, op: &str) -> Result<How, RuleError> {
    let (private, version) = match kind {
        "private" => (true, None),
        "private ipv4" => (true, Some(4)),
        "private ipv6" => (true, Some(6)),
        "public" => (false, None),
        "public ipv4" => (false, Some(4)),
        "public ipv6" => (false, Some(6)),
        _ => return unsupported(format!("the operator {}", short(op))),
    };
    Ok(How::Address(Kind { private, version }))
}

/// LimaCharlie uses RE2, whose classes such as `\d` know ASCII alone; here they know Unicode and match
/// more, so that a back-test rather tells of a hit too many.
fn pattern(re: &str, cased: bool) -> Result<regex::Regex, RuleError> {
    let built = RegexBuilder::new(re)
        .case_insensitive(!cased)
        .size_limit(PATTERN_SIZE)
        .dfa_size_limit(PATTERN_SIZE)
        .nest_limit(50)
        .build();
    match built {
        Ok(pattern) => Ok(pattern),
        Err(regex::Error::CompiledTooBig(_)) => unsupported("the pattern in re is too large"),
        Err(_) => unsupported("the pattern in re"),
    }
}

fn sub_domain(value: Option<&Value>) -> Result<Option<SubDomain>, RuleError> {
    let text = match value {
        None => return Ok(None),
        Some(Value::String(text)) => text.clone(),
        Some(Value::Number(number)) => number.to_string(),
        Some(_) => return invalid("sub domain", "must be a slice such as -2:"),
    };
    let part = |text: &str| if text.is_empty() { Some(None) } else { text.parse::<i64>().ok().map(Some) };
    let read = match text.split_once(':') {
        Some(("", "")) => Some(SubDomain::Each),
        Some((from, to)) => part(from).and_then(|from| Some(SubDomain::Slice(from, part(to)?))),
        None => text.parse().ok().map(SubDomain::At),
    };
    read.map_or_else(|| invalid("sub domain", "must be a slice such as -2:"), |read| Ok(Some(read)))
}

/// A value that stands for itself. `<<path>>` and `[[variable]]` are looked up by LimaCharlie.
fn plain(map: &Map<String, Value>) -> Result<Value, RuleError> {
    match map.get("value") {
        None => invalid("value", "is missing"),
        Some(Value::Object(_) | Value::Array(_)) => unsupported("a value that is a list or an object"),
        Some(Value::String(_)) => Ok(Value::String(plain_text(map)?)),
        Some(value) => Ok(value.clone()),
    }
}

fn plain_text(map: &Map<String, Value>) -> Result<String, RuleError> {
    let text = text(map, "value")?;
    if text.contains("<<") || text.contains("[[") {
        return unsupported("a value with << or [[, which LimaCharlie looks up");
    }
    Ok(text)
}

fn texts(map: &Map<String, Value>) -> Result<Vec<String>, RuleError> {
    let Some(Value::Array(items)) = map.get("value") else { return Ok(vec![plain_text(map)?]) };
    let all: Option<Vec<String>> = items.iter().map(|item| item.as_str().map(str::to_owned)).collect();
    match all {
        Some(all) if all.len() <= MOST_TEXTS && all.iter().all(|text| text.len() <= LONGEST_TEXT) => Ok(all),
        Some(_) => invalid("value", "is too long"),
        None => invalid("value", "must be a text or a list of texts"),
    }
}

fn text(map: &Map<String, Value>, key: &str) -> Result<String, RuleError> {
    match map.get(key) {
        Some(Value::String(text)) if text.len() <= LONGEST_TEXT => Ok(text.clone()),
        Some(Value::String(_)) => invalid(key, "is too long"),
        Some(_) => invalid(key, "must be a text"),
        None => invalid(key, "is missing"),
    }
}

fn flag(map: &Map<String, Value>, key: &str) -> Result<Option<bool>, RuleError> {
    match map.get(key) {
        None => Ok(None),
        Some(Value::Bool(flag)) => Ok(Some(*flag)),
        Some(_) => invalid(key, "must be true or false"),
    }
}

fn whole(map: &Map<String, Value>, key: &str) -> Result<Option<usize>, RuleError> {
    match map.get(key) {
        None => Ok(None),
        Some(value) => match value.as_u64().and_then(|number| usize::try_from(number).ok()) {
            Some(number) => Ok(Some(number)),
            None => invalid(key, "must be a whole number"),
        },
    }
}

/// Refuses keys that an operator doesn't have, such as `times`.
fn only(map: &Map<String, Value>, op: &str, keys: &[&str]) -> Result<(), RuleError> {
    let known = |key: &&String| ["op", "not"].contains(&key.as_str()) || keys.contains(&key.as_str());
    match map.keys().find(|key| !known(key)) {
        Some(key) => unsupported(format!("{} of the operator {op}", short(key))),
        None => Ok(()),
    }
}

fn short(text: &str) -> String {
    format!("\"{}\"", text.chars().take(40).collect::<String>())
}
