//! An installation from one database to the other: every row with its number, in one transaction of the target.
use super::{Result, Told, Trouble, beside, folder, no, part, sync, wrong};
use crate::clock::now_ms;
use crate::jobs::reindex;
use crate::store::record::{Entry, audit};
use crate::store::{Actor, CopyError, Counted, OpenError, Store, close_journal, copy, refuse_occupied, schema, verify};
use std::path::Path;

/// Copies everything from one database to the other. The source stays as it is.
///
/// # Errors
/// Where one of them is in use, the target has data, or their versions differ. Then nothing has changed.
pub async fn all(from: &str, to: &str, told: Told<'_>) -> Result<Vec<Counted>> {
    let is_postgres = |url: &str| url.starts_with("postgres");
    if is_postgres(from) == is_postgres(to) {
        return no("--to: is the same kind of database; make a backup and restore it there".to_owned());
    }
    if !is_postgres(to) && Store::file_of(to).is_none() {
        return no("--to: must be sqlite:FILE or postgres://…".to_owned());
    }
    let source = Store::alone(from).await?;
    let newest = source.newest().await?;
    if newest != schema::known() {
        let known = schema::known();
        return no(format!(
            "database.url: its newest migration is {newest:04}, this program's is {known:04}; run `fusionsoc migrate` first"
        ));
    }
    match Store::file_of(to) {
        Some(file) => to_file(&source, &file, told).await,
        None => to_postgres(&source, to, told).await,
    }
}

async fn to_postgres(source: &Store, url: &str, told: Told<'_>) -> Result<Vec<Counted>> {
    let wrong = |error: OpenError| Trouble::Told(format!("--to: {}", error.plain()));
    let occupied = |error: CopyError| Trouble::Told(format!("--to: {error}"));
    let target = Store::alone(url).await.map_err(wrong)?;
    refuse_occupied(&mut target.read().await?).await.map_err(occupied)?;
    target.update().await.map_err(wrong)?;
    let (mut rows, mut tx) = (source.read().await?, target.write().await?);
    // Again, in the transaction that fills it.
    refuse_occupied(&mut tx).await.map_err(occupied)?;
    let counted = copy(&mut rows, &mut tx, told).await?;
    reindex::fill(&mut tx, told).await?;
    note(&mut tx, "sqlite", "postgres").await?;
    tx.commit().await?;
    target.close().await;
    Ok(counted)
}

/// The file gets its name when it is whole.
async fn to_file(source: &Store, file: &Path, told: Told<'_>) -> Result<Vec<Counted>> {
    for ending in ["", "-wal"] {
        if beside(file, ending).symlink_metadata().is_ok() {
            return no(format!("--to: {} is there already", beside(file, ending).display()));
        }
    }
    let part = part(file)?;
    let target = Store::of_file(part.path()).await?;
    target.update().await?;
    let (mut rows, mut tx) = (source.read().await?, target.write().await?);
    let counted = copy(&mut rows, &mut tx, told).await?;
    reindex::fill(&mut tx, told).await?;
    note(&mut tx, "postgres", "sqlite").await?;
    tx.commit().await?;
    target.close().await;
    close_journal(part.path()).await?;
    verify(part.path()).await.map_err(|found| super::unsound(file, found))?;
    part.as_file().sync_all().map_err(|error| wrong(file, error))?;
    part.persist_noclobber(file).map_err(|refused| wrong(file, refused.error))?;
    sync(folder(file)).map_err(|error| wrong(file, error))?;
    Ok(counted)
}

async fn note(tx: &mut crate::store::Tx, old: &str, new: &str) -> Result<()> {
    let entry = Entry { action: "move", object: "installation", old, new };
    Ok(audit(tx, &Actor::operator(), None, &entry, now_ms()).await?)
}
