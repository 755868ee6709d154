//! One consistent state of a store as one `SQLite` file, and whether such a file is whole.
use super::open::OpenError;
use super::{CopyError, Store, copy, schema};
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions, Connection, SqliteConnection};
use std::io::Read;
use std::path::Path;

/// Why a file is no backup that can be used.
#[derive(Debug, thiserror::Error)]
pub enum Unsound {
    /// It is no database, or damaged.
    #[error("{0}")]
    Damaged(String),
    /// A newer program made it: its newest migration, and the newest that is known here.
    #[error("is of a newer version; its newest migration is {0:04}, this program knows up to {1:04}")]
    Newer(i64, i64),
    /// It can't be read.
    #[error("{0}")]
    File(#[from] std::io::Error),
}

impl Store {
    /// Writes the store as it is at one moment into an empty file, while others go on reading and writing: on `SQLite`
    /// by `VACUUM INTO`, which holds a read snapshot and no lock; on `PostgreSQL` by a copy out of one snapshot.
    ///
    /// # Errors
    /// Where the database or the disk refuses.
    pub async fn snapshot(&self, file: &Path, told: &(dyn Fn(&str, u64) + Sync)) -> Result<(), CopyError> {
        let Some(reader) = self.reader() else { return self.copied_into(file, told).await };
        // A connection of its own: those of the pool are for pages.
        let mut connection = reader.connect().await?;
        let into = sqlx::query("VACUUM INTO $1").bind(file.to_string_lossy().into_owned());
        into.execute(&mut connection).await?;
        Ok(connection.close().await?)
    }

    async fn copied_into(&self, file: &Path, told: &(dyn Fn(&str, u64) + Sync)) -> Result<(), CopyError> {
        let mut from = self.read().await?;
        // As it is, so that the program of after a step makes the backup of before it.
        let newest = schema::newest(&mut from).await?;
        let opened = async {
            let to = Self::of_file(file).await?;
            to.migrate_to(newest).await.map_err(OpenError::Migrate)?;
            Ok::<_, OpenError>(to)
        };
        let to = opened.await.map_err(|error| CopyError::Differ(error.plain()))?;
        let mut tx = to.write().await?;
        copy(&mut from, &mut tx, told).await?;
        tx.commit().await?;
        to.close().await;
        Ok(())
    }
}

/// Brings everything of a database's journal into its one file.
///
/// # Errors
/// Where the file is damaged or in use.
pub async fn close_journal(file: &Path) -> Result<(), sqlx::Error> {
    let mut connection = SqliteConnectOptions::new().filename(file).disable_statement_logging().connect().await?;
    let done = async {
        sqlx::query("PRAGMA wal_checkpoint(TRUNCATE)").execute(&mut connection).await?;
        sqlx::query("PRAGMA journal_mode = DELETE").execute(&mut connection).await
    };
    let done = done.await.map(drop);
    // Also where that failed: a connection that is only dropped ends later, at a moment of its own.
    connection.close().await.and(done)
}

/// Reads a whole file for damage: every page, every index, every reference. Returns its newest migration. The file is
/// only read.
///
/// # Errors
/// See [`Unsound`].
pub async fn verify(file: &Path) -> Result<i64, Unsound> {
    let mut start = [0; 16];
    std::fs::File::open(file)?.read_exact(&mut start).map_err(|_| Unsound::Damaged("is no backup".to_owned()))?;
    if !start.starts_with(b"SQLite format 3") {
        return Err(Unsound::Damaged("is no backup".to_owned()));
    }
    let looked = async {
        let options = SqliteConnectOptions::new().filename(file).read_only(true).disable_statement_logging();
        let mut connection = options.connect().await?;
        let found = damage(&mut connection).await?;
        let newest = "SELECT COALESCE(MAX(version), 0) FROM _sqlx_migrations";
        let newest: i64 =
            if found.is_some() { 0 } else { sqlx::query_scalar(newest).fetch_one(&mut connection).await? };
        connection.close().await?;
        Ok::<_, sqlx::Error>((found, newest))
    };
    match looked.await {
        Ok((Some(found), _)) => Err(Unsound::Damaged(format!("is damaged: {found}"))),
        Ok((None, newest)) if newest > schema::known() => Err(Unsound::Newer(newest, schema::known())),
        Ok((None, newest)) => Ok(newest),
        Err(error) => Err(Unsound::Damaged(format!("is damaged, or no backup: {}", OpenError::Connect(error).plain()))),
    }
}

/// The first damage that `SQLite` finds, or the first reference to a row that is not there.
async fn damage(connection: &mut SqliteConnection) -> Result<Option<String>, sqlx::Error> {
    let found: String = sqlx::query_scalar("PRAGMA integrity_check(1)").fetch_one(&mut *connection).await?;
    if found != "ok" {
        return Ok(Some(found));
    }
    let lost: Option<(String, Option<i64>, String)> =
        sqlx::query_as("SELECT \"table\", rowid, parent FROM pragma_foreign_key_check LIMIT 1")
            .fetch_optional(connection)
            .await?;
    Ok(lost.map(|(table, row, parent)| {
        format!("row {} of {table} refers to a row of {parent} that is not there", row.unwrap_or_default())
    }))
}

impl Store {
    /// The first damage in a `SQLite` store, in words; nothing on `PostgreSQL`, which looks after itself.
    ///
    /// # Errors
    /// Where it can't be read.
    pub async fn damage(&self) -> Result<Option<String>, sqlx::Error> {
        let Some(reader) = self.reader() else { return Ok(None) };
        let mut connection = reader.connect().await?;
        let found = damage(&mut connection).await;
        connection.close().await?;
        found
    }
}
