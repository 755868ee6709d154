//! A whole store into another one, on either database: every table that the catalogs name, whatever it is called, with
//! the same ids. Words of search are no rows: see `jobs::reindex`.
mod catalog;
mod sink;
mod value;

use super::{Tx, run, schema};
use catalog::Table;
use futures_util::TryStreamExt;
use sink::Sink;
use value::{postgres_row, sqlite_row};

/// Why a store could not be copied.
#[derive(Debug, thiserror::Error)]
pub enum CopyError {
    /// One of the databases refused.
    #[error("database: {0}")]
    Store(#[from] sqlx::Error),
    /// The table could not be read or written.
    #[error("table {0}: {1}")]
    Table(String, sqlx::Error),
    /// The two sides are not the same schema, or not of a kind that can be copied.
    #[error("the two databases differ: {0}")]
    Differ(String),
    /// There is something where nothing may be.
    #[error("the database has data already: {1} rows in {0}")]
    Occupied(String, i64),
    /// The transaction is about the rows of some organisations alone.
    #[error("the wall between organisations is up; not every row can be seen")]
    Walled,
    /// A table has not as many rows as it should.
    #[error("table {table}: {here} rows were read and {there} are there now")]
    Count {
        /// The table.
        table: String,
        /// Rows where they came from.
        here: i64,
        /// Rows where they went.
        there: i64,
    },
}

type Result<T, E = CopyError> = std::result::Result<T, E>;

/// Rows of one table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Counted {
    /// The table.
    pub table: String,
    /// Its rows.
    pub rows: i64,
}

/// Rows of every table, in an order in which none refers to a later one.
///
/// # Errors
/// Where the database refuses.
pub async fn counts(tx: &mut Tx) -> Result<Vec<Counted>> {
    let mut all = Vec::new();
    for Table { name, .. } in catalog::ordered(catalog::read(tx).await?)? {
        let rows = count(tx, &name).await?;
        all.push(Counted { table: name, rows });
    }
    Ok(all)
}

async fn count(tx: &mut Tx, table: &str) -> Result<i64> {
    let sql = sqlx::AssertSqlSafe(format!("SELECT COUNT(*) FROM \"{table}\""));
    Ok(super::on!(tx, |db| sqlx::query_scalar(sql).fetch_one(db))?)
}

/// Refuses a store that has more in it than a new one has.
///
/// # Errors
/// Where it has.
pub async fn refuse_occupied(tx: &mut Tx) -> Result<()> {
    let wrong = |error: super::OpenError| CopyError::Differ(error.plain());
    let new = super::Store::of_file(std::path::Path::new(":memory:")).await.map_err(wrong)?;
    new.update().await.map_err(wrong)?;
    let fresh = counts(&mut new.read().await?).await?;
    for Counted { table, rows } in counts(tx).await? {
        if rows > fresh.iter().find(|one| one.table == table).map_or(0, |one| one.rows) {
            return Err(CopyError::Occupied(table, rows));
        }
    }
    Ok(())
}

/// Puts everything of one store in the place of everything in another one. `told` hears of each table and its rows, again
/// and again while they are copied. Nothing is committed here.
///
/// # Errors
/// See [`CopyError`].
pub async fn copy(from: &mut Tx, to: &mut Tx, told: &(dyn Fn(&str, u64) + Sync)) -> Result<Vec<Counted>> {
    let tables = catalog::agreed(from, to).await?;
    see_all(from).await?;
    see_all(to).await?;
    take_time(from).await?;
    take_time(to).await?;
    let triggers = disarm(to, &tables).await?;
    clear(to, &tables).await?;
    let mut copied = Vec::new();
    for table in &tables {
        let rows = of_table(from, to, table, told).await?;
        let (here, there) = (count(from, &table.name).await?, count(to, &table.name).await?);
        if here != there || rows != here {
            return Err(CopyError::Count { table: table.name.clone(), here, there });
        }
        go_on_after(to, table).await?;
        copied.push(Counted { table: table.name.clone(), rows });
    }
    arm(to, &tables, triggers).await?;
    Ok(copied)
}

/// A row that this transaction may not see would be lost: then the copy fails instead.
async fn see_all(tx: &mut Tx) -> Result<()> {
    if matches!(tx, Tx::Sqlite(_)) || schema::newest(tx).await? < schema::WALL {
        return Ok(());
    }
    let Tx::Postgres(t) = tx else { return Ok(()) };
    let all: bool = sqlx::query_scalar("SELECT wall_is_open()").fetch_one(&mut **t).await?;
    if all { Ok(()) } else { Err(CopyError::Walled) }
}

/// While one side is counted or made durable the other one waits in its transaction, for as long as that takes.
async fn take_time(tx: &mut Tx) -> Result<()> {
    let Tx::Postgres(t) = tx else { return Ok(()) };
    sqlx::query("SET LOCAL idle_in_transaction_session_timeout = 0").execute(&mut **t).await?;
    Ok(())
}

/// The tables whose wall holds for their owner too.
const WALLED: &str = "SELECT relname::TEXT FROM pg_class WHERE relforcerowsecurity AND relnamespace = CAST(current_schema() AS regnamespace)";

