//! Outputs: how LimaCharlie delivers detections by itself.
use super::call::{Effect, Request};
use super::ids::RuleName;
use super::{Client, Result};
use crate::secret::Secret;
use serde_json::{Map, Value};
use std::collections::BTreeMap;

impl Client {
    /// The organisation's outputs by name.
    ///
    /// # Errors
    /// See [`super::Error`].
    pub async fn outputs(&self) -> Result<Map<String, Value>> {
        let url = self.v1(&format!("outputs/{}", self.oid()));
        let mut reply: BTreeMap<String, Map<String, Value>> = self.read(&Request::get(url)).await?;
        Ok(reply.remove(self.oid().as_str()).unwrap_or_default())
    }

    /// Has every detection sent to an address of ours, signed with the secret.
    ///
    /// # Errors
    /// See [`super::Error`].
    pub async fn add_webhook(&self, name: &RuleName, address: &str, secret: &Secret) -> Result<()> {
        let fields = [
            ("name", name.as_str()),
            ("module", "webhook"),
            ("type", "detect"),
            ("dest_host", address),
            ("secret_key", secret.expose()),
        ];
        let request = Request::post(self.v1(&format!("outputs/{}", self.oid())), Effect::Write).form(&fields);
        self.send(&request).await.map(|_| ())
    }

    /// Removes an output.
    ///
    /// # Errors
    /// See [`super::Error`].
    pub async fn delete_output(&self, name: &RuleName) -> Result<()> {
        let request = Request::delete(self.v1(&format!("outputs/{}", self.oid()))).form(&[("name", name.as_str())]);
        self.send(&request).await.map(|_| ())
    }
}
