//! From what the provider vouches for to a person of ours: found by identity, never by name, and given role and
//! organisations anew.
use super::claims::Came;
use super::refusal::No;
use crate::clock::now_ms;
use crate::config::{Granted, OidcConfig};
use crate::store::record::{Entry, audit};
use crate::store::users::User;
use crate::store::{Actor, ActorKind, Tx, identities, orgs, sessions, users};

/// The longest name.
const NAME: usize = 100;

/// Makes who came a person of ours, as the provider's groups say.
pub(super) async fn admit(tx: &mut Tx, config: &OidcConfig, came: &Came, actor: &Actor) -> Result<User, No> {
    let known = identities::user(tx, &config.issuer, &came.subject).await?;
    if known.as_ref().is_some_and(|user| user.disabled) {
        return Err(No::plain("the person is disabled"));
    }
    let by = Actor { kind: ActorKind::System, name: config.name.clone(), ..actor.clone() };
    let granted = config.granted(&came.groups);
    let (Some(granted), Some(user)) = (&granted, &known) else {
        return match (granted, known) {
            (Some(granted), None) => first(tx, config, came, &by, &granted).await,
            (_, known) => withdrawn(tx, known.as_ref(), &by).await,
        };
    };
    identities::touch(tx, &config.issuer, &came.subject, now_ms()).await?;
    let moved = set_orgs(tx, user, granted, &by).await?;
    let raised = user.role != granted.role;
    if raised {
        identities::set_role(tx, user.id, granted.role).await?;
        note(tx, &by, user, "user_role", (user.role.as_str(), granted.role.as_str())).await?;
    }
    if moved || raised {
        sessions::end_all(tx, user.id).await?;
    }
    Ok(User { role: granted.role, ..user.clone() })
}

/// Nobody is signed in who is in no group, and who was before is no more. The caller commits.
async fn withdrawn(tx: &mut Tx, known: Option<&User>, by: &Actor) -> Result<User, No> {
    if let Some(user) = known
        && sessions::end_all(tx, user.id).await? > 0
    {
        note(tx, by, user, "sessions_ended", ("", "in no group that stands for a role")).await?;
    }
    Err(No::Unmapped)
}

/// Somebody comes for the first time. A person here of the same name may be somebody else.
async fn first(tx: &mut Tx, config: &OidcConfig, came: &Came, by: &Actor, granted: &Granted) -> Result<User, No> {
    let name = &came.username;
    let usable = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.@+".contains(&byte);
    if !(1..=NAME).contains(&name.len()) || !name.bytes().all(usable) {
        return Err(No::plain("the name can't be used here"));
    }
    if users::by_name(tx, name).await?.is_some() {
        return Err(No::Taken(name.clone()));
    }
    let now = now_ms();
    let id = users::insert(tx, name, granted.role, "", now).await?;
    identities::insert(tx, &config.issuer, &came.subject, id, now).await?;
    identities::touch(tx, &config.issuer, &came.subject, now).await?;
    let Some(user) = users::by_name(tx, name).await? else { return Err(No::plain("the person is gone")) };
    note(tx, by, &user, "user_added", ("", granted.role.as_str())).await?;
    set_orgs(tx, &user, granted, by).await?;
    Ok(user)
}

/// Makes a person a member of these organisations and no others; whether that changed something.
async fn set_orgs(tx: &mut Tx, user: &User, granted: &Granted, by: &Actor) -> Result<bool, No> {
    let all = orgs::all(tx).await?;
    for slug in granted.orgs.iter().filter(|slug| !all.iter().any(|org| org.slug == **slug)) {
        tracing::warn!(slug, "oidc.map names an organisation that is not there");
    }
    let wanted: Vec<_> = all.iter().filter(|org| granted.orgs.contains(&org.slug)).collect();
    let had = orgs::of_user(tx, user.id).await?;
    for org in had.iter().filter(|org| !wanted.iter().any(|other| other.id == org.id)) {
        identities::leave(tx, user.id, org.id).await?;
    }
    for org in wanted.iter().filter(|org| !had.iter().any(|other| other.id == org.id)) {
        users::join(tx, user.id, org.id).await?;
    }
    let slugs = |all: &mut dyn Iterator<Item = &orgs::Org>| {
        let mut all: Vec<&str> = all.map(|org| org.slug.as_str()).collect();
        all.sort_unstable();
        all.join(" ")
    };
    let (old, new) = (slugs(&mut had.iter()), slugs(&mut wanted.iter().copied()));
    if old != new {
        note(tx, by, user, "user_orgs", (&old, &new)).await?;
    }
    Ok(old != new)
}

async fn note(tx: &mut Tx, by: &Actor, user: &User, action: &str, (old, new): (&str, &str)) -> Result<(), No> {
    let object = format!("user:{}", user.username);
    Ok(audit(tx, by, None, &Entry { action, object: &object, old, new }, now_ms()).await?)
}
