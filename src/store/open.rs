//! Opening a database: connection settings and migrations.
use super::{Store, ledger};
use sqlx::migrate::Migrator;
use sqlx::postgres::PgPoolOptions;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{Connection, Executor};
use std::str::FromStr;
use std::time::Duration;

/// How long a writer waits for a lock that another process holds.
const LOCK_WAIT: Duration = Duration::from_secs(8);

/// The words that search may be asked for, as tables of a connection of its own: `SQLite` lets no schema keep them for
/// readers, and making them costs nothing.
const WORD_LISTS: &str = "CREATE VIRTUAL TABLE temp.detection_terms USING fts5vocab (main, detection_words, instance);
    CREATE VIRTUAL TABLE temp.note_terms USING fts5vocab (main, note_words, instance)";

static SQLITE: Migrator = sqlx::migrate!("migrations/sqlite");
static POSTGRES: Migrator = sqlx::migrate!("migrations/postgres");

/// What a commit survives.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Durability {
    /// A power cut.
    #[default]
    Full,
    /// A crash of the program, not of the machine.
    Normal,
}

/// Why a database could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// It can't be reached, read or created.
    #[error("database.url: {0}")]
    Connect(#[source] sqlx::Error),
    /// Its schema can't be brought up to date; a newer program may have used it.
    #[error("database.url: the schema can't be used by this version: {0}")]
    Migrate(#[source] sqlx::migrate::MigrateError),
    /// Its files can't be protected.
    #[error("database.url: {0}")]
    Files(#[source] std::io::Error),
}

impl Store {
    /// Opens a database and brings its schema up to date.
    ///
    /// # Errors
    /// See [`OpenError`]; each names the setting.
    pub async fn open(url: &str, durability: Durability) -> Result<Self, OpenError> {
        let store =
            if url.starts_with("postgres") { Self::postgres(url).await } else { Self::sqlite(url, durability).await }?;
        store.migrate().await.map_err(OpenError::Migrate)?;
        store.chain().await.map_err(OpenError::Connect)?;
        Ok(store)
    }

    /// Chains the ledger's lines of older versions of the program, step by step.
    async fn chain(&self) -> Result<(), sqlx::Error> {
        loop {
            if !ledger::is_behind(&mut self.read().await?).await? {
                return Ok(());
            }
            let mut tx = self.write().await?;
            ledger::adopt(&mut tx).await?;
            tx.commit().await?;
        }
    }

    async fn postgres(url: &str) -> Result<Self, OpenError> {
        let pool = PgPoolOptions::new().max_connections(16).acquire_timeout(LOCK_WAIT).connect(url).await;
        Ok(Self::Postgres(pool.map_err(OpenError::Connect)?))
    }

    async fn sqlite(url: &str, durability: Durability) -> Result<Self, OpenError> {
        let synchronous =
            if durability == Durability::Full { SqliteSynchronous::Full } else { SqliteSynchronous::Normal };
        let options = SqliteConnectOptions::from_str(url)
            .map_err(OpenError::Connect)?
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(synchronous)
            .busy_timeout(LOCK_WAIT)
            .foreign_keys(true)
            .pragma("cache_size", "-16000")
            .pragma("temp_store", "memory")
            .optimize_on_close(true, 400);
        private(options.get_filename()).map_err(OpenError::Files)?;
        // On a full disk SQLite rolls back by itself, and the driver still counts a transaction that
        // is not there: such a connection would never work again.
        let write = SqlitePoolOptions::new()
            .max_connections(1)
            .acquire_timeout(LOCK_WAIT * 2)
            .before_acquire(|connection, _| Box::pin(async move { Ok(!connection.is_in_transaction()) }));
        let write = write.connect_with(options.clone()).await.map_err(OpenError::Connect)?;
        let read = SqlitePoolOptions::new()
            .max_connections(4)
            .acquire_timeout(LOCK_WAIT)
            .after_connect(|connection, _| Box::pin(async move { connection.execute(WORD_LISTS).await.map(drop) }))
            .connect_with(options.read_only(true));
        Ok(Self::Sqlite { read: read.await.map_err(OpenError::Connect)?, write })
    }

    async fn migrate(&self) -> Result<(), sqlx::migrate::MigrateError> {
        match self {
            Self::Sqlite { write, .. } => SQLITE.run(write).await,
            Self::Postgres(pool) => POSTGRES.run(pool).await,
        }
    }

    /// The newest migration that this program knows.
    pub fn newest_schema(&self) -> i64 {
        let known = if matches!(self, Self::Postgres(_)) { &POSTGRES } else { &SQLITE };
        known.iter().map(|migration| migration.version).max().unwrap_or_default()
    }
}

/// Makes the file readable by its owner alone before anything is written to it; `SQLite` gives its journals the same mode.
fn private(file: &std::path::Path) -> std::io::Result<()> {
    use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
    if file.as_os_str().is_empty() || file == std::path::Path::new(":memory:") {
        return Ok(());
    }
    let open =
        std::fs::OpenOptions::new().read(true).write(true).create(true).truncate(false).mode(0o600).open(file)?;
    open.set_permissions(std::fs::Permissions::from_mode(0o600))
}
