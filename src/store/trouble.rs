//! What an error of the database says: busy, away, full, or that somebody else was first.

/// Whether an error says that the database is locked, busy or away, so that trying again may help.
pub fn is_busy(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::Database(db) => {
            matches!(db.code().as_deref(), Some("5" | "6" | "261" | "517" | "40001" | "40P01" | "55P03"))
                || is_gone(error)
        }
        _ => is_gone(error),
    }
}

/// Whether an error says that the connection to the database is lost, or none could be had: it stops, starts, takes no
/// more of them, or ended a transaction in which nothing happened for too long.
pub fn is_gone(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::PoolTimedOut | sqlx::Error::BeginFailed => true,
        sqlx::Error::Io(io) => io.kind() != std::io::ErrorKind::StorageFull,
        sqlx::Error::Database(db) => {
            let code = db.code().unwrap_or_default();
            matches!(&*code, "25P03" | "57P01" | "57P02" | "57P03" | "57P05" | "53300")
                || code.len() == 5 && code.starts_with("08")
        }
        _ => false,
    }
}

/// Whether an error says that the disk is full.
pub fn is_full(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::Database(db) => matches!(db.code().as_deref(), Some("13" | "53100")),
        sqlx::Error::Io(io) => io.kind() == std::io::ErrorKind::StorageFull,
        _ => false,
    }
}

/// The error of a full disk, for those who shared the commit that met it.
pub fn full() -> sqlx::Error {
    sqlx::Error::Io(std::io::ErrorKind::StorageFull.into())
}

/// Whether an error says that another transaction was at the same rows, so that the same work would
/// now find what that one left: a unique violation, a deadlock, a failed serialisation.
pub fn is_conflict(error: &sqlx::Error) -> bool {
    let code = |db: &dyn sqlx::error::DatabaseError| matches!(db.code().as_deref(), Some("40001" | "40P01"));
    matches!(error, sqlx::Error::Database(db) if db.is_unique_violation() || code(db.as_ref()))
}
