//! What is told to whoever watches the program: numbers, readiness, the system page, and what is removed.
mod numbers;
mod process;
mod ready;
mod removed;
mod retention;
mod system;

use crate::support::{Server, http, spawn_with};
use fusionsoc::config::Config;
use fusionsoc::secret::Secret;
use fusionsoc::store::Store;
use sqlx::AssertSqlSafe;

const TOKEN: &str = "a token for the numbers";

/// A server whose numbers can be read with [`TOKEN`].
async fn watched(change: impl FnOnce(&mut Config)) -> Server {
    spawn_with(|config| {
        config.server.metrics_token = Some(Secret::new(TOKEN.to_owned()));
        change(config);
    })
    .await
}

/// An answer to somebody with a token: status and text.
async fn asked(url: &str, path: &str, token: &str) -> (u16, String) {
    let mut request = http().get(format!("{url}{path}"));
    if !token.is_empty() {
        request = request.bearer_auth(token);
    }
    let reply = request.send().await.unwrap();
    (reply.status().as_u16(), reply.text().await.unwrap())
}

async fn numbers(server: &Server) -> String {
    let (status, text) = asked(&server.url, "/metrics", TOKEN).await;
    assert_eq!(status, 200, "{text}");
    text
}

/// A number by its name with labels, without its fraction; 0 where it is not told.
fn value(text: &str, name: &str) -> i64 {
    let line = text.lines().find(|line| line.strip_prefix(name).is_some_and(|rest| rest.starts_with(' ')));
    line.map_or(0, |line| line.rsplit(' ').next().unwrap().split('.').next().unwrap().parse().unwrap())
}

async fn number_of(server: &Server, sql: &str) -> i64 {
    match &server.app.store {
        Store::Sqlite { read, .. } => sqlx::query_scalar(AssertSqlSafe(sql)).fetch_one(read).await.unwrap(),
        Store::Postgres(pool) => sqlx::query_scalar(AssertSqlSafe(sql)).fetch_one(pool).await.unwrap(),
    }
}
