//! `/metrics`: what the program counted, and what the store and the machine say at this moment.
use super::disk;
use crate::clock::now_ms;
use crate::config::{BadConfig, Config, Server};
use crate::error::{AppError, Result};
use crate::jobs::KINDS;
use crate::limits;
use crate::metrics;
use crate::store::record::Ended;
use crate::store::{Store, backups, jobs};
use crate::web::App;
use crate::web::auth::fingerprint;
use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use prometheus::{Gauge, GaugeVec, Opts, Registry};
use std::path::PathBuf;
use std::sync::{Arc, LazyLock};
use tokio::sync::Semaphore;

/// When the process began, in milliseconds since 1970.
static STARTED_MS: LazyLock<i64> = LazyLock::new(now_ms);

/// When the process began; the first one to ask says so.
pub fn started_ms() -> i64 {
    *STARTED_MS
}

/// What is looked at for an answer.
#[derive(Clone)]
pub struct Watched {
    /// The database.
    pub store: Store,
    /// The folder of the `SQLite` file.
    pub folder: Option<PathBuf>,
    /// Places for event streams, in a server.
    pub streams: Option<Arc<Semaphore>>,
}

impl Watched {
    /// What a process without pages has.
    pub fn of_worker(store: &Store, config: &Config) -> Self {
        Self { store: store.clone(), folder: disk::folder(config), streams: None }
    }

    /// What a server has.
    pub fn of(app: &App) -> Self {
        let streams = Some(Arc::clone(&app.streams));
        Self { streams, ..Self::of_worker(&app.store, &app.config) }
    }

    /// The answer.
    ///
    /// # Errors
    /// Where a number can't be written. A store that does not answer is left out.
    pub async fn text(&self) -> prometheus::Result<String> {
        let read = Read(Registry::new());
        read.process()?;
        if let Some(streams) = &self.streams {
            let open = limits::STREAMS - streams.available_permits();
            read.one("fusionsoc_event_streams", "Event streams that are open.", count(open))?;
        }
        if let Some(space) = self.folder.as_deref().and_then(disk::space) {
            read.one("fusionsoc_disk_free_bytes", "Bytes free at the database.", real(space.free))?;
            read.one("fusionsoc_disk_size_bytes", "Bytes in all at the database.", real(space.total))?;
        }
        match self.queue().await {
            Ok((depths, seen)) => read.queue(&depths, seen)?,
            Err(error) => tracing::warn!(%error, "the queue could not be read for the numbers"),
        }
        match self.backups().await {
            Ok(known) => read.backups(known)?,
            Err(error) => tracing::warn!(%error, "backups could not be read for the numbers"),
        }
        metrics::text(&read.0)
    }

    async fn queue(&self) -> crate::store::Result<(Vec<jobs::Depth>, Option<i64>)> {
        let kinds: Vec<&str> = KINDS.iter().map(|(kind, _)| *kind).collect();
        let (mut tx, now) = (self.store.read().await?, now_ms());
        Ok((jobs::depths(&mut tx, &kinds, now).await?, jobs::last_worker(&mut tx, now).await?))
    }

    /// When the last backup was made, and whether one failed since.
    async fn backups(&self) -> crate::store::Result<(Option<i64>, bool)> {
        let mut tx = self.store.read().await?;
        let made = backups::last_made(&mut tx).await?.map(|made| made.at_ms);
        Ok((made, backups::last(&mut tx).await?.is_some_and(|last| last.result == Ended::Failed)))
    }
}

/// Numbers that are read for one answer alone.
struct Read(Registry);

impl Read {
    fn one(&self, name: &str, help: &str, value: f64) -> prometheus::Result<()> {
        let gauge = Gauge::new(name, help)?;
        gauge.set(value);
        self.0.register(Box::new(gauge))
    }

    fn each(&self, name: &str, help: &str, label: &[&str]) -> prometheus::Result<GaugeVec> {
        let gauge = GaugeVec::new(Opts::new(name, help), label)?;
        self.0.register(Box::new(gauge.clone()))?;
        Ok(gauge)
    }

    fn process(&self) -> prometheus::Result<()> {
        let version = [env!("CARGO_PKG_VERSION"), env!("FUSIONSOC_COMMIT")];
        let build = self.each("fusionsoc_build_info", "Version and commit.", &["version", "commit"])?;
        build.with_label_values(&version).set(1.0);
        self.one("process_start_time_seconds", "When the process began.", whole(started_ms()) / 1000.0)?;
        match resident() {
            Some(bytes) => self.one("process_resident_memory_bytes", "Memory that is in use.", real(bytes)),
            None => Ok(()),
        }
    }

