//! How rules fare, for machines.
use super::bearer::Bearer;
use crate::clock::now_ms;
use crate::domain::role::Scope as TokenScope;
use crate::error::{AppError, Result};
use crate::store::rules::health::{self, DAYS, Health, MOST, RULES};
use crate::tuning::health::{Reviewed, advice};
use crate::web::App;
use axum::Json;
use axum::extract::State;
use serde_json::{Value, json};

/// `GET /api/v1/rules/health`: the organisation's rules that raised something in 90 days, last active first.
pub async fn health(bearer: Bearer, State(app): State<App>) -> Result<Json<Value>, AppError> {
    bearer.may(TokenScope::Read)?;
    let (now, org_id) = (now_ms(), bearer.token.org_id);
    let mut tx = app.store.read().await?;
    let found = health::of_org(&mut tx, org_id, now).await?;
    let rules = found.iter().map(|one| told(one, now));
    Ok(Json(json!({"rules": rules.collect::<Vec<_>>(), "days": DAYS, "counted_up_to": MOST})))
}

fn told(one: &Health, now_ms: i64) -> Value {
    let sample = one.reviewed();
    let reviewed = sample.as_ref().map(Reviewed::of).unwrap_or_default();
    let interval = |count: i64| reviewed.interval_of(count).map(|(low, high)| json!([low, high]));
    json!({
        "path": one.known.rule.path, "title": one.known.rule.title,
        "detections": {"7": one.detections_7, "30": one.detections_30, "90": one.detections_90},
        "cases": {"7": one.cases_7, "30": one.cases_30, "90": one.cases_90},
        "reviewed": reviewed.all(), "newest_only": sample.is_some_and(|sample| sample.is_part()),
        "declared_by_programs": one.by_programs, "false_positive": reviewed.false_positive,
        "benign_true_positive": reviewed.benign_true_positive, "true_positive": reviewed.true_positive,
        "false_positive_interval": interval(reviewed.false_positive),
        "benign_true_positive_interval": interval(reviewed.benign_true_positive),
        "true_positive_interval": interval(reviewed.true_positive),
        "median_ms_to_first_declaration": sample.map(|sample| sample.took_ms),
        "last_true_positive": one.last_tp, "advice": advice(reviewed, one.last_tp_ms, now_ms).as_str(),
    })
}

/// The call in the OpenAPI document.
pub(super) fn paths(reply: impl Fn(&str, &str) -> Value) -> Vec<(String, Value)> {
    let what = format!(
        "At most {RULES} rules, last active first: detections and cases of 7, 30 and 90 days, what people declared of the newest {MOST} reviewed cases opened in 90 days (`newest_only` where there are older ones) with the Wilson interval (95 %) of each share, the median time from opening to the first declaration of these, how many were declared by programs and are left out (up to {MOST}), the newest true positive, and what is suggested (`tune narrow watch keep few`)"
    );
    vec![(
        "/api/v1/rules/health".to_owned(),
        json!({"get": {"summary": "How the organisation's rules fare", "responses": reply("200", &what)}}),
    )]
}
