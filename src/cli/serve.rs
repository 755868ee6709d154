//! `serve` and `worker`: start, wait for a signal, stop in order.
use super::place::{begin, first_vault};
use super::{CliError, failed, look, signals};
use crate::api::metrics::{self, Watched};
use crate::config::Config;
use crate::intel::Intelligence;
use crate::jobs::pull::Pulls;
use crate::jobs::{Connections, PanelSource, Worker, keys, reindex, upkeep};
use crate::notify::Channels;
use crate::store::{OpenError, Store, orgs, users};
use crate::web::oidc::Provider;
use crate::web::tls::Certificate;
use crate::web::{App, router, server};
use std::fs::File;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
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
    signals::outlive_hangups()?;
    let _only_server = lock(&config)?;
    let store = begin(&config).await?;
    let whole = look::first(&store).await?;
    warn_open(&store, &config).await?;
    let tls = certificate(&config)?;
    let config = Arc::new(config);
    let wake = Arc::new(Notify::new());
    let (channels, intel, provider) = (channels(&config)?, intelligence(&config)?, provider(&config)?);
    let vault = first_vault(&config, &store).await?;
    let app = App::start(store, Arc::clone(&config), vault, wake, false).await?;
    let app = app.telling(channels).informed(intel).signing_in_by(provider);
    let (listener, numbers) = (listen(&config).await?, numbers(&config).await?);
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
    run(app, (listener, numbers), tls, with_worker.then_some(pulls), whole).await?;
    Ok(ExitCode::SUCCESS)
}

/// Tells where nobody proves who the database is, where only the queries themselves keep organisations apart, and where
/// others can look into the folder.
async fn warn_open(store: &Store, config: &Config) -> Result<(), CliError> {
    if let Some(why) = Store::unproven(&config.database.url) {
        tracing::warn!("database.url: {why}");
    }
    if let Some(why) = store.unwalled().await? {
        tracing::warn!("database.url: {why}");
    }
    if let Some(mode) = store.folder_mode_for_others() {
        let text = "others can list the folder of the database; a folder of its own with mode 0700 is better";
        tracing::warn!(mode = format!("{mode:o}"), "{text}");
    }
    Ok(())
}

/// Tells a line to whoever started it. Nobody may read any more: that ends nothing.
fn say(line: &str) {
    let _ = writeln!(std::io::stdout(), "{line}");
}

/// The certificate of the settings, where there is one; its time is warned of.
pub(super) fn certificate(config: &Config) -> Result<Option<Arc<Certificate>>, CliError> {
    let tls = Certificate::open(&config.server).map_err(|error| CliError::Setting(error.to_string()))?;
    if let Some(warning) = tls.as_ref().and_then(|tls| tls.warning()) {
        tracing::warn!("{warning}");
    }
    Ok(tls)
}

/// The channels of the settings.
pub(super) fn channels(config: &Config) -> Result<Arc<Channels>, CliError> {
    Channels::build(config).map(Arc::new).map_err(|error| CliError::Setting(error.to_string()))
}

/// The intelligence providers of the settings.
pub(super) fn intelligence(config: &Config) -> Result<Arc<Intelligence>, CliError> {
    Intelligence::build(&config.intel, &config.keys).map(Arc::new).map_err(|error| CliError::Setting(error.to_string()))
}

/// Who else vouches for people, by the settings.
pub(super) fn provider(config: &Config) -> Result<Option<Arc<Provider>>, CliError> {
    Provider::build(config).map_err(CliError::Setting)
}

/// Binds the address of the settings.
pub(super) async fn listen(config: &Config) -> Result<TcpListener, CliError> {
    let address = config.server.listen;
    TcpListener::bind(address).await.map_err(|error| CliError::Failed(format!("server.listen: {address}: {error}")))
}

/// Binds the port where the numbers are told without a token, where there is to be one.
pub(super) async fn numbers(config: &Config) -> Result<Option<TcpListener>, CliError> {
    let Some(address) = config.server.metrics_listen else { return Ok(None) };
    let bound = TcpListener::bind(address).await;
    bound.map(Some).map_err(|error| CliError::Failed(format!("server.metrics_listen: {address}: {error}")))
}

