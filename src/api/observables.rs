//! Observables for machines: what is known of one, and the cases that hold it.
use super::bearer::Bearer;
use super::case_json::{said as about, time};
use crate::domain::Observable;
use crate::domain::role::Scope as TokenScope;
use crate::error::Result;
use crate::limits;
use crate::store::intel;
use crate::web::App;
use crate::web::form::{Asked, Named};
use crate::web::observables::{answers, find, of};
use crate::web::pivot::{Query, cases, detections, verdicts};
use axum::Json;
use axum::extract::State;
use serde_json::{Map, Value, json};

/// `GET /api/v1/observables/{type}/{value}`
pub async fn show(
    bearer: Bearer,
    State(app): State<App>,
    Named(parts): Named,
    Asked(query): Asked<Query>,
) -> Result<Json<Value>> {
    bearer.may(TokenScope::Read)?;
    let mut tx = app.store.read().await?;
    let (kind, value, known) = find(&mut tx, bearer.scope(), &parts).await?;
    let of = of(&known);
    let (lines, next) = cases(&mut tx, &of, &query, limits::PAGE_MOST).await?;
    let counts: Map<String, Value> =
        verdicts(&mut tx, &of).await?.into_iter().map(|(verdict, count)| (verdict.to_string(), json!(count))).collect();
    let said = answers(&mut tx, &of, &value).await?;
    let (place, why) = Observable::about(kind, &value);
    Ok(Json(json!({
        "type": kind, "value": value, "place": place, "known": why, "org": known.first().map(|one| &one.org),
        "first_seen": time(known.iter().map(|one| one.first_ms).min()), "last_seen": time(known.iter().map(|one| one.last_ms).max()),
        "detections": detections(&mut tx, &of).await?, "verdicts": counts,
        "verdict": intel::verdict(&said, kind, &value), "intelligence": said.iter().map(about).collect::<Vec<_>>(),
        "cases": lines.iter().map(|line| line.number).collect::<Vec<_>>(), "next": next,
    })))
}
