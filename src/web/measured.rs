//! What voters had said of declared cases: figures for pages, and the cases behind each number.
use crate::clock::now_ms;
use crate::error::Result;
use crate::store::activity::DAY_MS;
use crate::store::{Tx, measured, runs, votes};
use crate::web::view::measured::right_of;

/// How often the panel of a run was right in its organisation: cases, and of how many that it decided.
pub async fn of_run(tx: &mut Tx, org_id: i64, run: Option<&runs::Run>, stored: &[votes::Stored]) -> Result<(i64, i64)> {
    let Some(run) = run else { return Ok((0, 0)) };
    let seated = stored.iter().filter(|vote| vote.run_id == run.id && vote.counts()).map(|vote| vote.voter.as_str());
    let name = measured::panel_name(&run.mode, &seated.collect::<Vec<_>>());
    Ok(right_of(measured::of_panel(tx, org_id, &name, now_ms() - measured::DAYS * DAY_MS).await?))
}
