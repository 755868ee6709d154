//! Space on the disk that holds the database.
use crate::config::Config;
use crate::store::Store;
use std::cell::Cell;
use std::path::{Path, PathBuf};

/// Bytes of a file system.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Space {
    /// Those that may still be written.
    pub free: u64,
    /// All.
    pub total: u64,
}

impl Space {
    /// Free ones in percent, rounded down.
    pub fn percent(self) -> u64 {
        u64::try_from(u128::from(self.free) * 100 / u128::from(self.total.max(1))).unwrap_or(100)
    }

    /// Whether more than 5 % are free.
    pub fn suffices(self) -> bool {
        u128::from(self.free) * 20 > u128::from(self.total)
    }
}

thread_local! {
    static HERE: Cell<Option<Space>> = const { Cell::new(None) };
}

/// Lets the disk have this space for what runs on this thread; for tests, which can't fill one.
pub fn pretend_here(space: Space) {
    HERE.set(Some(space));
}

/// The folder of the `SQLite` file; nothing of a database elsewhere, whose disk is not ours to see.
pub fn folder(config: &Config) -> Option<PathBuf> {
    let file = Store::file_of(&config.database.url)?;
    let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty());
    Some(folder.unwrap_or(Path::new(".")).to_owned())
}

/// The space at a folder; nothing where the system does not say.
pub fn space(folder: &Path) -> Option<Space> {
    if let Some(space) = HERE.get() {
        return Some(space);
    }
    let said = rustix::fs::statvfs(folder).ok()?;
    let bytes = |blocks: u64| blocks.saturating_mul(said.f_frsize);
    Some(Space { free: bytes(said.f_bavail), total: bytes(said.f_blocks) }).filter(|space| space.total > 0)
}
