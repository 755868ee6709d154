//! Organisations and people from the command line; each change is in the ledger.
use super::{CliError, failed};
use crate::clock::now_ms;
use crate::domain::Role;
use crate::jobs::triage::{micro, money};
use crate::store::record::{Entry, audit};
use crate::store::{Actor, Store, Tx, identities, orgs, second, sessions, spending, users};
use crate::web::auth::hash_new;
use clap::Subcommand;
use std::io::{BufRead, IsTerminal};
use std::process::ExitCode;

/// `org`
#[derive(Debug, Subcommand)]
pub enum OrgCommand {
    /// Add an organisation.
    Add {
        /// Its short name.
        slug: String,
        /// Its name for people.
        #[arg(long)]
        name: String,
        /// Its LimaCharlie organisation id.
        #[arg(long)]
        oid: Option<String>,
    },
    /// List organisations.
    List,
    /// Set the LimaCharlie organisation id, or take it away with `-`.
    Oid {
        /// Its short name.
        slug: String,
        /// The id, or `-`.
        oid: String,
    },
    /// Allow or forbid that its data leaves to cloud voters.
    Cloud {
        /// Its short name.
        slug: String,
        /// `allow` or `deny`.
        #[arg(value_parser = ["allow", "deny"])]
        what: String,
    },
    /// Set what it may spend on models in a day of UTC; what is left out is as in the settings, 0 is no limit.
    Budget {
        /// Its short name.
        slug: String,
        /// Questions to models.
        #[arg(long)]
        calls: Option<u32>,
        /// Tokens of questions and answers.
        #[arg(long)]
        tokens: Option<u32>,
        /// Money, in the unit of the voters' prices.
        #[arg(long)]
        cost: Option<f64>,
    },
}

/// `user`
#[derive(Debug, Subcommand)]
pub enum UserCommand {
    /// Add a person; the password is one line on standard input, or asked for.
    Add {
        /// The name to sign in with.
        name: String,
        /// viewer, analyst, lead or admin.
        #[arg(long)]
        role: Role,
        /// An organisation; may be repeated.
        #[arg(long, required = true)]
        org: Vec<String>,
    },
    /// Set a new password; ends all sessions.
    Passwd {
        /// The person.
        name: String,
    },
    /// Take a person's second factor away, because code generator and recovery codes are lost; ends all sessions.
    ResetCode {
        /// The person.
        name: String,
    },
    /// Lock a person out; ends all sessions.
    Disable {
        /// The person.
        name: String,
    },
    /// Let somebody of the OpenID Connect provider be a person who is here already.
    Link {
        /// The person.
        name: String,
        /// Who they are there: the `sub` of their ID token.
        #[arg(long)]
        subject: String,
        /// The provider, where it is not that of the settings.
        #[arg(long)]
        issuer: Option<String>,
    },
    /// List people.
    List,
}

/// One line of standard input, or a prompt where somebody sits there.
pub(super) fn secret_line(prompt: &str) -> Result<String, CliError> {
    let stdin = std::io::stdin();
    if stdin.is_terminal() {
        return rpassword::prompt_password(prompt).map_err(|error| CliError::Failed(error.to_string()));
    }
    let mut line = String::new();
    stdin.lock().read_line(&mut line).map_err(|error| CliError::Failed(error.to_string()))?;
    Ok(line.trim_end_matches(['\r', '\n']).to_owned())
}

pub(super) async fn noted(tx: &mut Tx, action: &str, object: &str, new: &str) -> Result<(), CliError> {
    Ok(audit(tx, &Actor::operator(), None, &Entry { action, object, old: "", new }, now_ms()).await?)
}

pub(super) async fn org(tx: &mut Tx, slug: &str) -> Result<orgs::Org, CliError> {
    match orgs::by_slug(tx, slug).await? {
        Some(org) => Ok(org),
        None => failed(format!("--org: there is no organisation {slug}")),
    }
}

async fn person(tx: &mut Tx, name: &str) -> Result<users::User, CliError> {
    match users::by_name(tx, &name.to_lowercase()).await? {
        Some(user) => Ok(user),
        None => failed(format!("there is nobody named {name}")),
    }
}

/// Short names go into URLs and file names.
pub(super) fn slug(text: &str, what: &str) -> Result<(), CliError> {
    let fits = (1..=64).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte));
    if fits { Ok(()) } else { failed(format!("{what}: 1 to 64 letters, digits, dots, dashes and underscores")) }
}

async fn budget(
    tx: &mut Tx,
    slug: &str,
    calls: Option<u32>,
    tokens: Option<u32>,
    cost: Option<f64>,
) -> Result<(), CliError> {
    if cost.is_some_and(|cost| !(0.0..=1e9).contains(&cost)) {
        return failed("--cost: must be between 0 and 1000000000");
    }
    let own = spending::Own {
        id: org(tx, slug).await?.id,
        budget_calls: calls.map(i64::from),
        budget_tokens: tokens.map(i64::from),
        budget_cost_micro: cost.map(micro),
    };
    spending::set_limits(tx, own).await?;
    noted(tx, "org_budget", &format!("org:{slug}"), &own_words(own)).await
}

fn own_words(own: spending::Own) -> String {
    let told = |limit: Option<String>| limit.unwrap_or_else(|| "as set".to_owned());
    let plain = |limit: Option<i64>| told(limit.map(|it| it.to_string()));
    let (calls, tokens) = (plain(own.budget_calls), plain(own.budget_tokens));
    format!("calls {calls}, tokens {tokens}, cost {}", told(own.budget_cost_micro.map(money)))
}