    fn backups(&self, (made, failed): (Option<i64>, bool)) -> prometheus::Result<()> {
        self.one("fusionsoc_backup_failed", "1 where the last backup failed.", if failed { 1.0 } else { 0.0 })?;
        let Some(made) = made else { return Ok(()) };
        let ago = whole((now_ms() - made).max(0)) / 1000.0;
        self.one("fusionsoc_backup_age_seconds", "How long ago the last backup was made.", ago)
    }

    fn queue(&self, depths: &[jobs::Depth], seen: Option<i64>) -> prometheus::Result<()> {
        let waiting = self.each("fusionsoc_jobs_waiting", "Jobs that wait or are worked on.", &["kind"])?;
        let dead = self.each("fusionsoc_jobs_dead", "Jobs that were given up.", &["kind"])?;
        let due = self.each("fusionsoc_jobs_due_seconds", "For how long the oldest job is due.", &["kind"])?;
        let now = now_ms();
        for one in depths {
            let late = one.due_ms.map_or(0, |due| (now - due).max(0));
            waiting.with_label_values(&[&one.kind]).set(whole(one.waiting));
            dead.with_label_values(&[&one.kind]).set(whole(one.dead));
            due.with_label_values(&[&one.kind]).set(whole(late) / 1000.0);
        }
        let oldest = depths.iter().filter_map(|one| one.due_ms).min().map_or(0, |due| (now - due).max(0));
        self.one(
            "fusionsoc_jobs_oldest_due_seconds",
            "For how long the oldest of all is due.",
            whole(oldest) / 1000.0,
        )?;
        match seen {
            Some(seen) => {
                let ago = whole((now - seen).max(0)) / 1000.0;
                self.one("fusionsoc_worker_seen_seconds", "How long ago any worker was seen.", ago)
            }
            None => Ok(()),
        }
    }
}

#[expect(clippy::cast_precision_loss, reason = "a number for a graph")]
const fn real(value: u64) -> f64 {
    value as f64
}

#[expect(clippy::cast_precision_loss, reason = "a number for a graph")]
const fn whole(value: i64) -> f64 {
    value as f64
}

fn count(value: usize) -> f64 {
    real(u64::try_from(value).unwrap_or(u64::MAX))
}

/// Bytes of memory that the process has, where the system tells it as Linux does.
pub fn resident() -> Option<u64> {
    let said = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = said.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kib: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kib * 1024)
}

/// Whether a request carries the token for the numbers; nothing where none is set.
///
/// # Errors
/// Where the token's file can't be read.
pub fn is_watcher(server: &Server, headers: &HeaderMap) -> std::result::Result<Option<bool>, BadConfig> {
    let Some(token) = server.metrics_token()? else { return Ok(None) };
    let given = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let given = given.split_once(' ').filter(|(scheme, _)| scheme.eq_ignore_ascii_case("Bearer"));
    // Hashes are compared, so that how long it takes tells nothing of the token.
    Ok(Some(given.is_some_and(|(_, given)| fingerprint(given.trim()) == fingerprint(token.expose()))))
}

/// Goes on only for who has the token; where none is set there is no such page.
///
/// # Errors
/// `Unauthorized`, or `Unknown` where no token is set.
pub fn admit(app: &App, headers: &HeaderMap) -> Result<()> {
    match is_watcher(&app.config.server, headers) {
        Ok(Some(true)) => Ok(()),
        Ok(Some(false)) => Err(AppError::Unauthorized),
        Ok(None) => Err(AppError::Unknown("page")),
        Err(error) => Err(AppError::Internal(error.into())),
    }
}

fn answer(text: prometheus::Result<String>) -> Result<Response> {
    let text = text.map_err(|error| AppError::Internal(error.into()))?;
    Ok(([(header::CONTENT_TYPE, prometheus::TEXT_FORMAT)], text).into_response())
}

/// `GET /metrics`; [`admit`] was asked before.
pub async fn show(State(app): State<App>) -> Result<Response> {
    answer(Watched::of(&app).text().await)
}

/// The same alone, for a port of this machine.
pub fn alone(watched: Watched) -> Router {
    let show = async |State(watched): State<Watched>| answer(watched.text().await);
    Router::new().route("/metrics", get(show)).route("/healthz", get(super::health::alive)).with_state(watched)
}
