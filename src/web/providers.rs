//! Intelligence providers on the page of integrations: how each fares, what is left of its quotas, what is kept.
use super::App;
use super::view::text::visible;
use super::view::words::{When, when};
use crate::clock::now_ms;
use crate::domain::ObservableKind;
use crate::error::Result;
use crate::intel::Provider;
use crate::store::lookups::{self, Fared};
use crate::store::{Tx, intel};

const DAY_MS: i64 = 86_400_000;

/// A provider.
pub struct ProviderView {
    /// Its name.
    pub label: String,
    /// What it knows.
    pub kinds: String,
    /// Whether it is a list of ours, without quotas.
    pub local: bool,
    /// Until when it is left alone.
    pub quiet: Option<When>,
    /// What went wrong last, and when.
    pub trouble: Option<(String, When)>,
    /// Whether that is the newest thing known of it.
    pub broken: bool,
    /// When it last answered.
    pub answered: Option<When>,
    /// Questions of the last minute and of today, each with its quota.
    pub used: [String; 2],
    /// Answers that are kept.
    pub kept: i64,
    /// Questions that wait.
    pub waiting: i64,
}

/// All providers of the settings.
pub async fn all(app: &App) -> Result<Vec<ProviderView>> {
    for seat in &app.intel.seats {
        seat.provider.refresh().await;
    }
    let mut tx = app.store.read().await?;
    let (fared, waiting) = (lookups::fared(&mut tx).await?, intel::waiting(&mut tx).await?);
    let mut all = Vec::new();
    for seat in &app.intel.seats {
        let provider = seat.provider.as_ref();
        let of = fared.iter().find(|fared| fared.name == provider.name());
        let waits = waiting.iter().find(|(name, _)| name == provider.name()).map_or(0, |(_, count)| *count);
        all.push(view(&mut tx, provider, of, waits).await?);
    }
    Ok(all)
}

async fn view(tx: &mut Tx, provider: &dyn Provider, fared: Option<&Fared>, waiting: i64) -> Result<ProviderView> {
    let (now, quota) = (now_ms(), provider.quota());
    let today = fared.filter(|fared| fared.day == now.div_euclid(DAY_MS)).map_or(0, |fared| fared.used);
    let used = |used: i64, of: i64| if of > 0 { format!("{used} of {of}") } else { format!("{used}, no limit") };
    let kinds = ObservableKind::ALL.iter().filter(|kind| provider.takes(**kind)).map(|kind| kind.label());
    let local = provider.is_local();
    let unread = provider.failure();
    let trouble = fared.and_then(|fared| Some((fared.error.clone(), fared.error_ms?)));
    Ok(ProviderView {
        label: visible(provider.label()),
        kinds: kinds.collect::<Vec<_>>().join(", "),
        local,
        quiet: fared.map(|fared| fared.quiet_until_ms).filter(|until| *until > now).map(when),
        trouble: unread.clone().or(trouble).map(|(why, at)| (visible(&why), when(at))),
        broken: unread.is_some() || fared.is_some_and(|fared| fared.error_ms > fared.ok_ms),
        answered: fared.and_then(|fared| fared.ok_ms).map(when),
        used: [
            used(lookups::last_minute(tx, provider.name(), now).await?, quota.per_minute),
            used(today, quota.per_day),
        ],
        kept: if local { 0 } else { lookups::kept(tx, provider.name()).await? },
        waiting,
    })
}
