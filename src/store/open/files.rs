//! The files of a `SQLite` database, looked at before `SQLite` opens them: it would make a new database where the old
//! one is lost, and take an empty file for one.
use super::OpenError;
use crate::store::in_use;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode};
use sqlx::{ConnectOptions, Connection};
use std::fs::{self, File, Permissions};
use std::io::{ErrorKind, Read};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

/// What every `SQLite` database begins with.
const MAGIC: &[u8; 16] = b"SQLite format 3\0";

/// A file beside a database, such as its journal.
pub(in crate::store) fn beside(file: &Path, ending: &str) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(ending);
    PathBuf::from(name)
}

/// The folder of a file.
pub(in crate::store) fn folder(file: &Path) -> &Path {
    file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// Links in a row that are followed, as many as the system follows.
const LINKS: usize = 40;

/// The file that a name means: where it is a link, what that leads to, whether it is there or not.
pub(super) fn meant(mut file: PathBuf) -> PathBuf {
    for _ in 0..LINKS {
        let Ok(to) = fs::read_link(&file) else { break };
        file = folder(&file).join(to);
    }
    file
}

fn failed(path: &Path, error: impl std::fmt::Display) -> OpenError {
    OpenError::Files(format!("{}: {error}", path.display()))
}

/// Makes the folder that is named and the files that are meant private, makes a database where there was none, and
/// refuses what is damaged. Returns the lock that says that the database is in use.
pub(super) async fn prepare(named: &Path, file: &Path) -> Result<File, OpenError> {
    private_folder(named)?;
    let lock = in_use::shared(file)?;
    match fs::metadata(file) {
        Err(error) if error.kind() == ErrorKind::NotFound => match gone(file) {
            OpenError::Nothing(_) => make(file, folder(file)).await?,
            lost => return Err(lost),
        },
        Err(error) => return Err(failed(file, error)),
        Ok(found) if !found.is_file() => return Err(failed(file, "is not a file")),
        Ok(found) => sound(file, found.len())?,
    }
    for ending in ["", "-wal", "-shm", "-journal"] {
        private(&beside(file, ending))?;
    }
    Ok(lock)
}

/// What is to be said of a database whose file is not there: it was never made, or only its journal is left.
fn gone(file: &Path) -> OpenError {
    let journal = beside(file, "-wal");
    if fs::metadata(&journal).is_ok_and(|journal| journal.len() > 0) {
        let text = format!("{} is gone, yet its journal {} is there", file.display(), journal.display());
        return OpenError::Damaged(format!("{text}; restore a backup, or move the journal away to begin anew"));
    }
    OpenError::Nothing(format!("there is no database {}", file.display()))
}

/// Makes the folder of a file where there is none. The one that a link leads to has to be there: it may be on a disk that
/// is not mounted.
fn private_folder(named: &Path) -> Result<(), OpenError> {
    let folder = folder(named);
    if !folder.exists() {
        fs::DirBuilder::new().mode(0o700).create(folder).map_err(|error| failed(folder, error))?;
    }
    close_to_others(folder, named)
}

/// Refuses a file that is not there or no database.
pub(super) fn existing(file: &Path) -> Result<(), OpenError> {
    let found = match fs::metadata(file) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Err(gone(file)),
        found => found.map_err(|error| failed(file, error))?,
    };
    if found.is_file() { sound(file, found.len()) } else { Err(failed(file, "is not a file")) }
}

/// Refuses a file that `SQLite` would take for a new database, or that is none.
fn sound(file: &Path, bytes: u64) -> Result<(), OpenError> {
    let damaged = |text: &str| Err(OpenError::Damaged(format!("{} {text}", file.display())));
    if bytes == 0 {
        return damaged("is empty; restore a backup, or remove the file to begin anew");
    }
    let mut start = [0; 16];
    let mut open = fs::OpenOptions::new().read(true).write(true).open(file).map_err(|error| failed(file, error))?;
    match open.read_exact(&mut start) {
        Ok(()) if start == *MAGIC => Ok(()),
        Ok(()) => damaged("is not an SQLite database"),
        Err(error) if error.kind() == ErrorKind::UnexpectedEof => damaged("is not an SQLite database"),
        Err(error) => Err(failed(file, error)),
    }
}

/// Makes an empty database under another name and moves it to its place when it is whole: so an empty file is never
/// one of ours, and two programs that begin at once use the same one.
async fn make(file: &Path, folder: &Path) -> Result<(), OpenError> {
    let new = tempfile::Builder::new().prefix(".fusionsoc-").suffix(".new").tempfile_in(folder);
    let new = new.map_err(|error| failed(folder, error))?;
    let options = SqliteConnectOptions::new().filename(new.path()).journal_mode(SqliteJournalMode::Wal);
    let made = async { options.connect().await?.close().await };
    made.await.map_err(OpenError::Connect)?;
    new.as_file().sync_all().map_err(|error| failed(folder, error))?;
    match new.persist_noclobber(file) {
        Err(refused) if refused.error.kind() != ErrorKind::AlreadyExists => Err(failed(file, refused.error)),
        _ => sync(folder).map_err(|error| failed(folder, error)),
    }
}

/// Makes what happened in a folder last through a power cut.
pub(in crate::store) fn sync(folder: &Path) -> std::io::Result<()> {
    File::open(folder)?.sync_all()
}

/// Lets nobody but the owner read a file, where it is there.
fn private(file: &Path) -> Result<(), OpenError> {
    let Ok(found) = fs::metadata(file) else { return Ok(()) };
    if found.permissions().mode() & 0o777 == 0o600 {
        return Ok(());
    }
    let mode = format!("{:o}", found.permissions().mode() & 0o777);
    tracing::warn!(file = %file.display(), mode, "others could use this file; its mode is 0600 now");
    fs::set_permissions(file, Permissions::from_mode(0o600)).map_err(|error| failed(file, error))
}

/// The mode of the folder of a file, where others can list it.
pub(super) fn mode_for_others(file: &Path) -> Option<u32> {
    let mode = fs::metadata(folder(file)).ok()?.permissions().mode() & 0o7777;
    (mode.trailing_zeros() < 6).then_some(mode)
}

/// Lets nobody but the owner into the folder of the data. A folder that was not named, that belongs to somebody else, or
/// that is meant for all stays as it is: whoever serves from it is told.
fn close_to_others(folder: &Path, file: &Path) -> Result<(), OpenError> {
    let found = fs::metadata(folder).map_err(|error| failed(folder, error))?;
    let mode = found.permissions().mode();
    if !found.is_dir() || mode.trailing_zeros() >= 6 {
        return Ok(());
    }
    let named = file.parent().is_some_and(|named| !named.as_os_str().is_empty());
    let home = std::env::var_os("HOME").is_some_and(|home| Path::new(&home) == folder);
    let own = found.uid() == rustix::process::geteuid().as_raw();
    let (path, told) = (folder.display(), format!("{:o}", mode & 0o7777));
    if !named || home || !own || mode & 0o1000 != 0 {
        return Ok(());
    }
    tracing::warn!(folder = %path, mode = told, "others could enter the folder of the database; its mode is 0700 now");
    fs::set_permissions(folder, Permissions::from_mode(0o700)).map_err(|error| failed(folder, error))
}
