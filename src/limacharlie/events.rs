//! A sensor's events: by time, by process, and whether there are any at all.
use super::call::Request;
use super::detections::{Wrapped, known};
use super::ids::{Atom, Sid};
use super::packed::items;
use super::{Client, Pages, Range, Result};
use serde::Deserialize;
use serde_json::value::RawValue;

impl Client {
    /// A sensor's events within a range, oldest first.
    pub fn events(&self, sid: &Sid, range: Range) -> Pages {
        let forward = [("is_forward", "true".to_owned())];
        Pages::new(self, format!("insight/{}/{sid}", self.oid()), "events", range, &forward)
    }

    /// The seconds at which LimaCharlie keeps anything of a sensor: tells nothing kept from nothing done.
    ///
    /// # Errors
    /// See [`super::Error`].
    pub async fn overview(&self, sid: &Sid, range: Range) -> Result<Vec<i64>> {
        #[derive(Deserialize)]
        struct Reply {
            #[serde(default)]
            overview: Option<Vec<f64>>,
        }
        let span = format!("start={}&end={}", range.from_s(), range.to_s());
        let url = self.v1(&format!("insight/{}/{sid}/overview?{span}", self.oid()));
        let reply: Reply = self.read(&Request::get(url)).await?;
        // Seconds of this century are far from where a float is no longer exact.
        #[expect(clippy::cast_possible_truncation)]
        let whole = |second: f64| second as i64;
        Ok(reply.overview.unwrap_or_default().into_iter().map(whole).collect())
    }

    /// The event of an atom; nothing where LimaCharlie doesn't keep it.
    ///
    /// # Errors
    /// See [`super::Error`].
    pub async fn atom(&self, sid: &Sid, atom: &Atom) -> Result<Option<Box<RawValue>>> {
        let url = self.v1(&format!("insight/{}/{sid}/{atom}", self.oid()));
        known(self.read::<Wrapped>(&Request::get(url)).await.map(|reply| reply.event))
    }

    /// The events below an atom, such as what a process started.
    ///
    /// # Errors
    /// See [`super::Error`].
    pub async fn children(&self, sid: &Sid, atom: &Atom) -> Result<Vec<Box<RawValue>>> {
        #[derive(Deserialize)]
        struct Reply {
            #[serde(default)]
            events: Option<Box<RawValue>>,
        }
        let url = self.v1(&format!("insight/{}/{sid}/{atom}/children?is_compressed=true", self.oid()));
        match known(self.read::<Reply>(&Request::get(url)).await)? {
            Some(reply) => items(reply.events.as_deref()),
            None => Ok(Vec::new()),
        }
    }
}
