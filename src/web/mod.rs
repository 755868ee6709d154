//! The web app: pages for people, the routes, and the layers that every request passes.
//!
//! A page is a struct, a template and a handler in one file; `view` holds how a case is put into
//! words. `routes` is the table of who may do what and `access` holds requests against it, `origin`
//! refuses forms of other sites, `edge` sets headers and renders errors, `server` accepts connections
//! with limits of time.
mod access;
mod action_forms;
mod api_docs;
pub mod app;
pub mod assets;
mod audit;
pub mod auth;
mod bulk;
mod calibration;
mod case_forms;
mod cases;
mod connections;
pub mod csv;
mod dashboard;
mod deciding;
mod done;
pub mod edge;
pub mod form;
mod gates;
mod handover;
mod intake;
mod integrations;
mod kept;
mod keys;
mod live;
mod login;
pub mod looks;
pub mod markdown;
mod measured;
mod merging;
mod models;
mod notes;
pub mod observables;
#[cfg(feature = "oidc")]
pub mod oidc;
#[cfg(not(feature = "oidc"))]
#[path = "no_oidc.rs"]
pub mod oidc;
mod orgs;
mod origin;
pub mod page;
mod people;
pub mod pivot;
mod policy;
mod profile;
mod prompts;
mod providers;
pub mod queue;
mod range;
mod raw;
mod receipt;
mod rejects;
mod reviews;
pub mod routes;
mod rules;
pub mod search;
mod second;
mod sensors;
pub mod server;
pub mod snooze;
mod sources;
mod states;
mod system;
mod tags;
mod tasks;
mod templates;
pub mod throttle;
pub mod tls;
mod together;
mod tokens;
pub mod totp;
mod trail;
mod trials;
mod tuning;
pub mod view;
mod views;

pub use app::App;

use crate::limits;
use axum::extract::DefaultBodyLimit;
use axum::response::Redirect;
use axum::routing::{get, post};
use axum::{Router, middleware};
use std::time::Duration;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::compression::CompressionLayer;
use tower_http::timeout::RequestBodyTimeoutLayer;

/// All routes with all layers.
pub fn router(app: App) -> Router {
    let pages = Router::new()
        .route("/", get(async || Redirect::to("/cases")))
        .route("/login", get(login::show).post(login::sign_in))
        .route("/login/code", get(second::show_code).post(second::sign_in))
        .route("/login/oidc", get(oidc::start))
        .route("/login/oidc/callback", get(oidc::callback))
        .route("/logout", post(login::sign_out))
        .merge(own())
        .route("/api/docs", get(api_docs::show))
        .route("/dashboard", get(dashboard::index))
        .route("/search", get(search::index))
        .route("/observables/{kind}/{*value}", get(observables::show))
        .route("/sensors", get(sensors::index))
        .route("/sensors/{*sid}", get(sensors::show))
        .route("/rules", get(rules::index))
        .route("/gates", get(gates::index))
        .route("/rules/health", get(rules::health::index))
        .route("/rules/{*path}", get(rules::show))
        .route("/tuning", get(tuning::index).post(tuning::create))
        .route("/tuning/new", get(tuning::form))
        .route("/tuning/{id}", get(tuning::show))
        .route("/tuning/{id}/{step}", post(tuning::step))
        .merge(cases())
        .merge(settings())
        .layer(DefaultBodyLimit::max(limits::FORM_BODY));
    let routes = pages
        .merge(crate::api::router(&app))
        .layer(middleware::from_fn(edge::in_time))
        .route("/events", get(live::events))
        .route("/api/v1/stream", get(live::stream))
        .layer(middleware::from_fn_with_state(app.clone(), access::check));
    behind_edge(routes, app)
}

/// Routes with the layers that every request passes.
pub fn behind_edge(routes: Router<App>, app: App) -> Router {
    routes
        .with_state(app.clone())
        .merge(assets::router())
        .layer(RequestBodyTimeoutLayer::new(Duration::from_secs(10)))
        .layer(CatchPanicLayer::new())
        .layer(middleware::from_fn_with_state(app, edge::finish))
        .layer(CompressionLayer::new())
}

/// What belongs to one person.
fn own() -> Router<App> {
    Router::new()
        .route("/profile", get(profile::show).post(profile::look))
        .route("/profile/theme", post(login::theme))
        .route("/profile/password", get(profile::change).post(profile::password))
        .route("/profile/sessions", post(profile::sign_out))
        .route("/profile/second", get(second::show).post(second::set_up))
        .route("/profile/second/confirm", post(second::confirm))
        .route("/profile/second/codes", post(second::renew))
        .route("/profile/second/off", post(second::off))
        .route("/handover", get(handover::index).post(handover::write))
        .route("/handover/read", post(handover::read))
        .route("/reminders", post(snooze::seen))
        .route("/views", get(views::index).post(views::save))
        .route("/views/{id}/{step}", post(views::step))
}

