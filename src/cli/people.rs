//! People from the command line; each change is in the ledger.
use super::admin::{noted, operator, org, secret_line, slug};
use super::{CliError, failed};
use crate::admin::people;
use crate::clock::now_ms;
use crate::domain::Role;
use crate::store::{Actor, Store, Tx, identities, sessions, users};
use crate::web::auth::hash_new;
use clap::Subcommand;
use std::process::ExitCode;

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
    /// Let a person in again.
    Enable {
        /// The person.
        name: String,
    },
    /// Give a person another role.
    Role {
        /// The person.
        name: String,
        /// viewer, analyst, lead or admin.
        role: Role,
    },
    /// Put a person into one more organisation.
    Join {
        /// The person.
        name: String,
        /// The organisation.
        #[arg(long)]
        org: String,
    },
    /// Take a person out of an organisation.
    Leave {
        /// The person.
        name: String,
        /// The organisation.
        #[arg(long)]
        org: String,
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
    /// Take such a link away; ends all sessions.
    Unlink {
        /// The person.
        name: String,
        /// Who they are there.
        #[arg(long)]
        subject: String,
        /// The provider, where it is not that of the settings.
        #[arg(long)]
        issuer: Option<String>,
    },
    /// List people.
    List,
}

async fn person(tx: &mut Tx, name: &str) -> Result<users::User, CliError> {
    match users::by_name(tx, &name.to_lowercase()).await? {
        Some(user) => Ok(user),
        None => failed(format!("there is nobody named {name}")),
    }
}

/// Links a person to who they are at a provider.
async fn link(tx: &mut Tx, name: &str, subject: &str, issuer: Option<String>) -> Result<(), CliError> {
    let Some(issuer) = issuer else { return failed("--issuer: the settings have no [oidc]") };
    if subject.trim() != subject || subject.is_empty() || subject.chars().any(char::is_control) {
        return failed("--subject: must be the `sub` of an ID token as it stands there");
    }
    let user = person(tx, name).await?;
    if let Some(other) = identities::user(tx, &issuer, subject).await? {
        return failed(format!("--subject: {subject} is {} already", other.username));
    }
    identities::insert(tx, &issuer, subject, user.id, now_ms()).await?;
    noted(tx, "user_linked", &format!("user:{}", user.username), &format!("{subject} of {issuer}")).await
}

/// Takes such a link away.
async fn unlink(tx: &mut Tx, name: &str, subject: &str, issuer: Option<String>) -> Result<(), CliError> {
    let Some(issuer) = issuer else { return failed("--issuer: the settings have no [oidc]") };
    let user = person(tx, name).await?;
    if identities::remove(tx, &issuer, subject, user.id).await? == 0 {
        return failed(format!("--subject: {} is not {subject} of {issuer}", user.username));
    }
    sessions::end_all(tx, user.id).await?;
    noted(tx, "user_unlinked", &format!("user:{}", user.username), &format!("{subject} of {issuer}")).await
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
            Self::List => {
                for user in users::all(&mut tx).await? {
                    println!("{}\t{}{}", user.username, user.role, if user.disabled { "\tdisabled" } else { "" });
                }
            }
            Self::Link { name, subject, issuer: other } => link(&mut tx, &name, &subject, other.or(issuer)).await?,
            Self::Unlink { name, subject, issuer: other } => {
                unlink(&mut tx, &name, &subject, other.or(issuer)).await?;
            }
            change => change.run_on(&mut tx).await?,
        }
        tx.commit().await?;
        Ok(ExitCode::SUCCESS)
    }

    /// Changes a person who is there.
    async fn run_on(self, tx: &mut Tx) -> Result<(), CliError> {
        let (Self::Passwd { name }
        | Self::ResetCode { name }
        | Self::Disable { name }
        | Self::Enable { name }
        | Self::Role { name, .. }
        | Self::Join { name, .. }
        | Self::Leave { name, .. }) = &self
        else {
            return Ok(());
        };
        let (user, actor) = (person(tx, name).await?, Actor::operator());
        let (by, id) = (operator(&actor), user.id);
        match &self {
            Self::Passwd { .. } => {
                let hash = hash_new(&user.username, &secret_line("New password: ")?)
                    .map_err(|error| CliError::Failed(error.to_string()))?;
                people::set_password(tx, by, id, (&hash, false), None).await?;
            }
            Self::ResetCode { .. } => people::reset_second(tx, by, id, None).await?,
            Self::Disable { .. } => people::set_disabled(tx, by, id, true, None).await?,
            Self::Enable { .. } => people::set_disabled(tx, by, id, false, None).await?,
            Self::Role { role, .. } => people::set_role(tx, by, id, *role, None).await?,
            Self::Join { org, .. } => people::join(tx, by, id, org, None).await?,
            Self::Leave { org, .. } => people::leave(tx, by, id, org, None).await?,
            Self::Add { .. } | Self::Link { .. } | Self::Unlink { .. } | Self::List => {}
        }
        Ok(())
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
    let hash = hash_new(name, password).map_err(|error| CliError::Failed(error.to_string()))?;
    let actor = Actor::operator();
    for slug in slugs {
        org(tx, slug).await?;
    }
    let new = people::New { name, role, orgs: slugs, hash: &hash, must_change: false };
    Ok(people::add(tx, operator(&actor), new).await?)
}
