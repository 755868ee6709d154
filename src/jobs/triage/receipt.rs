//! Writes down what a run was decided on.
use super::super::panel::Seats;
use crate::config::Policy;
use crate::domain::Dossier;
use crate::proof::receipt::{self, Judged};
use crate::store::Tx;
use crate::store::policies::Own;
use crate::store::runs::Run;
use serde_json::Value;

/// The receipt of a run that has just been finished in this transaction, with what the gate made of it.
pub(super) async fn write(
    tx: &mut Tx,
    (policy, own): (&Policy, &Own),
    seats: &Seats,
    (run, dossier, gate): (&Run, &Dossier, Value),
    now: i64,
) -> crate::store::Result<()> {
    let panel = format!("{}, quorum {}", seats.rules.mode.as_str(), seats.rules.quorum);
    receipt::write(tx, run.id, Judged { dossier, panel: &panel, policy, own, gate }, now).await
}
