//! Who we are to LimaCharlie, and what our key may do.
use super::call::Request;
use super::{Client, Error, Result};
use serde::Deserialize;
use std::collections::BTreeMap;

/// What reading needs.
const TO_READ: &[&str] = &["org.get", "sensor.list", "sensor.get", "insight.det.get", "insight.evt.get"];
/// What acting on sensors needs.
const TO_ACT: &[&str] = &["sensor.tag", "sensor.task"];
/// What false-positive rules need.
const TO_EXCLUDE: &[&str] = &["dr.list", "dr.set", "fp.ctrl"];
/// What setting up an output needs.
const TO_DELIVER: &[&str] = &["output.list", "output.set", "output.del"];

/// What each part of the product needs of a key.
pub const NEEDS: [(&str, &[&str]); 4] = [
    ("read detections, sensors and events", TO_READ),
    ("tag, isolate and task sensors", TO_ACT),
    ("write exclusions", TO_EXCLUDE),
    ("set up the webhook output", TO_DELIVER),
];

/// The answer to `who`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Who {
    /// The name of the key.
    pub name: String,
    /// Whether the key belongs to our organisation.
    pub is_member: bool,
    /// What it may do there.
    pub permissions: Vec<String>,
}

impl Who {
    /// Those of some permissions that the key lacks.
    pub fn lacks(&self, wanted: &[&'static str]) -> Vec<&'static str> {
        wanted.iter().filter(|wanted| !self.permissions.iter().any(|has| has == *wanted)).copied().collect()
    }
}

impl Client {
    /// Asks who we are, and refuses a key of another organisation.
    ///
    /// # Errors
    /// See [`super::Error`].
    pub async fn own_key(&self) -> Result<Who> {
        let who = self.who().await?;
        if who.is_member { Ok(who) } else { Err(Error::Bad("the API key is of another organisation".to_owned())) }
    }

    /// Asks who we are.
    ///
    /// # Errors
    /// See [`super::Error`].
    pub async fn who(&self) -> Result<Who> {
        #[derive(Deserialize)]
        struct Reply {
            #[serde(default)]
            ident: String,
            #[serde(default)]
            orgs: Vec<String>,
            #[serde(default)]
            perms: Vec<String>,
            #[serde(default)]
            user_perms: BTreeMap<String, Vec<String>>,
        }
        let mut reply: Reply = self.read(&Request::get(self.v1("who"))).await?;
        let oid = self.oid().as_str();
        let of_user = reply.user_perms.remove(oid);
        Ok(Who {
            name: reply.ident,
            is_member: of_user.is_some() || reply.orgs.iter().any(|org| org == oid),
            permissions: of_user.unwrap_or(reply.perms),
        })
    }
}
