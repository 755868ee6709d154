//! API tokens and webhook sources from the command line; secrets are read from standard input or printed once.
use super::admin::{noted, operator, org, secret_line, slug};
use super::{CliError, failed};
use crate::admin::tokens as acts;
use crate::api::bearer::new_token;
use crate::clock::now_ms;
use crate::domain::role::Scope;
use crate::ingest::signature::SHORTEST_SECRET;
use crate::secret::Vault;
use crate::store::{Actor, Store, Tx, sources, tokens};
use crate::web::auth::fingerprint;
use clap::Subcommand;
use std::process::ExitCode;

/// `token`
#[derive(Debug, Subcommand)]
pub enum TokenCommand {
    /// Make a token; it is printed once.
    Create {
        /// Its name.
        #[arg(long)]
        name: String,
        /// Its organisation.
        #[arg(long)]
        org: String,
        /// ingest, read, write, admin, separated by commas.
        #[arg(long, value_delimiter = ',', required = true)]
        scope: Vec<Scope>,
        /// How long it lives, in days, such as 90d; at most 365d.
        #[arg(long, default_value = "90d")]
        expires: String,
    },
    /// Revoke a token.
    Revoke {
        /// Its id.
        id: i64,
    },
    /// List tokens.
    List,
}

/// `source`
#[derive(Debug, Subcommand)]
pub enum SourceCommand {
    /// Add a webhook source; its secret is one line on standard input.
    Add {
        /// The kind of source.
        #[arg(value_parser = ["limacharlie"])]
        kind: String,
        /// Its organisation.
        #[arg(long)]
        org: String,
        /// Its name in the URL.
        #[arg(long)]
        name: String,
        /// Add a second secret to a source that is there.
        #[arg(long)]
        rotate: bool,
    },
}

impl TokenCommand {
    /// Runs the command.
    pub async fn run(self, store: &Store) -> Result<ExitCode, CliError> {
        let mut tx = store.write().await?;
        match self {
            Self::Create { name, org: slug, scope, expires } => {
                let org = org(&mut tx, &slug).await?;
                let days = expires
                    .strip_suffix('d')
                    .and_then(|days| days.parse::<i64>().ok())
                    .filter(|days| (1..=365).contains(days));
                let Some(days) = days else { return failed("--expires: days from 1d to 365d") };
                let token = create_token(&mut tx, &org.slug, &name, &scope, days).await?;
                tx.commit().await?;
                println!("{token}");
                return Ok(ExitCode::SUCCESS);
            }
            Self::Revoke { id } => {
                let actor = Actor::operator();
                if !acts::revoke(&mut tx, operator(&actor), id).await? {
                    return failed(format!("there is no live token {id}"));
                }
            }
            Self::List => {
                for token in tokens::all(&mut tx).await? {
                    let state = match token.held() {
                        _ if token.revoked_ms.is_some() => "revoked",
                        _ if token.expires_ms < now_ms() => "expired",
                        "" => "live",
                        held => held,
                    };
                    println!("{}\t{}\t{}\t{state}", token.id, token.name, token.scopes);
                }
            }
        }
        tx.commit().await?;
        Ok(ExitCode::SUCCESS)
    }
}

/// Makes a token and returns it; only its hash is kept.
pub(super) async fn create_token(
    tx: &mut Tx,
    org: &str,
    name: &str,
    scopes: &[Scope],
    days: i64,
) -> Result<String, CliError> {
    let (token, actor) = (new_token(), Actor::operator());
    let new = acts::New { org, name, hash: &fingerprint(&token), scopes, days };
    acts::add(tx, operator(&actor), new).await?;
    Ok(token)
}

impl SourceCommand {
    /// Runs the command.
    pub async fn run(self, store: &Store, vault: &Vault) -> Result<ExitCode, CliError> {
        let Self::Add { kind, org: owner, name, rotate } = self;
        slug(&name, "--name")?;
        let secret = secret_line("Secret: ")?;
        if secret.len() < SHORTEST_SECRET {
            return failed(format!("the secret must have at least {SHORTEST_SECRET} characters"));
        }
        let sealed =
            vault.seal_for(&sources::bound_to(&name), &secret).map_err(|error| CliError::Failed(error.to_string()))?;
        let mut tx = store.write().await?;
        let org = org(&mut tx, &owner).await?;
        match (sources::by_name(&mut tx, &kind, &name).await?, rotate) {
            (None, false) => {
                sources::insert(&mut tx, org.id, &kind, &name, &sealed, now_ms()).await?;
            }
            (Some(source), true) if source.org_id == org.id => {
                sources::rotate(&mut tx, source.id, &sealed).await?;
            }
            (Some(_), _) => {
                return failed(format!("--name: there is a source {name} already; --rotate adds a secret to it"));
            }
            (None, true) => return failed(format!("--name: there is no source {name}")),
        }
        noted(&mut tx, if rotate { "source_rotated" } else { "source_added" }, &format!("source:{name}"), "").await?;
        tx.commit().await?;
        println!("/ingest/limacharlie/{name}");
        Ok(ExitCode::SUCCESS)
    }
}
