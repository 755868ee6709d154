//! `serve` and `worker`: start, wait for a signal, stop in order.
use super::{CliError, failed, open, vault};
use crate::config::Config;
use crate::intel::Intelligence;
use crate::jobs::ledger::Keeping;
use crate::jobs::pull::Pulls;
use crate::jobs::{Connections, PanelSource, Worker, keys, reindex};
use crate::notify::Channels;
use crate::store::{Store, orgs, users};
use crate::web::oidc::Provider;
use crate::web::tls::Certificate;
use crate::web::{App, router, server};
use std::fs::File;
use std::io::Write;
use std::process::ExitCode;
use std::sync::Arc;
use tokio::net::TcpListener;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

/// Serves until a signal.
///
/// # Errors
/// Where the settings, the database, the key file or the port can't be used.
pub async fn serve(config: Config, with_worker: bool) -> Result<ExitCode, CliError> {
    let store = open(&config).await?;
    let _only_server = lock(&config)?;
    let tls = certificate(&config)?;
    let config = Arc::new(config);
    let wake = Arc::new(Notify::new());
    let (channels, intel, provider) = (channels(&config)?, intelligence(&config)?, provider(&config)?);
    let app = App::start(store, Arc::clone(&config), vault(&config)?, wake, false).await?;
    let app = app.telling(channels).informed(intel).signing_in_by(provider);
    let listener = listen(&config).await?;
    // Settings of voters that can't be used are told now, not at the first detection.
    app.panel.current(&app.store).await.map_err(|error| CliError::Failed(error.to_string()))?;
    if config.server.insecure_cookies {
        tracing::warn!("cookies go without Secure: for use on this machine only");
    }
    let pulls = Arc::new(pulls(&app.store, &config, &app.connections).await?);
    say(&format!("FusionSOC is at {}", config.public_url()));
    if !users::any(&mut app.store.read().await?).await? {
        say("Nobody can sign in yet. Add the first admin; the password is one line on standard input:");
        say("  fusionsoc user add NAME --role admin --org SLUG");
        if orgs::all(&mut app.store.read().await?).await?.is_empty() {
            say("and before it an organisation: fusionsoc org add SLUG --name \"NAME\"");
        }
    }
    run(app, listener, tls, with_worker.then_some(pulls)).await;
    Ok(ExitCode::SUCCESS)
}

/// Tells a line to whoever started it. Nobody may read any more: that ends nothing.
fn say(line: &str) {
    let _ = writeln!(std::io::stdout(), "{line}");
}

/// The certificate of the settings, where there is one; its time is warned of.
pub(super) fn certificate(config: &Config) -> Result<Option<Arc<Certificate>>, CliError> {
    let tls = Certificate::open(&config.server).map_err(|error| CliError::Failed(error.to_string()))?;
    if let Some(warning) = tls.as_ref().and_then(|tls| tls.warning()) {
        tracing::warn!("{warning}");
    }
    Ok(tls)
}

/// The channels of the settings.
pub(super) fn channels(config: &Config) -> Result<Arc<Channels>, CliError> {
    Channels::build(config).map(Arc::new).map_err(|error| CliError::Failed(error.to_string()))
}

/// The intelligence providers of the settings.
pub(super) fn intelligence(config: &Config) -> Result<Arc<Intelligence>, CliError> {
    Intelligence::build(&config.intel, &config.keys).map(Arc::new).map_err(|error| CliError::Failed(error.to_string()))
}

/// Who else vouches for people, by the settings.
pub(super) fn provider(config: &Config) -> Result<Option<Arc<Provider>>, CliError> {
    Provider::build(config).map_err(CliError::Failed)
}

/// Binds the address of the settings.
pub(super) async fn listen(config: &Config) -> Result<TcpListener, CliError> {
    let address = config.server.listen;
    TcpListener::bind(address).await.map_err(|error| CliError::Failed(format!("server.listen: {address}: {error}")))
}

/// Runs server and worker until a signal, then lets both finish what they are at.
pub(super) async fn run(
    app: App,
    listener: TcpListener,
    tls: Option<Arc<Certificate>>,
    with_worker: Option<Arc<Pulls>>,
) {
    let stop = CancellationToken::new();
    let acceptor = match tls.as_ref().map(Certificate::acceptor).transpose() {
        Ok(acceptor) => acceptor,
        Err(error) => return tracing::error!(%error, "TLS can't be set up"),
    };
    if let Some(tls) = tls {
        tokio::spawn(tls.watch(stop.clone()));
    }
    tokio::spawn(signals(stop.clone()));
    let worker = with_worker.map(|pulls| {
        let worker = Worker::new(
            app.store.clone(),
            Arc::clone(&app.panel),
            Arc::new(app.config.policy.clone()),
            Arc::clone(&app.wake),
        )
        .connected(Arc::clone(&app.connections))
        .telling(Arc::clone(&app.notify))
        .informed(Arc::clone(&app.intel))
        .keeping(Keeping::of(&app.vault, app.config.retention.ledger_days))
        .pulling(pulls);
        tokio::spawn(worker.run(stop.clone()))
    });
    tokio::spawn(purge(app.store.clone(), stop.clone()));
    tokio::spawn(reindex::run(app.store.clone(), stop.clone()));
    server::serve_with(listener, router(app), acceptor, stop).await;
    if let Some(worker) = worker
        && let Err(error) = worker.await
    {
        tracing::error!(%error, "the worker ended badly");
    }
}

