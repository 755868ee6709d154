//! What an organisation may spend on models, from the command line.
use super::admin::{noted, org};
use super::{CliError, failed};
use crate::jobs::triage::{micro, money};
use crate::store::{Tx, spending};

/// Sets what an organisation may spend on models in a day; what is left out is as in the settings.
pub(super) async fn budget(
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

/// An organisation's own limits in words.
pub(super) fn own_words(own: spending::Own) -> String {
    let told = |limit: Option<String>| limit.unwrap_or_else(|| "as set".to_owned());
    let plain = |limit: Option<i64>| told(limit.map(|it| it.to_string()));
    let (calls, tokens) = (plain(own.budget_calls), plain(own.budget_tokens));
    format!("calls {calls}, tokens {tokens}, cost {}", told(own.budget_cost_micro.map(money)))
}
