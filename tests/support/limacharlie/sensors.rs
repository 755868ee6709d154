//! Sensors: information, tags, isolation, tasks.
use super::state::State;
use super::wire::{Asked, Reply};
use serde_json::{Map, Value, json};

pub fn answer(state: &mut State, asked: &Asked, path: &[&str]) -> Reply {
    match path {
        ["sensors", _] => {
            let all: Vec<_> = state.sensors.keys().map(|sid| info(state, sid)).collect();
            Reply::json(json!({"sensors": asked.packed(&all), "continuation_token": ""}))
        }
        ["online", _] => {
            let online = |sid: &String| state.sensors.get(sid).is_some_and(|sensor| sensor.online);
            let asked = asked.fields("sids").into_iter().map(|sid| (sid.clone(), json!(online(&sid))));
            Reply::json(Value::Object(asked.collect()))
        }
        ["tags", _] => {
            let mut all: Vec<_> = state.sensors.values().flat_map(|sensor| sensor.tags.keys()).collect();
            all.sort();
            all.dedup();
            Reply::json(json!({ "tags": all }))
        }
        ["tags", _, tag] => {
            let with = state.sensors.iter().filter(|(_, sensor)| sensor.tags.contains_key(*tag));
            let rows = with.map(|(sid, sensor)| (sid.clone(), json!(sensor.tags.keys().collect::<Vec<_>>())));
            Reply::json(Value::Object(rows.collect()))
        }
        [sid, rest @ ..] if state.sensors.contains_key(*sid) => one(state, asked, sid, rest),
        _ => Reply::error(404, "unknown sensor"),
    }
}

fn one(state: &mut State, asked: &Asked, sid: &str, path: &[&str]) -> Reply {
    match (asked.method.as_str(), path) {
        ("GET", []) => {
            look(state, sid);
            let online = state.sensors[sid].online;
            let since = if online { json!({ sid: jiff::Timestamp::now().as_second() }) } else { json!({}) };
            Reply::json(json!({"info": info(state, sid), "online": since, "is_online": online}))
        }
        ("POST", []) => {
            let investigation = asked.field("investigation_id").unwrap_or_default().to_owned();
            let given = asked.fields("tasks").into_iter().map(|task| (sid.to_owned(), task, investigation.clone()));
            state.tasks.extend(given);
            Reply::done()
        }
        (_, ["tags"]) => tags(state, asked, sid),
        (method, ["isolation"]) => isolation(state, method, sid),
        _ => Reply::error(404, "not found"),
    }
}

fn tags(state: &mut State, asked: &Asked, sid: &str) -> Reply {
    let Some(sensor) = state.sensors.get_mut(sid) else { return Reply::error(404, "unknown sensor") };
    let values = ["tags", "tag"].iter().flat_map(|name| asked.fields(name)).collect::<Vec<_>>();
    let names = values.iter().flat_map(|value| value.split(','));
    match asked.method.as_str() {
        "POST" => {
            let seconds = asked.field("ttl").map(str::to_owned);
            sensor.tags.extend(names.map(|name| (name.to_owned(), seconds.clone())));
        }
        "DELETE" => names.for_each(|name| {
            sensor.tags.remove(name);
        }),
        _ => {
            let row = |name: &String| (name.clone(), json!([sid, name, "fake-key", "2026-03-19 06:29:39"]));
            let rows: Map<String, Value> = sensor.tags.keys().map(row).collect();
            return Reply::json(json!({"tags": {sid: rows}}));
        }
    }
    Reply::done()
}

fn isolation(state: &mut State, method: &str, sid: &str) -> Reply {
    if method == "GET" {
        look(state, sid);
        let sensor = &state.sensors[sid];
        return Reply::json(json!({"is_isolated": sensor.actual, "should_isolate": sensor.wanted}));
    }
    let looks = state.isolation_looks;
    if let Some(sensor) = state.sensors.get_mut(sid) {
        sensor.wanted = method == "POST";
        sensor.looks_left = looks;
    }
    Reply::done()
}

/// The sensor hears of its isolation after some looks at it.
fn look(state: &mut State, sid: &str) {
    let Some(sensor) = state.sensors.get_mut(sid) else { return };
    if sensor.looks_left == 0 {
        sensor.actual = sensor.wanted;
    } else {
        sensor.looks_left -= 1;
    }
}

fn info(state: &State, sid: &str) -> Value {
    let sensor = &state.sensors[sid];
    json!({
        "sid": sid, "oid": state.oid, "iid": "", "did": "", "plat": 268_435_456, "arch": 2, "hostname": sensor.hostname,
        "ext_ip": "198.51.100.7", "int_ip": "192.0.2.7", "mac_addr": "00-00-00-00-00-00",
        "enroll": "2026-01-01 00:00:00", "alive": "2026-03-19 06:29:39", "kernel": true, "should_seal": false,
        "isolated": sensor.actual, "is_isolated": sensor.actual, "should_isolate": sensor.wanted,
    })
}
