//! Records by name: false-positive rules, and outputs.
use super::state::State;
use super::token::hex_mac;
use super::wire::{Asked, Reply};
use base64::Engine;
use flate2::read::GzDecoder;
use serde_json::{Value, json};
use std::io::Read;

pub fn answer(state: &mut State, asked: &Asked, path: &[&str]) -> Reply {
    match (asked.method.as_str(), path) {
        ("GET", []) => list(state, asked),
        ("GET", [name, what]) => match state.rules.get(*name) {
            Some(rule) if *what == "data" => Reply::json(rule.clone()),
            Some(rule) => Reply::json(json!({"data": {}, "usr_mtd": rule["usr_mtd"], "sys_mtd": rule["sys_mtd"]})),
            None => missing(),
        },
        ("POST", [name, what]) => set(state, asked, name, *what == "validate"),
        ("DELETE", [name]) => state.rules.remove(*name).map_or_else(missing, |_| Reply::done()),
        _ => Reply::error(404, "not found"),
    }
}

fn missing() -> Reply {
    Reply::error(400, "lc_error_code:RECORD_NOT_FOUND - record not found")
}

/// All at once, or in pages where a limit is given.
fn list(state: &State, asked: &Asked) -> Reply {
    let Some(limit) = asked.number("limit") else { return Reply::json(json!(state.rules)) };
    let after = asked.query.get("cursor").cloned().unwrap_or_default();
    let limit = usize::try_from(limit).unwrap_or(1).min(state.page.max(1));
    let left: Vec<_> = state.rules.iter().filter(|(name, _)| **name > after).collect();
    let records: serde_json::Map<_, _> =
        left.iter().take(limit).map(|(name, rule)| ((*name).clone(), (*rule).clone())).collect();
    let next = if left.len() > limit { left[limit - 1].0.as_str() } else { "" };
    Reply::json(json!({"records": records, "next_cursor": next}))
}

fn set(state: &mut State, asked: &Asked, name: &str, only_checked: bool) -> Reply {
    let known = state.rules.get(name).cloned();
    let data = match (asked.field("data"), asked.field("gzdata")) {
        (Some(text), _) => serde_json::from_str(text).unwrap_or_default(),
        (None, Some(packed)) => unpacked(packed),
        (None, None) => known.as_ref().map_or(Value::Null, |rule| rule["data"].clone()),
    };
    if !data.get("op").is_some_and(Value::is_string) {
        return Reply::error(400, "lc_error_code:INVALID_RECORD - rule without op");
    }
    let etag = known.as_ref().and_then(|rule| rule["sys_mtd"]["etag"].as_str());
    if asked.field("etag").is_some_and(|wanted| Some(wanted) != etag) {
        return Reply::error(409, "lc_error_code:ETAG_MISMATCH - record was modified");
    }
    // Without `enabled` a rule is stored and does nothing.
    let none = json!({"enabled": false, "expiry": 0, "tags": [], "comment": ""});
    let given = asked.field("usr_mtd").and_then(|text| serde_json::from_str(text).ok());
    let about = given.unwrap_or_else(|| known.as_ref().map_or(none, |rule| rule["usr_mtd"].clone()));
    if !only_checked {
        let etag = hex_mac(b"etag", state.next().to_string().as_bytes());
        let system = json!({"etag": etag, "created_by": "fake-key", "last_author": "fake-key", "guid": hex_mac(b"guid", name.as_bytes())});
        state.rules.insert(name.to_owned(), json!({"data": data, "usr_mtd": about, "sys_mtd": system}));
    }
    Reply::json(json!({"guid": "g", "hive": {"name": "fp", "partition": state.oid}, "name": name}))
}

fn unpacked(text: &str) -> Value {
    let packed = base64::engine::general_purpose::STANDARD.decode(text).unwrap_or_default();
    let mut plain = String::new();
    GzDecoder::new(packed.as_slice()).read_to_string(&mut plain).unwrap_or_default();
    serde_json::from_str(&plain).unwrap_or_default()
}

pub fn outputs(state: &mut State, asked: &Asked) -> Reply {
    let name = asked.field("name").unwrap_or_default().to_owned();
    match asked.method.as_str() {
        "GET" => return Reply::json(json!({ state.oid.as_str(): state.outputs })),
        "POST" => drop(state.outputs.insert(name, asked.form.iter().cloned().collect())),
        _ => drop(state.outputs.remove(&name)),
    }
    Reply::done()
}
