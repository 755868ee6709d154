//! Administration: people, API tokens and organisations, by pages and by the command line.

mod calls;
mod command;
mod ledger;
mod navigation;
mod orgs;
mod people;
mod profile;
mod rights;
mod tokens;

use crate::support::{Person, Server};
use fusionsoc::store::Store;

/// What a column of the first row holds, as text.
async fn text_of(server: &Server, sql: &str) -> String {
    match &server.app.store {
        Store::Sqlite { read, .. } => sqlx::query_scalar(sqlx::AssertSqlSafe(sql)).fetch_one(read).await.unwrap(),
        Store::Postgres(pool) => sqlx::query_scalar(sqlx::AssertSqlSafe(sql)).fetch_one(pool).await.unwrap(),
    }
}

async fn count(server: &Server, what: &str) -> i64 {
    let sql = format!("SELECT CAST(COUNT(*) AS TEXT) FROM {what}");
    text_of(server, &sql).await.parse().unwrap()
}

async fn id_of(server: &Server, name: &str) -> i64 {
    let sql = format!("SELECT CAST(id AS TEXT) FROM users WHERE username = '{name}'");
    text_of(server, &sql).await.parse().unwrap()
}

/// Makes a person a member of one more organisation.
async fn join(server: &Server, name: &str, org_id: i64) {
    let id = id_of(server, name).await;
    let mut tx = server.app.store.write().await.unwrap();
    fusionsoc::store::users::join(&mut tx, id, org_id).await.unwrap();
    tx.commit().await.unwrap();
}

/// Does something with a person, with the version that stands now; gives status and page.
async fn step(server: &Server, admin: &Person, name: &str, step: &str, more: &[(&str, &str)]) -> (u16, String) {
    let id = id_of(server, name).await;
    let version = text_of(server, &format!("SELECT CAST(version AS TEXT) FROM users WHERE id = {id}")).await;
    let fields = [&[("version", version.as_str())][..], more].concat();
    let reply = admin.post(&format!("/admin/users/{id}/{step}"), &fields).await;
    (reply.status().as_u16(), reply.text().await.unwrap())
}

/// What an element of a page holds.
fn inside<'a>(page: &'a str, begin: &str) -> &'a str {
    let rest = page.split_once(begin).unwrap_or_else(|| panic!("{begin} in {page}")).1;
    rest.split('<').next().unwrap()
}

/// Signs in by the form; the browser, and where it is sent.
async fn sign_in(server: &Server, name: &str, password: &str) -> (u16, Person) {
    let mut person = Person { url: server.url.clone(), cookie: String::new() };
    let reply = person.post("/login", &[("username", name), ("password", password)]).await;
    if let Some(cookie) = reply.headers().get("set-cookie") {
        cookie.to_str().unwrap().split(';').next().unwrap().clone_into(&mut person.cookie);
    }
    (reply.status().as_u16(), person)
}
