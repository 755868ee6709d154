//! Opening a database: connection settings and migrations.
mod alone;
pub(super) mod files;
mod remote;

use super::{Store, ledger, schema};
use sqlx::migrate::MigrateError;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{ConnectOptions, Connection, Executor};
use std::path::PathBuf;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// How long a writer waits for a lock that another process holds.
const LOCK_WAIT: Duration = Duration::from_secs(8);

/// Connections to `PostgreSQL` that a process opens at most where the settings say nothing else.
pub const CONNECTIONS: u32 = 16;

/// The words that search may be asked for, as tables of a connection of its own: `SQLite` lets no schema keep them for
/// readers, and making them costs nothing.
const WORD_LISTS: &str = "CREATE VIRTUAL TABLE temp.detection_terms USING fts5vocab (main, detection_words, instance);
    CREATE VIRTUAL TABLE temp.note_terms USING fts5vocab (main, note_words, instance)";

/// What a commit survives.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
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
    #[error("database.url: {}", plain(.0))]
    Connect(#[source] sqlx::Error),
    /// A newer program has used it: the newest migration there, and the newest that is known here.
    #[error(
        "database.url: was used by a newer version; its newest migration is {0:04}, this program knows up to {1:04}"
    )]
    Newer(i64, i64),
    /// Its schema can't be brought up to date.
    #[error("database.url: the schema can't be used by this version: {0}")]
    Migrate(#[source] MigrateError),
    /// An older program made it, and nobody asked to bring it up to date: the newest migration there, and the newest
    /// that is known here.
    #[error(
        "database.url: its newest migration is {0:04}, this program's is {1:04}; `fusionsoc migrate` brings it up to \
         date, and so does a start of the new `serve` or `worker`"
    )]
    Older(i64, i64),
    /// There is no database, or an empty one.
    #[error("database.url: {0}; `fusionsoc init`, `serve` and `migrate` make a new one")]
    Nothing(String),
    /// Its files can't be used.
    #[error("database.url: {0}")]
    Files(String),
    /// It is no database any more.
    #[error("database.url: {0}")]
    Damaged(String),
    /// Somebody else is at work on it.
    #[error("database.url: {0}")]
    InUse(String),
}

impl OpenError {
    /// The same without the setting's name.
    pub fn plain(&self) -> String {
        self.to_string().trim_start_matches("database.url: ").to_owned()
    }
}

/// What a driver says, in plainer words where it is about the whole file.
fn plain(error: &sqlx::Error) -> String {
    let code = error.as_database_error().and_then(|error| error.code().map(std::borrow::Cow::into_owned));
    match code.as_deref() {
        Some("11") => "the database is damaged; restore a backup".to_owned(),
        Some("26") => "the file is not an SQLite database".to_owned(),
        _ => error.to_string(),
    }
}

impl Store {
    /// Opens a database and brings its schema up to date.
    ///
    /// # Errors
    /// See [`OpenError`]; each names the setting.
    pub async fn open(url: &str, durability: Durability) -> Result<Self, OpenError> {
        Self::open_with(url, durability, CONNECTIONS).await
    }

    /// The same with at most so many connections to `PostgreSQL`.
    ///
    /// # Errors
    /// See [`OpenError`]; each names the setting.
    pub async fn open_with(url: &str, durability: Durability, connections: u32) -> Result<Self, OpenError> {
        let store = if url.starts_with("postgres") {
            Self::postgres(url, durability, connections).await
        } else {
            Self::sqlite(url, durability).await
        }?;
        store.update().await?;
        Ok(store)
    }

    /// Chains the ledger's lines of versions of the program that had no chain yet.
    async fn chain(&self) -> Result<(), sqlx::Error> {
        if !ledger::is_unchained(&mut self.read().await?).await? {
            return Ok(());
        }
        let mut tx = self.write().await?;
        ledger::adopt(&mut tx).await?;
        tx.commit().await
    }

