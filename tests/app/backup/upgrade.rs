//! A database of an earlier version: everything is there after the step to this one, and a step that fails changes
//! nothing.
use super::{Place, is_postgres, one_line};
use crate::support::postgres::SCHEMA;
use fusionsoc::store::{Store, verify};
use sqlx::migrate::Migrator;
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use sqlx::{ConnectOptions, Connection, Executor, PgConnection};
use std::borrow::Cow;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

static ALL: Migrator = sqlx::migrate!("migrations/sqlite");
static POSTGRES: Migrator = sqlx::migrate!("migrations/postgres");

/// The migrations up to one.
fn until(all: &Migrator, newest: i64) -> Migrator {
    let known: Vec<_> = all.iter().filter(|one| one.version <= newest).cloned().collect();
    Migrator { migrations: Cow::Owned(known), ..Migrator::DEFAULT }
}

/// A database as the program left it when its newest migration was this one, with some rows.
async fn earlier(file: &Path, newest: i64) -> SqliteConnection {
    let options = SqliteConnectOptions::new().filename(file).create_if_missing(true);
    let mut connection = options.connect().await.unwrap();
    until(&ALL, newest).run(&mut connection).await.unwrap();
    connection.execute(ROWS).await.unwrap();
    connection
}

/// The same on the database of this run of tests.
async fn earlier_place(newest: i64) -> Place {
    if !is_postgres() {
        let place = Place::sqlite("old.db");
        earlier(&place.path("old.db"), newest).await.close().await.unwrap();
        return place;
    }
    let place = Place::new().await;
    let mut connection = PgConnection::connect(&place.url).await.unwrap();
    let anew = format!("DROP SCHEMA {SCHEMA} CASCADE; CREATE SCHEMA {SCHEMA}");
    connection.execute(sqlx::AssertSqlSafe(anew)).await.unwrap();
    until(&POSTGRES, newest).run(&mut connection).await.unwrap();
    connection.execute(ROWS).await.unwrap();
    connection.close().await.unwrap();
    place
}

/// Rows of every table that an installation of the first schema had.
const ROWS: &str = "
    INSERT INTO orgs (id, slug, name, created_ms) VALUES (1, 'acme', 'Acme', 1);
    INSERT INTO users (id, username, role, password_hash, created_ms) VALUES (1, 'ana', 'admin', 'x', 1);
    INSERT INTO memberships (user_id, org_id) VALUES (1, 1);
    INSERT INTO rules (id, org_id, path, title, level, author, description, false_positives, refs, tags, first_ms, last_ms)
        VALUES (1, 1, 'a.rule', 'A rule', 'high', '', '', '[]', '[]', '[]', 1, 1);
    INSERT INTO sensors (id, org_id, sid, hostname, int_ip, ext_ip, tags, first_ms, last_ms)
        VALUES (1, 1, 'eeeeeeee-0000-4000-8000-000000000001', 'old-host', '', '', '[]', 1, 1);
    INSERT INTO cases (number, org_id, title, rule_id, sensor_id, hostname, user_name, chain, fingerprint, status, open, verdict,
            machine_verdict, triage_state, severity, severity_by, detections, opened_ms, updated_ms, first_event_ms, last_event_ms)
        VALUES (7, 1, 'An old case', 1, 1, 'old-host', 'bob', '', 'f', 'new', TRUE, 'false_positive', 'none', 'none', 'high', 'rule', 1, 1700000000000, 1700000000000, 1, 1);
    INSERT INTO detections (id, org_id, case_number, detect_id, rule_id, sensor_id, source, title, event_type, fingerprint, event_ms, received_ms, raw)
        VALUES (1, 1, 7, 'old-1', 1, 1, 'import', 'An old case', 'NEW_PROCESS', 'f', 1, 1, '{}');
    INSERT INTO notes (case_number, author_kind, author, kind, body, created_ms) VALUES (7, 'person', 'ana', 'note', 'An old note', 1);
    INSERT INTO timeline (org_id, case_number, at_ms, actor_kind, actor, kind, text) VALUES (1, 7, 1, 'person', 'ana', 'note', 'Wrote a note');
    INSERT INTO ledger (org_id, at_ms, actor_kind, actor, client, action, object, old_value, new_value, request_id)
        VALUES (1, 1, 'person', 'ana', '', 'note', 'case:7', '', 'x', '');";

/// The numbers after which a database is looked at: the first, one in the middle, and the last but one.
fn versions() -> [i64; 3] {
    let all: Vec<i64> = ALL.iter().map(|one| one.version).collect();
    [all[0], all[all.len() / 2], all[all.len() - 2]]
}

