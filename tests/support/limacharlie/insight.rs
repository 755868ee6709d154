//! What LimaCharlie keeps: detections, events, indicators.
use super::state::{Kept, State};
use super::wire::{Asked, Reply};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

pub fn answer(state: &mut State, asked: &Asked, path: &[&str]) -> Reply {
    match path {
        ["detections"] => {
            let cat = asked.query.get("cat");
            let fits = |one: &&Value| cat.is_none_or(|cat| one["cat"] == cat.as_str());
            let found = state.detections.iter().filter(fits).collect();
            page(state, asked, "detects", found, |one| one["ts"].as_i64().unwrap_or_default())
        }
        ["detections", id] => match state.detections.iter().find(|one| one["detect_id"] == *id) {
            Some(one) => Reply::json(json!({ "event": one })),
            None => Reply::error(404, "not found"),
        },
        ["objects", kind] => object(state, asked, kind),
        [sid] => {
            let kind = asked.query.get("event_type");
            let fits = |one: &&Value| kind.is_none_or(|kind| one["routing"]["event_type"] == kind.as_str());
            let all = kept(state, sid);
            page(state, asked, "events", all.iter().filter(fits).collect(), event_ms)
        }
        [sid, "overview"] => {
            let mut seconds: Vec<_> = overview(state, sid).iter().map(|one| event_ms(one) / 1000).collect();
            seconds.sort_unstable();
            seconds.dedup();
            Reply::json(json!({ "overview": seconds }))
        }
        [sid, atom] => match kept(state, sid).into_iter().find(|one| one["routing"]["this"] == *atom) {
            Some(one) => Reply::json(json!({ "event": one })),
            None => Reply::error(404, "not found"),
        },
        [sid, atom, "children"] => {
            let below: Vec<_> = kept(state, sid).into_iter().filter(|one| one["routing"]["parent"] == *atom).collect();
            Reply::json(json!({ "events": asked.packed(&below) }))
        }
        _ => Reply::error(404, "not found"),
    }
}

fn event_ms(event: &Value) -> i64 {
    event["routing"]["event_time"].as_i64().unwrap_or_default()
}

fn of_sensor<'a>(state: &'a State, sid: &'a str) -> impl Iterator<Item = &'a Value> {
    state.events.iter().filter(move |one| one["routing"]["sid"] == sid)
}

/// What is still there of a sensor.
fn kept(state: &State, sid: &str) -> Vec<Value> {
    let there = |one: &&Value| match &state.kept {
        Kept::Everything => true,
        Kept::Nothing => false,
        Kept::Since(ms) => event_ms(one) >= *ms,
        Kept::Without(types) => !types.iter().any(|kind| one["routing"]["event_type"] == kind.as_str()),
    };
    of_sensor(state, sid).filter(there).cloned().collect()
}

/// What shows that there was something.
fn overview(state: &State, sid: &str) -> Vec<Value> {
    match state.kept {
        Kept::Since(_) => kept(state, sid),
        _ => of_sensor(state, sid).cloned().collect(),
    }
}

/// The page that a cursor stands for: an offset, and whether its empty page was given.
fn page(state: &State, asked: &Asked, list: &str, mut all: Vec<&Value>, ms: fn(&Value) -> i64) -> Reply {
    all.retain(|one| asked.covers(ms(one)));
    all.sort_by_cached_key(|one| ms(one));
    if asked.query.get("is_forward").is_some_and(|forward| forward == "false") {
        all.reverse();
    }
    if let Some(limit) = asked.number("limit") {
        all.truncate(usize::try_from(limit).unwrap_or_default());
    }
    let Some((at, emptied)) = place(asked.query.get("cursor").map_or("-", String::as_str)) else {
        return Reply::error(400, "bad cursor");
    };
    if state.empty_pages && !emptied {
        return Reply::json(json!({ list: asked.packed(&[]), "next_cursor": cursor(at, true) }));
    }
    let first = if state.repeats { at.saturating_sub(1) } else { at };
    let end = (at + state.page).min(all.len());
    let next = if state.endless { Some(cursor(0, true)) } else { (end < all.len()).then(|| cursor(end, false)) };
    let some: Vec<Value> = all[first.min(end)..end].iter().map(|one| (*one).clone()).collect();
    Reply::json(json!({ list: asked.packed(&some), "next_cursor": next }))
}

fn cursor(at: usize, emptied: bool) -> String {
    STANDARD.encode(format!("{at}:{}", u8::from(emptied)))
}

fn place(cursor: &str) -> Option<(usize, bool)> {
    if cursor == "-" {
        return Some((0, false));
    }
    let text = String::from_utf8(STANDARD.decode(cursor).ok()?).ok()?;
    let (at, emptied) = text.split_once(':')?;
    Some((at.parse().ok()?, emptied == "1"))
}

fn object(state: &State, asked: &Asked, kind: &str) -> Reply {
    let Some(name) = asked.query.get("name") else { return Reply::error(400, "missing name") };
    let rows = state.objects.get(name).and_then(Value::as_object);
    if asked.query.get("info").is_some_and(|info| info == "locations") {
        return Reply::json(rows.map_or_else(|| json!({}), |rows| json!(rows)));
    }
    let seen = rows.map_or(0, serde_json::Map::len);
    Reply::json(json!({
        "from_cache": false, "type": kind, "name": name,
        "last_1_days": 0, "last_7_days": seen, "last_30_days": seen, "last_365_days": seen,
    }))
}
