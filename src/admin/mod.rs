//! Administration: people, API tokens and organisations, for pages and the command line alike.
//!
//! Each function is one step of the caller's transaction and enters what it did. Whoever does it is looked at again
//! within that transaction: what a request found out about them before it began may be over by then.
pub mod orgs;
pub mod people;
pub mod policy;
pub mod tokens;

use crate::store::record::{Entry, audit};
use crate::store::{Actor, Tx};

/// The longest name of an organisation or a token, in characters.
pub const NAME: usize = 80;

/// Who administers.
#[derive(Debug, Clone, Copy)]
pub struct By<'a> {
    /// They, for the ledger.
    pub actor: &'a Actor,
    /// The admin's id; none at the command line, which may do all of it.
    pub admin: Option<i64>,
    /// Now.
    pub now_ms: i64,
}

/// Why something was not done.
#[derive(Debug, thiserror::Error)]
pub enum AdminError {
    /// There is no such thing, or the admin may not see it.
    #[error("no such {0}")]
    Missing(&'static str),
    /// The admin may not do this.
    #[error("{0}")]
    Denied(&'static str),
    /// It does not fit what stands now.
    #[error("{0}")]
    Conflict(&'static str),
    /// A field is wrong.
    #[error("{field}: {text}")]
    Invalid {
        /// The field.
        field: &'static str,
        /// What is wrong with it.
        text: &'static str,
    },
    /// The database refused.
    #[error("database: {0}")]
    Store(#[from] sqlx::Error),
}

/// What a step gives.
pub type Result<T, E = AdminError> = std::result::Result<T, E>;

/// Whether a text may be a short name: it goes into addresses and file names.
pub fn is_short_name(text: &str) -> bool {
    (1..=64).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte))
}

/// A name for people, without the spaces around it.
fn name(text: &str) -> Result<&str> {
    let text = text.trim();
    if text.is_empty() || text.chars().count() > NAME || text.chars().any(char::is_control) {
        return Err(AdminError::Invalid { field: "name", text: "1 to 80 visible characters." });
    }
    Ok(text)
}

/// The organisations of whoever administers; none at the command line, where all are.
async fn own(tx: &mut Tx, by: By<'_>) -> Result<Option<Vec<i64>>> {
    let Some(admin) = by.admin else { return Ok(None) };
    let me = crate::store::people::standing(tx, admin).await?;
    if me.is_none_or(|me| me.disabled || me.role < crate::domain::Role::Admin) {
        return Err(AdminError::Denied("You are not an admin any more."));
    }
    let orgs = crate::store::orgs::of_user(tx, admin).await?;
    Ok(Some(orgs.into_iter().map(|org| org.id).collect()))
}

async fn enter(tx: &mut Tx, by: By<'_>, org: Option<i64>, entry: Entry<'_>) -> Result<()> {
    Ok(audit(tx, by.actor, org, &entry, by.now_ms).await?)
}
