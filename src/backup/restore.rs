//! A backup in the place of a store. What can be wrong with it is found out on a copy, before anything changes.
use super::{Result, Told, Trouble, beside, blocking, folder, no, part, sync, unsound, wrong};
use crate::actions::carry;
use crate::clock::now_ms;
use crate::jobs::reindex;
use crate::store::record::{Entry, audit};
use crate::store::{Actor, Counted, Store, backups, close_journal, copy, in_use, refuse_occupied, schema, verify};
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use tempfile::NamedTempFile;

/// A restore that was done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Restored {
    /// The newest migration of the backup.
    pub version: i64,
    /// Where the database of before is now.
    pub kept: Option<PathBuf>,
    /// Rows of every table, where they were copied.
    pub rows: Vec<Counted>,
}

/// Puts a backup in the place of a `SQLite` database that nobody uses; what was there stays beside it. `database` is the
/// file itself and no link, as [`Store::file_of`] says it.
///
/// # Errors
/// Where the database is in use, the backup can't be used or the disk refuses. Then nothing has changed.
pub async fn into_sqlite(database: &Path, file: &Path) -> Result<Restored> {
    let alone = in_use::alone(database)?;
    let (copy, version) = prepared(part(database)?, file).await?;
    let kept = set_aside(database).await.map_err(|error| wrong(database, error))?;
    copy.persist(database).map_err(|refused| wrong(database, refused.error))?;
    sync(folder(database)).map_err(|error| wrong(database, error))?;
    drop(alone);
    Ok(Restored { version, kept, rows: Vec::new() })
}

/// Puts a backup into a schema of `PostgreSQL` that nobody uses, in one transaction. What is there is only replaced where
/// that is asked for.
///
/// # Errors
/// Where the database is in use or has data, or the backup can't be used. Then nothing has changed.
pub async fn into_postgres(url: &str, file: &Path, replace: bool, told: Told<'_>) -> Result<Restored> {
    let to = Store::alone(url).await?;
    let occupied = |error| Trouble::Told(format!("{error}; with --replace all of it is replaced"));
    if !replace {
        refuse_occupied(&mut to.read().await?).await.map_err(occupied)?;
    }
    // Beside the backup, where there is room for it and nobody else looks; that folder may be for reading alone.
    let empty = part(file).or_else(|_| part(&std::env::temp_dir().join("restore")))?;
    let (copied, version) = prepared(empty, file).await?;
    to.update().await?;
    let from = Store::of_file(copied.path()).await?;
    let (mut rows, mut tx) = (from.read().await?, to.write().await?);
    if !replace {
        // Again, in the transaction that fills it.
        refuse_occupied(&mut tx).await.map_err(occupied)?;
    }
    let counted = copy(&mut rows, &mut tx, told).await?;
    reindex::fill(&mut tx, told).await?;
    tx.commit().await?;
    to.close().await;
    Ok(Restored { version, kept: None, rows: counted })
}

/// A verified copy of a backup in an empty file, brought up to date, without what must not come back: the backup itself
/// is only read.
async fn prepared(copy: NamedTempFile, file: &Path) -> Result<(NamedTempFile, i64)> {
    let journal = beside(file, "-wal");
    if fs::metadata(&journal).is_ok_and(|journal| journal.len() > 0) {
        return no(format!("{} has a journal beside it, so it is a database in use and no backup", file.display()));
    }
    let from = file.to_owned();
    let copy = blocking(move || {
        fs::copy(&from, copy.path())?;
        fs::set_permissions(copy.path(), std::os::unix::fs::PermissionsExt::from_mode(0o600))?;
        Ok(copy)
    });
    let copy = copy.await.map_err(|error| wrong(file, error))?;
    let version = verify(copy.path()).await.map_err(|found| unsound(file, found))?;
    if version == 0 {
        return no(format!("{} is no backup of this program", file.display()));
    }
    let name = file.file_name().unwrap_or_default().to_string_lossy();
    settle(copy.path(), &name).await.map_err(|trouble| wrong(file, trouble))?;
    if version < schema::known() {
        verify(copy.path()).await.map_err(|found| unsound(file, found))?;
    }
    let copy = blocking(move || copy.as_file().sync_all().map(|()| copy));
    Ok((copy.await.map_err(|error| wrong(file, error))?, version))
}

/// Brings the copy up to date and takes out of it what time has overtaken.
async fn settle(copy: &Path, name: &str) -> Result<()> {
    let store = Store::of_file(copy).await?;
    store.update().await?;
    let now = now_ms();
    let mut tx = store.write().await?;
    backups::release_jobs(&mut tx).await?;
    carry::restored(&mut tx, now).await?;
    let ended = backups::end_sessions(&mut tx).await?;
    let (object, new) = (format!("backup:{name}"), format!("{ended} sessions ended"));
    let entry = Entry { action: "restore", object: &object, old: "", new: &new };
    audit(&mut tx, &Actor::operator(), None, &entry, now).await?;
    reindex::fill(&mut tx, &|_, _| {}).await?;
    tx.commit().await?;
    store.close().await;
    Ok(close_journal(copy).await?)
}

/// Gives the database of before another name, one that nothing has, with all that its journal holds. It keeps its own
/// name as well until the new one takes it, so that a database is there at every moment.
async fn set_aside(database: &Path) -> std::io::Result<Option<PathBuf>> {
    if !database.exists() {
        return Ok(None);
    }
    let mut at = 1;
    let kept = loop {
        let number = if at == 1 { String::new() } else { format!(".{at}") };
        let kept = beside(database, &format!(".before-restore{number}"));
        match fs::hard_link(database, &kept) {
            Ok(()) => break kept,
            Err(error) if error.kind() == ErrorKind::AlreadyExists => at += 1,
            // A file system without links.
            Err(_) if !kept.exists() => {
                fs::rename(database, &kept)?;
                break kept;
            }
            Err(error) => return Err(error),
        }
    };
    let (journal, kept_journal) = (beside(database, "-wal"), beside(&kept, "-wal"));
    // SQLite may remove a journal that it can't read.
    let linked = fs::hard_link(&journal, &kept_journal).is_ok();
    match close_journal(database).await {
        Ok(()) if linked => fs::remove_file(&kept_journal)?,
        Ok(()) => {}
        Err(error) => {
            tracing::warn!(%error, "the journal of the database of before can't be read; it is kept beside it");
        }
    }
    match journal.exists() {
        true if linked => fs::remove_file(&journal)?,
        true => fs::rename(&journal, &kept_journal)?,
        false => {}
    }
    // It holds nothing that lasts.
    let _ = fs::remove_file(beside(database, "-shm"));
    Ok(Some(kept))
}

impl From<Trouble> for std::io::Error {
    fn from(trouble: Trouble) -> Self {
        Self::other(trouble.to_string())
    }
}
