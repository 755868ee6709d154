//! Starts that are refused: exit code 2 and one line that names the setting, before anything is served or made;
//! and who may read the files.
use super::{Place, is_postgres, mode, one_line};
use sqlx::{ConnectOptions, Connection, Executor};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;

/// A start is refused with these words, by every command that would serve, and leaves the files as they are.
async fn refused(place: &Place, words: &str) {
    // In its head SQLite notes how it keeps its journal.
    let bytes = || std::fs::read(place.path("x.db")).ok().map(|all| (all.len(), all.get(100..).map(<[u8]>::to_vec)));
    let before = bytes();
    for command in ["serve", "worker"] {
        let (code, out, err) = place.run(&[command]).await;
        assert_eq!((code, out.as_str()), (2, ""), "{command}: {err}");
        one_line(&err, words);
        one_line(&err, "database.url");
    }
    assert!(bytes() == before, "{words}: the file was changed");
}

fn write(place: &Place, bytes: &[u8]) {
    // What the journal holds would heal the file.
    for ending in ["-wal", "-shm"] {
        let _ = std::fs::remove_file(place.path(&format!("x.db{ending}")));
    }
    std::fs::write(place.path("x.db"), bytes).unwrap();
}

#[tokio::test]
async fn nothing_is_served_from_a_damaged_database_and_none_is_made_over_it() {
    let place = Place::sqlite("x.db");
    place.set_up().await;
    place.ok(&["backup", "good.db"]).await;
    let good = std::fs::read(place.path("good.db")).unwrap();
    let mut torn = good.clone();
    let middle = good.len() / 2 / 4096 * 4096;
    torn[middle..middle + 16384].fill(0x5a);
    for (bytes, words) in [
        (b"".as_slice(), "x.db is empty"),
        (b"short", "is not an SQLite database"),
        (b"this is a text and no database at all, whatever its name says", "is not an SQLite database"),
        (&good[..good.len() / 2], "damaged"),
        (&torn, "damaged"),
    ] {
        write(&place, bytes);
        refused(&place, words).await;
    }
    write(&place, b"");
    std::fs::remove_file(place.path("x.db")).unwrap();
    std::fs::write(place.path("x.db-wal"), "what was not yet in the file").unwrap();
    refused(&place, "is gone, yet its journal").await;
    assert!(!place.path("x.db").exists(), "no new database beside the journal of the old one");
    std::fs::remove_file(place.path("x.db-wal")).unwrap();
    std::fs::create_dir(place.path("x.db")).unwrap();
    refused(&place, "is not a file").await;
}

#[tokio::test]
async fn a_newer_schema_is_refused_in_plain_words() {
    let place = Place::new().await;
    place.set_up().await;
    let later = "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time) VALUES (9999, 'later', TRUE, ";
    let store = fusionsoc::store::Store::as_it_is(&place.url).await.unwrap();
    let sql = |bytes: &str| sqlx::AssertSqlSafe(format!("{later}{bytes}, 0)"));
    match &store {
        fusionsoc::store::Store::Sqlite { write, .. } => drop(write.execute(sql("x'00'")).await.unwrap()),
        fusionsoc::store::Store::Postgres(pool) => drop(pool.execute(sql("'\\x00'")).await.unwrap()),
    }
    store.close().await;
    drop(store);
    let known = fusionsoc::store::schema::known();
    let words =
        format!("was used by a newer version; its newest migration is 9999, this program knows up to {known:04}");
    for command in ["serve", "worker", "migrate", "check"] {
        let (code, _, err) = place.run(&[command]).await;
        one_line(&err, &words);
        assert_eq!(code, 2, "{err}");
    }
    let (code, _, err) = place.run(&["backup", "out.db"]).await;
    one_line(&err, &words);
    assert!(code == 2 && !place.path("out.db").exists());
}

/// The program as somebody who owns nothing here; none where this is not root, or they can't reach it.
async fn as_nobody(place: &Place) -> Option<(i32, String)> {
    let binary = place.path("fusionsoc");
    std::fs::copy(env!("CARGO_BIN_EXE_fusionsoc"), &binary).unwrap();
    std::fs::set_permissions(place.dir.path(), std::fs::Permissions::from_mode(0o755)).unwrap();
    let mut command = std::process::Command::new(&binary);
    command.current_dir(place.dir.path()).arg("serve").uid(65534).env_remove("FUSIONSOC_CONFIG");
    let done = tokio::task::spawn_blocking(move || command.output()).await.unwrap().ok()?;
    let (code, _, err) = super::said(&done);
    Some((code, err))
}

