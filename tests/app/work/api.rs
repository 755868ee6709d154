//! The work on a case through the API.
use super::{case, only, others, told};
use crate::support::{add_org, add_token, http};
use fusionsoc::domain::role::Scope;
use serde_json::{Value, json};

/// Changes a case with a token; the status and the answer.
async fn patch(url: &str, token: &str, number: i64, body: &Value) -> (u16, Value) {
    let sent = http().patch(format!("{url}/api/v1/cases/{number}")).bearer_auth(token);
    let reply = sent.header("content-type", "application/json").body(body.to_string()).send().await.unwrap();
    (reply.status().as_u16(), serde_json::from_str(&reply.text().await.unwrap()).unwrap_or_default())
}

#[tokio::test]
async fn tags_assignee_tasks_and_snooze_are_set_and_read() {
    let (server, _ana, number) = case().await;
    let tagged = json!({"tags": ["TLP:Red", "b", "a", "b"], "assignee": "ana"});
    let (status, case) = patch(&server.url, &server.token, number, &tagged).await;
    assert_eq!((status, &case["tags"], &case["assignee"]), (200, &json!(["a", "b", "tlp:red"]), &json!("ana")));
    let (status, problem) = patch(&server.url, &server.token, number, &json!({"tags": ["tlp:red", "tlp:green"]})).await;
    assert!(status == 422 && problem["detail"].as_str().unwrap().starts_with("tags: "), "{problem}");
    let path = format!("/api/v1/cases/{number}");
    let (status, made) =
        server.post(&format!("{path}/tasks"), json!({"text": "Call", "assignee": "ana"}).to_string()).await;
    assert!(status == 201 && made["id"].is_i64(), "{made}");
    assert_eq!(server.post(&format!("{path}/tasks"), json!({"text": ""}).to_string()).await.0, 422);
    let task = only(&server.case(number).await, "tasks").clone();
    assert_eq!((&task["text"], &task["done"], &task["assignee"]), (&json!("Call"), &json!(false), &json!("ana")));
    let until = jiff::Timestamp::from_millisecond(fusionsoc::clock::now_ms() / 1000 * 1000 + 3_600_000).unwrap();
    let until = until.strftime("%Y-%m-%dT%H:%M:%S%.3fZ").to_string();
    let snooze = format!("{path}/snooze");
    let (status, answer) = server.post(&snooze, json!({"until": until, "reason": "later"}).to_string()).await;
    assert_eq!((status, &answer["snoozed_until"]), (200, &json!(until)));
    assert_eq!(server.case(number).await["snoozed_until"], json!(until));
    assert_eq!(server.get("/api/v1/cases?view=snoozed").await["cases"][0]["number"], json!(number));
    assert_eq!(server.get("/api/v1/cases?tag=b").await["cases"][0]["tags"], json!(["a", "b", "tlp:red"]));
    assert_eq!(server.get("/api/v1/cases?tag=c").await["cases"], json!([]));
    assert_eq!(server.post(&snooze, json!({"until": "tomorrow"}).to_string()).await.0, 422);
    assert_eq!(server.post(&snooze, json!({"until": null}).to_string()).await.0, 200);
    assert_eq!(server.case(number).await["snoozed_until"], json!(null));
    assert_eq!(told(&server, number, "woken").await.len(), 1);
}

#[tokio::test]
async fn closing_a_true_positive_with_open_tasks_needs_a_word() {
    let (server, _ana, number) = case().await;
    server.post(&format!("/api/v1/cases/{number}/tasks"), json!({"text": "Contain"}).to_string()).await;
    let closing = json!({"verdict": "true_positive", "reason": "malware", "status": "closed"});
    let (status, problem) = patch(&server.url, &server.token, number, &closing).await;
    let detail = problem["detail"].as_str().unwrap_or_default();
    assert!(status == 422 && detail.contains("1 task is open: Contain"), "{problem}");
    let confirmed = json!({"verdict": "true_positive", "reason": "malware", "status": "closed", "confirm_tasks": true});
    assert_eq!(patch(&server.url, &server.token, number, &confirmed).await.0, 200);
}

#[tokio::test]
async fn tokens_of_elsewhere_find_nothing_and_readers_change_nothing() {
    let (server, _ana, number) = case().await;
    others(&server).await;
    let elsewhere = add_org(&server.app.store, "third", None).await;
    let stranger = add_token(&server.app.store, elsewhere, Scope::ALL).await;
    let reader = add_token(&server.app.store, server.org_id, &[Scope::Read]).await;
    for (token, expected) in [(&stranger, 404), (&reader, 403)] {
        for (path, body) in [("tasks", json!({"text": "x"})), ("snooze", json!({"until": null}))] {
            let sent = http().post(format!("{}/api/v1/cases/{number}/{path}", server.url)).bearer_auth(token);
            let reply = sent.header("content-type", "application/json").body(body.to_string()).send().await.unwrap();
            assert_eq!(reply.status(), expected, "{path}");
        }
        assert_eq!(patch(&server.url, token, number, &json!({"tags": ["x"]})).await.0, expected);
    }
    let document = server.get("/api/openapi.json").await;
    assert!(document["paths"]["/api/v1/cases/{number}/tasks"]["post"].is_object());
    assert!(document["components"]["schemas"]["Patch"]["properties"]["tags"].is_object(), "{document}");
}
