//! Response actions on a case page: asking, approving, turning down, reversing, settling.
use super::App;
use super::auth::SignedIn;
use super::case_forms::{begin, finish};
use super::form::{CaseNumber, Fields, Named};
use super::kept::Kept;
use crate::actions::hunt;
use crate::actions::wish;
use crate::domain::action::{self, ActionKind, Plan};
use crate::error::{AppError, Result};
use crate::review::ReviewError;
use crate::store::Tx;
use axum::extract::State;
use axum::response::Response;
use serde::Deserialize;

/// An action to ask for.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct AskForm {
    kind: String,
    why: String,
    idempotency_key: String,
    #[serde(flatten)]
    fields: action::Fields,
}

/// `POST /cases/{number}/actions`
pub async fn ask(
    me: SignedIn,
    State(app): State<App>,
    CaseNumber(number): CaseNumber,
    Fields(form): Fields<AskForm>,
) -> Result<Response> {
    let (mut tx, case) = begin(&app, &me, number, "action", "").await?;
    let Some(case) = case else { return Err(AppError::NotFound) };
    let actor = me.actor();
    let done = match plan(&mut tx, number, &form).await? {
        Ok(plan) => wish::ask(&mut tx, me.wish(&app, &actor, &case), &plan, &form.why, &form.idempotency_key).await,
        Err(problem) => Err(problem),
    };
    let kept = Kept { acting: form.kind, action: form.fields, why: form.why, ..Kept::default() };
    finish(&app, &me, tx, number, done, kept).await
}

async fn plan(tx: &mut Tx, case: i64, form: &AskForm) -> Result<Result<Plan, ReviewError>> {
    let kind: ActionKind = match form.kind.parse() {
        Ok(kind) => kind,
        Err(unknown) => {
            let text = crate::domain::UnknownWord::to_string(&unknown);
            return Ok(Err(ReviewError::Invalid { field: "kind", text }));
        }
    };
    let plan = hunt::plan(tx, case, kind, &form.fields).await?;
    Ok(plan.map_err(|bad| ReviewError::Invalid { field: bad.field, text: bad.to_string() }))
}

/// What to do about an action.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct StepForm {
    why: String,
    effect: String,
    idempotency_key: String,
}

/// `POST /cases/{number}/actions/{id}/approve`: for leads, an address of its own.
pub async fn approve(
    me: SignedIn,
    State(app): State<App>,
    CaseNumber(number): CaseNumber,
    Named(parts): Named,
) -> Result<Response> {
    let id = parts.get(1).and_then(|id| id.parse().ok()).ok_or(AppError::NotFound)?;
    let (mut tx, case) = begin(&app, &me, number, "action", "").await?;
    let Some(case) = case else { return Err(AppError::NotFound) };
    let actor = me.actor();
    let done = wish::approve(&mut tx, me.wish(&app, &actor, &case), id).await;
    finish(&app, &me, tx, number, done, Kept::default()).await
}

/// `POST /cases/{number}/actions/{id}/reject|reverse|settle|check`
pub async fn step(
    me: SignedIn,
    State(app): State<App>,
    CaseNumber(number): CaseNumber,
    Named(parts): Named,
    Fields(form): Fields<StepForm>,
) -> Result<Response> {
    let id = parts.get(1).and_then(|id| id.parse().ok()).ok_or(AppError::NotFound)?;
    let (mut tx, case) = begin(&app, &me, number, "action", "").await?;
    let Some(case) = case else { return Err(AppError::NotFound) };
    let actor = me.actor();
    let wish = me.wish(&app, &actor, &case);
    let done = match parts.get(2).map(String::as_str).unwrap_or_default() {
        "reject" => wish::reject(&mut tx, wish, id).await,
        "reverse" => wish::reverse(&mut tx, wish, id, &form.why, &form.idempotency_key).await.map(|_| ()),
        "check" => wish::check(&mut tx, wish, id).await,
        "settle" => match form.effect.as_str() {
            "yes" => wish::settle(&mut tx, wish, id, true).await,
            "no" => wish::settle(&mut tx, wish, id, false).await,
            _ => Err(ReviewError::Invalid { field: "action", text: "effect: must be yes or no".to_owned() }),
        },
        _ => return Err(AppError::NotFound),
    };
    finish(&app, &me, tx, number, done, Kept::default()).await
}
