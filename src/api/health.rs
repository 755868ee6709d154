//! Alive and ready.
use crate::clock::now_ms;
use crate::store::{Store, jobs, sources};
use crate::web::App;
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::IntoResponse;
use serde_json::{Value, json};

/// `GET /healthz`: the process answers.
pub async fn alive() -> &'static str {
    "ok"
}

/// `GET /readyz`: what must work for the product to do its job.
pub async fn ready(State(app): State<App>) -> impl IntoResponse {
    let database = app.store.read().await.is_ok();
    let checks =
        [("database", database), ("worker", worker(&app.store).await), ("webhook_secrets", secrets(&app).await)];
    let all = checks.iter().all(|(_, ok)| *ok);
    let status = if all { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    let list: Value =
        checks.into_iter().map(|(name, ok)| (name.to_owned(), json!(ok))).collect::<serde_json::Map<_, _>>().into();
    (status, Json(json!({"ready": all, "checks": list})))
}

/// A worker said less than a minute ago that it is alive.
async fn worker(store: &Store) -> bool {
    let Ok(mut tx) = store.read().await else { return false };
    matches!(jobs::last_worker(&mut tx).await, Ok(Some(seen)) if now_ms() - seen < 60_000)
}

async fn secrets(app: &App) -> bool {
    let Ok(mut tx) = app.store.read().await else { return false };
    let all = sources::all(&mut tx).await.unwrap_or_default();
    all.iter().all(|source| app.vault.unseal_since(&sources::bound_to(&source.name), &source.secret).is_ok())
}