impl OrgCommand {
    /// Runs the command.
    pub async fn run(self, store: &Store) -> Result<ExitCode, CliError> {
        let mut tx = store.write().await?;
        match self {
            Self::Add { slug: short, name, oid } => {
                slug(&short, "SLUG")?;
                if orgs::by_slug(&mut tx, &short).await?.is_some() {
                    return failed(format!("SLUG: there is an organisation {short} already"));
                }
                orgs::insert(&mut tx, &short, &name, oid.as_deref(), now_ms()).await?;
                noted(&mut tx, "org_added", &format!("org:{short}"), &name).await?;
            }
            Self::Oid { slug, oid } => {
                let org = org(&mut tx, &slug).await?;
                orgs::set_oid(&mut tx, org.id, Some(oid.as_str()).filter(|oid| *oid != "-")).await?;
                noted(&mut tx, "org_oid", &format!("org:{slug}"), &oid).await?;
            }
            Self::Cloud { slug, what } => {
                let org = org(&mut tx, &slug).await?;
                orgs::allow_cloud(&mut tx, org.id, what == "allow").await?;
                noted(&mut tx, "org_cloud", &format!("org:{slug}"), &what).await?;
            }
            Self::Budget { slug, calls, tokens, cost } => budget(&mut tx, &slug, calls, tokens, cost).await?,
            Self::List => {
                let limits = spending::all_limits(&mut tx).await?;
                for org in orgs::all(&mut tx).await? {
                    let own = limits.iter().find(|own| own.id == org.id).copied().unwrap_or_default();
                    println!(
                        "{}\t{}\t{}\tcloud {}\tbudget: {}",
                        org.slug,
                        org.name,
                        org.oid.as_deref().unwrap_or("-"),
                        if org.cloud_allowed { "allowed" } else { "forbidden" },
                        own_words(own)
                    );
                }
            }
        }
        tx.commit().await?;
        Ok(ExitCode::SUCCESS)
    }
}

/// Links a person to who they are at a provider.
async fn link(tx: &mut Tx, name: &str, subject: &str, issuer: Option<String>) -> Result<(), CliError> {
    let Some(issuer) = issuer else { return failed("--issuer: the settings have no [oidc]") };
    let user = person(tx, name).await?;
    if let Some(other) = identities::user(tx, &issuer, subject).await? {
        return failed(format!("--subject: {subject} is {} already", other.username));
    }
    identities::insert(tx, &issuer, subject, user.id, now_ms()).await?;
    noted(tx, "user_linked", &format!("user:{}", user.username), &format!("{subject} of {issuer}")).await
}

impl UserCommand {
    /// Runs the command; `issuer` is that of the settings.
    pub async fn run(self, store: &Store, issuer: Option<String>) -> Result<ExitCode, CliError> {
        let mut tx = store.write().await?;
        match self {
            Self::Add { name, role, org: slugs } => {
                slug(&name, "NAME")?;
                add_user(&mut tx, &name.to_lowercase(), role, &slugs, &secret_line("Password: ")?).await?;
            }
            Self::Passwd { name } => {
                let user = person(&mut tx, &name).await?;
                let hash = hash_new(&user.username, &secret_line("New password: ")?)
                    .map_err(|error| CliError::Failed(error.to_string()))?;
                users::set_password(&mut tx, user.id, &hash).await?;
                sessions::end_all(&mut tx, user.id).await?;
                noted(&mut tx, "password_set", &format!("user:{}", user.username), "").await?;
            }
            Self::ResetCode { name } => {
                let user = person(&mut tx, &name).await?;
                if second::remove(&mut tx, user.id).await? == 0 {
                    return failed(format!("{} has no second factor", user.username));
                }
                sessions::end_all(&mut tx, user.id).await?;
                noted(&mut tx, "second_factor_reset", &format!("user:{}", user.username), "").await?;
            }
            Self::Disable { name } => {
                let user = person(&mut tx, &name).await?;
                users::disable(&mut tx, user.id).await?;
                sessions::end_all(&mut tx, user.id).await?;
                noted(&mut tx, "user_disabled", &format!("user:{}", user.username), "").await?;
            }
            Self::Link { name, subject, issuer: other } => link(&mut tx, &name, &subject, other.or(issuer)).await?,
            Self::List => {
                for user in users::all(&mut tx).await? {
                    println!("{}\t{}{}", user.username, user.role, if user.disabled { "\tdisabled" } else { "" });
                }
            }
        }
        tx.commit().await?;
        Ok(ExitCode::SUCCESS)
    }
}

/// Adds a person to organisations.
pub(super) async fn add_user(
    tx: &mut Tx,
    name: &str,
    role: Role,
    slugs: &[String],
    password: &str,
) -> Result<i64, CliError> {
    if users::by_name(tx, name).await?.is_some() {
        return failed(format!("NAME: there is somebody named {name} already"));
    }
    let hash = hash_new(name, password).map_err(|error| CliError::Failed(error.to_string()))?;
    let id = users::insert(tx, name, role, &hash, now_ms()).await?;
    for slug in slugs {
        let org = org(tx, slug).await?;
        users::join(tx, id, org.id).await?;
    }
    noted(tx, "user_added", &format!("user:{name}"), role.as_str()).await?;
    Ok(id)
}
