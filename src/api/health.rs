//! Alive and ready.
use super::bearer::Bearer;
use super::disk;
use super::metrics::is_watcher;
use crate::clock::now_ms;
use crate::domain::role::Scope;
use crate::store::{Store, jobs, schema, sources};
use crate::web::App;
use axum::Json;
use axum::extract::{FromRequestParts, State};
use axum::http::StatusCode;
use axum::http::request::Parts;
use axum::response::IntoResponse;
use serde_json::{Map, Value, json};

/// A worker that was not seen for so long is gone.
pub const WORKER_GONE_MS: i64 = 60_000;

/// `GET /healthz`: the process answers.
pub async fn alive() -> &'static str {
    "ok"
}

/// One thing that must work for the product to do its job.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Check {
    /// Its name in JSON and numbers.
    pub name: &'static str,
    /// What it is called on pages.
    pub label: &'static str,
    /// What is wrong and what to do; nothing where it works.
    pub problem: Option<String>,
    /// What is to be known while it works.
    pub note: Option<String>,
}

impl Check {
    const fn of(name: &'static str, label: &'static str, problem: Option<String>) -> Self {
        Self { name, label, problem, note: None }
    }
}

/// All of them. Every text is about the installation and names no organisation's objects.
pub async fn checks(app: &App) -> Vec<Check> {
    let mut all = vec![Check::of("database", "Database", database(&app.store).await), migrations(&app.store).await];
    if let Some(folder) = disk::folder(&app.config) {
        all.push(Check::of("disk", "Disk", full(disk::space(&folder))));
    }
    all.push(Check::of("worker", "Worker", worker(&app.store).await));
    all.push(Check::of("webhook_secrets", "Secrets of webhooks", secrets(app).await));
    all
}

/// `GET /readyz`: whether it can do its job; with a token, also what is in the way.
pub async fn ready(State(app): State<App>, mut parts: Parts) -> impl IntoResponse {
    let checks = checks(&app).await;
    let stopping = app.stopping.is_cancelled();
    let ready = !stopping && checks.iter().all(|check| check.problem.is_none());
    let status = if ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    let mut said = json!({"ready": ready});
    if may_see(&app, &mut parts).await {
        let works = checks.iter().map(|check| (check.name.to_owned(), json!(check.problem.is_none())));
        let works: Map<String, Value> = works.chain([("running".to_owned(), json!(!stopping))]).collect();
        let notes = checks.iter().filter_map(|check| Some((check.name.to_owned(), json!(check.note.as_ref()?))));
        let notes: Map<String, Value> = notes.collect();
        let wrong = checks.into_iter().filter_map(|check| Some((check.name.to_owned(), json!(check.problem?))));
        let mut wrong: Map<String, Value> = wrong.collect();
        if stopping {
            wrong.insert("running".to_owned(), json!("The server was told to stop."));
        }
        (said["checks"], said["problems"], said["notes"]) = (works.into(), wrong.into(), notes.into());
    }
    (status, Json(said))
}

/// Whether somebody has the token for the numbers, or one of an admin.
async fn may_see(app: &App, parts: &mut Parts) -> bool {
    if is_watcher(&app.config.server, &parts.headers).is_ok_and(|known| known == Some(true)) {
        return true;
    }
    Bearer::from_request_parts(parts, app).await.is_ok_and(|bearer| bearer.may(Scope::Admin).is_ok())
}

async fn database(store: &Store) -> Option<String> {
    let answers = async { schema::newest(&mut store.read().await?).await };
    answers.await.err().map(|_| "The database does not answer. The log says why.".to_owned())
}

/// A database that does not answer is told of once. One that a newer version has used works: a version only adds what
/// the one before does without.
async fn migrations(store: &Store) -> Check {
    let (wanted, mut check) = (schema::known(), Check::of("migrations", "Schema", None));
    let Ok(is) = async { schema::newest(&mut store.read().await?).await }.await else { return check };
    let told = format!("The schema is at version {is}, this program");
    if is < wanted {
        check.problem = Some(format!("{told} needs {wanted}. Run `fusionsoc migrate`."));
    } else if is > wanted {
        check.note = Some(format!("{told} knows {wanted}. It goes on, and can't be started again: replace it."));
    }
    check
}

fn full(space: Option<disk::Space>) -> Option<String> {
    let space = space?;
    (!space.suffices())
        .then(|| format!("{} % of the disk is free. Make room before nothing can be stored any more.", space.percent()))
}

/// A worker said less than a minute ago that it is alive.
async fn worker(store: &Store) -> Option<String> {
    let now = now_ms();
    let seen = async { jobs::last_worker(&mut store.read().await?, now).await }.await.ok()?;
    let what = match seen {
        Some(seen) if now - seen < WORKER_GONE_MS => return None,
        Some(seen) => format!("No worker was seen for {} s.", (now - seen) / 1000),
        None => "No worker was ever seen.".to_owned(),
    };
    Some(format!("{what} Start `fusionsoc worker`, or `fusionsoc serve` without --no-worker."))
}

async fn secrets(app: &App) -> Option<String> {
    let all = async { sources::all(&mut app.store.read().await?).await }.await.ok()?;
    let opens =
        |source: &sources::Source| app.vault.unseal_since(&sources::bound_to(&source.name), &source.secret).is_ok();
    let closed = all.iter().filter(|source| !opens(source)).count();
    (closed > 0).then(|| {
        format!("The secrets of {closed} webhooks can't be opened. Is it the right key file? Else give them new ones.")
    })
}
