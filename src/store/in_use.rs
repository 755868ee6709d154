//! Who uses a database. Everybody who opens it holds a shared lock until they end; who puts another one in its place
//! must be alone. A lock ends with its process, however that ends.
use super::OpenError;
use super::open::files::beside;
use sqlx::PgConnection;
use std::fs::{File, TryLockError};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// The first number of the advisory lock on `PostgreSQL`, four letters of ours; the second one is the schema's.
const CLASS: i32 = 0x4653_696e;
/// A program that has just ended holds its lock on `PostgreSQL` until the server sees that: it is looked at so often,
const TRIES: u32 = 10;
/// after this time.
const AGAIN: Duration = Duration::from_millis(100);
/// Why nobody may open the database.
const TAKEN: &str = "a restore or a move is at work on this database";
/// Why nobody may put another one in its place.
const USED: &str = "a server, a worker or another command uses this database; stop it first";

fn lock_file(file: &Path) -> Result<File, OpenError> {
    let path = beside(file, "-open");
    let open = File::options().create(true).truncate(false).write(true).mode(0o600).open(&path);
    open.map_err(|error| OpenError::Files(format!("{}: {error}", path.display())))
}

fn taken(file: &Path, refused: TryLockError, why: &str) -> OpenError {
    match refused {
        TryLockError::WouldBlock => OpenError::InUse(why.to_owned()),
        TryLockError::Error(error) => OpenError::Files(format!("{}: {error}", file.display())),
    }
}

/// Says that the file of a database is in use.
pub(super) fn shared(file: &Path) -> Result<File, OpenError> {
    let lock = lock_file(file)?;
    lock.try_lock_shared().map_err(|refused| taken(file, refused, TAKEN))?;
    Ok(lock)
}

/// Keeps everybody else away from the file of a database, as long as it is held.
///
/// # Errors
/// Where somebody uses it.
pub fn alone(file: &Path) -> Result<File, OpenError> {
    let lock = lock_file(file)?;
    lock.try_lock().map_err(|refused| taken(file, refused, USED))?;
    Ok(lock)
}

/// The same on `PostgreSQL`, for as long as the connection lasts.
pub(super) async fn shared_postgres(connection: &mut PgConnection) -> super::Result<()> {
    let sql = "SELECT COALESCE(pg_try_advisory_lock_shared($1, hashtext(current_schema())), TRUE)";
    let free: bool = sqlx::query_scalar(sql).bind(CLASS).fetch_one(connection).await?;
    if free { Ok(()) } else { Err(sqlx::Error::Configuration(TAKEN.into())) }
}

/// The same on `PostgreSQL`: every connection takes the lock anew, since it ends with the one that had it.
#[derive(Debug, Default)]
pub(super) struct Alone {
    held: AtomicBool,
}

impl Alone {
    /// Lets a new connection keep everybody else away from its schema, as long as it lasts.
    ///
    /// # Errors
    /// Where one before it did and somebody came in between. A pool tries again after an error, for as long as it waits:
    /// what became of the first one says [`Self::taken`].
    pub(super) async fn take(&self, connection: &mut PgConnection) -> super::Result<()> {
        let sql = "SELECT COALESCE(pg_try_advisory_lock($1, hashtext(current_schema())), TRUE)";
        let mut free = false;
        for _ in 0..TRIES {
            free = sqlx::query_scalar(sql).bind(CLASS).fetch_one(&mut *connection).await?;
            if free {
                break;
            }
            tokio::time::sleep(AGAIN).await;
        }
        let was_held = self.held.fetch_or(free, Ordering::Relaxed);
        if was_held && !free { Err(sqlx::Error::Configuration(USED.into())) } else { Ok(()) }
    }

    /// Refuses where the first connection found somebody there.
    pub(super) fn taken(&self) -> Result<(), OpenError> {
        if self.held.load(Ordering::Relaxed) { Ok(()) } else { Err(OpenError::InUse(USED.to_owned())) }
    }
}
