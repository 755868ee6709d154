//! Sensors: what LimaCharlie knows of one, and which are online.
use super::call::{Effect, Request};
use super::detections::known;
use super::ids::Sid;
use super::{Client, Result};
use serde::Deserialize;
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// A sensor.
#[derive(Debug, Clone, PartialEq)]
pub struct Sensor {
    /// The host's name.
    pub hostname: String,
    /// Whether it is connected now.
    pub online: bool,
    /// Everything that LimaCharlie says.
    pub info: Map<String, Value>,
}

#[derive(Deserialize)]
struct Reply {
    info: Map<String, Value>,
    #[serde(default)]
    online: Value,
    #[serde(default)]
    is_online: Option<bool>,
}

impl Client {
    /// A sensor; nothing where the organisation has none of this id.
    ///
    /// # Errors
    /// See [`super::Error`].
    pub async fn sensor(&self, sid: &Sid) -> Result<Option<Sensor>> {
        let found = known(self.read::<Reply>(&Request::get(self.v1(sid.as_str()))).await)?;
        Ok(found.map(|reply| {
            let told = reply.online.as_object().is_some_and(|map| !map.is_empty() && !map.contains_key("error"));
            let hostname = reply.info.get("hostname").and_then(Value::as_str).unwrap_or_default().to_owned();
            Sensor { hostname, online: reply.is_online.unwrap_or(told), info: reply.info }
        }))
    }

    /// Which of some sensors are online.
    ///
    /// # Errors
    /// See [`super::Error`].
    pub async fn online(&self, sids: &[Sid]) -> Result<BTreeMap<Sid, bool>> {
        let fields: Vec<_> = sids.iter().map(|sid| ("sids", sid.as_str())).collect();
        let url = self.v1(&format!("online/{}", self.oid()));
        let mut reply: BTreeMap<String, Value> = self.read(&Request::post(url, Effect::Read).form(&fields)).await?;
        let mut is_online = |sid: &Sid| reply.remove(sid.as_str()).is_some_and(|value| value.as_bool() == Some(true));
        Ok(sids.iter().map(|sid| (sid.clone(), is_online(sid))).collect())
    }
}
