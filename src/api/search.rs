//! Search for machines.
use super::bearer::Bearer;
use super::case_json::short;
use crate::domain::role::Scope as TokenScope;
use crate::error::{AppError, Result};
use crate::review::ReviewError;
use crate::review::search::{self, CaseHit, Named, Outcome};
use crate::store::cases;
use crate::triage::found::Found;
use crate::web::App;
use axum::Json;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use serde::Deserialize;
use serde_json::{Value, json};

/// What is asked.
#[derive(Debug, Deserialize)]
pub struct Asked {
    q: String,
    #[serde(default)]
    after: String,
}

/// `GET /api/v1/search`
pub async fn index(
    bearer: Bearer,
    State(app): State<App>,
    asked: Result<Query<Asked>, QueryRejection>,
) -> Result<Json<Value>> {
    bearer.may(TokenScope::Read)?;
    let Query(asked) = asked.map_err(|_| AppError::BadRequest("q: is missing".to_owned()))?;
    let (scope, mut tx) = (bearer.scope(), app.store.read().await?);
    if let Some(Named::Case(number)) = search::named(&mut tx, scope, &asked.q).await? {
        let found = cases::visible(&mut tx, scope, number).await?;
        return Ok(answer(&found.iter().map(short).collect::<Vec<_>>(), None, &[]));
    }
    let outcome = search::search(&mut tx, scope, &asked.q, &asked.after).await.map_err(|error| match error {
        ReviewError::Invalid { field, text } => AppError::BadRequest(format!("{field}: {text}")),
        other => other.into(),
    })?;
    let Outcome { query, cases, next, .. } = outcome;
    let problems: Vec<_> = query.problems().map(str::to_owned).collect();
    Ok(answer(&cases.iter().map(hit).collect::<Vec<_>>(), next.as_deref(), &problems))
}

fn answer(cases: &[Value], next: Option<&str>, problems: &[String]) -> Json<Value> {
    Json(json!({"cases": cases, "next": next, "problems": problems}))
}

/// The short form, with the text that the words are in.
fn hit(hit: &CaseHit) -> Value {
    let mut case = short(&hit.case);
    case["matched"] = hit.found.as_ref().map_or(Value::Null, matched);
    case
}

fn matched(found: &Found) -> Value {
    let of = |hits: bool| found.pieces.iter().filter(move |piece| !hits || piece.hit).map(|piece| &*piece.text);
    json!({"field": found.place, "text": of(false).collect::<String>(), "hits": of(true).collect::<Vec<_>>()})
}
