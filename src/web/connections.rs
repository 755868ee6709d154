//! LimaCharlie on the page of integrations: which organisations are connected, and what their keys may do.
use super::App;
use super::auth::{SignedIn, orgs_of};
use super::view::text::visible;
use crate::error::Result;
use crate::limacharlie::identity::{NEEDS, Who};
use crate::limacharlie::{Client, Error};
use std::time::Duration;

/// A person waits for the answer.
const PATIENCE: Duration = Duration::from_secs(10);

/// A part of the product, the permissions that it needs, and those that the key lacks.
pub struct Need {
    /// The part.
    pub what: &'static str,
    /// All that it needs.
    pub permissions: String,
    /// What the key lacks of that, where it was asked; empty for nothing.
    pub lacks: Option<String>,
}

/// An organisation of the settings.
pub struct Connection {
    /// Its short name.
    pub org: String,
    /// What came of asking: the key's name, or what is wrong.
    pub tested: Option<std::result::Result<String, String>>,
    /// Part by part.
    pub needs: Vec<Need>,
}

/// A person's organisations in the settings; the one named is asked what its key may do.
pub async fn all(app: &App, me: &SignedIn, ask: &str) -> Result<Vec<Connection>> {
    let (orgs, mut all) = (orgs_of(app, me).await?, Vec::new());
    for one in app.config.limacharlie.iter().filter(|one| orgs.iter().any(|org| org.slug == one.org)) {
        let asked = match app.connections.of(&one.org) {
            Some(client) if one.org == ask => Some(who(client).await),
            Some(_) => None,
            None => Some(Err("Its settings can't be used; see `fusionsoc check`.".to_owned())),
        };
        let may = asked.as_ref().and_then(|asked| asked.as_ref().ok());
        let needs = NEEDS.map(|(what, permissions)| Need {
            what,
            permissions: permissions.join(" "),
            lacks: may.map(|who| who.lacks(permissions).join(" ")),
        });
        let tested = asked.map(|asked| asked.map(|who| visible(&who.name)));
        all.push(Connection { org: one.org.clone(), tested, needs: needs.into() });
    }
    Ok(all)
}

async fn who(client: &Client) -> std::result::Result<Who, String> {
    let late = |_| Err(Error::Timeout(PATIENCE.as_secs()));
    let asked = tokio::time::timeout(PATIENCE, client.own_key()).await.unwrap_or_else(late);
    asked.map_err(|error| visible(&error.to_string()))
}
