//! Who is alone on a database stays so when the connection is cut.
use super::{Place, is_postgres, one_line};
use fusionsoc::store::Store;
use sqlx::{Connection, PgConnection};
use std::time::Duration;

/// The connections that keep everybody else away from a schema of this database.
const HOLDERS: &str = "SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND mode = 'ExclusiveLock' AND granted
    AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
    AND classid = 1179871598 AND CAST(objid AS BIGINT) = (CAST(hashtext(current_schema()) AS BIGINT) & 4294967295)";

async fn holders(place: &Place) -> Vec<i32> {
    let mut connection = PgConnection::connect(&place.url).await.unwrap();
    let all = sqlx::query_scalar(HOLDERS).fetch_all(&mut connection).await.unwrap();
    connection.close().await.unwrap();
    all
}

/// Cuts the connection that holds the lock, as a network that forgets idle ones does.
async fn cut(place: &Place) {
    let mut connection = PgConnection::connect(&place.url).await.unwrap();
    let held = holders(place).await;
    assert_eq!(held.len(), 1);
    sqlx::query("SELECT pg_terminate_backend($1)").bind(held[0]).execute(&mut connection).await.unwrap();
    connection.close().await.unwrap();
    while !holders(place).await.is_empty() {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test]
async fn a_connection_that_was_cut_is_followed_by_one_with_the_lock() {
    if !is_postgres() {
        return;
    }
    let place = Place::new().await;
    place.set_up().await;
    let alone = Store::alone(&place.url).await.unwrap();
    cut(&place).await;
    drop(alone.write().await.unwrap());
    assert_eq!(holders(&place).await.len(), 1);
    let (code, _, err) = place.run(&["move", "--to", "sqlite:x.db"]).await;
    one_line(&err, "stop it first");
    assert_eq!(code, 1);
    // Somebody else is faster.
    cut(&place).await;
    let other = Store::as_it_is(&place.url).await.unwrap();
    assert!(alone.write().await.is_err(), "it would write under a server");
    other.close().await;
    drop(alone.write().await.unwrap());
    assert_eq!(holders(&place).await.len(), 1);
    alone.close().await;
}
