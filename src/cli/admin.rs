//! Organisations from the command line, and what other commands share; each change is in the ledger.
use super::budget::{budget, own_words};
use super::{CliError, failed};
use crate::admin::{AdminError, By, is_short_name, orgs as acts};
use crate::clock::now_ms;
use crate::store::record::{Entry, audit};
use crate::store::{Actor, Store, Tx, orgs, spending};
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

/// Whoever sits at the command line, who may do all of it.
pub(super) fn operator(actor: &Actor) -> By<'_> {
    By { actor, admin: None, now_ms: now_ms() }
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

/// Short names go into URLs and file names.
pub(super) fn slug(text: &str, what: &str) -> Result<(), CliError> {
    if is_short_name(text) {
        return Ok(());
    }
    failed(format!("{what}: 1 to 64 letters, digits, dots, dashes and underscores"))
}

/// What is wrong with what was given, named as the command line names it.
impl From<AdminError> for CliError {
    fn from(error: AdminError) -> Self {
        match error {
            AdminError::Missing(what) => Self::Failed(format!("there is no such {what}")),
            AdminError::Store(error) => error.into(),
            other => Self::Failed(other.to_string()),
        }
    }
}

impl OrgCommand {
    /// Runs the command.
    pub async fn run(self, store: &Store) -> Result<ExitCode, CliError> {
        let actor = Actor::operator();
        let mut tx = store.write().await?;
        match self {
            Self::Add { slug: short, name, oid } => {
                slug(&short, "SLUG")?;
                if orgs::by_slug(&mut tx, &short).await?.is_some() {
                    return failed(format!("SLUG: there is an organisation {short} already"));
                }
                let oid = oid.as_deref().unwrap_or_default();
                acts::add(&mut tx, operator(&actor), acts::New { slug: &short, name: &name, oid }).await?;
            }
            Self::Oid { slug, oid } => {
                let org = org(&mut tx, &slug).await?;
                let oid = if oid == "-" { "" } else { &oid };
                acts::set_oid(&mut tx, operator(&actor), org.id, oid).await?;
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
