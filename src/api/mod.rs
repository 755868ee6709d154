//! JSON for machines: detections in, cases out, the same verbs as the pages.
//!
//! Every call but the health checks and the numbers carries `Authorization: Bearer fsoc_…`; the token decides the
//! organisation. Errors are RFC 9457 problem documents.
mod actions;
pub mod bearer;
mod body;
mod case_json;
mod cases;
mod detections;
pub mod disk;
mod gates;
pub mod health;
mod local_json;
mod merging;
pub mod metrics;
mod observables;
mod openapi;
mod reviews;
mod rules;
mod search;
mod webhook;
mod whole;
mod work;

pub use case_json::long as case_json;
pub use detections::replay;
pub use openapi::document;

use crate::limits;
use crate::web::App;
use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::routing::{get, post};

/// The API's routes.
pub fn router(_: &App) -> Router<App> {
    let ingest = Router::new()
        .route("/api/v1/detections", post(detections::receive))
        .route("/ingest/limacharlie/{source}", post(webhook::receive));
    let cases = Router::new()
        .route("/api/v1/cases", get(cases::index))
        .route("/api/v1/cases/{number}", get(cases::show).patch(cases::change))
        .route("/api/v1/cases/{number}/notes", post(cases::note))
        .route("/api/v1/cases/{number}/tasks", post(work::task))
        .route("/api/v1/cases/{number}/snooze", post(work::snooze))
        .route("/api/v1/cases/{number}/triage", post(cases::triage))
        .route("/api/v1/cases/{number}/actions", post(actions::ask))
        .route("/api/v1/cases/{number}/timeline", get(cases::timeline))
        .route("/api/v1/cases/{number}/merge", post(merging::merge))
        .route("/api/v1/cases/{number}/unmerge", post(merging::unmerge))
        .route("/api/v1/cases/{number}/split", post(merging::split))
        .route("/api/v1/cases/{number}/link", post(merging::link))
        .route("/api/v1/cases/{number}/unlink", post(merging::unlink))
        .route("/api/v1/cases/{number}/duplicate", post(merging::duplicate))
        .route("/api/v1/gates", get(gates::index))
        .route("/api/v1/gates/{id}/events", get(gates::events))
        .route("/api/v1/rules/health", get(rules::health))
        .route("/api/v1/reviews", get(reviews::show))
        .route("/api/v1/search", get(search::index))
        .route("/api/v1/observables/{kind}/{*value}", get(observables::show))
        .route("/api/openapi.json", get(openapi::show))
        .route("/healthz", get(health::alive))
        .route("/readyz", get(health::ready))
        .route("/metrics", get(metrics::show))
        .layer(DefaultBodyLimit::max(limits::API_BODY));
    ingest.merge(cases)
}
