//! Plain SQLite: the rows of a store inserted into an empty one of the same schema, one statement a row.
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteRow, SqliteSynchronous};
use sqlx::{AssertSqlSafe, Column, ConnectOptions, Connection, Row, SqliteConnection, TypeInfo, ValueRef};
use std::path::Path;
use std::time::Instant;

enum Value {
    Null,
    Integer(i64),
    Real(f64),
    Text(String),
    Blob(Vec<u8>),
}

struct Table {
    insert: String,
    rows: Vec<Vec<Value>>,
}

async fn open(file: &Path, durable: bool) -> SqliteConnection {
    SqliteConnectOptions::new()
        .filename(file)
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(if durable { SqliteSynchronous::Full } else { SqliteSynchronous::Off })
        .foreign_keys(false)
        .connect()
        .await
        .unwrap()
}

/// Detections a second when every row that `file` holds is inserted again, committing after `size` detections' share of each table.
pub async fn rate(file: &Path, detections: usize, size: usize) -> f64 {
    let mut from = open(file, true).await;
    let copy = file.with_file_name("plain.db");
    let mut to = open(&copy, true).await;
    let mut tables = Vec::new();
    for (name, kind, sql) in schema(&mut from).await {
        sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut to).await.unwrap();
        if kind == "table" && !name.ends_with("_words") {
            tables.push(read(&mut from, &name).await);
        }
    }
    words(&mut from, &mut tables).await;
    let commits = detections.div_ceil(size);
    let mut rest: Vec<_> = tables
        .into_iter()
        .map(|table| (table.insert, table.rows.len().div_ceil(commits).max(1), table.rows.into_iter()))
        .collect();
    let started = Instant::now();
    for _ in 0..commits {
        let mut tx = to.begin().await.unwrap();
        for (insert, share, rows) in &mut rest {
            for row in rows.by_ref().take(*share) {
                let mut query = sqlx::query(AssertSqlSafe(insert.as_str()));
                for value in row {
                    query = match value {
                        Value::Null => query.bind(None::<i64>),
                        Value::Integer(number) => query.bind(number),
                        Value::Real(number) => query.bind(number),
                        Value::Text(text) => query.bind(text),
                        Value::Blob(bytes) => query.bind(bytes),
                    };
                }
                query.execute(&mut *tx).await.unwrap();
            }
        }
        tx.commit().await.unwrap();
    }
    #[allow(clippy::cast_precision_loss)]
    let rate = detections as f64 / started.elapsed().as_secs_f64();
    rate
}

/// Tables, virtual tables and indexes, in the order in which they were made; what a virtual table makes for itself is left out.
async fn schema(from: &mut SqliteConnection) -> Vec<(String, String, String)> {
    let all: Vec<(String, String, Option<String>)> =
        sqlx::query_as("SELECT name, type, sql FROM sqlite_schema WHERE type IN ('table', 'index') ORDER BY rowid")
            .fetch_all(from)
            .await
            .unwrap();
    let own = |name: &str| !name.starts_with("sqlite_") && !name.contains("_words_") && !name.starts_with("_sqlx");
    all.into_iter()
        .filter(|(name, ..)| own(name))
        .filter_map(|(name, kind, sql)| sql.map(|sql| (name, kind, sql)))
        .collect()
}

async fn read(from: &mut SqliteConnection, table: &str) -> Table {
    let rows: Vec<SqliteRow> =
        sqlx::query(AssertSqlSafe(format!("SELECT * FROM {table}"))).fetch_all(from).await.unwrap();
    let columns: Vec<String> = rows
        .first()
        .map(|row| row.columns().iter().map(|column| column.name().to_owned()).collect())
        .unwrap_or_default();
    let places = vec!["?"; columns.len()].join(", ");
    Table {
        insert: format!("INSERT INTO {table} ({}) VALUES ({places})", columns.join(", ")),
        rows: rows.iter().map(values).collect(),
    }
}

fn values(row: &SqliteRow) -> Vec<Value> {
    let value = |at: usize| {
        let raw = row.try_get_raw(at).unwrap();
        let kind = raw.type_info().name().to_owned();
        match kind.as_str() {
            _ if raw.is_null() => Value::Null,
            "INTEGER" | "BOOLEAN" => Value::Integer(row.try_get_unchecked(at).unwrap()),
            "REAL" => Value::Real(row.try_get_unchecked(at).unwrap()),
            "BLOB" => Value::Blob(row.try_get_unchecked(at).unwrap()),
            _ => Value::Text(row.try_get_unchecked(at).unwrap()),
        }
    };
    (0..row.len()).map(value).collect()
}

/// The full-text rows can't be read back, so their words are made again from the documents.
async fn words(from: &mut SqliteConnection, tables: &mut Vec<Table>) {
    let documents: Vec<(i64, String)> = sqlx::query_as("SELECT id, raw FROM detections").fetch_all(from).await.unwrap();
    let rows = documents.into_iter().map(|(id, raw)| vec![Value::Integer(id), Value::Text(words_of(&raw))]).collect();
    tables.push(Table { insert: "INSERT INTO detection_words (rowid, words) VALUES (?, ?)".to_owned(), rows });
}

fn words_of(raw: &str) -> String {
    let detection = fusionsoc::domain::Detection::read(&serde_json::from_str(raw).unwrap()).unwrap();
    let observables = fusionsoc::triage::observables::of(&detection);
    fusionsoc::triage::words::of(1, &detection, &observables)
}
