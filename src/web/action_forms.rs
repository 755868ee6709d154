//! Response actions on a case page: asking, approving, turning down, reversing, settling.
use super::App;
use super::auth::SignedIn;
use super::case_forms::{begin, finish};
use super::form::Fields;
use super::kept::Kept;
use crate::actions::hunt;
use crate::actions::wish::{self, Wish};
use crate::clock::now_ms;
use crate::domain::action::{self, ActionKind, Plan};
use crate::error::{AppError, Result};
use crate::review::ReviewError;
use crate::store::Tx;
use crate::store::cases::Case;
use axum::extract::{Path, State};
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

fn wish_of<'a>(app: &App, actor: &'a crate::store::Actor, case: &'a Case) -> Wish<'a> {
    let undo_ms = i64::from(app.config.policy.undo_s) * 1000;
    Wish { actor, case, undo_ms, connected: app.connected(&case.org), now_ms: now_ms() }
}

/// `POST /cases/{number}/actions`
pub async fn ask(
    me: SignedIn,
    State(app): State<App>,
    super::form::CaseNumber(number): super::form::CaseNumber,
    Fields(form): Fields<AskForm>,
) -> Result<Response> {
    let (mut tx, case) = begin(&app, &me, number, "action", "").await?;
    let Some(case) = case else { return Err(AppError::NotFound) };
    let actor = me.actor();
    let done = match plan(&mut tx, number, &form).await? {
        Ok(plan) => wish::ask(&mut tx, wish_of(&app, &actor, &case), &plan, &form.why, &form.idempotency_key).await,
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

/// `POST /cases/{number}/actions/{id}/approve|reject|reverse|settle|check`
pub async fn step(
    me: SignedIn,
    State(app): State<App>,
    Path((number, id, verb)): Path<(i64, i64, String)>,
    Fields(form): Fields<StepForm>,
) -> Result<Response> {
    let (mut tx, case) = begin(&app, &me, number, "action", "").await?;
    let Some(case) = case else { return Err(AppError::NotFound) };
    let actor = me.actor();
    let wish = wish_of(&app, &actor, &case);
    let done = match verb.as_str() {
        "approve" => wish::approve(&mut tx, wish, id).await,
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