    /// Why the schema can't be brought up to date.
    async fn refusal(&self, error: MigrateError) -> OpenError {
        let newest = async { schema::newest(&mut self.read().await?).await };
        match (error, newest.await) {
            (MigrateError::VersionMissing(_), Ok(newest)) if newest > schema::known() => {
                OpenError::Newer(newest, schema::known())
            }
            (MigrateError::Execute(error) | MigrateError::ExecuteMigration(error, _), _) if damaged(&error) => {
                OpenError::Connect(error)
            }
            (error, _) => OpenError::Migrate(error),
        }
    }

    /// The file of a `SQLite` database; none for one in memory. Where its name is a link, the file that the link means:
    /// `SQLite` keeps its journal beside that one, and so do we the lock.
    pub fn file_of(url: &str) -> Option<PathBuf> {
        Self::named(url).map(files::meant)
    }

    /// The same as it is named.
    fn named(url: &str) -> Option<PathBuf> {
        let memory = url.contains(":memory:") || url.contains("mode=memory");
        let options = SqliteConnectOptions::from_str(url).ok().filter(|_| !memory && url.starts_with("sqlite"))?;
        Some(options.get_filename().to_owned()).filter(|file| !file.as_os_str().is_empty())
    }

    async fn sqlite(url: &str, durability: Durability) -> Result<Self, OpenError> {
        let synchronous =
            if durability == Durability::Full { SqliteSynchronous::Full } else { SqliteSynchronous::Normal };
        let mut options = SqliteConnectOptions::from_str(url)
            .map_err(OpenError::Connect)?
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(synchronous)
            .busy_timeout(LOCK_WAIT)
            .foreign_keys(true)
            .pragma("cache_size", "-16000")
            .pragma("temp_store", "memory")
            .optimize_on_close(true, 400);
        let mut in_use = None;
        if let Some(named) = Self::named(url) {
            let file = files::meant(named.clone());
            in_use = Some(Arc::new(files::prepare(&named, &file).await?));
            options = options.filename(file);
        }
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
        Ok(Self::Sqlite { read: read.await.map_err(OpenError::Connect)?, write, in_use })
    }

    /// The mode of the folder of a `SQLite` file, where others can list it.
    pub fn folder_mode_for_others(&self) -> Option<u32> {
        let Self::Sqlite { write, .. } = self else { return None };
        files::mode_for_others(write.connect_options().get_filename())
    }

    /// How a connection beside the pools reads a `SQLite` file: closing it writes nothing, and reading all of it may take
    /// its time.
    pub(super) fn reader(&self) -> Option<SqliteConnectOptions> {
        let Self::Sqlite { read, .. } = self else { return None };
        Some((*read.connect_options()).clone().optimize_on_close(false, None).disable_statement_logging())
    }

    /// Looks at the file of a `SQLite` database for damage, at most for so long or until it is told to stop; says whether
    /// all of it was seen.
    ///
    /// # Errors
    /// Where it is damaged.
    pub async fn examine(&self, at_most: Duration, stop: &CancellationToken) -> Result<bool, OpenError> {
        let Some(options) = self.reader() else { return Ok(true) };
        let (until, stop) = (std::time::Instant::now() + at_most, stop.clone());
        let goes_on = move || !stop.is_cancelled() && std::time::Instant::now() < until;
        let looked = async {
            let mut connection = options.connect().await?;
            connection.lock_handle().await?.set_progress_handler(10_000, goes_on);
            let found: String = sqlx::query_scalar("PRAGMA quick_check(1)").fetch_one(&mut connection).await?;
            connection.close().await?;
            Ok::<_, sqlx::Error>(found)
        };
        match looked.await {
            Ok(found) if found == "ok" => Ok(true),
            Ok(found) => Err(OpenError::Damaged(format!("the database is damaged ({found}); restore a backup"))),
            Err(sqlx::Error::Database(error)) if error.code().as_deref() == Some("9") => Ok(false),
            Err(error) if damaged(&error) => Err(OpenError::Damaged(plain(&error))),
            Err(error) => Err(OpenError::Connect(error)),
        }
    }
}

/// Whether an error says that the file is damaged or no database.
fn damaged(error: &sqlx::Error) -> bool {
    error.as_database_error().is_some_and(|error| matches!(error.code().as_deref(), Some("11" | "26")))
}
