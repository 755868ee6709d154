//! Damage that a moment's look before the start does not reach.
use super::{Place, one_line, said};
use sqlx::{ConnectOptions, Connection, Executor};

/// So many rows that looking at them takes longer than a start waits, and at their end a value that can't be there.
const LARGE: &str = "CREATE TABLE large (n INTEGER PRIMARY KEY, text TEXT);
    INSERT INTO large SELECT value, CASE WHEN value < 4000000 THEN 'a' END FROM
        (WITH RECURSIVE numbers (value) AS (SELECT 1 UNION ALL SELECT value + 1 FROM numbers WHERE value < 4000000)
         SELECT value FROM numbers);
    PRAGMA writable_schema = ON;
    UPDATE sqlite_schema SET sql = REPLACE(sql, 'text TEXT', 'text TEXT NOT NULL') WHERE name = 'large'";

#[tokio::test]
async fn damage_that_is_found_beside_the_work_ends_it() {
    let place = Place::sqlite("x.db");
    place.set_up().await;
    let file = place.path("x.db");
    let mut connection = sqlx::sqlite::SqliteConnectOptions::new().filename(&file).connect().await.unwrap();
    connection.execute(LARGE).await.unwrap();
    connection.close().await.unwrap();
    let mut command = place.command();
    command.arg("serve").env("FUSIONSOC__SERVER__LISTEN", "127.0.0.1:0");
    let output = tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap();
    let (code, out, err) = said(&output);
    assert_eq!(code, 2, "{out}{err}");
    assert!(out.contains("FusionSOC is at"), "it had begun: {out}");
    one_line(&err, "the database is damaged");
}
