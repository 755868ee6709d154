//! Where an installation is: its database and its key file. Who begins one makes both and brings the schema up to date;
//! everybody else finds them as they are.
use super::CliError;
use crate::config::Config;
use crate::jobs::keys;
use crate::secret::Vault;
use crate::store::{OpenError, Store, secrets};

/// Opens the database of the settings, which must be there and have the schema of this program.
pub async fn open(config: &Config) -> Result<Store, CliError> {
    let database = &config.database;
    Ok(Store::existing(&database.url, database.durability, database.connections).await?)
}

/// The same; where there is none, an installation begins, and that is told.
pub async fn open_or_begin(config: &Config) -> Result<Store, CliError> {
    match open(config).await {
        Err(CliError::Open(OpenError::Nothing(_))) => {}
        opened => return opened,
    }
    let store = begin(config).await?;
    first_vault(config, &store).await?;
    eprintln!("A new installation begins here; its key file is {}. Keep a copy of it.", config.key_path().display());
    Ok(store)
}

/// Opens the database of the settings, makes it where there is none, and brings its schema up to date.
pub async fn begin(config: &Config) -> Result<Store, CliError> {
    let database = &config.database;
    Ok(Store::open_with(&database.url, database.durability, database.connections).await?)
}

/// Opens the key file of the settings.
pub fn vault(config: &Config) -> Result<Vault, CliError> {
    let path = config.key_path();
    if path.exists() { opened(Vault::open(&path)) } else { missing(config, "") }
}

/// The same, and makes it where there is none and nothing in the database needs the one of before.
pub async fn first_vault(config: &Config, store: &Store) -> Result<Vault, CliError> {
    let path = config.key_path();
    if !path.exists() && is_sealed(store).await? {
        return missing(config, ", and what the database holds was sealed or signed with it");
    }
    opened(Vault::make(&path))
}

/// Opens the keys that were written in a browser; says whether there is a key file. One that is still to be made has
/// sealed nothing.
pub async fn load_keys(config: &Config, store: &Store) -> Result<bool, CliError> {
    if !config.key_path().exists() && !is_sealed(store).await? {
        return Ok(false);
    }
    keys::load(store, &vault(config)?, &config.keys).await?;
    Ok(true)
}

async fn is_sealed(store: &Store) -> Result<bool, CliError> {
    Ok(secrets::is_anything_sealed(&mut store.read().await?).await?)
}

fn missing<T>(config: &Config, why: &str) -> Result<T, CliError> {
    let file = config.key_path();
    Err(CliError::Setting(format!("server.key_file: {} is missing{why}; put its copy back", file.display())))
}

fn opened(vault: Result<Vault, crate::secret::SecretError>) -> Result<Vault, CliError> {
    vault.map_err(|error| CliError::Setting(format!("server.key_file: {error}")))
}
