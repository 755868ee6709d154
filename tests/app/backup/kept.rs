//! Old backups that can't be removed: the new one counts all the same, and somebody is told.
use super::Place;
use std::os::unix::fs::{PermissionsExt, chown};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

/// Somebody who is not root and owns nothing here.
const NOBODY: u32 = 65534;
const HOUR_MS: i64 = 3_600_000;

/// A file that only this user may write.
fn of(user: u32, file: &Path, text: &str) {
    std::fs::write(file, text).unwrap();
    std::fs::set_permissions(file, std::fs::Permissions::from_mode(0o600)).unwrap();
    chown(file, Some(user), Some(user)).unwrap();
}

/// A folder in which everybody may write, and remove what is their own: three old backups, the oldest of which is root's.
fn backups(place: &Place) {
    let folder = place.path("backups");
    std::fs::create_dir(&folder).unwrap();
    std::fs::set_permissions(&folder, std::fs::Permissions::from_mode(0o1777)).unwrap();
    for (year, user) in [(2020, 0), (2021, NOBODY), (2022, NOBODY)] {
        of(user, &folder.join(format!("fusionsoc-{year}0101T000000Z.db")), "old");
    }
    of(NOBODY, &place.path("secret"), "a secret of 16 bytes or more");
    place.settings(
        "[backup]\nfolder = \"backups\"\nevery_hours = 6\nkeep = 1\n\
         [notify.webhook]\nurl = \"http://127.0.0.1:9/hook\"\nsecret_file = \"secret\"\n",
    );
}

/// A worker that is nobody; the folder and what is in it are theirs.
fn worker(place: &Place) -> Child {
    let binary = place.path("fusionsoc");
    std::fs::copy(env!("CARGO_BIN_EXE_fusionsoc"), &binary).unwrap();
    for entry in std::fs::read_dir(place.dir.path()).unwrap() {
        let path = entry.unwrap().path();
        if path.is_file() {
            chown(&path, Some(NOBODY), Some(NOBODY)).unwrap();
        }
    }
    chown(place.dir.path(), Some(NOBODY), Some(NOBODY)).unwrap();
    let mut command = std::process::Command::new(&binary);
    command.current_dir(place.dir.path()).arg("worker").uid(NOBODY).env_remove("FUSIONSOC_CONFIG");
    command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
}

/// The one row of a statement, once it is there.
async fn row(place: &Place, sql: &'static str) -> (String, i64) {
    let store = fusionsoc::store::Store::as_it_is(&place.url).await.unwrap();
    let began = Instant::now();
    loop {
        let found: Option<(String, i64)> = match &store {
            fusionsoc::store::Store::Sqlite { read, .. } => sqlx::query_as(sql).fetch_optional(read).await.unwrap(),
            fusionsoc::store::Store::Postgres(pool) => sqlx::query_as(sql).fetch_optional(pool).await.unwrap(),
        };
        if let Some(found) = found {
            return found;
        }
        assert!(began.elapsed() < Duration::from_mins(1), "{sql}");
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}

#[tokio::test]
async fn an_old_one_that_stays_keeps_no_other_and_makes_no_backup_fail() {
    // Only root can make a file that somebody else can't remove.
    if !rustix::process::geteuid().is_root() {
        return;
    }
    let place = Place::new().await;
    place.set_up().await;
    backups(&place);
    let mut worker = worker(&place);
    let now = fusionsoc::clock::now_ms();
    let told = "SELECT facts, created_ms FROM notifications WHERE kind = 'backup_failed'";
    let (facts, _) = row(&place, told).await;
    assert!(facts.contains("A new one was made") && facts.contains("fusionsoc-20200101T000000Z"), "{facts}");
    let next = "SELECT error, run_at_ms FROM jobs WHERE kind = 'backup' AND leased_until_ms = 0";
    let (error, at_ms) = row(&place, next).await;
    worker.kill().unwrap();
    worker.wait().unwrap();
    assert!(error.is_empty() && at_ms > now + 5 * HOUR_MS, "{error}: {at_ms}");
    let left = std::fs::read_dir(place.path("backups")).unwrap();
    let mut left: Vec<_> = left.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    left.sort();
    assert!(left.len() == 2 && left[0].starts_with("fusionsoc-2020") && left[1] > left[0], "{left:?}");
}
