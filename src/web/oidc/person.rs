//! From what the provider vouches for to a person of ours: found by identity, never by name, and given role and
//! organisations anew.
use super::claims::Came;
use super::refusal::No;
use crate::clock::now_ms;
use crate::config::{Granted, OidcConfig};
use crate::domain::Role;
use crate::store::orgs::Org;
use crate::store::people::{self, Standing};
use crate::store::record::{Entry, audit};
use crate::store::users::User;
use crate::store::{Actor, ActorKind, Tx, identities, orgs, sessions, users};

/// The longest name.
const NAME: usize = 100;

/// Makes who came a person of ours, as the provider's groups say. The provider has the last word on role and
/// organisations, also where an organisation is left without an admin: the command line can make another one.
pub(super) async fn admit(tx: &mut Tx, config: &OidcConfig, came: &Came, actor: &Actor) -> Result<User, No> {
    // Whoever changes people waits for the others, so that nobody writes back what they read before.
    people::lock(tx).await?;
    let known = identities::user(tx, &config.issuer, &came.subject).await?;
    if known.as_ref().is_some_and(|user| user.disabled) {
        return Err(No::plain("the person is disabled"));
    }
    let by = Actor { kind: ActorKind::System, name: config.name.clone(), ..actor.clone() };
    let granted = match config.granted(&came.groups) {
        Some(granted) => Some((granted.role, there(tx, &granted).await?)).filter(|(_, orgs)| !orgs.is_empty()),
        None => None,
    };
    let Some((role, orgs)) = granted else { return withdrawn(tx, known.as_ref(), &by).await };
    let Some(user) = known else { return first(tx, config, came, &by, (role, &orgs)).await };
    identities::touch(tx, &config.issuer, &came.subject, now_ms()).await?;
    if stand(tx, &user, (role, &orgs), &by).await? {
        sessions::end_all(tx, user.id).await?;
    }
    Ok(User { role, ..user })
}

/// The organisations that groups stand for and that are there.
async fn there(tx: &mut Tx, granted: &Granted) -> Result<Vec<Org>, No> {
    let mut all = orgs::all(tx).await?;
    for slug in granted.orgs.iter().filter(|slug| !all.iter().any(|org| org.slug == **slug)) {
        tracing::warn!(slug, "oidc.map names an organisation that is not there");
    }
    all.retain(|org| granted.orgs.contains(&org.slug));
    Ok(all)
}

/// Nobody is signed in who is in no group. Who was before is no more, by no other way either: neither a password that
/// they have here nor a token of theirs may do what the provider took from them. The caller commits.
async fn withdrawn(tx: &mut Tx, known: Option<&User>, by: &Actor) -> Result<User, No> {
    if let Some(user) = known {
        stand(tx, user, (Role::Viewer, &[]), by).await?;
        if sessions::end_all(tx, user.id).await? > 0 {
            note(tx, by, user, "sessions_ended", ("", "in no group that stands for a role")).await?;
        }
    }
    Err(No::Unmapped)
}

/// Gives a person this role and these organisations, and no others; whether that changed something.
async fn stand(tx: &mut Tx, user: &User, (role, orgs): (Role, &[Org]), by: &Actor) -> Result<bool, No> {
    let moved = set_orgs(tx, user, orgs, by).await?;
    let other_role = user.role != role;
    if other_role {
        note(tx, by, user, "user_role", (user.role.as_str(), role.as_str())).await?;
    }
    if !moved && !other_role {
        return Ok(false);
    }
    // A form that an admin opened before is behind from now on.
    if let Some(now) = people::standing(tx, user.id).await? {
        people::set(tx, &Standing { role, ..now }).await?;
    }
    Ok(true)
}

/// Somebody comes for the first time. A person here of the same name may be somebody else.
async fn first(
    tx: &mut Tx,
    config: &OidcConfig,
    came: &Came,
    by: &Actor,
    (role, orgs): (Role, &[Org]),
) -> Result<User, No> {
    let name = &came.username;
    let usable = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.@+".contains(&byte);
    if !(1..=NAME).contains(&name.len()) || !name.bytes().all(usable) {
        return Err(No::plain("the name can't be used here"));
    }
    if users::by_name(tx, name).await?.is_some() {
        return Err(No::Taken(name.clone()));
    }
    let now = now_ms();
    let id = users::insert(tx, name, role, "", now).await?;
    identities::insert(tx, &config.issuer, &came.subject, id, now).await?;
    identities::touch(tx, &config.issuer, &came.subject, now).await?;
    let Some(user) = users::by_name(tx, name).await? else { return Err(No::plain("the person is gone")) };
    note(tx, by, &user, "user_added", ("", role.as_str())).await?;
    set_orgs(tx, &user, orgs, by).await?;
    Ok(user)
}

/// Makes a person a member of these organisations and no others; whether that changed something.
async fn set_orgs(tx: &mut Tx, user: &User, wanted: &[Org], by: &Actor) -> Result<bool, No> {
    let had = orgs::of_user(tx, user.id).await?;
    for org in had.iter().filter(|org| !wanted.iter().any(|other| other.id == org.id)) {
        people::leave(tx, user.id, org.id).await?;
    }
    for org in wanted.iter().filter(|org| !had.iter().any(|other| other.id == org.id)) {
        users::join(tx, user.id, org.id).await?;
    }
    let slugs = |all: &mut dyn Iterator<Item = &Org>| {
        let mut all: Vec<&str> = all.map(|org| org.slug.as_str()).collect();
        all.sort_unstable();
        all.join(" ")
    };
    let (old, new) = (slugs(&mut had.iter()), slugs(&mut wanted.iter()));
    if old != new {
        note(tx, by, user, "user_orgs", (&old, &new)).await?;
    }
    Ok(old != new)
}

async fn note(tx: &mut Tx, by: &Actor, user: &User, action: &str, (old, new): (&str, &str)) -> Result<(), No> {
    let object = format!("user:{}", user.username);
    Ok(audit(tx, by, None, &Entry { action, object: &object, old, new }, now_ms()).await?)
}
