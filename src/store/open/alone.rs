//! Opening a database for oneself alone, as it is: neither made nor migrated.
use super::remote::lasting;
use super::{CONNECTIONS, Durability, LOCK_WAIT, OpenError, files};
use crate::store::{Store, in_use, schema};
use sqlx::ConnectOptions;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::sqlite::{SqliteConnectOptions, SqlitePoolOptions};
use std::path::Path;
use std::str::FromStr;
use std::sync::Arc;

impl Store {
    /// Opens a database that nobody else uses, and keeps others away until it is closed. On one connection: never read
    /// and write at once.
    ///
    /// # Errors
    /// Where it is in use, is not there or can't be opened.
    pub async fn alone(url: &str) -> Result<Self, OpenError> {
        if url.starts_with("postgres") {
            let options = PgConnectOptions::from_str(url).map_err(OpenError::Connect)?.disable_statement_logging();
            let lock = Arc::new(in_use::Alone::default());
            let each = Arc::clone(&lock);
            let pool = PgPoolOptions::new()
                .max_connections(1)
                .acquire_timeout(LOCK_WAIT)
                // The lock ends with the connection. One that is cut all the same is followed by one that takes it again.
                .idle_timeout(None)
                .max_lifetime(None)
                .after_connect(move |connection, _| {
                    let lock = Arc::clone(&each);
                    Box::pin(async move {
                        lock.take(connection).await?;
                        lasting(connection, Durability::Full).await
                    })
                })
                .connect_with(options)
                .await
                .map_err(OpenError::Connect)?;
            lock.taken()?;
            return Ok(Self::Postgres(pool));
        }
        let file = Self::file_of(url).ok_or_else(|| OpenError::Files("names no file".to_owned()))?;
        files::existing(&file)?;
        let lock = in_use::alone(&file)?;
        let Self::Sqlite { read, write, .. } = Self::of_file(&file).await? else {
            return Err(OpenError::Files("names no file".to_owned()));
        };
        Ok(Self::Sqlite { read, write, in_use: Some(Arc::new(lock)) })
    }

    /// The same of a `SQLite` file that nobody else knows of.
    ///
    /// # Errors
    /// Where it can't be opened.
    pub async fn of_file(file: &Path) -> Result<Self, OpenError> {
        let options = SqliteConnectOptions::new().filename(file).disable_statement_logging();
        let pool = SqlitePoolOptions::new().max_connections(1).idle_timeout(None).max_lifetime(None);
        let pool = pool.acquire_timeout(LOCK_WAIT).connect_with(options).await.map_err(OpenError::Connect)?;
        Ok(Self::Sqlite { read: pool.clone(), write: pool, in_use: None })
    }

    /// Opens a database beside others that use it, as it is: neither made nor migrated.
    ///
    /// # Errors
    /// Where it is not there, can't be opened or was used by a newer version.
    pub async fn as_it_is(url: &str) -> Result<Self, OpenError> {
        Self::found(url, Durability::Full, CONNECTIONS).await.map(|(store, _)| store)
    }

    /// The same of one that has the schema of this program.
    ///
    /// # Errors
    /// Also where an older version used it last.
    pub async fn existing(url: &str, durability: Durability, connections: u32) -> Result<Self, OpenError> {
        let (store, newest) = Self::found(url, durability, connections).await?;
        if newest < schema::known() { Err(OpenError::Older(newest, schema::known())) } else { Ok(store) }
    }

    /// A database that is there, and the number of its newest migration.
    async fn found(url: &str, durability: Durability, connections: u32) -> Result<(Self, i64), OpenError> {
        let store = match Self::file_of(url) {
            Some(file) => {
                files::existing(&file)?;
                Self::sqlite(url, durability).await?
            }
            None if url.starts_with("postgres") => Self::postgres(url, durability, connections).await?,
            None => return Err(OpenError::Files("names no file".to_owned())),
        };
        store.until_settled().await;
        match store.newest().await? {
            0 => Err(OpenError::Nothing("the database is empty".to_owned())),
            newest if newest > schema::known() => Err(OpenError::Newer(newest, schema::known())),
            newest => Ok((store, newest)),
        }
    }

    /// The number of its newest migration.
    ///
    /// # Errors
    /// Where it can't be read.
    pub async fn newest(&self) -> Result<i64, OpenError> {
        let newest = async { schema::newest(&mut self.read().await?).await };
        newest.await.map_err(OpenError::Connect)
    }

    /// Brings its schema up to date.
    ///
    /// # Errors
    /// Where that can't be done, or a newer version has used it.
    pub async fn update(&self) -> Result<(), OpenError> {
        match self.migrate().await {
            Ok(()) => self.chain().await.map_err(OpenError::Connect),
            Err(error) => Err(self.refusal(error).await),
        }
    }

    /// Closes all connections, so that a `SQLite` file stands for itself.
    pub async fn close(&self) {
        match self {
            Self::Sqlite { read, write, .. } => {
                read.close().await;
                write.close().await;
            }
            Self::Postgres(pool) => pool.close().await,
        }
    }
}
