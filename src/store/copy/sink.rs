//! Where the rows of one table go: `COPY` on `PostgreSQL`, statements of many rows on `SQLite`. What waits in memory is
//! bounded in bytes.
use super::catalog::Table;
use super::value::Value;
use crate::store::Tx;
use crate::store::many::places;
use sqlx::postgres::PgCopyIn;
use sqlx::{PgConnection, SqliteConnection};

type Result<T> = std::result::Result<T, sqlx::Error>;

/// Bytes that are sent together.
const TOGETHER: usize = 256 * 1024;
/// Rows of one statement on `SQLite`.
const ROWS: usize = 50;

pub(super) enum Sink<'a> {
    Postgres { copy: PgCopyIn<&'a mut PgConnection>, waiting: String },
    Sqlite { db: &'a mut SqliteConnection, into: String, waiting: Vec<Vec<Value>>, bytes: usize, done: i64 },
}

impl<'a> Sink<'a> {
    pub async fn open(to: &'a mut Tx, table: &Table) -> Result<Self> {
        let into = format!("\"{}\" ({})", table.name, table.names());
        Ok(match to {
            Tx::Postgres(t) => {
                let copy = (**t).copy_in_raw(&format!("COPY {into} FROM STDIN")).await?;
                Self::Postgres { copy, waiting: String::new() }
            }
            Tx::Sqlite(t) => Self::Sqlite { db: &mut *t, into, waiting: Vec::new(), bytes: 0, done: 0 },
        })
    }

    pub async fn put(&mut self, row: Vec<Value>) -> Result<()> {
        match self {
            Self::Postgres { copy, waiting } => {
                for (at, value) in row.iter().enumerate() {
                    if at > 0 {
                        waiting.push('\t');
                    }
                    value.write(waiting)?;
                }
                waiting.push('\n');
                if waiting.len() >= TOGETHER {
                    copy.send(waiting.as_bytes()).await?;
                    waiting.clear();
                }
            }
            Self::Sqlite { waiting, bytes, .. } => {
                *bytes += row.iter().map(Value::bytes).sum::<usize>();
                waiting.push(row);
                if waiting.len() >= ROWS || *bytes >= TOGETHER {
                    self.flush().await?;
                }
            }
        }
        Ok(())
    }

    async fn flush(&mut self) -> Result<()> {
        let Self::Sqlite { db, into, waiting, bytes, done } = self else { return Ok(()) };
        let Some(columns) = waiting.first().map(Vec::len) else { return Ok(()) };
        let sql = sqlx::AssertSqlSafe(format!("INSERT INTO {into} VALUES {}", places(waiting.len(), columns)));
        let mut query = sqlx::query(sql);
        for value in waiting.drain(..).flatten() {
            query = match value {
                Value::Int(value) => query.bind(value),
                Value::Bool(value) => query.bind(value),
                Value::Real(value) => query.bind(value),
                Value::Text(value) => query.bind(value),
                Value::Blob(value) => query.bind(value),
            };
        }
        *done += i64::try_from(query.execute(&mut **db).await?.rows_affected()).unwrap_or(i64::MAX);
        *bytes = 0;
        Ok(())
    }

    /// Ends the table and returns how many rows there were.
    pub async fn close(mut self) -> Result<i64> {
        self.flush().await?;
        match self {
            Self::Postgres { mut copy, waiting } => {
                copy.send(waiting.as_bytes()).await?;
                Ok(i64::try_from(copy.finish().await?).unwrap_or(i64::MAX))
            }
            Self::Sqlite { done, .. } => Ok(done),
        }
    }
}
