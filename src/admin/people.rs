//! People: added, given a role, put into organisations, locked out, given a new password.
//!
//! An admin sees whoever shares an organisation with them. What reaches beyond that organisation (role, password,
//! second factor, locking out) needs that all of a person's organisations are the admin's: an admin of one customer
//! must not raise or take over somebody who also works for another. Nobody does any of it to themselves, and no
//! organisation loses its last admin.
use super::{AdminError, By, Result, enter, is_short_name, own};
use crate::domain::Role;
use crate::store::orgs::Org;
use crate::store::people::{self, Standing};
use crate::store::record::Entry;
use crate::store::{Tx, orgs, second, sessions, throttles, users};

const STALE: AdminError =
    AdminError::Conflict("Somebody changed this person meanwhile. Nothing was done; this is how they stand now.");
const LAST: AdminError =
    AdminError::Conflict("An organisation would be left without an admin. Make somebody else an admin first.");

/// A person to add.
#[derive(Debug, Clone, Copy)]
pub struct New<'a> {
    /// The name to sign in with; lower case.
    pub name: &'a str,
    /// What they may do.
    pub role: Role,
    /// Short names of their organisations.
    pub orgs: &'a [String],
    /// Of their password.
    pub hash: &'a str,
    /// Whether somebody else knows that password.
    pub must_change: bool,
}

/// A person and what of them is the admin's.
struct Found {
    person: Standing,
    orgs: Vec<Org>,
    /// The admin's organisations; none at the command line.
    own: Option<Vec<i64>>,
    is_self: bool,
}

/// Looks a person up, and whoever administers, once nobody else changes either.
async fn find(tx: &mut Tx, by: By<'_>, id: i64, version: Option<i64>) -> Result<Found> {
    people::lock(tx).await?;
    let own = own(tx, by).await?;
    let person = people::standing(tx, id).await?.ok_or(AdminError::Missing("person"))?;
    let orgs = orgs::of_user(tx, id).await?;
    if own.as_ref().is_some_and(|own| !orgs.iter().any(|org| own.contains(&org.id))) {
        return Err(AdminError::Missing("person"));
    }
    if version.is_some_and(|version| version != person.version) {
        return Err(STALE);
    }
    Ok(Found { is_self: by.admin == Some(id), person, orgs, own })
}

impl Found {
    /// Goes on only where they are somebody else, and all of their organisations are the admin's.
    fn in_hand(&self) -> Result<()> {
        if self.is_self {
            return Err(AdminError::Denied(
                "Nobody does this to themselves. Ask another admin; your password is changed on your profile.",
            ));
        }
        let foreign = self.own.as_ref().is_some_and(|own| self.orgs.iter().any(|org| !own.contains(&org.id)));
        if foreign {
            return Err(AdminError::Denied(
                "This person also works for an organisation that is not yours. Only an admin of all their organisations may do this.",
            ));
        }
        Ok(())
    }

    /// Goes on only where an organisation, or each of them, has another admin. The command line can add one again.
    async fn may_go(&self, tx: &mut Tx, by: By<'_>, org: Option<i64>) -> Result<()> {
        if by.admin.is_none() || self.person.disabled || self.person.role < Role::Admin {
            return Ok(());
        }
        let alone = people::only_admin_of(tx, self.person.id).await?;
        if alone.iter().any(|id| org.is_none_or(|org| org == *id)) { Err(LAST) } else { Ok(()) }
    }

    async fn set(&self, tx: &mut Tx, to: &Standing) -> Result<()> {
        if people::set(tx, to).await? == 0 { Err(STALE) } else { Ok(()) }
    }

    async fn enter(
        &self,
        tx: &mut Tx,
        by: By<'_>,
        org: Option<i64>,
        (action, old, new): (&str, &str, &str),
    ) -> Result<()> {
        let object = format!("user:{}", self.person.username);
        enter(tx, by, org, Entry { action, object: &object, old, new }).await
    }
}

/// Adds a person; gives their id.
///
/// # Errors
/// `Missing` for an organisation that is not the admin's, `Invalid` for a name that can't be used or is taken.
pub async fn add(tx: &mut Tx, by: By<'_>, new: New<'_>) -> Result<i64> {
    people::lock(tx).await?;
    let own = own(tx, by).await?;
    let mut into = Vec::new();
    for slug in new.orgs {
        let org = orgs::by_slug(tx, slug).await?;
        let org = org.filter(|org| own.as_ref().is_none_or(|own| own.contains(&org.id)));
        into.push(org.ok_or(AdminError::Missing("organisation"))?);
    }
    if into.is_empty() {
        return Err(AdminError::Invalid { field: "org", text: "Choose at least one organisation." });
    }
    if !is_short_name(new.name) || new.name != new.name.to_lowercase() {
        return Err(AdminError::Invalid {
            field: "name",
            text: "1 to 64 letters, digits, dots, dashes and underscores.",
        });
    }
    if users::by_name(tx, new.name).await?.is_some() {
        return Err(AdminError::Invalid { field: "name", text: "There is somebody of this name already." });
    }
    let id = users::insert(tx, new.name, new.role, new.hash, by.now_ms).await?;
    if new.must_change {
        users::set_password(tx, id, new.hash, true).await?;
    }
    for org in &into {
        users::join(tx, id, org.id).await?;
    }
    let (object, told) = (format!("user:{}", new.name), format!("{} of {}", new.role, new.orgs.join(", ")));
    enter(tx, by, None, Entry { action: "user_added", object: &object, old: "", new: &told }).await?;
    Ok(id)
}

