//! What is found as it is: commands that only use an installation neither make a database or a key file nor bring a
//! schema up to date.
use super::{Place, is_postgres, mode, one_line};
use crate::support::postgres::SCHEMA;
use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection};
use std::io::Write;
use std::process::Stdio;

/// Commands that use an installation.
const USES: [&[&str]; 12] = [
    &["ledger", "verify"],
    &["ledger", "checkpoint"],
    &["check"],
    &["user", "list"],
    &["org", "list"],
    &["token", "list"],
    &["user", "add", "ana", "--role", "admin", "--org", "acme"],
    &["source", "add", "limacharlie", "--org", "acme", "--name", "hook"],
    &["replay", "--org", "acme"],
    &["import", "none.jsonl", "--org", "acme"],
    &["pull", "--org", "acme"],
    &["backup", "out.db"],
];

/// The names of all files of a place.
fn files(place: &Place) -> Vec<String> {
    let all = std::fs::read_dir(place.dir.path()).unwrap();
    let mut all: Vec<_> = all.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    all.sort();
    all
}

#[tokio::test]
async fn a_command_in_the_wrong_folder_makes_nothing() {
    let place = Place::sqlite("x.db");
    for args in USES {
        let (code, _, err) = place.run(args).await;
        assert_eq!(code, 2, "{args:?}: {err}");
        one_line(&err, "there is no database");
        assert_eq!(files(&place), ["fusionsoc.toml"], "{args:?}");
    }
    if !is_postgres() {
        return;
    }
    let place = Place::new().await;
    let mut connection = PgConnection::connect(&place.url).await.unwrap();
    connection.execute(AssertSqlSafe(format!("DROP SCHEMA {SCHEMA} CASCADE; CREATE SCHEMA {SCHEMA}"))).await.unwrap();
    for args in USES {
        let (code, _, err) = place.run(args).await;
        assert_eq!(code, 2, "{args:?}: {err}");
        one_line(&err, "the database is empty");
    }
    let tables = "SELECT COUNT(*) FROM pg_tables WHERE schemaname = current_schema()";
    let tables: i64 = sqlx::query_scalar(tables).fetch_one(&mut connection).await.unwrap();
    connection.close().await.unwrap();
    assert_eq!((tables, place.path("fusionsoc.key").exists()), (0, false));
}

#[tokio::test]
async fn who_adds_the_first_organisation_begins_an_installation_and_is_told() {
    let place = Place::sqlite("x.db");
    let (code, _, err) = place.run(&["org", "add", "acme", "--name", "Acme"]).await;
    assert!(code == 0 && err.contains("A new installation begins here") && err.contains("fusionsoc.key"), "{err}");
    let (code, _, err) = place.run(&["org", "add", "beta", "--name", "Beta"]).await;
    assert!(code == 0 && !err.contains("new installation"), "{err}");
    assert_eq!(place.ok(&["org", "list"]).await.lines().count(), 2);
}

#[tokio::test]
async fn a_ledger_is_proven_by_the_key_file_of_then_alone() {
    let place = Place::new().await;
    place.ok(&["migrate"]).await;
    for what in ["verify", "checkpoint"] {
        let (code, out, err) = place.run(&["ledger", what]).await;
        assert_eq!((code, out.as_str()), (2, ""), "{err}");
        one_line(&err, "server.key_file: ");
    }
    let checked = place.ok(&["check"]).await;
    assert!(checked.contains("note  there is no key file yet") && !checked.contains("ok    key file"), "{checked}");
    assert!(!place.path("fusionsoc.key").exists());
}

/// Adds a webhook, whose secret is sealed with the key file.
fn source(place: &Place) -> (i32, String, String) {
    let mut command = place.command();
    command.args(["source", "add", "limacharlie", "--org", "acme", "--name", "hook"]);
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    // A command that ends before it reads leaves nobody to write to.
    let _ = child.stdin.take().unwrap().write_all(b"a secret of more than 16 bytes\n");
    super::said(&child.wait_with_output().unwrap())
}

#[tokio::test]
async fn a_lost_key_file_is_not_replaced() {
    let place = Place::new().await;
    place.set_up().await;
    // Nothing was sealed yet: a start makes it.
    let _ = std::fs::remove_file(place.path("fusionsoc.key"));
    drop(place.serve().await);
    let first = std::fs::read(place.path("fusionsoc.key")).unwrap();
    assert_eq!((first.len(), mode(&place.path("fusionsoc.key"))), (64, 0o600));
    assert_eq!(source(&place).0, 0);
    std::fs::rename(place.path("fusionsoc.key"), place.path("kept")).unwrap();
    for command in ["serve", "worker", "check"] {
        let (code, _, err) = place.run(&[command]).await;
        assert_eq!(code, 2, "{command}: {err}");
        one_line(&err, "server.key_file: ");
        one_line(&err, "is missing");
    }
    let (code, _, err) = source(&place);
    assert!(code == 2 && err.contains("server.key_file: "), "{err}");
    assert!(!place.path("fusionsoc.key").exists());
    std::fs::rename(place.path("kept"), place.path("fusionsoc.key")).unwrap();
    drop(place.serve().await);
    assert_eq!(std::fs::read(place.path("fusionsoc.key")).unwrap(), first);
    assert!(place.ok(&["check"]).await.contains("ok    key file"));
}
