//! A sensor's tags. A change shows on later events only.
use super::call::{Effect, Request};
use super::ids::{Sid, Tag};
use super::{Client, Result};
use serde::Deserialize;
use serde_json::Value;
use std::collections::BTreeMap;
use std::num::NonZeroU32;

/// A tag that a sensor has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SensorTag {
    /// The tag.
    pub name: String,
    /// Who added it.
    pub by: String,
    /// When, in LimaCharlie's own words.
    pub added: String,
}

impl Client {
    /// A sensor's tags.
    ///
    /// # Errors
    /// See [`super::Error`].
    pub async fn tags(&self, sid: &Sid) -> Result<Vec<SensorTag>> {
        #[derive(Deserialize)]
        struct Reply {
            #[serde(default)]
            tags: BTreeMap<String, BTreeMap<String, Value>>,
        }
        let mut reply: Reply = self.read(&Request::get(self.v1(&format!("{sid}/tags")))).await?;
        let of_sensor = reply.tags.remove(sid.as_str()).unwrap_or_default();
        let text = |row: &Value, at: usize| row.get(at).and_then(Value::as_str).unwrap_or_default().to_owned();
        Ok(of_sensor
            .into_iter()
            .map(|(name, row)| SensorTag { name, by: text(&row, 2), added: text(&row, 3) })
            .collect())
    }

    /// Adds tags, for some seconds or for good.
    ///
    /// # Errors
    /// See [`super::Error`].
    pub async fn add_tags(&self, sid: &Sid, tags: &[Tag], seconds: Option<NonZeroU32>) -> Result<()> {
        let seconds = seconds.map(|seconds| seconds.to_string());
        let mut fields: Vec<_> = tags.iter().map(|tag| ("tags", tag.as_str())).collect();
        // A zero would not mean "for good".
        fields.extend(seconds.as_deref().map(|seconds| ("ttl", seconds)));
        let request = Request::post(self.v1(&format!("{sid}/tags")), Effect::Write).form(&fields);
        self.send(&request).await.map(|_| ())
    }

    /// Removes a tag.
    ///
    /// # Errors
    /// See [`super::Error`].
    pub async fn remove_tag(&self, sid: &Sid, tag: &Tag) -> Result<()> {
        let request = Request::delete(self.v1(&format!("{sid}/tags"))).form(&[("tag", tag.as_str())]);
        self.send(&request).await.map(|_| ())
    }
}