/// Gives a person another role, from their next request on.
///
/// # Errors
/// `Missing`, `Denied`, or `Conflict` where they stand otherwise by now or an organisation would lose its last admin.
pub async fn set_role(tx: &mut Tx, by: By<'_>, id: i64, role: Role, version: Option<i64>) -> Result<()> {
    let found = find(tx, by, id, version).await?;
    found.in_hand()?;
    if role == found.person.role {
        return Ok(());
    }
    found.may_go(tx, by, None).await?;
    found.set(tx, &Standing { role, ..found.person.clone() }).await?;
    found.enter(tx, by, None, ("user_role", found.person.role.as_str(), role.as_str())).await
}

/// Locks a person out, which ends their sessions, or lets them in again.
///
/// # Errors
/// See [`set_role`].
pub async fn set_disabled(tx: &mut Tx, by: By<'_>, id: i64, disabled: bool, version: Option<i64>) -> Result<()> {
    let found = find(tx, by, id, version).await?;
    found.in_hand()?;
    if disabled == found.person.disabled {
        return Ok(());
    }
    found.may_go(tx, by, None).await?;
    found.set(tx, &Standing { disabled, ..found.person.clone() }).await?;
    let change =
        if disabled { ("user_disabled", "enabled", "disabled") } else { ("user_enabled", "disabled", "enabled") };
    if disabled {
        sessions::end_all(tx, id).await?;
    }
    found.enter(tx, by, None, change).await
}

/// Gives a person a password in place of their own, which ends their sessions and lifts the wait after wrong ones. With
/// `must_change` it opens nothing but the page on which it is changed.
///
/// # Errors
/// See [`set_role`].
pub async fn set_password(
    tx: &mut Tx,
    by: By<'_>,
    id: i64,
    (hash, must_change): (&str, bool),
    version: Option<i64>,
) -> Result<()> {
    let found = find(tx, by, id, version).await?;
    found.in_hand()?;
    if by.admin.is_some() && users::is_without_password(tx, id).await? {
        return Err(AdminError::Conflict(
            "This person signs in by a provider and has no password here. The command line can give them one.",
        ));
    }
    found.set(tx, &found.person).await?;
    users::set_password(tx, id, hash, must_change).await?;
    sessions::end_all(tx, id).await?;
    throttles::clear(tx, &format!("account:{}", found.person.username)).await?;
    found.enter(tx, by, None, ("password_set", "", if must_change { "for one sign-in" } else { "" })).await
}

/// Takes a person's second factor away, which ends their sessions.
///
/// # Errors
/// See [`set_role`]; also `Conflict` where they have none.
pub async fn reset_second(tx: &mut Tx, by: By<'_>, id: i64, version: Option<i64>) -> Result<()> {
    let found = find(tx, by, id, version).await?;
    found.in_hand()?;
    if second::remove(tx, id).await? == 0 {
        return Err(AdminError::Conflict("They have no second factor."));
    }
    found.set(tx, &found.person).await?;
    sessions::end_all(tx, id).await?;
    found.enter(tx, by, None, ("second_factor_reset", "", "")).await
}

/// Signs a person out everywhere; whoever sees them may, as it takes nothing away.
///
/// # Errors
/// `Missing`.
pub async fn end_sessions(tx: &mut Tx, by: By<'_>, id: i64) -> Result<()> {
    let found = find(tx, by, id, None).await?;
    let ended = sessions::end_all(tx, id).await?;
    found.enter(tx, by, None, ("sessions_ended", &ended.to_string(), "0")).await
}

/// Puts a person into an organisation of the admin's.
///
/// # Errors
/// `Missing` for a person or an organisation that is not the admin's, `Conflict` where they stand otherwise by now.
pub async fn join(tx: &mut Tx, by: By<'_>, id: i64, slug: &str, version: Option<i64>) -> Result<()> {
    let found = find(tx, by, id, version).await?;
    let org = org_of(tx, &found, slug).await?;
    if users::join(tx, id, org.id).await? == 0 {
        return Ok(());
    }
    found.set(tx, &found.person).await?;
    found.enter(tx, by, Some(org.id), ("user_joined", "", slug)).await
}

/// Takes a person out of an organisation of the admin's.
///
/// # Errors
/// See [`join`]; also `Conflict` where it is their only one, or they are its last admin.
pub async fn leave(tx: &mut Tx, by: By<'_>, id: i64, slug: &str, version: Option<i64>) -> Result<()> {
    let found = find(tx, by, id, version).await?;
    let org = org_of(tx, &found, slug).await?;
    if !found.orgs.iter().any(|one| one.id == org.id) {
        return Ok(());
    }
    if found.orgs.len() == 1 {
        return Err(AdminError::Conflict(
            "It is their only organisation, and nobody would see them any more. Disable them instead.",
        ));
    }
    found.may_go(tx, by, Some(org.id)).await?;
    people::leave(tx, id, org.id).await?;
    found.set(tx, &found.person).await?;
    found.enter(tx, by, Some(org.id), ("user_left", slug, "")).await
}

async fn org_of(tx: &mut Tx, found: &Found, slug: &str) -> Result<Org> {
    let org = orgs::by_slug(tx, slug).await?;
    let org = org.filter(|org| found.own.as_ref().is_none_or(|own| own.contains(&org.id)));
    org.ok_or(AdminError::Missing("organisation"))
}
