//! Organisations: added, renamed, told which LimaCharlie organisation is theirs. None is deleted.
//!
//! What concerns the others too (a new one, and whose a LimaCharlie id is) is for admins of all organisations and for the
//! command line: an admin of one could else get out of reach of the others, or take another's deliveries.
use super::{AdminError, By, Result, enter, is_short_name, name, own};
use crate::limacharlie::ids::Oid;
use crate::store::orgs::{self, Org};
use crate::store::record::Entry;
use crate::store::{Tx, people, users};

/// An organisation to add.
#[derive(Debug, Clone, Copy)]
pub struct New<'a> {
    /// Its short name.
    pub slug: &'a str,
    /// Its name for people.
    pub name: &'a str,
    /// Its LimaCharlie organisation, or empty.
    pub oid: &'a str,
}

/// Adds an organisation; gives its id. All admins of all organisations become members, so that they stay that.
///
/// # Errors
/// `Invalid` for a wrong field, and for a short name or an oid that another organisation has.
pub async fn add(tx: &mut Tx, by: By<'_>, new: New<'_>) -> Result<i64> {
    people::lock(tx).await?;
    everywhere(tx, by).await?;
    if !is_short_name(new.slug) {
        return Err(AdminError::Invalid {
            field: "slug",
            text: "1 to 64 letters, digits, dots, dashes and underscores.",
        });
    }
    if orgs::by_slug(tx, new.slug).await?.is_some() {
        return Err(AdminError::Invalid { field: "slug", text: "This short name is taken." });
    }
    let label = name(new.name)?;
    let oid = free(tx, new.oid, None).await?;
    let admins = if by.admin.is_some() { people::admins_everywhere(tx).await? } else { Vec::new() };
    let id = orgs::insert(tx, new.slug, label, oid.as_deref(), by.now_ms).await?;
    for admin in admins {
        users::join(tx, admin, id).await?;
    }
    let (object, told) = (format!("org:{}", new.slug), [label, new.oid].join(" "));
    let entry = Entry { action: "org_added", object: &object, old: "", new: told.trim_end() };
    enter(tx, by, Some(id), entry).await?;
    Ok(id)
}

/// Goes on only for an admin of all organisations.
async fn everywhere(tx: &mut Tx, by: By<'_>) -> Result<()> {
    let own = own(tx, by).await?;
    let all = orgs::all(tx).await?;
    if own.is_some_and(|own| all.iter().any(|org| !own.contains(&org.id))) {
        return Err(AdminError::Denied("Only an admin of all organisations may do this, or the command line."));
    }
    Ok(())
}

/// An oid that no other organisation has; none for an empty text.
async fn free(tx: &mut Tx, text: &str, of: Option<i64>) -> Result<Option<String>> {
    if text.is_empty() {
        return Ok(None);
    }
    let wrong = |_| AdminError::Invalid { field: "oid", text: "An organisation's id is a UUID in lower case." };
    let oid = text.parse::<Oid>().map_err(wrong)?;
    match orgs::by_oid(tx, oid.as_str()).await? {
        Some(other) if Some(other.id) != of => Err(AdminError::Invalid { field: "oid", text: "This id is taken." }),
        _ => Ok(Some(oid.to_string())),
    }
}

/// An organisation of the admin's.
async fn find(tx: &mut Tx, by: By<'_>, id: i64) -> Result<Org> {
    let own = own(tx, by).await?;
    let org = orgs::by_id(tx, id).await?.filter(|org| own.as_ref().is_none_or(|own| own.contains(&org.id)));
    org.ok_or(AdminError::Missing("organisation"))
}

/// Gives an organisation another name.
///
/// # Errors
/// `Missing`, or `Invalid` for a name that can't be used.
pub async fn rename(tx: &mut Tx, by: By<'_>, id: i64, to: &str) -> Result<()> {
    let org = find(tx, by, id).await?;
    let to = name(to)?;
    if to == org.name {
        return Ok(());
    }
    orgs::rename(tx, id, to).await?;
    let object = format!("org:{}", org.slug);
    enter(tx, by, Some(id), Entry { action: "org_renamed", object: &object, old: &org.name, new: to }).await
}

/// Sets the LimaCharlie organisation, or takes it away with an empty text.
///
/// # Errors
/// `Missing`, or `Invalid` for an id that is none or is another organisation's.
pub async fn set_oid(tx: &mut Tx, by: By<'_>, id: i64, to: &str) -> Result<()> {
    let org = find(tx, by, id).await?;
    if to == org.oid.as_deref().unwrap_or_default() {
        return Ok(());
    }
    everywhere(tx, by).await?;
    let oid = free(tx, to, Some(id)).await?;
    orgs::set_oid(tx, id, oid.as_deref()).await?;
    let (object, old) = (format!("org:{}", org.slug), org.oid.unwrap_or_default());
    enter(tx, by, Some(id), Entry { action: "org_oid", object: &object, old: &old, new: to }).await
}

/// Goes on only with the version of an organisation that stands now, and moves it on.
///
/// # Errors
/// `Missing`, or `Conflict` where somebody was faster.
pub async fn at(tx: &mut Tx, by: By<'_>, id: i64, version: i64) -> Result<()> {
    find(tx, by, id).await?;
    if orgs::move_on(tx, id, version).await? == 0 {
        return Err(AdminError::Conflict(
            "Somebody changed this organisation meanwhile. Yours was not saved and still stands below.",
        ));
    }
    Ok(())
}
