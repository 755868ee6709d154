//! LCQL: no language is read, the window is; a search is done after some polls and stays until it is removed.
use super::state::State;
use super::wire::{Asked, Reply};
use serde_json::{Value, json};

pub fn answer(state: &mut State, asked: &Asked, path: &[&str]) -> Reply {
    match (asked.method.as_str(), path) {
        ("POST", []) => {
            let id = format!("q-{}", state.next());
            let mut query = asked.json.clone();
            query["polls"] = json!(state.search_polls);
            state.searches.insert(id.clone(), query);
            Reply::json(json!({ "queryId": id }))
        }
        ("DELETE", [id]) => {
            state.searches.remove(*id);
            Reply::done()
        }
        ("GET", [id]) => poll(state, asked, id),
        _ => Reply::error(404, "not found"),
    }
}

fn poll(state: &mut State, asked: &Asked, id: &str) -> Reply {
    let Some(query) = state.searches.get_mut(id) else { return Reply::error(404, "no such query") };
    let polls = query["polls"].as_u64().unwrap_or_default();
    if polls > 0 {
        query["polls"] = json!(polls - 1);
        return Reply::json(json!({"completed": false, "nextPollInMs": 50, "results": []}));
    }
    let seconds = |name: &str| query[name].as_str().and_then(|text| text.parse::<i64>().ok()).unwrap_or_default();
    let (start, end) = (seconds("startTime") * 1000, seconds("endTime") * 1000 + 999);
    let ms = |event: &Value| event["routing"]["event_time"].as_i64().unwrap_or_default();
    let found: Vec<_> = state.events.iter().filter(|event| (start..=end).contains(&ms(event))).collect();
    let at = asked.query.get("token").and_then(|token| token.parse().ok()).unwrap_or(0_usize).min(found.len());
    let stop = (at + state.page).min(found.len());
    let row = |event: &&Value| {
        let about =
            json!({"id": event["routing"]["event_id"], "ts": ms(event), "stream": "event", "projection": false});
        json!({"mtd": about, "data": event})
    };
    let rows: Vec<_> = found[at..stop].iter().map(row).collect();
    let mut part =
        json!({"searchResultId": "1", "type": "events", "rows": rows, "stats": {"eventsMatched": found.len()}});
    if stop < found.len() {
        part["nextToken"] = json!(stop.to_string());
    }
    Reply::json(json!({"completed": true, "results": [part]}))
}