/// Takes away what would be in the way of rows as they are: triggers that judge new rows, the order of references, and
/// the wall, before which nothing can be copied in. Returns what brings triggers and wall back.
async fn disarm(to: &mut Tx, tables: &[Table]) -> Result<Vec<String>> {
    match to {
        Tx::Sqlite(t) => {
            sqlx::query("PRAGMA defer_foreign_keys = ON").execute(&mut **t).await?;
            let all = "SELECT name, sql FROM sqlite_schema WHERE type = 'trigger'";
            let all: Vec<(String, String)> = sqlx::query_as(all).fetch_all(&mut **t).await?;
            for (name, _) in &all {
                let sql = sqlx::AssertSqlSafe(format!("DROP TRIGGER \"{name}\""));
                sqlx::query(sql).execute(&mut **t).await?;
            }
            Ok(all.into_iter().map(|(_, sql)| sql).collect())
        }
        Tx::Postgres(_) => {
            each(to, tables, |name| format!("ALTER TABLE \"{name}\" DISABLE TRIGGER USER")).await?;
            open_walls(to).await
        }
    }
}

async fn open_walls(to: &mut Tx) -> Result<Vec<String>> {
    let Tx::Postgres(t) = to else { return Ok(Vec::new()) };
    let walled: Vec<String> = sqlx::query_scalar(WALLED).fetch_all(&mut **t).await?;
    for name in &walled {
        let sql = sqlx::AssertSqlSafe(format!("ALTER TABLE \"{name}\" NO FORCE ROW LEVEL SECURITY"));
        sqlx::query(sql).execute(&mut **t).await?;
    }
    Ok(walled.iter().map(|name| format!("ALTER TABLE \"{name}\" FORCE ROW LEVEL SECURITY")).collect())
}

async fn arm(to: &mut Tx, tables: &[Table], triggers: Vec<String>) -> Result<()> {
    for sql in triggers {
        let sql = sqlx::AssertSqlSafe(sql);
        run!(to, sqlx::query(sql))?;
    }
    if matches!(to, Tx::Postgres(_)) {
        each(to, tables, |name| format!("ALTER TABLE \"{name}\" ENABLE TRIGGER USER")).await?;
    }
    Ok(())
}

async fn each(to: &mut Tx, tables: &[Table], sql: impl Fn(&str) -> String) -> Result<()> {
    for table in tables {
        let sql = sqlx::AssertSqlSafe(sql(&table.name));
        run!(to, sqlx::query(sql)).map_err(|error| CopyError::Table(table.name.clone(), error))?;
    }
    Ok(())
}

/// Even a new store has rows: those that its migrations put there.
async fn clear(to: &mut Tx, tables: &[Table]) -> Result<()> {
    if let Tx::Postgres(t) = to {
        let all = tables.iter().map(|table| format!("\"{}\"", table.name)).collect::<Vec<_>>().join(", ");
        let sql = sqlx::AssertSqlSafe(format!("TRUNCATE {all}"));
        sqlx::query(sql).execute(&mut **t).await?;
        return Ok(());
    }
    for table in tables.iter().rev() {
        let sql = sqlx::AssertSqlSafe(format!("DELETE FROM \"{}\"", table.name));
        run!(to, sqlx::query(sql))?;
    }
    Ok(())
}

async fn of_table(from: &mut Tx, to: &mut Tx, table: &Table, told: &(dyn Fn(&str, u64) + Sync)) -> Result<i64> {
    let wrong = |error| CopyError::Table(table.name.clone(), error);
    let sql = sqlx::AssertSqlSafe(table.select(matches!(from, Tx::Postgres(_))));
    let mut sink = Sink::open(to, table).await.map_err(wrong)?;
    let mut done = 0;
    let mut tell = || {
        done += 1;
        if done % 500 == 0 {
            told(&table.name, 500);
        }
    };
    match from {
        Tx::Sqlite(t) => {
            let mut rows = sqlx::query(sql).fetch(&mut **t);
            while let Some(row) = rows.try_next().await.map_err(wrong)? {
                sink.put(sqlite_row(&row, table).map_err(wrong)?).await.map_err(wrong)?;
                tell();
            }
        }
        Tx::Postgres(t) => {
            let mut rows = sqlx::query(sql).fetch(&mut **t);
            while let Some(row) = rows.try_next().await.map_err(wrong)? {
                sink.put(postgres_row(&row, table).map_err(wrong)?).await.map_err(wrong)?;
                tell();
            }
        }
    }
    told(&table.name, done % 500);
    sink.close().await.map_err(wrong)
}

/// New rows get numbers after those that were copied.
async fn go_on_after(to: &mut Tx, table: &Table) -> Result<()> {
    let Tx::Postgres(t) = to else { return Ok(()) };
    for column in table.columns.iter().filter(|column| column.numbered) {
        let (name, column) = (&table.name, &column.name);
        let sql = sqlx::AssertSqlSafe(format!(
            "SELECT setval(pg_get_serial_sequence('\"{name}\"', '{column}'), COALESCE(MAX(\"{column}\"), 1), MAX(\"{column}\") IS NOT NULL) FROM \"{name}\""
        ));
        sqlx::query(sql).execute(&mut **t).await.map_err(|error| CopyError::Table(name.clone(), error))?;
    }
    Ok(())
}
