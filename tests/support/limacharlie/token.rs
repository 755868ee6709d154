//! Tokens: three parts like real ones, with an end, a generation and the key's permissions.
use super::state::State;
use super::wire::{Asked, Reply};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Value, json};

fn now_s() -> i64 {
    jiff::Timestamp::now().as_second()
}

pub fn hex_mac(key: &[u8], message: &[u8]) -> String {
    let mut mac = Hmac::<sha2::Sha256>::new_from_slice(key).unwrap();
    mac.update(message);
    hex::encode(mac.finalize().into_bytes())
}

pub fn exchange(state: &mut State, asked: &Asked) -> Reply {
    let Some(key) = asked.field("secret").filter(|key| !key.is_empty()) else {
        return Reply::error(400, "missing secret");
    };
    let Some(may) = state.keys.get(key).cloned() else { return Reply::error(401, "unknown api key") };
    let id = state.next();
    let claims = json!({
        "oid": asked.field("oid"), "iat": now_s(), "exp": now_s() + state.token_s, "gen": state.generation,
        "id": id, "perms": may,
    });
    let head = URL_SAFE_NO_PAD.encode(br#"{"alg":"HS256","typ":"JWT"}"#);
    let text = format!("{head}.{}", URL_SAFE_NO_PAD.encode(claims.to_string()));
    Reply::json(json!({"jwt": format!("{text}.{}", hex_mac(b"fake", text.as_bytes()))}))
}

/// What the token of a request may do; nothing where it is not a valid one.
pub fn permissions(state: &State, asked: &Asked) -> Option<Vec<String>> {
    let (kind, token) = asked.headers.get("authorization")?.split_once(' ')?;
    let (text, mac) = token.rsplit_once('.')?;
    let claims: Value = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(text.split_once('.')?.1).ok()?).ok()?;
    let good = kind.eq_ignore_ascii_case("bearer")
        && mac == hex_mac(b"fake", text.as_bytes())
        && claims["exp"].as_i64()? > now_s()
        && claims["gen"].as_i64()? == state.generation;
    good.then(|| serde_json::from_value(claims["perms"].clone()).unwrap_or_default())
}

/// The permission that a call needs.
pub fn needed(method: &str, path: &[&str]) -> Option<&'static str> {
    Some(match (method, path) {
        (_, ["who"]) => return None,
        (_, ["orgs", ..]) => "org.get",
        (_, ["sensors" | "online" | "tags", ..]) => "sensor.list",
        ("GET", ["hive" | "fp", ..]) => "dr.list",
        (_, ["hive" | "fp", ..]) => "dr.set",
        ("GET", ["outputs", ..]) => "output.list",
        ("POST", ["outputs", ..]) => "output.set",
        (_, ["outputs", ..]) => "output.del",
        (_, ["insight", _, "detections", ..]) => "insight.det.get",
        (_, ["insight" | "search", ..]) => "insight.evt.get",
        ("GET", _) => "sensor.get",
        (_, [_, "tags"]) => "sensor.tag",
        _ => "sensor.task",
    })
}
