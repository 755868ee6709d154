//! Backups, restores and moves: a whole store as one `SQLite` file, back from it, and from one database to the other.
//!
//! A backup is always a `SQLite` file of our own schema, whatever it was taken from, and can be restored to either
//! database. It is verified before it gets its name. The file of the key that seals stored secrets is no part of it.
pub mod moving;
pub mod restore;
pub mod scheduled;

use crate::clock::now_ms;
use crate::store::record::{Ended, Entry, audit_as};
use crate::store::{Actor, CopyError, OpenError, Store, Unsound, backups, schema, verify};
use sha2::{Digest, Sha256};
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use tempfile::NamedTempFile;

/// Hears of each table and its rows while they are copied.
pub type Told<'a> = &'a (dyn Fn(&str, u64) + Sync);

/// Why there is no backup, restore or move.
#[derive(Debug, thiserror::Error)]
pub enum Trouble {
    /// In words of ours.
    #[error("{0}")]
    Told(String),
    /// The database refused.
    #[error("database: {0}")]
    Store(#[from] sqlx::Error),
    /// A database can't be opened.
    #[error("{0}")]
    Open(#[from] OpenError),
    /// The rows could not be copied.
    #[error("{0}")]
    Copy(#[from] CopyError),
}

type Result<T> = std::result::Result<T, Trouble>;

/// A failure with a text of ours.
fn no<T>(text: String) -> Result<T> {
    Err(Trouble::Told(text))
}

/// What is wrong with a file or folder.
fn wrong(path: &Path, what: impl std::fmt::Display) -> Trouble {
    Trouble::Told(format!("{}: {what}", path.display()))
}

fn unsound(path: &Path, found: Unsound) -> Trouble {
    match found {
        Unsound::File(error) => wrong(path, error),
        found => Trouble::Told(format!("{} {found}", path.display())),
    }
}

/// A backup that was made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Made {
    /// The name of its file.
    pub name: String,
    /// Its size.
    pub bytes: u64,
    /// SHA-256 of the file, in hexadecimal.
    pub sha256: String,
    /// Whether the audit log tells of it: not where its schema is older than this program, or it can't be written.
    pub audited: bool,
}

/// Writes a backup while others go on reading and writing, verifies it, and gives it its name at the very end. The audit
/// log tells of it, and of a failure too.
///
/// # Errors
/// Where there is such a file already, or database or disk refuse. Then there is no file.
pub async fn take(store: &Store, file: &Path, actor: &Actor, told: Told<'_>) -> Result<Made> {
    let name = file.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let newest = store.newest().await?;
    let written = if newest > schema::known() {
        Err(OpenError::Newer(newest, schema::known()).into())
    } else {
        write(store, file, told).await
    };
    let (ended, new) = match &written {
        Ok((bytes, sha256)) => (Ended::Ok, format!("{bytes} bytes, sha256 {sha256}")),
        Err(trouble) => (Ended::Failed, trouble.to_string()),
    };
    // In a newer schema is all that this program writes.
    let audited = newest >= schema::known() && note(store, &name, actor, (ended, &new)).await;
    written.map(|(bytes, sha256)| Made { name, bytes, sha256, audited })
}

/// Tells the audit log of a backup, or why there is none; whether that worked.
async fn note(store: &Store, name: &str, actor: &Actor, (ended, new): (Ended, &str)) -> bool {
    let noted = async {
        let mut tx = store.write().await?;
        let object = format!("backup:{name}");
        let entry = Entry { action: backups::ACTION, object: &object, old: "", new };
        audit_as(&mut tx, actor, None, &entry, ended, now_ms()).await?;
        tx.commit().await
    };
    // On a full disk, say: a backup is good all the same.
    let noted = noted.await;
    if let Err(error) = &noted {
        tracing::warn!(%error, "a backup could not be noted in the audit log");
    }
    noted.is_ok()
}

/// Tells the audit log of a backup that could not even be begun.
pub async fn not_begun(store: &Store, file: &Path, actor: &Actor, why: &str) {
    let name = file.file_name().unwrap_or_default().to_string_lossy();
    note(store, &name, actor, (Ended::Failed, why)).await;
}

async fn write(store: &Store, file: &Path, told: Told<'_>) -> Result<(u64, String)> {
    if file.file_name().is_none() {
        return Err(wrong(file, "names no file"));
    }
    if file.symlink_metadata().is_ok() {
        return Err(wrong(file, "is there already; a backup overwrites nothing"));
    }
    let part = part(file)?;
    store.snapshot(part.path(), told).await?;
    verify(part.path()).await.map_err(|found| unsound(file, found))?;
    let (part, bytes, sha256) = blocking(move || {
        part.as_file().sync_all()?;
        let (bytes, sha256) = sum(part.path())?;
        Ok((part, bytes, sha256))
    })
    .await
    .map_err(|error| wrong(file, error))?;
    part.persist_noclobber(file).map_err(|refused| wrong(file, refused.error))?;
    sync(folder(file)).map_err(|error| wrong(file, error))?;
    Ok((bytes, sha256))
}

/// An empty file beside another one that only its owner may read; it goes away by itself unless it gets a name.
fn part(file: &Path) -> Result<NamedTempFile> {
    let made = tempfile::Builder::new().prefix(PART).suffix(".part").tempfile_in(folder(file));
    // Its own words name the unfinished file.
    made.map_err(|error| wrong(folder(file), error.kind()))
}

/// What the name of every unfinished file begins with.
const PART: &str = ".fusionsoc-backup-";

fn folder(file: &Path) -> &Path {
    file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// Makes what happened in a folder last through a power cut.
fn sync(folder: &Path) -> std::io::Result<()> {
    File::open(folder)?.sync_all()
}

/// Runs what reads whole files beside everything else.
async fn blocking<T: Send + 'static>(work: impl FnOnce() -> std::io::Result<T> + Send + 'static) -> std::io::Result<T> {
    tokio::task::spawn_blocking(work).await.map_err(std::io::Error::other)?
}

/// Size and SHA-256 of a file.
fn sum(path: &Path) -> std::io::Result<(u64, String)> {
    let (mut file, mut hash, mut bytes) = (File::open(path)?, Sha256::new(), 0);
    let mut piece = vec![0; 1024 * 1024];
    loop {
        let read = file.read(&mut piece)?;
        if read == 0 {
            return Ok((bytes, hex::encode(hash.finalize())));
        }
        hash.update(&piece[..read]);
        bytes += read as u64;
    }
}

/// A file beside another one, such as its journal.
fn beside(file: &Path, ending: &str) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(ending);
    PathBuf::from(name)
}
