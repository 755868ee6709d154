//! LimaCharlie on the page of integrations: which organisations are connected, and what their keys may do.
use super::App;
use super::view::text::visible;
use crate::limacharlie::identity::{TO_ACT, TO_DELIVER, TO_EXCLUDE, TO_READ};
use crate::limacharlie::{Client, Error};
use std::time::Duration;

/// A person waits for the answer.
const PATIENCE: Duration = Duration::from_secs(10);

/// What each part of the product needs of a key.
const NEEDS: [(&str, &[&str]); 4] = [
    ("Read detections, sensors and events", TO_READ),
    ("Tag, isolate and task sensors", TO_ACT),
    ("Write exclusions", TO_EXCLUDE),
    ("Set up the webhook output", TO_DELIVER),
];

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
    pub tested: Option<Result<String, String>>,
    /// Part by part.
    pub needs: Vec<Need>,
}

/// The organisations of the settings; the one named is asked what its key may do.
pub async fn all(app: &App, ask: &str) -> Vec<Connection> {
    let mut all = Vec::new();
    for one in &app.config.limacharlie {
        let asked = match app.connections.of(&one.org) {
            Some(client) if one.org == ask => Some(who(client).await),
            Some(_) => None,
            None => Some(Err("Its settings can't be used; see `fusionsoc check`.".to_owned())),
        };
        let may = asked.as_ref().and_then(|asked| asked.as_ref().ok()).map(|(_, who)| who);
        let needs = NEEDS.map(|(what, permissions)| Need {
            what,
            permissions: permissions.join(" "),
            lacks: may.map(|who| who.lacks(permissions).join(" ")),
        });
        let tested = asked.map(|asked| asked.map(|(name, _)| name));
        all.push(Connection { org: one.org.clone(), tested, needs: needs.into() });
    }
    all
}

type Known = (String, crate::limacharlie::identity::Who);

async fn who(client: &Client) -> Result<Known, String> {
    let late = |_| Err(Error::Timeout(PATIENCE.as_secs()));
    match tokio::time::timeout(PATIENCE, client.who()).await.unwrap_or_else(late) {
        Ok(who) if !who.is_member => Err("The API key is of another organisation.".to_owned()),
        Ok(who) => Ok((visible(&who.name), who)),
        Err(error) => Err(visible(&error.to_string())),
    }
}