#[tokio::test]
async fn what_may_not_be_read_or_written_is_named() {
    let place = Place::sqlite("x.db");
    place.settings("");
    let absent = Place { url: "sqlite:no/such/folder/x.db".to_owned(), dir: tempfile::tempdir().unwrap() };
    absent.settings("");
    refused(&absent, "no/such/folder").await;
    if !rustix::process::geteuid().is_root() {
        return;
    }
    if let Some((code, err)) = as_nobody(&place).await {
        one_line(&err, "database.url: ");
        assert_eq!(code, 2, "the folder can't be written");
        assert!(!place.path("x.db").exists());
    }
    place.set_up().await;
    if let Some((code, err)) = as_nobody(&place).await {
        one_line(&err, "database.url: ");
        assert_eq!(code, 2, "the file can't be read");
    }
}

#[tokio::test]
async fn a_wrong_setting_is_named_before_anything_is_made() {
    let place = Place::sqlite("x.db");
    for (more, words) in [
        ("[backup]\nfolder = \"b\"\nevery_hours = 0\n", "backup.every_hours"),
        ("[backup]\nkeep = 0\n", "backup.keep"),
        ("[backup]\nkeep = \"many\"\n", "backup.keep"),
        ("[backup]\nfolders = \"b\"\n", "folders"),
        ("[nonsense]\nx = 1\n", "nonsense"),
        ("[policy]\nauto_close = \"always\"\n", "policy.auto_close"),
    ] {
        place.settings(more);
        let (code, out, err) = place.run(&["serve"]).await;
        assert_eq!((code, out.as_str()), (2, ""), "{err}");
        one_line(&err, words);
    }
    place.settings("");
    let mut command = place.command();
    command.arg("serve").env("FUSIONSOC__BACKUP__FOLDERS", "b");
    let (code, _, err) = super::said(&command.output().unwrap());
    one_line(&err, "folders");
    assert_eq!(code, 2);
    std::fs::write(place.path("fusionsoc.key"), "00").unwrap();
    std::fs::set_permissions(place.path("fusionsoc.key"), std::fs::Permissions::from_mode(0o644)).unwrap();
    let (code, _, err) = place.run(&["serve"]).await;
    one_line(&err, "server.key_file");
    assert_eq!(code, 2);
}

#[tokio::test]
async fn a_second_server_ends_with_one_line() {
    let place = Place::sqlite("x.db");
    let running = place.serve().await;
    let mut second = place.command();
    second.arg("serve").env("FUSIONSOC__SERVER__LISTEN", "127.0.0.1:0");
    let (code, _, err) = super::said(&second.output().unwrap());
    one_line(&err, "another server is using this database");
    assert_eq!(code, 1);
    let other = Place::sqlite("y.db");
    let mut third = other.command();
    third.arg("serve").env("FUSIONSOC__SERVER__LISTEN", running.url.trim_start_matches("http://"));
    let (code, _, err) = super::said(&third.output().unwrap());
    one_line(&err, "server.listen");
    assert_eq!(code, 1);
}

#[tokio::test]
async fn nobody_else_may_read_the_data() {
    if is_postgres() {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    std::fs::create_dir(&data).unwrap();
    std::fs::set_permissions(&data, std::fs::Permissions::from_mode(0o755)).unwrap();
    let place = Place { url: format!("sqlite:{}", data.join("x.db").display()), dir };
    place.settings("");
    let mut first = place.command();
    first.arg("migrate");
    let (code, _, err) = super::said(&first.output().unwrap());
    assert!(code == 0 && err.contains("its mode is 0700 now"), "{err}");
    std::fs::set_permissions(data.join("x.db"), std::fs::Permissions::from_mode(0o644)).unwrap();
    let _running = place.serve().await;
    place.ok(&["backup", "data/out.db"]).await;
    assert_eq!(mode(&data), 0o700);
    let mut seen = 0;
    for entry in std::fs::read_dir(&data).unwrap() {
        let path = entry.unwrap().path();
        seen += 1;
        assert_eq!(mode(&path), 0o600, "{}", path.display());
    }
    assert!(seen >= 6, "database, journal, shared memory, locks, key and backup");
}

#[tokio::test]
async fn two_programs_that_begin_at_once_use_one_database() {
    let place = Place::sqlite("x.db");
    let begun: Vec<_> = (0..6)
        .map(|at| {
            let mut command = place.command();
            command.args(["org", "add", &format!("org{at}"), "--name", "O"]);
            tokio::task::spawn_blocking(move || command.output().unwrap())
        })
        .collect();
    for one in begun {
        let (code, _, err) = super::said(&one.await.unwrap());
        assert_eq!(code, 0, "{err}");
    }
    let options = sqlx::sqlite::SqliteConnectOptions::new().filename(place.path("x.db"));
    let mut connection = options.connect().await.unwrap();
    let orgs: i64 = sqlx::query_scalar("SELECT COUNT(*) FROM orgs").fetch_one(&mut connection).await.unwrap();
    connection.close().await.unwrap();
    assert_eq!(orgs, 6);
    let all = std::fs::read_dir(place.dir.path()).unwrap().map(|entry| entry.unwrap().file_name());
    let keys: Vec<_> = all.filter(|name| name.to_string_lossy().ends_with(".key")).collect();
    assert_eq!(keys, ["fusionsoc.key"], "one key, and nothing of it is left behind");
}
