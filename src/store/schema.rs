//! The schema: the migrations of both databases, and how far they go.
use super::open::files::folder;
use super::{Store, Tx};
use sqlx::migrate::{MigrateError, Migrator};
use sqlx::postgres::PgPoolOptions;
use std::borrow::Cow;
use std::fs::File;
use std::path::Path;

/// The migrations of `SQLite`.
pub(super) static SQLITE: Migrator = sqlx::migrate!("migrations/sqlite");
/// The migrations of `PostgreSQL`: the same numbers.
static POSTGRES: Migrator = sqlx::migrate!("migrations/postgres");

/// The migration that put the wall between organisations up on `PostgreSQL`.
pub(super) const WALL: i64 = 32;

/// The number of the newest migration that this program knows.
pub fn known() -> i64 {
    SQLITE.iter().map(|one| one.version).max().unwrap_or_default()
}

/// The number of the newest migration of a database; 0 where it has none.
///
/// # Errors
/// Where the database can't be read.
pub async fn newest(tx: &mut Tx) -> super::Result<i64> {
    const SQL: &str = "SELECT COALESCE(MAX(version), 0) FROM _sqlx_migrations";
    let there = match tx {
        Tx::Sqlite(_) => "SELECT EXISTS (SELECT 1 FROM sqlite_schema WHERE name = '_sqlx_migrations')",
        Tx::Postgres(_) => "SELECT to_regclass('_sqlx_migrations') IS NOT NULL",
    };
    if !super::on!(tx, |db| sqlx::query_scalar::<_, bool>(there).fetch_one(db))? {
        return Ok(0);
    }
    super::on!(tx, |db| sqlx::query_scalar(SQL).fetch_one(db))
}

impl Store {
    /// Gives a new `SQLite` store the schema that a program had whose newest migration was this one.
    pub(super) async fn migrate_to(&self, newest: i64) -> Result<(), MigrateError> {
        let Self::Sqlite { write, .. } = self else { return self.migrate().await };
        let until: Vec<_> = SQLITE.iter().filter(|one| one.version <= newest).cloned().collect();
        Migrator { migrations: Cow::Owned(until), ..Migrator::DEFAULT }.run(write).await
    }

    /// Brings the schema up to date; each migration is done as a whole or not at all.
    pub(super) async fn migrate(&self) -> Result<(), MigrateError> {
        match self {
            Self::Sqlite { write, .. } => {
                let file = write.connect_options().get_filename().to_owned();
                let _turn = tokio::task::spawn_blocking(move || turn(&file)).await;
                SQLITE.run(write).await
            }
            Self::Postgres(pool) => {
                // What a migration changes are rows of all organisations.
                let options = (*pool.connect_options()).clone().options([("fusionsoc.orgs", "all")]);
                let own = PgPoolOptions::new().max_connections(1).connect_with(options).await?;
                POSTGRES.run(&own).await?;
                own.close().await;
                Ok(())
            }
        }
    }
}

impl Store {
    /// Waits until no other program changes the schema of a `SQLite` database in this folder.
    pub(super) async fn until_settled(&self) {
        let Self::Sqlite { write, .. } = self else { return };
        let file = write.connect_options().get_filename().to_owned();
        drop(tokio::task::spawn_blocking(move || turn(&file)).await);
    }
}

/// Waits until no other program changes the schema of a `SQLite` database in this folder: the driver looks what is to be
/// done outside of the transaction that does it. Held as long as the result is.
fn turn(file: &Path) -> std::io::Result<File> {
    let folder = File::open(folder(file))?;
    folder.lock()?;
    Ok(folder)
}
