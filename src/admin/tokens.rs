//! API tokens: made for one organisation, and never able to do more than whoever made them.
use super::{AdminError, By, Result, enter, name, own};
use crate::domain::role::Scope;
use crate::store::record::Entry;
use crate::store::tokens::{self, Token};
use crate::store::{Tx, orgs};

/// The most days that a token lives.
pub const DAYS: i64 = 365;
const DAY_MS: i64 = 24 * 60 * 60 * 1000;

/// A token to make.
#[derive(Debug, Clone, Copy)]
pub struct New<'a> {
    /// The short name of its organisation.
    pub org: &'a str,
    /// Its name.
    pub name: &'a str,
    /// What is stored of its secret.
    pub hash: &'a [u8],
    /// What it may do.
    pub scopes: &'a [Scope],
    /// How long it lives.
    pub days: i64,
}

/// Makes a token; gives its id. It belongs to the admin who makes it, and to nobody where that is the command line.
///
/// # Errors
/// `Missing` for an organisation that is not the admin's, `Invalid` for a wrong field.
pub async fn add(tx: &mut Tx, by: By<'_>, new: New<'_>) -> Result<i64> {
    let own = own(tx, by).await?;
    let org = orgs::by_slug(tx, new.org).await?;
    let org = org.filter(|org| own.as_ref().is_none_or(|own| own.contains(&org.id)));
    let org = org.ok_or(AdminError::Missing("organisation"))?;
    let label = name(new.name)?;
    if new.scopes.is_empty() {
        return Err(AdminError::Invalid { field: "scope", text: "Choose at least one scope." });
    }
    if !(1..=DAYS).contains(&new.days) {
        return Err(AdminError::Invalid { field: "days", text: "1 to 365 days." });
    }
    let scopes = new.scopes.iter().map(|scope| scope.as_str()).collect::<Vec<_>>().join(",");
    let ends = by.now_ms + new.days * DAY_MS;
    let id = tokens::insert(tx, org.id, label, new.hash, &scopes, by.now_ms, ends).await?;
    if let Some(admin) = by.admin {
        tokens::set_owner(tx, id, admin).await?;
    }
    let told = format!("{label}: {scopes} for {} days", new.days);
    let object = format!("token:{id}");
    enter(tx, by, Some(org.id), Entry { action: "token_created", object: &object, old: "", new: &told }).await?;
    Ok(id)
}

/// Revokes a token; nothing where it was before.
///
/// # Errors
/// `Missing` for a token that is not of the admin's organisations.
pub async fn revoke(tx: &mut Tx, by: By<'_>, id: i64) -> Result<bool> {
    let own = own(tx, by).await?;
    let token = tokens::by_id(tx, id).await?;
    let token = token.filter(|token: &Token| own.as_ref().is_none_or(|own| own.contains(&token.org_id)));
    let token = token.ok_or(AdminError::Missing("token"))?;
    if tokens::revoke(tx, id, by.now_ms).await? == 0 {
        return Ok(false);
    }
    let (object, old) = (format!("token:{id}"), format!("{}: {}", token.name, token.scopes));
    let entry = Entry { action: "token_revoked", object: &object, old: &old, new: "" };
    enter(tx, by, Some(token.org_id), entry).await?;
    Ok(true)
}
