//! Brings the keys that were written in a browser to those who use them, in each process.
use crate::limits;
use crate::secret::{Keys, Vault};
use crate::store::{Store, secrets};

/// Reads all of them now.
///
/// # Errors
/// Where the database refuses; what was known before stands.
pub async fn load(store: &Store, vault: &Vault, keys: &Keys) -> crate::store::Result<()> {
    let stored = secrets::all(&mut store.read().await?).await?;
    keys.replace(stored.into_iter().map(|one| {
        let open = vault.unseal_for(&one.name, &one.sealed).ok();
        (one.name, open)
    }));
    Ok(())
}

/// Reads them again and again, so that a key that was set in another process counts here as well.
pub async fn watch(store: Store, vault: Vault, keys: Keys) {
    loop {
        tokio::time::sleep(limits::KEYS_EVERY).await;
        if let Err(error) = load(&store, &vault, &keys).await {
            tracing::warn!(%error, "the stored keys could not be read; those known before are used");
        }
    }
}
