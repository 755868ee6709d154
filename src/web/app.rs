//! What every handler may use.
use super::live::Present;
use super::looks::Looks;
use super::oidc::Provider;
use super::throttle::Buckets;
use crate::actions::wish::Wish;
use crate::clock::now_ms;
use crate::config::Config;
use crate::ingest::batch::Batcher;
use crate::ingest::room::Rooms;
use crate::intel::Intelligence;
use crate::jobs::{Connections, PanelSource, keys};
use crate::notify::Channels;
use crate::secret::Vault;
use crate::store::cases::Case;
use crate::store::changes::Newest;
use crate::store::{Actor, Store};
use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use tokio::sync::{Notify, Semaphore, watch};
use tokio_util::sync::CancellationToken;

/// The running program as handlers see it.
#[derive(Clone)]
pub struct App {
    /// The database.
    pub store: Store,
    /// The settings.
    pub config: Arc<Config>,
    /// The way in for detections.
    pub batcher: Batcher,
    /// Room for what is on its way in.
    pub rooms: Rooms,
    /// Who votes.
    pub panel: Arc<PanelSource>,
    /// Each organisation's `LimaCharlie`.
    pub connections: Arc<Connections>,
    /// Who is told of what.
    pub notify: Arc<Channels>,
    /// Who knows something about hashes, addresses and names.
    pub intel: Arc<Intelligence>,
    /// Who else vouches for people.
    pub oidc: Option<Arc<Provider>>,
    /// Opens stored secrets.
    pub vault: Vault,
    /// Notes who looked at which case.
    pub looks: Looks,
    /// Told after each change, so that worker and live feed look at once.
    pub wake: Arc<Notify>,
    /// The newest entry of the timeline, for the live feed.
    pub newest: watch::Receiver<Newest>,
    /// Password hashing uses much memory and time: two at once.
    pub hashing: Arc<Semaphore>,
    /// Places for event streams.
    pub streams: Arc<Semaphore>,
    /// How many event streams each session has open.
    pub open_streams: Arc<Mutex<HashMap<Vec<u8>, usize>>>,
    /// Told after sessions were ended, so that their event streams end with them.
    pub ended: watch::Sender<()>,
    /// Who looks at which case.
    pub present: Present,
    /// How often sources and tokens may call.
    pub buckets: Arc<Buckets>,
    /// Cancelled once the server was told to stop.
    pub stopping: CancellationToken,
    /// Whether this is the demo, which shows its sign-in.
    pub demo: bool,
}

impl App {
    /// Puts the parts together and starts the tasks behind ingest and live feed.
    ///
    /// # Errors
    /// Where the database can't be read.
    pub async fn start(
        store: Store,
        config: Arc<Config>,
        vault: Vault,
        wake: Arc<Notify>,
        demo: bool,
    ) -> Result<Self, sqlx::Error> {
        let panel = Arc::new(PanelSource::new(Arc::clone(&config)));
        keys::load(&store, &vault, &config.keys).await?;
        tokio::spawn(keys::watch(store.clone(), vault.clone(), config.keys.clone()));
        tokio::spawn(store.clone().follow(Arc::clone(&wake)));
        Ok(Self {
            batcher: Batcher::start(store.clone(), Arc::clone(&wake), config.policy.clone()),
            newest: super::live::watch(store.clone(), Arc::clone(&wake)).await?,
            looks: Looks::start(store.clone()),
            rooms: Rooms::default(),
            hashing: Arc::new(Semaphore::new(2)),
            connections: Arc::new(Connections::of_config(&config.limacharlie, &config.keys)),
            streams: Arc::new(Semaphore::new(crate::limits::STREAMS)),
            open_streams: Arc::default(),
            ended: watch::Sender::new(()),
            present: Present::default(),
            stopping: CancellationToken::new(),
            buckets: Arc::new(Buckets::default()),
            store,
            config,
            panel,
            notify: Arc::default(),
            intel: Arc::default(),
            oidc: None,
            vault,
            wake,
            demo,
        })
    }

    /// For how long an undo is offered: as a person chose, or as the settings say.
    pub fn undo_ms(&self, chosen_s: Option<i64>) -> i64 {
        chosen_s.unwrap_or_else(|| i64::from(self.config.policy.undo_s)) * 1000
    }

    /// What a person with this id, or a program of theirs, wishes for a case, as it may happen under the settings.
    pub fn wish<'a>(&self, actor: &'a Actor, person: Option<i64>, undo_ms: i64, case: &'a Case) -> Wish<'a> {
        Wish { actor, person, case, undo_ms, connected: self.connected(&case.org), now_ms: now_ms() }
    }

    /// Whether the `LimaCharlie` of an organisation is set up.
    pub fn connected(&self, org: &str) -> bool {
        self.connections.of(org).is_some()
    }

    /// The same app, telling by these channels.
    #[must_use]
    pub fn telling(mut self, channels: Arc<Channels>) -> Self {
        self.notify = channels;
        self
    }

    /// The same app with these intelligence providers.
    #[must_use]
    pub fn informed(mut self, intel: Arc<Intelligence>) -> Self {
        self.intel = intel;
        self
    }

    /// A session that was not used since then has ended.
    pub fn idle_since(&self, now_ms: i64) -> i64 {
        now_ms - i64::from(self.config.server.session_idle_minutes) * 60_000
    }

    /// When a session that begins now ends in any case.
    pub fn session_end(&self, now_ms: i64) -> i64 {
        now_ms + i64::from(self.config.server.session_hours) * 3_600_000
    }

    /// The same app with this provider vouching for people.
    #[must_use]
    pub fn signing_in_by(mut self, provider: Option<Arc<Provider>>) -> Self {
        self.oidc = provider;
        self
    }

    /// Whether cookies go without `Secure`.
    pub fn insecure_cookies(&self) -> bool {
        self.config.server.insecure_cookies
    }
}
