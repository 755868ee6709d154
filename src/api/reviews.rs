//! Blind reviews for machines: how people who did not know what the panel says compare with it.
use super::bearer::Bearer;
use super::case_json::time;
use crate::clock::now_ms;
use crate::domain::role::Scope as TokenScope;
use crate::error::Result;
use crate::store::activity::DAY_MS;
use crate::store::{measured, reviews};
use crate::triage::reviews::{Figures, by_person, figures};
use crate::web::App;
use crate::web::view::reviews::review;
use axum::Json;
use axum::extract::State;
use serde_json::{Value, json};

/// Cases that are named.
const NAMED: usize = 500;

/// `GET /api/v1/reviews`: the figures of 180 days in total and by person, and the newest cases.
pub async fn show(bearer: Bearer, State(app): State<App>) -> Result<Json<Value>> {
    bearer.may(TokenScope::Read)?;
    let mut tx = app.store.read().await?;
    let found = reviews::newest(&mut tx, bearer.scope(), now_ms() - measured::DAYS * DAY_MS).await?;
    let waiting = reviews::waiting(&mut tx, bearer.scope()).await?;
    drop(tx);
    let all: Vec<_> = found.iter().map(review).collect();
    let people: Vec<_> = by_person(&all)
        .iter()
        .map(|(who, of)| {
            let mut told = told(of);
            told["by"] = json!(who);
            told
        })
        .collect();
    Ok(Json(json!({
        "days": measured::DAYS, "waiting": waiting, "total": told(&figures(all.iter())), "people": people,
        "cases": found.iter().take(NAMED).map(case).collect::<Vec<_>>(),
    })))
}

fn told(of: &Figures) -> Value {
    let (low, high) = of.interval();
    json!({
        "reviews": of.reviews, "compared": of.compared, "agreed": of.agreed, "interval": [low, high], "reversed": of.reversed,
        "median_ms": of.median_ms, "missed": of.missed,
        "missed_interval": of.missed_interval().map(|(low, high)| json!([low, high])),
    })
}

fn case(one: &reviews::Review) -> Value {
    json!({
        "number": one.number, "by": one.blind_by, "declared": one.blind_verdict, "machine_verdict": one.blind_machine, "at": time(one.blind_ms),
        "verdict": one.verdict, "share": one.blind_share, "opened_at": time(one.opened_ms),
    })
}

/// The call in the OpenAPI document.
pub(super) fn path(reply: impl Fn(&str, &str) -> Value) -> (String, Value) {
    let says = "Figures of 180 days: `total` and `people` with `reviews compared agreed interval reversed median_ms missed missed_interval`, and the newest `cases`";
    let get = json!({"summary": "What was declared in blind review, beside what the panel had said", "responses": reply("200", says)});
    ("/api/v1/reviews".to_owned(), json!({"get": get}))
}