#[tokio::test]
async fn everything_is_there_after_the_step() {
    for version in versions() {
        let place = earlier_place(version).await;
        // A backup of before the step, by the program of after it, and back.
        let out = place.ok(&["backup", "old-backup.db"]).await;
        assert!(out.contains("The audit log does not tell of it"), "{out}");
        assert_eq!(verify(&place.path("old-backup.db")).await.unwrap(), version);
        let others = [Place::sqlite("other.db"), Place::new().await];
        for other in &others {
            other.ok(&["restore", place.path("old-backup.db").to_str().unwrap()]).await;
        }
        place.ok(&["migrate"]).await;
        for place in [&place, &others[0], &others[1]] {
            let token = place.ok(&["token", "create", "--name", "t", "--org", "acme", "--scope", "read"]).await;
            let running = place.serve().await;
            let url = format!("{}/api/v1/cases/7", running.url);
            let text = crate::support::http().get(url).bearer_auth(&token).send().await.unwrap().text().await.unwrap();
            for wanted in ["An old case", "old-host", "old-1", "An old note", "Wrote a note", "false_positive"] {
                assert!(text.contains(wanted), "{version}: {wanted}: {text}");
            }
            drop(running);
            let checked = place.ok(&["check"]).await;
            let whole = place.url.starts_with("postgres") || checked.contains("every page and every reference");
            assert!(whole && checked.contains("ok    database"), "{version}: {checked}");
        }
    }
}

#[tokio::test]
async fn a_new_command_beside_an_old_server_does_not_take_the_step() {
    let version = versions()[2];
    let place = earlier_place(version).await;
    std::fs::write(place.path("fusionsoc.key"), "00".repeat(32)).unwrap();
    std::fs::set_permissions(place.path("fusionsoc.key"), PermissionsExt::from_mode(0o600)).unwrap();
    let commands: [&[&str]; 5] = [
        &["check"],
        &["user", "list"],
        &["org", "add", "beta", "--name", "Beta"],
        &["ledger", "verify"],
        &["replay", "--org", "acme"],
    ];
    for args in commands {
        let (code, _, err) = place.run(args).await;
        one_line(&err, "`fusionsoc migrate` brings it up to date");
        assert_eq!(code, 2, "{args:?}");
        let store = Store::as_it_is(&place.url).await.unwrap();
        assert_eq!(store.newest().await.unwrap(), version, "{args:?}");
        store.close().await;
    }
    place.ok(&["migrate"]).await;
    place.ok(&["check"]).await;
}

#[tokio::test]
async fn what_is_refused_does_not_even_take_the_step() {
    if !is_postgres() {
        return;
    }
    let (version, from) = (versions()[2], Place::sqlite("new.db"));
    from.set_up().await;
    from.ok(&["backup", "new-backup.db"]).await;
    let place = earlier_place(version).await;
    let backup = from.path("new-backup.db").display().to_string();
    for (one, args) in [(&place, ["restore", &backup]), (&from, ["move", "--to"])] {
        let mut args = args.to_vec();
        args.extend((args[0] == "move").then_some(place.url.as_str()));
        let (code, _, err) = one.run(&args).await;
        one_line(&err, "has data already");
        assert_eq!(code, 1);
        let store = Store::as_it_is(&place.url).await.unwrap();
        assert_eq!(store.newest().await.unwrap(), version, "{args:?}");
        store.close().await;
    }
    place.ok(&["restore", &backup, "--replace"]).await;
}

#[tokio::test]
async fn a_step_that_fails_half_way_leaves_everything_as_it_was() {
    let place = Place::sqlite("old.db");
    let mut old = earlier(&place.path("old.db"), 16).await;
    // Its first statements work; then it meets what is there already.
    old.execute("CREATE TABLE templates (mine TEXT)").await.unwrap();
    let schema =
        "SELECT group_concat(name || COALESCE(sql, ''), ';') FROM (SELECT name, sql FROM sqlite_schema ORDER BY name)";
    let before: String = sqlx::query_scalar(schema).fetch_one(&mut old).await.unwrap();
    old.close().await.unwrap();
    let (code, out, err) = place.run(&["serve"]).await;
    assert_eq!((code, out.as_str()), (2, ""), "{err}");
    one_line(&err, "database.url: the schema can't be used by this version: while executing migration 17");
    let mut old = SqliteConnectOptions::new().filename(place.path("old.db")).connect().await.unwrap();
    let after: String = sqlx::query_scalar(schema).fetch_one(&mut old).await.unwrap();
    assert_eq!(after, before, "nothing of the step is left");
    let note: String = sqlx::query_scalar("SELECT body FROM notes").fetch_one(&mut old).await.unwrap();
    assert_eq!(note, "An old note");
    old.execute("DROP TABLE templates").await.unwrap();
    old.close().await.unwrap();
    place.ok(&["migrate"]).await;
    assert!(place.ok(&["org", "list"]).await.contains("acme"));
}
