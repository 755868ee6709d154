//! Files that are no backup: told on one line, and the database stays as it was, byte for byte.
use super::{Place, is_postgres, one_line};
use crate::support::{SEED, database};
use fusionsoc::store::{Store, counts};
use sqlx::{ConnectOptions, Connection, Executor};
use std::collections::BTreeMap;
use std::path::Path;

/// A place with a case, and a backup of it.
async fn place() -> Place {
    let place = Place::new().await;
    place.set_up().await;
    std::fs::write(place.path("seed.json"), SEED).unwrap();
    place.ok(&["import", "seed.json", "--org", "acme"]).await;
    place.ok(&["backup", "good.db"]).await;
    place
}

/// Everything that the database is: files with their bytes, or tables with their rows.
async fn state(place: &Place) -> BTreeMap<String, Vec<u8>> {
    if is_postgres() {
        let store = Store::as_it_is(&place.url).await.unwrap();
        let counted = counts(&mut store.read().await.unwrap()).await.unwrap();
        store.close().await;
        return counted.into_iter().map(|one| (one.table, one.rows.to_be_bytes().to_vec())).collect();
    }
    let entries = std::fs::read_dir(place.dir.path()).unwrap().map(|entry| entry.unwrap().path());
    let files = entries.filter(|path| path.is_file());
    files.map(|path| (path.display().to_string(), std::fs::read(&path).unwrap())).collect()
}

async fn sql(file: &Path, sql: &'static str) {
    let options = sqlx::sqlite::SqliteConnectOptions::new().filename(file).foreign_keys(false);
    let mut connection = options.connect().await.unwrap();
    connection.execute(sql).await.unwrap();
    connection.close().await.unwrap();
}

#[tokio::test]
async fn a_file_that_is_no_whole_backup_changes_nothing() {
    let place = place().await;
    let good = std::fs::read(place.path("good.db")).unwrap();
    let mut torn = good.clone();
    let middle = good.len() / 2 / 4096 * 4096;
    torn[middle..middle + 8192].fill(0x5a);
    let header = [b"SQLite format 3\0".as_slice(), &[0x7f; 4000]].concat();
    let bad: [(&str, &[u8], &str); 6] = [
        ("empty", b"", "is no backup"),
        ("text", b"this is a text and nothing else, and it is long enough", "is no backup"),
        ("header", &header, "damaged"),
        ("half", &good[..good.len() / 2], "damaged"),
        ("short", &good[..good.len() - 4096], "damaged"),
        ("torn", &torn, "damaged"),
    ];
    for (name, bytes, _) in bad {
        std::fs::write(place.path(name), bytes).unwrap();
    }
    std::fs::create_dir(place.path("folder")).unwrap();
    for (name, change, _) in CHANGES {
        std::fs::write(place.path(name), &good).unwrap();
        sql(&place.path(name), change).await;
    }
    std::fs::write(place.path("live.db"), &good).unwrap();
    std::fs::write(place.path("live.db-wal"), "something").unwrap();
    let before = state(&place).await;
    let mut wanted: Vec<_> = bad.iter().map(|(name, _, words)| (*name, *words)).collect();
    wanted.extend(CHANGES.iter().map(|(name, _, words)| (*name, *words)));
    wanted.extend([("missing", "missing"), ("folder", "folder"), ("live.db", "a database in use")]);
    for (name, words) in wanted {
        let mut args = vec!["restore", name];
        args.extend(is_postgres().then_some("--replace"));
        let (code, out, err) = place.run(&args).await;
        assert_eq!((code, out.as_str()), (1, ""), "{name}: {err}");
        one_line(&err, words);
        assert!(state(&place).await == before, "{name} changed something");
    }
}

/// What is wrong with whole `SQLite` files.
const CHANGES: &[(&str, &str, &str)] = &[
    (
        "newer",
        "INSERT INTO _sqlx_migrations VALUES (9999, 'later', CURRENT_TIMESTAMP, TRUE, x'00', 0)",
        "newest migration is 9999",
    ),
    ("orphan", "DELETE FROM orgs", "refers to a row of orgs that is not there"),
    ("foreign", "DROP TABLE _sqlx_migrations", "no such table"),
    ("altered", "UPDATE _sqlx_migrations SET checksum = x'00' WHERE version = 1", "has been modified"),
];

#[tokio::test]
async fn nobody_restores_under_a_server_or_a_worker() {
    let place = place().await;
    let running = place.serve().await;
    let restore = if is_postgres() { vec!["restore", "good.db", "--replace"] } else { vec!["restore", "good.db"] };
    let (code, _, err) = place.run(&restore).await;
    one_line(&err, "stop it first");
    assert_eq!(code, 1);
    running.stop();
    let mut worker = place.command().arg("worker").stdout(std::process::Stdio::piped()).spawn().unwrap();
    let mut line = String::new();
    std::io::BufRead::read_line(&mut std::io::BufReader::new(worker.stdout.take().unwrap()), &mut line).unwrap();
    let (code, _, err) = place.run(&restore).await;
    worker.kill().unwrap();
    worker.wait().unwrap();
    one_line(&err, "stop it first");
    assert_eq!(code, 1);
    place.ok(&restore).await;
}

#[tokio::test]
async fn a_database_with_data_is_replaced_only_where_that_is_asked_for() {
    if !is_postgres() {
        let place = place().await;
        let (code, _, err) = place.run(&["restore", "good.db", "--replace"]).await;
        one_line(&err, "--replace");
        assert_eq!(code, 1);
        return;
    }
    let place = place().await;
    let before = state(&place).await;
    let (code, _, err) = place.run(&["restore", "good.db"]).await;
    one_line(&err, "has data already");
    assert_eq!((code, state(&place).await == before), (1, true));
    place.ok(&["restore", "good.db", "--replace"]).await;
    let dir = tempfile::tempdir().unwrap();
    let empty = Place { url: database(dir.path()).await, dir };
    empty.settings("");
    empty.ok(&["restore", place.path("good.db").to_str().unwrap()]).await;
    let (one, other) = (state(&place).await, state(&empty).await);
    assert_eq!(one, other);
}