/// The queue, and a case with all that is done to it.
fn cases() -> Router<App> {
    Router::new()
        .route("/cases", get(queue::index))
        .route("/cases/states", get(states::index))
        .route("/cases/merge", post(merging::merge_many))
        .route("/cases/bulk", get(bulk::review).post(bulk::decide))
        .route("/cases/bulk/review", post(bulk::review_form))
        .route("/cases/bulk/assign", post(bulk::assign))
        .route("/cases/bulk/{id}", get(bulk::show))
        .route("/cases/bulk/{id}/undo", post(bulk::undo))
        .route("/cases/{number}", get(cases::show))
        .route("/cases/{number}/merge", post(merging::merge))
        .route("/cases/{number}/unmerge", post(merging::unmerge))
        .route("/cases/{number}/split", post(merging::split))
        .route("/cases/{number}/link", post(merging::link))
        .route("/cases/{number}/unlink", post(merging::unlink))
        .route("/cases/{number}/duplicate", post(merging::duplicate))
        .route("/cases/{number}/verdict", post(deciding::verdict))
        .route("/cases/{number}/notes", post(case_forms::note))
        .route("/cases/{number}/status", post(case_forms::status))
        .route("/cases/{number}/assign", post(case_forms::assign))
        .route("/cases/{number}/severity", post(case_forms::severity))
        .route("/cases/{number}/triage", post(case_forms::triage))
        .route("/cases/{number}/undo", post(deciding::undo))
        .route("/cases/{number}/draft", post(deciding::draft))
        .merge(work())
        .route("/undo", post(deciding::undo_last))
        .route("/cases/{number}/actions", post(action_forms::ask))
        .route("/cases/{number}/actions/{id}/approve", post(action_forms::approve))
        .route("/cases/{number}/actions/{id}/{step}", post(action_forms::step))
        .route("/cases/{number}/detections", get(cases::list))
        .route("/cases/{number}/decode", get(cases::decode))
        .route("/cases/{number}/report", get(cases::report))
        .route("/cases/{number}/export/{format}", get(cases::export))
        .route("/cases/{number}/detections/{file}", get(raw::detection))
        .route("/cases/{number}/triage/{file}", get(raw::report))
        .route("/cases/{number}/triage/{file}/receipt", get(receipt::show))
        .route("/cases/{number}/triage/{file}/receipt.json", get(receipt::download))
        .layer(middleware::from_fn(trail::keep))
}

/// The work on a case: notes, tasks, tags, snooze.
fn work() -> Router<App> {
    Router::new()
        .route("/cases/{number}/notes/{id}", get(notes::show).post(notes::edit))
        .route("/cases/{number}/notes/{id}/remove", post(notes::remove))
        .route("/cases/{number}/tasks", post(tasks::add))
        .route("/cases/{number}/tasks/{id}/{step}", post(tasks::step))
        .route("/cases/{number}/templates", post(tasks::apply))
        .route("/cases/{number}/tags", post(tags::change))
        .route("/cases/{number}/snooze", post(snooze::snooze))
        .route("/cases/{number}/wake", post(snooze::wake))
}

/// How voters and reviews compare with what was declared.
fn figures() -> Router<App> {
    Router::new()
        .route("/models/cases", get(measured::cases))
        .route("/models/together", get(together::index))
        .route("/models/together/cases", get(together::cases))
        .route("/models/reviews", get(reviews::show))
        .route("/models/reviews/cases", get(reviews::cases))
}

/// What is set up and watched rather than decided.
fn settings() -> Router<App> {
    Router::new()
        .route("/models", get(models::index))
        .route("/models/adopt", post(models::adopt))
        .route("/models/remove", post(models::remove))
        .route("/models/range", post(range::run))
        .route("/models/restore", post(range::restore))
        .route("/models/prompts", get(prompts::index))
        .route("/models/prompts/diff", get(prompts::diff))
        .route("/models/prompts/{version}", get(prompts::show))
        .merge(figures())
        .route("/gates/{id}/{step}", post(gates::step))
        .route("/models/trials", post(trials::ask))
        .route("/models/trials/{id}", get(trials::show))
        .route("/models/trials/{id}/cancel", post(trials::cancel))
        .route("/admin/templates", get(templates::index).post(templates::create))
        .route("/admin/templates/{id}", post(templates::change))
        .route("/admin/templates/{id}/remove", post(templates::remove))
        .merge(administration())
        .route("/admin/policy", get(policy::index))
        .route("/admin/policy/{org}", post(policy::change))
        .route("/admin/policy/{org}/preview", post(policy::preview))
        .route("/admin/policy/{org}/cloud", post(policy::cloud))
        .route("/admin/rejects", get(rejects::index))
        .route("/admin/rejects/{id}/replay", post(rejects::replay))
        .route("/admin/audit", get(audit::index))
        .route("/admin/audit/export", get(audit::export))
        .route("/admin/intake", get(intake::index))
        .route("/admin/system", get(system::index))
        .route("/admin/system/jobs/{id}/{step}", post(system::step))
        .route("/admin/integrations", get(integrations::index))
        .route("/admin/integrations/keys", post(keys::set))
        .route("/admin/integrations/keys/remove", post(keys::remove))
        .route("/admin/integrations/sources", post(sources::add))
        .route("/admin/integrations/sources/rotate", post(sources::rotate))
        .route("/admin/integrations/test", post(integrations::test))
        .route("/admin/integrations/limacharlie", post(integrations::ask))
        .route("/admin/integrations/{id}/retry", post(integrations::retry))
}

/// People, tokens and organisations.
fn administration() -> Router<App> {
    Router::new()
        .route("/admin/users", get(people::index).post(people::add))
        .route("/admin/users/{id}", get(people::show))
        .route("/admin/users/{id}/{step}", post(people::step))
        .route("/admin/tokens", get(tokens::index).post(tokens::create))
        .route("/admin/tokens/{id}/revoke", post(tokens::revoke))
        .route("/admin/orgs", get(orgs::index).post(orgs::add))
        .route("/admin/orgs/{id}", post(orgs::change))
}
