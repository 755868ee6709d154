//! `[oidc]`: who else vouches for people, and which of its groups stand for which role and organisations.
use super::BadConfig;
use crate::domain::Role;
use crate::intel::settings::is_safe;
use crate::secret::{self, Secret};
use schemars::JsonSchema;
use serde::Deserialize;
use std::collections::BTreeSet;
use std::path::Path;

/// Holds the client's secret where no file does.
const VARIABLE: &str = "FUSIONSOC_OIDC_CLIENT_SECRET";

/// `[oidc]`
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct OidcConfig {
    /// The provider's address, as its discovery document writes it: https, or plain http on this machine alone.
    pub issuer: String,
    /// Our name there; register `PUBLIC_URL/login/oidc/callback` with it.
    pub client_id: String,
    /// The file with our secret there; none for a public client.
    #[schemars(extend("x-secret" = "file", "x-variable" = VARIABLE))]
    pub client_secret_file: String,
    /// Its name on pages, 1 to 40 characters.
    pub name: String,
    /// The scopes that are asked for; `openid` must be one of them.
    pub scopes: Vec<String>,
    /// The claim that names a person, in the ID token, else in the user info.
    pub username_claim: String,
    /// The claim that lists their groups: a text or a list of texts.
    pub groups_claim: String,
    /// What the provider's groups stand for. The highest role of all groups of a person counts, and their organisations
    /// together; who is in none of them can't sign in.
    pub map: Vec<Mapping>,
}

/// What one group stands for.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Mapping {
    /// The group, as the claim writes it.
    pub group: String,
    /// The role of who is in it.
    pub role: Role,
    /// Organisations that they belong to, by short name; at least one.
    #[serde(default)]
    pub orgs: Vec<String>,
}

/// What the groups of a person come to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Granted {
    /// The highest role.
    pub role: Role,
    /// All organisations, by short name.
    pub orgs: BTreeSet<String>,
}

impl Default for OidcConfig {
    fn default() -> Self {
        Self {
            issuer: String::new(),
            client_id: String::new(),
            client_secret_file: String::new(),
            name: "single sign-on".to_owned(),
            scopes: ["openid", "profile", "email"].map(str::to_owned).to_vec(),
            username_claim: "preferred_username".to_owned(),
            groups_claim: "groups".to_owned(),
            map: Vec::new(),
        }
    }
}

impl OidcConfig {
    /// Everything but the file.
    pub(super) fn check(&self) -> Result<(), BadConfig> {
        let no = |text: &str| Err(BadConfig(format!("oidc{text}")));
        if !cfg!(feature = "oidc") {
            return no(": this program was built without sign-in by OpenID Connect; build it with --features oidc");
        }
        if !is_safe(&self.issuer) {
            return no(".issuer: must be like https://host/path; http is for this machine only");
        }
        if self.client_id.is_empty() {
            return no(".client_id: is empty");
        }
        if !(1..=40).contains(&self.name.chars().count()) || self.name.chars().any(char::is_control) {
            return no(".name: must have 1 to 40 characters");
        }
        if !self.scopes.iter().any(|scope| scope == "openid") {
            return no(".scopes: must hold openid");
        }
        if self.username_claim.is_empty() || self.groups_claim.is_empty() {
            return no(".username_claim, oidc.groups_claim: must name a claim");
        }
        if self.map.is_empty() || self.map.iter().any(|one| one.group.is_empty() || one.orgs.is_empty()) {
            return no(".map: must give groups a role and organisations, or nobody could sign in");
        }
        Ok(())
    }

    /// Our secret at the provider, from the file or the environment.
    ///
    /// # Errors
    /// One line that names the setting.
    pub fn secret(&self) -> Result<Option<Secret>, BadConfig> {
        if self.client_secret_file.is_empty() {
            return Ok(std::env::var(VARIABLE).ok().filter(|text| !text.is_empty()).map(Secret::new));
        }
        let bad = |why: String| BadConfig(format!("oidc.client_secret_file: {why}"));
        let read = secret::from_file(Path::new(&self.client_secret_file)).map_err(|error| bad(error.to_string()))?;
        if read.expose().is_empty() { Err(bad("holds nothing".to_owned())) } else { Ok(Some(read)) }
    }

    /// What somebody with these groups may do; nothing where no group stands for a role.
    pub fn granted(&self, groups: &[String]) -> Option<Granted> {
        let fits = || self.map.iter().filter(|one| groups.contains(&one.group));
        let role = fits().map(|one| one.role).max()?;
        Some(Granted { role, orgs: fits().flat_map(|one| one.orgs.iter().cloned()).collect() })
    }
}
