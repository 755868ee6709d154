//! Budgets: a model is asked only where its organisation's day still has room for the question.
//!
//! The room is set aside in the transaction that marks the vote as asked, with what the question is
//! likely to take, and put right once the answer tells. A retry of one question is no further call.
use super::super::Worker;
use crate::config::Panel;
use crate::limits;
use crate::store::activity::DAY_MS;
use crate::store::spending::{self, Limits, Own};
use crate::store::{Result, Tx};
use crate::triage::render;
use crate::voters::{Prompt, Reply};

/// What is set aside for one question.
#[derive(Debug, Clone, Copy)]
pub(super) struct Reserved {
    day: (i64, i64),
    tokens_in: i64,
    cost_micro: i64,
    price: (f64, f64),
}

/// When a day of UTC ends.
pub(super) const fn renewal(now_ms: i64) -> i64 {
    (now_ms.div_euclid(DAY_MS) + 1) * DAY_MS
}

/// The limits of an organisation: its own, else those of the settings.
pub(crate) fn limits(own: Own, settings: &Panel) -> Limits {
    Limits {
        calls: own.budget_calls.unwrap_or_else(|| i64::from(settings.budget_calls_per_day)),
        tokens: own.budget_tokens.unwrap_or_else(|| i64::from(settings.budget_tokens_per_day)),
        cost_micro: own.budget_cost_micro.unwrap_or_else(|| micro(settings.budget_cost_per_day)),
    }
}

/// Money in millionths.
pub(crate) fn micro(amount: f64) -> i64 {
    #[expect(clippy::cast_possible_truncation, reason = "settings and prices are checked to be at most a billion")]
    let micro = (amount * 1e6).round() as i64;
    micro
}

/// A price is of a million tokens, so tokens times price is money in millionths. Rounded up: many small ones must not be free.
fn cost(tokens: (i64, i64), price: (f64, f64)) -> i64 {
    #[expect(clippy::cast_precision_loss, reason = "tokens of one question are far fewer than 2^52")]
    let exact = tokens.0 as f64 * price.0 + tokens.1 as f64 * price.1;
    #[expect(clippy::cast_possible_truncation, reason = "a conversion from f64 saturates")]
    let whole = exact.ceil() as i64;
    whole
}

/// Sets room aside for a question; where there is none, says so in words.
pub(super) async fn reserve(
    worker: &Worker,
    tx: &mut Tx,
    org_id: i64,
    voter: &str,
    prompt: &Prompt,
    now_ms: i64,
) -> Result<std::result::Result<Reserved, String>> {
    let limits = limits(spending::own_limits(tx, org_id).await?, worker.panel.settings());
    let size = render::tokens(&prompt.system) + render::tokens(&prompt.user);
    let tokens_in = i64::try_from(size).unwrap_or(i64::MAX / 4);
    let price = worker.panel.price(voter);
    let cost_micro = cost((tokens_in, limits::ANSWER_TOKENS), price);
    let day = (org_id, now_ms.div_euclid(DAY_MS));
    if spending::reserve(tx, day, limits, tokens_in + limits::ANSWER_TOKENS, cost_micro).await? {
        return Ok(Ok(Reserved { day, tokens_in, cost_micro, price }));
    }
    let spent = spending::on_day(tx, day).await?;
    Ok(Err(used_up(limits, spent.calls >= limits.calls, spent.tokens + tokens_in + limits::ANSWER_TOKENS)))
}

/// Which limit is in the way.
fn used_up(limits: Limits, calls: bool, tokens: i64) -> String {
    let of = if limits.calls > 0 && calls {
        format!("{} calls", limits.calls)
    } else if limits.tokens > 0 && tokens > limits.tokens {
        format!("{} tokens", limits.tokens)
    } else {
        format!("{} in money", money(limits.cost_micro))
    };
    format!(
        "Not asked: the organisation's budget of {of} for today is used up. It is asked when the budget renews, at 00:00 UTC."
    )
}

/// Millionths as an amount with two decimals, four where it is less than one.
pub(crate) fn money(micro: i64) -> String {
    let (whole, rest) = (micro / 1_000_000, micro % 1_000_000);
    if whole == 0 && rest > 0 { format!("0.{:04}", rest / 100) } else { format!("{whole}.{:02}", rest / 10_000) }
}

/// Puts right what was set aside, and returns what the question cost. What a server doesn't tell stays as it was set aside.
pub(super) async fn settle(tx: &mut Tx, reserved: Reserved, reply: &Reply) -> Result<i64> {
    let told = (reply.tokens_in.unwrap_or(reserved.tokens_in), reply.tokens_out.unwrap_or(limits::ANSWER_TOKENS));
    let cost = cost(told, reserved.price);
    let tokens = told.0 + told.1 - reserved.tokens_in - limits::ANSWER_TOKENS;
    spending::settle(tx, reserved.day, tokens, cost - reserved.cost_micro).await?;
    Ok(cost)
}
