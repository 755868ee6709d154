//! False-positive rules: they hide detections before anybody sees them, in the whole organisation.
use super::call::{Effect, Request, encoded};
use super::detections::known;
use super::ids::RuleName;
use super::{Client, Error, Result};
use serde::Deserialize;
use serde_json::{Value, json};
use std::collections::{BTreeMap, HashSet};

/// A rule as LimaCharlie holds it.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Rule {
    /// The condition on a detection.
    #[serde(default)]
    pub data: Value,
    /// What people say about it.
    #[serde(default)]
    pub usr_mtd: About,
    /// What LimaCharlie says about it.
    #[serde(default)]
    pub sys_mtd: State,
}

/// What people say about a rule. It is replaced as a whole.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct About {
    /// Whether it works.
    pub enabled: bool,
    /// When it ends, in UTC milliseconds; 0 for never.
    pub expiry: i64,
    /// Its tags.
    pub tags: Vec<String>,
    /// Why it is there.
    pub comment: String,
}

/// What LimaCharlie says about a rule.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct State {
    /// Changes with every change.
    pub etag: String,
    /// Who changed it last.
    pub last_author: String,
    /// Why it does not work.
    pub last_error: String,
}

impl Client {
    fn hive(&self, name: &RuleName, what: &str) -> String {
        self.v1(&format!("hive/fp/{}/{}{what}", self.oid(), name.segment()))
    }

    /// All rules by name.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn rules(&self) -> Result<BTreeMap<String, Rule>> {
        #[derive(Deserialize)]
        struct Page {
            records: BTreeMap<String, Rule>,
            #[serde(default)]
            next_cursor: Option<String>,
        }
        let mut all = BTreeMap::new();
        let (mut cursor, mut seen) = (String::new(), HashSet::new());
        loop {
            let query = encoded(&[("limit", "200"), ("cursor", &cursor)]);
            let url = self.v1(&format!("hive/fp/{}?{query}", self.oid()));
            let reply: Value = self.read(&Request::get(url)).await?;
            let bad = |_| Error::Bad("the list of rules can't be read".to_owned());
            // A server that knows no pages answers with the rules alone.
            if !reply.get("records").is_some_and(Value::is_object) || reply.get("next_cursor").is_none() {
                all.extend(serde_json::from_value::<BTreeMap<String, Rule>>(reply).map_err(bad)?);
                return Ok(all);
            }
            let page: Page = serde_json::from_value(reply).map_err(bad)?;
            all.extend(page.records);
            match page.next_cursor.filter(|next| !next.is_empty()) {
                None => return Ok(all),
                Some(next) if !seen.insert(next.clone()) => {
                    return Err(Error::Bad("the list leads back to a page that was read already".to_owned()));
                }
                Some(next) => cursor = next,
            }
        }
    }

    /// One rule; nothing where there is none of this name.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn rule(&self, name: &RuleName) -> Result<Option<Rule>> {
        known(self.read(&Request::get(self.hive(name, "/data"))).await)
    }

    /// Creates or replaces a rule. With an etag only where nobody changed it since.
    ///
    /// # Errors
    /// [`Error::Conflict`] where somebody did; else see [`Error`].
    pub async fn set_rule(&self, name: &RuleName, data: &Value, about: &About, etag: Option<&str>) -> Result<()> {
        let data = data.to_string();
        let about = json!({
            "enabled": about.enabled, "expiry": about.expiry, "tags": about.tags, "comment": about.comment,
        });
        let about = about.to_string();
        let mut fields = vec![("data", data.as_str()), ("usr_mtd", about.as_str())];
        fields.extend(etag.map(|etag| ("etag", etag)));
        self.send(&Request::post(self.hive(name, "/data"), Effect::Write).form(&fields)).await.map(|_| ())
    }

    /// Asks whether a condition could be a rule.
    ///
    /// # Errors
    /// [`Error::Bad`] with the reason where it could not.
    pub async fn validate_rule(&self, name: &RuleName, data: &Value) -> Result<()> {
        let data = data.to_string();
        let request = Request::post(self.hive(name, "/validate"), Effect::Read).form(&[("data", data.as_str())]);
        self.send(&request).await.map(|_| ())
    }

    /// Removes a rule.
    ///
    /// # Errors
    /// [`Error::NotFound`] where there is none; else see [`Error`].
    pub async fn delete_rule(&self, name: &RuleName) -> Result<()> {
        self.send(&Request::delete(self.hive(name, ""))).await.map(|_| ())
    }
}
