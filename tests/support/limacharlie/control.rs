//! `/__ctl`: how other programs look at the fake and spoil its calls, and have it send signed webhooks.
use super::Fake;
use super::faults::Fault;
use super::token::hex_mac;
use super::wire::{Asked, Reply};
use serde_json::{Value, json};

pub async fn answer(fake: &Fake, asked: &Asked) -> Reply {
    if asked.method == "GET" {
        return Reply::json(fake.change(|state| {
            let tags: serde_json::Map<_, _> =
                state.sensors.iter().map(|(sid, sensor)| (sid.clone(), json!(sensor.tags))).collect();
            json!({
                "log": state.log, "tags": tags, "tasks": state.tasks, "rules": state.rules,
                "outputs": state.outputs, "searches": state.searches,
            })
        }));
    }
    let body = &asked.json;
    fake.change(|state| {
        state.faults.extend(body["fail"].as_array().into_iter().flatten().filter_map(Fault::named));
        state.generation += body["expire"].as_i64().unwrap_or_default();
        if let Some(page) = body["page"].as_u64() {
            state.page = usize::try_from(page).unwrap_or(1);
        }
        for (name, switch) in [("repeats", &mut state.repeats), ("empty_pages", &mut state.empty_pages)] {
            *switch = body[name].as_bool().unwrap_or(*switch);
        }
    });
    match &body["emit"] {
        Value::Null => Reply::done(),
        emit => Reply::json(json!({ "emitted": deliver(fake, emit).await })),
    }
}

/// Sends every detection to `url`, signed with `secret`, as LimaCharlie's webhook output does; `mode` is json or form.
async fn deliver(fake: &Fake, emit: &Value) -> Vec<u16> {
    let text = |name: &str| emit[name].as_str().unwrap_or_default().to_owned();
    let (url, secret, is_form) = (text("url"), text("secret"), emit["mode"] == "form");
    let _ = rustls::crypto::ring::default_provider().install_default();
    let client = reqwest::Client::builder().tls_certs_only([]).no_proxy().build().unwrap();
    let mut answers = Vec::new();
    for detection in fake.change(|state| state.detections.clone()) {
        let raw = detection.to_string();
        let signature = hex_mac(secret.as_bytes(), raw.as_bytes());
        let form = form_urlencoded::Serializer::new(String::new()).append_pair("data", &raw).finish();
        let (kind, body) =
            if is_form { ("application/x-www-form-urlencoded", form) } else { ("application/json", raw) };
        let sent = client.post(&url).header("content-type", kind).header("lc-signature", signature).body(body);
        answers.push(sent.send().await.map_or(0, |reply| reply.status().as_u16()));
    }
    answers
}
