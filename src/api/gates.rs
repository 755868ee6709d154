//! Gates for machines: how far each scope is, and everything from which that can be worked out anew.
use super::bearer::Bearer;
use super::case_json::time;
use crate::domain::role::Scope as TokenScope;
use crate::error::{AppError, Result};
use crate::review::gate;
use crate::store::gates::{self, Doubt, Event, Gate};
use crate::triage::gate as rules;
use crate::web::App;
use axum::Json;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Path, Query, State};
use axum::http::header::CONTENT_TYPE;
use axum::response::IntoResponse;
use serde::Deserialize;
use serde_json::{Value, json};

/// Gates on a page, and events.
const PAGE: (i64, i64) = (100, 1_000);

/// A page: what comes after a number, and how much.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Page {
    after: Option<i64>,
    limit: Option<i64>,
}

impl Page {
    fn read(asked: Result<Query<Self>, QueryRejection>, most: i64) -> Result<(i64, i64)> {
        let Query(page) = asked.map_err(|_| AppError::BadRequest("A query parameter can't be read.".to_owned()))?;
        let limit = page.limit.unwrap_or(most);
        if !(1..=most).contains(&limit) || page.after.is_some_and(|after| after < 0) {
            let text = format!("must be 1 to {most}, and `after` no less than 0");
            return Err(AppError::Invalid { field: "limit".to_owned(), text });
        }
        Ok((page.after.unwrap_or(0), limit))
    }
}

/// `GET /api/v1/gates`: the organisation's gates in the order of their ids.
pub async fn index(
    bearer: Bearer,
    State(app): State<App>,
    asked: Result<Query<Page>, QueryRejection>,
) -> Result<Json<Value>> {
    bearer.may(TokenScope::Read)?;
    let (after, limit) = Page::read(asked, PAGE.0)?;
    let mut tx = app.store.read().await?;
    let found = gates::page(&mut tx, bearer.token.org_id, after, limit).await?;
    let full = i64::try_from(found.len()).is_ok_and(|count| count == limit);
    let next = found.last().filter(|_| full).map(|gate| gate.id);
    let doubts = gates::doubts(&mut tx, &found.iter().map(|gate| gate.id).collect::<Vec<_>>()).await?;
    let told = found.iter().map(|gate| told(gate, doubts.iter().find(|one| one.gate == gate.id)));
    Ok(Json(json!({"gates": told.collect::<Vec<_>>(), "next": next})))
}

fn told(gate: &Gate, doubt: Option<&Doubt>) -> Value {
    let look = gate.look_ms.map(|at| {
        json!({
            "n": gate.look_n, "k": gate.look_k, "delta": gate.look_delta, "bound": gate.look_bound, "limit": gate.look_limit,
            "at": time(at),
        })
    });
    json!({
        "id": gate.id, "level": gate.level, "key": gate.key, "version": gate.version, "panel": gate.panel, "state": gate.state,
        "state_at": time(gate.state_ms), "state_by": gate.state_by, "state_why": gate.state_why, "limit": gate.limit,
        "waits_for_case": doubt.map(|doubt| doubt.holder), "epoch": gate.epoch, "looks": gate.looks, "reviews": gate.n, "true_positives": gate.k, "eligible": gate.eligible,
        "next_look_at": rules::due(&gate::standing(gate)).filter(|_| !gate.state.stands()), "last_true_positive_at": time(gate.last_tp_ms),
        "rests_on": look, "events": gate.seq, "first_at": time(gate.first_ms), "last_at": time(gate.last_ms),
    })
}

/// `GET /api/v1/gates/{id}/events`: one event a line, in order.
pub async fn events(
    bearer: Bearer,
    State(app): State<App>,
    Path(id): Path<String>,
    asked: Result<Query<Page>, QueryRejection>,
) -> Result<impl IntoResponse> {
    bearer.may(TokenScope::Read)?;
    let (after, limit) = Page::read(asked, PAGE.1)?;
    let id = id.parse().map_err(|_| AppError::Unknown("gate"))?;
    let mut tx = app.store.read().await?;
    let gate = gates::visible(&mut tx, bearer.scope(), id).await?.ok_or(AppError::Unknown("gate"))?;
    let mut lines = String::new();
    for event in gates::events(&mut tx, gate.id, after, limit).await? {
        lines.push_str(&line(&event).to_string());
        lines.push('\n');
    }
    Ok(([(CONTENT_TYPE, "application/x-ndjson")], lines))
}

fn line(event: &Event) -> Value {
    let data: Value = serde_json::from_str(&event.data).unwrap_or_default();
    json!({"gate": event.gate_id, "seq": event.seq, "at": time(event.at_ms), "kind": event.kind, "data": data})
}

/// The calls in the OpenAPI document.
pub(super) fn paths(reply: impl Fn(&str, &str) -> Value, problem: &Value) -> Vec<(String, Value)> {
    let page = |most: i64| {
        json!([
            {"name": "after", "in": "query", "schema": {"type": "integer", "minimum": 0}},
            {"name": "limit", "in": "query", "schema": {"type": "integer", "minimum": 1, "maximum": most}},
        ])
    };
    let id = json!([{"name": "id", "in": "path", "required": true, "schema": {"type": "integer", "minimum": 1}}]);
    let lines = json!({
        "200": {"description": "One event a line: `gate seq at kind data`; `after` goes on behind a `seq`", "content": {"application/x-ndjson": {"schema": {"type": "string"}}}},
        "default": problem,
    });
    vec![
        (
            "/api/v1/gates".to_owned(),
            json!({"get": {
                "summary": "What has to be proven before the machine closes cases alone, and how far each scope is",
                "parameters": page(PAGE.0), "responses": reply("200", "A page; `next` is the `after` of the next one"),
            }}),
        ),
        (
            "/api/v1/gates/{id}/events".to_owned(),
            json!({"parameters": id, "get": {
                "summary": "Everything from which looks and states of a gate can be worked out anew",
                "parameters": page(PAGE.1), "responses": lines,
            }}),
        ),
    ]
}
