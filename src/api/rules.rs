//! How rules fare, for machines.
use super::bearer::Bearer;
use crate::clock::now_ms;
use crate::domain::role::Scope as TokenScope;
use crate::error::{AppError, Result};
use crate::store::rules::health::{self, DAYS, Health, MOST, RULES};
use crate::tuning::health::{Reviewed, advice, median};
use crate::web::App;
use axum::Json;
use axum::extract::State;
use serde_json::{Value, json};
use std::collections::HashMap;

/// `GET /api/v1/rules/health`: the organisation's rules that raised something in 90 days, last active first.
pub async fn health(bearer: Bearer, State(app): State<App>) -> Result<Json<Value>, AppError> {
    bearer.may(TokenScope::Read)?;
    let (now, org_id) = (now_ms(), bearer.token.org_id);
    let mut tx = app.store.read().await?;
    let found = health::of_org(&mut tx, org_id, now).await?;
    let mut took: HashMap<i64, Vec<i64>> = HashMap::new();
    for (rule, ms) in health::took(&mut tx, org_id, now).await? {
        took.entry(rule).or_default().push(ms);
    }
    let rules = found.iter().map(|one| told(one, took.remove(&one.known.rule.id).unwrap_or_default(), now));
    Ok(Json(json!({"rules": rules.collect::<Vec<_>>(), "days": DAYS, "counted_up_to": MOST})))
}

fn told(one: &Health, took: Vec<i64>, now_ms: i64) -> Value {
    let reviewed = Reviewed {
        false_positive: one.false_positive,
        benign_true_positive: one.benign_true_positive,
        true_positive: one.true_positive,
    };
    // Where counting stopped, a share of what was counted is no share of all.
    let whole = [one.false_positive, one.benign_true_positive, one.true_positive].iter().all(|count| *count < MOST);
    let interval = reviewed.interval().filter(|_| whole).map(|(low, high)| json!([low, high]));
    json!({
        "path": one.known.rule.path, "title": one.known.rule.title,
        "detections": {"7": one.detections_7, "30": one.detections_30, "90": one.detections_90},
        "cases": {"7": one.cases_7, "30": one.cases_30, "90": one.cases_90},
        "reviewed": reviewed.all(), "false_positive": one.false_positive, "benign_true_positive": one.benign_true_positive,
        "true_positive": one.true_positive, "false_positive_interval": interval, "median_ms_to_first_declaration": median(took),
        "last_true_positive": one.last_tp, "advice": advice(reviewed, one.last_tp_ms, now_ms).as_str(),
    })
}

/// The call in the OpenAPI document.
pub(super) fn paths(reply: impl Fn(&str, &str) -> Value) -> Vec<(String, Value)> {
    let what = format!(
        "At most {RULES} rules, last active first: detections and cases of 7, 30 and 90 days, what people declared of the cases opened in 90 days with the Wilson interval (95 %) of the share of false positives, the median time from opening to the first declaration, the newest true positive, and what is suggested (`tune narrow watch keep few`)"
    );
    vec![(
        "/api/v1/rules/health".to_owned(),
        json!({"get": {"summary": "How the organisation's rules fare", "responses": reply("200", &what)}}),
    )]
}
