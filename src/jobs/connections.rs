//! Each organisation's LimaCharlie, signed in once for all jobs.
use crate::config::{BadConfig, LimaCharlieConfig};
use crate::limacharlie::Client;
use crate::secret::Keys;
use crate::tuning::publisher::{PublishError, Published, Publisher, Wanted, hive};
use async_trait::async_trait;
use std::collections::BTreeMap;

/// Clients by the organisation's short name, and why one can't be used.
#[derive(Debug, Clone, Default)]
pub struct Connections(BTreeMap<String, Result<Client, BadConfig>>);

impl Connections {
    /// The clients of the settings. One that can't be used does not keep the others from work.
    pub fn of_config(all: &[LimaCharlieConfig], keys: &Keys) -> Self {
        Self(all.iter().map(|one| (one.org.clone(), one.client(keys))).collect())
    }

    /// The client of an organisation, where one is set up and can be used.
    pub fn of(&self, org: &str) -> Option<&Client> {
        self.set_up(org)?.ok()
    }

    /// The client of an organisation, or why its settings can't be used; nothing where there are none.
    pub fn set_up(&self, org: &str) -> Option<Result<&Client, &BadConfig>> {
        self.0.get(org).map(Result::as_ref)
    }

    fn client(&self, org: &str) -> Result<&Client, PublishError> {
        self.of(org).ok_or_else(|| PublishError::Refused(format!("no LimaCharlie is set up for {org}")))
    }
}

impl FromIterator<(String, Client)> for Connections {
    fn from_iter<I: IntoIterator<Item = (String, Client)>>(clients: I) -> Self {
        Self(clients.into_iter().map(|(org, client)| (org, Ok(client))).collect())
    }
}

#[async_trait]
impl Publisher for Connections {
    fn serves(&self, org: &str) -> bool {
        self.of(org).is_some()
    }

    async fn get(&self, org: &str, name: &str) -> Result<Option<Published>, PublishError> {
        hive::get(self.client(org)?, name).await
    }

    async fn set(&self, org: &str, wanted: &Wanted, etag: Option<&str>) -> Result<String, PublishError> {
        hive::set(self.client(org)?, wanted, etag).await
    }

    async fn delete(&self, org: &str, name: &str) -> Result<(), PublishError> {
        hive::delete(self.client(org)?, name).await
    }
}