/// Runs server and worker until a signal, then lets both finish what they are at. `examined` says that the database's
/// file was seen whole.
///
/// # Errors
/// Where TLS can't be set up, and where the file turns out to be damaged.
pub(super) async fn run(
    app: App,
    (listener, numbers): (TcpListener, Option<TcpListener>),
    tls: Option<Arc<Certificate>>,
    with_worker: Option<Arc<Pulls>>,
    examined: bool,
) -> Result<(), CliError> {
    let (stop, close) = (app.stopping.clone(), CancellationToken::new());
    let acceptor = tls.as_ref().map(Certificate::acceptor).transpose();
    let acceptor = acceptor.map_err(|error| CliError::Failed(format!("TLS can't be set up: {error}")))?;
    let looking = (!examined).then(|| look::beside(&app.store, stop.clone(), close.clone()));
    if let Some(tls) = tls {
        tokio::spawn(tls.watch(stop.clone()));
    }
    tokio::spawn(signals::until_stopped(stop.clone(), close.clone()));
    if let Some(numbers) = numbers {
        tokio::spawn(server::serve(numbers, metrics::alone(Watched::of(&app)), close.clone()));
    }
    let worker = with_worker.map(|pulls| tokio::spawn(beside(&app, pulls).run(stop.clone())));
    tokio::spawn(upkeep::run(app.store.clone(), stop.clone()));
    tokio::spawn(reindex::run(app.store.clone(), stop));
    server::serve_with(listener, router(app), acceptor, close).await;
    if let Some(worker) = worker
        && let Err(error) = worker.await
    {
        tracing::error!(%error, "the worker ended badly");
    }
    look::found(looking).await
}

/// The worker in the server's own process.
fn beside(app: &App, pulls: Arc<Pulls>) -> Worker {
    let policy = Arc::new(app.config.policy.clone());
    Worker::new(app.store.clone(), Arc::clone(&app.panel), policy, Arc::clone(&app.wake))
        .connected(Arc::clone(&app.connections))
        .telling(Arc::clone(&app.notify))
        .informed(Arc::clone(&app.intel))
        .keeping(app.config.retention)
        .signing(app.vault.signer().ok())
        .backing_up(Arc::new(app.config.backup.clone()))
        .pulling(pulls)
}

/// Works until a signal.
///
/// # Errors
/// Where the settings or the database can't be used.
pub async fn worker(config: Config) -> Result<ExitCode, CliError> {
    signals::outlive_hangups()?;
    let store = begin(&config).await?;
    let whole = look::first(&store).await?;
    warn_open(&store, &config).await?;
    let config = Arc::new(config);
    let (channels, intel) = (channels(&config)?, intelligence(&config)?);
    let vault = first_vault(&config, &store).await?;
    keys::load(&store, &vault, &config.keys).await?;
    let signer = vault.signer().ok();
    tokio::spawn(keys::watch(store.clone(), vault, config.keys.clone()));
    let panel = Arc::new(PanelSource::new(Arc::clone(&config)));
    panel.current(&store).await.map_err(|error| CliError::Failed(error.to_string()))?;
    let stop = CancellationToken::new();
    tokio::spawn(signals::until_stopped(stop.clone(), stop.clone()));
    let looking = (!whole).then(|| look::beside(&store, stop.clone(), stop.clone()));
    if let Some(numbers) = numbers(&config).await? {
        let watched = Watched::of_worker(&store, &config);
        tokio::spawn(server::serve(numbers, metrics::alone(watched), stop.clone()));
    }
    tokio::spawn(reindex::run(store.clone(), stop.clone()));
    let connections = Arc::new(Connections::of_config(&config.limacharlie, &config.keys));
    let pulls = Arc::new(pulls(&store, &config, &connections).await?);
    let wake = Arc::new(Notify::new());
    tokio::spawn(store.clone().follow(Arc::clone(&wake)));
    let worker = Worker::new(store, panel, Arc::new(config.policy.clone()), wake).pulling(pulls).signing(signer);
    say("A worker is running.");
    let worker = worker.backing_up(Arc::new(config.backup.clone()));
    worker.connected(connections).telling(channels).informed(intel).keeping(config.retention).run(stop).await;
    look::found(looking).await?;
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

/// One server for one `SQLite` file: a second one would only fight for its lock.
pub(super) fn lock(config: &Config) -> Result<Option<File>, CliError> {
    let Some(path) = Store::file_of(&config.database.url) else { return Ok(None) };
    let path = path.with_extension("lock");
    if path.parent().is_some_and(|folder| !folder.as_os_str().is_empty() && !folder.exists()) {
        // A folder that is still to be made has no server.
        return Ok(None);
    }
    let open = File::options().write(true).create(true).truncate(false).mode(0o600).open(&path);
    let file = open.map_err(|error| OpenError::Files(format!("{}: {error}", path.display())))?;
    if file.try_lock().is_err() {
        return failed("database.url: another server is using this database");
    }
    Ok(Some(file))
}
