//! The hosts that serve an organisation besides the API; our token goes to none that is not LimaCharlie's.
use super::call::{Request, json};
use super::settings::{address, is_loopback};
use super::{Client, Error, Result};
use reqwest::Url;
use serde::Deserialize;
use serde_json::Value;
use std::collections::BTreeMap;

/// Addresses by the name of their service, such as `search`, as LimaCharlie told them.
#[derive(Debug, Clone, Default)]
pub struct Hosts(BTreeMap<String, String>);

impl Client {
    /// The organisation's hosts; asked once.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn hosts(&self) -> Result<&Hosts> {
        self.0.hosts.get_or_try_init(|| self.ask_hosts()).await
    }

    async fn ask_hosts(&self) -> Result<Hosts> {
        #[derive(Deserialize)]
        struct Reply {
            url: BTreeMap<String, Value>,
        }
        let url = self.v1(&format!("orgs/{}/url", self.oid()));
        let reply: Reply = json(&self.send_unnamed(&Request::get(url)).await?)?;
        let text = |value: Value| value.as_str().filter(|text| text.len() <= 300).map(str::to_owned);
        Ok(Hosts(reply.url.into_iter().filter_map(|(name, value)| Some((name, text(value)?))).collect()))
    }

    /// The address of a service without a slash at the end.
    pub(super) async fn host(&self, service: &str) -> Result<String> {
        let told = self.hosts().await?.0.get(service);
        let told = told.ok_or_else(|| Error::Bad(format!("the organisation has no {service} host")))?;
        let ours = address(&self.0.settings.api_url);
        let found = ours.and_then(|ours| trusted(told, &ours));
        found.ok_or_else(|| {
            Error::Bad(format!("the {service} host is not one of LimaCharlie's; nothing was sent to it"))
        })
    }
}

/// A host that was told to us as an address, where it belongs to whom the API belongs to.
fn trusted(told: &str, api: &Url) -> Option<String> {
    let url = if told.contains("://") { address(told)? } else { address(&format!("https://{told}"))? };
    let (host, ours) = (url.host_str()?, api.host_str()?);
    let known = if is_loopback(api) { is_loopback(&url) } else { host == ours || is_below(host, domain(ours)?) };
    let bare = matches!(url.path(), "" | "/");
    (known && bare).then(|| url.as_str().trim_end_matches('/').to_owned())
}

/// The domain of a host: `limacharlie.io` for `api.limacharlie.io`. An address in numbers has none.
fn domain(host: &str) -> Option<&str> {
    let (_, domain) = host.split_once('.')?;
    (domain.contains('.') && !domain.ends_with(|c: char| c.is_ascii_digit() || c == ']')).then_some(domain)
}

fn is_below(host: &str, domain: &str) -> bool {
    host.strip_suffix(domain).is_some_and(|rest| rest.ends_with('.'))
}
