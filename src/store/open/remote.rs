//! Connections to `PostgreSQL`: what holds for each, and who could listen on the way.
use super::{Durability, LOCK_WAIT, OpenError};
use crate::store::{Store, in_use};
use sqlx::PgConnection;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions, PgSslMode};
use std::net::IpAddr;
use std::str::FromStr;

/// What holds for each connection of servers and workers. A machine that vanishes takes its locks with it: its
/// connections are found dead within half a minute, and a transaction in which nothing happens for so long ends. Who
/// waits for a lock gives up as on `SQLite`, after [`LOCK_WAIT`]. A migration, a restore and a move are alone on
/// connections of their own and may take their time.
const LIMITS: &str = "SET idle_in_transaction_session_timeout = '30s'; SET lock_timeout = '8s';
    SET tcp_keepalives_idle = 10; SET tcp_keepalives_interval = 5; SET tcp_keepalives_count = 3;
    SET tcp_user_timeout = '30s'";

/// What was committed is on disk, also where the server's own settings would answer before. Whatever asks for more than
/// `on` stays.
const LASTING: &str = "SELECT set_config('synchronous_commit', 'on', false) \
    WHERE current_setting('synchronous_commit') = 'off'";

/// Lets the commits of a connection last as long as the settings want.
pub(super) async fn lasting(connection: &mut PgConnection, durability: Durability) -> Result<(), sqlx::Error> {
    match durability {
        Durability::Full => sqlx::raw_sql(LASTING).execute(connection).await.map(drop),
        Durability::Normal => Ok(()),
    }
}

impl Store {
    pub(super) async fn postgres(url: &str, durability: Durability, connections: u32) -> Result<Self, OpenError> {
        // A connection is asked whether it lives before it is given out, so that a database that was started again
        // costs nobody an error.
        let pool = PgPoolOptions::new()
            .max_connections(connections)
            .acquire_timeout(LOCK_WAIT)
            .test_before_acquire(true)
            // Whoever holds a connection that can write holds the lock as well.
            .after_connect(move |connection, _| {
                Box::pin(async move {
                    in_use::shared_postgres(connection).await?;
                    lasting(connection, durability).await?;
                    sqlx::raw_sql(LIMITS).execute(connection).await.map(drop)
                })
            })
            .connect(url)
            .await;
        Ok(Self::Postgres(pool.map_err(OpenError::Connect)?))
    }

    /// What is to be said of the way to a `PostgreSQL` database on another machine, where nobody proves that it is that
    /// one.
    pub fn unproven(url: &str) -> Option<String> {
        let options = PgConnectOptions::from_str(url).ok().filter(|_| url.starts_with("postgres"))?;
        let host = options.get_host();
        let bare = host.trim_start_matches('[').trim_end_matches(']');
        let here = options.get_socket().is_some()
            || host.starts_with('/')
            || host == "localhost"
            || bare.parse::<IpAddr>().is_ok_and(|address| address.is_loopback());
        let proven = matches!(options.get_ssl_mode(), PgSslMode::VerifyFull);
        (!here && !proven).then(|| {
            format!(
                "nobody proves that {host} is the database's server, so whoever is in between could read and change \
                 everything; add ?sslmode=verify-full&sslrootcert=FILE"
            )
        })
    }
}