/// Works until a signal.
///
/// # Errors
/// Where the settings or the database can't be used.
pub async fn worker(config: Config) -> Result<ExitCode, CliError> {
    let store = open(&config).await?;
    let config = Arc::new(config);
    let (channels, intel) = (channels(&config)?, intelligence(&config)?);
    let vault = vault(&config)?;
    keys::load(&store, &vault, &config.keys).await?;
    let keeping = Keeping::of(&vault, config.retention.ledger_days);
    tokio::spawn(keys::watch(store.clone(), vault, config.keys.clone()));
    let panel = Arc::new(PanelSource::new(Arc::clone(&config)));
    panel.current(&store).await.map_err(|error| CliError::Failed(error.to_string()))?;
    let stop = CancellationToken::new();
    tokio::spawn(signals(stop.clone()));
    tokio::spawn(reindex::run(store.clone(), stop.clone()));
    let connections = Arc::new(Connections::of_config(&config.limacharlie, &config.keys));
    let pulls = Arc::new(pulls(&store, &config, &connections).await?);
    let worker = Worker::new(store, panel, Arc::new(config.policy.clone()), Arc::new(Notify::new()))
        .pulling(pulls)
        .keeping(keeping);
    say("A worker is running.");
    worker.connected(connections).telling(channels).informed(intel).run(stop).await;
    Ok(ExitCode::SUCCESS)
}

/// Who pulls from LimaCharlie; what can't be used is told now.
async fn pulls(store: &Store, config: &Config, connections: &Connections) -> Result<Pulls, CliError> {
    let mut tx = store.read().await?;
    for one in &config.limacharlie {
        if orgs::by_slug(&mut tx, &one.org).await?.is_none() {
            return failed(format!("limacharlie.org: there is no organisation {}", one.org));
        }
    }
    Ok(Pulls::of_config(config, connections)?)
}

/// The first signal asks to stop, the second one stops at once.
async fn signals(stop: CancellationToken) {
    use tokio::signal::unix::{SignalKind, signal};
    let (Ok(mut term), Ok(mut int)) = (signal(SignalKind::terminate()), signal(SignalKind::interrupt())) else {
        return;
    };
    for first in [true, false] {
        tokio::select! {
            _ = term.recv() => {}
            _ = int.recv() => {}
        }
        if first {
            stop.cancel();
        } else {
            std::process::exit(1);
        }
    }
}

/// Once an hour, removes sessions, form keys, drafts and looks that are over.
async fn purge(store: Store, stop: CancellationToken) {
    let mut hourly = tokio::time::interval(std::time::Duration::from_hours(1));
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            _ = hourly.tick() => {}
        }
        let purged = async {
            let mut tx = store.write().await?;
            let now = crate::clock::now_ms();
            crate::store::sessions::purge(&mut tx, now).await?;
            crate::store::second::purge(&mut tx, now).await?;
            crate::store::identities::purge(&mut tx, now).await?;
            crate::store::throttles::purge(&mut tx, now - crate::web::throttle::WINDOW_MS).await?;
            crate::store::idempotency::purge(&mut tx, now - 86_400_000).await?;
            crate::store::drafts::purge(&mut tx, now - crate::limits::DRAFT_MS).await?;
            crate::store::looks::purge(&mut tx, now - crate::limits::LOOK_MS).await?;
            crate::store::lookups::purge(&mut tx, now).await?;
            tx.commit().await
        };
        if let Err(error) = purged.await {
            tracing::warn!(%error, "old sessions could not be removed");
        }
    }
}

/// One server for one `SQLite` file: a second one would only fight for its lock.
fn lock(config: &Config) -> Result<Option<File>, CliError> {
    let Some(path) = config.sqlite_path() else { return Ok(None) };
    let path = path.with_extension("lock");
    let file = File::create(&path).map_err(|error| CliError::Failed(format!("{}: {error}", path.display())))?;
    if file.try_lock().is_err() {
        return failed("database.url: another server is using this database");
    }
    Ok(Some(file))
}
